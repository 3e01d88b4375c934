//! RTCP: what is written is read again, by us and by `rtcp-types`, and no octets at all make the parser panic.

use std::time::Duration;

use mediacore_rtp::rtcp::{Compound, CompoundWriter, Packet, RtcpError, SDES_CNAME, round_trip};
use mediacore_rtp::{NtpTime, ReportBlock, SenderInfo, Ssrc};
use proptest::collection::vec;
use proptest::prelude::*;
use rtcp_types::{Compound as Oracle, Packet as OraclePacket};

const OURS: Ssrc = Ssrc(0x0102_0304);

const INFO: SenderInfo = SenderInfo {
    ntp: NtpTime(0x1111_2222_3333_4444),
    rtp_timestamp: 5,
    packet_count: 6,
    octet_count: 7,
};

fn written(write: impl FnOnce(&mut CompoundWriter<'_>) -> bool) -> Vec<u8> {
    let mut out = [0xaa; 1500];
    let mut compound = CompoundWriter::new(&mut out);
    assert!(write(&mut compound), "no room");
    let octets = compound.finish();
    out[..octets].to_vec()
}

fn refusal(octets: &[u8]) -> RtcpError {
    Compound::parse(octets).unwrap_err()
}

#[test]
fn a_whole_compound_is_read_as_it_was_written() {
    let block = ReportBlock {
        ssrc: Ssrc(9),
        cumulative_lost: -3,
        ..ReportBlock::default()
    };
    let octets = written(|compound| {
        compound.sender_report(OURS, &INFO, &[block])
            && compound.cname(OURS, "a1b2")
            && compound.bye(OURS, "over")
    });
    let packets: Vec<_> = Compound::parse(&octets).unwrap().collect();
    let [
        Packet::SenderReport {
            ssrc: OURS,
            info: INFO,
            reports,
        },
        Packet::SourceDescription(items),
        Packet::Bye {
            sources,
            reason: Some(b"over"),
        },
    ] = &packets[..]
    else {
        panic!("{packets:?}");
    };
    assert_eq!(reports.clone().collect::<Vec<_>>(), [block]);
    let items: Vec<_> = items
        .clone()
        .map(|item| (item.ssrc, item.kind, item.text))
        .collect();
    assert_eq!(items, [(OURS, SDES_CNAME, &b"a1b2"[..])]);
    assert_eq!(sources.clone().collect::<Vec<_>>(), [OURS]);
}

#[test]
fn an_empty_receiver_report_is_eight_octets() {
    let octets = written(|compound| compound.receiver_report(OURS, &[]));
    assert_eq!(octets, [0x80, 201, 0, 1, 1, 2, 3, 4]);
}

#[test]
fn a_packet_without_room_leaves_the_compound_as_it_was() {
    let mut out = [0; 40];
    let mut compound = CompoundWriter::new(&mut out);
    assert!(compound.receiver_report(OURS, &[]));
    assert!(!compound.sender_report(OURS, &INFO, &[ReportBlock::default()]));
    assert!(compound.cname(OURS, "ok"));
    let octets = compound.finish();
    assert_eq!(octets, 24);
    assert_eq!(Compound::parse(&out[..octets]).unwrap().count(), 2);
}

#[test]
fn texts_are_cut_at_a_character() {
    let long = "ż".repeat(200);
    let octets =
        written(|compound| compound.receiver_report(OURS, &[]) && compound.cname(OURS, &long));
    let Some(Packet::SourceDescription(mut items)) = Compound::parse(&octets).unwrap().nth(1)
    else {
        panic!()
    };
    let text = std::str::from_utf8(items.next().unwrap().text).unwrap();
    assert_eq!(text, "ż".repeat(127));
}

#[test]
fn what_is_not_a_compound_is_refused_for_its_reason() {
    let report = written(|compound| compound.receiver_report(OURS, &[]));
    let with = |after: &[u8]| [&report[..], after].concat();
    assert_eq!(refusal(b""), RtcpError::Truncated);
    assert_eq!(refusal(&report[..7]), RtcpError::Truncated);
    assert_eq!(refusal(&with(&[0x80, 202, 0])), RtcpError::Truncated);
    assert_eq!(
        refusal(&with(&[0x40, 202, 0, 0])),
        RtcpError::WrongVersion(1)
    );
    assert_eq!(
        refusal(&[0x81, 202, 0, 1, 0, 0, 0, 0]),
        RtcpError::WrongBeginning(202)
    );
    assert_eq!(
        refusal(&[0x81, 201, 0, 1, 0, 0, 0, 0]),
        RtcpError::CountBeyondEnd(201)
    );
    assert_eq!(
        refusal(&[0x80, 200, 0, 1, 0, 0, 0, 0]),
        RtcpError::CountBeyondEnd(200)
    );
    assert_eq!(
        refusal(&with(&[0x82, 203, 0, 1, 0, 0, 0, 0])),
        RtcpError::CountBeyondEnd(203)
    );
    assert_eq!(
        refusal(&with(&[0x81, 203, 0, 2, 0, 0, 0, 0, 4, 0, 0, 0])),
        RtcpError::ItemBeyondEnd
    );
    assert_eq!(
        refusal(&with(&[0x81, 202, 0, 2, 0, 0, 0, 0, 1, 9, 0, 0])),
        RtcpError::ItemBeyondEnd
    );
    assert_eq!(
        refusal(&with(&[0x81, 202, 0, 2, 0, 0, 0, 0, 1, 2, 0, 0])),
        RtcpError::ItemBeyondEnd
    );
    assert_eq!(
        refusal(&[0xa0, 201, 0, 2, 0, 0, 0, 0, 0, 0, 0, 3]),
        RtcpError::BadPadding
    );
    let padded = [0xa0, 201, 0, 2, 0, 0, 0, 0, 0, 0, 0, 4];
    assert!(Compound::parse(&padded).is_ok());
    assert_eq!(
        refusal(&[&padded[..], &report].concat()),
        RtcpError::BadPadding,
        "padding before the end"
    );
}

#[test]
fn a_lone_bye_is_read_and_unknown_packets_are_passed_on() {
    let lone = [0x81, 203, 0, 1, 1, 2, 3, 4];
    let Some(Packet::Bye {
        mut sources,
        reason: None,
    }) = Compound::parse(&lone).unwrap().next()
    else {
        panic!()
    };
    assert_eq!(sources.next(), Some(OURS));
    let xr = [0x80, 206, 0, 2, 1, 2, 3, 4, 5, 6, 7, 8];
    let Some(Packet::Other {
        packet_type: 206,
        count: 0,
        body,
    }) = Compound::parse(&xr).unwrap().next()
    else {
        panic!()
    };
    assert_eq!(body, &xr[4..]);
}

#[test]
fn two_chunks_are_read_one_after_the_other() {
    // The first ends with one null octet, the second with four.
    let octets = [
        &[0x80, 201, 0, 1, 1, 2, 3, 4][..],
        &[
            0x82, 202, 0, 6, 0, 0, 0, 1, 1, 1, b'a', 0, 0, 0, 0, 2, 1, 2, b'b', b'b', 6, 2, b'x',
            b'y', 0, 0, 0, 0,
        ],
    ]
    .concat();
    let Some(Packet::SourceDescription(items)) = Compound::parse(&octets).unwrap().nth(1) else {
        panic!()
    };
    let items: Vec<_> = items
        .map(|item| (item.ssrc.0, item.kind, item.text))
        .collect();
    assert_eq!(items, [(1, 1, &b"a"[..]), (2, 1, b"bb"), (2, 6, b"xy")]);
}

#[test]
fn ntp_time_counts_from_1900() {
    // RFC 868: 2,208,988,800 is 1 January 1970.
    assert_eq!(
        NtpTime::from_unix(Duration::ZERO),
        NtpTime(2_208_988_800 << 32)
    );
    let half = NtpTime::from_unix(Duration::from_millis(1500));
    assert_eq!(
        (half.0 as u32, half.middle_32() & 0xffff),
        (0x8000_0000, 0x8000)
    );
}

#[test]
fn the_round_trip_is_that_of_the_rfcs_figure() {
    // RFC 3550 figure 2: A = b710:8000, LSR = b705:2000, DLSR = 0005:4000, round trip 6.125 s.
    let block = ReportBlock {
        last_sr: 0xb705_2000,
        delay_since_last_sr: 0x0005_4000,
        ..ReportBlock::default()
    };
    let at = |middle: u64| round_trip(&block, NtpTime(middle << 16));
    assert_eq!(at(0xb710_8000), Some(Duration::from_millis(6125)));
    assert_eq!(at(0xb70a_6000), Some(Duration::ZERO));
    assert_eq!(
        at(0xb70a_5ff0),
        Some(Duration::ZERO),
        "a little below zero is rounding"
    );
    assert_eq!(at(0xb700_0000), None, "far below zero is a wrong clock");
    assert_eq!(
        round_trip(&ReportBlock::default(), NtpTime(0)),
        None,
        "no report of ours was heard"
    );
}

fn any_block() -> impl Strategy<Value = ReportBlock> {
    let lost = -0x80_0000..=0x7f_ffff_i32;
    (
        any::<u32>(),
        any::<u8>(),
        lost,
        any::<u32>(),
        any::<u32>(),
        any::<u32>(),
        any::<u32>(),
    )
        .prop_map(
            |(ssrc, fraction_lost, cumulative_lost, highest, jitter_ticks, last_sr, delay)| {
                ReportBlock {
                    ssrc: Ssrc(ssrc),
                    fraction_lost,
                    cumulative_lost,
                    extended_highest_sequence: highest,
                    jitter_ticks,
                    last_sr,
                    delay_since_last_sr: delay,
                }
            },
        )
}

/// A block as the oracle reads it; it knows no sign.
fn oracle_block(block: rtcp_types::ReportBlock<'_>) -> ReportBlock {
    ReportBlock {
        ssrc: Ssrc(block.ssrc()),
        fraction_lost: block.fraction_lost(),
        cumulative_lost: (block.cumulative_lost() << 8) as i32 >> 8,
        extended_highest_sequence: block.extended_sequence_number(),
        jitter_ticks: block.interarrival_jitter(),
        last_sr: block.last_sender_report_timestamp(),
        delay_since_last_sr: block.delay_since_last_sender_report_timestamp(),
    }
}

/// Flips octets of a good compound, so that the parser gets past the first check.
fn damaged() -> impl Strategy<Value = Vec<u8>> {
    let good = (vec(any_block(), 0..4), "[a-z]{0,9}", any::<bool>()).prop_map(
        |(blocks, name, is_sender)| {
            written(|compound| {
                let reported = match is_sender {
                    true => compound.sender_report(OURS, &INFO, &blocks),
                    false => compound.receiver_report(OURS, &blocks),
                };
                reported && compound.cname(OURS, &name) && compound.bye(OURS, &name)
            })
        },
    );
    (
        good,
        vec((any::<usize>(), any::<u8>()), 0..4),
        any::<usize>(),
    )
        .prop_map(|(mut octets, damages, cut)| {
            for (at, value) in damages {
                let at = at % octets.len();
                octets[at] = value;
            }
            octets.truncate(octets.len() - if cut % 2 == 0 { 0 } else { cut % 9 });
            octets
        })
}

fn read_everything(octets: &[u8]) {
    let Ok(compound) = Compound::parse(octets) else {
        return;
    };
    for packet in compound {
        match packet {
            Packet::SenderReport { reports, .. } | Packet::ReceiverReport { reports, .. } => {
                assert!(reports.count() <= 31);
            }
            Packet::SourceDescription(items) => {
                assert!(items.map(|item| item.text.len()).sum::<usize>() < octets.len())
            }
            Packet::Bye { sources, .. } => assert!(sources.count() <= 31),
            Packet::ExtendedReport { metrics, .. } => assert!(metrics.count() < octets.len()),
            Packet::Other { body, .. } => assert!(body.len() < octets.len()),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn reports_come_back_from_both_readers(
        ssrc: u32, ntp: u64, rtp_timestamp: u32, packet_count: u32, octet_count: u32,
        blocks in vec(any_block(), 0..=31),
    ) {
        let info = SenderInfo { ntp: NtpTime(ntp), rtp_timestamp, packet_count, octet_count };
        let octets = written(|compound| compound.sender_report(Ssrc(ssrc), &info, &blocks));
        let Some(Packet::SenderReport { ssrc: read_ssrc, info: read_info, reports }) =
            Compound::parse(&octets).unwrap().next() else { panic!() };
        prop_assert_eq!((read_ssrc, read_info), (Ssrc(ssrc), info));
        prop_assert_eq!(&reports.collect::<Vec<_>>(), &blocks);

        let Some(Ok(OraclePacket::Sr(report))) = Oracle::parse(&octets).unwrap().next() else { panic!() };
        prop_assert_eq!((report.ssrc(), report.ntp_timestamp()), (ssrc, ntp));
        prop_assert_eq!((report.rtp_timestamp(), report.packet_count()), (rtp_timestamp, packet_count));
        prop_assert_eq!(report.report_blocks().map(oracle_block).collect::<Vec<_>>(), blocks);
    }

    #[test]
    fn names_and_farewells_come_back_from_both_readers(ssrc: u32, name in "\\PC{0,80}", reason in "\\PC{0,80}") {
        let (ours, mut bye_reason) = (Ssrc(ssrc), None);
        let octets = written(|compound| {
            compound.receiver_report(ours, &[]) && compound.cname(ours, &name) && compound.bye(ours, &reason)
        });
        for packet in Compound::parse(&octets).unwrap() {
            match packet {
                Packet::SourceDescription(mut items) => {
                    let item = items.next().unwrap();
                    prop_assert!(name.as_bytes().starts_with(item.text));
                    prop_assert!(item.text == name.as_bytes() || item.text.len() > 251);
                }
                Packet::Bye { reason, .. } => bye_reason = reason,
                _ => {}
            }
        }
        prop_assert!(reason.as_bytes().starts_with(bye_reason.unwrap_or_default()));
        for packet in Oracle::parse(&octets).unwrap() {
            match packet.unwrap() {
                OraclePacket::Sdes(sdes) => {
                    let chunk = sdes.chunks().next().unwrap();
                    prop_assert_eq!(chunk.ssrc(), ssrc);
                    let item = chunk.items().next().unwrap();
                    prop_assert!(name.as_bytes().starts_with(item.value()));
                }
                OraclePacket::Bye(bye) => prop_assert_eq!(bye.reason().filter(|text| !text.is_empty()), bye_reason),
                _ => {}
            }
        }
    }

    #[test]
    fn any_octets_are_read_or_refused(octets in vec(any::<u8>(), 0..128)) {
        read_everything(&octets);
    }

    #[test]
    fn damaged_compounds_are_read_or_refused(octets in damaged()) {
        read_everything(&octets);
    }
}
