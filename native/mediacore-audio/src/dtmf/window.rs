//! One look at 20 ms of sound: which digit could it be? A window of Hann's shape is moved on by 5 ms at a time; how far
//! the phase of a tone has turned meanwhile tells its frequency much better than the window's 50 Hz.

use std::f64::consts::TAU;

use super::{DIGITS, HIGH_HZ, LOW_HZ};
use crate::level::power_dbfs;

/// Looks in a second.
pub(super) const LOOKS_PER_SECOND: u32 = 200;

/// Looks that a window is long.
const WINDOW_LOOKS: usize = 4;

/// What a frequency may be off. Q.24 table A-1 wants 1.5 % and 2 Hz (AT&T) or 1.8 % (NTT) taken, 3.0 % (NTT) or 3.5 % (AT&T) left.
const DETUNED_MAX: f64 = 0.024;

/// Each tone is at least so loud: some 8 dB below the -25 dBm0 that must be taken; 0 dBFS is 3.14 dBm0.
const LEVEL_MIN_DBFS: f64 = -36.0;

/// How much louder the high tone may be (4 to 5 dB are to be taken), and the low one (8 dB are).
const HIGH_ABOVE_LOW_MAX_DB: f64 = 6.0;
const LOW_ABOVE_HIGH_MAX_DB: f64 = 9.5;

/// The two tones' part of all that is heard: 10 dB above everything else together. Voices have harmonics, noise has all
/// frequencies; at 8 dB an hour of synthetic babble pressed one digit.
const PURITY_MIN: f64 = 0.92;

/// Looks at sound, 5 ms after 5 ms.
#[derive(Clone, Debug)]
pub(super) struct Window {
    // The newest 20 ms, oldest first.
    samples: Box<[f64]>,
    shape: Box<[f64]>,
    // Sum of the shape, and of its squares.
    gain: f64,
    squares_gain: f64,
    hop: usize,
    tones: [Tone; 8],
}

/// One of the eight frequencies.
#[derive(Clone, Copy, Debug)]
struct Tone {
    hz: f64,
    coefficient: f64,
    turn: (f64, f64),
    // What the last look found.
    found: (f64, f64),
}

/// A tone of one group as one look found it.
#[derive(Clone, Copy, Debug)]
struct Peak {
    place: usize,
    detuned: f64,
    power: f64,
}

impl Window {
    pub fn new(sample_rate_hz: u32) -> Self {
        let hop = (sample_rate_hz / LOOKS_PER_SECOND) as usize;
        let length = hop * WINDOW_LOOKS;
        let shape: Box<[f64]> = (0..length)
            .map(|n| 0.5 - 0.5 * (TAU * (n as f64 + 0.5) / length as f64).cos())
            .collect();
        let hz = |place: usize| match place {
            0..4 => LOW_HZ[place],
            _ => HIGH_HZ[place - 4],
        };
        Self {
            samples: vec![0.0; length].into(),
            gain: shape.iter().sum(),
            squares_gain: shape.iter().map(|weight| weight * weight).sum(),
            shape,
            hop,
            tones: std::array::from_fn(|place| Tone::new(hz(place), sample_rate_hz)),
        }
    }

    /// Samples that one look takes.
    pub fn hop(&self) -> usize {
        self.hop
    }

    /// Takes the next `hop` samples; the digit that the newest 20 ms could be.
    pub fn look(&mut self, samples: impl Iterator<Item = i16>) -> Option<char> {
        self.samples.rotate_left(self.hop);
        let newest = self.samples.len() - self.hop;
        for (place, sample) in self.samples[newest..].iter_mut().zip(samples) {
            *place = f64::from(sample);
        }
        let power = self.power();
        if power_dbfs(power) < LEVEL_MIN_DBFS {
            // So silence costs next to nothing. Phases of what came before say nothing about what follows.
            self.tones
                .iter_mut()
                .for_each(|tone| tone.found = (0.0, 0.0));
            return None;
        }
        self.analyse();
        self.judge(power)
    }

