//! Which timestamp an event that is passed on has in our stream: the same one for all its packets, even when what goes
//! around them changes from forwarded packets to frames of ours. Otherwise one digit would become two.

use crate::packet::{RtpHeader, Ssrc};

/// Events that are remembered: an end that was overtaken by the next digits still belongs to its own.
const KNOWN_MAX: usize = 8;

/// The length of a full segment of a long event (RFC 4733 2.5.1.3).
const SEGMENT_TICKS: u32 = u16::MAX as u32;

/// Timestamps of events there and here.
#[derive(Clone, Debug, Default)]
pub struct EventTimestamps {
    known: [Option<(Ssrc, u32, u32)>; KNOWN_MAX],
    oldest: usize,
}

impl EventTimestamps {
    /// The timestamp for an event packet of another stream; `next` when it is the first of its event.
    pub fn ours(&mut self, theirs: &RtpHeader, next: u32) -> u32 {
        let found = |timestamp: u32| {
            let is_it =
                |(ssrc, begun, _): &(Ssrc, u32, u32)| *ssrc == theirs.ssrc && *begun == timestamp;
            self.known.iter().flatten().copied().find(is_it)
        };
        if let Some((_, _, ours)) = found(theirs.timestamp) {
            return ours;
        }
        let segment_before = found(theirs.timestamp.wrapping_sub(SEGMENT_TICKS));
        let ours = match segment_before.filter(|_| !theirs.marker) {
            Some((_, _, ours)) => ours.wrapping_add(SEGMENT_TICKS),
            None => next,
        };
        self.known[self.oldest] = Some((theirs.ssrc, theirs.timestamp, ours));
        self.oldest = (self.oldest + 1) % KNOWN_MAX;
        ours
    }
}
