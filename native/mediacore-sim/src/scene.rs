//! A whole run: phones, their links and the engine's core under one clock. The same seed and the same calls give the same
//! run, octet by octet. When a test panics, the scene prints its seed and the last things that happened.
//!
//! One step goes to the next moment at which anything is due, and does all of it in a fixed order: datagrams that arrive,
//! phones in the order in which they were added, the engine.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use mediacore_audio::Codec;
use mediacore_engine::{
    Channel, CodecBook, Event, Format, Formats, LegParams, LegStats, ManualThread, Output, Seeds,
};

use crate::clock::ManualClock;
use crate::link::{Link, Passage};
use crate::pcap::{Captured, PcapWriter};
use crate::phone::{Phone, PhoneConfig};
use crate::random::Random;
use crate::talker::{EVENT_PAYLOAD_TYPE, NOISE_PAYLOAD_TYPE};
use crate::timeline::{Digest, Entry, Timeline};

/// Where the clock begins: not at zero, where a lost origin would not show.
const BEGINS_AT: Duration = Duration::from_secs(1000);

/// The wall clock's time at the clock's zero.
const UNIX_OFFSET: Duration = Duration::from_secs(1_700_000_000);

/// Ports of the engine's legs begin here; addresses are of documentation (RFC 5737).
const FIRST_PORT: u16 = 20_000;
const ENGINE_HOST: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 1);

/// One phone of a scene.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PhoneId(usize);

