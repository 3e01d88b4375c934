//! Tones are made at the level and frequency asked for, and found among what is no tone.

use mediacore_audio::{
    Codec, FRAME_SAMPLES, Partial, SILENCE_DBFS, ToneDetector, ToneLevel, ToneSource, dbfs,
};
use proptest::prelude::*;

fn seconds(source: &mut ToneSource, seconds: usize) -> Vec<i16> {
    let mut samples = vec![0; 8_000 * seconds];
    for frame in samples.chunks_mut(FRAME_SAMPLES) {
        source.fill(frame);
    }
    samples
}

fn sine(hz: f64, level_dbfs: f64) -> Vec<i16> {
    seconds(&mut ToneSource::sine(hz, level_dbfs, None, 8_000), 1)
}

/// White noise from a small generator with a seed.
fn noise(seed: u64, peak: i16) -> Vec<i16> {
    let mut state = seed;
    let mut next = move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((state >> 33) as i64 % (2 * i64::from(peak) + 1) - i64::from(peak)) as i16
    };
    (0..8_000).map(|_| next()).collect()
}

/// What the detector said for each block.
fn tones(frequencies_hz: &[f64], samples: &[i16]) -> Vec<Option<ToneLevel>> {
    let mut detector = ToneDetector::new(frequencies_hz, 8_000);
    let mut found = Vec::new();
    for frame in samples.chunks(FRAME_SAMPLES) {
        if detector.receive(frame) {
            found.push(detector.tone());
        }
    }
    found
}

#[test]
fn a_tone_has_its_level() {
    for level_dbfs in [0.0, -3.0, -10.0, -20.0, -40.0] {
        let measured = dbfs(&sine(1_004.0, level_dbfs));
        assert!(
            (measured - level_dbfs).abs() < 0.05,
            "{measured} instead of {level_dbfs}"
        );
    }
}

#[test]
fn a_tone_goes_on_in_phase_over_hours() {
    let mut source = ToneSource::sine(1_000.0, -10.0, None, 8_000);
    let first = seconds(&mut source, 1);
    seconds(&mut source, 3_600);
    assert_eq!(
        seconds(&mut source, 1),
        first,
        "1 kHz has whole periods in a second"
    );
}

#[test]
fn frames_of_any_size_make_the_same_tone() {
    let (mut by_frame, mut at_once) = (vec![0; 1_000], vec![0; 1_000]);
    let mut source = ToneSource::sine(440.0, -6.0, None, 8_000);
    by_frame
        .chunks_mut(7)
        .for_each(|frame| _ = source.fill(frame));
    ToneSource::sine(440.0, -6.0, None, 8_000).fill(&mut at_once);
    assert_eq!(by_frame, at_once);
}

#[test]
fn a_tone_ends_when_its_time_is_over() {
    let mut source = ToneSource::sine(1_000.0, -10.0, Some(25), 8_000);
    let mut frame = [1; FRAME_SAMPLES];
    assert_eq!(
        (source.fill(&mut frame), source.is_finished()),
        (160, false)
    );
    assert_eq!((source.fill(&mut frame), source.is_finished()), (40, true));
    assert_eq!(frame[40..], [0; 120]);
    assert_eq!(source.fill(&mut frame), 0);
}

#[test]
fn a_chord_is_the_sum_of_its_partials() {
    let partial = |hz| Partial {
        hz,
        level_dbfs: -13.0,
    };
    let dial_tone = seconds(
        &mut ToneSource::new(&[partial(350.0), partial(450.0)], None, 8_000),
        1,
    );
    assert!((dbfs(&dial_tone) - -9.99).abs() < 0.05);
    let mut detector = ToneDetector::new(&[350.0, 450.0, 1_000.0], 8_000);
    assert!(detector.receive(&dial_tone));
    let [low, high, other] = detector.levels() else {
        panic!()
    };
    for level in [low, high] {
        assert!((level.level_dbfs - -13.0).abs() < 0.1, "{level:?}");
        assert!((level.purity - 0.5).abs() < 0.02, "{level:?}");
    }
    assert!(other.purity < 0.01, "{other:?}");
}

#[test]
fn too_much_is_clipped_and_does_not_wrap() {
    let loud = seconds(&mut ToneSource::sine(100.0, 6.0, None, 8_000), 1);
    assert_eq!(
        (loud.iter().max(), loud.iter().min()),
        (Some(&i16::MAX), Some(&i16::MIN))
    );
    assert!(
        loud.windows(2)
            .all(|pair| (i32::from(pair[1]) - i32::from(pair[0])).abs() < 6_000)
    );
}

#[test]
fn a_tone_is_found_with_its_level_also_through_g711() {
    let samples = sine(1_004.0, -20.0);
    for codec in Codec::ALL {
        let mut octets = vec![0; samples.len()];
        let mut through = vec![0; samples.len()];
        codec.encode(&samples, &mut octets);
        codec.decode(&octets, &mut through);
        let found = tones(&[440.0, 1_004.0, 2_000.0], &through);
        assert_eq!(found.len(), 25);
        for tone in found {
            let tone = tone.expect("it is there in every block");
            assert_eq!(tone.hz, 1_004.0);
            assert!(
                (tone.level_dbfs - -20.0).abs() < 0.5 && tone.purity > 0.95,
                "{codec}: {tone:?}"
            );
        }
    }
}

#[test]
fn noise_silence_and_another_tone_are_no_tone() {
    let looked_for = [440.0, 1_004.0];
    for (what, samples) in [
        ("loud noise", noise(1, 20_000)),
        ("quiet noise", noise(2, 100)),
        ("silence", vec![0; 8_000]),
        ("almost silence", vec![1; 8_000]),
        ("another tone", sine(1_500.0, -10.0)),
        ("too quiet a tone", sine(1_004.0, -55.0)),
    ] {
        assert!(
            tones(&looked_for, &samples).iter().all(Option::is_none),
            "{what}"
        );
    }
}

#[test]
fn a_tone_in_some_noise_is_still_one() {
    let mixed: Vec<i16> = sine(1_004.0, -20.0)
        .iter()
        .zip(noise(3, 1_500))
        .map(|(a, b)| a + b)
        .collect();
    assert!(tones(&[1_004.0], &mixed).iter().all(Option::is_some));
}

#[test]
fn before_the_first_block_there_is_no_tone() {
    let mut detector = ToneDetector::new(&[1_000.0], 8_000);
    assert!(!detector.receive(&[1_000; 319]));
    assert_eq!(
        (detector.tone(), detector.levels()[0].level_dbfs),
        (None, SILENCE_DBFS)
    );
    assert!(detector.receive(&[1_000; 1]));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    /// What is made is found, whatever the frequency, the level and the frames.
    #[test]
    fn any_tone_is_found_at_its_level(hz in 200.0_f64..3_800.0, level_dbfs in -40.0_f64..0.0, frame in 1_usize..500) {
        let mut samples = vec![0; 3_200];
        ToneSource::sine(hz, level_dbfs, None, 8_000).fill(&mut samples);
        let mut detector = ToneDetector::new(&[hz], 8_000);
        for part in samples.chunks(frame) {
            if detector.receive(part) {
                let tone = detector.tone().expect("it is there in every block");
                prop_assert!((tone.level_dbfs - level_dbfs).abs() < 0.7, "{:?}", tone);
                prop_assert!(tone.purity > 0.85, "{:?}", tone);
            }
        }
    }
}
