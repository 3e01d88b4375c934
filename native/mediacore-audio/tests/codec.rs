//! The face that all codecs have: what follows from a name, frames through an encoder and a decoder, copies of a state.

use std::f64::consts::TAU;

use mediacore_audio::codec::opus::{OpusParams, RATES_HZ};
use mediacore_audio::{
    CodecError, CodecKind, Decoder, DecoderParams, Encoder, EncoderParams, dbfs,
};

const STEREO_L16: CodecKind = CodecKind::L16 {
    sample_rate_hz: 48_000,
    channels: 2,
};
const ALL: [CodecKind; 5] = [
    CodecKind::Pcmu,
    CodecKind::Pcma,
    CodecKind::G722,
    STEREO_L16,
    CodecKind::Opus,
];

/// 20 ms frames of a tone in all channels.
fn tone(hz: f64, sample_rate_hz: u32, channels: u8, frames: usize) -> Vec<Vec<i16>> {
    let samples = sample_rate_hz as usize / 50;
    let sample = |place: usize| {
        let turns = hz * place as f64 / f64::from(sample_rate_hz);
        (8_000.0 * (TAU * turns).sin()) as i16
    };
    let frame = |frame: usize| {
        let places = frame * samples..(frame + 1) * samples;
        places
            .flat_map(|place| std::iter::repeat_n(sample(place), channels.into()))
            .collect()
    };
    (0..frames).map(frame).collect()
}

fn pair(kind: CodecKind) -> (Encoder, Decoder) {
    let encoder = kind
        .encoder(&EncoderParams::of(kind))
        .expect("its own rate");
    let decoder = kind
        .decoder(&DecoderParams::of(kind))
        .expect("its own rate");
    (encoder, decoder)
}

fn encode(encoder: &mut Encoder, frame: &[i16]) -> Vec<u8> {
    let mut payload = vec![0; encoder.kind().octets_max(frame.len())];
    let octets = encoder.encode(frame, &mut payload).expect("a frame");
    payload.truncate(octets);
    payload
}

#[test]
fn a_name_is_found_with_its_clock_and_channels_only() {
    for kind in ALL {
        let (name, clock) = (kind.name().to_ascii_uppercase(), kind.clock_rate_hz());
        assert_eq!(
            CodecKind::from_rtpmap(&name, clock, kind.channels()),
            Some(kind)
        );
        assert_eq!(
            CodecKind::from_rtpmap(&name, clock + 1, kind.channels()),
            None
        );
        assert_eq!(CodecKind::from_rtpmap(&name, clock, 3), None);
        if let Some(payload_type) = kind.static_payload_type() {
            assert_eq!(
                CodecKind::from_static_payload_type(payload_type),
                Some(kind)
            );
        }
    }
    assert_eq!(CodecKind::from_rtpmap("G729", 8_000, 1), None);
    assert_eq!(CodecKind::from_static_payload_type(18), None);
    assert_eq!(CodecKind::Opus.to_string(), "opus/48000/2");
    assert_eq!(CodecKind::G722.to_string(), "G722/8000");
}

#[test]
fn the_clock_of_g722_is_half_its_rate() {
    assert_eq!(CodecKind::G722.clock_rate_hz(), 8_000);
    assert_eq!(CodecKind::G722.sample_rate_hz(), 16_000);
    assert_eq!(CodecKind::G722.duration_ticks(&[0; 160]), Some(160));
    let (_, decoder) = pair(CodecKind::G722);
    assert_eq!(decoder.samples_in(&[0; 160]), Some(320));
}

#[test]
fn a_tone_goes_through_every_codec_at_its_level() {
    for kind in ALL {
        let (mut encoder, mut decoder) = pair(kind);
        let mut heard = Vec::new();
        for frame in tone(1_000.0, kind.sample_rate_hz(), kind.channels(), 50) {
            let payload = encode(&mut encoder, &frame);
            let ticks = kind.duration_ticks(&payload).expect("its own payload");
            assert_eq!(ticks, kind.clock_rate_hz() / 50, "{kind}");
            let mut out = vec![0; 5_760];
            let samples = decoder.decode(&payload, &mut out).expect("its own payload");
            assert_eq!(samples, frame.len(), "{kind}");
            heard.extend_from_slice(&out[..samples]);
        }
        let level = dbfs(&heard[heard.len() / 2..]);
        assert!((level + 12.25).abs() < 0.5, "{kind}: {level} dBFS");
    }
}

