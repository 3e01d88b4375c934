//! Tones made and found. A source goes on in phase from one call to the next; a detector looks for given frequencies by
//! Goertzel's algorithm, and says what part of the whole sound each is, so that noise is not taken for a tone.

use std::f64::consts::TAU;

use crate::level::{SILENCE_DBFS, amplitude, power_dbfs, sum_of_squares};

/// Sines in one [`ToneSource`].
pub const PARTIALS_MAX: usize = 4;

/// Length of the block that a detector looks at, milliseconds: tells apart what is 50 Hz from each other.
pub const BLOCK_MS: u32 = 40;

/// Quieter than this is no tone.
const TONE_MIN_DBFS: f64 = -50.0;

/// Less than this part of the sound's power is no tone; white noise gives each frequency a 160th of its power.
const TONE_MIN_PURITY: f64 = 0.5;

/// One sine of a tone.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Partial {
    /// Frequency, hertz.
    pub hz: f64,
    /// Level, 0 dBFS being full scale.
    pub level_dbfs: f64,
}

/// Makes a tone of up to [`PARTIALS_MAX`] sines.
#[derive(Clone, Debug)]
pub struct ToneSource {
    oscillators: [Oscillator; PARTIALS_MAX],
    count: usize,
    /// None: for ever.
    samples_left: Option<u64>,
}

/// A turning vector: one complex product for each sample. In double precision its length is true to a ten-thousandth after a
/// year, so nothing corrects it.
#[derive(Clone, Copy, Debug, Default)]
struct Oscillator {
    amplitude: f64,
    cosine: f64,
    sine: f64,
    turn_cosine: f64,
    turn_sine: f64,
}

impl ToneSource {
    /// A tone of `partials`, for `duration_ms` or for ever. Partials after the fourth are left out; what together
    /// goes beyond full scale is clipped.
    pub fn new(partials: &[Partial], duration_ms: Option<u32>, sample_rate_hz: u32) -> Self {
        let mut oscillators = [Oscillator::default(); PARTIALS_MAX];
        for (oscillator, partial) in oscillators.iter_mut().zip(partials) {
            *oscillator = Oscillator::new(partial, sample_rate_hz);
        }
        let samples = |ms: u32| u64::from(ms) * u64::from(sample_rate_hz) / 1000;
        Self {
            oscillators,
            count: partials.len().min(PARTIALS_MAX),
            samples_left: duration_ms.map(samples),
        }
    }

    /// One sine.
    pub fn sine(hz: f64, level_dbfs: f64, duration_ms: Option<u32>, sample_rate_hz: u32) -> Self {
        Self::new(&[Partial { hz, level_dbfs }], duration_ms, sample_rate_hz)
    }

    /// Fills `frame`, after the tone's end with silence; returns how many samples are tone.
    pub fn fill(&mut self, frame: &mut [i16]) -> usize {
        let samples = match &mut self.samples_left {
            None => frame.len(),
            Some(left) => {
                let samples = (*left).min(frame.len() as u64);
                *left -= samples;
                samples as usize
            }
        };
        let (tone, after) = frame.split_at_mut(samples);
        for sample in tone {
            let sum: f64 = self.oscillators[..self.count]
                .iter_mut()
                .map(Oscillator::next)
                .sum();
            // A float-to-integer cast saturates: that is the clipping.
            *sample = sum.round() as i16;
        }
        after.fill(0);
        samples
    }

    /// Whether the duration is over.
    pub fn is_finished(&self) -> bool {
        self.samples_left == Some(0)
    }
}

impl Oscillator {
    fn new(partial: &Partial, sample_rate_hz: u32) -> Self {
        let (turn_sine, turn_cosine) = (TAU * partial.hz / f64::from(sample_rate_hz)).sin_cos();
        Self {
            amplitude: amplitude(partial.level_dbfs),
            cosine: 1.0,
            sine: 0.0,
            turn_cosine,
            turn_sine,
        }
    }

    fn next(&mut self) -> f64 {
        let value = self.amplitude * self.sine;
        (self.cosine, self.sine) = (
            self.cosine * self.turn_cosine - self.sine * self.turn_sine,
            self.sine * self.turn_cosine + self.cosine * self.turn_sine,
        );
        value
    }
}

