//! Shorter and longer: what repeats is changed by its period and nothing clicks; what does not repeat is left alone.

use std::f64::consts::TAU;

use mediacore_audio::{Reason, Stretch, TimeStretch, dbfs};
use proptest::prelude::*;

const RATES_HZ: [u32; 3] = [8_000, 16_000, 48_000];
/// Quieter than anything here.
const NO_BACKGROUND_DBFS: f64 = -90.0;

/// A pitch with falling harmonics.
fn voice(hz: f64, rate_hz: u32, milliseconds: u32) -> Vec<i16> {
    let sample = |place: u32| {
        let t = f64::from(place) / f64::from(rate_hz);
        let harmonics = (1..10).map(|k| (TAU * hz * f64::from(k) * t).sin() / f64::from(k));
        (5_000.0 * harmonics.sum::<f64>()) as i16
    };
    (0..rate_hz / 1_000 * milliseconds).map(sample).collect()
}

/// White, by a fixed seed.
fn noise(amplitude: f64, samples: usize) -> Vec<i16> {
    let mut state = 1_u64;
    let mut next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (((state >> 33) as f64 / (1_u64 << 31) as f64 * 2.0 - 1.0) * amplitude) as i16
    };
    (0..samples).map(|_| next()).collect()
}

fn accelerated(rate_hz: u32, audio: &[i16], background_dbfs: f64) -> (Stretch, Vec<i16>) {
    let mut audio = audio.to_vec();
    let stretch = TimeStretch::new(rate_hz).accelerate(&mut audio, background_dbfs);
    audio.truncate(audio.len() - stretch.samples);
    (stretch, audio)
}

fn expanded(rate_hz: u32, audio: &[i16], background_dbfs: f64) -> (Stretch, Vec<i16>) {
    let mut out = vec![0; audio.len() * 3 / 2 + 1];
    let stretch = TimeStretch::new(rate_hz).expand(audio, background_dbfs, &mut out);
    out.truncate(audio.len() + stretch.samples);
    (stretch, out)
}

fn largest_step(samples: &[i16]) -> i32 {
    let steps = samples
        .windows(2)
        .map(|pair| (i32::from(pair[1]) - i32::from(pair[0])).abs());
    steps.max().unwrap_or(0)
}

/// What is in the samples above `hz`, by a difference filter applied until only high frequencies are left.
fn roughness(samples: &[i16]) -> f64 {
    let mut rest: Vec<f64> = samples.iter().map(|sample| f64::from(*sample)).collect();
    for _ in 0..4 {
        rest = rest.windows(2).map(|pair| pair[1] - pair[0]).collect();
    }
    rest.iter().fold(0.0, |most, step| step.abs().max(most))
}

#[test]
fn a_voice_loses_and_gains_whole_periods() {
    for rate_hz in RATES_HZ {
        for hz in [80.0, 120.0, 200.0, 330.0] {
            let audio = voice(hz, rate_hz, 30);
            let period = f64::from(rate_hz) / hz;
            for (stretch, _) in [
                accelerated(rate_hz, &audio, NO_BACKGROUND_DBFS),
                expanded(rate_hz, &audio, NO_BACKGROUND_DBFS),
            ] {
                assert_eq!(stretch.reason, Reason::Periodic, "{hz} Hz at {rate_hz} Hz");
                let periods = stretch.samples as f64 / period;
                let off = (periods - periods.round()).abs() * period;
                assert!(
                    periods > 0.9 && off <= 1.5,
                    "{hz} Hz at {rate_hz} Hz: {periods} periods"
                );
                assert!(stretch.likeness > 0.95);
            }
        }
    }
}

#[test]
fn nothing_clicks_within_or_at_the_ends() {
    for rate_hz in RATES_HZ {
        for hz in [80.0, 133.0, 210.0] {
            let whole = voice(hz, rate_hz, 90);
            let third = whole.len() / 3;
            let (before, piece, after) = (
                &whole[..third],
                &whole[third..2 * third],
                &whole[2 * third..],
            );
            for changed in [
                accelerated(rate_hz, piece, NO_BACKGROUND_DBFS).1,
                expanded(rate_hz, piece, NO_BACKGROUND_DBFS).1,
            ] {
                assert_ne!(changed.len(), piece.len());
                let joined = [before, &changed, after].concat();
                assert!(
                    largest_step(&joined) <= largest_step(&whole) * 11 / 10 + 2,
                    "{hz} Hz at {rate_hz} Hz: a step of {}",
                    largest_step(&joined)
                );
                assert!(
                    roughness(&joined) <= roughness(&whole) * 1.3 + 16.0,
                    "{hz} Hz at {rate_hz} Hz: {} for {}",
                    roughness(&joined),
                    roughness(&whole)
                );
            }
        }
    }
}

