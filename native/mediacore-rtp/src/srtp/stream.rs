//! What is known of each source under one context: how far it is, and what was taken of it (RFC 3711 3.2.3).

use super::index::ReplayWindow;
use crate::packet::Ssrc;

/// Sources that one context follows, where nobody said another number. A phone has one, and a new one after some
/// transfers; one more than this is refused and counted, for to forget a source is to let its packets be replayed.
pub const SSRCS_MAX: usize = 32;

/// One source.
#[derive(Debug)]
pub struct Stream {
    pub ssrc: Ssrc,
    pub rtp: ReplayWindow,
    pub rtcp: ReplayWindow,
    /// With which keys RTP was heard last; keys are numbered as they come.
    pub rtp_epoch: u64,
    /// The index of the first packet with them: older keys are good for what lies before it.
    pub rtp_epoch_began_at: u64,
    /// With which keys RTCP was heard last.
    pub rtcp_epoch: u64,
}

impl Stream {
    pub fn new(ssrc: Ssrc, epoch: u64) -> Stream {
        Stream {
            ssrc,
            rtp: ReplayWindow::default(),
            rtcp: ReplayWindow::default(),
            rtp_epoch: epoch,
            rtp_epoch_began_at: 0,
            rtcp_epoch: epoch,
        }
    }
}

/// A source as another machine needs it to go on; neither secret nor large.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamState {
    /// Whose.
    pub ssrc: Ssrc,
    /// Index of the newest RTP packet: the roll-over counter, then the sequence number. None: none yet.
    pub rtp_index: Option<u64>,
    /// Index of the newest RTCP packet.
    pub rtcp_index: Option<u64>,
}

impl StreamState {
    /// The roll-over counter (RFC 3711 3.3.1).
    #[must_use]
    pub fn roll_overs(&self) -> u32 {
        self.rtp_index.map_or(0, |index| (index >> 16) as u32)
    }
}

/// The sources of a context.
#[derive(Debug)]
pub struct Streams {
    streams: Vec<Stream>,
    ssrcs_max: usize,
    // Nearly every packet is of the source that was found last.
    recent: usize,
}

impl Streams {
    pub fn new(ssrcs_max: usize) -> Streams {
        Streams {
            // Whole from the start: a new source must not make the packet path allocate.
            streams: Vec::with_capacity(ssrcs_max),
            ssrcs_max,
            recent: 0,
        }
    }

    pub fn find(&mut self, ssrc: Ssrc) -> Option<&mut Stream> {
        let is_it = |stream: &Stream| stream.ssrc == ssrc;
        if !self.streams.get(self.recent).is_some_and(is_it) {
            self.recent = self.streams.iter().position(is_it)?;
        }
        self.streams.get_mut(self.recent)
    }

    pub fn has_room(&self) -> bool {
        self.streams.len() < self.ssrcs_max
    }

    /// A source, which begins here if it is new; none where there is no room for it.
    pub fn find_or_add(&mut self, ssrc: Ssrc, epoch: u64) -> Option<&mut Stream> {
        if self.find(ssrc).is_none() {
            if !self.has_room() {
                return None;
            }
            self.recent = self.streams.len();
            self.streams.push(Stream::new(ssrc, epoch));
        }
        self.streams.get_mut(self.recent)
    }

    pub fn states(&self) -> impl Iterator<Item = StreamState> + '_ {
        self.streams.iter().map(|stream| StreamState {
            ssrc: stream.ssrc,
            rtp_index: stream.rtp.highest(),
            rtcp_index: stream.rtcp.highest(),
        })
    }

    /// Goes on where a source was elsewhere: nothing up to there is taken again. False when there is no room.
    pub fn restore(&mut self, state: StreamState, epoch: u64) -> bool {
        let window =
            |index: Option<u64>| index.map_or_else(ReplayWindow::default, ReplayWindow::after);
        let Some(stream) = self.find_or_add(state.ssrc, epoch) else {
            return false;
        };
        stream.rtp = window(state.rtp_index);
        stream.rtcp = window(state.rtcp_index);
        true
    }
}
