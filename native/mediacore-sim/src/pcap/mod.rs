//! Captures of UDP in the classic pcap format (draft-ietf-opsawg-pcap): a run can be opened in Wireshark, and a capture
//! of a real call can be sent through a run. Not pcapng: `editcap -F pcap` makes one of the other.

mod datagram;
mod read;
mod write;

use std::net::SocketAddr;
use std::time::Duration;
use std::{fmt, io};

pub use read::PcapReader;
pub use write::PcapWriter;

/// Packets longer than this are not believed: no link carries them.
const CAPTURED_MAX: u32 = 262_144;

/// One UDP datagram of a capture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Captured {
    /// Since the Unix epoch.
    pub at: Duration,
    /// Who sent it.
    pub from: SocketAddr,
    /// To whom.
    pub to: SocketAddr,
    /// Without its headers.
    pub payload: Vec<u8>,
}

/// Why a capture cannot be read or written.
#[derive(Debug)]
pub enum PcapError {
    /// The file itself.
    Io(io::Error),
    /// It does not begin as a capture.
    NotPcap([u8; 4]),
    /// The other format.
    PcapNg,
    /// Its packets are not on Ethernet, raw IP, Linux' "any" or loopback.
    UnknownLink(u32),
    /// A packet longer than any is.
    TooLong(u32),
    /// It ends in the middle of a packet.
    CutOff,
    /// A datagram between an IPv4 and an IPv6 address, or longer than 65,507 octets, cannot be written.
    NotADatagram(SocketAddr, SocketAddr, usize),
}

impl fmt::Display for PcapError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => error.fmt(f),
            Self::NotPcap(magic) => write!(f, "no capture: begins with {magic:02x?}"),
            Self::PcapNg => f.write_str("a pcapng file; make a pcap of it: editcap -F pcap IN OUT"),
            Self::UnknownLink(link) => write!(f, "link type {link} instead of Ethernet or IP"),
            Self::TooLong(octets) => write!(f, "a packet of {octets} octets"),
            Self::CutOff => f.write_str("ends in the middle of a packet"),
            Self::NotADatagram(from, to, octets) => {
                write!(f, "no datagram: {octets} octets from {from} to {to}")
            }
        }
    }
}

impl std::error::Error for PcapError {}

impl From<io::Error> for PcapError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Self::CutOff,
            _ => Self::Io(error),
        }
    }
}
