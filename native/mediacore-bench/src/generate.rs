//! Phones that send and count: two for each call, a G.711 packet each every 20 ms, the other's packets expected back.

use std::io::{self, BufRead};
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::Duration;

use crate::machine::{Readiness, allow_descriptors, end_after, now_ns, pin, wake_exactly};
use crate::options::Options;
use crate::pace::{FRAME_NS, Pace};
use crate::stamp::Stamp;
use crate::tally::Tally;

/// After the measured packets the streams go on for so long: what is still on its way meets the same load.
pub const TAIL: Duration = Duration::from_millis(500);
/// For opening sockets and reading targets (a relay sets its calls up meanwhile), before everything is given up.
const PREPARATION: Duration = Duration::from_secs(120);
/// Sent in one go before what has arrived is looked at, where the generator is behind.
pub const BURST: usize = 32;
/// Longer than any packet of ours.
pub const BUFFER_OCTETS: usize = 2048;

/// A phone's sockets: RTP, and RTCP so that reports to it do not come back as unreachable.
pub struct Phone {
    pub rtp: UdpSocket,
    _rtcp: UdpSocket,
}

/// Phone `i` has RTP port `first-port + 2 i` and sends to line `i` of standard input; phones `2 c` and `2 c + 1` are a call.
pub fn run(options: &Options) -> Result<(), String> {
    let calls: u32 = options.required("calls")?;
    let (settle, measure) = (options.seconds("settle")?, options.seconds("measure")?);
    let (phones, targets) = opened(options, calls.saturating_mul(2))?;
    let tally = Generator::new(&phones, &targets, frames(settle), frames(measure))
        .and_then(Generator::run)
        .map_err(|error| error.to_string())?;
    println!("{}", tally.result().json());
    Ok(())
}

/// So many phones with the options that all generators have, and where each is to send; they are told to be ready as
/// soon as their ports are open.
pub fn opened(options: &Options, count: u32) -> Result<(Vec<Phone>, Vec<SocketAddr>), String> {
    let first_port: u16 = options.required("first-port")?;
    end_after(PREPARATION + options.seconds("settle")? + options.seconds("measure")? + TAIL);
    if let Some(core) = options.optional("core")? {
        pin(core).map_err(|error| format!("core {core}: {error}"))?;
    }
    wake_exactly()
        .and_then(|()| allow_descriptors())
        .map_err(|error| format!("limits: {error}"))?;
    if count == 0 || count > 20_000 {
        return Err(format!("{count} phones: from 1 to 20000"));
    }
    let phones = open_phones(count, first_port)?;
    tell("ready");
    let targets = read_targets(io::stdin().lock())?;
    if targets.len() != phones.len() {
        return Err(format!(
            "{} targets for {} phones",
            targets.len(),
            phones.len()
        ));
    }
    Ok((phones, targets))
}

struct Generator<'a> {
    phones: &'a [Phone],
    targets: &'a [SocketAddr],
    readiness: Readiness,
    first: u32,
    end: u32,
    tally: Tally,
}

impl<'a> Generator<'a> {
    fn new(
        phones: &'a [Phone],
        targets: &'a [SocketAddr],
        settle: u32,
        measure: u32,
    ) -> io::Result<Self> {
        let measure = measure.max(1);
        let streams = u32::try_from(phones.len()).expect("a number that came from 32 bits");
        Ok(Self {
            phones,
            targets,
            readiness: Readiness::of(phones.iter().map(|phone| &phone.rtp))?,
            first: settle,
            end: settle + measure,
            tally: Tally::new(streams, settle, settle + measure),
        })
    }

    /// Sends and receives until the tail is over; tells when the measured part begins and ends.
    fn run(mut self) -> io::Result<Tally> {
        let streams = u32::try_from(self.phones.len()).expect("checked");
        let mut pace = Pace::new(streams, now_ns());
        let last = self.end + frames(TAIL);
        let mut told = 0;
        while pace.next().number < last {
            self.send_due(&mut pace);
            let next = pace.next();
            if told == 0 && next.number >= self.first {
                tell("measuring");
                told = 1;
            } else if told == 1 && next.number >= self.end {
                tell("measured");
                told = 2;
            }
            self.receive(next.at_ns.saturating_sub(now_ns()));
        }
        Ok(self.tally)
    }

    fn send_due(&mut self, pace: &mut Pace) {
        for _ in 0..BURST {
            let due = pace.next();
            let now = now_ns();
            if due.at_ns > now {
                return;
            }
            let stamp = Stamp {
                stream: due.stream,
                number: due.number,
                sent_at_ns: now,
            };
            let from = due.stream as usize;
            let accepted = self.phones[from]
                .rtp
                .send_to(&stamp.packet(), self.targets[from])
                .is_ok();
            self.tally.sent(due.number, now - due.at_ns, accepted);
            pace.advance();
        }
    }

    fn receive(&mut self, timeout_ns: u64) {
        let mut buffer = [0; BUFFER_OCTETS];
        for &place in self.readiness.wait_exactly(timeout_ns) {
            // One datagram a turn: a socket that has more is ready again, and a look in vain would cost as much.
            let Ok(octets) = self.phones[place].rtp.recv(&mut buffer) else {
                continue;
            };
            let now = now_ns();
            match Stamp::read(&buffer[..octets]) {
                // The two of a call differ in the last bit.
                Some(stamp) if stamp.stream as usize == place ^ 1 => {
                    let transit = now.saturating_sub(stamp.sent_at_ns);
                    self.tally.arrived(stamp.stream, stamp.number, transit);
                }
                _ => self.tally.stray(),
            }
        }
    }
}

fn open_phones(count: u32, first_port: u16) -> Result<Vec<Phone>, String> {
    (0..count)
        .map(|phone| {
            let port = u32::from(first_port) + 2 * phone;
            Ok(Phone {
                rtp: open(port)?,
                _rtcp: open(port + 1)?,
            })
        })
        .collect()
}

fn open(port: u32) -> Result<UdpSocket, String> {
    let number = u16::try_from(port).map_err(|_| format!("port {port}: there is none"))?;
    let opened = UdpSocket::bind((Ipv4Addr::LOCALHOST, number)).and_then(|socket| {
        socket.set_nonblocking(true)?;
        Ok(socket)
    });
    opened.map_err(|error| format!("port {port}: {error}"))
}

fn read_targets(input: impl BufRead) -> Result<Vec<SocketAddr>, String> {
    input
        .lines()
        .map(|line| {
            let line = line.map_err(|error| error.to_string())?;
            line.trim()
                .parse()
                .map_err(|_| format!("'{line}' is no address with a port"))
        })
        .collect()
}

/// Whole frames of 20 ms in this time.
pub fn frames(time: Duration) -> u32 {
    u32::try_from(time.as_nanos() / u128::from(FRAME_NS)).unwrap_or(u32::MAX / 4)
}

/// Says to whoever drives this how far it is.
pub fn tell(event: &str) {
    println!("{{\"event\": \"{event}\"}}");
}
