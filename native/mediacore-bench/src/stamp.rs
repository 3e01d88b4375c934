//! What a measured packet says of itself: at the front of its 160 octets of "audio", where a relay has no business.

use mediacore_rtp::packet::HEADER_OCTETS;
use mediacore_rtp::{PayloadType, RtpHeader, RtpPacket, Ssrc};

/// 20 ms of G.711.
pub const PAYLOAD_OCTETS: usize = 160;
/// A whole packet.
pub const PACKET_OCTETS: usize = HEADER_OCTETS + PAYLOAD_OCTETS;
const MAGIC: [u8; 4] = *b"mcb1";
const STAMP_OCTETS: usize = 20;

/// Which packet it is, and when it left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// The phone that sent it.
    pub stream: u32,
    /// Its place in the stream, from 0.
    pub number: u32,
    /// When it was given to the kernel, by the clock of this process.
    pub sent_at_ns: u64,
}

impl Stamp {
    /// The packet that carries this stamp, as PCMU.
    pub fn packet(&self) -> [u8; PACKET_OCTETS] {
        // A pattern that is no silence: a relay that looks for silence must not find any.
        let mut out = [0x2a; PACKET_OCTETS];
        let header = RtpHeader {
            payload_type: PayloadType(0),
            marker: self.number == 0,
            sequence: self.number as u16,
            timestamp: self.number.wrapping_mul(PAYLOAD_OCTETS as u32),
            ssrc: Ssrc(0x5eed_0000 + self.stream),
        };
        header.write(&mut out);
        let stamp = &mut out[HEADER_OCTETS..HEADER_OCTETS + STAMP_OCTETS];
        stamp[..4].copy_from_slice(&MAGIC);
        stamp[4..8].copy_from_slice(&self.stream.to_be_bytes());
        stamp[8..12].copy_from_slice(&self.number.to_be_bytes());
        stamp[12..].copy_from_slice(&self.sent_at_ns.to_be_bytes());
        out
    }

    /// The stamp in a datagram; none: it is not one of ours (silence of the relay, a report, damage).
    pub fn read(datagram: &[u8]) -> Option<Self> {
        let payload = RtpPacket::parse(datagram).ok()?.payload;
        if payload.len() != PAYLOAD_OCTETS {
            return None;
        }
        let rest = payload.strip_prefix(&MAGIC)?;
        let (stream, rest) = rest.split_first_chunk()?;
        let (number, rest) = rest.split_first_chunk()?;
        let (sent_at_ns, _) = rest.split_first_chunk()?;
        Some(Self {
            stream: u32::from_be_bytes(*stream),
            number: u32::from_be_bytes(*number),
            sent_at_ns: u64::from_be_bytes(*sent_at_ns),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_is_read_back_whatever_the_relay_wrote_into_the_header() {
        let stamp = Stamp {
            stream: 7,
            number: 70_000,
            sent_at_ns: u64::MAX - 1,
        };
        let mut packet = stamp.packet();
        packet[1..HEADER_OCTETS].fill(0x11);
        assert_eq!(Stamp::read(&packet), Some(stamp));
    }

    #[test]
    fn nothing_else_has_a_stamp() {
        let packet = Stamp {
            stream: 0,
            number: 0,
            sent_at_ns: 0,
        }
        .packet();
        assert_eq!(Stamp::read(&packet[..PACKET_OCTETS - 1]), None);
        assert_eq!(Stamp::read(&[0xff; PACKET_OCTETS]), None);
        assert_eq!(Stamp::read(&[0x80; PACKET_OCTETS]), None);
        assert_eq!(Stamp::read(&[]), None);
    }
}
