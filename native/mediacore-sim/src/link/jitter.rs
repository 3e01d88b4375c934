//! How long beyond the least a datagram is under way.

use std::time::Duration;

use crate::random::Random;

/// The distribution of what comes on top of the least delay. No draw is longer than [`JITTER_MAX`].
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Jitter {
    /// Nothing.
    #[default]
    None,
    /// Evenly from nothing to `max`: a busy last hop.
    Uniform {
        /// The most.
        max: Duration,
    },
    /// The half of a bell curve above its middle: many hops.
    Normal {
        /// Its standard deviation.
        deviation: Duration,
    },
    /// Mostly short, sometimes long: queues that fill by chance.
    Exponential {
        /// On the average.
        mean: Duration,
    },
    /// Almost always short, now and then very long: wireless networks (a Pareto distribution).
    HeavyTailed {
        /// One in two is above this.
        median: Duration,
        /// How quickly long ones become rare; 2 is a bad network, 4 a good one.
        shape: f64,
    },
}

/// The longest draw: who waits longer is lost to any conversation.
pub const JITTER_MAX: Duration = Duration::from_secs(2);

impl Jitter {
    /// The next one.
    pub fn draw(&self, random: &mut Random) -> Duration {
        let drawn = match *self {
            Jitter::None => Duration::ZERO,
            Jitter::Uniform { max } => max.mul_f64(random.unit()),
            Jitter::Normal { deviation } => deviation.mul_f64(random.normal().abs()),
            Jitter::Exponential { mean } => mean.mul_f64(random.exponential()),
            Jitter::HeavyTailed { median, shape } => {
                // Lomax: a Pareto distribution that begins at zero; scaled so that its median is 1.
                let scale = 2_f64.powf(1.0 / shape) - 1.0;
                let lomax = (1.0 - random.unit()).powf(-1.0 / shape) - 1.0;
                median.mul_f64((lomax / scale).min(1e6))
            }
        };
        drawn.min(JITTER_MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEN: Duration = Duration::from_millis(10);

    fn draws(jitter: Jitter) -> Vec<Duration> {
        let mut random = Random::new(11);
        let mut draws: Vec<Duration> = (0..20_000).map(|_| jitter.draw(&mut random)).collect();
        draws.sort();
        draws
    }

    fn mean_ms(draws: &[Duration]) -> f64 {
        draws.iter().sum::<Duration>().as_secs_f64() * 1000.0 / draws.len() as f64
    }

    #[test]
    fn distributions_have_the_averages_that_they_should() {
        let uniform = draws(Jitter::Uniform { max: TEN });
        assert!((mean_ms(&uniform) - 5.0).abs() < 0.1);
        assert!(*uniform.last().expect("many") < TEN);
        let exponential = draws(Jitter::Exponential { mean: TEN });
        assert!((mean_ms(&exponential) - 10.0).abs() < 0.3);
        // The mean of the half of a bell curve is sqrt(2/pi) of its deviation.
        let normal = draws(Jitter::Normal { deviation: TEN });
        assert!((mean_ms(&normal) - 7.98).abs() < 0.2);
        assert_eq!(mean_ms(&draws(Jitter::None)), 0.0);
    }

    #[test]
    fn a_heavy_tail_has_its_median_and_rare_long_waits_that_end() {
        let draws = draws(Jitter::HeavyTailed {
            median: TEN,
            shape: 2.0,
        });
        let median = draws[draws.len() / 2];
        assert!(
            median.abs_diff(TEN) < Duration::from_micros(300),
            "{median:?}"
        );
        let longest = *draws.last().expect("many");
        assert!(longest > 20 * TEN && longest <= JITTER_MAX, "{longest:?}");
    }
}
