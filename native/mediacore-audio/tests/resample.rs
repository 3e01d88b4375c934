//! What a change of sample rate keeps, what it removes, and what it must not depend on.

use std::f64::consts::TAU;

use mediacore_audio::{OddRates, Resampler, to_i16};
use proptest::prelude::*;

const RATES_HZ: [u32; 8] = [
    8_000, 11_025, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000,
];

fn sine(hz: f64, rate_hz: u32, samples: usize) -> Vec<f32> {
    (0..samples)
        .map(|index| (TAU * hz * index as f64 / f64::from(rate_hz)).sin() as f32)
        .collect()
}

fn resampled(input: &[f32], from_hz: u32, to_hz: u32) -> Vec<f32> {
    let mut resampler = Resampler::new(from_hz, to_hz).expect("a common ratio");
    let mut out = Vec::new();
    resampler.receive(input, &mut out);
    resampler.finish(&mut out);
    out
}

/// The power of the middle, where neither end is felt, against that of a full-scale sine.
fn level_db(samples: &[f32]) -> f64 {
    let middle = &samples[samples.len() / 4..samples.len() * 3 / 4];
    let power: f64 = middle.iter().map(|sample| f64::from(*sample).powi(2)).sum();
    10.0 * (2.0 * power / middle.len() as f64).max(1e-30).log10()
}

#[test]
fn the_telephone_band_passes_at_its_level_and_in_its_place() {
    for from_hz in RATES_HZ {
        for hz in [100.0, 1000.0, 2000.0, 3400.0] {
            let out = resampled(&sine(hz, from_hz, from_hz as usize), from_hz, 8000);
            assert_eq!(out.len(), 8000, "{from_hz} Hz");
            let expected = sine(hz, 8000, 8000);
            let error: Vec<f32> = out.iter().zip(&expected).map(|(a, b)| a - b).collect();
            assert!(
                level_db(&error) < -60.0,
                "{hz} Hz at {from_hz} Hz: {:.1} dB",
                level_db(&error)
            );
        }
    }
}

#[test]
fn what_the_lower_rate_cannot_hold_is_sixty_decibels_down() {
    for from_hz in RATES_HZ.into_iter().filter(|rate| *rate > 8000) {
        let highest = f64::from(from_hz) / 2.0 - 50.0;
        let mut hz = 4000.0;
        while hz < highest {
            let out = resampled(&sine(hz, from_hz, from_hz as usize), from_hz, 8000);
            assert!(
                level_db(&out) < -60.0,
                "{hz} Hz at {from_hz} Hz: {:.1} dB",
                level_db(&out)
            );
            hz += 237.0;
        }
    }
}

#[test]
fn a_higher_rate_has_no_images() {
    for to_hz in [16_000, 48_000] {
        let out = resampled(&sine(1000.0, 8000, 8000), 8000, to_hz);
        let expected = sine(1000.0, to_hz, to_hz as usize);
        assert_eq!(out.len(), expected.len());
        let error: Vec<f32> = out.iter().zip(&expected).map(|(a, b)| a - b).collect();
        assert!(level_db(&error) < -60.0, "{:.1} dB", level_db(&error));
    }
}

#[test]
fn the_same_rate_changes_nothing() {
    let input = sine(997.0, 8000, 1000);
    assert_eq!(resampled(&input, 8000, 8000), input);
}

#[test]
fn a_ratio_that_would_need_millions_of_coefficients_is_refused() {
    assert_eq!(Resampler::new(44_099, 8000).err(), Some(OddRates));
}

#[test]
fn a_resampler_that_has_finished_begins_anew() {
    let input = sine(700.0, 44_100, 5000);
    let mut resampler = Resampler::new(44_100, 8000).expect("a common ratio");
    let (mut first, mut second) = (Vec::new(), Vec::new());
    for out in [&mut first, &mut second] {
        resampler.receive(&input, out);
        resampler.finish(out);
    }
    assert_eq!(first, second);
}

#[test]
fn what_is_too_loud_is_clipped() {
    let mut out = Vec::new();
    to_i16(&[0.0, 0.5, -1.0, 1.0, 3.0, -3.0], &mut out);
    assert_eq!(out, [0, 16_384, -32_768, 32_767, 32_767, -32_768]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// However the input is cut, the output is the same, and as long as the input.
    #[test]
    fn the_cut_into_blocks_does_not_matter(
        input in proptest::collection::vec(-1.0_f32..1.0, 0..3000),
        cuts in proptest::collection::vec(0_usize..3000, 0..6),
        from_hz in proptest::sample::select(RATES_HZ.to_vec()),
    ) {
        let whole = resampled(&input, from_hz, 8000);
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(input.len())).collect();
        cuts.sort_unstable();
        cuts.push(input.len());
        let mut resampler = Resampler::new(from_hz, 8000).expect("a common ratio");
        let (mut out, mut from) = (Vec::new(), 0);
        for cut in cuts {
            resampler.receive(&input[from..cut], &mut out);
            from = cut;
        }
        resampler.finish(&mut out);
        prop_assert_eq!(&out, &whole);
        prop_assert_eq!(out.len(), (input.len() * 8000).div_ceil(from_hz as usize));
    }
}
