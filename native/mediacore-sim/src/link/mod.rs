//! One direction of a network path, from a seed: says what becomes of each datagram. Knows its length and its moment
//! alone; carries no octet and holds no clock.
//!
//! A datagram meets, in this order: loss, the bottleneck (which may be full), the delay of the route that is in force,
//! jitter, being held up (and overtaken), and being delivered twice.

mod bottleneck;
mod jitter;
mod loss;

use std::time::Duration;

pub use bottleneck::{Bottleneck, CrossTraffic};
pub use jitter::Jitter;
pub use loss::Loss;

use crate::random::Random;
use bottleneck::Queue;
use loss::LossState;

/// IPv4 and UDP headers, which take their time on a slow line, too.
const HEADER_OCTETS: usize = 28;

/// From a moment on, another delay: a new route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RouteChange {
    /// Since when.
    pub at: Duration,
    /// The least delay from then on.
    pub delay: Duration,
}

/// What a path is like. The default is a perfect wire of no length.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LinkConfig {
    /// The least time under way.
    pub delay: Duration,
    /// What comes on top, for each datagram by itself.
    pub jitter: Jitter,
    /// Jitter lets datagrams overtake each other; otherwise who is late holds up all behind it, as in a queue.
    pub may_overtake: bool,
    /// Which do not come.
    pub loss: Loss,
    /// The part that is held up by `held_up_by`, while those behind go past; 0 to 1.
    pub held_up_ratio: f64,
    /// How long.
    pub held_up_by: Duration,
    /// The part that comes twice, 0 to 1.
    pub duplicate_ratio: f64,
    /// How long after the first one the second one comes.
    pub duplicate_after: Duration,
    /// A slow line with a queue before it.
    pub bottleneck: Option<Bottleneck>,
    /// Other delays later on, in order of time.
    pub route_changes: Vec<RouteChange>,
}

impl LinkConfig {
    /// A perfect wire of this length.
    #[must_use]
    pub fn of_delay(delay: Duration) -> Self {
        Self {
            delay,
            ..Self::default()
        }
    }
}

/// What became of one datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passage {
    /// It was lost.
    Lost,
    /// The bottleneck's queue was full.
    Overflowed,
    /// It arrives then.
    Arrives(Duration),
    /// It arrives then, and once more.
    ArrivesTwice(Duration, Duration),
}

impl Passage {
    /// The moments at which it arrives.
    pub fn arrivals(self) -> impl Iterator<Item = Duration> {
        let (first, again) = match self {
            Passage::Lost | Passage::Overflowed => (None, None),
            Passage::Arrives(at) => (Some(at), None),
            Passage::ArrivesTwice(at, again) => (Some(at), Some(again)),
        };
        first.into_iter().chain(again)
    }
}

/// What a link did so far; all count datagrams unless the name says otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LinkStats {
    /// Given to it.
    pub sent: u64,
    /// Lost.
    pub lost: u64,
    /// Found the bottleneck's queue full.
    pub overflowed: u64,
    /// Held up.
    pub held_up: u64,
    /// Delivered twice.
    pub duplicated: u64,
    /// The longest that one was under way.
    pub delay_max: Duration,
}

impl LinkStats {
    /// Datagrams that never arrived, of all that were given to the link, 0 to 1.
    #[must_use]
    pub fn lost_ratio(&self) -> f64 {
        (self.lost + self.overflowed) as f64 / self.sent.max(1) as f64
    }
}

/// A path at work.
#[derive(Clone, Debug)]
pub struct Link {
    config: LinkConfig,
    random: Random,
    loss: LossState,
    queue: Option<Queue>,
    // Nothing that keeps its order arrives before this.
    last_arrival: Duration,
    stats: LinkStats,
}

impl Link {
    /// A path on which nothing is under way.
    #[must_use]
    pub fn new(config: LinkConfig, random: &Random) -> Self {
        Self {
            random: random.fork("passage"),
            loss: LossState::new(config.loss, random.fork("loss")),
            queue: config
                .bottleneck
                .map(|bottleneck| Queue::new(bottleneck, random.fork("cross"))),
            config,
            last_arrival: Duration::ZERO,
            stats: LinkStats::default(),
        }
    }

    /// Says what becomes of a datagram of so many octets that is sent at `now`.
    pub fn pass(&mut self, octets: usize, now: Duration) -> Passage {
        self.stats.sent += 1;
        if self.loss.loses_next() {
            self.stats.lost += 1;
            return Passage::Lost;
        }
        let leaves_at = match &mut self.queue {
            None => now,
            Some(queue) => match queue.pass(octets + HEADER_OCTETS, now) {
                Some(leaves_at) => leaves_at,
                None => {
                    self.stats.overflowed += 1;
                    return Passage::Overflowed;
                }
            },
        };
        let arrives_at = self.arrival(leaves_at);
        self.stats.delay_max = self.stats.delay_max.max(arrives_at - now);
        if self.random.chance(self.config.duplicate_ratio) {
            self.stats.duplicated += 1;
            return Passage::ArrivesTwice(arrives_at, arrives_at + self.config.duplicate_after);
        }
        Passage::Arrives(arrives_at)
    }