/// How much of one frequency was in a block.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ToneLevel {
    /// The frequency looked for.
    pub hz: f64,
    /// Its level, 0 dBFS being full scale.
    pub level_dbfs: f64,
    /// Its part of the whole sound's power, 0 to 1.
    pub purity: f64,
}

impl ToneLevel {
    /// Loud and pure enough to be a tone rather than noise, speech or silence.
    pub fn is_tone(&self) -> bool {
        self.level_dbfs >= TONE_MIN_DBFS && self.purity >= TONE_MIN_PURITY
    }
}

/// Looks for given frequencies, block by block of [`BLOCK_MS`].
#[derive(Clone, Debug)]
pub struct ToneDetector {
    goertzels: Box<[Goertzel]>,
    levels: Box<[ToneLevel]>,
    block_samples: usize,
    samples: usize,
    sum_of_squares: u64,
}

#[derive(Clone, Copy, Debug)]
struct Goertzel {
    coefficient: f64,
    /// Corrects the power of a tone that does not fit the block in whole turns.
    last: f64,
    before: f64,
}

impl ToneDetector {
    /// A detector of these frequencies.
    pub fn new(frequencies_hz: &[f64], sample_rate_hz: u32) -> Self {
        let goertzel = |hz: &f64| Goertzel {
            coefficient: 2.0 * (TAU * hz / f64::from(sample_rate_hz)).cos(),
            last: 0.0,
            before: 0.0,
        };
        let silent = |&hz: &f64| ToneLevel {
            hz,
            level_dbfs: SILENCE_DBFS,
            purity: 0.0,
        };
        Self {
            goertzels: frequencies_hz.iter().map(goertzel).collect(),
            levels: frequencies_hz.iter().map(silent).collect(),
            block_samples: (sample_rate_hz * BLOCK_MS / 1000) as usize,
            samples: 0,
            sum_of_squares: 0,
        }
    }

    /// Takes the next samples; true when at least one block was completed, and [`ToneDetector::levels`] are new.
    pub fn receive(&mut self, mut samples: &[i16]) -> bool {
        let mut is_new = false;
        while !samples.is_empty() {
            let (now, later) =
                samples.split_at(samples.len().min(self.block_samples - self.samples));
            self.take(now);
            samples = later;
            if self.samples == self.block_samples {
                self.finish_block();
                is_new = true;
            }
        }
        is_new
    }

    /// What the last whole block held, in the order of the frequencies given.
    pub fn levels(&self) -> &[ToneLevel] {
        &self.levels
    }

    /// The loudest of the frequencies in the last whole block, if it is a tone.
    pub fn tone(&self) -> Option<ToneLevel> {
        let loudest = self
            .levels
            .iter()
            .copied()
            .max_by(|a, b| a.level_dbfs.total_cmp(&b.level_dbfs));
        loudest.filter(ToneLevel::is_tone)
    }

    fn take(&mut self, samples: &[i16]) {
        for goertzel in &mut self.goertzels {
            goertzel.take(samples);
        }
        self.sum_of_squares += sum_of_squares(samples);
        self.samples += samples.len();
    }

    fn finish_block(&mut self) {
        let mean_square = self.sum_of_squares as f64 / self.samples as f64;
        for (level, goertzel) in self.levels.iter_mut().zip(&mut self.goertzels) {
            let power = goertzel.finish(self.samples);
            level.level_dbfs = power_dbfs(power);
            level.purity = if mean_square > 0.0 {
                (power / mean_square).min(1.0)
            } else {
                0.0
            };
        }
        self.samples = 0;
        self.sum_of_squares = 0;
    }
}

impl Goertzel {
    fn take(&mut self, samples: &[i16]) {
        let (mut last, mut before) = (self.last, self.before);
        for &sample in samples {
            let next = f64::from(sample) + self.coefficient * last - before;
            (last, before) = (next, last);
        }
        (self.last, self.before) = (last, before);
    }

    /// The mean square of the sine at this frequency.
    fn finish(&mut self, samples: usize) -> f64 {
        let (last, before) = (
            std::mem::take(&mut self.last),
            std::mem::take(&mut self.before),
        );
        let squared = last * last + before * before - self.coefficient * last * before;
        // A sine of amplitude A gives (A n / 2)²; its mean square is A² / 2.
        2.0 * squared / (samples as f64 * samples as f64)
    }
}
