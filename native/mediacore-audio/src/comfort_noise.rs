//! Comfort noise (RFC 3389): what silence sounds like at the far end, as a level and the shape of a spectrum. An analyser writes
//! payloads, a generator makes noise of them. They carry no waveform: any two implementations sound alike, not equal.
//!
//! The reflection coefficients have the sign of `k1 = -R(1)/R(0)`, as WebRTC has them: the RFC leaves it open.

use std::fmt;

/// Coefficients that are written and used: those that come beyond are ignored, as RFC 3389 3.2 allows.
pub const ORDER_MAX: usize = 10;

/// Octets of the longest payload written.
pub const PAYLOAD_OCTETS_MAX: usize = 1 + ORDER_MAX;

/// Level and spectrum are followed by this part of the way in each frame.
const SMOOTHING: f64 = 0.25;

/// White noise at -40 dB is added to what is analysed, so that a tone does not become a filter on the edge of ringing.
const WHITENING: f64 = 1.0001;

/// Coefficients go up to 1 in 127 steps (RFC 3389 3.2: Q15, of which 8 bits are sent).
const STEP: f64 = 258.0 / 32_768.0;

/// Mean square of 0 dBov: a square wave of full scale (RFC 3389 3.1).
const OVERLOAD_MEAN_SQUARE: f64 = 32_767.0 * 32_767.0;

/// Listens to silence.
#[derive(Clone, Debug, Default)]
pub struct NoiseAnalyser {
    /// Smoothed, for each sample.
    correlations: [f64; ORDER_MAX + 1],
    is_begun: bool,
}

impl NoiseAnalyser {
    /// Takes a frame of silence; the first counts whole, later ones a quarter. Frames shorter than the order tell nothing.
    pub fn receive(&mut self, frame: &[i16]) {
        if frame.len() <= ORDER_MAX {
            return;
        }
        let part = if self.is_begun { SMOOTHING } else { 1.0 };
        for (lag, correlation) in self.correlations.iter_mut().enumerate() {
            let pairs = frame.iter().zip(&frame[lag..]);
            let sum: i64 = pairs.map(|(a, b)| i64::from(*a) * i64::from(*b)).sum();
            *correlation += (sum as f64 / frame.len() as f64 - *correlation) * part;
        }
        self.is_begun = true;
    }

    /// Forgets what it has heard: the next silence may be another.
    pub fn reset(&mut self) {
        *self = Self::default();
    }

    /// The level as it is written: decibels below overload, 0 to 127.
    pub fn level(&self) -> u8 {
        match self.correlations[0] > 0.0 {
            true => {
                let db = -10.0 * (self.correlations[0] / OVERLOAD_MEAN_SQUARE).log10();
                db.round().clamp(0.0, 127.0) as u8
            }
            false => 127,
        }
    }

    /// Writes what was heard to the front of `payload`: a level and `order` coefficients, as far as there is room. Returns the octets.
    ///
    /// # Panics
    /// If `payload` is empty.
    pub fn write(&self, order: usize, payload: &mut [u8]) -> usize {
        payload[0] = self.level();
        let order = order.min(ORDER_MAX).min(payload.len() - 1);
        let reflections = reflections(&self.correlations);
        for (octet, reflection) in payload[1..=order].iter_mut().zip(reflections) {
            *octet = ((reflection / STEP).round() + 127.0).clamp(0.0, 254.0) as u8;
        }
        1 + order
    }
}

/// Makes noise.
#[derive(Clone)]
pub struct NoiseGenerator {
    random: u64,
    /// Root of the mean square: where it is, and where it goes.
    level: f64,
    wanted_level: f64,
    reflections: [f64; ORDER_MAX],
    wanted: [f64; ORDER_MAX],
    /// The lattice's backward differences.
    lattice: [f64; ORDER_MAX + 1],
    is_begun: bool,
}

impl NoiseGenerator {
    /// Silent until the first payload. Two of one seed make the same noise.
    pub fn new(seed: u64) -> Self {
        Self {
            // Nothing comes of zero.
            random: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1,
            level: 0.0,
            wanted_level: 0.0,
            reflections: [0.0; ORDER_MAX],
            wanted: [0.0; ORDER_MAX],
            lattice: [0.0; ORDER_MAX + 1],
            is_begun: false,
        }
    }

    /// Takes a payload: from now on it sounds like that, the first at once, others by and by. Of an empty one nothing changes.
    pub fn receive(&mut self, payload: &[u8]) {
        let Some((level, coefficients)) = payload.split_first() else {
            return;
        };
        // The highest bit is reserved (RFC 3389 3.1).
        let db = f64::from(level & 0x7f);
        self.wanted_level = match level & 0x7f {
            127 => 0.0,
            _ => (OVERLOAD_MEAN_SQUARE * 10_f64.powf(-db / 10.0)).sqrt(),
        };
        self.wanted = [0.0; ORDER_MAX];
        for (wanted, octet) in self.wanted.iter_mut().zip(coefficients) {
            // 255 would be beyond 1, where the filter is no longer stable.
            *wanted = (f64::from(*octet) - 127.0).min(126.0) * STEP;
        }
        if !self.is_begun {
            (self.level, self.reflections) = (self.wanted_level, self.wanted);
            self.is_begun = true;
        }
    }

    /// Fills `frame`.
    pub fn fill(&mut self, frame: &mut [i16]) {
        self.level += (self.wanted_level - self.level) * SMOOTHING;
        for (reflection, wanted) in self.reflections.iter_mut().zip(&self.wanted) {
            *reflection += (wanted - *reflection) * SMOOTHING;
        }
        // The filter amplifies by the inverse of this.
        let inverse: f64 = self.reflections.iter().map(|k| 1.0 - k * k).product();
        // Evenly spread noise from -1 to 1 has a mean square of a third.
        let gain = self.level * (3.0 * inverse).sqrt();
        for sample in frame {
            *sample = self.next(gain).round() as i16;
        }
    }

    /// One sample: white noise through the lattice.
    fn next(&mut self, gain: f64) -> f64 {
        let mut forward = gain * self.white();
        for stage in (0..ORDER_MAX).rev() {
            forward -= self.reflections[stage] * self.lattice[stage];
            self.lattice[stage + 1] = self.lattice[stage] + self.reflections[stage] * forward;
        }
        self.lattice[0] = forward;
        forward
    }

    /// Marsaglia's xorshift; the upper bits.
    fn white(&mut self) -> f64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        (self.random as i64 >> 11) as f64 / (1_i64 << 52) as f64
    }
}

impl fmt::Debug for NoiseGenerator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NoiseGenerator(RMS {:.1})", self.level)
    }
}

/// By Levinson and Durbin.
fn reflections(correlations: &[f64; ORDER_MAX + 1]) -> [f64; ORDER_MAX] {
    let mut reflections = [0.0; ORDER_MAX];
    let mut predictor = [0.0; ORDER_MAX + 1];
    let mut error = correlations[0] * WHITENING;
    for order in 1..=ORDER_MAX {
        if error <= 0.0 {
            break;
        }
        let known: f64 = (1..order)
            .map(|n| predictor[n] * correlations[order - n])
            .sum();
        let reflection = -(correlations[order] + known) / error;
        let before = predictor;
        for n in 1..order {
            predictor[n] = before[n] + reflection * before[order - n];
        }
        predictor[order] = reflection;
        reflections[order - 1] = reflection;
        error *= 1.0 - reflection * reflection;
    }
    reflections
}
