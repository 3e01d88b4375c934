//! Holes in a tone and in a voice: the level stays, nothing clicks, and a long hole fades to silence.

use mediacore_audio::{Concealer, SILENCE_DBFS, ToneSource, dbfs};
use proptest::collection::vec;
use proptest::prelude::*;

const RATE_HZ: u32 = 8_000;

/// A stream played in frames; the lost ones are concealed.
fn play(samples: &[i16], frame_samples: usize, is_lost: impl Fn(usize) -> bool) -> Vec<i16> {
    let mut concealer = Concealer::new(RATE_HZ);
    let mut played = samples.to_vec();
    for (n, frame) in played.chunks_exact_mut(frame_samples).enumerate() {
        if is_lost(n) {
            concealer.conceal(frame);
        } else {
            concealer.receive(frame);
        }
    }
    played
}

fn tone(hz: f64, level_dbfs: f64, ms: usize) -> Vec<i16> {
    let mut samples = vec![0; 8 * ms];
    ToneSource::sine(hz, level_dbfs, None, RATE_HZ).fill(&mut samples);
    samples
}

/// Something like a vowel: a pitch of 120 Hz with falling harmonics, and a slowly changing level.
fn vowel(ms: usize) -> Vec<i16> {
    let sample = |n: usize| {
        let t = n as f64 / f64::from(RATE_HZ);
        let harmonics = (1..12)
            .map(|k| (std::f64::consts::TAU * 120.0 * f64::from(k) * t).sin() / f64::from(k));
        let swell = 1.0 + 0.3 * (std::f64::consts::TAU * 3.0 * t).sin();
        (3_000.0 * swell * harmonics.sum::<f64>()) as i16
    };
    (0..8 * ms).map(sample).collect()
}

/// The largest step from one sample to the next.
fn largest_step(samples: &[i16]) -> i32 {
    samples
        .windows(2)
        .map(|pair| (i32::from(pair[1]) - i32::from(pair[0])).abs())
        .max()
        .unwrap_or(0)
}

#[test]
fn without_loss_nothing_is_changed() {
    let samples = vowel(500);
    assert_eq!(play(&samples, 160, |_| false), samples);
}

#[test]
fn a_tone_with_single_losses_keeps_its_level_and_does_not_click() {
    for (frame_samples, every) in [(160, 7), (80, 7), (240, 9)] {
        for hz in [200.0, 440.0, 1_000.0, 1_004.0, 2_100.0, 3_000.0] {
            let samples = tone(hz, -10.0, 2_000);
            let played = play(&samples, frame_samples, |n| n % every == every - 1);
            for (n, frame) in played
                .chunks_exact(frame_samples)
                .enumerate()
                .skip(every - 1)
            {
                let level = dbfs(frame);
                assert!(
                    (level - -10.0).abs() < 3.0,
                    "{hz} Hz, frame {n} of {frame_samples}: {level} dBFS"
                );
            }
            let (before, after) = (largest_step(&samples), largest_step(&played));
            assert!(
                after < before * 14 / 10,
                "{hz} Hz clicks: {after} instead of {before}"
            );
        }
    }
}

#[test]
fn a_voice_with_a_tenth_lost_keeps_its_level_and_does_not_click() {
    let samples = vowel(4_000);
    let played = play(&samples, 160, |n| n % 10 == 9);
    for (n, (before, after)) in samples
        .chunks(160)
        .zip(played.chunks(160))
        .enumerate()
        .skip(10)
    {
        let change = dbfs(after) - dbfs(before);
        assert!(change.abs() < 4.0, "frame {n} changed by {change} dB");
    }
    assert!(largest_step(&played) < largest_step(&samples) * 13 / 10);
}

#[test]
fn a_sound_too_low_for_the_pitch_search_does_not_click_either() {
    // A period of 30 Hz is longer than any that is cut out: its end never fits its beginning by itself.
    let samples = tone(30.0, -10.0, 1_000);
    let played = play(&samples, 160, |n| n % 7 == 6);
    for (n, hole) in played
        .chunks_exact(160)
        .enumerate()
        .filter(|(n, _)| n % 7 == 6)
    {
        // Inside the hole alone, where the repetition begins anew. A plain repetition steps by 9,000.
        assert!(
            largest_step(hole) < 1_500,
            "frame {n} clicks: {}",
            largest_step(hole)
        );
    }
}

