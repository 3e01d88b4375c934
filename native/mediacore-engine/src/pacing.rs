//! When a media thread lets packets wake it. A wake-up costs more than a packet, so what network cards do is done here:
//! few packets wake it one by one (lowest delay); many are fetched together, tick by tick.

use std::time::Duration;

use crate::core::TICK;

/// Packets in a window from which on they are fetched together: 3,000 a second, 30 calls.
const PACED_FROM: u32 = 60;
/// Packets in a window below which each wakes the thread again. Less than above, or the pace would change all the time.
const EAGER_BELOW: u32 = 45;
/// Over which packets are counted: one frame.
const WINDOW: Duration = Duration::from_millis(20);

/// Decides between the two ways to wait.
#[derive(Debug, Default)]
pub struct Pacing {
    is_paced: bool,
    window_ends_at: Duration,
    packets: u32,
}

impl Pacing {
    /// Notes what was fetched in one go.
    pub fn fetched(&mut self, packets: u32, now: Duration) {
        self.packets = self.packets.saturating_add(packets);
        if now >= self.window_ends_at {
            let limit = if self.is_paced {
                EAGER_BELOW
            } else {
                PACED_FROM
            };
            self.is_paced = self.packets >= limit;
            self.packets = 0;
            self.window_ends_at = now + WINDOW;
        }
    }

    /// Whether packets are fetched together.
    #[must_use]
    pub fn is_paced(&self) -> bool {
        self.is_paced
    }

    /// Until when packets may lie; none: each may wake the thread at once.
    #[must_use]
    pub fn next_fetch(&self, now: Duration) -> Option<Duration> {
        let tick = TICK.as_nanos();
        let next_tick = (now.as_nanos() / tick + 1) * tick;
        self.is_paced
            .then(|| Duration::from_nanos(u64::try_from(next_tick).expect("584 years of uptime")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(
        pacing: &mut Pacing,
        packets_per_second: u32,
        from: Duration,
        lasting: Duration,
    ) -> Duration {
        let step = Duration::from_secs(1) / packets_per_second;
        let mut now = from;
        while now < from + lasting {
            pacing.fetched(1, now);
            now += step;
        }
        now
    }

    #[test]
    fn few_packets_wake_one_by_one() {
        let mut pacing = Pacing::default();
        let now = run(
            &mut pacing,
            2000,
            Duration::from_secs(1),
            Duration::from_secs(1),
        );
        assert_eq!(pacing.next_fetch(now), None);
    }

    #[test]
    fn many_packets_are_fetched_at_the_next_tick_until_they_are_few_again() {
        let mut pacing = Pacing::default();
        let now = run(
            &mut pacing,
            8000,
            Duration::from_secs(1),
            Duration::from_secs(1),
        );
        assert_eq!(
            pacing.next_fetch(Duration::from_micros(2_000_300)),
            Some(Duration::from_millis(2002))
        );
        let now = run(&mut pacing, 2500, now, Duration::from_secs(1));
        assert!(
            pacing.next_fetch(now).is_some(),
            "between the limits the pace is kept"
        );
        let now = run(&mut pacing, 500, now, Duration::from_secs(1));
        assert_eq!(pacing.next_fetch(now), None);
    }
}
