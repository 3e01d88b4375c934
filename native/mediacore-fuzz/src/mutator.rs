//! Inputs that look more or less like something, from a seed: samples that were cut, joined, flipped and lengthened.

use mediacore_sim::Random;

use crate::INPUT_OCTETS_MAX;
use crate::target::Target;

/// Changes in one input, at most.
const CHANGES_MAX: u64 = 6;

/// Octets that lengths, counts and versions have at their edges.
const EDGES: [u8; 8] = [0, 1, 0x7f, 0x80, 0x81, 0x90, 0xfe, 0xff];

/// Makes inputs for one target; the same seed makes the same ones.
#[derive(Debug)]
pub struct Mutator {
    random: Random,
    samples: Vec<Vec<u8>>,
}

impl Mutator {
    /// Inputs for this target.
    #[must_use]
    pub fn new(target: &Target, seed: u64) -> Mutator {
        Mutator {
            random: Random::new(seed).fork(target.name),
            samples: (target.samples)(),
        }
    }

    /// The next input.
    pub fn next_input(&mut self) -> Vec<u8> {
        let mut input = match self.random.below(16) {
            // Anything at all, now and then.
            0 => {
                let octets = self.random.below(400) as usize;
                self.random.octets(octets)
            }
            _ => self.sample(),
        };
        for _ in 0..self.random.below(CHANGES_MAX + 1) {
            self.change(&mut input);
        }
        input.truncate(INPUT_OCTETS_MAX);
        input
    }

    fn sample(&mut self) -> Vec<u8> {
        let index = self.random.below(self.samples.len() as u64) as usize;
        self.samples[index].clone()
    }

    fn change(&mut self, input: &mut Vec<u8>) {
        let at = self.random.below(input.len() as u64 + 1) as usize;
        match self.random.below(8) {
            0 => input.truncate(at),
            1 => {
                let count = self.random.below(8) as usize;
                let octets = self.random.octets(count);
                input.splice(at..at, octets);
            }
            2 => {
                let until = (at + self.random.below(16) as usize).min(input.len());
                input.drain(at..until);
            }
            3 => {
                // The tail of another one.
                let other = self.sample();
                let from = self.random.below(other.len() as u64 + 1) as usize;
                input.truncate(at);
                input.extend(&other[from..]);
            }
            4 => {
                let repeated = input[at..].to_vec();
                input.extend(repeated);
                input.truncate(INPUT_OCTETS_MAX);
            }
            _ => {
                let edge = EDGES[self.random.below(EDGES.len() as u64) as usize];
                let octet =
                    [self.random.next_u64() as u8, edge][usize::from(self.random.chance(0.5))];
                if let Some(old) = input.get_mut(at) {
                    *old = octet;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::TARGETS;

    #[test]
    fn the_same_seed_makes_the_same_inputs_and_another_one_others() {
        let inputs = |seed| {
            let mut mutator = Mutator::new(&TARGETS[0], seed);
            std::array::from_fn::<_, 100, _>(|_| mutator.next_input())
        };
        assert_eq!(inputs(1), inputs(1));
        assert_ne!(inputs(1), inputs(2));
    }
}
