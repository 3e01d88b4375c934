//! Captures: what is written is read, whatever they are given they do not panic, and they are what others write.

use std::net::SocketAddr;
use std::time::Duration;

use mediacore_sim::{Captured, PcapError, PcapReader, PcapWriter};
use proptest::collection::vec;
use proptest::prelude::*;

fn written(captured: &[Captured]) -> Vec<u8> {
    let mut writer = PcapWriter::new(Vec::new()).expect("memory can be written");
    for datagram in captured {
        writer
            .write(datagram.at, datagram.from, datagram.to, &datagram.payload)
            .expect("a datagram");
    }
    writer.into_inner()
}

fn read(file: &[u8]) -> Result<Vec<Captured>, PcapError> {
    PcapReader::new(file)?.collect()
}

fn hello() -> Captured {
    Captured {
        at: Duration::new(1_700_000_000, 123_456_789),
        from: "192.0.2.1:4000".parse().expect("an address"),
        to: "198.51.100.1:20000".parse().expect("an address"),
        payload: b"hello".to_vec(),
    }
}

/// Puts a packet of another link, and another header, around what was written.
fn of_link(link: u32, before_ip: &[u8]) -> Vec<u8> {
    let raw = written(&[hello()]);
    let ip = &raw[40..];
    // Microseconds, big-endian.
    let mut file = vec![0xa1, 0xb2, 0xc3, 0xd4, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0];
    file.extend_from_slice(&65_535_u32.to_be_bytes());
    file.extend_from_slice(&link.to_be_bytes());
    let octets = (before_ip.len() + ip.len()) as u32;
    for field in [1_700_000_000, 123_456, octets, octets] {
        file.extend_from_slice(&field.to_be_bytes());
    }
    file.extend_from_slice(before_ip);
    file.extend_from_slice(ip);
    file
}

#[test]
fn a_file_begins_as_wireshark_wants_it() {
    let file = written(&[hello()]);
    assert_eq!(file[..8], [0x4d, 0x3c, 0xb2, 0xa1, 2, 0, 4, 0]);
    assert_eq!(file[20..24], [101, 0, 0, 0]);
    assert_eq!(file.len(), 24 + 16 + 28 + 5);
}

#[test]
fn captures_of_the_usual_links_are_read() {
    let ethernet = [&[0; 12][..], &[0x08, 0x00]].concat();
    let vlan = [&[0; 12][..], &[0x81, 0x00, 0, 5, 0x08, 0x00]].concat();
    let any = [&[0; 14][..], &[0x08, 0x00]].concat();
    let any2 = [&[0x08, 0x00][..], &[0; 18]].concat();
    let microseconds = Captured {
        at: Duration::new(1_700_000_000, 123_456_000),
        ..hello()
    };
    for (link, before_ip) in [
        (1, ethernet),
        (1, vlan),
        (113, any),
        (276, any2),
        (0, vec![0; 4]),
    ] {
        let captured = read(&of_link(link, &before_ip)).expect("a capture");
        assert_eq!(
            captured,
            std::slice::from_ref(&microseconds),
            "link type {link}"
        );
    }
}

#[test]
fn what_cannot_be_read_is_said() {
    assert!(matches!(read(b""), Err(PcapError::CutOff)));
    assert!(matches!(
        read(&[7; 24]),
        Err(PcapError::NotPcap([7, 7, 7, 7]))
    ));
    let mut pcapng = vec![0x0a, 0x0d, 0x0d, 0x0a];
    pcapng.resize(24, 0);
    assert!(matches!(read(&pcapng), Err(PcapError::PcapNg)));
    assert!(matches!(
        read(&of_link(147, &[])),
        Err(PcapError::UnknownLink(147))
    ));
    let file = written(&[hello(), hello()]);
    let mut reader = PcapReader::new(&file[..file.len() - 1]).expect("its beginning is whole");
    assert!(matches!(reader.next(), Some(Ok(_))));
    assert!(matches!(reader.next(), Some(Err(PcapError::CutOff))));
    assert!(reader.next().is_none(), "nothing after an error");
}

#[test]
fn what_is_no_datagram_is_passed_over_and_counted() {
    let mut file = written(&[hello(), hello()]);
    // Another protocol than UDP.
    file[24 + 16 + 9] = 6;
    let mut reader = PcapReader::new(&file[..]).expect("a capture");
    assert_eq!(reader.by_ref().filter_map(Result::ok).count(), 1);
    assert_eq!(reader.passed_over(), 1);
}

#[test]
fn no_datagram_goes_from_one_family_to_the_other() {
    let mut writer = PcapWriter::new(Vec::new()).expect("memory can be written");
    let v6 = "[2001:db8::1]:4000".parse().expect("an address");
    let refused = writer.write(Duration::ZERO, v6, hello().to, b"");
    assert!(matches!(refused, Err(PcapError::NotADatagram(_, _, 0))));
    let refused = writer.write(Duration::ZERO, v6, v6, &[0; 65_530]);
    assert!(matches!(
        refused,
        Err(PcapError::NotADatagram(_, _, 65_530))
    ));
}

prop_compose! {
    fn captured()(
        seconds in any::<u32>(),
        nanoseconds in 0..1_000_000_000_u32,
        hosts in any::<[u128; 2]>(),
        is_v6 in any::<bool>(),
        ports in any::<[u16; 2]>(),
        payload in vec(any::<u8>(), 0..400),
    ) -> Captured {
        let address = |index: usize| match is_v6 {
            true => SocketAddr::from((hosts[index].to_be_bytes(), ports[index])),
            false => SocketAddr::from(((hosts[index] as u32).to_be_bytes(), ports[index])),
        };
        Captured {
            at: Duration::new(seconds.into(), nanoseconds),
            from: address(0),
            to: address(1),
            payload,
        }
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read(captured in vec(captured(), 0..8)) {
        prop_assert_eq!(read(&written(&captured)).expect("our own"), captured);
    }

    #[test]
    fn any_octets_at_all_are_read_to_an_end(octets in vec(any::<u8>(), 0..400)) {
        let _ = read(&octets);
    }

    #[test]
    fn a_capture_with_any_octets_changed_is_read_to_an_end(
        captured in vec(captured(), 1..4),
        changes in vec((any::<usize>(), any::<u8>()), 1..20),
        kept in 0.0..1.0,
    ) {
        let mut file = written(&captured);
        for (at, octet) in changes {
            let at = at % file.len();
            file[at] = octet;
        }
        file.truncate((file.len() as f64 * kept) as usize);
        let _ = read(&file);
    }
}