    /// Mean square under the shape.
    fn power(&self) -> f64 {
        let weighted = self.samples.iter().zip(&self.shape);
        let squares: f64 = weighted
            .map(|(sample, weight)| (sample * weight) * (sample * weight))
            .sum();
        squares / self.squares_gain
    }

    /// Goertzel's algorithm for all eight; how the phases turned stands in `turn` afterwards.
    fn analyse(&mut self) {
        for tone in &mut self.tones {
            let (mut last, mut before) = (0.0, 0.0);
            for (sample, weight) in self.samples.iter().zip(&self.shape) {
                (last, before) = (sample * weight + tone.coefficient * last - before, last);
            }
            tone.turned_to((last, before));
        }
    }

    fn judge(&self, power: f64) -> Option<char> {
        let low = self.loudest(0..4)?;
        let high = self.loudest(4..8)?;
        let twist_db = power_dbfs(high.power) - power_dbfs(low.power);
        let is_digit = power_dbfs(low.power.min(high.power)) >= LEVEL_MIN_DBFS
            && twist_db <= HIGH_ABOVE_LOW_MAX_DB
            && -twist_db <= LOW_ABOVE_HIGH_MAX_DB
            && low.detuned.abs() <= DETUNED_MAX
            && high.detuned.abs() <= DETUNED_MAX
            && low.power + high.power >= PURITY_MIN * power;
        is_digit.then(|| DIGITS[low.place][high.place - 4])
    }

    /// The loudest tone of a group, with its true frequency and power.
    fn loudest(&self, group: std::ops::Range<usize>) -> Option<Peak> {
        let strength = |place: &usize| {
            let (re, im) = self.tones[*place].found;
            re * re + im * im
        };
        let place = group.max_by(|a, b| strength(a).total_cmp(&strength(b)))?;
        let tone = &self.tones[place];
        let (re, im) = tone.turn;
        let off_hz = im.atan2(re) / TAU * f64::from(LOOKS_PER_SECOND);
        let window_s = WINDOW_LOOKS as f64 / f64::from(LOOKS_PER_SECOND);
        let response = hann_response(off_hz * window_s);
        Some(Peak {
            place,
            detuned: off_hz / tone.hz,
            // A sine of amplitude A gives A / 2 times the gain; its mean square is A² / 2.
            power: 2.0 * strength(&place) / (self.gain * self.gain * response * response),
        })
    }
}

impl Tone {
    fn new(hz: f64, sample_rate_hz: u32) -> Self {
        Self {
            hz,
            coefficient: 2.0 * (TAU * hz / f64::from(sample_rate_hz)).cos(),
            turn: (0.0, 0.0),
            found: (0.0, 0.0),
        }
    }

    /// Notes what a look found, and how far the phase is from where the nominal frequency would have brought it.
    fn turned_to(&mut self, (last, before): (f64, f64)) {
        let cosine = self.coefficient / 2.0;
        let sine = (1.0 - cosine * cosine).sqrt();
        let now = (last - before * cosine, before * sine);
        let then = self.found;
        self.found = now;
        let (expected_im, expected_re) = (TAU * self.hz / f64::from(LOOKS_PER_SECOND)).sin_cos();
        let turned = (
            now.0 * then.0 + now.1 * then.1,
            now.1 * then.0 - now.0 * then.1,
        );
        self.turn = (
            turned.0 * expected_re + turned.1 * expected_im,
            turned.1 * expected_re - turned.0 * expected_im,
        );
    }
}

/// What the shape leaves of a tone so many turns in a window beside where it is looked for.
fn hann_response(turns: f64) -> f64 {
    let turns = turns.abs().min(0.9);
    if turns < 1e-6 {
        return 1.0;
    }
    let x = std::f64::consts::PI * turns;
    x.sin() / (x * (1.0 - turns * turns))
}
