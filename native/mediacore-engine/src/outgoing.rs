//! The sending half of a leg: numbers packets, whether they are made here or forwarded, as one stream that never jumps.

use std::net::SocketAddr;
use std::time::Duration;

use mediacore_rtp::event::{EVENT_OCTETS, EventPacket, EventTimestamps, TelephoneEvent};
use mediacore_rtp::packet::HEADER_OCTETS;
use mediacore_rtp::session::{Rewriter, Sender, SenderState};
use mediacore_rtp::{PayloadType, RtpHeader};

use crate::conference::SharedMix;
use crate::encoding::{Encoding, EncodingParams};
use crate::format::Format;
use crate::incoming::Accepted;
use crate::outlet::{Channel, Outlet};
use crate::stats::LegStats;

/// After so many frames in which its own encoder heard what all hear, a leg comes back to theirs even if it is not silent:
/// five seconds, in which encoders that hear the same have come to the same state.
const APART_FRAMES_MAX: u32 = 250;

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

/// How frames go to the peer.
#[derive(Debug, Clone, Copy)]
pub struct Speech {
    /// What was agreed.
    pub format: Format,
    /// How they are encoded.
    pub encoding: EncodingParams,
}

/// What goes to the peer.
#[derive(Debug)]
pub struct Outgoing {
    /// SSRC, sequence, timestamp and counts: all that a leg needs to go on elsewhere without a jump.
    pub sender: Sender,
    rewriter: Rewriter,
    // Of the telephone-events that were passed on.
    events: EventTimestamps,
    // Of frames made for this peer alone; none while there are none, or it shares what others hear.
    encoding: Option<Box<Encoding>>,
    // The newest frame was one that all hear, out of the stream with these parameters.
    shares: Option<EncodingParams>,
    // Frames in a row that were what all hear, but encoded here.
    apart_frames: u32,
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
            encoding: None,
            shares: None,
            apart_frames: 0,
            is_resuming: true,
        }
    }

    /// Something else is sent from now on: whatever comes next is joined on to what was sent last.
    pub fn switch(&mut self) {
        self.rewriter.rebase();
        if let Some(encoding) = &mut self.encoding {
            encoding.abandon();
        }
        self.shares = None;
        self.is_resuming = true;
    }

    /// No frames are made for the peer any more.
    pub fn fall_silent(&mut self) {
        self.encoding = None;
        self.shares = None;
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
        self.keep_time(format, route.now);
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
                codec if codec.is_event() => self.events.ours(&accepted.header, header.timestamp),
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
        rescale_event(
            &mut datagram[accepted.start..],
            accepted.format.clock_rate_hz,
            format,
        );
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
        let left_behind = self
            .encoding
            .as_mut()
            .map_or(0, |encoding| encoding.abandon());
        self.sender.skip(left_behind);
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

    /// Adds a frame for this peer alone, and sends the packets that it completes.
    pub fn say(
        &mut self,
        frame: &[i16],
        speech: &Speech,
        route: Route,
        stats: &mut LegStats,
        out: &mut impl Outlet,
    ) {
        self.shares = None;
        if route.to.is_none() {
            self.is_resuming = true;
            return;
        }
        let mut own = self.encoding.take();
        let goes_on = own.as_mut().is_some_and(|own| own.retune(&speech.encoding));
        let own = own.filter(|_| goes_on);
        let mut encoding = own.unwrap_or_else(|| Box::new(Encoding::new(speech.encoding, frame)));
        encoding.push(frame);
        self.send_made(&mut encoding, speech.format, route, stats, out);
        self.encoding = Some(encoding);
    }

    /// Adds the newest frame of what all hear. A leg that had an encoder of its own keeps it until the change to the shared
    /// one is not heard.
    pub fn say_shared(
        &mut self,
        mix: &mut SharedMix,
        speech: &Speech,
        route: Route,
        stats: &mut LegStats,
        out: &mut impl Outlet,
    ) {
        if self.stays_apart(mix, speech) {
            self.apart_frames += 1;
            return self.say(&mix.frame, speech, route, stats, out);
        }
        if route.to.is_none() {
            self.is_resuming = true;
            return;
        }
        self.come_back(mix, speech);
        let Some(stream) = mix.stream(&speech.encoding) else {
            return self.say(&mix.frame, speech, route, stats, out);
        };
        self.shares = Some(speech.encoding);
        self.send_made(stream, speech.format, route, stats, out);
    }

    /// Before anybody is sent the newest frame of what all hear: one who is not to have it (`must_part`), or not in the same
    /// way as before, takes a copy of the encoder along.
    pub fn part(&mut self, mix: &mut SharedMix, speech: &Speech, must_part: bool) {
        mix.keep(&speech.encoding);
        if must_part {
            self.apart_frames = 0;
        }
        if let Some(shared) = self.shares
            && (must_part || shared != speech.encoding)
        {
            self.encoding = mix.copy(&shared);
            self.shares = None;
            self.apart_frames = 0;
        }
    }

    fn stays_apart(&self, mix: &SharedMix, speech: &Speech) -> bool {
        let Some(own) = &self.encoding else {
            return false;
        };
        let is_heard = match speech.encoding.is_stateless() {
            // A filter forgets within a frame.
            true => self.apart_frames == 0,
            false => !mix.is_silent() && self.apart_frames < APART_FRAMES_MAX,
        };
        // Audio that waits there for its packet to be full must not have been sent from here.
        let is_ahead = mix.waiting_ms(&speech.encoding) > Some(own.waiting_ms());
        is_heard || is_ahead
    }

    fn come_back(&mut self, mix: &mut SharedMix, speech: &Speech) {
        let Some(mut own) = self.encoding.take() else {
            return;
        };
        let ticks_per_ms = speech.format.clock_rate_hz / 1000;
        let waiting_ms = mix.waiting_ms(&speech.encoding).unwrap_or(0);
        let left_behind = own.abandon();
        self.sender
            .skip(left_behind.saturating_sub(waiting_ms * ticks_per_ms));
        mix.take_back(own);
    }

    /// Another codec may have another clock (RFC 7160 4.1).
    fn keep_time(&mut self, format: Format, now: Duration) {
        if format.codec.is_audio() && format.clock_rate_hz != self.sender.clock_rate_hz() {
            self.sender.set_clock_rate(format.clock_rate_hz, now);
            self.rewriter.rebase();
        }
    }

    fn send_made(
        &mut self,
        encoding: &mut Encoding,
        format: Format,
        route: Route,
        stats: &mut LegStats,
        out: &mut impl Outlet,
    ) {
        for index in 0..encoding.made_packets() {
            let (datagram, ticks) = encoding.packet(index);
            self.send_packet(datagram, ticks, format, route, stats, out);
        }
    }

    /// Sends a packet of ours, whose header is yet to be written.
    fn send_packet(
        &mut self,
        datagram: &mut [u8],
        ticks: u32,
        format: Format,
        route: Route,
        stats: &mut LegStats,
        out: &mut impl Outlet,
    ) {
        let Some(to) = route.to else {
            return;
        };
        let octets = datagram.len() - HEADER_OCTETS;
        if octets == 0 {
            self.sender.skip(ticks);
            self.is_resuming = true;
            return;
        }
        self.keep_time(format, route.now);
        if self.is_resuming {
            self.rewriter.rebase();
            self.sender.resume(route.now);
        }
        let marker = std::mem::take(&mut self.is_resuming);
        let payload_type = PayloadType(format.payload_type);
        let header = self
            .sender
            .next_header(payload_type, marker, ticks, octets, route.now);
        header.write(datagram);
        note_sent(
            stats,
            format,
            out.send(route.slot, Channel::Rtp, datagram, to),
        );
    }
}

