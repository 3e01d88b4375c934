//! Members of one conference: each sends a G.711 packet of noise every 20 ms, and counts what the room sends it.

use std::io;
use std::time::Duration;

use mediacore_rtp::packet::HEADER_OCTETS;
use mediacore_rtp::{PayloadType, RtpHeader, RtpPacket, Ssrc, is_rtcp};

use crate::generate::{BUFFER_OCTETS, BURST, Phone, TAIL, frames, opened, tell};
use crate::hearing::Hearing;
use crate::machine::{Readiness, now_ns};
use crate::options::Options;
use crate::pace::Pace;
use crate::stamp::{PACKET_OCTETS, PAYLOAD_OCTETS};
use crate::tally::{LIMIT_NS, percentile};
use crate::voice::Voices;

/// Member `i` has RTP port `first-port + 2 i` and sends to line `i` of standard input.
pub fn run(options: &Options) -> Result<(), String> {
    let members: u32 = options.required("members")?;
    let (settle, measure) = (options.seconds("settle")?, options.seconds("measure")?);
    let (phones, targets) = opened(options, members)?;
    let mut room = Room {
        phones: &phones,
        readiness: Readiness::of(phones.iter().map(|phone| &phone.rtp))
            .map_err(|error| error.to_string())?,
        voices: Voices::new(),
        hearing: Hearing::new(members, frames(measure)),
        is_measuring: false,
        send_late_ns: Vec::new(),
    };
    room.run(&targets, members, settle, measure)
        .map_err(|error| error.to_string())?;
    println!("{}", room.result(members, measure));
    Ok(())
}

struct Room<'a> {
    phones: &'a [Phone],
    readiness: Readiness,
    voices: Voices,
    hearing: Hearing,
    is_measuring: bool,
    /// How long after it was due each measured packet left.
    send_late_ns: Vec<u64>,
}

impl Room<'_> {
    fn run(
        &mut self,
        targets: &[std::net::SocketAddr],
        members: u32,
        settle: Duration,
        measure: Duration,
    ) -> io::Result<()> {
        let (first, end) = (frames(settle), frames(settle) + frames(measure));
        let mut pace = Pace::new(members, now_ns());
        while pace.next().number < end + frames(TAIL) {
            self.send_due(&mut pace, targets);
            let next = pace.next();
            let is_measuring = (first..end).contains(&next.number);
            if is_measuring != self.is_measuring {
                self.is_measuring = is_measuring;
                tell(if is_measuring {
                    "measuring"
                } else {
                    "measured"
                });
            }
            self.receive(next.at_ns.saturating_sub(now_ns()));
        }
        Ok(())
    }

    fn send_due(&mut self, pace: &mut Pace, targets: &[std::net::SocketAddr]) {
        for _ in 0..BURST {
            let due = pace.next();
            let now = now_ns();
            if due.at_ns > now {
                return;
            }
            let packet = packet(
                due.stream,
                due.number,
                self.voices.frame(due.stream, due.number),
            );
            let from = due.stream as usize;
            // What the kernel refuses is missing in the room, and nobody there is to blame: the lateness tells.
            let _ = self.phones[from].rtp.send_to(&packet, targets[from]);
            if self.is_measuring {
                self.send_late_ns.push(now - due.at_ns);
            }
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
            if !self.is_measuring {
                continue;
            }
            let datagram = &buffer[..octets];
            match RtpPacket::parse(datagram) {
                Ok(packet) if !is_rtcp(datagram) && packet.payload.len() == PAYLOAD_OCTETS => {
                    let member = u32::try_from(place).expect("members have numbers of 32 bits");
                    let is_mix = self.voices.is_mix(packet.payload);
                    self.hearing
                        .arrived(member, packet.header.sequence, now_ns(), is_mix);
                }
                _ => self.hearing.stray(),
            }
        }
    }

    fn result(mut self, members: u32, measure: Duration) -> String {
        self.send_late_ns.sort_unstable();
        let late_ns = percentile(&self.send_late_ns, 99);
        self.hearing
            .result()
            .json(members, measure.as_secs_f64(), late_ns, late_ns > LIMIT_NS)
    }
}

fn packet(member: u32, number: u32, payload: &[u8; PAYLOAD_OCTETS]) -> [u8; PACKET_OCTETS] {
    let mut out = [0; PACKET_OCTETS];
    let header = RtpHeader {
        payload_type: PayloadType(0),
        marker: number == 0,
        sequence: number as u16,
        timestamp: number.wrapping_mul(PAYLOAD_OCTETS as u32),
        ssrc: Ssrc(0x5eed_0000 + member),
    };
    header.write(&mut out);
    out[HEADER_OCTETS..].copy_from_slice(payload);
    out
}
