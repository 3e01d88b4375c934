//! Whether one member talks, by the levels of its frames.
//!
//! | | begins | ends |
//! |---|---|---|
//! | audible: worth mixing | with the first frame above `AUDIBLE_DBFS` | `AUDIBLE_FRAMES` below it |
//! | talking: worth telling of | with the second frame above `TALKING_DBFS` | `PAUSE_FRAMES` below it |

/// Below it is idle noise of a codec (A-law has ±8, -69 dBFS) and of good lines.
pub const AUDIBLE_DBFS: f64 = -65.0;

/// Below it is breath and office; a quiet speaker is at about -35 dBFS.
pub const TALKING_DBFS: f64 = -45.0;

/// Ends of words fade for so long: 200 ms.
const AUDIBLE_FRAMES: u32 = 10;

/// Longer than between two sentences: 600 ms.
const PAUSE_FRAMES: u32 = 30;

/// A knock has one.
const ONSET_FRAMES: u32 = 2;

/// What a frame is quieter at most than the one before, as far as choosing the loudest goes: 50 dB in a second.
const DECAY_DB: f64 = 1.0;

/// One member's voice.
#[derive(Debug, Clone, Copy)]
pub struct Voice {
    loudness_dbfs: f64,
    audible_frames: u32,
    // Frames above the threshold in a row, then frames until it has ended.
    onset_frames: u32,
    talking_frames: u32,
}

impl Default for Voice {
    fn default() -> Voice {
        Voice {
            loudness_dbfs: f64::NEG_INFINITY,
            audible_frames: 0,
            onset_frames: 0,
            talking_frames: 0,
        }
    }
}

impl Voice {
    /// The level of the newest frame; none: it is not heard at all. True when it has begun or ended to talk.
    pub fn receive(&mut self, level_dbfs: Option<f64>) -> bool {
        let was_talking = self.is_talking();
        match level_dbfs {
            Some(level_dbfs) => self.hear(level_dbfs),
            None => *self = Voice::default(),
        }
        was_talking != self.is_talking()
    }

    /// Whether it belongs into the mix.
    pub fn is_audible(&self) -> bool {
        self.audible_frames > 0
    }

    /// Whether it is one of those who talk.
    pub fn is_talking(&self) -> bool {
        self.talking_frames > 0
    }

    /// Its level as it is compared with others': follows a rise at once, and a fall as slowly as attention does.
    pub fn loudness_dbfs(&self) -> f64 {
        self.loudness_dbfs
    }

    fn hear(&mut self, level_dbfs: f64) {
        self.loudness_dbfs = level_dbfs.max(self.loudness_dbfs - DECAY_DB);
        self.audible_frames = if level_dbfs > AUDIBLE_DBFS {
            AUDIBLE_FRAMES
        } else {
            self.audible_frames.saturating_sub(1)
        };
        let is_loud = level_dbfs > TALKING_DBFS;
        self.onset_frames = if is_loud { self.onset_frames + 1 } else { 0 };
        self.talking_frames = match is_loud {
            true if self.is_talking() || self.onset_frames >= ONSET_FRAMES => PAUSE_FRAMES,
            _ => self.talking_frames.saturating_sub(1),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(voice: &mut Voice, level_dbfs: f64, count: usize) -> usize {
        (0..count)
            .filter(|_| voice.receive(Some(level_dbfs)))
            .count()
    }

    #[test]
    fn idle_noise_is_not_mixed_and_quiet_speech_is() {
        let mut voice = Voice::default();
        frames(&mut voice, -69.0, 100);
        assert!(!voice.is_audible());
        frames(&mut voice, -55.0, 1);
        assert!(voice.is_audible() && !voice.is_talking());
    }

    #[test]
    fn a_word_is_one_change_and_its_end_another() {
        let mut voice = Voice::default();
        assert_eq!(frames(&mut voice, -20.0, 50), 1);
        assert_eq!(frames(&mut voice, -90.0, 29), 0, "a pause for breath");
        assert_eq!(frames(&mut voice, -20.0, 1), 0);
        assert_eq!(frames(&mut voice, -90.0, 100), 1);
        assert!(!voice.is_audible());
    }

    #[test]
    fn a_knock_is_heard_but_is_no_talk() {
        let mut voice = Voice::default();
        assert_eq!(frames(&mut voice, -10.0, 1), 0);
        assert!(voice.is_audible());
        assert_eq!(frames(&mut voice, -90.0, 50), 0);
    }

    #[test]
    fn loudness_rises_at_once_and_falls_slowly() {
        let mut voice = Voice::default();
        frames(&mut voice, -20.0, 1);
        frames(&mut voice, -90.0, 10);
        assert_eq!(voice.loudness_dbfs(), -30.0);
    }

    #[test]
    fn one_who_is_muted_falls_silent_at_once() {
        let mut voice = Voice::default();
        frames(&mut voice, -20.0, 10);
        assert!(voice.receive(None));
        assert!(!voice.is_audible() && !voice.is_talking());
    }
}
