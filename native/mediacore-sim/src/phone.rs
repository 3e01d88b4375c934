//! A phone at the far end of two links: talks, listens, and reports in RTCP (RFC 3550 6). Holds no socket.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

use mediacore_audio::Codec;
use mediacore_engine::LegId;
use mediacore_rtp::rtcp::Schedule;
use mediacore_rtp::{NtpTime, Reporter, Ssrc, is_rtcp};

use crate::link::{Link, LinkConfig};
use crate::listener::{Listener, ListenerConfig};
use crate::random::Random;
use crate::talker::{Talker, TalkerConfig};
use crate::voice::Voice;

/// Bits per second of G.711 with its headers, for the pace of reports.
const SESSION_BANDWIDTH_BPS: u32 = 80_000;

/// A phone and its way to the engine. What is none is drawn from the seed.
#[derive(Clone, Debug, PartialEq)]
pub struct PhoneConfig {
    /// What it says.
    pub voice: Voice,
    /// In which codec; it takes what is sent in that codec alone.
    pub codec: Codec,
    /// Audio in one packet.
    pub ptime_ms: u32,
    /// Comfort noise now and then instead of silence.
    pub suppresses_silence: bool,
    /// Its clock, for both directions: so many millionths too fast, or below zero too slow.
    pub drift_ppm: i32,
    /// The number of its first packet.
    pub first_sequence: Option<u16>,
    /// The timestamp of its first packet.
    pub first_timestamp: Option<u32>,
    /// Tones that it listens for, hertz.
    pub tones_hz: Vec<f64>,
    /// From it to the engine.
    pub up: LinkConfig,
    /// From the engine to it.
    pub down: LinkConfig,
}

impl Default for PhoneConfig {
    /// Says nothing in PCMU, over perfect wires.
    fn default() -> Self {
        Self {
            voice: Voice::Silent,
            codec: Codec::Pcmu,
            ptime_ms: 20,
            suppresses_silence: false,
            drift_ppm: 0,
            first_sequence: None,
            first_timestamp: None,
            tones_hz: Vec::new(),
            up: LinkConfig::default(),
            down: LinkConfig::default(),
        }
    }
}

/// One at work.
#[derive(Debug)]
pub struct Phone {
    /// Where it is.
    pub address: SocketAddr,
    /// Its leg.
    pub leg: LegId,
    /// Where its leg is.
    pub leg_address: SocketAddr,
    /// Its mouth.
    pub talker: Talker,
    /// Its ear.
    pub listener: Listener,
    pub(crate) up: Link,
    pub(crate) down: Link,
    reporter: Reporter,
    waiting: VecDeque<Vec<u8>>,
    rtcp_malformed: u64,
}

impl Phone {
    pub(crate) fn new(
        config: &PhoneConfig,
        addresses: (SocketAddr, SocketAddr),
        leg: LegId,
        random: &Random,
        now: Duration,
    ) -> Self {
        let mut drawn = random.fork("phone");
        // A phone answers at no particular moment of our frame.
        let begins_at = now + Duration::from_micros(drawn.below(20_000));
        let talker = TalkerConfig {
            voice: config.voice,
            codec: config.codec,
            ptime_ms: config.ptime_ms,
            suppresses_silence: config.suppresses_silence,
            drift_ppm: config.drift_ppm,
            ssrc: Ssrc(drawn.next_u64() as u32),
            first_sequence: config.first_sequence.unwrap_or(drawn.next_u64() as u16),
            first_timestamp: config.first_timestamp.unwrap_or(drawn.next_u64() as u32),
        };
        let listener = ListenerConfig {
            tones_hz: config.tones_hz.clone(),
            drift_ppm: config.drift_ppm,
        };
        let schedule = Schedule::new(SESSION_BANDWIDTH_BPS, drawn.next_u64(), now);
        Self {
            address: addresses.0,
            leg,
            leg_address: addresses.1,
            talker: Talker::new(talker, random, begins_at),
            listener: Listener::new(&listener, begins_at),
            up: Link::new(config.up.clone(), &random.fork("up")),
            down: Link::new(config.down.clone(), &random.fork("down")),
            reporter: Reporter::new("phone", schedule),
            waiting: VecDeque::new(),
            rtcp_malformed: 0,
        }
    }

    /// The link from it to the engine.
    #[must_use]
    pub fn up(&self) -> &Link {
        &self.up
    }

    /// The link from the engine to it.
    #[must_use]
    pub fn down(&self) -> &Link {
        &self.down
    }

    /// RTCP that it could not read.
    #[must_use]
    pub fn rtcp_malformed(&self) -> u64 {
        self.rtcp_malformed
    }

    /// Takes a datagram that came at `now`; `unix` is the same moment on the wall clock.
    pub(crate) fn receive(&mut self, datagram: &[u8], now: Duration, unix: Duration) {
        if !is_rtcp(datagram) {
            self.listener.receive(datagram, now);
            return;
        }
        let (sender, receiver) = (self.talker.sender(), self.listener.receiver_mut());
        let ntp = NtpTime::from_unix(unix);
        let received = self.reporter.receive(datagram, sender, receiver, ntp, now);
        self.rtcp_malformed += u64::from(received.is_err());
    }

    pub(crate) fn next_timeout(&self) -> Duration {
        let media = self.talker.next_timeout().min(self.listener.next_timeout());
        media.min(self.reporter.next_timeout())
    }

    pub(crate) fn handle_timeout(&mut self, now: Duration, unix: Duration) {
        self.talker.handle_timeout(now);
        self.waiting
            .extend(std::iter::from_fn(|| self.talker.poll()));
        self.listener.handle_timeout(now);
        let mut report = [0; Reporter::REPORT_OCTETS_MAX];
        let (sender, receiver) = (self.talker.sender(), self.listener.receiver_mut());
        let ntp = NtpTime::from_unix(unix);
        let octets = self
            .reporter
            .handle_timeout(sender, receiver, ntp, now, &mut report);
        self.waiting
            .extend(octets.map(|octets| report[..octets].to_vec()));
    }

    pub(crate) fn poll(&mut self) -> Option<Vec<u8>> {
        self.waiting.pop_front()
    }
}
