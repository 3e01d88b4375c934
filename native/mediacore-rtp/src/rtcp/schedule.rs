//! When the next report is due (RFC 3550 6.2, 6.3), for a session of two: we and one peer. Reads no clock and owns no
//! source of randomness but a seed.
//!
//! With two members the reconsideration of 6.3.1 cannot change the interval by much; it is kept since the average size
//! of compounds moves. The minimum is the reduced one of 6.2: 360 divided by the session bandwidth in kbit/s.

use std::time::Duration;

/// RTCP's share of the session bandwidth (RFC 3550 6.2).
const RTCP_SHARE: f64 = 0.05;
/// Of a session of two both are senders, or one is: RFC 3550 6.3.1 then divides the whole share by all members.
const MEMBERS: f64 = 2.0;
/// Never more often than this, whatever the bandwidth: a media thread has better things to do.
const INTERVAL_MIN_S: f64 = 1.0;
/// Never more rarely: the figures of a call should not be older.
const INTERVAL_MAX_S: f64 = 5.0;
/// IPv4 and UDP headers count (RFC 3550 6.2).
const TRANSPORT_OCTETS: usize = 28;
/// Makes up for reconsideration converging below the mean (RFC 3550 6.3.1): e - 3/2.
const COMPENSATION: f64 = 1.21828;

/// The timer of one session's reports.
#[derive(Clone, Debug)]
pub struct Schedule {
    bandwidth_bps: f64,
    average_octets: f64,
    last_sent_at: Duration,
    next_at: Duration,
    is_initial: bool,
    random: u64,
}

impl Schedule {
    /// Begins at `now`. `bandwidth_bps` is the session's (80,000 for G.711 in 20 ms packets); `seed` makes the times of
    /// many legs differ.
    pub fn new(bandwidth_bps: u32, seed: u64, now: Duration) -> Self {
        let mut schedule = Self {
            bandwidth_bps: f64::from(bandwidth_bps.max(8_000)),
            // The probable size of the first compound (RFC 3550 6.3.2): SR with one block, SDES.
            average_octets: (28 + 24 + 40 + TRANSPORT_OCTETS) as f64,
            last_sent_at: now,
            next_at: now,
            is_initial: true,
            random: seed,
        };
        schedule.next_at = now + schedule.interval();
        schedule
    }

    /// When [`Schedule::handle_timeout`] wants to be called.
    pub fn next_timeout(&self) -> Duration {
        self.next_at
    }

    /// Whether a report is to be sent now. If so the caller sends it and says so by [`Schedule::sent`].
    pub fn handle_timeout(&mut self, now: Duration) -> bool {
        if now < self.next_at {
            return false;
        }
        // Reconsideration (RFC 3550 6.3.6).
        let reconsidered = self.last_sent_at + self.interval();
        if reconsidered > now {
            self.next_at = reconsidered;
            return false;
        }
        true
    }

    /// A compound of `octets` left at `now`.
    pub fn sent(&mut self, octets: usize, now: Duration) {
        self.note_size(octets);
        self.is_initial = false;
        self.last_sent_at = now;
        self.next_at = now + self.interval();
    }

    /// A compound of `octets` came.
    pub fn received(&mut self, octets: usize) {
        self.note_size(octets);
    }

    fn note_size(&mut self, octets: usize) {
        self.average_octets += ((octets + TRANSPORT_OCTETS) as f64 - self.average_octets) / 16.0;
    }

    /// RFC 3550 6.3.1, with the randomness of the moment.
    fn interval(&mut self) -> Duration {
        let by_bandwidth_s =
            self.average_octets * 8.0 * MEMBERS / (self.bandwidth_bps * RTCP_SHARE);
        let reduced_min_s = 360_000.0 / self.bandwidth_bps;
        let initial = if self.is_initial { 0.5 } else { 1.0 };
        let deterministic_s = by_bandwidth_s
            .max(reduced_min_s * initial)
            .clamp(INTERVAL_MIN_S * initial, INTERVAL_MAX_S);
        let factor = 0.5 + self.next_random();
        Duration::from_secs_f64(deterministic_s * factor / COMPENSATION)
    }

    /// Uniform in 0 to 1 (SplitMix64): nothing here must be hard to guess.
    fn next_random(&mut self) -> f64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.random;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ mixed >> 31) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Moments of the reports in a minute; the timer is looked at when it wants to be.
    fn reports(bandwidth_bps: u32, seed: u64, octets: usize) -> Vec<Duration> {
        let mut schedule = Schedule::new(bandwidth_bps, seed, Duration::ZERO);
        let mut reports = Vec::new();
        while schedule.next_timeout() < Duration::from_secs(60) {
            let now = schedule.next_timeout();
            if schedule.handle_timeout(now) {
                schedule.sent(octets, now);
                reports.push(now);
            }
        }
        reports
    }

    #[test]
    fn g711_reports_about_every_four_seconds_and_first_sooner() {
        // 80 kbit/s: 360 / 80 is 4.5 s on average, 13.3 in a minute. Without reconsideration it would be 16.
        let all: Vec<_> = (0..100).map(|seed| reports(80_000, seed, 92)).collect();
        let mean_count = all.iter().map(Vec::len).sum::<usize>() as f64 / 100.0;
        assert!(
            (12.5..15.0).contains(&mean_count),
            "{mean_count} in a minute"
        );
        assert!(
            all.iter()
                .all(|reports| reports[0] < Duration::from_secs(4))
        );
    }

    #[test]
    fn legs_with_different_seeds_do_not_report_together() {
        assert_ne!(reports(80_000, 1, 92), reports(80_000, 2, 92));
        assert_eq!(reports(80_000, 1, 92), reports(80_000, 1, 92));
    }

    #[test]
    fn nothing_is_due_before_its_time() {
        let mut schedule = Schedule::new(80_000, 1, Duration::from_secs(100));
        let before = schedule.next_timeout() - Duration::from_nanos(1);
        assert!(!schedule.handle_timeout(before));
        assert_eq!(schedule.next_timeout(), before + Duration::from_nanos(1));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(10_000))]

        /// Whatever the figures, the timer neither spins nor sleeps for long.
        #[test]
        fn intervals_stay_between_their_limits(bandwidth_bps: u32, seed: u64, octets in 0_usize..2000) {
            let reports = reports(bandwidth_bps, seed, octets);
            prop_assert!(!reports.is_empty());
            for pair in reports.windows(2) {
                let interval_s = (pair[1] - pair[0]).as_secs_f64();
                // Half the least to one and a half of the greatest; putting off adds a second draw.
                prop_assert!((0.5 * INTERVAL_MIN_S / COMPENSATION..=2.0 * INTERVAL_MAX_S).contains(&interval_s));
            }
        }
    }
}
