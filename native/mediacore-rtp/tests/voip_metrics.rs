//! Extended reports: what is written is read again, other blocks are walked over, and no octets make the reader panic.

use mediacore_rtp::Ssrc;
use mediacore_rtp::rtcp::{Compound, CompoundWriter, Packet, VoipMetrics, XR_OCTETS};
use proptest::collection::vec;
use proptest::prelude::*;

const OURS: Ssrc = Ssrc(0x0102_0304);

fn written(metrics: &VoipMetrics) -> Vec<u8> {
    let mut out = [0; 200];
    let mut compound = CompoundWriter::new(&mut out);
    assert!(compound.receiver_report(OURS, &[]) && compound.voip_metrics(OURS, metrics));
    let octets = compound.finish();
    out[..octets].to_vec()
}

fn read(octets: &[u8]) -> Vec<VoipMetrics> {
    let compound = Compound::parse(octets).expect("a compound");
    let metrics = |packet| match packet {
        Packet::ExtendedReport { metrics, .. } => metrics.collect(),
        _ => Vec::new(),
    };
    compound.flat_map(metrics).collect()
}

fn metrics() -> VoipMetrics {
    VoipMetrics {
        ssrc: Ssrc(9),
        lost_ratio: 0.25,
        discarded_ratio: 0.125,
        burst_density: 0.5,
        gap_density: 1.0 / 256.0,
        burst_ms: 400,
        gap_ms: 20_000,
        round_trip_ms: 80,
        end_system_ms: 60,
        signal_dbm0: Some(-20),
        noise_dbm0: None,
        rating: Some(82),
        mos_listening: Some(4.1),
        mos_conversation: None,
        concealment: 3,
        is_buffer_adaptive: true,
        buffer_ms: 40,
        buffer_max_ms: 120,
        buffer_limit_ms: 500,
    }
}

#[test]
fn what_is_written_is_read_again() {
    assert_eq!(read(&written(&metrics())), [metrics()]);
}

#[test]
fn the_octets_are_where_rfc_3611_has_them() {
    let octets = written(&metrics());
    let xr = &octets[8..];
    assert_eq!(xr.len(), XR_OCTETS);
    assert_eq!(&xr[..4], [0x80, 207, 0, 10]);
    assert_eq!(&xr[8..16], [7, 0, 0, 8, 0, 0, 0, 9]);
    assert_eq!(&xr[16..20], [64, 32, 128, 1], "loss, discard, densities");
    assert_eq!(&xr[20..28], [1, 0x90, 0x4e, 0x20, 0, 80, 0, 60]);
    assert_eq!(&xr[28..36], [236, 127, 127, 16, 82, 127, 41, 127]);
    assert_eq!(&xr[36..44], [0xf0, 0, 0, 40, 0, 120, 1, 0xf4]);
}

#[test]
fn blocks_of_other_kinds_are_walked_over() {
    let mut octets = written(&metrics());
    // A receiver reference time block (RFC 3611 4.4) before ours: three words more.
    octets.splice(16..16, [4, 0, 0, 2, 1, 2, 3, 4, 5, 6, 7, 8]);
    octets[11] = 13;
    assert_eq!(read(&octets), [metrics()]);
}

#[test]
fn a_block_that_goes_past_the_end_is_the_last() {
    let mut octets = written(&metrics());
    octets[19] = 200;
    assert_eq!(read(&octets), []);
}

proptest! {
    /// Any octets behind a good header: no panic, no endless walk, and figures within their bounds.
    #[test]
    fn any_blocks_are_borne(mut blocks in vec(any::<u8>(), 0..300)) {
        blocks.truncate(blocks.len() / 4 * 4);
        let words = (1 + blocks.len() / 4) as u16;
        let mut octets = vec![0x80, 207];
        octets.extend(words.to_be_bytes());
        octets.extend([1, 2, 3, 4]);
        octets.extend(&blocks);
        for metrics in read(&octets) {
            prop_assert!((0.0..1.0).contains(&metrics.lost_ratio));
            prop_assert!(metrics.rating.is_none_or(|rating| rating <= 100));
            prop_assert!(metrics.mos_listening.is_none_or(|mos| (1.0..=5.0).contains(&mos)));
        }
    }

    /// Whatever was measured can be written, and is read as near as the wire has it.
    #[test]
    fn any_figures_can_be_written(
        lost_ratio in -1.0..3.0_f64,
        level: Option<i8>,
        rating: Option<u8>,
        mos in proptest::option::of(-5.0..9.0_f64),
        burst_ms: u16,
    ) {
        let ours = VoipMetrics { lost_ratio, signal_dbm0: level, rating, mos_listening: mos, burst_ms, ..metrics() };
        let theirs = read(&written(&ours))[0];
        prop_assert!((theirs.lost_ratio - lost_ratio.clamp(0.0, 255.0 / 256.0)).abs() <= 1.0 / 256.0);
        prop_assert_eq!(theirs.rating, rating.map(|rating| rating.min(100)));
        prop_assert_eq!(theirs.mos_listening.is_some(), mos.is_some());
        prop_assert_eq!(theirs.burst_ms, burst_ms);
    }
}
