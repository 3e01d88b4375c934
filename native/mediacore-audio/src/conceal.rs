//! Conceals missing audio in the manner of ITU-T G.711 appendix I: the last pitch period is repeated, fades to silence
//! from 10 to 60 ms, and is blended into what comes next. Unlike the appendix it adds no delay: the 3.75 ms that the appendix holds
//! back to blend the beginning are replaced by a period that is blended in itself, so that it joins on to its own repetition.
//! At any rate from 8 kHz on: the times are the appendix's.
//!
//! | state | input | output |
//! |---|---|---|
//! | following | `receive` | as it came; remembered |
//! | following | `conceal` | the repeated period; now concealing |
//! | concealing | `conceal` | more of it, fading |
//! | concealing | `receive` | blended from the repetition into what came; now following |

use crate::pitch;

/// Lowest pitch of a voice that is looked for: its period is the longest.
const PITCH_MIN_HZ: u32 = 66;
/// Highest pitch looked for. Higher tones are found as multiples of their period.
const PITCH_MAX_HZ: u32 = 200;
/// Over what the similarity of two periods is measured, milliseconds.
const CORRELATION_MS: u32 = 20;
/// Concealed at full level for so long (G.711 appendix I.2.7).
const FULL_LEVEL_MS: u32 = 10;
/// Silent from here on.
const SILENT_FROM_MS: u32 = 60;
/// Blending into what comes after a loss: this, and as much again for every 10 ms concealed (appendix I.2.8).
const BLEND_MS: u32 = 4;
/// But no longer than this.
const BLEND_MAX_MS: u32 = 10;

/// Conceals the holes of one stream.
#[derive(Clone, Debug)]
pub struct Concealer {
    sample_rate_hz: u32,
    /// The last samples played, oldest first: two of the longest periods and the window of comparison.
    history: Box<[f32]>,
    /// Room for the history at a lower rate.
    thinned: Box<[f32]>,
    /// One period that joins on to itself, at the front.
    period: Box<[f32]>,
    period_samples: usize,
    /// Where in the period the next concealed sample is.
    position: usize,
    /// Samples concealed in a row; 0 is following.
    concealed: usize,
}

impl Concealer {
    /// For a stream of this sample rate; allocates all that it will ever need.
    ///
    /// # Panics
    /// If the rate is below 8 kHz: there is no such telephony.
    pub fn new(sample_rate_hz: u32) -> Self {
        assert!(sample_rate_hz >= 8_000, "a stream of {sample_rate_hz} Hz");
        let longest = (sample_rate_hz / PITCH_MIN_HZ) as usize;
        let window = samples(sample_rate_hz, CORRELATION_MS);
        Self {
            sample_rate_hz,
            history: vec![0.0; 2 * longest + window].into_boxed_slice(),
            thinned: vec![0.0; 2 * longest + window].into_boxed_slice(),
            period: vec![0.0; longest].into_boxed_slice(),
            period_samples: 0,
            position: 0,
            concealed: 0,
        }
    }

    /// Takes the next frame that did come; its beginning is blended if concealed audio went before.
    pub fn receive(&mut self, frame: &mut [i16]) {
        if self.concealed > 0 {
            self.blend_into(frame);
            self.concealed = 0;
        }
        self.remember(frame);
    }

    /// Takes a frame that does not follow what was played before (something was skipped): splices it in.
    pub fn receive_discontinuous(&mut self, frame: &mut [i16]) {
        if self.concealed == 0 {
            self.find_period();
        }
        self.blend_into(frame);
        self.concealed = 0;
        self.remember(frame);
    }

    /// Fills a frame that did not come.
    pub fn conceal(&mut self, frame: &mut [i16]) {
        if self.concealed == 0 {
            self.find_period();
        }
        for sample in frame.iter_mut() {
            *sample = self.next_concealed() as i16;
        }
        self.remember(frame);
    }

    /// What a concealment that is under way would go on with.
    pub fn ahead(&self, samples: &mut [i16]) {
        for (place, sample) in (self.position..).zip(samples) {
            let again = self.period[place % self.period_samples.max(1)];
            *sample = (again * self.gain()) as i16;
        }
    }

    /// Forgets what it has heard.
    pub fn reset(&mut self) {
        self.history.fill(0.0);
        self.concealed = 0;
    }

    /// Whether the last frame was concealed.
    pub fn is_concealing(&self) -> bool {
        self.concealed > 0
    }

    fn next_concealed(&mut self) -> f32 {
        let sample = self.period[self.position] * self.gain();
        self.position = (self.position + 1) % self.period_samples;
        self.concealed += 1;
        sample
    }

    fn gain(&self) -> f32 {
        let full = samples(self.sample_rate_hz, FULL_LEVEL_MS);
        let silent = samples(self.sample_rate_hz, SILENT_FROM_MS);
        silent.saturating_sub(self.concealed).min(silent - full) as f32 / (silent - full) as f32
    }

    fn blend_into(&mut self, frame: &mut [i16]) {
        let tens_of_ms = self.concealed / samples(self.sample_rate_hz, 10);
        let blend = samples(self.sample_rate_hz, BLEND_MS) * (1 + tens_of_ms);
        let blend = blend
            .min(samples(self.sample_rate_hz, BLEND_MAX_MS))
            .min(frame.len());
        for (n, sample) in frame[..blend].iter_mut().enumerate() {
            let weight = (n as f32 + 0.5) / blend as f32;
            *sample = (f32::from(*sample) * weight + self.next_concealed() * (1.0 - weight)) as i16;
        }
    }

    fn remember(&mut self, frame: &[i16]) {
        let length = self.history.len();
        let newest = &frame[frame.len().saturating_sub(length)..];
        self.history.copy_within(newest.len().., 0);
        for (past, &sample) in self.history[length - newest.len()..].iter_mut().zip(newest) {
            *past = f32::from(sample);
        }
    }

    /// Cuts the last period out of the history. Its last quarter is blended into what came before its first sample, so
    /// that the end of each repetition leads to the beginning of the next.
    fn find_period(&mut self) {
        let length = self.history.len();
        let lag = self.pitch_lag();
        let blend = lag / 4;
        self.period[..lag].copy_from_slice(&self.history[length - lag..]);
        let before = &self.history[length - lag - blend..length - lag];
        for (n, (sample, &earlier)) in self.period[lag - blend..lag]
            .iter_mut()
            .zip(before)
            .enumerate()
        {
            let weight = (n as f32 + 0.5) / blend as f32;
            *sample = *sample * (1.0 - weight) + earlier * weight;
        }
        self.period_samples = lag;
        self.position = 0;
    }

    /// The lag at which the last samples are most like those before them.
    fn pitch_lag(&mut self) -> usize {
        let shortest = (self.sample_rate_hz / PITCH_MAX_HZ) as usize;
        let window = samples(self.sample_rate_hz, CORRELATION_MS);
        let lags = shortest..=self.period.len();
        pitch::lag_before(&self.history, window, lags, &mut self.thinned)
    }
}

fn samples(sample_rate_hz: u32, ms: u32) -> usize {
    (sample_rate_hz * ms / 1000) as usize
}
