//! The floor: a relay that takes a packet, sends it on, and does nothing else. It has no figure to keep, nobody to
//! suspect, and knows every address beforehand: what it costs, no relay that waits for packets one by one can undercut.

use std::io;
use std::net::{Ipv4Addr, UdpSocket};

use crate::machine::{Readiness, allow_descriptors, end_after, now_ns};
use crate::options::Options;

const BUFFER_OCTETS: usize = 2048;

/// For phones as `generate` has them from port `phones-from` on; tells the ports that it takes their packets on.
pub fn run(options: &Options) -> Result<(), String> {
    let calls: u16 = options.required("calls")?;
    let phones_from: u16 = options.required("phones-from")?;
    let lifetime = options.seconds("seconds")?;
    end_after(2 * lifetime);
    let sides = usize::from(calls) * 2;
    if usize::from(phones_from) + 2 * sides > 65_536 {
        return Err(format!("{calls} calls from port {phones_from}: too many"));
    }
    let relay = Relay::open(sides, phones_from).map_err(|error| error.to_string())?;
    println!("{{\"event\": \"ready\", \"ports\": {:?}}}", relay.ports);
    let ends_at = now_ns() + u64::try_from(lifetime.as_nanos()).unwrap_or(u64::MAX / 2);
    relay.run(ends_at);
    Ok(())
}

struct Relay {
    sockets: Vec<UdpSocket>,
    ports: Vec<u16>,
    readiness: Readiness,
}

impl Relay {
    fn open(sides: usize, phones_from: u16) -> io::Result<Self> {
        allow_descriptors()?;
        let mut sockets = Vec::with_capacity(sides);
        let mut ports = Vec::with_capacity(sides);
        for side in 0..sides {
            let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
            let phone =
                phones_from + 2 * u16::try_from(side).expect("the caller counted the ports");
            // Connected: the kernel looks the way up once.
            socket.connect((Ipv4Addr::LOCALHOST, phone))?;
            socket.set_nonblocking(true)?;
            ports.push(socket.local_addr()?.port());
            sockets.push(socket);
        }
        let readiness = Readiness::of(&sockets)?;
        Ok(Self {
            sockets,
            ports,
            readiness,
        })
    }

    fn run(mut self, ends_at_ns: u64) {
        let mut buffer = [0; BUFFER_OCTETS];
        loop {
            let now = now_ns();
            if now >= ends_at_ns {
                return;
            }
            for &place in self.readiness.wait(ends_at_ns - now) {
                // An error is a phone's closed port, told by ICMP: the next packet will tell again.
                if let Ok(octets) = self.sockets[place].recv(&mut buffer) {
                    let _ = self.sockets[place ^ 1].send(&buffer[..octets]);
                }
            }
        }
    }
}
