//! What we send to one peer: SSRC, sequence number and timestamp, in one place for the whole life of the leg, whether
//! packets are made here or forwarded (RFC 3550 5.1, 6.4.1).

use std::time::Duration;

use super::ticks;
use crate::packet::{PayloadType, RtpHeader, Ssrc};
use crate::rtcp::{NtpTime, SenderInfo};
use crate::sequence::is_newer;

/// All that another process needs to go on with the stream without a jump. At the beginning the caller fills the first
/// three with random values (RFC 3550 5.1) and leaves the rest at zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct SenderState {
    /// Our source.
    pub ssrc: Ssrc,
    /// The sequence number of the next packet.
    pub next_sequence: u16,
    /// The timestamp of the next packet, if it followed the last one at once.
    pub next_timestamp: u32,
    /// Packets sent so far.
    pub packets: u64,
    /// Payload octets sent so far.
    pub octets: u64,
}

impl SenderState {
    /// A stream not begun yet; give it random numbers.
    pub fn new(ssrc: Ssrc, first_sequence: u16, first_timestamp: u32) -> Self {
        Self {
            ssrc,
            next_sequence: first_sequence,
            next_timestamp: first_timestamp,
            ..Self::default()
        }
    }
}

/// Numbers outgoing packets and counts them.
#[derive(Clone, Debug)]
pub struct Sender {
    state: SenderState,
    clock_rate_hz: u32,
    /// When the last packet left, and its timestamp: ties the RTP clock to `now`.
    last_sent: Option<(Duration, u32)>,
}

impl Sender {
    /// Starts, or goes on from, `state`; `clock_rate_hz` is the RTP clock of the codec (8000 for G.711).
    ///
    /// # Panics
    /// If the clock rate is zero.
    pub fn new(state: SenderState, clock_rate_hz: u32) -> Self {
        assert!(clock_rate_hz > 0, "an RTP clock of 0 Hz");
        Self {
            state,
            clock_rate_hz,
            last_sent: None,
        }
    }

    /// The header for a packet made here, of `duration_ticks` and `payload_octets`; counts it as sent at `now`.
    /// Packets follow each other without a gap in their timestamps; see [`Sender::skip`].
    pub fn next_header(
        &mut self,
        payload_type: PayloadType,
        marker: bool,
        duration_ticks: u32,
        payload_octets: usize,
        now: Duration,
    ) -> RtpHeader {
        let header = RtpHeader {
            payload_type,
            marker,
            sequence: self.state.next_sequence,
            timestamp: self.state.next_timestamp,
            ssrc: self.state.ssrc,
        };
        self.state.next_sequence = header.sequence.wrapping_add(1);
        self.state.next_timestamp = header.timestamp.wrapping_add(duration_ticks);
        self.count(&header, payload_octets, now);
        header
    }

    /// Lets time pass without a packet (silence suppression): the next timestamp moves on by `ticks`.
    pub fn skip(&mut self, ticks: u32) {
        self.state.next_timestamp = self.state.next_timestamp.wrapping_add(ticks);
    }

    /// Moves the next timestamp on to where the clock says it is by `now`, never back: for the first packet after a
    /// pause of unknown length. The caller sets the marker on that packet.
    pub fn resume(&mut self, now: Duration) {
        let by_clock = self.timestamp_at(now);
        if by_clock.wrapping_sub(self.state.next_timestamp) < 1 << 31 {
            self.state.next_timestamp = by_clock;
        }
    }

    /// The timestamp that a sample taken at `now` has, reckoned from the last packet sent.
    pub fn timestamp_at(&self, now: Duration) -> u32 {
        match self.last_sent {
            Some((sent_at, timestamp)) => {
                timestamp.wrapping_add(ticks(now.saturating_sub(sent_at), self.clock_rate_hz))
            }
            None => self.state.next_timestamp,
        }
    }

    /// Where the stream stands.
    pub fn state(&self) -> SenderState {
        self.state
    }

    /// Our source.
    pub fn ssrc(&self) -> Ssrc {
        self.state.ssrc
    }

    /// Ticks per second of the RTP clock.
    pub fn clock_rate_hz(&self) -> u32 {
        self.clock_rate_hz
    }

    /// Changes the RTP clock with the codec (a re-offer); SSRC, sequence and timestamp go on (RFC 7160 4.1).
    ///
    /// # Panics
    /// If the clock rate is zero.
    pub fn set_clock_rate(&mut self, clock_rate_hz: u32, now: Duration) {
        assert!(clock_rate_hz > 0, "an RTP clock of 0 Hz");
        self.resume(now);
        if self.last_sent.is_some() {
            self.last_sent = Some((now, self.state.next_timestamp));
        }
        self.clock_rate_hz = clock_rate_hz;
    }

    /// When the last packet left.
    pub fn last_sent_at(&self) -> Option<Duration> {
        self.last_sent.map(|(sent_at, _)| sent_at)
    }

    /// The sender's part of an SR (RFC 3550 6.4.1), or none as long as nothing was sent. `ntp` is the same moment as `now`.
    pub fn sender_info(&self, ntp: NtpTime, now: Duration) -> Option<SenderInfo> {
        self.last_sent?;
        Some(SenderInfo {
            ntp,
            rtp_timestamp: self.timestamp_at(now),
            // The wire has 32 bits and lets them wrap.
            packet_count: self.state.packets as u32,
            octet_count: self.state.octets as u32,
        })
    }

    /// Counts a packet that was numbered elsewhere (forwarded), and goes on after it. `duration_ticks` is how far
    /// after it a packet made here would stand.
    pub(super) fn follow(
        &mut self,
        header: &RtpHeader,
        duration_ticks: u32,
        payload_octets: usize,
        now: Duration,
    ) {
        let next_sequence = header.sequence.wrapping_add(1);
        if !is_newer(next_sequence, self.state.next_sequence) {
            // Reordered on its way to us: numbers and clock have moved on already.
            self.state.packets += 1;
            self.state.octets += payload_octets as u64;
            return;
        }
        self.state.next_sequence = next_sequence;
        self.state.next_timestamp = header.timestamp.wrapping_add(duration_ticks);
        self.count(header, payload_octets, now);
    }

    fn count(&mut self, header: &RtpHeader, payload_octets: usize, now: Duration) {
        self.state.packets += 1;
        self.state.octets += payload_octets as u64;
        self.last_sent = Some((now, header.timestamp));
    }
}
