//! One leg on its media thread: RTP and RTCP with one peer, both directions, without socket and clock.

use std::net::SocketAddr;
use std::time::Duration;

use mediacore_rtp::rtcp::{Reporter, Schedule};
use mediacore_rtp::{NtpTime, SenderState, Ssrc};

use crate::decoder::Decoder;
use crate::event::Event;
use crate::format::{CodecId, TELEPHONE_EVENT};
use crate::frame::{Frame, SILENCE, mix_into};
use crate::graph::{Hears, Party, Role};
use crate::ids::LegId;
use crate::incoming::{Accepted, Incoming, count_rejection};
use crate::latch::Verdict;
use crate::listeners::Listeners;
use crate::outgoing::{Outgoing, Route};
use crate::outlet::{Channel, Outlet};
use crate::params::LegParams;
use crate::sounds::Sounds;
use crate::stats::{LegStats, StatsCell};

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
    /// Which of the ticks of 2 ms in a frame is its own.
    pub phase: usize,
    /// What is muted.
    pub mutes: Mutes,
    /// What plays to it.
    pub sounds: Sounds,
    /// Who listens to it outside the graph.
    pub listeners: Listeners,
    /// What the peer said in the newest frame.
    pub heard: Frame,
    /// Its figures have changed since they were published; kept by the core.
    pub is_dirty: bool,
    stats: LegStats,
    cell: StatsCell,
    incoming: Incoming,
    outgoing: Outgoing,
    reporter: Reporter,
    decoder: Option<Box<Decoder>>,
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
            phase: 0,
            mutes: Mutes::default(),
            sounds: Sounds::default(),
            listeners: Listeners::default(),
            heard: SILENCE,
            is_dirty: false,
            stats: LegStats {
                leg: id.0,
                ..LegStats::default()
            },
            cell,
            incoming: Incoming::new(&params, now),
            outgoing: Outgoing::new(state, clock_rate_hz),
            reporter: Reporter::new(
                cname,
                Schedule::new(SESSION_BANDWIDTH_BPS, seeds.reports, now),
            ),
            decoder: None,
            opened_at: now,
            report_at: params.report_every.map(|every| now + every),
            params,
        }
    }

    /// A new agreement; numbering goes on where it was. Returns the old one.
    pub fn update(&mut self, params: LegParams, now: Duration) -> LegParams {
        let old = std::mem::replace(&mut self.params, params);
        self.incoming.renegotiate(&self.params, now);
        if let Some(format) = self.params.formats.preferred()
            && format.clock_rate_hz != self.outgoing.sender.clock_rate_hz()
        {
            self.outgoing
                .sender
                .set_clock_rate(format.clock_rate_hz, now);
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
            sends: self.incoming.codec.or(self
                .params
                .formats
                .preferred()
                .map(|format| format.codec)),
            may_be_sent: self.params.direction.sends(),
            may_be_heard: self.params.direction.receives(),
            is_muted: self.mutes.send || self.mutes.receive,
            is_listened_to: !self.listeners.is_empty(),
            has_sounds: !self.sounds.is_empty(),
            wants_silence: self.params.send_silence,
        }
    }

    /// Takes its part in the graph.
    pub fn take_role(&mut self, role: Role) {
        if role.hears != self.role.hears {
            self.outgoing.switch();
        }
        if !role.is_decoded {
            self.decoder = None;
            self.heard = SILENCE;
        } else if self.decoder.is_none() {
            self.decoder = Some(Box::default());
        }
        self.role = role;
    }

    /// Another leg, or nobody, is heard from now on.
    pub fn switch_peer(&mut self, peer: Option<usize>) {
        self.peer = peer;
        self.outgoing.switch();
    }

    /// Whether the frame clock has work with it.
    #[must_use]
    pub fn is_ticking(&self) -> bool {
        self.role.is_decoded || self.role.hears == Hears::Frames
    }

    /// Judges RTP from the peer; what comes back is wanted by somebody.
    pub fn receive_rtp(
        &mut self,
        datagram: &[u8],
        from: SocketAddr,
        now: Duration,
        out: &mut impl Outlet,
    ) -> Option<Accepted> {
        let accepted = self
            .incoming
            .accept(&self.params, &mut self.stats, datagram, from, now)?;
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
        if let (Some(decoder), true) = (&mut self.decoder, accepted.format.codec.is_decodable()) {
            decoder.insert(
                &accepted.header,
                &datagram[accepted.start..accepted.start + accepted.octets],
                now,
            );
        }
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
            return false;
        };
        let route = self.route(now);
        match self.role.hears {
            Hears::Packets => {
                self.outgoing
                    .forward(datagram, accepted, format, route, &mut self.stats, out)
            }
            Hears::Frames if format.codec == TELEPHONE_EVENT && !self.mutes.send => self
                .outgoing
                .relay_event(datagram, accepted, format, route, &mut self.stats, out),
            _ => false,
        }
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
        let (frame, packets) = decoder.frame(&self.params.receive_formats, now);
        self.heard = frame;
        self.stats.decoded_packets += packets;
        self.listeners
            .receive(self.id, &frame, now, &mut self.stats, out);
    }

    /// Makes the next frame for the peer out of what it hears and its sounds. True when the last sound has ended.
    pub fn say(&mut self, heard: Option<&Frame>, now: Duration, out: &mut impl Outlet) -> bool {
        let mut mix = heard.copied().unwrap_or(SILENCE);
        let had_sounds = !self.sounds.is_empty();
        if let Some(sounds) = self.sounds.frame(self.id, out) {
            mix_into(&mut mix, &sounds);
        }
        if self.mutes.send {
            mix = SILENCE;
        }
        if let Some(format) = self.params.formats.encodable() {
            let frames_per_packet = self.params.frames_per_packet();
            let route = self.route(now);
            self.outgoing
                .send_frame(&mix, format, frames_per_packet, route, &mut self.stats, out);
            self.listeners.sent(&mix, &mut self.stats);
        }
        had_sounds && self.sounds.is_empty()
    }

    /// Judges and reads RTCP from the peer.
    pub fn receive_rtcp(
        &mut self,
        channel: Channel,
        datagram: &[u8],
        from: SocketAddr,
        moment: Moment,
        out: &mut impl Outlet,
    ) {
        let latch = match (channel, self.params.rtcp_mux) {
            (Channel::Rtp, true) => &mut self.incoming.latch,
            (Channel::Rtcp, _) => &mut self.incoming.rtcp_latch,
            // Nobody agreed to RTCP on the RTP port.
            (Channel::Rtp, false) => {
                self.stats.rejected_malformed += 1;
                return;
            }
        };
        if let Verdict::Reject(rejection) = latch.judge(from, moment.now) {
            count_rejection(&mut self.stats, rejection);
            return;
        }
        let (sender, receiver) = (&self.outgoing.sender, &mut self.incoming.receiver);
        match self
            .reporter
            .receive(datagram, sender, receiver, moment.ntp(), moment.now)
        {
            Ok(received) => {
                self.stats.rtcp_received += 1;
                if received.has_bye {
                    out.event(Event::RemoteBye { leg: self.id });
                }
            }
            Err(_) => self.stats.rejected_malformed += 1,
        }
    }

    /// When `handle_timeout` wants to be called.
    #[must_use]
    pub fn next_timeout(&self) -> Duration {
        let mut next = self.reporter.next_timeout();
        if let Some(report_at) = self.report_at {
            next = next.min(report_at);
        }
        if let Some(times_out_at) = self.times_out_at() {
            next = next.min(times_out_at);
        }
        next
    }

    /// Sends the report that is due, and notices a peer that fell silent.
    pub fn handle_timeout(&mut self, moment: Moment, out: &mut impl Outlet) {
        self.send_report(moment, out);
        if self.times_out_at().is_some_and(|at| moment.now >= at) {
            self.incoming.is_timed_out = true;
            let silent = self.incoming.silence(moment.now).unwrap_or_default();
            out.event(Event::MediaTimeout {
                leg: self.id,
                silent,
            });
        }
        if let (Some(at), Some(every)) = (self.report_at, self.params.report_every)
            && moment.now >= at
        {
            self.report_at = Some(moment.now + every);
            out.event(Event::Report { leg: self.id });
        }
    }

    /// Says goodbye in RTCP, if anything was ever sent (RFC 3550 6.3.7).
    pub fn bye(&mut self, moment: Moment, out: &mut impl Outlet) {
        if self.outgoing.sender.state().packets == 0 && self.stats.rtcp_sent == 0 {
            return;
        }
        let mut buffer = [0; Reporter::REPORT_OCTETS_MAX];
        let (sender, receiver) = (&self.outgoing.sender, &mut self.incoming.receiver);
        let octets = self
            .reporter
            .bye(sender, receiver, moment.ntp(), moment.now, &mut buffer);
        self.send_rtcp(&buffer[..octets], out);
    }

    /// Leaves the newest figures where everybody finds them.
    pub fn publish(&mut self, now: Duration) {
        self.is_dirty = false;
        self.measure(now);
        self.cell.write(&self.stats.to_words());
    }

    fn times_out_at(&self) -> Option<Duration> {
        let limit = self
            .params
            .media_timeout
            .filter(|_| !self.incoming.is_timed_out)?;
        Some(self.incoming.heard_at()? + limit)
    }

    fn route(&self, now: Duration) -> Route {
        Route {
            slot: self.slot,
            to: self.incoming.latch.destination(),
            now,
        }
    }

    fn send_report(&mut self, moment: Moment, out: &mut impl Outlet) {
        if moment.now < self.reporter.next_timeout() {
            return;
        }
        let mut buffer = [0; Reporter::REPORT_OCTETS_MAX];
        let (sender, receiver) = (&self.outgoing.sender, &mut self.incoming.receiver);
        let written =
            self.reporter
                .handle_timeout(sender, receiver, moment.ntp(), moment.now, &mut buffer);
        if let Some(octets) = written {
            self.send_rtcp(&buffer[..octets], out);
        }
    }

    fn send_rtcp(&mut self, compound: &[u8], out: &mut impl Outlet) {
        let (channel, latch) = match self.params.rtcp_mux {
            true => (Channel::Rtp, &self.incoming.latch),
            false => (Channel::Rtcp, &self.incoming.rtcp_latch),
        };
        if let (Some(to), false) = (latch.destination(), compound.is_empty()) {
            let is_sent = out.send(self.slot, channel, compound, to);
            self.stats.rtcp_sent += u64::from(is_sent);
        }
    }

    fn measure(&mut self, now: Duration) {
        let stats = &mut self.stats;
        stats.measured_at_s = now.as_secs_f64();
        stats.age_s = now.saturating_sub(self.opened_at).as_secs_f64();
        stats.flags = u64::from(self.params.direction.sends())
            | u64::from(self.params.direction.receives()) << 1
            | u64::from(self.mutes.send) << 2
            | u64::from(self.mutes.receive) << 3
            | u64::from(self.params.remote.is_some()) << 4;
        let remote = self.incoming.latch.destination();
        stats.set_remote(remote);
        stats.is_latched = u64::from(self.incoming.latch.latched().is_some());
        stats.silent_ms = self
            .incoming
            .silence(now)
            .map_or(f64::NAN, |silence| silence.as_secs_f64() * 1000.0);
        self.measure_received();
        self.measure_sent();
    }

    fn measure_received(&mut self) {
        let stats = &mut self.stats;
        let received = self.incoming.receiver.stats();
        stats.receive_packets = received.packets;
        stats.receive_octets = received.octets;
        stats.receive_lost = received.lost;
        stats.receive_lost_ratio = received.lost_ratio;
        stats.receive_burst_ratio = received.burst_ratio;
        stats.receive_jitter_ms = received.jitter_ms;
        stats.receive_duplicates = received.duplicates;
        stats.receive_reordered = received.reordered;
        stats.receive_ssrc_changes = received.ssrc_changes;
        if let Some(decoder) = &self.decoder {
            let played = decoder.stats();
            stats.receive_late = played.late;
            stats.played_ms = played.played_ms + played.concealed_ms;
            stats.concealed_ms = played.concealed_ms;
            stats.buffer_ms = played.target_ms;
        }
    }

    fn measure_sent(&mut self) {
        let stats = &mut self.stats;
        let sent = self.outgoing.sender.state();
        stats.send_packets = sent.packets;
        stats.send_octets = sent.octets;
        if let Some(report) = self.reporter.peer_report() {
            stats.send_lost = u64::try_from(report.cumulative_lost).unwrap_or(0);
            stats.send_lost_ratio = report.lost_ratio;
            stats.send_jitter_ms = report.jitter_ms;
            stats.rtt_ms = report
                .round_trip
                .map_or(f64::NAN, |trip| trip.as_secs_f64() * 1000.0);
        }
    }
}
