//! The receiving half of a leg: who may send, what was counted, what is to be done with a datagram.

use std::net::SocketAddr;
use std::time::Duration;

use mediacore_rtp::packet::HEADER_OCTETS;
use mediacore_rtp::session::Receiver;
use mediacore_rtp::{RtpHeader, RtpPacket};

use crate::format::{CodecId, Format};
use crate::latch::{Latch, Rejection, Verdict};
use crate::params::LegParams;
use crate::stats::LegStats;

/// A datagram that is to be used. The payload lies at `start..start + octets` of it.
#[derive(Debug, Clone, Copy)]
pub struct Accepted {
    /// As it came.
    pub header: RtpHeader,
    /// What its payload type stands for.
    pub format: Format,
    /// Where the payload begins.
    pub start: usize,
    /// How long the payload is, without padding.
    pub octets: usize,
    /// The source was learned from this packet.
    pub has_latched: bool,
}

/// Where a datagram came from.
#[derive(Debug, Clone, Copy)]
pub struct Source {
    /// The address, which anybody can write on to a packet.
    pub address: SocketAddr,
    /// The packet was sealed with the peer's keys.
    pub is_genuine: bool,
}

/// What came from the peer so far.
#[derive(Debug)]
pub struct Incoming {
    /// Source rules for RTP.
    pub latch: Latch,
    /// Source rules for RTCP on its own socket.
    pub rtcp_latch: Latch,
    /// Sequence, loss and jitter.
    pub receiver: Receiver,
    /// The codec of the newest packet with sound.
    pub codec: Option<CodecId>,
    /// The newest packet was comfort noise: the peer may send nothing for a while (RFC 3389).
    pub is_comfort_noise: bool,
    /// Since when there was somebody to listen to.
    pub listening_since: Option<Duration>,
    /// A `MediaTimeout` was sent and nothing came since.
    pub is_timed_out: bool,
}

impl Incoming {
    /// Nothing came yet.
    #[must_use]
    pub fn new(params: &LegParams, now: Duration) -> Incoming {
        let any = takes_any(params);
        let clock_rate_hz = params
            .formats
            .preferred()
            .map_or(8000, |format| format.clock_rate_hz);
        Incoming {
            latch: Latch::new(params.remote, params.signalling_host, any),
            rtcp_latch: Latch::new(params.rtcp_address(), params.signalling_host, any),
            receiver: Receiver::new(clock_rate_hz),
            codec: None,
            is_comfort_noise: false,
            listening_since: is_listening(params).then_some(now),
            is_timed_out: false,
        }
    }

    /// A new agreement. What was counted, and a port that was learned for an unchanged address, stays.
    pub fn renegotiate(&mut self, params: &LegParams, now: Duration) {
        let any = takes_any(params);
        self.latch
            .renegotiate(params.remote, params.signalling_host, any);
        self.rtcp_latch
            .renegotiate(params.rtcp_address(), params.signalling_host, any);
        self.codec = self
            .codec
            .filter(|codec| params.receive_formats.by_codec(*codec).is_some());
        match (is_listening(params), self.listening_since) {
            (true, None) => self.listening_since = Some(now),
            (true, Some(_)) => {}
            (false, _) => {
                self.listening_since = None;
                self.is_timed_out = false;
            }
        }
    }

    /// Judges one datagram from the RTP socket. Whatever is not used is counted here.
    pub fn accept(
        &mut self,
        params: &LegParams,
        stats: &mut LegStats,
        datagram: &[u8],
        from: Source,
        now: Duration,
    ) -> Option<Accepted> {
        let Ok(packet) = RtpPacket::parse(datagram) else {
            stats.rejected_malformed += 1;
            return None;
        };
        let header = packet.header;
        let format = params
            .receive_formats
            .by_payload_type(header.payload_type.0);
        // Who sends what was never agreed teaches no address, whatever host it is.
        let verdict = match format {
            Some(_) => self.latch.judge(from.address, from.is_genuine, now),
            None => self.latch.preview(from.address, from.is_genuine, now),
        };
        if let Verdict::Reject(rejection) = verdict {
            count_rejection(stats, rejection);
            return None;
        }
        let Some(format) = format else {
            stats.rejected_payload_type += 1;
            stats.rejected_payload_type_last = u64::from(header.payload_type.0);
            return None;
        };
        // Of several agreed codecs each has its clock, and the one that is sent may change at any time.
        if format.codec.is_audio() && format.clock_rate_hz != self.receiver.clock_rate_hz() {
            self.receiver.set_clock_rate(format.clock_rate_hz);
        }
        // Duplicates and strays have no number.
        self.receiver
            .receive(&header, packet.payload.len(), now)
            .sequence()?;
        self.is_comfort_noise = format.codec.is_noise();
        stats.receive_payload_type = u64::from(header.payload_type.0);
        Some(Accepted {
            header,
            format,
            start: payload_start(&packet),
            octets: packet.payload.len(),
            has_latched: verdict == Verdict::Latch,
        })
    }

    /// When something usable came last, or the leg began to listen; none when it does not listen.
    #[must_use]
    pub fn heard_at(&self) -> Option<Duration> {
        let since = self.listening_since?;
        Some(
            self.receiver
                .stats()
                .last_arrived_at
                .map_or(since, |at| at.max(since)),
        )
    }

    /// How long nothing usable has come although the leg listens; none when it does not listen.
    #[must_use]
    pub fn silence(&self, now: Duration) -> Option<Duration> {
        Some(now.saturating_sub(self.heard_at()?))
    }
}

/// Notes why a datagram was refused.
pub fn count_rejection(stats: &mut LegStats, rejection: Rejection) {
    let counter = match rejection {
        Rejection::Host => &mut stats.rejected_host,
        Rejection::Port => &mut stats.rejected_port,
        Rejection::NoPeer => &mut stats.rejected_no_peer,
    };
    *counter += 1;
}

fn payload_start(packet: &RtpPacket) -> usize {
    HEADER_OCTETS
        + 4 * packet.csrcs().len()
        + packet
            .extension
            .map_or(0, |extension| 4 + extension.data.len())
}

/// Whether a source that nobody named may be learned; with SRTP only from genuine packets, which `Latch` sees to.
fn takes_any(params: &LegParams) -> bool {
    params.accept_any_source || params.srtp.is_some()
}

fn is_listening(params: &LegParams) -> bool {
    let has_peer =
        params.accept_any_source || params.remote.is_some_and(|remote| remote.port() != 0);
    params.direction.receives() && has_peer
}
