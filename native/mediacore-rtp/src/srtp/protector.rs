//! The sending half of SRTP: packets of one direction are sealed where they lie. No socket, clock or thread; nothing
//! allocates after `new` but a change of keys.

use std::fmt;

use super::derive::Usage;
use super::index::{RTCP_INDEX_END, ReplayWindow, nearest};
use super::key::{MasterKey, RTCP_LIFETIME_PACKETS};
use super::stream::{SSRCS_MAX, StreamState, Streams};
use super::transform::{GROUP, InBuffer, Place, RTCP_WORD_OCTETS, Transform};
use super::{rtcp_ssrc, rtp_place};

/// Why a packet was not sealed. It must not be sent then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProtectError {
    /// Not RTP, or not RTCP.
    Malformed,
    /// The buffer has no room for tag and identifier.
    NoRoom,
    /// A packet of this source and number was sealed before, or is too old to tell: the same keystream twice would show
    /// both (RFC 3711 9.1).
    Repeated,
    /// The key has sealed as many packets as it may (RFC 3711 9.2): another one is needed.
    KeyExhausted,
    /// More sources than the context follows.
    TooManySsrcs,
}

impl fmt::Display for ProtectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ProtectError::Malformed => "neither RTP nor RTCP",
            ProtectError::NoRoom => "no room for the tag behind the packet",
            ProtectError::Repeated => "a packet of this number was sealed before",
            ProtectError::KeyExhausted => "the key has sealed all packets that it may",
            ProtectError::TooManySsrcs => "more sources than the context follows",
        })
    }
}

impl std::error::Error for ProtectError {}

/// Seals what is sent in one direction.
pub struct Protector {
    rtp: Transform,
    rtcp: Transform,
    mki: Box<[u8]>,
    // What may still be sealed with this key.
    rtp_left: u64,
    rtcp_left: u64,
    streams: Streams,
}

impl Protector {
    /// Nothing was sealed yet.
    #[must_use]
    pub fn new(key: &MasterKey) -> Protector {
        Protector::with_ssrcs_max(key, SSRCS_MAX)
    }

    /// The same for another number of sources.
    #[must_use]
    pub fn with_ssrcs_max(key: &MasterKey, ssrcs_max: usize) -> Protector {
        Protector {
            rtp: Transform::new(key, Usage::Rtp),
            rtcp: Transform::new(key, Usage::Rtcp),
            mki: key.mki().into(),
            rtp_left: key.lifetime_packets(),
            rtcp_left: key.lifetime_packets().min(RTCP_LIFETIME_PACKETS),
            streams: Streams::new(ssrcs_max),
        }
    }

    /// Another key from the next packet on. Indices go on: RFC 3711 3.3.1 forbids to reset the roll-over counter.
    pub fn rekey(&mut self, key: &MasterKey) {
        let fresh = Protector::with_ssrcs_max(key, 0);
        let streams = std::mem::replace(&mut self.streams, Streams::new(0));
        *self = Protector { streams, ..fresh };
    }

    /// Octets that an RTP packet grows by.
    #[must_use]
    pub fn rtp_overhead_octets(&self) -> usize {
        self.rtp.tag_octets() + self.mki.len()
    }

    /// Octets that an RTCP packet grows by.
    #[must_use]
    pub fn rtcp_overhead_octets(&self) -> usize {
        self.rtcp.tag_octets() + RTCP_WORD_OCTETS + self.mki.len()
    }

    /// Seals the RTP packet in the first `octets` of `buffer`; returns its new length.
    ///
    /// # Errors
    /// A [`ProtectError`]; the packet is as it was then.
    ///
    /// # Panics
    /// If `octets` is more than `buffer` holds.
    pub fn protect_rtp(&mut self, buffer: &mut [u8], octets: usize) -> Result<usize, ProtectError> {
        let (header, at) = self.admit_rtp(&buffer[..octets], buffer.len() - octets)?;
        Ok(self.rtp.seal_rtp(buffer, header, octets, &self.mki, at))
    }

