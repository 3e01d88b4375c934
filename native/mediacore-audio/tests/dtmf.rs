//! Digits as sound: what ITU-T Q.24 wants taken is taken, what it wants left is left, and voices press nothing.

use std::f64::consts::TAU;
use std::fs::File;
use std::path::{Path, PathBuf};

use mediacore_audio::dtmf::{LOOK_AHEAD_MS, frequencies_hz};
use mediacore_audio::{
    Codec, DigitRemover, DtmfDetector, DtmfNotice, DtmfSource, Resampler, dbfs, open_audio, to_i16,
};
use proptest::prelude::*;

const RATE_HZ: u32 = 8_000;
const DIGITS: &str = "0123456789*#ABCD";

/// One press, as a telephone could make it.
#[derive(Clone, Copy, Debug)]
struct Press {
    digit: char,
    tone_ms: f64,
    pause_ms: f64,
    low_dbfs: f64,
    high_dbfs: f64,
    low_off: f64,
    high_off: f64,
}

impl Press {
    fn of(digit: char) -> Self {
        Self {
            digit,
            tone_ms: 60.0,
            pause_ms: 60.0,
            low_dbfs: -12.0,
            high_dbfs: -10.0,
            low_off: 1.0,
            high_off: 1.0,
        }
    }

    fn add_to(&self, samples: &mut Vec<i16>, rate_hz: u32) {
        let (low_hz, high_hz) = frequencies_hz(self.digit).expect("a digit");
        let rate = f64::from(rate_hz);
        let sine = |hz: f64, level_dbfs: f64, n: usize| {
            32_767.0 * 10_f64.powf(level_dbfs / 20.0) * (TAU * hz * n as f64 / rate).sin()
        };
        for n in 0..(self.tone_ms * rate / 1000.0) as usize {
            let low = sine(low_hz * self.low_off, self.low_dbfs, n);
            let high = sine(high_hz * self.high_off, self.high_dbfs, n);
            samples.push((low + high).round() as i16);
        }
        let silent = (self.pause_ms * rate / 1000.0) as usize;
        samples.resize(samples.len() + silent, 0);
    }
}

/// Presses after a silence of so many samples, so that they meet the detector's looks in every way.
fn sound(lead_samples: usize, presses: &[Press]) -> Vec<i16> {
    let mut samples = vec![0; lead_samples];
    presses
        .iter()
        .for_each(|press| press.add_to(&mut samples, RATE_HZ));
    samples
}

fn notices(samples: &[i16], rate_hz: u32) -> Vec<DtmfNotice> {
    let mut detector = DtmfDetector::new(rate_hz);
    let mut heard = Vec::new();
    let silence = vec![0; rate_hz as usize / 5];
    for frame in samples
        .chunks(rate_hz as usize / 50)
        .chain(std::iter::once(&silence[..]))
    {
        detector.receive(frame);
        heard.extend(std::iter::from_fn(|| detector.poll()));
    }
    heard
}

fn heard_at(samples: &[i16], rate_hz: u32) -> String {
    let pressed = |notice: DtmfNotice| match notice {
        DtmfNotice::Pressed { digit } => Some(digit),
        DtmfNotice::Released { .. } => None,
    };
    notices(samples, rate_hz)
        .into_iter()
        .filter_map(pressed)
        .collect()
}

fn heard(samples: &[i16]) -> String {
    heard_at(samples, RATE_HZ)
}

/// Asserts that every digit, however it meets the looks, is taken (or left).
fn assert_all(is_taken: bool, change: impl Fn(&mut Press)) {
    for digit in DIGITS.chars() {
        for lead_samples in (800..840).step_by(7) {
            let mut press = Press::of(digit);
            change(&mut press);
            let text = heard(&sound(lead_samples, &[press]));
            let expected = if is_taken {
                digit.to_string()
            } else {
                String::new()
            };
            assert_eq!(text, expected, "{press:?} after {lead_samples} samples");
        }
    }
}

/// Evenly spread numbers from -1 to 1, from a seed.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as f64 / f64::from(1_u32 << 30) - 1.0
    }

    fn between(&mut self, least: f64, most: f64) -> f64 {
        least + (self.next() + 1.0) / 2.0 * (most - least)
    }
}

fn add_noise(samples: &mut [i16], level_dbfs: f64, seed: u64) {
    // Evenly spread noise has a third of the square of its peak; a full-scale sine half of it.
    let peak = 32_767.0 * 10_f64.powf(level_dbfs / 20.0) * 1.5_f64.sqrt();
    let mut dice = Dice(seed);
    for sample in samples {
        *sample = (f64::from(*sample) + peak * dice.next()).round() as i16;
    }
}