fn note_sent(stats: &mut LegStats, format: Format, is_sent: bool) {
    stats.send_errors += u64::from(!is_sent);
    if format.codec.is_audio() {
        stats.send_codec = u64::from(format.codec.0);
    }
}

/// Says how long an event has lasted on the clock of `format` rather than on its own.
fn rescale_event(payload: &mut [u8], from_hz: u32, format: Format) {
    if from_hz == format.clock_rate_hz {
        return;
    }
    let Some(event) = TelephoneEvent::parse(payload) else {
        return;
    };
    let ticks = u32::from(event.duration_ticks) * (format.clock_rate_hz / 100) / (from_hz / 100);
    let event = TelephoneEvent {
        // Longer than a segment holds: a digit that lasts so long needs no more exactness.
        duration_ticks: u16::try_from(ticks).unwrap_or(u16::MAX),
        ..event
    };
    payload[..EVENT_OCTETS].copy_from_slice(&event.octets());
}

/// How much time a packet stands for, in ticks of its clock. What we can decode says it, an event by its duration; of codecs
/// that are only passed through the usual 20 ms are assumed, which matters only for what would be joined on behind them.
fn duration_ticks(accepted: &Accepted, datagram: &[u8]) -> u32 {
    let codec = accepted.format.codec;
    let payload = &datagram[accepted.start..accepted.start + accepted.octets];
    if codec.is_event() {
        return TelephoneEvent::parse(payload).map_or(0, |event| event.duration_ticks.into());
    }
    match codec.kind() {
        Some(kind) => kind.duration_ticks(payload).unwrap_or(0),
        None => accepted.format.clock_rate_hz / 50,
    }
}
