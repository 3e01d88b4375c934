//! Opus through its parameters: what is lost comes back, silence costs nothing, a band is kept.

use mediacore_audio::codec::opus::{Bandwidth, OpusDecoder, OpusEncoder, OpusParams, PacketInfo};
use mediacore_audio::{CodecError, dbfs};
use proptest::prelude::*;

const RATE_HZ: u32 = 16_000;
const FRAME: usize = 320;

fn encoder(params: &OpusParams) -> OpusEncoder {
    OpusEncoder::new(RATE_HZ, 1, params).expect("a rate of Opus")
}

fn decoder() -> OpusDecoder {
    OpusDecoder::new(RATE_HZ, 1).expect("a rate of Opus")
}

/// A voice whose pitch and level move, so that no frame can be told from the one before.
fn speech(frames: usize) -> Vec<i16> {
    let mut phase = 0.0;
    let sample = |place: usize| {
        let t = place as f64 / f64::from(RATE_HZ);
        let pitch_hz = 140.0 + 60.0 * (t * 11.0).sin();
        phase += pitch_hz / f64::from(RATE_HZ);
        let level = 1.0 + (t * 23.0).sin();
        let harmonics =
            (1..15).map(|k| (std::f64::consts::TAU * f64::from(k) * phase).sin() / f64::from(k));
        (3_000.0 * level * harmonics.sum::<f64>()) as i16
    };
    (0..frames * FRAME).map(sample).collect()
}

fn packets(encoder: &mut OpusEncoder, samples: &[i16]) -> Vec<Vec<u8>> {
    let packet = |frame: &[i16]| {
        let mut packet = vec![0; 1_276];
        let octets = encoder.encode(frame, &mut packet).expect("a frame");
        packet.truncate(octets);
        packet
    };
    samples.chunks_exact(FRAME).map(packet).collect()
}

fn decode(decoder: &mut OpusDecoder, packet: &[u8]) -> Vec<i16> {
    let mut out = vec![0; FRAME];
    assert_eq!(decoder.decode(packet, &mut out), Ok(FRAME));
    out
}

/// How far two signals are apart, against the first: decibels.
fn error_db(wanted: &[i16], heard: &[i16]) -> f64 {
    let error: Vec<i16> = wanted
        .iter()
        .zip(heard)
        .map(|(a, b)| a.saturating_sub(*b))
        .collect();
    dbfs(&error) - dbfs(wanted)
}

#[test]
fn a_lost_packet_comes_back_from_the_next_one() {
    let params = OpusParams {
        expected_loss_percent: 20,
        bitrate_bps: 32_000,
        ..OpusParams::default()
    };
    let packets = packets(&mut encoder(&params), &speech(60));
    let (mut whole, mut lossy, mut blind) = (decoder(), decoder(), decoder());
    let (mut recovered_db, mut concealed_db, mut count) = (0.0, 0.0, 0.0);
    for (place, packet) in packets.iter().enumerate() {
        let wanted = decode(&mut whole, packet);
        if place % 7 != 6 {
            decode(&mut lossy, packet);
            decode(&mut blind, packet);
            continue;
        }
        let (mut recovered, mut concealed) = (vec![0; FRAME], vec![0; FRAME]);
        assert!(
            lossy.recover(&packets[place + 1], &mut recovered),
            "packet {place} has a copy"
        );
        blind.conceal(&mut concealed);
        recovered_db += error_db(&wanted, &recovered);
        concealed_db += error_db(&wanted, &concealed);
        count += 1.0;
    }
    let (recovered, concealed) = (recovered_db / count, concealed_db / count);
    assert!(
        recovered < concealed - 3.0,
        "recovered {recovered:.1} dB, concealed {concealed:.1} dB"
    );
}

#[test]
fn without_expected_loss_there_is_no_copy() {
    let packets = packets(&mut encoder(&OpusParams::default()), &speech(20));
    let mut decoder = decoder();
    decode(&mut decoder, &packets[0]);
    let mut out = vec![7; FRAME];
    assert!(!decoder.recover(&packets[2], &mut out));
    assert_eq!(out, vec![7; FRAME]);
}

