//! UDP in IP: written with checksums; found in what a link carried. Fragments and everything else are left out.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

const UDP: u8 = 17;
const UDP_OCTETS: usize = 8;
const IPV4_OCTETS: usize = 20;
const IPV6_OCTETS: usize = 40;

/// A hop limit as good as any.
const HOPS: u8 = 64;

/// An IP packet around `payload`; none when the addresses are of two families, or it is too long for one datagram.
pub(super) fn ip_packet(from: SocketAddr, to: SocketAddr, payload: &[u8]) -> Option<Vec<u8>> {
    let udp_octets = u16::try_from(UDP_OCTETS + payload.len()).ok()?;
    let mut udp = Vec::with_capacity(usize::from(udp_octets));
    udp.extend_from_slice(&from.port().to_be_bytes());
    udp.extend_from_slice(&to.port().to_be_bytes());
    udp.extend_from_slice(&udp_octets.to_be_bytes());
    udp.extend_from_slice(&[0, 0]);
    udp.extend_from_slice(payload);
    let (mut packet, pseudo) = match (from.ip(), to.ip()) {
        (IpAddr::V4(from), IpAddr::V4(to)) => {
            let octets = u16::try_from(IPV4_OCTETS + udp.len()).ok()?;
            (
                ipv4_header(from, to, octets),
                sum(&from.octets()) + sum(&to.octets()),
            )
        }
        (IpAddr::V6(from), IpAddr::V6(to)) => (
            ipv6_header(from, to, udp_octets),
            sum(&from.octets()) + sum(&to.octets()),
        ),
        _ => return None,
    };
    // RFC 768: a sum that is zero goes as its other zero; zero itself says "none".
    let sum = pseudo + u64::from(UDP) + u64::from(udp_octets) + sum(&udp);
    let checksum = match folded(sum) {
        0 => 0xffff,
        checksum => checksum,
    };
    udp[6..8].copy_from_slice(&checksum.to_be_bytes());
    packet.extend_from_slice(&udp);
    Some(packet)
}

/// The datagram in an IP packet.
pub(super) fn udp_of(packet: &[u8]) -> Option<(SocketAddr, SocketAddr, &[u8])> {
    let (from, to, udp) = match packet.first()? >> 4 {
        4 => in_ipv4(packet)?,
        6 => in_ipv6(packet)?,
        _ => return None,
    };
    let (header, _) = udp.split_first_chunk::<UDP_OCTETS>()?;
    let word = |at: usize| u16::from_be_bytes([header[at], header[at + 1]]);
    // What a link adds to a short packet stands behind this.
    let payload = udp.get(UDP_OCTETS..usize::from(word(4)))?;
    Some((
        SocketAddr::new(from, word(0)),
        SocketAddr::new(to, word(2)),
        payload,
    ))
}

fn ipv4_header(from: Ipv4Addr, to: Ipv4Addr, octets: u16) -> Vec<u8> {
    let mut header = vec![0x45, 0];
    header.extend_from_slice(&octets.to_be_bytes());
    // No identification, not to be fragmented.
    header.extend_from_slice(&[0, 0, 0x40, 0, HOPS, UDP, 0, 0]);
    header.extend_from_slice(&from.octets());
    header.extend_from_slice(&to.octets());
    let checksum = folded(sum(&header));
    header[10..12].copy_from_slice(&checksum.to_be_bytes());
    header
}

fn ipv6_header(from: Ipv6Addr, to: Ipv6Addr, octets: u16) -> Vec<u8> {
    let mut header = vec![0x60, 0, 0, 0];
    header.extend_from_slice(&octets.to_be_bytes());
    header.extend_from_slice(&[UDP, HOPS]);
    header.extend_from_slice(&from.octets());
    header.extend_from_slice(&to.octets());
    header
}

fn in_ipv4(packet: &[u8]) -> Option<(IpAddr, IpAddr, &[u8])> {
    let header = packet.get(..IPV4_OCTETS)?;
    let begins_at = usize::from(header[0] & 0x0f) * 4;
    let ends_at = usize::from(u16::from_be_bytes([header[2], header[3]]));
    let is_fragment = u16::from_be_bytes([header[6], header[7]]) & 0x3fff != 0;
    if is_fragment || header[9] != UDP || begins_at < IPV4_OCTETS {
        return None;
    }
    let address = |at: usize| {
        let octets: [u8; 4] = header[at..at + 4].try_into().expect("four octets");
        IpAddr::from(octets)
    };
    Some((address(12), address(16), packet.get(begins_at..ends_at)?))
}

fn in_ipv6(packet: &[u8]) -> Option<(IpAddr, IpAddr, &[u8])> {
    let header = packet.get(..IPV6_OCTETS)?;
    if header[6] != UDP {
        return None;
    }
    let octets = usize::from(u16::from_be_bytes([header[4], header[5]]));
    let address = |at: usize| {
        let octets: [u8; 16] = header[at..at + 16].try_into().expect("sixteen octets");
        IpAddr::from(octets)
    };
    let udp = packet.get(IPV6_OCTETS..IPV6_OCTETS + octets)?;
    Some((address(8), address(24), udp))
}

/// The sum of 16-bit words, RFC 1071; an odd octet is the upper half of one.
fn sum(octets: &[u8]) -> u64 {
    let words = octets.chunks(2);
    words
        .map(|word| u64::from(word[0]) << 8 | u64::from(word.get(1).copied().unwrap_or(0)))
        .sum()
}

fn folded(mut sum: u64) -> u16 {
    while sum > 0xffff {
        sum = (sum >> 16) + (sum & 0xffff);
    }
    !(sum as u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_those_of_rfc_1071() {
        // The example of its section 3.
        let octets = [0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7];
        assert_eq!(folded(sum(&octets)), !0xddf2);
    }

    #[test]
    fn a_packet_that_was_written_sums_to_nothing() {
        let from = "192.0.2.1:4000".parse().expect("an address");
        let to = "198.51.100.2:5001".parse().expect("an address");
        let packet = ip_packet(from, to, b"odd").expect("a datagram");
        assert_eq!(folded(sum(&packet[..IPV4_OCTETS])), 0);
        let udp = &packet[IPV4_OCTETS..];
        let pseudo = sum(&packet[12..20]) + u64::from(UDP) + udp.len() as u64;
        assert_eq!(folded(pseudo + sum(udp)), 0);
    }

    #[test]
    fn fragments_and_other_protocols_are_left_out() {
        let from = "192.0.2.1:4000".parse().expect("an address");
        let packet = ip_packet(from, from, b"whole").expect("a datagram");
        assert!(udp_of(&packet).is_some());
        let mut fragment = packet.clone();
        fragment[6] = 0x20;
        assert_eq!(udp_of(&fragment), None);
        let mut tcp = packet;
        tcp[9] = 6;
        assert_eq!(udp_of(&tcp), None);
    }
}
