//! Whether somebody speaks, by energy: so far above the background, and a while after. Decided before the encoder, since an encoder
//! that finds silence has already worked for it.

use crate::level::{SILENCE_DBFS, dbfs};

/// Speech is so far above the background.
const MARGIN_DB: f64 = 9.0;
/// Nothing below is speech, however silent the background.
const SPEECH_MIN_DBFS: f64 = -60.0;
/// Nothing above is background: else a long loud sound would become it.
const BACKGROUND_MAX_DBFS: f64 = -30.0;
/// Still speech for so long after the last loud frame: ends of words are quiet.
const HANGOVER_MS: u32 = 200;
/// The background is followed upwards slowly: a sentence of 10 s lifts it by 9 dB at most, and its pauses bring it down again.
const RISE_DB_PER_S: f64 = 0.9;
/// And downwards by this part of the way in each 20 ms.
const FALL: f64 = 0.2;

/// Follows one stream.
#[derive(Clone, Debug)]
pub struct Vad {
    sample_rate_hz: u32,
    background_dbfs: f64,
    hangover_samples: usize,
    is_speech: bool,
    is_new: bool,
}

impl Vad {
    /// For mono samples of this rate.
    pub fn new(sample_rate_hz: u32) -> Self {
        Self {
            sample_rate_hz,
            background_dbfs: SPEECH_MIN_DBFS,
            hangover_samples: 0,
            is_speech: false,
            is_new: true,
        }
    }

    /// Takes the next frame (10 to 60 ms); says whether it is speech, or so shortly after it that it may be its end.
    pub fn receive(&mut self, frame: &[i16]) -> bool {
        if frame.is_empty() {
            return self.is_speech;
        }
        let level = dbfs(frame);
        let threshold = (self.background_dbfs + MARGIN_DB).max(SPEECH_MIN_DBFS);
        if level > threshold {
            self.hangover_samples = (self.sample_rate_hz * HANGOVER_MS / 1000) as usize;
            self.is_speech = true;
        } else {
            self.is_speech = self.hangover_samples > 0;
            self.hangover_samples = self.hangover_samples.saturating_sub(frame.len());
        }
        self.follow(level, frame.len());
        self.is_speech
    }

    /// Whether the last frame was speech.
    pub fn is_speech(&self) -> bool {
        self.is_speech
    }

    /// The level of what is there when nobody speaks, as far as it has been heard.
    pub fn background_dbfs(&self) -> f64 {
        self.background_dbfs
    }

    fn follow(&mut self, level: f64, samples: usize) {
        let seconds = samples as f64 / f64::from(self.sample_rate_hz);
        let level = level.clamp(SILENCE_DBFS, BACKGROUND_MAX_DBFS);
        if self.is_new && level < SPEECH_MIN_DBFS {
            // The first quiet frame is the best guess there is; one of speech tells nothing.
            self.background_dbfs = level;
        } else if level < self.background_dbfs {
            self.background_dbfs += (level - self.background_dbfs) * FALL;
        } else {
            let risen = self.background_dbfs + RISE_DB_PER_S * seconds;
            self.background_dbfs = risen.min(level);
        }
        self.is_new = false;
    }
}
