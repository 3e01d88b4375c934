//! Rewrites packets that are forwarded from one session into another: SSRC by ours, sequence number and timestamp by
//! constant offsets, so that loss and reordering pass through as they were, and a kernel could do the same work.
//!
//! The offsets are chosen anew (*re-based*) when the source changes or restarts, or when we sent something of our own
//! in between: what goes out is one stream that never jumps back.

use std::time::Duration;

use super::Sender;
use crate::packet::{RtpHeader, Ssrc};
use crate::sequence::{DROPOUT_MAX, MISORDER_MAX};

/// Offsets from one source into one outgoing stream.
#[derive(Clone, Debug, Default)]
pub struct Rewriter {
    source: Option<Ssrc>,
    sequence_offset: u16,
    timestamp_offset: u32,
    rebased: u64,
}

impl Rewriter {
    /// The header to send instead of `header`, counted on `sender` as sent at `now`. `duration_ticks` is the packet's
    /// length in ticks of the RTP clock (for G.711: its payload octets). The payload type is left as it was.
    pub fn rewrite(
        &mut self,
        header: &RtpHeader,
        duration_ticks: u32,
        payload_octets: usize,
        sender: &mut Sender,
        now: Duration,
    ) -> RtpHeader {
        let must_rebase = self.source != Some(header.ssrc) || self.has_jumped(header, sender);
        if must_rebase {
            self.base_on(header, sender, now);
        }
        let rewritten = RtpHeader {
            sequence: header.sequence.wrapping_add(self.sequence_offset),
            timestamp: header.timestamp.wrapping_add(self.timestamp_offset),
            ssrc: sender.ssrc(),
            // A new source begins a talk-spurt: the listener's buffer may adjust itself without being heard.
            marker: header.marker || must_rebase,
            ..*header
        };
        sender.follow(&rewritten, duration_ticks, payload_octets, now);
        rewritten
    }

    /// Forgets the source: the next packet is joined on to whatever `Sender` sent last. To be called when packets of our own
    /// went out in between (a tone, a prompt, another bridge).
    pub fn rebase(&mut self) {
        self.source = None;
    }

    /// How often offsets were chosen anew after the first time.
    pub fn rebased(&self) -> u64 {
        self.rebased.saturating_sub(1)
    }

    /// The offsets in force (sequence, timestamp), for a fast path elsewhere; none before the first packet.
    pub fn offsets(&self) -> Option<(Ssrc, u16, u32)> {
        self.source
            .map(|source| (source, self.sequence_offset, self.timestamp_offset))
    }

    fn has_jumped(&self, header: &RtpHeader, sender: &Sender) -> bool {
        let next = sender.state().next_sequence;
        let ahead = header
            .sequence
            .wrapping_add(self.sequence_offset)
            .wrapping_sub(next);
        let behind = u64::from(ahead.wrapping_neg());
        u64::from(ahead) > DROPOUT_MAX && behind > MISORDER_MAX
    }

    fn base_on(&mut self, header: &RtpHeader, sender: &mut Sender, now: Duration) {
        sender.resume(now);
        let state = sender.state();
        self.source = Some(header.ssrc);
        self.sequence_offset = state.next_sequence.wrapping_sub(header.sequence);
        self.timestamp_offset = state.next_timestamp.wrapping_sub(header.timestamp);
        self.rebased += 1;
    }
}
