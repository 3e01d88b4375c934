//! Reads captures of either order of octets, of micro- and nanoseconds, from Ethernet (VLANs as well), raw IP, Linux'
//! "any" and loopback. What is no whole UDP datagram is passed over and counted.

use std::io::Read;
use std::time::Duration;

use super::datagram::udp_of;
use super::{CAPTURED_MAX, Captured, PcapError};

const MAGIC_MICROSECONDS: u32 = 0xa1b2_c3d4;
const MAGIC_NANOSECONDS: u32 = 0xa1b2_3c4d;
const MAGIC_PCAPNG: u32 = 0x0a0d_0d0a;

const ETHER_IPV4: u16 = 0x0800;
const ETHER_IPV6: u16 = 0x86dd;
const ETHER_VLANS: [u16; 2] = [0x8100, 0x88a8];

/// Two in a row is what networks have.
const VLANS_MAX: usize = 2;

/// What stands before the IP header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LinkType {
    Loopback,
    Ethernet,
    RawIp,
    LinuxAny,
    LinuxAny2,
}

/// Reads one capture; an iterator over its datagrams.
#[derive(Debug)]
pub struct PcapReader<R> {
    input: R,
    link: LinkType,
    is_big_endian: bool,
    has_nanoseconds: bool,
    passed_over: u64,
    is_over: bool,
}

impl<R: Read> PcapReader<R> {
    /// Reads the beginning.
    ///
    /// # Errors
    /// When it is none of a capture that can be read.
    pub fn new(mut input: R) -> Result<Self, PcapError> {
        let mut header = [0; 24];
        input.read_exact(&mut header)?;
        let magic: [u8; 4] = header[..4].try_into().expect("four octets");
        let (little, big) = (u32::from_le_bytes(magic), u32::from_be_bytes(magic));
        let (is_big_endian, has_nanoseconds) = match (little, big) {
            (MAGIC_MICROSECONDS, _) => (false, false),
            (MAGIC_NANOSECONDS, _) => (false, true),
            (_, MAGIC_MICROSECONDS) => (true, false),
            (_, MAGIC_NANOSECONDS) => (true, true),
            (MAGIC_PCAPNG, _) => return Err(PcapError::PcapNg),
            _ => return Err(PcapError::NotPcap(magic)),
        };
        // The upper bits say how long a frame check sequence is.
        let link = match number(&header[20..24], is_big_endian) & 0xffff {
            0 | 108 => LinkType::Loopback,
            1 => LinkType::Ethernet,
            12 | 14 | 101 | 228 | 229 => LinkType::RawIp,
            113 => LinkType::LinuxAny,
            276 => LinkType::LinuxAny2,
            other => return Err(PcapError::UnknownLink(other)),
        };
        Ok(Self {
            input,
            link,
            is_big_endian,
            has_nanoseconds,
            passed_over: 0,
            is_over: false,
        })
    }

    /// Packets that were no whole UDP datagrams, so far.
    #[must_use]
    pub fn passed_over(&self) -> u64 {
        self.passed_over
    }

    fn read(&mut self) -> Result<Option<Captured>, PcapError> {
        loop {
            let Some((at, packet)) = self.read_packet()? else {
                return Ok(None);
            };
            let datagram = self.link.ip_of(&packet).and_then(udp_of);
            if let Some((from, to, payload)) = datagram {
                let payload = payload.to_vec();
                return Ok(Some(Captured {
                    at,
                    from,
                    to,
                    payload,
                }));
            }
            self.passed_over += 1;
        }
    }

    fn read_packet(&mut self) -> Result<Option<(Duration, Vec<u8>)>, PcapError> {
        let mut header = [0; 16];
        // A capture may end after a packet, and nowhere else.
        if self.input.read(&mut header[..1])? == 0 {
            return Ok(None);
        }
        self.input.read_exact(&mut header[1..])?;
        let field = |at: usize| number(&header[at..at + 4], self.is_big_endian);
        let nanoseconds = match self.has_nanoseconds {
            true => u64::from(field(4)),
            false => u64::from(field(4)) * 1000,
        };
        let at = Duration::from_secs(field(0).into()) + Duration::from_nanos(nanoseconds);
        let octets = field(8);
        if octets > CAPTURED_MAX {
            return Err(PcapError::TooLong(octets));
        }
        let mut packet = vec![0; octets as usize];
        self.input.read_exact(&mut packet)?;
        Ok(Some((at, packet)))
    }
}

impl<R: Read> Iterator for PcapReader<R> {
    type Item = Result<Captured, PcapError>;

    /// The next datagram. After an error there is nothing more.
    fn next(&mut self) -> Option<Self::Item> {
        if self.is_over {
            return None;
        }
        let next = self.read().transpose();
        self.is_over = !matches!(next, Some(Ok(_)));
        next
    }
}

impl LinkType {
    fn ip_of(self, packet: &[u8]) -> Option<&[u8]> {
        match self {
            LinkType::RawIp => Some(packet),
            LinkType::Loopback => packet.get(4..),
            LinkType::Ethernet => in_ethernet(packet.get(12..)?),
            LinkType::LinuxAny => in_ethernet(packet.get(14..)?),
            LinkType::LinuxAny2 => {
                let protocol = u16::from_be_bytes(*packet.first_chunk()?);
                is_ip(protocol).then(|| packet.get(20..)).flatten()
            }
        }
    }
}

/// What follows the addresses: VLAN tags, a protocol, and its packet.
fn in_ethernet(mut rest: &[u8]) -> Option<&[u8]> {
    for _ in 0..=VLANS_MAX {
        let protocol = u16::from_be_bytes(*rest.first_chunk()?);
        if is_ip(protocol) {
            return rest.get(2..);
        }
        if !ETHER_VLANS.contains(&protocol) {
            return None;
        }
        rest = rest.get(4..)?;
    }
    None
}

fn is_ip(protocol: u16) -> bool {
    protocol == ETHER_IPV4 || protocol == ETHER_IPV6
}

fn number(octets: &[u8], is_big_endian: bool) -> u32 {
    let octets: [u8; 4] = octets.try_into().expect("four octets");
    match is_big_endian {
        true => u32::from_be_bytes(octets),
        false => u32::from_le_bytes(octets),
    }
}
