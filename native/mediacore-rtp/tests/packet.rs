//! RTP packets: what is written is read again, and no octets at all make the parser panic.

use mediacore_rtp::packet::HEADER_OCTETS;
use mediacore_rtp::{PacketError, PayloadType, RtpHeader, RtpPacket, Ssrc, is_rtcp};
use proptest::collection::vec;
use proptest::prelude::*;

const HEADER: RtpHeader = RtpHeader {
    payload_type: PayloadType(8),
    marker: true,
    sequence: 0x1234,
    timestamp: 0x89ab_cdef,
    ssrc: Ssrc(0xdead_beef),
};

/// A packet with all its optional parts: first octet's flags and count are given.
fn packet(flags: u8, after_header: &[u8]) -> Vec<u8> {
    let mut octets = vec![0; HEADER_OCTETS];
    HEADER.write(&mut octets);
    octets[0] |= flags;
    octets.extend_from_slice(after_header);
    octets
}

#[test]
fn a_header_is_written_as_the_rfc_draws_it() {
    let mut out = [0xff; 16];
    assert_eq!(HEADER.write(&mut out), 12);
    let drawn = [
        0x80, 0x88, 0x12, 0x34, 0x89, 0xab, 0xcd, 0xef, 0xde, 0xad, 0xbe, 0xef,
    ];
    assert_eq!(out[..12], drawn);
    assert_eq!(out[12..], [0xff; 4]);
}

#[test]
fn a_plain_packet_is_header_and_payload() {
    let octets = packet(0, b"audio");
    let parsed = RtpPacket::parse(&octets).unwrap();
    assert_eq!((parsed.header, parsed.payload), (HEADER, &b"audio"[..]));
    assert_eq!((parsed.extension, parsed.csrcs().len()), (None, 0));
}

#[test]
fn csrcs_extension_and_padding_are_taken_apart() {
    let rest = [
        &[0, 0, 0, 1, 0, 0, 0, 2][..],
        &[0xbe, 0xde, 0, 1, 0x10, 0xff, 0, 0],
        b"audio",
        &[0, 0, 3],
    ];
    let octets = packet(0x20 | 0x10 | 2, &rest.concat());
    let parsed = RtpPacket::parse(&octets).unwrap();
    assert_eq!(parsed.csrcs().collect::<Vec<_>>(), [Ssrc(1), Ssrc(2)]);
    let extension = parsed.extension.unwrap();
    assert_eq!(
        (extension.profile, extension.data),
        (0xbede, &[0x10, 0xff, 0, 0][..])
    );
    assert_eq!(parsed.payload, b"audio");
}

#[test]
fn a_packet_of_nothing_but_padding_has_an_empty_payload() {
    let octets = packet(0x20, &[0, 0, 0, 4]);
    assert_eq!(RtpPacket::parse(&octets).unwrap().payload, b"");
}

#[test]
fn each_length_that_lies_is_refused() {
    let refusal = |octets: &[u8]| RtpPacket::parse(octets).unwrap_err();
    assert_eq!(refusal(&[]), PacketError::TooShort);
    assert_eq!(refusal(&packet(0, b"")[..11]), PacketError::TooShort);
    assert_eq!(refusal(&[0; 12]), PacketError::WrongVersion(0));
    assert_eq!(refusal(&[0xff; 12]), PacketError::WrongVersion(3));
    assert_eq!(refusal(&packet(15, &[0; 59])), PacketError::CsrcsBeyondEnd);
    assert_eq!(
        refusal(&packet(0x10, &[0; 3])),
        PacketError::ExtensionBeyondEnd
    );
    assert_eq!(
        refusal(&packet(0x10, &[0, 0, 0, 1, 0, 0, 0])),
        PacketError::ExtensionBeyondEnd
    );
    assert_eq!(refusal(&packet(0x20, b"")), PacketError::BadPadding(0));
    assert_eq!(
        refusal(&packet(0x20, b"audio\0")),
        PacketError::BadPadding(0)
    );
    assert_eq!(refusal(&packet(0x20, &[9; 8])), PacketError::BadPadding(9));
}

#[test]
fn rtcp_is_told_from_rtp_by_its_second_octet() {
    for (second, expected) in [
        (191, false),
        (192, true),
        (200, true),
        (223, true),
        (224, false),
    ] {
        assert_eq!(
            is_rtcp(&[0x80, second, 0, 0]),
            expected,
            "second octet {second}"
        );
    }
    assert!(!is_rtcp(&[0x80]));
    assert!(!is_rtcp(&[0x00, 200]), "STUN begins with two zero bits");
}

fn any_header() -> impl Strategy<Value = RtpHeader> {
    (
        0_u8..128,
        any::<bool>(),
        any::<u16>(),
        any::<u32>(),
        any::<u32>(),
    )
        .prop_map(
            |(payload_type, marker, sequence, timestamp, ssrc)| RtpHeader {
                payload_type: PayloadType(payload_type),
                marker,
                sequence,
                timestamp,
                ssrc: Ssrc(ssrc),
            },
        )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn what_is_written_is_read_again(header in any_header(), payload in vec(any::<u8>(), 0..64)) {
        let mut octets = vec![0; HEADER_OCTETS];
        header.write(&mut octets);
        octets.extend_from_slice(&payload);
        let parsed = RtpPacket::parse(&octets).unwrap();
        prop_assert_eq!((parsed.header, parsed.payload), (header, &payload[..]));
    }

    #[test]
    fn any_octets_are_parsed_or_refused(mut octets in vec(any::<u8>(), 0..96), is_version_2 in any::<bool>()) {
        if let (true, Some(first)) = (is_version_2, octets.first_mut()) {
            *first = *first & 0x3f | 0x80;
        }
        is_rtcp(&octets);
        if let Ok(parsed) = RtpPacket::parse(&octets) {
            let extension_octets = parsed.extension.map_or(0, |extension| 4 + extension.data.len());
            let known = HEADER_OCTETS + 4 * parsed.csrcs().count() + extension_octets + parsed.payload.len();
            prop_assert!(known <= octets.len());
            prop_assert_eq!(known == octets.len(), octets[0] & 0x20 == 0);
        }
    }
}
