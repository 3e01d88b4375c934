//! One leg on its media thread: RTP and RTCP with one peer, both directions, without socket and clock.

mod digits;
mod figures;
mod timers;

use std::net::SocketAddr;
use std::time::Duration;

use digits::Digits;
pub use digits::{DIALLED_MAX, DIGITS_CLOCK_HZ, DialRefusal};
use figures::Played;
use mediacore_audio::codec::CodecKind;
use mediacore_audio::dbfs;
use mediacore_rtp::rtcp::{Reporter, Schedule};
use mediacore_rtp::{NtpTime, SenderState, Ssrc};

use crate::conference::{Heard, Seat, SharedMix};
use crate::decoder::Decoder;
use crate::event::Event;
use crate::format::{CodecId, Rates};
use crate::frame::{FRAME_SAMPLES_MAX, Rate, mix_into};
use crate::graph::{Hears, Party, Role};
use crate::ids::{LegId, Place, SoundId};
use crate::in_band::InBand;
use crate::incoming::{Accepted, Incoming, Source};
use crate::listeners::Listeners;
use crate::outgoing::{Outgoing, Route};
use crate::outlet::Outlet;
use crate::params::LegParams;
use crate::sounds::{Sound, Sounds};
use crate::stats::{LegStats, StatsCell};
use crate::transport::{Kind, Transport};

/// Bits per second of a G.711 stream with its headers, for the pace of RTCP (RFC 3550 6.2).
const SESSION_BANDWIDTH_BPS: u32 = 80_000;

/// A moment, on the clock of the engine and on the wall.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    /// CLOCK_MONOTONIC.
    pub now: Duration,
    /// Since the Unix epoch: for the reports' NTP times alone.
    pub unix: Duration,
}

impl Moment {
    fn ntp(self) -> NtpTime {
        NtpTime::from_unix(self.unix)
    }
}

/// Random numbers that a leg begins with.
#[derive(Debug, Clone, Copy)]
pub struct Seeds {
    /// Our source, RFC 3550 8.1.
    pub ssrc: u32,
    /// First sequence number.
    pub sequence: u16,
    /// First timestamp.
    pub timestamp: u32,
    /// For the times of reports.
    pub reports: u64,
}

/// Which directions are muted, whatever was agreed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Mutes {
    /// The peer hears silence.
    pub send: bool,
    /// Nobody hears the peer.
    pub receive: bool,
}

/// What was stopped.
#[derive(Debug)]
pub enum Stopped {
    /// This, to be freed by whoever asked.
    Sound(Box<Sound>),
    /// Digits: they hold no memory.
    Digits,
}

/// One leg.
#[derive(Debug)]
pub struct Leg {
    /// Its number.
    pub id: LegId,
    /// Its place on its thread; set when it gets there.
    pub slot: usize,
    /// What was agreed.
    pub params: LegParams,
    /// Its part in the graph.
    pub role: Role,
    /// The place of the leg that it hears and is heard by; its own for an echo.
    pub peer: Option<usize>,
    /// Where it sits, if it is in a conference; it has no peer then.
    pub seat: Option<Seat>,
    /// Its conference takes it for one of those who talk.
    pub is_talking: bool,
    /// Which of the ticks of 2 ms in a frame is its own.
    pub phase: usize,
    /// What is muted.
    pub mutes: Mutes,
    /// What plays to it.
    pub sounds: Sounds,
    /// Who listens to it outside the graph.
    pub listeners: Listeners,
    /// What the peer said in the newest frame, at the rate of its role; nothing while it is not decoded.
    pub heard: Vec<i16>,
    /// Its figures have changed since they were published; kept by the core.
    pub is_dirty: bool,
    stats: LegStats,
    cell: StatsCell,
    transport: Transport,
    incoming: Incoming,
    outgoing: Outgoing,
    digits: Digits,
    reporter: Reporter,
    decoder: Option<Box<Decoder>>,
    played: Played,
    opened_at: Duration,
    report_at: Option<Duration>,
}

impl Leg {
    /// A leg that has neither sent nor received anything.
    #[must_use]
    pub fn new(
        id: LegId,
        params: LegParams,
        seeds: Seeds,
        cname: &str,
        cell: StatsCell,
        now: Duration,
    ) -> Leg {
        let clock_rate_hz = params
            .formats
            .preferred()
            .map_or(8000, |format| format.clock_rate_hz);
        let state = SenderState::new(Ssrc(seeds.ssrc), seeds.sequence, seeds.timestamp);
        Leg {
            id,
            slot: 0,
            role: Role::default(),
            peer: None,
            seat: None,
            is_talking: false,
            phase: 0,
            mutes: Mutes::default(),
            sounds: Sounds::default(),
            listeners: Listeners::default(),
            heard: Vec::new(),
            is_dirty: false,
            stats: LegStats {
                leg: id.0,
                ..LegStats::default()
            },
            cell,
            transport: Transport::new(params.srtp.as_ref()),
            incoming: Incoming::new(&params, now),
            outgoing: Outgoing::new(state, clock_rate_hz),
            digits: Digits::new(params.digits),
            reporter: Reporter::new(
                cname,
                Schedule::new(SESSION_BANDWIDTH_BPS, seeds.reports, now),
            ),
            decoder: None,
            played: Played::default(),
            opened_at: now,
            report_at: params.report_every.map(|every| now + every),
            params,
        }
    }

