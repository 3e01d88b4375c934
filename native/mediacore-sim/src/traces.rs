//! Paths on which play-out is judged: each by its name, from 20 ms of wire up to what makes conversation hard. The same name
//! and seed are the same path, packet by packet, for our buffer and for others'.

use std::time::Duration;

use crate::link::{Bottleneck, CrossTraffic, Jitter, LinkConfig, Loss, RouteChange};

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// A path and how its sender behaves.
#[derive(Clone, Debug, PartialEq)]
pub struct Trace {
    /// What it is called in tables.
    pub name: &'static str,
    /// From the sender to us.
    pub link: LinkConfig,
    /// The sender's clock runs too fast by so many millionths; below zero, too slowly.
    pub drift_ppm: i32,
    /// The sender sends comfort noise instead of silence.
    pub suppresses_silence: bool,
}

impl Trace {
    fn new(name: &'static str, link: LinkConfig) -> Self {
        Self {
            name,
            link,
            drift_ppm: 0,
            suppresses_silence: false,
        }
    }

    fn drifting(name: &'static str, drift_ppm: i32) -> Self {
        Self {
            drift_ppm,
            ..Self::new(name, jittery(5))
        }
    }

    /// The path of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::all().into_iter().find(|trace| trace.name == name)
    }

    /// Every path, from the easy ones to the hard ones.
    #[must_use]
    pub fn all() -> Vec<Self> {
        vec![
            Self::new("perfect", jittery(0)),
            Self::new("jitter-10", jittery(10)),
            Self::new("jitter-30", jittery(30)),
            Self::new("jitter-60", jittery(60)),
            Self::new("loss-1", lossy(0.01, 2.0)),
            Self::new("loss-5", lossy(0.05, 2.0)),
            Self::new("loss-20", lossy(0.20, 3.0)),
            Self::new("wifi", wifi()),
            Self::new("reordering", reordering()),
            Self::drifting("drift-fast-200", 200),
            Self::drifting("drift-slow-200", -200),
            Self::drifting("drift-fast-500", 500),
            Self::drifting("drift-slow-500", -500),
            Self::new("route-up", rerouted(20, 100)),
            Self::new("route-down", rerouted(100, 20)),
            Self {
                suppresses_silence: true,
                ..Self::new("dtx", jittery(30))
            },
        ]
    }
}

/// A busy last hop: up to so much more, evenly.
fn jittery(max_ms: u64) -> LinkConfig {
    LinkConfig {
        jitter: Jitter::Uniform { max: ms(max_ms) },
        ..LinkConfig::of_delay(ms(20))
    }
}

/// Gilbert's loss, in bursts, with a little jitter.
fn lossy(ratio: f64, burst_packets: f64) -> LinkConfig {
    LinkConfig {
        loss: Loss::bursts(ratio, burst_packets),
        ..jittery(10)
    }
}

/// Shares the air with somebody who uploads: about once a second, a tenth of a second in which nothing goes.
fn wifi() -> LinkConfig {
    LinkConfig {
        jitter: Jitter::HeavyTailed {
            median: ms(3),
            shape: 2.5,
        },
        bottleneck: Some(Bottleneck {
            rate_bps: 2_000_000,
            queue_octets: 40_000,
            cross: Some(CrossTraffic {
                every: ms(1_200),
                burst_octets: 25_000,
            }),
        }),
        ..jittery(0)
    }
}

/// One in twenty is overtaken by two.
fn reordering() -> LinkConfig {
    LinkConfig {
        held_up_ratio: 0.05,
        held_up_by: ms(50),
        ..jittery(5)
    }
}

/// Another route from the twentieth second on.
fn rerouted(before_ms: u64, after_ms: u64) -> LinkConfig {
    LinkConfig {
        delay: ms(before_ms),
        route_changes: vec![RouteChange {
            at: CHANGES_AFTER,
            delay: ms(after_ms),
        }],
        ..jittery(10)
    }
}

/// Since the clock's zero: scenes begin at a thousand seconds.
const CHANGES_AFTER: Duration = Duration::from_secs(1020);