#[test]
fn a_copy_of_an_encoder_goes_on_as_the_original() {
    for kind in ALL {
        let (mut original, _) = pair(kind);
        let frames = tone(440.0, kind.sample_rate_hz(), kind.channels(), 20);
        for frame in &frames[..10] {
            encode(&mut original, frame);
        }
        let mut clone = original.clone();
        let (mut joined, _) = pair(kind);
        encode(&mut joined, &frames[3]);
        joined.copy_state_from(&original).expect("the same codec");
        for frame in &frames[10..] {
            let payload = encode(&mut original, frame);
            assert_eq!(payload, encode(&mut clone, frame), "{kind}");
            assert_eq!(payload, encode(&mut joined, frame), "{kind}");
        }
    }
}

#[test]
fn a_reset_encoder_is_a_new_one() {
    for kind in ALL {
        let (mut used, _) = pair(kind);
        let frames = tone(440.0, kind.sample_rate_hz(), kind.channels(), 10);
        for frame in &frames {
            encode(&mut used, frame);
        }
        used.reset();
        let (mut fresh, _) = pair(kind);
        for frame in &frames {
            assert_eq!(
                encode(&mut used, frame),
                encode(&mut fresh, frame),
                "{kind}"
            );
        }
    }
}

#[test]
fn a_state_does_not_fit_another_codec() {
    let (mut g722, _) = pair(CodecKind::G722);
    let (pcmu, _) = pair(CodecKind::Pcmu);
    assert_eq!(g722.copy_state_from(&pcmu), Err(CodecError::Unlike));
}

#[test]
fn a_codec_says_what_it_cannot_do() {
    let params = EncoderParams {
        sample_rate_hz: 44_100,
        channels: 1,
        opus: OpusParams::default(),
    };
    let kind = CodecKind::Opus;
    let error = kind.encoder(&params).expect_err("no rate of Opus");
    let sample_rate_hz = 44_100;
    assert_eq!(
        error,
        CodecError::SampleRate {
            kind,
            sample_rate_hz
        }
    );
    assert_eq!(error.to_string(), "opus/48000/2 does not work at 44100 Hz");
    let (mut g722, _) = pair(CodecKind::G722);
    assert_eq!(
        g722.encode(&[0; 3], &mut [0; 8]),
        Err(CodecError::FrameLength { samples: 3 })
    );
    assert_eq!(g722.encode(&[0; 4], &mut [0; 1]), Err(CodecError::NoRoom));
    let (_, mut l16) = pair(STEREO_L16);
    assert_eq!(l16.decode(&[0; 6], &mut [0; 8]), Err(CodecError::Malformed));
    assert_eq!(l16.decode(&[0; 8], &mut [0; 3]), Err(CodecError::NoRoom));
}

#[test]
fn opus_works_at_each_of_its_rates_whatever_the_wire_says() {
    for sample_rate_hz in RATES_HZ {
        for channels in [1, 2] {
            let kind = CodecKind::Opus;
            let opus = OpusParams::default();
            let params = EncoderParams {
                sample_rate_hz,
                channels,
                opus,
            };
            let mut encoder = kind.encoder(&params).expect("a rate of Opus");
            let params = DecoderParams {
                sample_rate_hz: 16_000,
                channels: 1,
            };
            let mut decoder = kind.decoder(&params).expect("a rate of Opus");
            let mut last = Vec::new();
            for frame in tone(1_000.0, sample_rate_hz, channels, 20) {
                last = vec![0; 320];
                let payload = encode(&mut encoder, &frame);
                assert_eq!(decoder.decode(&payload, &mut last), Ok(320));
            }
            let level = dbfs(&last);
            assert!(
                (level + 12.25).abs() < 1.5,
                "{sample_rate_hz}: {level} dBFS"
            );
        }
    }
}

#[test]
fn what_is_lost_is_concealed_at_about_its_level() {
    for kind in ALL {
        let (mut encoder, mut decoder) = pair(kind);
        let mut out = vec![0; 5_760];
        let mut samples = 0;
        for frame in tone(300.0, kind.sample_rate_hz(), kind.channels(), 20) {
            let payload = encode(&mut encoder, &frame);
            samples = decoder.decode(&payload, &mut out).expect("its own payload");
        }
        decoder.conceal(&mut out[..samples]);
        assert!(decoder.is_concealing());
        let level = dbfs(&out[..samples / 2]);
        assert!((level + 12.25).abs() < 2.0, "{kind}: {level} dBFS");
    }
}