    /// What it did so far.
    #[must_use]
    pub fn stats(&self) -> LinkStats {
        self.stats
    }

    fn arrival(&mut self, leaves_at: Duration) -> Duration {
        let jitter = self.config.jitter.draw(&mut self.random);
        let mut arrives_at = leaves_at + self.delay(leaves_at) + jitter;
        if !self.config.may_overtake {
            arrives_at = arrives_at.max(self.last_arrival);
            self.last_arrival = arrives_at;
        }
        if self.random.chance(self.config.held_up_ratio) {
            self.stats.held_up += 1;
            arrives_at += self.config.held_up_by;
        }
        arrives_at
    }

    fn delay(&self, now: Duration) -> Duration {
        let changes = self.config.route_changes.iter();
        let change = changes.rev().find(|change| change.at <= now);
        change.map_or(self.config.delay, |change| change.delay)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    /// The fates of G.711 packets, one every 20 ms.
    fn passages(config: LinkConfig, packets: u32) -> (Vec<Passage>, LinkStats) {
        let mut link = Link::new(config, &Random::new(3));
        let passages = (0..packets).map(|n| link.pass(172, n * 20 * MS)).collect();
        (passages, link.stats())
    }

    fn arrivals(config: LinkConfig, packets: u32) -> Vec<Duration> {
        let (passages, _) = passages(config, packets);
        passages.into_iter().flat_map(Passage::arrivals).collect()
    }

    #[test]
    fn a_perfect_wire_only_takes_its_time() {
        let arrived = arrivals(LinkConfig::of_delay(30 * MS), 3);
        assert_eq!(arrived, [30 * MS, 50 * MS, 70 * MS]);
    }

    #[test]
    fn the_same_seed_gives_the_same_fates() {
        let config = LinkConfig {
            jitter: Jitter::Normal { deviation: 5 * MS },
            loss: Loss::random(0.1),
            duplicate_ratio: 0.1,
            ..LinkConfig::default()
        };
        assert_eq!(passages(config.clone(), 1000), passages(config, 1000));
    }

    #[test]
    fn jitter_keeps_the_order_unless_it_may_not() {
        let mut config = LinkConfig {
            jitter: Jitter::Exponential { mean: 30 * MS },
            ..LinkConfig::default()
        };
        assert!(arrivals(config.clone(), 1000).is_sorted());
        config.may_overtake = true;
        assert!(!arrivals(config, 1000).is_sorted());
    }

    #[test]
    fn who_is_held_up_is_overtaken_by_two() {
        let config = LinkConfig {
            held_up_ratio: 0.1,
            held_up_by: 50 * MS,
            ..LinkConfig::default()
        };
        let (passages, stats) = passages(config, 10_000);
        let held_up = |(n, passage): &(usize, &Passage)| {
            **passage == Passage::Arrives(*n as u32 * 20 * MS + 50 * MS)
        };
        let count = passages.iter().enumerate().filter(held_up).count() as u64;
        assert_eq!(stats.held_up, count);
        assert!((900..1100).contains(&count), "{count} of 10,000");
    }

    #[test]
    fn what_comes_twice_comes_after_itself() {
        let config = LinkConfig {
            duplicate_ratio: 1.0,
            duplicate_after: 3 * MS,
            ..LinkConfig::default()
        };
        assert_eq!(
            arrivals(config, 2),
            [Duration::ZERO, 3 * MS, 20 * MS, 23 * MS]
        );
    }

    #[test]
    fn a_new_route_is_longer_or_shorter_from_its_moment_on() {
        let config = LinkConfig {
            delay: 10 * MS,
            route_changes: vec![
                RouteChange {
                    at: 20 * MS,
                    delay: 90 * MS,
                },
                RouteChange {
                    at: 60 * MS,
                    delay: 70 * MS,
                },
            ],
            ..LinkConfig::default()
        };
        let arrived = arrivals(config, 4);
        assert_eq!(arrived, [10 * MS, 110 * MS, 130 * MS, 130 * MS]);
    }

    #[test]
    fn a_full_bottleneck_drops_and_counts() {
        let config = LinkConfig {
            bottleneck: Some(Bottleneck {
                rate_bps: 40_000,
                queue_octets: 1000,
                cross: None,
            }),
            ..LinkConfig::default()
        };
        // 80 kbit/s into 40 kbit/s: once the queue is full, every other packet has no place.
        let (_, stats) = passages(config, 1000);
        assert!((480..520).contains(&stats.overflowed), "{stats:?}");
        assert!(stats.delay_max <= Duration::from_millis(200), "{stats:?}");
        assert!((stats.lost_ratio() - 0.5).abs() < 0.02);
    }
}