#[test]
fn a_long_hole_fades_to_silence_in_sixty_milliseconds() {
    let played = play(&tone(1_000.0, -10.0, 400), 80, |n| (20..30).contains(&n));
    let levels: Vec<f64> = played
        .chunks_exact(80)
        .skip(20)
        .take(10)
        .map(dbfs)
        .collect();
    assert!(
        (levels[0] - -10.0).abs() < 0.5,
        "the first ten milliseconds are at full level: {levels:?}"
    );
    assert!(
        levels[..6].windows(2).all(|pair| pair[1] < pair[0]),
        "then it fades: {levels:?}"
    );
    assert!(levels[3] > -20.0, "the fall is even: {levels:?}");
    assert_eq!(levels[6..], [SILENCE_DBFS; 4]);
}

#[test]
fn what_comes_after_a_long_hole_is_faded_in() {
    let samples = tone(1_000.0, -3.0, 400);
    let played = play(&samples, 160, |n| (10..16).contains(&n));
    let back = &played[16 * 160..17 * 160];
    assert!(
        back[..8].iter().all(|sample| sample.unsigned_abs() < 3_000),
        "{:?}",
        &back[..8]
    );
    assert_eq!(
        back[80..],
        samples[16 * 160 + 80..17 * 160],
        "after ten milliseconds it is as it came"
    );
}

#[test]
fn a_splice_does_not_click() {
    // 1,300 samples of a tone are cut out, in the middle of a period.
    let samples = tone(310.0, -6.0, 1_000);
    let mut concealer = Concealer::new(RATE_HZ);
    let (mut before, mut after) = (samples[..1_600].to_vec(), samples[2_900..3_060].to_vec());
    before
        .chunks_mut(160)
        .for_each(|frame| concealer.receive(frame));
    let unspliced = (i32::from(after[0]) - i32::from(before[1_599])).abs();
    assert!(unspliced > 5_000, "the cut would click: {unspliced}");
    concealer.receive_discontinuous(&mut after);
    before.extend_from_slice(&after);
    assert!(largest_step(&before) < largest_step(&samples) * 14 / 10);
    assert!(!concealer.is_concealing());
}

#[test]
fn a_hole_before_anything_came_is_silence() {
    let mut concealer = Concealer::new(RATE_HZ);
    let mut frame = [99; 160];
    concealer.conceal(&mut frame);
    assert_eq!(frame, [0; 160]);
    assert!(concealer.is_concealing());
}

#[test]
fn silence_stays_silent() {
    assert!(
        play(&[0; 8_000], 160, |n| n % 3 == 0)
            .iter()
            .all(|sample| *sample == 0)
    );
}

#[test]
fn wide_band_is_concealed_too() {
    let mut samples = vec![0; 16_000];
    ToneSource::sine(1_000.0, -10.0, None, 16_000).fill(&mut samples);
    let mut concealer = Concealer::new(16_000);
    for (n, frame) in samples.chunks_mut(320).enumerate() {
        if n % 5 == 4 {
            frame.fill(0);
            concealer.conceal(frame);
            assert!((dbfs(frame) - -10.0).abs() < 2.0, "frame {n}");
        } else {
            concealer.receive(frame);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    /// Any samples, frames of any size, in any order of losses and splices: no panic, and never louder than what came.
    #[test]
    fn any_samples_at_all_are_concealed(frames in vec((0_u8..4, any::<i16>(), 0_usize..500), 0..12)) {
        let mut concealer = Concealer::new(RATE_HZ);
        let mut loudest = 0;
        for (kind, seed, length) in frames {
            let mut frame: Vec<i16> = (0..length).map(|n| seed.wrapping_mul(n as i16).wrapping_add(seed)).collect();
            if kind > 0 {
                loudest = frame.iter().fold(loudest, |loudest, sample| sample.unsigned_abs().max(loudest));
            }
            match kind {
                0 => concealer.conceal(&mut frame),
                1 => concealer.receive_discontinuous(&mut frame),
                _ => concealer.receive(&mut frame),
            }
            prop_assert!(frame.iter().all(|sample| sample.unsigned_abs() <= loudest));
        }
    }
}
