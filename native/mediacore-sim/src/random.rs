//! Chance from a seed: xoshiro256++ (Blackman and Vigna, 2019), filled by SplitMix64. The same seed gives the same
//! numbers, so every run can be had again. Not for keys.

use std::f64::consts::TAU;

/// A stream of random numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Random {
    seed: u64,
    state: [u64; 4],
}

impl Random {
    /// The stream of this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let mut mixed = seed;
        Self {
            seed,
            state: std::array::from_fn(|_| split_mix(&mut mixed)),
        }
    }

    /// A stream of its own for each name, whatever was drawn before: a second talker does not change what happens on
    /// the first one's link.
    #[must_use]
    pub fn fork(&self, name: &str) -> Self {
        // FNV-1a.
        let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, octet| {
            (hash ^ u64::from(octet)).wrapping_mul(0x0100_0000_01b3)
        });
        Self::new(self.seed.rotate_left(17) ^ hash)
    }

    /// Any number.
    pub fn next_u64(&mut self) -> u64 {
        let [a, b, c, d] = &mut self.state;
        let result = a.wrapping_add(*d).rotate_left(23).wrapping_add(*a);
        let shifted = *b << 17;
        *c ^= *a;
        *d ^= *b;
        *b ^= *c;
        *a ^= *d;
        *c ^= shifted;
        *d = d.rotate_left(45);
        result
    }

    /// From 0 up to, not including, 1.
    pub fn unit(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// True in this part of all cases, 0 to 1.
    pub fn chance(&mut self, ratio: f64) -> bool {
        self.unit() < ratio
    }

    /// From 0 up to, not including, `limit`, which is above 0.
    pub fn below(&mut self, limit: u64) -> u64 {
        // The upper half of the product; uneven by less than one in 2^64 / limit.
        ((u128::from(self.next_u64()) * u128::from(limit)) >> 64) as u64
    }

    /// From `low` up to, not including, `high`.
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// Waiting times of what happens by chance, 1 on the average.
    pub fn exponential(&mut self) -> f64 {
        -(1.0 - self.unit()).ln()
    }

    /// Deviations of the sum of many small things, 1 on the average (Box and Muller).
    pub fn normal(&mut self) -> f64 {
        (2.0 * self.exponential()).sqrt() * (TAU * self.unit()).cos()
    }

    /// So many random octets.
    pub fn octets(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.next_u64() as u8).collect()
    }
}

fn split_mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DRAWS: usize = 100_000;

    fn mean(mut draw: impl FnMut() -> f64) -> f64 {
        (0..DRAWS).map(|_| draw()).sum::<f64>() / DRAWS as f64
    }

    #[test]
    fn a_seed_gives_the_numbers_that_its_authors_give() {
        // The first outputs of SplitMix64 for 1234567, as published with its reference code.
        let mut state = 1_234_567;
        assert_eq!(split_mix(&mut state), 6_457_827_717_110_365_317);
        assert_eq!(split_mix(&mut state), 3_203_168_211_198_807_973);
        // And of xoshiro256++ for the state 1, 2, 3, 4.
        let mut random = Random {
            seed: 0,
            state: [1, 2, 3, 4],
        };
        assert_eq!(random.next_u64(), 41_943_041);
        assert_eq!(random.next_u64(), 58_720_359);
    }

    #[test]
    fn averages_are_what_they_are_said_to_be() {
        let mut random = Random::new(1);
        assert!((mean(|| random.unit()) - 0.5).abs() < 0.01);
        assert!((mean(|| random.exponential()) - 1.0).abs() < 0.02);
        assert!(mean(|| random.normal()).abs() < 0.02);
        assert!((mean(|| random.normal().powi(2)) - 1.0).abs() < 0.02);
        assert!((mean(|| random.below(10) as f64) - 4.5).abs() < 0.05);
        assert!((mean(|| f64::from(u8::from(random.chance(0.2)))) - 0.2).abs() < 0.01);
    }

    #[test]
    fn forks_differ_by_name_and_not_by_what_was_drawn() {
        let mut random = Random::new(7);
        let before = random.fork("link");
        random.next_u64();
        assert_eq!(random.fork("link"), before);
        assert_ne!(random.fork("talker"), before);
        assert_ne!(Random::new(8).fork("link"), before);
    }
}
