//! The sending half of a leg: numbers packets, whether they are made here or forwarded, as one stream that never jumps.

use std::net::SocketAddr;
use std::time::Duration;

use mediacore_audio::Codec;
use mediacore_rtp::event::{EVENT_OCTETS, EventPacket, EventTimestamps, TelephoneEvent};
use mediacore_rtp::packet::HEADER_OCTETS;
use mediacore_rtp::session::{Rewriter, Sender, SenderState};
use mediacore_rtp::{PayloadType, RtpHeader};

use crate::format::{Format, TELEPHONE_EVENT};
use crate::frame::FRAME_SAMPLES;
use crate::incoming::Accepted;
use crate::outlet::{Channel, Outlet};
use crate::stats::LegStats;

/// Frames in the longest packet that we make: 60 ms.
const FRAMES_MAX: usize = 3;

/// Where packets go, when, and from which leg.
#[derive(Debug, Clone, Copy)]
pub struct Route {
    /// The leg's place on its thread.
    pub slot: usize,
    /// None: the peer's address is not known.
    pub to: Option<SocketAddr>,
    /// When.
    pub now: Duration,
}

/// What goes to the peer.
#[derive(Debug)]
pub struct Outgoing {
    /// SSRC, sequence, timestamp and counts: all that a leg needs to go on elsewhere without a jump.
    pub sender: Sender,
    rewriter: Rewriter,
    // Of the telephone-events that were passed on.
    events: EventTimestamps,
    // Encoded frames of a packet that is not full yet, behind room for its header.
    packet: [u8; HEADER_OCTETS + FRAMES_MAX * FRAME_SAMPLES],
    filled: usize,
    // The next packet that we make follows a pause or somebody else's packets.
    is_resuming: bool,
}

impl Outgoing {
    /// A stream that has not begun. The numbers of `state` should be random (RFC 3550 5.1).
    #[must_use]
    pub fn new(state: SenderState, clock_rate_hz: u32) -> Outgoing {
        Outgoing {
            sender: Sender::new(state, clock_rate_hz),
            rewriter: Rewriter::default(),
            events: EventTimestamps::default(),
            packet: [0; HEADER_OCTETS + FRAMES_MAX * FRAME_SAMPLES],
            filled: 0,
            is_resuming: true,
        }
    }

    /// Something else is sent from now on: whatever comes next is joined on to what was sent last.
    pub fn switch(&mut self) {
        self.rewriter.rebase();
        self.filled = 0;
        self.is_resuming = true;
    }

    /// Sends a packet of another leg as one of ours, in place: `datagram` is overwritten.
    pub fn forward(
        &mut self,
        datagram: &mut [u8],
        accepted: &Accepted,
        format: Format,
        route: Route,
        stats: &mut LegStats,
        out: &mut impl Outlet,
    ) -> bool {
        let Some(to) = route.to else {
            stats.send_nowhere += 1;
            return false;
        };
        let ticks = duration_ticks(accepted, datagram);
        let header = self.rewriter.rewrite(
            &accepted.header,
            ticks,
            accepted.octets,
            &mut self.sender,
            route.now,
        );
        let header = RtpHeader {
            payload_type: PayloadType(format.payload_type),
            timestamp: match format.codec {
                // Begun between frames of ours, it would become another digit by another timestamp.
                TELEPHONE_EVENT => self.events.ours(&accepted.header, header.timestamp),
                _ => header.timestamp,
            },
            ..header
        };
        // Extensions and contributing sources are left behind: they were agreed with the other peer alone.
        let begin = accepted.start - HEADER_OCTETS;
        header.write(&mut datagram[begin..]);
        self.is_resuming = true;
        note_sent(
            stats,
            format,
            out.send(
                route.slot,
                Channel::Rtp,
                &datagram[begin..accepted.start + accepted.octets],
                to,
            ),
        );
        true
    }

