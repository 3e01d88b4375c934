//! What somebody says: a tone, or spurts of it with pauses between.

use std::time::Duration;

use mediacore_audio::{SAMPLE_RATE_HZ, ToneSource};

use crate::random::Random;

/// A way to speak.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Voice {
    /// Nothing.
    Silent,
    /// One tone for ever.
    Tone {
        /// Frequency, hertz.
        hz: f64,
        /// Level, 0 dBFS being full scale.
        level_dbfs: f64,
    },
    /// Talk-spurts of a tone, pauses between. Both vary by chance between half and one and a half of what is said here.
    Spurts {
        /// Frequency, hertz.
        hz: f64,
        /// Level, 0 dBFS being full scale.
        level_dbfs: f64,
        /// How long a spurt is, on the average.
        talk: Duration,
        /// How long a pause is, on the average.
        pause: Duration,
    },
}

/// A voice at work.
#[derive(Clone, Debug)]
pub(crate) struct Speaker {
    voice: Voice,
    random: Random,
    tone: Option<ToneSource>,
    left_samples: u64,
}

impl Speaker {
    pub fn new(voice: Voice, random: Random) -> Self {
        let mut speaker = Self {
            voice,
            random,
            tone: None,
            left_samples: 0,
        };
        if let Voice::Tone { hz, level_dbfs } = voice {
            speaker.tone = Some(ToneSource::sine(hz, level_dbfs, None, SAMPLE_RATE_HZ));
        }
        if let Voice::Spurts { pause, .. } = voice {
            speaker.left_samples = speaker.about(pause);
        }
        speaker
    }

    /// Says the next samples; whether there is sound among them. Spurts and pauses begin and end with the frame.
    pub fn fill(&mut self, frame: &mut [i16]) -> bool {
        self.switch();
        self.left_samples = self.left_samples.saturating_sub(frame.len() as u64);
        match &mut self.tone {
            Some(tone) => tone.fill(frame) > 0,
            None => {
                frame.fill(0);
                false
            }
        }
    }

    fn switch(&mut self) {
        let Voice::Spurts {
            hz,
            level_dbfs,
            talk,
            pause,
        } = self.voice
        else {
            return;
        };
        if self.left_samples > 0 {
            return;
        }
        if self.tone.take().is_some() {
            self.left_samples = self.about(pause);
        } else {
            self.tone = Some(ToneSource::sine(hz, level_dbfs, None, SAMPLE_RATE_HZ));
            self.left_samples = self.about(talk);
        }
    }

    fn about(&mut self, span: Duration) -> u64 {
        let seconds = span.as_secs_f64() * self.random.between(0.5, 1.5);
        (seconds * f64::from(SAMPLE_RATE_HZ)) as u64
    }
}

#[cfg(test)]
mod tests {
    use mediacore_audio::{FRAME_SAMPLES, SILENCE};

    use super::*;

    fn spoken(voice: Voice, frames: usize) -> Vec<bool> {
        let mut speaker = Speaker::new(voice, Random::new(2));
        let mut frame = SILENCE;
        (0..frames).map(|_| speaker.fill(&mut frame)).collect()
    }

    #[test]
    fn a_tone_does_not_end_and_silence_does_not_begin() {
        let tone = Voice::Tone {
            hz: 440.0,
            level_dbfs: -10.0,
        };
        assert!(spoken(tone, 1000).iter().all(|is_spoken| *is_spoken));
        assert!(!spoken(Voice::Silent, 1000).contains(&true));
    }

    #[test]
    fn spurts_take_turns_with_pauses_about_as_long_as_said() {
        let voice = Voice::Spurts {
            hz: 440.0,
            level_dbfs: -10.0,
            talk: Duration::from_secs(1),
            pause: Duration::from_millis(500),
        };
        let spoken = spoken(voice, 50 * 600);
        assert!(!spoken[0], "it begins with a pause");
        let talking = spoken.iter().filter(|is_spoken| **is_spoken).count() as f64;
        assert!((talking / spoken.len() as f64 - 0.667).abs() < 0.03);
        for run in spoken.chunk_by(|a, b| a == b).skip(1) {
            let span = if run[0] { 50 } else { 25 };
            let is_end = run.as_ptr_range().end == spoken.as_ptr_range().end;
            let is_right = (span / 2..=span * 3 / 2 + 1).contains(&run.len());
            assert!(is_right || is_end, "{} frames", run.len());
        }
    }

    #[test]
    fn a_frame_of_silence_has_no_sound_in_it() {
        let mut frame = [7; FRAME_SAMPLES];
        Speaker::new(Voice::Silent, Random::new(2)).fill(&mut frame);
        assert_eq!(frame, SILENCE);
    }
}