#[test]
fn every_digit_is_heard_as_it_was_made() {
    let mut source = DtmfSource::new(DIGITS, 80, 60, RATE_HZ).expect("digits");
    let mut samples = Vec::new();
    while !source.is_finished() {
        let mut frame = [0; 160];
        source.fill(&mut frame);
        samples.extend(frame);
    }
    assert_eq!(heard(&samples), DIGITS);
    assert_eq!(samples.len(), 16 * 140 * 8);
}

#[test]
fn digits_are_heard_at_every_rate() {
    for rate_hz in [8_000, 16_000, 24_000, 32_000, 48_000] {
        let mut samples = vec![0; 1_000];
        DIGITS
            .chars()
            .for_each(|digit| Press::of(digit).add_to(&mut samples, rate_hz));
        assert_eq!(heard_at(&samples, rate_hz), DIGITS, "{rate_hz} Hz");
    }
}

#[test]
fn what_is_no_digit_is_not_made() {
    assert!(DtmfSource::new("12X", 80, 60, RATE_HZ).is_none());
    assert!(DtmfSource::new("abcd", 80, 60, RATE_HZ).is_some());
}

#[test]
fn forty_milliseconds_are_a_digit_and_twenty_three_are_none() {
    assert_all(true, |press| press.tone_ms = 40.0);
    assert_all(false, |press| press.tone_ms = 23.0);
}

#[test]
fn a_pause_of_forty_milliseconds_is_one_and_a_hole_of_ten_is_none() {
    for (pause_ms, expected) in [(40.0, "55"), (10.0, "5")] {
        for lead_samples in 800..840 {
            let press = Press {
                pause_ms,
                ..Press::of('5')
            };
            let text = heard(&sound(lead_samples, &[press, press]));
            assert_eq!(text, expected, "{pause_ms} ms after {lead_samples}");
        }
    }
}

#[test]
fn the_fastest_dialling_that_must_be_heard_is_heard() {
    let fastest = |digit| Press {
        tone_ms: 40.0,
        pause_ms: 40.0,
        ..Press::of(digit)
    };
    let presses: Vec<Press> = "1123580000147*369#".chars().map(fastest).collect();
    for lead_samples in 800..840 {
        assert_eq!(heard(&sound(lead_samples, &presses)), "1123580000147*369#");
    }
}

#[test]
fn a_frequency_may_be_off_by_so_much_and_no_more() {
    // 1.5 % and 2 Hz, 1.8 %: taken. 3.0 %, 3.5 %: left.
    for off in [0.982, 1.018] {
        assert_all(true, |press| press.low_off = off);
        assert_all(true, |press| press.high_off = off);
        assert_all(true, |press| (press.low_off, press.high_off) = (off, off));
    }
    for off in [0.965, 0.97, 1.03, 1.035] {
        assert_all(false, |press| press.low_off = off);
        assert_all(false, |press| press.high_off = off);
    }
}

#[test]
fn one_tone_may_be_louder_than_the_other_by_so_much() {
    for (high_above_low_db, is_taken) in [
        (4.0, true),
        (5.0, true),
        (-8.0, true),
        (8.0, false),
        (-12.0, false),
    ] {
        assert_all(is_taken, |press| {
            press.low_dbfs = -10.0 - f64::max(high_above_low_db, 0.0);
            press.high_dbfs = -10.0 + f64::min(high_above_low_db, 0.0);
        });
    }
}

#[test]
fn quiet_digits_are_heard_and_those_of_the_next_line_are_not() {
    // -25 dBm0 a tone is to be taken, -55 dBm0 to be left (AT&T); 0 dBFS is 3.14 dBm0.
    for (level_dbfs, is_taken) in [(-3.0, true), (-28.2, true), (-30.0, true), (-45.0, false)] {
        assert_all(is_taken, |press| {
            (press.low_dbfs, press.high_dbfs) = (level_dbfs, level_dbfs);
        });
    }
}

#[test]
fn noise_fifteen_decibels_below_each_tone_takes_nothing_away() {
    for seed in 0..20 {
        let level = |digit| Press {
            low_dbfs: -20.0,
            high_dbfs: -20.0,
            tone_ms: 50.0,
            ..Press::of(digit)
        };
        let presses: Vec<Press> = DIGITS.chars().map(level).collect();
        let mut samples = sound(800 + seed as usize, &presses);
        add_noise(&mut samples, -35.0, seed);
        assert_eq!(heard(&samples), DIGITS, "seed {seed}");
    }
}

