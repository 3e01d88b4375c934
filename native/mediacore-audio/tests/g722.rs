//! G.722 as a listener judges it: a band of 7 kHz, a delay of 22 samples, and loss that is heard as little as may be. That it is
//! exact is for `tests/peers/test_peers_codecs.py` and `examples/g722_vectors.rs` to say.

use std::f64::consts::TAU;

use mediacore_audio::codec::g722::{G722Decoder, G722Encoder};
use mediacore_audio::{CodecKind, DecoderParams, dbfs};

fn round_trip(samples: &[i16]) -> Vec<i16> {
    let mut octets = vec![0; samples.len() / 2];
    let mut out = vec![0; samples.len()];
    G722Encoder::default().encode(samples, &mut octets);
    G722Decoder::default().decode(&octets, &mut out);
    out
}

fn sine(hz: f64, samples: usize) -> Vec<i16> {
    (0..samples)
        .map(|place| (8_000.0 * (TAU * hz * place as f64 / 16_000.0).sin()) as i16)
        .collect()
}

/// A voice whose pitch and level move slowly.
fn voice(samples: usize) -> Vec<i16> {
    let mut phase = 0.0;
    let sample = |place: usize| {
        let t = place as f64 / 16_000.0;
        phase += (130.0 + 15.0 * (t * 9.0).sin()) / 16_000.0;
        let level = 1.0 + 0.5 * (t * 13.0).sin();
        let harmonics = (1..40).map(|k| (TAU * f64::from(k) * phase).sin() / f64::from(k));
        (3_000.0 * level * harmonics.sum::<f64>()) as i16
    };
    (0..samples).map(sample).collect()
}

fn error_db(wanted: &[i16], heard: &[i16]) -> f64 {
    let error: Vec<i16> = wanted
        .iter()
        .zip(heard)
        .map(|(a, b)| a.saturating_sub(*b))
        .collect();
    dbfs(&error) - dbfs(wanted)
}

#[test]
fn seven_kilohertz_pass_22_samples_late() {
    for hz in [100.0, 1_000.0, 3_000.0, 5_000.0, 6_900.0] {
        let samples = sine(hz, 8_000);
        let out = round_trip(&samples);
        let error = error_db(&samples[1_000..7_000], &out[1_022..7_022]);
        assert!(error < -15.0, "{hz} Hz: {error:.1} dB");
    }
}

#[test]
fn a_lost_packet_is_forgotten_soon() {
    let samples = voice(32_000);
    let mut octets = vec![0; 16_000];
    G722Encoder::default().encode(&samples, &mut octets);
    let kind = CodecKind::G722;
    let whole = round_trip(&samples);
    let mut decoder = kind
        .decoder(&DecoderParams::of(kind))
        .expect("its own rate");
    let mut heard = vec![0; 32_000];
    for (place, packet) in octets.chunks(160).enumerate() {
        let out = &mut heard[place * 320..][..320];
        match place % 10 {
            9 => decoder.conceal(out),
            _ => assert_eq!(decoder.decode(packet, out), Ok(320)),
        }
    }
    let average = |frame: usize| {
        let places = (20..90).filter(|place| place % 10 == frame);
        let errors = places.map(|place| {
            let span = place * 320..(place + 1) * 320;
            error_db(&whole[span.clone()], &heard[span])
        });
        errors.sum::<f64>() / 7.0
    };
    assert!(average(9) < -5.0, "the hole: {:.1} dB", average(9));
    // Blended for 8 ms, so not what was sent.
    assert!(average(0) < -7.0, "the next frame: {:.1} dB", average(0));
    // With predictors that stood still in the hole it would be -18 dB.
    assert!(average(2) < -20.0, "60 ms later: {:.1} dB", average(2));
}