#[test]
fn reported_loss_makes_copies_while_it_runs() {
    let mut encoder = encoder(&OpusParams::default());
    let samples = speech(40);
    packets(&mut encoder, &samples);
    let params = OpusParams {
        expected_loss_percent: 15,
        bitrate_bps: 32_000,
        ..OpusParams::default()
    };
    encoder.retune(&params).expect("it runs on");
    let packets = packets(&mut encoder, &samples);
    let mut out = vec![0; FRAME];
    let copies = packets
        .iter()
        .filter(|packet| decoder().recover(packet, &mut out));
    assert!(copies.count() > 20);
}

#[test]
fn in_dtx_silence_is_a_packet_now_and_then() {
    let params = OpusParams {
        dtx: true,
        ..OpusParams::default()
    };
    let packets = packets(&mut encoder(&params), &vec![0; 100 * FRAME]);
    let sent = packets.iter().filter(|packet| !packet.is_empty()).count();
    assert!(sent < 40, "{sent} of 100 packets");
    assert!(packets[..2].iter().all(|packet| !packet.is_empty()));
}

#[test]
fn nothing_is_encoded_above_the_band() {
    for (max_bandwidth, rate) in [
        (Bandwidth::Narrow, 8_000),
        (Bandwidth::Wide, 16_000),
        (Bandwidth::Full, 48_000),
    ] {
        assert_eq!(Bandwidth::of_rate(rate), max_bandwidth);
        let params = OpusParams {
            max_bandwidth,
            bitrate_bps: 64_000,
            ..OpusParams::default()
        };
        for packet in packets(&mut encoder(&params), &speech(20)) {
            let info = PacketInfo::parse(&packet).expect("a packet");
            assert!(info.bandwidth <= max_bandwidth, "{info:?}");
            assert_eq!(
                (
                    info.channels,
                    info.duration_ticks(),
                    info.samples_at(RATE_HZ)
                ),
                (1, 960, FRAME)
            );
        }
    }
}

#[test]
fn a_constant_bitrate_has_packets_of_one_length() {
    let params = OpusParams {
        constant_bitrate: true,
        ..OpusParams::default()
    };
    let packets = packets(&mut encoder(&params), &speech(30));
    assert!(packets.iter().all(|packet| packet.len() == 60), "24 kbit/s");
}

#[test]
fn frames_have_their_lengths() {
    let mut encoder = encoder(&OpusParams::default());
    let (mut packet, mut out) = (vec![0; 1_276], vec![0; 1_920]);
    for samples in [40, 80, 160, 320, 640, 960, 1_280, 1_600, 1_920] {
        let octets = encoder
            .encode(&vec![100; samples], &mut packet)
            .expect("a frame");
        assert_eq!(decoder().decode(&packet[..octets], &mut out), Ok(samples));
    }
    for samples in [0, 1, 39, 240, 319, 2_240] {
        let error = encoder.encode(&vec![100; samples], &mut packet);
        assert_eq!(error, Err(CodecError::FrameLength { samples }));
    }
    assert_eq!(decoder().decode(&[], &mut out), Err(CodecError::Malformed));
    assert_eq!(
        encoder.encode(&[0; 320], &mut []),
        Err(CodecError::Opus(-1))
    );
}

#[test]
fn a_hole_of_any_length_is_filled() {
    let mut decoder = decoder();
    for packet in packets(&mut encoder(&OpusParams::default()), &speech(10)) {
        decode(&mut decoder, &packet);
    }
    for samples in [0, 7, 40, 333, 320, 5_000] {
        let mut out = vec![1; samples];
        decoder.conceal(&mut out);
        assert!(
            out[samples - samples % 40..]
                .iter()
                .all(|sample| *sample == 0)
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    /// Any octets at all, as a packet or for recovery: an answer of the length that was told before, and no crash.
    #[test]
    fn any_octets_are_survived(octets in proptest::collection::vec(any::<u8>(), 0..100)) {
        let mut decoder = decoder();
        let mut out = vec![0; 1_920];
        let told = PacketInfo::parse(&octets).map(|info| info.samples_at(RATE_HZ));
        match decoder.decode(&octets, &mut out) {
            Ok(samples) => prop_assert_eq!(Some(samples), told),
            Err(error) => prop_assert_eq!(error, CodecError::Malformed),
        }
        decoder.recover(&octets, &mut out[..FRAME]);
        decoder.conceal(&mut out[..FRAME]);
    }
}
