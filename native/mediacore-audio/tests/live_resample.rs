//! Every pair of a call's rates: what passes, what must not, how late it is, and that blocks are no seams.

use std::f64::consts::TAU;

use mediacore_audio::{LIVE_RATES_HZ, LiveResampler, OddRates};
use proptest::prelude::*;

const AMPLITUDE: f64 = 16_000.0;

fn sine(hz: f64, rate_hz: u32, samples: usize) -> Vec<i16> {
    let sample = |place: usize| {
        (AMPLITUDE * (TAU * hz * place as f64 / f64::from(rate_hz)).sin()).round() as i16
    };
    (0..samples).map(sample).collect()
}

fn resampled(input: &[i16], from_hz: u32, to_hz: u32, block: usize) -> Vec<i16> {
    let mut resampler = LiveResampler::new(from_hz, to_hz).expect("rates of calls");
    let mut out = vec![0; input.len() * 6 + 6];
    let mut made = 0;
    for block in input.chunks(block) {
        made += resampler.process(block, &mut out[made..]);
    }
    out.truncate(made);
    out
}

/// Against the sine that went in, past the beginning.
fn level_db(samples: &[i16]) -> f64 {
    let steady = &samples[samples.len() / 4..];
    let power: f64 = steady.iter().map(|sample| f64::from(*sample).powi(2)).sum();
    10.0 * (2.0 * power / steady.len() as f64 / AMPLITUDE.powi(2))
        .max(1e-12)
        .log10()
}

/// The level of one frequency.
fn tone_db(samples: &[i16], hz: f64, rate_hz: u32) -> f64 {
    let steady = &samples[samples.len() / 4..];
    let (mut real, mut imaginary) = (0.0, 0.0);
    for (place, sample) in steady.iter().enumerate() {
        let angle = TAU * hz * place as f64 / f64::from(rate_hz);
        let window = 1.0 - (TAU * place as f64 / steady.len() as f64).cos();
        real += window * f64::from(*sample) * angle.cos();
        imaginary += window * f64::from(*sample) * angle.sin();
    }
    let amplitude = 2.0 * (real * real + imaginary * imaginary).sqrt() / steady.len() as f64;
    20.0 * (amplitude / AMPLITUDE).max(1e-9).log10()
}

fn pairs() -> impl Iterator<Item = (u32, u32)> {
    let pairs = LIVE_RATES_HZ
        .iter()
        .flat_map(|from| LIVE_RATES_HZ.map(|to| (*from, to)));
    pairs.filter(|(from, to)| from != to)
}

#[test]
fn the_telephone_band_passes_within_a_tenth_of_a_decibel_of_each_pair() {
    for (from, to) in pairs() {
        let band_hz = f64::from(from.min(to)) / 2.0;
        for part in [0.02, 0.1, 0.25, 0.5, 0.75, 0.85] {
            let hz = (part * band_hz).round();
            let out = resampled(&sine(hz, from, from as usize / 2), from, to, 480);
            let level = tone_db(&out, hz, to);
            let limit = if part < 0.8 { 0.1 } else { 0.3 };
            assert!(
                level.abs() < limit,
                "{hz} Hz, {from} to {to} Hz: {level:.2} dB"
            );
        }
    }
}

#[test]
fn what_the_lower_rate_cannot_hold_is_sixty_decibels_down() {
    for (from, to) in pairs().filter(|(from, to)| from > to) {
        let band_hz = f64::from(to) / 2.0;
        let mut hz = 1.15 * band_hz;
        while hz < f64::from(from) / 2.0 - 100.0 {
            let out = resampled(&sine(hz, from, from as usize / 4), from, to, 480);
            let level = level_db(&out);
            assert!(level < -60.0, "{hz} Hz, {from} to {to} Hz: {level:.1} dB");
            hz += 333.0;
        }
    }
}

#[test]
fn a_higher_rate_has_no_images_above_the_band() {
    for (from, to) in pairs().filter(|(from, to)| from < to) {
        for part in [0.05, 0.3, 0.6, 0.85] {
            let hz = (part * f64::from(from) / 2.0).round();
            let out = resampled(&sine(hz, from, from as usize / 2), from, to, 480);
            for multiple in 1..=to / from {
                for image in [-hz, hz].map(|hz| hz + f64::from(from * multiple)) {
                    if image < f64::from(to) / 2.0 {
                        let level = tone_db(&out, image, to);
                        assert!(
                            level < -60.0,
                            "{image} Hz of {hz}, {from} to {to} Hz: {level:.1} dB"
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn it_is_as_late_as_it_says() {
    for (from, to) in pairs() {
        let delay_ms = LiveResampler::delay_ms(from, to);
        assert!((0.3..1.7).contains(&delay_ms), "{delay_ms} ms");
        let hz = 500.0;
        let out = resampled(&sine(hz, from, from as usize / 5), from, to, 480);
        let late = |place: usize| {
            let seconds = place as f64 / f64::from(to) - delay_ms / 1_000.0;
            AMPLITUDE * (TAU * hz * seconds).sin()
        };
        let steady = out.len() / 4..out.len();
        let error = steady.map(|place| (f64::from(out[place]) - late(place)).abs());
        let error = error.fold(0.0, f64::max);
        assert!(
            error < AMPLITUDE / 100.0,
            "{from} to {to} Hz: off by {error}"
        );
    }
}

#[test]
fn each_frame_gives_a_frame_from_the_first_on() {
    for (from, to) in pairs() {
        let mut resampler = LiveResampler::new(from, to).expect("rates of calls");
        for milliseconds in [20, 10, 1, 60, 20] {
            let input = vec![1_000; (from / 1_000 * milliseconds) as usize];
            let mut out = vec![0; (to / 1_000 * milliseconds) as usize];
            assert_eq!(
                resampler.process(&input, &mut out),
                out.len(),
                "{from} to {to} Hz"
            );
        }
    }
}

#[test]
fn a_constant_stays_what_it_is_and_full_scale_does_not_wrap() {
    for (from, to) in pairs() {
        for level in [i16::MIN, -1, 1, i16::MAX] {
            let out = resampled(&vec![level; from as usize / 10], from, to, 480);
            assert_eq!(out[out.len() / 2], level, "{from} to {to} Hz");
        }
    }
}

#[test]
fn one_rate_is_passed_and_an_odd_one_refused() {
    let input = sine(1_000.0, 16_000, 320);
    assert_eq!(resampled(&input, 16_000, 16_000, 100), input);
    assert_eq!(LiveResampler::new(8_000, 44_100).err(), Some(OddRates));
    assert_eq!(LiveResampler::new(0, 8_000).err(), Some(OddRates));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// However the input is cut, the output is the same; and a reset one is a new one.
    #[test]
    fn blocks_are_no_seams(
        samples in proptest::collection::vec(any::<i16>(), 1..2_000),
        block in 1_usize..700,
        from in 0_usize..5,
        to in 0_usize..5,
    ) {
        let (from, to) = (LIVE_RATES_HZ[from], LIVE_RATES_HZ[to]);
        let whole = resampled(&samples, from, to, samples.len());
        prop_assert_eq!(&resampled(&samples, from, to, block), &whole);
        let mut resampler = LiveResampler::new(from, to).expect("rates of calls");
        let mut out = vec![0; samples.len() * 6 + 6];
        resampler.process(&samples, &mut out);
        resampler.reset();
        let made = resampler.process(&samples, &mut out);
        prop_assert_eq!(&out[..made], &whole[..]);
    }
}