/// A run.
#[derive(Debug)]
pub struct Scene {
    random: Random,
    clock: ManualClock,
    thread: ManualThread,
    codecs: CodecBook,
    phones: Vec<Phone>,
    under_way: BinaryHeap<Reverse<UnderWay>>,
    // Of datagrams that arrive at the same moment, the one sent first is first.
    sent: u64,
    astray: Vec<SocketAddr>,
    events: Vec<(Duration, Event)>,
    timeline: Timeline,
    capture: Option<PcapWriter<Vec<u8>>>,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct UnderWay {
    arrives_at: Duration,
    number: u64,
    phone: usize,
    is_to_engine: bool,
    datagram: Vec<u8>,
}

impl Scene {
    /// Nobody is there.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            random: Random::new(seed),
            clock: ManualClock::new(BEGINS_AT),
            thread: ManualThread::new(UNIX_OFFSET),
            codecs: CodecBook::default(),
            phones: Vec::new(),
            under_way: BinaryHeap::new(),
            sent: 0,
            astray: Vec::new(),
            events: Vec::new(),
            timeline: Timeline::new(seed, BEGINS_AT),
            capture: None,
        }
    }

    /// Adds a phone, and opens a leg for it.
    ///
    /// # Panics
    /// Beyond two hundred: their addresses have one host each.
    pub fn add(&mut self, config: &PhoneConfig) -> PhoneId {
        let number = self.phones.len();
        let host = u8::try_from(number + 1).ok().filter(|host| *host <= 200);
        let host = Ipv4Addr::new(192, 0, 2, host.expect("at most two hundred phones"));
        let address = SocketAddr::from((host, 4000));
        let leg_address = SocketAddr::from((ENGINE_HOST, FIRST_PORT + 2 * number as u16));
        let random = self.random.fork(&format!("phone {number}"));
        let mut drawn = random.fork("leg");
        let seeds = Seeds {
            ssrc: drawn.next_u64() as u32,
            sequence: drawn.next_u64() as u16,
            timestamp: drawn.next_u64() as u32,
            reports: drawn.next_u64(),
        };
        let now = self.now();
        let leg = self.thread.open(self.params(config, address), seeds, now);
        let phone = Phone::new(config, (address, leg_address), leg, &random, now);
        self.phones.push(phone);
        PhoneId(number)
    }

    /// Lets two phones hear each other; a phone and itself is an echo.
    pub fn bridge(&mut self, a: PhoneId, b: PhoneId) {
        let (a, b) = (self.phones[a.0].leg, self.phones[b.0].leg);
        self.thread.connect(a, b, self.clock.now());
    }

    /// Lets so much time pass.
    pub fn run(&mut self, span: Duration) {
        let until = self.now() + span;
        while let Some(at) = self.next_timeout().filter(|at| *at <= until) {
            self.clock.advance_to(at);
            self.step();
        }
        self.clock.advance_to(until);
    }

    /// The moment.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.clock.now()
    }

    /// The moment on the wall clock, as captures have it.
    #[must_use]
    pub fn unix(&self) -> Duration {
        UNIX_OFFSET + self.clock.now()
    }

    /// A phone.
    #[must_use]
    pub fn phone(&self, phone: PhoneId) -> &Phone {
        &self.phones[phone.0]
    }

    /// A phone, to be told something.
    pub fn phone_mut(&mut self, phone: PhoneId) -> &mut Phone {
        &mut self.phones[phone.0]
    }

    /// The engine's core, to be told something.
    pub fn thread_mut(&mut self) -> &mut ManualThread {
        &mut self.thread
    }

    /// What the engine measured of a phone's leg.
    pub fn stats(&mut self, phone: PhoneId) -> LegStats {
        let (leg, now) = (self.phones[phone.0].leg, self.now());
        self.thread.stats(leg, now)
    }

    /// What the engine told of a phone's leg, and when.
    pub fn events(&self) -> &[(Duration, Event)] {
        &self.events
    }

    /// Where datagrams of the engine went to that no phone has the address of.
    #[must_use]
    pub fn astray(&self) -> &[SocketAddr] {
        &self.astray
    }

    /// Lets a datagram come to a phone's leg at once, from anybody.
    pub fn inject(
        &mut self,
        phone: PhoneId,
        channel: Channel,
        from: SocketAddr,
        datagram: Vec<u8>,
    ) {
        let (leg, to) = (self.phones[phone.0].leg, self.phones[phone.0].leg_address);
        let what = Digest::of(&datagram);
        self.note(Entry::Intruded { from, what });
        self.capture(from, to, &datagram);
        let now = self.now();
        self.thread.receive(leg, channel, datagram, from, now);
        self.deliver();
    }

    /// Sends captured datagrams through a phone's link as they were sent, the first one now.
    pub fn replay(&mut self, phone: PhoneId, captured: &[Captured]) {
        let Some(first) = captured.first() else {
            return;
        };
        let now = self.now();
        for datagram in captured {
            let sent_at = now + datagram.at.saturating_sub(first.at);
            self.send_up(phone.0, datagram.payload.clone(), sent_at);
        }
    }

    /// Keeps every datagram that comes to the engine or leaves it, from now on.
    pub fn start_capture(&mut self) {
        let capture = PcapWriter::new(Vec::new());
        self.capture = Some(capture.expect("memory can be written"));
    }

    /// The capture so far, a pcap file.
    #[must_use]
    pub fn captured(&self) -> &[u8] {
        self.capture
            .as_ref()
            .map_or(&[], |capture| capture.get_ref())
    }

    /// Adds a line to what is printed when a test fails.
    pub fn remark(&mut self, text: &str) {
        self.note(Entry::Note(text.to_owned()));
    }

    /// The last things that happened.
    #[must_use]
    pub fn timeline(&self) -> &Timeline {
        &self.timeline
    }

    fn params(&self, config: &PhoneConfig, address: SocketAddr) -> LegParams {
        let codec = match config.codec {
            Codec::Pcmu => ("PCMU/8000", 0),
            Codec::Pcma => ("PCMA/8000", 8),
        };
        let agreed = [
            codec,
            ("telephone-event/8000", EVENT_PAYLOAD_TYPE),
            ("CN/8000", NOISE_PAYLOAD_TYPE),
        ];
        let format = |(name, payload_type): (&str, u8)| Format {
            payload_type,
            codec: self.codecs.number(name).expect("there is room for three"),
            clock_rate_hz: 8000,
        };
        let formats = Formats::new(agreed.map(format).to_vec());
        LegParams {
            remote: Some(address),
            receive_formats: formats.clone(),
            formats,
            ptime_ms: config.ptime_ms,
            rtcp_mux: true,
            ..LegParams::default()
        }
    }

    fn next_timeout(&self) -> Option<Duration> {
        let arrival = self.under_way.peek().map(|Reverse(next)| next.arrives_at);
        let phones = self.phones.iter().map(Phone::next_timeout);
        let engine = self.thread.next_timeout();
        phones.chain(arrival).chain(engine).min()
    }

    fn step(&mut self) {
        let now = self.now();
        while let Some(arrived) = self.next_arrival(now) {
            self.arrive(arrived);
        }
        for phone in 0..self.phones.len() {
            self.phones[phone].handle_timeout(now, UNIX_OFFSET + now);
            while let Some(datagram) = self.phones[phone].poll() {
                self.send_up(phone, datagram, now);
            }
        }
        self.thread.handle_timeout(now);
        self.deliver();
    }

    /// The next datagram, once its moment has come.
    fn next_arrival(&mut self, now: Duration) -> Option<UnderWay> {
        let Reverse(next) = self.under_way.peek()?;
        if next.arrives_at > now {
            return None;
        }
        self.under_way.pop().map(|Reverse(next)| next)
    }

    fn arrive(&mut self, arrived: UnderWay) {
        let now = self.now();
        let UnderWay {
            phone, datagram, ..
        } = arrived;
        if !arrived.is_to_engine {
            self.phones[phone].receive(&datagram, now, UNIX_OFFSET + now);
            return;
        }
        let Phone {
            address,
            leg,
            leg_address,
            ..
        } = self.phones[phone];
        self.capture(address, leg_address, &datagram);
        self.thread
            .receive(leg, Channel::Rtp, datagram, address, now);
        self.deliver();
    }

    /// Performs what the engine wants done.
    fn deliver(&mut self) {
        let now = self.now();
        while let Some(output) = self.thread.poll() {
            match output {
                Output::Event(event) => {
                    self.note(Entry::Told(event));
                    self.events.push((now, event));
                }
                Output::Transmit {
                    leg, datagram, to, ..
                } => {
                    let by_leg = |phone: &Phone| phone.leg == leg;
                    let phone = self.phones.iter().position(by_leg);
                    self.send_down(phone.expect("every leg has a phone"), datagram, to);
                }
            }
        }
    }

    fn send_up(&mut self, phone: usize, datagram: Vec<u8>, sent_at: Duration) {
        let Phone {
            address,
            leg_address,
            ..
        } = self.phones[phone];
        let passage = self.phones[phone].up.pass(datagram.len(), sent_at);
        self.send((address, leg_address), passage, (phone, true), datagram);
    }

    fn send_down(&mut self, phone: usize, datagram: Vec<u8>, to: SocketAddr) {
        let now = self.now();
        let from = self.phones[phone].leg_address;
        self.capture(from, to, &datagram);
        if self.phones[phone].address != to {
            self.astray.push(to);
            return;
        }
        let down: &mut Link = &mut self.phones[phone].down;
        let passage = down.pass(datagram.len(), now);
        self.send((from, to), passage, (phone, false), datagram);
    }

    fn send(
        &mut self,
        (from, to): (SocketAddr, SocketAddr),
        passage: Passage,
        (phone, is_to_engine): (usize, bool),
        datagram: Vec<u8>,
    ) {
        self.note(Entry::Sent {
            from,
            to,
            what: Digest::of(&datagram),
            arrives_at: passage.arrivals().next(),
        });
        for arrives_at in passage.arrivals() {
            self.sent += 1;
            self.under_way.push(Reverse(UnderWay {
                arrives_at,
                number: self.sent,
                phone,
                is_to_engine,
                datagram: datagram.clone(),
            }));
        }
    }

    fn capture(&mut self, from: SocketAddr, to: SocketAddr, datagram: &[u8]) {
        let at = UNIX_OFFSET + self.clock.now();
        if let Some(capture) = &mut self.capture {
            let written = capture.write(at, from, to, datagram);
            written.expect("memory can be written, and datagrams here are short and of one family");
        }
    }

    fn note(&mut self, entry: Entry) {
        self.timeline.push(self.clock.now(), entry);
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", self.timeline);
        }
    }
}