#[test]
fn digits_survive_both_laws_of_g711() {
    for codec in [Codec::Pcmu, Codec::Pcma] {
        let presses: Vec<Press> = DIGITS.chars().map(Press::of).collect();
        let samples = sound(900, &presses);
        let mut octets = vec![0; samples.len()];
        codec.encode(&samples, &mut octets);
        let mut back = vec![0; samples.len()];
        codec.decode(&octets, &mut back);
        assert_eq!(heard(&back), DIGITS, "{codec:?}");
    }
}

#[test]
fn a_release_tells_how_long_the_digit_was() {
    for tone_ms in [50_u32, 100, 400, 2_000] {
        let press = Press {
            tone_ms: tone_ms.into(),
            ..Press::of('7')
        };
        let Some(DtmfNotice::Released { digit, duration_ms }) =
            notices(&sound(805, &[press]), RATE_HZ).pop()
        else {
            panic!("not released");
        };
        assert_eq!(digit, '7');
        assert!(
            duration_ms.abs_diff(tone_ms) <= 10,
            "{duration_ms} instead of {tone_ms}"
        );
    }
}

#[test]
fn one_tone_alone_and_two_of_one_group_are_no_digit() {
    for (low_dbfs, high_dbfs) in [(-10.0, -100.0), (-100.0, -10.0)] {
        assert_all(false, |press| {
            press.tone_ms = 300.0;
            (press.low_dbfs, press.high_dbfs) = (low_dbfs, high_dbfs);
        });
    }
    let sine = |hz: f64, n: usize| 9_000.0 * (TAU * hz * n as f64 / 8_000.0).sin();
    for (a, b) in [
        (697.0, 941.0),
        (1209.0, 1477.0),
        (350.0, 440.0),
        (440.0, 480.0),
        (480.0, 620.0),
    ] {
        let samples: Vec<i16> = (0..8_000)
            .map(|n| (sine(a, n) + sine(b, n)) as i16)
            .collect();
        assert_eq!(heard(&samples), "", "{a} and {b} Hz");
    }
}

fn prompts() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../pbx/prompts");
    let mut found = Vec::new();
    for language in ["en", "pl"] {
        let files =
            std::fs::read_dir(folder.join(language)).expect("the prompts are in the repository");
        found.extend(files.map(|file| file.expect("a file").path()));
    }
    found.retain(|path| path.extension().is_some_and(|kind| kind == "flac"));
    found
}

fn speech(path: &Path) -> Vec<i16> {
    let file = File::open(path).expect("it is there");
    let mut reader = open_audio(file).expect("a FLAC file");
    let mut resampler = Resampler::new(reader.sample_rate_hz(), RATE_HZ).expect("a usual rate");
    let (mut mono, mut narrow, mut samples) = (Vec::new(), Vec::new(), Vec::new());
    while reader.read(&mut mono).expect("it is whole") {
        resampler.receive(&mono, &mut narrow);
        mono.clear();
    }
    resampler.finish(&mut narrow);
    to_i16(&narrow, &mut samples);
    samples
}

#[test]
fn nothing_that_our_prompts_say_is_a_digit() {
    let prompts = prompts();
    assert!(prompts.len() > 20);
    for path in prompts {
        let samples = speech(&path);
        assert!(dbfs(&samples) > -40.0, "{path:?} is silent");
        // As loud as it is, and as some telephone might send it.
        for gain in [0.25, 1.0, 2.0] {
            let louder: Vec<i16> = samples
                .iter()
                .map(|s| (f64::from(*s) * gain) as i16)
                .collect();
            assert_eq!(heard(&louder), "", "{path:?} times {gain}");
        }
    }
}

/// A voice: pulses of a wandering pitch through three wandering formants, in syllables. More tonal than people are.
fn babble(seed: u64, seconds: usize) -> Vec<i16> {
    let mut dice = Dice(seed);
    let mut samples = Vec::with_capacity(seconds * 8_000);
    let mut phase = 0.0;
    while samples.len() < seconds * 8_000 {
        let pitch_hz = dice.between(80.0, 400.0);
        let glide = dice.between(-0.3, 0.3);
        let formants = [
            dice.between(250.0, 950.0),
            dice.between(900.0, 2_300.0),
            dice.between(2_200.0, 3_300.0),
        ];
        let width_hz = dice.between(30.0, 150.0);
        let length = dice.between(600.0, 3_000.0) as usize;
        let mut state = [[0.0_f64; 2]; 3];
        for n in 0..length {
            let at = n as f64 / length as f64;
            phase += pitch_hz * (1.0 + glide * at) / 8_000.0;
            let pulse = if phase >= 1.0 {
                1.0
            } else {
                0.02 * dice.next()
            };
            phase %= 1.0;
            let mut value = 0.0;
            for (formant, memory) in formants.iter().zip(&mut state) {
                let radius = (-TAU / 2.0 * width_hz / 8_000.0).exp();
                let next = pulse + 2.0 * radius * (TAU * formant / 8_000.0).cos() * memory[0]
                    - radius * radius * memory[1];
                *memory = [next, memory[0]];
                value += next;
            }
            let envelope = (TAU / 2.0 * at).sin();
            samples.push((value * envelope * 3_000.0).clamp(-32_000.0, 32_000.0) as i16);
        }
        samples.resize(samples.len() + dice.between(0.0, 800.0) as usize, 0);
    }
    samples
}