    /// A new agreement; numbering goes on where it was. Returns the old one.
    pub fn update(&mut self, params: LegParams, now: Duration) -> LegParams {
        let expected_loss_percent = self.params.opus.expected_loss_percent;
        let old = std::mem::replace(&mut self.params, params);
        self.transport.update(self.params.srtp.as_ref());
        self.params.opus.expected_loss_percent = expected_loss_percent;
        self.incoming.renegotiate(&self.params, now);
        if let Some(format) = self.params.formats.preferred()
            && format.clock_rate_hz != self.outgoing.sender.clock_rate_hz()
        {
            self.outgoing
                .sender
                .set_clock_rate(format.clock_rate_hz, now);
        }
        if old.digits != self.params.digits {
            self.digits.in_band = InBand::new(self.params.digits);
        }
        if old.report_every != self.params.report_every {
            self.report_at = self.params.report_every.map(|every| now + every);
        }
        old
    }

    /// How the graph sees it.
    #[must_use]
    pub fn party(&self) -> Party<'_> {
        Party {
            formats: &self.params.formats,
            sends: self.sends(),
            heard: self
                .sends()
                .map_or(Rates::Only(Rate::default()), CodecId::rates),
            sent: self.params.sent(),
            may_be_sent: self.params.direction.sends(),
            may_be_heard: self.params.direction.receives(),
            is_muted: self.mutes.send || self.mutes.receive,
            is_listened_to: !self.listeners.is_empty() || self.digits.in_band.is_some(),
            has_sounds: self.is_played_to(),
            wants_silence: self.params.send_silence && self.incoming.latch.destination().is_some(),
        }
    }

    /// The highest rate of what it says and of what it can be sent.
    #[must_use]
    pub fn best_rate(&self) -> Rate {
        let party = self.party();
        party.heard.best().max(party.sent.best())
    }

    /// The codec of what the peer sends, or will probably send.
    fn sends(&self) -> Option<CodecId> {
        let preferred = || self.params.formats.preferred().map(|format| format.codec);
        self.incoming.codec.or_else(preferred)
    }

    /// Takes its part in the graph.
    pub fn take_role(&mut self, role: Role) {
        if role.hears != self.role.hears {
            self.outgoing.switch();
        }
        if !self.params.direction.sends() {
            self.interrupt_digit();
        }
        if role.hears != Hears::Frames {
            self.outgoing.fall_silent();
        }
        self.role = role;
        if !role.is_decoded {
            self.retire_decoder();
            self.heard = Vec::new();
        } else if let Some(decoder) = &mut self.decoder {
            decoder.set_rate(role.heard_at);
        } else if let Some(kind) = self.sends().and_then(CodecId::kind) {
            self.decoder = Some(Box::new(Decoder::new(kind, role.heard_at, false)));
        }
    }

    fn retire_decoder(&mut self) {
        if let Some(decoder) = self.decoder.take() {
            self.played.add(&decoder);
        }
    }

    /// Another leg, a conference, or nobody is heard from now on.
    pub fn switch_peer(&mut self, peer: Option<usize>, seat: Option<Seat>) {
        self.peer = peer;
        self.seat = seat;
        self.is_talking = false;
        self.outgoing.switch();
    }

    /// Whether the frame clock has work with it.
    #[must_use]
    pub fn is_ticking(&self) -> bool {
        self.role.is_decoded || self.speaks()
    }

    /// Whether there are frames or digits for its peer.
    #[must_use]
    pub fn speaks(&self) -> bool {
        self.role.hears == Hears::Frames || self.is_dialling() && self.params.direction.sends()
    }

    fn is_played_to(&self) -> bool {
        !self.sounds.is_empty() || self.is_dialling()
    }

    /// Stops a tone, a source, or digits.
    pub fn stop(&mut self, sound: SoundId) -> Option<Stopped> {
        match self.sounds.remove(sound) {
            Some(stopped) => Some(Stopped::Sound(stopped)),
            None => self.stop_dialling(sound).then_some(Stopped::Digits),
        }
    }

    /// Judges RTP from the peer; what comes back is wanted by somebody.
    pub fn receive_rtp(
        &mut self,
        datagram: &mut [u8],
        from: SocketAddr,
        now: Duration,
        out: &mut impl Outlet,
    ) -> Option<Accepted> {
        let octets = self.transport.open(Kind::Rtp, datagram, &mut self.stats)?;
        let source = Source {
            address: from,
            is_genuine: self.transport.is_authenticated(),
        };
        let accepted = self.incoming.accept(
            &self.params,
            &mut self.stats,
            &datagram[..octets],
            source,
            now,
        )?;
        if accepted.has_latched {
            out.event(Event::Latched {
                leg: self.id,
                remote: from,
            });
        }
        if std::mem::take(&mut self.incoming.is_timed_out) {
            out.event(Event::MediaResumed { leg: self.id });
        }
        if !self.params.direction.receives() {
            self.stats.unheard_packets += 1;
            return None;
        }
        Some(accepted)
    }

    /// Notes the codec that the peer sends; true when it is another one than before.
    pub fn notice_codec(&mut self, codec: CodecId) -> bool {
        if !codec.is_audio() || self.incoming.codec == Some(codec) {
            return false;
        }
        self.stats.receive_codec = u64::from(codec.0);
        let assumed = self.party().sends;
        self.incoming.codec = Some(codec);
        assumed != Some(codec)
    }

    /// Holds a packet for decoding, where the graph says so.
    pub fn hold_for_decoding(&mut self, datagram: &[u8], accepted: &Accepted, now: Duration) {
        let codec = accepted.format.codec;
        let Some(kind) = codec.kind() else {
            if let Some(decoder) = &mut self.decoder
                && !codec.is_audio()
            {
                let payload = &datagram[accepted.start..accepted.start + accepted.octets];
                let noise = if codec.is_noise() { payload } else { &[] };
                decoder.insert_signal(&accepted.header, noise, now);
            }
            return;
        };
        if self.role.is_decoded && !self.decoder.as_ref().is_some_and(|it| it.takes(kind)) {
            self.replace_decoder(kind);
        }
        if let Some(decoder) = &mut self.decoder {
            let payload = &datagram[accepted.start..accepted.start + accepted.octets];
            let is_taken = decoder.insert(kind, &accepted.header, payload, now);
            self.stats.receive_undecodable += u64::from(!is_taken);
        }
    }

    /// The peer sends what needs another buffer, and another clock.
    #[cold]
    fn replace_decoder(&mut self, kind: CodecKind) {
        let is_other = self.decoder.is_some();
        self.played.codec_changes += u64::from(is_other);
        self.retire_decoder();
        self.decoder = Some(Box::new(Decoder::new(kind, self.role.heard_at, is_other)));
    }

    /// Sends another leg's packet to the peer, undecoded; false when it cannot be sent there.
    pub fn forward(
        &mut self,
        datagram: &mut [u8],
        accepted: &Accepted,
        now: Duration,
        out: &mut impl Outlet,
    ) -> bool {
        let Some(format) = self.params.formats.by_codec(accepted.format.codec) else {
            return self.relay_event(datagram, accepted, now, out);
        };
        if self.digits.is_sounding {
            return false;
        }
        let route = self.route(now);
        match self.role.hears {
            Hears::Packets => {
                let out = &mut self.transport.outlet(Kind::Rtp, out);
                self.outgoing
                    .forward(datagram, accepted, format, route, &mut self.stats, out)
            }
            Hears::Frames => self.relay_event(datagram, accepted, now, out),
            Hears::Nothing => false,
        }
    }

    /// Sends another leg's telephone-event between frames of ours, on the clock of these.
    fn relay_event(
        &mut self,
        datagram: &mut [u8],
        accepted: &Accepted,
        now: Duration,
        out: &mut impl Outlet,
    ) -> bool {
        let is_wanted = accepted.format.codec.is_event()
            && self.role.hears == Hears::Frames
            && !self.mutes.send
            && !self.digits.is_sounding;
        let clock_rate_hz = self.outgoing.sender.clock_rate_hz();
        let Some(format) = self
            .params
            .formats
            .events(clock_rate_hz)
            .filter(|_| is_wanted)
        else {
            return false;
        };
        let route = self.route(now);
        let out = &mut self.transport.outlet(Kind::Rtp, out);
        self.outgoing
            .relay_event(datagram, accepted, format, route, &mut self.stats, out)
    }

    /// Counts a packet of this leg that was handed on, or was not.
    pub fn count_delivery(&mut self, was_forwarded: bool) {
        match (was_forwarded, self.role.is_decoded) {
            (true, _) => self.stats.forwarded_packets += 1,
            (false, true) => {}
            (false, false) => self.stats.unheard_packets += 1,
        }
    }

    /// Plays the next frame out of the buffer, for whoever hears this leg.
    pub fn hear(&mut self, now: Duration, out: &mut impl Outlet) {
        let Some(decoder) = &mut self.decoder else {
            return;
        };
        let decoded = decoder.frame(&self.params.receive_formats, now, &mut self.heard);
        self.stats.decoded_packets += decoded.packets;
        self.stats.receive_undecodable += decoded.malformed;
        self.hear_tones(now, out);
        self.listeners
            .receive(self.id, &self.heard, now, &mut self.stats, out);
    }

    /// How loud the newest frame is for those who hear this leg; none when they do not.
    #[must_use]
    pub fn heard_level_dbfs(&self) -> Option<f64> {
        (self.role.is_decoded && !self.mutes.receive).then_some(self.stats.receive_level_dbfs)
    }

    /// Makes the next frame for the peer: a digit, or what it hears and its sounds. True when the last of its sounds
    /// and digits has ended.
    pub fn say(&mut self, heard: Heard, now: Duration, out: &mut impl Outlet) -> bool {
        let was_played_to = self.is_played_to();
        self.digits.is_sounding = self.send_digits(now, out);
        if self.role.hears == Hears::Frames {
            self.say_frame(heard, now, out);
        }
        was_played_to && !self.is_played_to()
    }

    /// Prepares for what all hear, before any of them is sent it. One who talks (`is_mixed`) hears something else; so does
    /// one with sounds of its own.
    pub fn prepare(&mut self, mix: &mut SharedMix, is_mixed: bool) {
        let must_part = is_mixed || !self.sounds.is_empty() || self.mutes.send;
        if let Some(speech) = self.params.speech(self.role.sent_at) {
            self.outgoing.part(mix, &speech, must_part);
        }
    }

    fn say_frame(&mut self, heard: Heard, now: Duration, out: &mut impl Outlet) {
        let rate = heard.frame().map_or(self.role.sent_at, Rate::of_frame);
        let route = self.route(now);
        let is_digit = self.digits.is_sounding;
        let is_silenced = self.mutes.send || is_digit;
        let speech = self.params.speech(self.role.sent_at).filter(|_| !is_digit);
        let sounds = self.sounds.frame(rate, Place::Leg(self.id), out);
        if let Some(is_tone) = self.digits.as_tone {
            return self.say_tone(is_tone, now, out);
        }
        let frame = match (heard, sounds) {
            _ if is_silenced => rate.silence(),
            (Heard::Shared(mix), None) => {
                if let Some(speech) = speech {
                    let out = &mut self.transport.outlet(Kind::Rtp, out);
                    let (outgoing, stats) = (&mut self.outgoing, &mut self.stats);
                    outgoing.say_shared(mix, &speech, route, stats, out);
                }
                let (frame, level_dbfs) = (&mix.frame, mix.level_dbfs);
                return self.listeners.sent(frame, level_dbfs, now, &mut self.stats);
            }
            (heard, Some(sounds)) => {
                if let Some(frame) = heard.frame() {
                    mix_into(sounds, frame);
                }
                sounds
            }
            (Heard::Frame(frame), None) => frame,
            (Heard::Silence, None) => rate.silence(),
        };
        if let Some(speech) = speech {
            let out = &mut self.transport.outlet(Kind::Rtp, out);
            let (outgoing, stats) = (&mut self.outgoing, &mut self.stats);
            outgoing.say(frame, &speech, route, stats, out);
        }
        self.listeners
            .sent(frame, dbfs(frame), now, &mut self.stats);
    }

    /// A digit in the sound, or the pause behind it; where digits are hidden, recordings and taps hear nothing instead.
    fn say_tone(&mut self, is_tone: bool, now: Duration, out: &mut impl Outlet) {
        let rate = self.role.sent_at;
        let route = self.route(now);
        let mut samples = [0; FRAME_SAMPLES_MAX];
        let frame = &mut samples[..rate.frame_samples()];
        if let (true, Some(tone)) = (is_tone, &mut self.digits.tone) {
            tone.fill(frame);
        }
        if let Some(speech) = self.params.speech(rate) {
            let out = &mut self.transport.outlet(Kind::Rtp, out);
            let (outgoing, stats) = (&mut self.outgoing, &mut self.stats);
            outgoing.say(frame, &speech, route, stats, out);
        }
        let shown: &[i16] = match self.params.digits.hidden {
            true => rate.silence(),
            false => frame,
        };
        self.listeners
            .sent(shown, dbfs(shown), now, &mut self.stats);
    }

    fn route(&self, now: Duration) -> Route {
        Route {
            slot: self.slot,
            to: self.incoming.latch.destination(),
            now,
        }
    }
}
