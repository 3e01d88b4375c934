//! Makes digits as sound.

use std::collections::VecDeque;

use super::frequencies_hz;
use crate::tone::{Partial, ToneSource};

/// Levels of the two tones. The high one is 2 dB louder, since lines attenuate it more (ETSI ES 201 235-2: 1 to 4 dB).
const LOW_DBFS: f64 = -12.0;
const HIGH_DBFS: f64 = -10.0;

/// The two tones of a digit; none for what is no digit.
pub fn digit_partials(digit: char) -> Option<[Partial; 2]> {
    let (low_hz, high_hz) = frequencies_hz(digit)?;
    Some([
        Partial {
            hz: low_hz,
            level_dbfs: LOW_DBFS,
        },
        Partial {
            hz: high_hz,
            level_dbfs: HIGH_DBFS,
        },
    ])
}

/// Digits as sound, one after the other, each with a pause behind it.
#[derive(Clone, Debug)]
pub struct DtmfSource {
    digits: VecDeque<char>,
    tone: Option<ToneSource>,
    duration_ms: u32,
    gap_samples: usize,
    pause_left: usize,
    sample_rate_hz: u32,
}

impl DtmfSource {
    /// Digits of `duration_ms` with pauses of `gap_ms` after each. None when one of `digits` is none.
    pub fn new(digits: &str, duration_ms: u32, gap_ms: u32, sample_rate_hz: u32) -> Option<Self> {
        if !digits.chars().all(|digit| frequencies_hz(digit).is_some()) {
            return None;
        }
        Some(Self {
            digits: digits.chars().collect(),
            tone: None,
            duration_ms,
            gap_samples: (u64::from(gap_ms) * u64::from(sample_rate_hz) / 1000) as usize,
            pause_left: 0,
            sample_rate_hz,
        })
    }

    /// Fills `frame`, after the end with silence; returns how many samples belong to the digits and their pauses.
    pub fn fill(&mut self, frame: &mut [i16]) -> usize {
        let mut filled = 0;
        while filled < frame.len() {
            let free = &mut frame[filled..];
            if let Some(tone) = &mut self.tone {
                filled += tone.fill(free);
                if tone.is_finished() {
                    self.tone = None;
                    self.pause_left = self.gap_samples;
                }
            } else if self.pause_left > 0 {
                let samples = self.pause_left.min(free.len());
                free[..samples].fill(0);
                self.pause_left -= samples;
                filled += samples;
            } else if let Some(partials) = self.digits.pop_front().and_then(digit_partials) {
                let duration = Some(self.duration_ms);
                self.tone = Some(ToneSource::new(&partials, duration, self.sample_rate_hz));
            } else {
                free.fill(0);
                break;
            }
        }
        filled
    }

    /// Whether all was filled in.
    pub fn is_finished(&self) -> bool {
        self.tone.is_none() && self.pause_left == 0 && self.digits.is_empty()
    }
}
