//! A slow line and the queue before it, which others fill as well: what people meet while somebody uploads a film.

use std::time::Duration;

use crate::random::Random;

/// The line. Its queue drops what comes when it is full (tail drop).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bottleneck {
    /// Bits per second.
    pub rate_bps: u64,
    /// How much may wait; the longer, the longer everybody waits (buffer-bloat).
    pub queue_octets: u64,
    /// Who else uses it.
    pub cross: Option<CrossTraffic>,
}

/// Bursts of somebody else, at moments of chance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CrossTraffic {
    /// From one burst to the next, on the average.
    pub every: Duration,
    /// What one burst puts into the queue; what finds no place is dropped.
    pub burst_octets: u64,
}

/// The line at work. What waits is kept as the moment at which all of it will have left.
#[derive(Clone, Debug)]
pub(super) struct Queue {
    config: Bottleneck,
    random: Random,
    free_at: Duration,
    next_burst_at: Duration,
}

impl Queue {
    pub fn new(config: Bottleneck, mut random: Random) -> Self {
        let next_burst_at = match config.cross {
            Some(cross) => cross.every.mul_f64(random.exponential()),
            None => Duration::MAX,
        };
        Self {
            config,
            random,
            free_at: Duration::ZERO,
            next_burst_at,
        }
    }

    /// When so many octets that come at `now` have left; none when there is no place for them.
    pub fn pass(&mut self, octets: usize, now: Duration) -> Option<Duration> {
        self.take_cross_traffic(now);
        self.enqueue(octets as u64, now).then_some(self.free_at)
    }

    fn take_cross_traffic(&mut self, now: Duration) {
        while let Some(cross) = self.config.cross
            && self.next_burst_at <= now
        {
            let at = self.next_burst_at;
            let room = self
                .config
                .queue_octets
                .saturating_sub(self.waiting_octets(at));
            self.enqueue(cross.burst_octets.min(room), at);
            // Never at the same moment again, or an `every` of zero would not end.
            let pause = cross.every.mul_f64(self.random.exponential());
            self.next_burst_at = at + pause.max(Duration::from_micros(1));
        }
    }

    fn enqueue(&mut self, octets: u64, now: Duration) -> bool {
        if self.waiting_octets(now) + octets > self.config.queue_octets {
            return false;
        }
        let takes = Duration::from_nanos(octets * 8 * 1_000_000_000 / self.config.rate_bps.max(1));
        self.free_at = self.free_at.max(now) + takes;
        true
    }

    fn waiting_octets(&self, now: Duration) -> u64 {
        let wait = self.free_at.saturating_sub(now).as_nanos();
        u64::try_from(wait * u128::from(self.config.rate_bps) / 8_000_000_000).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue(cross: Option<CrossTraffic>) -> Queue {
        let config = Bottleneck {
            rate_bps: 1_000_000,
            queue_octets: 50_000,
            cross,
        };
        Queue::new(config, Random::new(9))
    }

    #[test]
    fn an_idle_line_takes_as_long_as_its_rate_says() {
        let left = queue(None).pass(200, Duration::from_secs(1));
        assert_eq!(left, Some(Duration::from_micros(1_001_600)));
    }

    #[test]
    fn who_comes_next_waits_and_who_finds_no_place_is_dropped() {
        let mut queue = queue(None);
        assert_eq!(
            queue.pass(40_000, Duration::ZERO),
            Some(Duration::from_millis(320))
        );
        assert_eq!(
            queue.pass(10_000, Duration::ZERO),
            Some(Duration::from_millis(400))
        );
        assert_eq!(queue.pass(200, Duration::ZERO), None);
        let later = Duration::from_millis(100);
        assert_eq!(queue.pass(12_500, later), Some(Duration::from_millis(500)));
    }

    #[test]
    fn bursts_of_others_make_us_wait_but_never_longer_than_the_queue_is() {
        let mut queue = queue(Some(CrossTraffic {
            every: Duration::from_millis(500),
            burst_octets: 60_000,
        }));
        let mut waits = Vec::new();
        for n in 0..5000 {
            let now = n * Duration::from_millis(20);
            waits.extend(queue.pass(200, now).map(|left| left - now));
        }
        let longest = waits.iter().max().expect("some pass");
        assert!(*longest > Duration::from_millis(300), "{longest:?}");
        assert!(*longest <= Duration::from_millis(400), "{longest:?}");
        assert!(waits.len() < 5000, "some find it full");
    }
}
