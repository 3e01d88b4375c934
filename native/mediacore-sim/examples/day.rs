//! Twenty-four hours of one call in simulated time: `cargo run --release -p mediacore-sim --example day [HOURS]`.
//!
//! Five callers whose clocks are up to 500 ppm off speak PCMU through the engine to five who hear PCMA, over a path with jitter and
//! loss; sequence and timestamps wrap, once in an hour each caller becomes another source, and each minute has its pause. Prints each
//! hour's delay, what was made up, and the memory of the process: none of them may grow.

use std::net::SocketAddr;
use std::time::Duration;
use std::{env, fs};

use mediacore_engine::{
    Channel, CodecBook, Format, Formats, LegId, LegParams, ManualThread, Output, Seeds,
};
use mediacore_rtp::packet::HEADER_OCTETS;
use mediacore_rtp::{PayloadType, RtpHeader, Ssrc};
use mediacore_sim::{DriftingClock, Jitter, Link, LinkConfig, Loss, Passage, Random};

const DRIFTS_PPM: [i32; 5] = [-500, -200, 0, 200, 500];
const PACKET: Duration = Duration::from_millis(20);
const PACKETS_PER_HOUR: u32 = 180_000;
const PACKETS_PER_MINUTE: u32 = 3_000;
const PAUSE_PACKETS: u32 = 150;
const UNIX_OFFSET: Duration = Duration::from_secs(1_700_000_000);
const BEGINS_AT: Duration = Duration::from_secs(1000);
const FROM: ([u8; 4], u16) = ([192, 0, 2, 1], 4000);

struct Caller {
    leg: LegId,
    clock: DriftingClock,
    link: Link,
    packet: u32,
    /// The next one's arrival; none: lost.
    arrives_at: Option<Duration>,
}

impl Caller {
    fn sent_at(&self) -> Duration {
        self.clock.moment(PACKET * self.packet)
    }

    /// When there is something to do with it.
    fn next(&self) -> Duration {
        self.arrives_at.unwrap_or_else(|| self.sent_at())
    }

    /// What it sends, or nothing in its pause.
    fn datagram(&self) -> Option<Vec<u8>> {
        if self.packet % PACKETS_PER_MINUTE < PAUSE_PACKETS {
            return None;
        }
        // Silence suppression: numbers go on after the pause where they were, the timestamp does not.
        let paused = (self.packet / PACKETS_PER_MINUTE + 1) * PAUSE_PACKETS;
        let header = RtpHeader {
            payload_type: PayloadType(0),
            marker: false,
            sequence: (self.packet - paused) as u16,
            timestamp: self.packet.wrapping_mul(160).wrapping_sub(50_000),
            ssrc: Ssrc(self.packet / PACKETS_PER_HOUR),
        };
        let mut datagram = vec![0; HEADER_OCTETS];
        header.write(&mut datagram);
        // A square wave of 100 Hz: something with a period.
        datagram.extend((0..160).map(|n| if n % 80 < 40 { 0x20 } else { 0xa0 }));
        Some(datagram)
    }
}

fn main() {
    let hours: u32 = env::args()
        .nth(1)
        .map_or(24, |hours| hours.parse().expect("a number of hours"));
    let codecs = CodecBook::default();
    let formats = |name: &str, payload_type| {
        let codec = codecs.number(name).expect("there is room");
        Formats::new(vec![Format {
            payload_type,
            codec,
            clock_rate_hz: 8000,
        }])
    };
    let (pcmu, pcma) = (formats("PCMU/8000", 0), formats("PCMA/8000", 8));
    let mut thread = ManualThread::new(UNIX_OFFSET);
    let random = Random::new(1);
    let link = LinkConfig {
        jitter: Jitter::Uniform {
            max: Duration::from_millis(20),
        },
        loss: Loss::bursts(0.005, 2.0),
        ..LinkConfig::of_delay(Duration::from_millis(30))
    };
    let mut callers = Vec::new();
    for (n, drift_ppm) in DRIFTS_PPM.into_iter().enumerate() {
        let mut open = |formats: &Formats| {
            let params = LegParams {
                remote: Some(SocketAddr::from(FROM)),
                receive_formats: formats.clone(),
                formats: formats.clone(),
                ..LegParams::default()
            };
            let seeds = Seeds {
                ssrc: 7,
                sequence: 65_000,
                timestamp: u32::MAX - 5,
                reports: 3,
            };
            thread.open(params, seeds, BEGINS_AT)
        };
        let (leg, hearer) = (open(&pcmu), open(&pcma));
        thread.connect(leg, hearer, BEGINS_AT);
        callers.push(Caller {
            leg,
            clock: DriftingClock::new(BEGINS_AT, drift_ppm),
            link: Link::new(link.clone(), &random.fork(&n.to_string())),
            packet: 0,
            arrives_at: None,
        });
    }
    println!("hour  delay, ms: {DRIFTS_PPM:?} ppm  concealed, %  memory, kB");
    let mut before = vec![(0.0, 0.0); callers.len()];
    for hour in 1..=hours {
        run(
            &mut thread,
            &mut callers,
            BEGINS_AT + Duration::from_secs(3600) * hour,
        );
        print_hour(hour, &mut thread, &callers, &mut before);
    }
}

fn run(thread: &mut ManualThread, callers: &mut [Caller], until: Duration) {
    loop {
        let caller = callers.iter_mut().min_by_key(|caller| caller.next());
        let caller = caller.expect("there are five");
        let at = caller.next();
        let due_at = thread.next_timeout().unwrap_or(Duration::MAX);
        if at.min(due_at) > until {
            return;
        }
        if due_at < at {
            thread.handle_timeout(due_at);
        } else {
            step(thread, caller, at);
        }
        while let Some(output) = thread.poll() {
            drop::<Output>(output);
        }
    }
}

/// Sends the next packet, or lets the one under way arrive.
fn step(thread: &mut ManualThread, caller: &mut Caller, at: Duration) {
    let datagram = caller.datagram();
    if caller.arrives_at.take().is_none()
        && let Some(datagram) = &datagram
        && let Passage::Arrives(arrives_at) = caller.link.pass(datagram.len(), at)
    {
        caller.arrives_at = Some(arrives_at.max(at));
        return;
    }
    if let Some(datagram) = datagram.filter(|_| at > caller.sent_at()) {
        let from = SocketAddr::from(FROM);
        thread.receive(caller.leg, Channel::Rtp, datagram, from, at);
    }
    caller.packet += 1;
}

fn print_hour(hour: u32, thread: &mut ManualThread, callers: &[Caller], before: &mut [(f64, f64)]) {
    let now = BEGINS_AT + Duration::from_secs(3600) * hour;
    let mut delays = String::new();
    let mut concealed = String::new();
    for (caller, (played_ms, concealed_ms)) in callers.iter().zip(before) {
        let stats = thread.stats(caller.leg, now);
        let ratio = (stats.concealed_ms - *concealed_ms) / (stats.played_ms - *played_ms);
        delays += &format!("{:6.1}", stats.playout_delay_ms);
        concealed += &format!("{:6.2}", ratio * 100.0);
        (*played_ms, *concealed_ms) = (stats.played_ms, stats.concealed_ms);
    }
    println!("{hour:4} {delays} {concealed}  {}", memory_kb());
}

fn memory_kb() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let words = line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok());
    words.unwrap_or(0)
}