#[test]
fn a_consonant_is_left_alone_unless_it_is_the_background() {
    for rate_hz in RATES_HZ {
        let hiss = noise(3_000.0, rate_hz as usize * 30 / 1_000);
        let (stretch, same) = accelerated(rate_hz, &hiss, NO_BACKGROUND_DBFS);
        assert_eq!((stretch.reason, stretch.samples), (Reason::Aperiodic, 0));
        assert_eq!(same, hiss);
        let (stretch, same) = expanded(rate_hz, &hiss, NO_BACKGROUND_DBFS);
        assert_eq!((stretch.reason, same), (Reason::Aperiodic, hiss.clone()));

        let level = dbfs(&hiss);
        let (stretch, shorter) = accelerated(rate_hz, &hiss, level);
        assert_eq!(stretch.reason, Reason::Background);
        assert!(stretch.samples > 0);
        let faded = &shorter[..stretch.samples];
        assert!(
            (dbfs(faded) - level).abs() < 2.0,
            "{} of {level} dBFS",
            dbfs(faded)
        );
        let (stretch, longer) = expanded(rate_hz, &hiss, level);
        let inserted = &longer[stretch.samples..2 * stretch.samples];
        assert!(
            (dbfs(inserted) - level).abs() < 2.0,
            "{} of {level} dBFS",
            dbfs(inserted)
        );
    }
}

#[test]
fn an_onset_is_left_alone() {
    for rate_hz in RATES_HZ {
        let mut onset = voice(150.0, rate_hz, 30);
        let length = onset.len() as f64;
        for (place, sample) in onset.iter_mut().enumerate() {
            // From nearly nothing by 60 dB in 30 ms.
            *sample =
                (f64::from(*sample) * 10_f64.powf(3.0 * (place as f64 / length - 1.0))) as i16;
        }
        let (stretch, same) = accelerated(rate_hz, &onset, NO_BACKGROUND_DBFS);
        assert_eq!(stretch.samples, 0, "{stretch:?}");
        assert_eq!(same, onset);
    }
}

#[test]
fn silence_is_changed_and_stays_silent() {
    for rate_hz in RATES_HZ {
        let silence = vec![0; rate_hz as usize * 20 / 1_000];
        let (stretch, shorter) = accelerated(rate_hz, &silence, -70.0);
        assert_eq!(stretch.reason, Reason::Background);
        assert!(stretch.samples > 0 && shorter.iter().all(|sample| *sample == 0));
    }
}

#[test]
fn what_is_too_short_is_left_alone() {
    let short = voice(200.0, 8_000, 9);
    assert_eq!(accelerated(8_000, &short, 0.0).0.reason, Reason::TooShort);
    assert_eq!(expanded(8_000, &[], 0.0).0.reason, Reason::TooShort);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Any samples at all: lengths are what the figures say, and both ends are untouched.
    #[test]
    fn lengths_are_as_told(samples in proptest::collection::vec(any::<i16>(), 0..1_000), background in -90.0..0.0) {
        for rate_hz in [8_000, 16_000] {
            let (stretch, shorter) = accelerated(rate_hz, &samples, background);
            prop_assert!(2 * stretch.samples <= samples.len());
            prop_assert_eq!(shorter.len() + stretch.samples, samples.len());
            prop_assert_eq!(shorter.last(), samples.last());
            let (stretch, longer) = expanded(rate_hz, &samples, background);
            prop_assert_eq!(longer.len(), samples.len() + stretch.samples);
            prop_assert_eq!(&longer[..stretch.samples], &samples[..stretch.samples]);
            prop_assert_eq!(longer.last(), samples.last());
        }
    }
}