    /// Takes a packet's number, if it may be sealed: how long its header is, and its place.
    fn admit_rtp(&mut self, packet: &[u8], room: usize) -> Result<(usize, Place), ProtectError> {
        let (header, sequence, ssrc) = rtp_place(packet).ok_or(ProtectError::Malformed)?;
        if room < self.rtp_overhead_octets() {
            return Err(ProtectError::NoRoom);
        }
        let stream = self.streams.find_or_add(ssrc, 0);
        let stream = stream.ok_or(ProtectError::TooManySsrcs)?;
        // The first packet of a stream stands in the first lap (RFC 3711 3.3.1).
        let index = match stream.rtp.highest() {
            None => u64::from(sequence),
            Some(highest) => nearest(highest, sequence).ok_or(ProtectError::KeyExhausted)?,
        };
        stream
            .rtp
            .judge(index)
            .map_err(|_| ProtectError::Repeated)?;
        self.rtp_left = self
            .rtp_left
            .checked_sub(1)
            .ok_or(ProtectError::KeyExhausted)?;
        stream.rtp.take(index);
        Ok((header, Place { ssrc, index }))
    }

    /// Seals the RTCP packet (of any number of parts) in the first `octets` of `buffer`; returns its new length.
    ///
    /// # Errors
    /// A [`ProtectError`]; the packet is as it was then.
    ///
    /// # Panics
    /// If `octets` is more than `buffer` holds.
    pub fn protect_rtcp(
        &mut self,
        buffer: &mut [u8],
        octets: usize,
    ) -> Result<usize, ProtectError> {
        let ssrc = rtcp_ssrc(&buffer[..octets]).ok_or(ProtectError::Malformed)?;
        if buffer.len() - octets < self.rtcp_overhead_octets() {
            return Err(ProtectError::NoRoom);
        }
        let stream = self.streams.find_or_add(ssrc, 0);
        let stream = stream.ok_or(ProtectError::TooManySsrcs)?;
        let index = next_rtcp_index(&stream.rtcp)?;
        self.rtcp_left = self
            .rtcp_left
            .checked_sub(1)
            .ok_or(ProtectError::KeyExhausted)?;
        stream.rtcp.take(index);
        let at = Place { ssrc, index };
        Ok(self.rtcp.seal_rtcp(buffer, octets, &self.mki, at))
    }

    /// Seals many RTP packets: row after row of `stride` octets in `rows`, each as long as `lengths` says, and then as
    /// long as it says afterwards; 0 where it was refused. Returns how many were.
    ///
    /// # Panics
    /// If there are fewer rows than lengths.
    pub fn protect_rtp_rows(
        &mut self,
        rows: &mut [u8],
        stride: usize,
        lengths: &mut [usize],
    ) -> usize {
        assert!(
            rows.len() >= stride * lengths.len(),
            "a row for each length"
        );
        let mut refused = 0;
        for (group, lengths) in lengths.chunks_mut(GROUP).enumerate() {
            let mut packets = [InBuffer::default(); GROUP];
            let mut count = 0;
            for (row, length) in lengths.iter_mut().enumerate() {
                let begin = (group * GROUP + row) * stride;
                let octets = std::mem::take(length);
                let Some(room) = stride.checked_sub(octets) else {
                    refused += 1;
                    continue;
                };
                let Ok((header, at)) = self.admit_rtp(&rows[begin..begin + octets], room) else {
                    refused += 1;
                    continue;
                };
                *length = octets + self.rtp_overhead_octets();
                packets[count] = InBuffer {
                    begin,
                    header,
                    end: begin + octets,
                    at,
                };
                count += 1;
            }
            self.rtp.seal_rtp_all(rows, &packets[..count], &self.mki);
        }
        refused
    }

    /// How far each source is.
    pub fn streams(&self) -> impl Iterator<Item = StreamState> + '_ {
        self.streams.states()
    }

    /// Goes on where a source was elsewhere; false when there are too many.
    pub fn restore(&mut self, state: StreamState) -> bool {
        self.streams.restore(state, 0)
    }
}

impl fmt::Debug for Protector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Protector")
            .field("streams", &self.streams)
            .finish_non_exhaustive()
    }
}

fn next_rtcp_index(window: &ReplayWindow) -> Result<u64, ProtectError> {
    // RFC 3711 3.4: zero for the first, raised after each.
    match window.highest().map_or(0, |highest| highest + 1) {
        RTCP_INDEX_END.. => Err(ProtectError::KeyExhausted),
        index => Ok(index),
    }
}
