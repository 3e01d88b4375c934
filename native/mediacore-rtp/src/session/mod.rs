//! The two directions of one RTP session (RFC 3550 6.4, A.1, A.3, A.8) and the rewriting of packets that are forwarded
//! from one session to another.

mod burst_gap;
mod receiver;
mod rewriter;
mod sender;

pub use burst_gap::{BurstGap, BurstGapCounter, GAP_MIN};
pub use receiver::{Arrival, Receiver, ReceiverStats};
pub use rewriter::Rewriter;
pub use sender::{Sender, SenderState};

use std::time::Duration;

/// `span` in ticks of an RTP clock, wrapping as timestamps do.
pub(crate) fn ticks(span: Duration, clock_rate_hz: u32) -> u32 {
    // Wrapping is meant: an RTP timestamp is this number modulo 2^32.
    (span.as_nanos() * u128::from(clock_rate_hz) / 1_000_000_000) as u32
}