    /// Sends a telephone-event of another leg between frames of ours (RFC 4733): all packets of one event have one
    /// timestamp, that of the moment at which it began here.
    pub fn relay_event(
        &mut self,
        datagram: &mut [u8],
        accepted: &Accepted,
        format: Format,
        route: Route,
        stats: &mut LegStats,
        out: &mut impl Outlet,
    ) -> bool {
        let Some(to) = route.to else {
            stats.send_nowhere += 1;
            return false;
        };
        let next = self.sender.state().next_timestamp;
        let began_at = self.events.ours(&accepted.header, next);
        let payload_type = PayloadType(format.payload_type);
        let header = self.sender.next_header(
            payload_type,
            accepted.header.marker,
            0,
            accepted.octets,
            route.now,
        );
        let begin = accepted.start - HEADER_OCTETS;
        RtpHeader {
            timestamp: began_at,
            ..header
        }
        .write(&mut datagram[begin..]);
        note_sent(
            stats,
            format,
            out.send(
                route.slot,
                Channel::Rtp,
                &datagram[begin..accepted.start + accepted.octets],
                to,
            ),
        );
        true
    }

    /// Brings the stream to where a digit of ours can begin: a packet that is not full is left behind, with its time.
    pub fn make_way(&mut self, now: Duration) {
        let left_behind = std::mem::take(&mut self.filled) * FRAME_SAMPLES;
        self.sender
            .skip(u32::try_from(left_behind).expect("at most three frames"));
        self.sender.resume(now);
    }

    /// Sends a packet of a digit of ours.
    pub fn send_event(
        &mut self,
        packet: &EventPacket,
        format: Format,
        route: Route,
        stats: &mut LegStats,
        out: &mut impl Outlet,
    ) {
        let Some(to) = route.to else {
            stats.send_nowhere += 1;
            return;
        };
        // What is forwarded afterwards is joined on behind it.
        self.rewriter.rebase();
        let payload_type = PayloadType(format.payload_type);
        let header =
            self.sender
                .next_header(payload_type, packet.marker, 0, EVENT_OCTETS, route.now);
        let mut datagram = [0; HEADER_OCTETS + EVENT_OCTETS];
        RtpHeader {
            timestamp: packet.timestamp,
            ..header
        }
        .write(&mut datagram);
        datagram[HEADER_OCTETS..].copy_from_slice(&packet.event.octets());
        let is_sent = out.send(route.slot, Channel::Rtp, &datagram, to);
        note_sent(stats, format, is_sent);
    }

    /// Adds a frame of ours, which `encode` writes, and sends the packet when it is full.
    pub fn send_frame(
        &mut self,
        encode: impl FnOnce(Codec, &mut [u8]),
        format: Format,
        frames_per_packet: usize,
        route: Route,
        stats: &mut LegStats,
        out: &mut impl Outlet,
    ) {
        let (Some(to), Some(codec)) = (route.to, format.codec.decoder()) else {
            self.is_resuming = true;
            return;
        };
        let begin = HEADER_OCTETS + self.filled * FRAME_SAMPLES;
        encode(codec, &mut self.packet[begin..begin + FRAME_SAMPLES]);
        self.filled += 1;
        if self.filled < frames_per_packet {
            return;
        }
        let octets = std::mem::take(&mut self.filled) * FRAME_SAMPLES;
        if self.is_resuming {
            self.rewriter.rebase();
            self.sender.resume(route.now);
        }
        let marker = std::mem::take(&mut self.is_resuming);
        let ticks = u32::try_from(octets).expect("at most three frames");
        let header = self.sender.next_header(
            PayloadType(format.payload_type),
            marker,
            ticks,
            octets,
            route.now,
        );
        header.write(&mut self.packet);
        note_sent(
            stats,
            format,
            out.send(
                route.slot,
                Channel::Rtp,
                &self.packet[..HEADER_OCTETS + octets],
                to,
            ),
        );
    }
}

fn note_sent(stats: &mut LegStats, format: Format, is_sent: bool) {
    stats.send_errors += u64::from(!is_sent);
    if format.codec.is_audio() {
        stats.send_codec = u64::from(format.codec.0);
    }
}

/// How much time a packet stands for, in ticks of its clock. G.711 says it by its length, an event by its duration; of codecs that are only passed
/// through the usual 20 ms are assumed, which matters only for what would be joined on behind them.
fn duration_ticks(accepted: &Accepted, datagram: &[u8]) -> u32 {
    let codec = accepted.format.codec;
    match codec {
        TELEPHONE_EVENT => TelephoneEvent::parse(&datagram[accepted.start..])
            .map_or(0, |event| event.duration_ticks.into()),
        _ if codec.is_decodable() => u32::try_from(accepted.octets).unwrap_or(0),
        _ => accepted.format.clock_rate_hz / 50,
    }
}