#[test]
fn babbling_presses_nothing() {
    // A quarter of an hour; with voices half as strict, seed 23 pressed a 6.
    for seed in 15..30 {
        assert_eq!(heard(&babble(seed, 60)), "", "seed {seed}");
    }
}

#[test]
fn noise_presses_nothing() {
    let mut samples = vec![0; 60 * 8_000];
    add_noise(&mut samples, -15.0, 5);
    assert_eq!(heard(&samples), "");
}

/// The removed sound of a talker who presses digits between words.
fn removed(samples: &[i16]) -> (Vec<i16>, DigitRemover) {
    let mut remover = DigitRemover::new(RATE_HZ);
    let mut out = Vec::new();
    for frame in samples.chunks_exact(160) {
        let mut frame = frame.to_vec();
        remover.process(&mut frame);
        while remover.poll().is_some() {}
        out.extend(frame);
    }
    (out, remover)
}

#[test]
fn of_a_removed_digit_nothing_is_left() {
    for lead_samples in (1_600..1_760).step_by(11) {
        let presses: Vec<Press> = "4929#".chars().map(Press::of).collect();
        let mut samples = sound(lead_samples, &presses);
        samples.resize(8_000, 0);
        let (out, remover) = removed(&samples);
        assert_eq!(remover.removed(), 5);
        assert!(
            out.iter().all(|sample| *sample == 0),
            "after {lead_samples}"
        );
    }
}

#[test]
fn of_a_removed_digit_in_noise_no_tone_is_left() {
    let presses: Vec<Press> = "0123456789".chars().map(Press::of).collect();
    let mut samples = sound(1_600, &presses);
    add_noise(&mut samples, -45.0, 3);
    let (out, remover) = removed(&samples);
    assert_eq!(remover.removed(), 10);
    assert!(dbfs(&out) < -40.0, "{}", dbfs(&out));
    assert_eq!(heard(&out), "");
}

#[test]
fn what_is_no_digit_comes_out_later_and_unchanged() {
    let samples = babble(9, 5);
    let (out, remover) = removed(&samples);
    let late = (RATE_HZ * LOOK_AHEAD_MS / 1000) as usize;
    assert_eq!(remover.removed(), 0);
    assert_eq!(out[late..], samples[..out.len() - late]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Whatever a telephone within the limits dials is what is heard.
    #[test]
    fn dialling_within_the_limits_is_heard(
        digits in "[0-9A-D*#]{1,12}",
        tone_ms in 40.0..200.0_f64,
        pause_ms in 40.0..200.0_f64,
        low_off in 0.984..1.016_f64,
        high_off in 0.984..1.016_f64,
        low_dbfs in -26.0..-6.0_f64,
        high_above_low_db in -7.5..4.0_f64,
        lead_samples in 400_usize..2_000,
    ) {
        let press = |digit| Press {
            digit, tone_ms, pause_ms, low_dbfs, low_off, high_off,
            high_dbfs: (low_dbfs + high_above_low_db).min(-5.0),
        };
        let presses: Vec<Press> = digits.chars().map(press).collect();
        prop_assert_eq!(heard(&sound(lead_samples, &presses)), digits);
    }

    /// Any samples, cut in any way: no panic, and a release for each press.
    #[test]
    fn any_sound_is_borne(samples in prop::collection::vec(any::<i16>(), 0..3_000), piece in 1_usize..700) {
        let mut detector = DtmfDetector::new(RATE_HZ);
        let mut held = None;
        for piece in samples.chunks(piece) {
            detector.receive(piece);
            while let Some(notice) = detector.poll() {
                match notice {
                    DtmfNotice::Pressed { digit } => prop_assert_eq!(held.replace(digit), None),
                    DtmfNotice::Released { digit, .. } => prop_assert_eq!(held.take(), Some(digit)),
                }
            }
        }
    }
}
