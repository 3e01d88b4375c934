//! Time that passes when it is told to, and clocks that run a little fast or slow.

use std::time::Duration;

/// The time of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ManualClock {
    now: Duration,
}

impl ManualClock {
    /// A clock that shows `now`.
    #[must_use]
    pub fn new(now: Duration) -> Self {
        Self { now }
    }

    /// What it shows.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.now
    }

    /// Lets time pass until `at`; a moment that is over already changes nothing.
    pub fn advance_to(&mut self, at: Duration) {
        self.now = self.now.max(at);
    }
}

/// Somebody else's clock: so many millionths too fast (or, below zero, too slow) as `drift_ppm` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DriftingClock {
    started_at: Duration,
    drift_ppm: i32,
}

/// A second of it is a million of these.
const MILLION: i128 = 1_000_000;

impl DriftingClock {
    /// A clock that shows zero at `started_at`.
    ///
    /// # Panics
    /// If it would stand still or go backwards.
    #[must_use]
    pub fn new(started_at: Duration, drift_ppm: i32) -> Self {
        assert!(
            i128::from(drift_ppm) > -MILLION,
            "a clock with a drift of {drift_ppm} ppm does not go forward"
        );
        Self {
            started_at,
            drift_ppm,
        }
    }

    /// When it shows `elapsed`, in true time.
    #[must_use]
    pub fn moment(&self, elapsed: Duration) -> Duration {
        let true_ns = elapsed.as_nanos() as i128 * MILLION / (MILLION + i128::from(self.drift_ppm));
        self.started_at + Duration::from_nanos(u64::try_from(true_ns).expect("584 years"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_goes_forward_only() {
        let mut clock = ManualClock::new(Duration::from_secs(5));
        clock.advance_to(Duration::from_secs(3));
        assert_eq!(clock.now(), Duration::from_secs(5));
        clock.advance_to(Duration::from_secs(8));
        assert_eq!(clock.now(), Duration::from_secs(8));
    }

    #[test]
    fn a_clock_of_200_ppm_is_360_ms_ahead_after_half_an_hour() {
        let half_an_hour = Duration::from_secs(1800);
        let fast = DriftingClock::new(Duration::ZERO, 200).moment(half_an_hour);
        assert_eq!((half_an_hour - fast).as_millis(), 359);
        let slow = DriftingClock::new(Duration::ZERO, -200).moment(half_an_hour);
        assert_eq!((slow - half_an_hour).as_millis(), 360);
        let exact = DriftingClock::new(Duration::from_secs(1), 0).moment(half_an_hour);
        assert_eq!(exact, Duration::from_secs(1801));
    }
}
