//! Which datagrams do not come: by chance, each by itself or in bursts.

use crate::random::Random;

/// A two-state model of loss (Gilbert and Elliott): a good state and a bad one, each with a loss of its own.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Loss {
    /// The chance to go from good to bad, before each datagram; 0 to 1.
    pub worsens_ratio: f64,
    /// The chance to go from bad to good.
    pub recovers_ratio: f64,
    /// Lost while it is good.
    pub lost_when_good_ratio: f64,
    /// Lost while it is bad.
    pub lost_when_bad_ratio: f64,
}

impl Default for Loss {
    fn default() -> Self {
        Self::random(0.0)
    }
}

impl Loss {
    /// Each datagram by itself.
    #[must_use]
    pub fn random(ratio: f64) -> Self {
        Self {
            worsens_ratio: 0.0,
            recovers_ratio: 1.0,
            lost_when_good_ratio: ratio,
            lost_when_bad_ratio: ratio,
        }
    }

    /// Runs of `burst_packets` on the average, so many that `ratio` of all is lost (Gilbert's model).
    ///
    /// # Panics
    /// If a run is shorter than one packet, or no share is left for what comes.
    #[must_use]
    pub fn bursts(ratio: f64, burst_packets: f64) -> Self {
        assert!(burst_packets >= 1.0, "bursts of {burst_packets} packets");
        assert!((0.0..1.0).contains(&ratio), "a loss of {ratio}");
        let recovers_ratio = 1.0 / burst_packets;
        Self {
            worsens_ratio: (recovers_ratio * ratio / (1.0 - ratio)).min(1.0),
            recovers_ratio,
            lost_when_good_ratio: 0.0,
            lost_when_bad_ratio: 1.0,
        }
    }
}

/// The model at work.
#[derive(Clone, Debug)]
pub(super) struct LossState {
    loss: Loss,
    random: Random,
    is_bad: bool,
}

impl LossState {
    pub fn new(loss: Loss, random: Random) -> Self {
        Self {
            loss,
            random,
            is_bad: false,
        }
    }

    /// Whether the next datagram is lost.
    pub fn loses_next(&mut self) -> bool {
        let changes = match self.is_bad {
            true => self.loss.recovers_ratio,
            false => self.loss.worsens_ratio,
        };
        self.is_bad ^= self.random.chance(changes);
        self.random.chance(match self.is_bad {
            true => self.loss.lost_when_bad_ratio,
            false => self.loss.lost_when_good_ratio,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The part lost, and the mean length of a run of losses.
    fn observed(loss: Loss) -> (f64, f64) {
        let mut state = LossState::new(loss, Random::new(5));
        let fates: Vec<bool> = (0..200_000).map(|_| state.loses_next()).collect();
        let lost = fates.iter().filter(|lost| **lost).count();
        let runs = fates.chunk_by(|a, b| a == b).filter(|run| run[0]).count();
        (
            lost as f64 / fates.len() as f64,
            lost as f64 / runs.max(1) as f64,
        )
    }

    #[test]
    fn random_losses_come_singly() {
        let (ratio, run) = observed(Loss::random(0.05));
        assert!((ratio - 0.05).abs() < 0.002, "{ratio}");
        assert!((run - 1.0 / 0.95).abs() < 0.02, "{run}");
    }

    #[test]
    fn bursts_have_their_length_and_their_share() {
        let (ratio, run) = observed(Loss::bursts(0.1, 4.0));
        assert!((ratio - 0.1).abs() < 0.005, "{ratio}");
        assert!((run - 4.0).abs() < 0.15, "{run}");
    }

    #[test]
    fn a_bad_state_may_let_some_through() {
        let (ratio, _) = observed(Loss {
            worsens_ratio: 0.01,
            recovers_ratio: 0.09,
            lost_when_good_ratio: 0.01,
            lost_when_bad_ratio: 0.5,
        });
        // A tenth of the time is bad.
        assert!((ratio - (0.9 * 0.01 + 0.1 * 0.5)).abs() < 0.005, "{ratio}");
    }

    #[test]
    fn nothing_is_lost_by_default() {
        assert_eq!(observed(Loss::default()).0, 0.0);
    }
}
