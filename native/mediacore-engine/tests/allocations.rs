//! Nothing is allocated on a packet's way: a real engine on loopback under an allocator that counts what every thread but the
//! test's own asks for. A media thread may allocate when a leg comes or goes, or changes; so the counting begins after that.
//!
//! One test, since whatever ran beside it would be counted too.

#![allow(
    clippy::disallowed_methods,
    reason = "the phones' sockets are the test's"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::net::UdpSocket;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use mediacore_engine::srtp::{MasterKey, Protector, Suite};
use mediacore_engine::{
    ConferenceOptions, Engine, EngineConfig, Format, Formats, LegId, LegParams, MemberOptions,
    OpenedLeg, Opening, SrtpParams,
};

struct Counting;

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

thread_local! {
    /// The test makes packets, which allocates.
    static IS_TEST: Cell<bool> = const { Cell::new(false) };
}

fn count() {
    // A thread that is ending has no such value any more, and is not the test.
    if !IS_TEST.try_with(Cell::get).unwrap_or(false) {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
    }
}

// SAFETY: every call goes to the system's allocator as it came; counting allocates nothing, for the thread's value is const.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: as the caller promised us.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // Giving back takes as long as taking.
        count();
        // SAFETY: as the caller promised us.
        unsafe { System.dealloc(memory, layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, octets: usize) -> *mut u8 {
        count();
        // SAFETY: as the caller promised us.
        unsafe { System.realloc(memory, layout, octets) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Sent by each phone before counting, so that what fills up to its size has done so; and while it counts. The second is longer than
/// it takes to the first report (RFC 3550 6.2: at most 3.1 seconds), at a packet each 10 ms.
const WARM_UP_PACKETS: u16 = 50;
const COUNTED_PACKETS: u16 = 300;

const SUITE: Suite = Suite::AesCm128HmacSha1_80;

fn key() -> MasterKey {
    let octets = vec![7; SUITE.key_octets() + SUITE.salt_octets()];
    MasterKey::new(SUITE, &octets).expect("the suite's length")
}

/// Somebody who sends to one leg.
struct Phone {
    socket: UdpSocket,
    leg: OpenedLeg,
    protector: Option<Protector>,
    payload_type: u8,
}

impl Phone {
    fn open(engine: &Engine, codec: (&str, u8), is_sealed: bool, near: Option<LegId>) -> Phone {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a free port");
        socket.set_nonblocking(true).expect("a socket of ours");
        let format = |(name, payload_type): (&str, u8)| Format {
            payload_type,
            codec: engine.codecs().number(name).expect("one of the fixed ones"),
            clock_rate_hz: 8000,
        };
        let formats = Formats::new([codec, ("telephone-event/8000", 101)].map(format).to_vec());
        let params = LegParams {
            remote: Some(socket.local_addr().expect("it is bound")),
            receive_formats: formats.clone(),
            formats,
            rtcp_mux: true,
            srtp: is_sealed.then(|| SrtpParams::new(key(), vec![key()]).expect("one key")),
            report_every: Some(Duration::from_millis(500)),
            ..LegParams::default()
        };
        Phone {
            leg: engine
                .open_leg(params, Opening::AnyPort, near)
                .expect("a free port"),
            socket,
            protector: is_sealed.then(|| Protector::new(&key())),
            payload_type: codec.1,
        }
    }

    /// The packet of this number, as a bad path brings it: some are missing, some come twice, some out of order.
    fn send(&mut self, number: u16) {
        if number % 17 == 3 {
            return;
        }
        self.send_numbered(if number % 23 == 5 { number + 1 } else { number });
        // A stranger's, nonsense, a report that is none.
        self.send_raw(&[0x80, 0, 0]);
        self.send_raw(&[0x80, 201, 0, 9, 1, 2, 3, 4]);
        self.drain();
    }

    fn send_numbered(&mut self, number: u16) {
        // A digit of 100 ms now and then: three updates, three ends (RFC 4733).
        let (payload_type, payload, timestamp) = match number % 100 {
            step @ 50..=55 => {
                let end = if step >= 53 { 0x80 } else { 0 };
                let lasted = 160 * (u32::from(step) - 49).min(5);
                let event = vec![5, end | 10, (lasted >> 8) as u8, lasted as u8];
                (101, event, 160 * (u32::from(number) - u32::from(step) + 50))
            }
            _ => (
                self.payload_type,
                vec![number as u8; 160],
                160 * u32::from(number),
            ),
        };
        let mut packet = vec![0x80, payload_type];
        packet.extend(number.to_be_bytes());
        packet.extend(timestamp.to_be_bytes());
        packet.extend([0, 0, 0x12, 0x34]);
        packet.extend(payload);
        let octets = packet.len();
        if let Some(protector) = &mut self.protector {
            packet.resize(octets + 32, 0);
            // A number that comes twice is sealed once.
            let Ok(sealed) = protector.protect_rtp(&mut packet, octets) else {
                return;
            };
            packet.truncate(sealed);
        }
        self.send_raw(&packet);
    }

    fn send_raw(&self, datagram: &[u8]) {
        let _ = self.socket.send_to(datagram, self.leg.local);
    }

    /// Keeps the socket's queue short.
    fn drain(&self) {
        let mut datagram = [0; 2048];
        while self.socket.recv_from(&mut datagram).is_ok() {}
    }
}

/// All talk; in the second half of what is counted the first of many is silent for a while, and hears what all hear.
fn talk(engine: &Engine, phones: &mut [Phone], numbers: std::ops::Range<u16>) {
    for number in numbers {
        let is_silent = phones.len() > 2 && (200..300).contains(&number);
        let talking = phones.iter_mut().skip(usize::from(is_silent) * 2);
        talking.for_each(|phone| phone.send(number));
        // Faster than life, to be done in seconds: the frame clock has its own pace all the same.
        let _ = engine.wait_events(Duration::from_millis(10));
        drop(engine.poll_events());
    }
}

fn assert_no_allocation(what: &str, engine: &Engine, mut phones: Vec<Phone>) {
    talk(engine, &mut phones, 0..WARM_UP_PACKETS);
    let before = ALLOCATIONS.load(Ordering::SeqCst);
    talk(
        engine,
        &mut phones,
        WARM_UP_PACKETS..WARM_UP_PACKETS + COUNTED_PACKETS,
    );
    let count = ALLOCATIONS.load(Ordering::SeqCst) - before;
    let rows: Vec<_> = phones
        .iter()
        .map(|phone| engine.leg_stats(phone.leg.id).expect("an open leg"))
        .map(|row| mediacore_engine::LegStats::from_words(&row))
        .collect();
    for stats in &rows {
        assert!(
            stats.receive_packets > u64::from(COUNTED_PACKETS / 2),
            "{what}: {stats:?}"
        );
        assert!(
            stats.rejected_malformed > u64::from(COUNTED_PACKETS / 2),
            "{what}: {stats:?}"
        );
    }
    assert_eq!(
        count, 0,
        "{what}: allocations beside {} packets",
        rows[0].receive_packets
    );
    for phone in phones {
        engine.close_leg(phone.leg.id).expect("an open engine");
    }
}

#[test]
fn media_threads_allocate_nothing_for_packets_frames_reports_and_digits() {
    IS_TEST.set(true);
    let engine = Engine::start(EngineConfig {
        address: "127.0.0.1".parse().expect("an address"),
        ports: 40_000..60_000,
        threads: Some(1),
        dscp: 46,
    });
    let engine = engine.expect("threads and sockets");
    let to_begin_with = ALLOCATIONS.load(Ordering::SeqCst);
    assert!(
        to_begin_with > 0,
        "threads that start allocate: else nothing is counted at all"
    );
    let (mu_law, a_law) = (("PCMU/8000", 0), ("PCMA/8000", 8));
    for (what, codecs, is_sealed) in [
        ("forwarded", (mu_law, mu_law), false),
        ("transcoded", (mu_law, a_law), false),
        ("SRTP to RTP", (mu_law, mu_law), true),
        ("SRTP, transcoded", (mu_law, a_law), true),
    ] {
        let a = Phone::open(&engine, codecs.0, is_sealed, None);
        let b = Phone::open(&engine, codecs.1, false, Some(a.leg.id));
        engine.bridge(a.leg.id, b.leg.id).expect("two open legs");
        assert_no_allocation(what, &engine, vec![a, b]);
    }
    let room = engine.open_conference(
        ConferenceOptions {
            members_max: 6,
            loudest: None,
        },
        None,
    );
    let room = room.expect("an open engine");
    let phones: Vec<_> = (0..6)
        .map(|number| Phone::open(&engine, [mu_law, a_law][number % 2], number == 0, None))
        .collect();
    for phone in &phones {
        engine
            .join(room, phone.leg.id, MemberOptions::default())
            .expect("there is room");
    }
    assert_no_allocation("a conference", &engine, phones);
}
