//! Another sample rate for files (a call's own is in `live`), by a polyphase FIR filter (windowed sinc, Kaiser). Linear phase; whole blocks in, whole blocks
//! out. With `L / M` the ratio of the rates in lowest terms, the filter is that of the signal at `L` times its rate, of
//! which every `M`-th sample is reckoned, and no other.

mod live;

use std::f64::consts::PI;
use std::sync::Arc;

pub use live::{LIVE_RATES_HZ, LiveResampler};

/// Attenuation of what the lower rate cannot hold, designed: 10 dB more than what is promised.
const STOPBAND_DB: f64 = 70.0;

/// The part of the lower rate's band that passes: 3,400 of 4,000 Hz, the telephone's.
const PASSBAND: f64 = 0.85;

/// Coefficients of the largest filter. The common rates need at most 60,000; odd ones (44,099 Hz) would need millions.
const COEFFICIENTS_MAX: usize = 1 << 18;

/// From one rate to another, block by block. To reckon the filter takes milliseconds; a clone shares it.
#[derive(Debug, Clone)]
pub struct Resampler {
    // Phase by phase, each reversed: a sample is the product of one row and a piece of the input.
    rows: Arc<[f32]>,
    taps: usize,
    up: usize,
    down: usize,
    // What the next samples still need of the input, oldest first.
    held: Vec<f32>,
    // The next sample's place behind `held[0]`, in samples of `up` times the input's rate.
    next: usize,
    // Samples of the filter's delay that come out before the first one of the input.
    delay: usize,
    missing: usize,
}

/// The ratio of two rates is too odd.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OddRates;

impl Resampler {
    /// From `from_hz` to `to_hz`.
    ///
    /// # Panics
    /// If one of them is zero.
    pub fn new(from_hz: u32, to_hz: u32) -> Result<Resampler, OddRates> {
        assert!(from_hz > 0 && to_hz > 0, "{from_hz} Hz to {to_hz} Hz");
        let divisor = gcd(from_hz, to_hz);
        let (up, down) = ((to_hz / divisor) as usize, (from_hz / divisor) as usize);
        if up == down {
            return Ok(Resampler::identity());
        }
        let nyquist_hz = f64::from(from_hz.min(to_hz)) / 2.0;
        let transition = nyquist_hz * (1.0 - PASSBAND) / f64::from(from_hz);
        // Kaiser's estimate, in samples of the input, rounded up to an odd number: then the delay is a whole one.
        let taps = ((STOPBAND_DB - 7.95) / (14.36 * transition)).ceil() as usize | 1;
        if taps.saturating_mul(up) > COEFFICIENTS_MAX {
            return Err(OddRates);
        }
        let cutoff = nyquist_hz * (1.0 + PASSBAND) / 2.0 / f64::from(from_hz);
        let delay = (taps - 1) / 2;
        Ok(Resampler {
            rows: rows(taps, up, cutoff).into(),
            taps,
            up,
            down,
            // Begun in the middle of the filter, so that nothing is late.
            held: vec![0.0; taps - 1 - delay],
            next: 0,
            delay,
            missing: delay,
        })
    }

    fn identity() -> Resampler {
        Resampler {
            rows: [1.0].into(),
            taps: 1,
            up: 1,
            down: 1,
            held: Vec::new(),
            next: 0,
            delay: 0,
            missing: 0,
        }
    }

    /// Takes a block, and appends to `out` what can be said of it.
    pub fn receive(&mut self, block: &[f32], out: &mut Vec<f32>) {
        if self.taps == 1 {
            out.extend_from_slice(block);
            return;
        }
        self.held.extend_from_slice(block);
        self.drain(out);
    }

    /// The input has ended: appends the rest to `out`. Afterwards a new input may begin.
    pub fn finish(&mut self, out: &mut Vec<f32>) {
        let length = self.held.len() + std::mem::take(&mut self.missing);
        self.held.resize(length, 0.0);
        self.drain(out);
        self.held.clear();
        self.held.resize(self.taps - 1 - self.delay, 0.0);
        (self.next, self.missing) = (0, self.delay);
    }

    fn drain(&mut self, out: &mut Vec<f32>) {
        loop {
            let first = self.next / self.up;
            let Some(piece) = self.held.get(first..first + self.taps) else {
                break;
            };
            let row = &self.rows[(self.next % self.up) * self.taps..][..self.taps];
            out.push(product(row, piece));
            self.next += self.down;
        }
        let used = (self.next / self.up).min(self.held.len());
        self.held.drain(..used);
        self.next -= used * self.up;
    }
}

/// The sum of the products, in eight columns so that the compiler may reckon them at once.
fn product(row: &[f32], piece: &[f32]) -> f32 {
    let (row, row_rest) = row.as_chunks::<8>();
    let (piece, piece_rest) = piece.as_chunks::<8>();
    let mut columns = [0.0; 8];
    for (taps, samples) in row.iter().zip(piece) {
        for (column, (tap, sample)) in columns.iter_mut().zip(taps.iter().zip(samples)) {
            *column += tap * sample;
        }
    }
    let rest: f32 = row_rest
        .iter()
        .zip(piece_rest)
        .map(|(tap, sample)| tap * sample)
        .sum();
    columns.iter().sum::<f32>() + rest
}

/// The filter's `up` phases: row `p` holds what a sample `p / up` behind an input sample takes of its neighbours.
fn rows(taps: usize, up: usize, cutoff: f64) -> Vec<f32> {
    let middle = (taps - 1) as f64 / 2.0;
    let mut rows = Vec::with_capacity(taps * up);
    for phase in 0..up {
        let shift = phase as f64 / up as f64;
        let row = (0..taps).map(|tap| {
            let distance = tap as f64 - middle - shift;
            2.0 * cutoff
                * sinc(2.0 * cutoff * distance)
                * kaiser(distance / (middle + 1.0), STOPBAND_DB)
        });
        let row: Vec<f64> = row.collect();
        // Every phase lets a constant pass as it is: else they would differ, and the difference is a tone.
        let sum: f64 = row.iter().sum();
        rows.extend(row.iter().map(|coefficient| (coefficient / sum) as f32));
    }
    rows
}

fn sinc(x: f64) -> f64 {
    if x == 0.0 {
        1.0
    } else {
        (PI * x).sin() / (PI * x)
    }
}

/// Kaiser's window, `place` being 0 in the middle and ±1 at the ends.
fn kaiser(place: f64, stopband_db: f64) -> f64 {
    let beta = 0.1102 * (stopband_db - 8.7);
    bessel_i0(beta * (1.0 - place * place).max(0.0).sqrt()) / bessel_i0(beta)
}

/// The modified Bessel function of the first kind and order zero, by its series.
fn bessel_i0(x: f64) -> f64 {
    let (mut sum, mut term) = (1.0, 1.0);
    for n in 1..64 {
        term *= (x / 2.0 / f64::from(n)).powi(2);
        sum += term;
        if term < sum * 1e-12 {
            break;
        }
    }
    sum
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// Full scale ±1 as 16-bit samples; what is louder is clipped.
pub fn to_i16(samples: &[f32], out: &mut Vec<i16>) {
    // `as` clips.
    out.extend(
        samples
            .iter()
            .map(|sample| (sample * 32_768.0).round() as i16),
    );
}
