//! The frame clock's unit, 20 ms of mono audio. A frame is a slice whose length says its rate, so that narrow-band legs pay
//! for narrow-band samples alone.

use std::time::Duration;

use mediacore_audio::{end, fade_samples};

/// How long a frame is.
pub const FRAME_TIME: Duration = Duration::from_millis(mediacore_audio::FRAME_MS as u64);

/// Samples of a frame at the highest rate.
pub const FRAME_SAMPLES_MAX: usize = Rate::Khz48.frame_samples();

/// Frames in a second.
const FRAMES_PER_S: u32 = 1000 / mediacore_audio::FRAME_MS;

/// Nothing to be heard, at any rate: cut to length.
const SILENCE: [i16; FRAME_SAMPLES_MAX] = [0; FRAME_SAMPLES_MAX];

/// Sample rates that the engine works at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Rate {
    /// 8 kHz, the telephone's.
    #[default]
    Khz8,
    /// 16 kHz, wide band.
    Khz16,
    /// 24 kHz, super-wide band.
    Khz24,
    /// 32 kHz, super-wide band.
    Khz32,
    /// 48 kHz, full band.
    Khz48,
}

impl Rate {
    /// Every rate, rising.
    pub const ALL: [Rate; 5] = [
        Rate::Khz8,
        Rate::Khz16,
        Rate::Khz24,
        Rate::Khz32,
        Rate::Khz48,
    ];

    /// Samples in a second.
    #[must_use]
    pub const fn hz(self) -> u32 {
        match self {
            Rate::Khz8 => 8_000,
            Rate::Khz16 => 16_000,
            Rate::Khz24 => 24_000,
            Rate::Khz32 => 32_000,
            Rate::Khz48 => 48_000,
        }
    }

    /// Samples in a frame.
    #[must_use]
    pub const fn frame_samples(self) -> usize {
        (self.hz() / FRAMES_PER_S) as usize
    }

    /// The rate of so many samples in a second, if it is one of these.
    #[must_use]
    pub fn of_hz(hz: u32) -> Option<Rate> {
        Rate::ALL.into_iter().find(|rate| rate.hz() == hz)
    }

    /// The rate of a whole frame.
    ///
    /// # Panics
    /// If it is none.
    #[must_use]
    pub fn of_frame(frame: &[i16]) -> Rate {
        let is_it = |rate: &Rate| rate.frame_samples() == frame.len();
        let rate = Rate::ALL.into_iter().find(is_it);
        rate.unwrap_or_else(|| panic!("{} samples are no frame", frame.len()))
    }

    /// A frame of silence.
    #[must_use]
    pub fn silence(self) -> &'static [i16] {
        &SILENCE[..self.frame_samples()]
    }
}

/// Adds `frame` to `mix`; what is too loud is clipped rather than wrapped.
pub fn mix_into(mix: &mut [i16], frame: &[i16]) {
    for (sum, sample) in mix.iter_mut().zip(frame) {
        *sum = sum.saturating_add(*sample);
    }
}

/// The samples of `from` on another grid, by straight lines. Good enough for the few milliseconds in which something
/// fades; all else goes through a filter (`resampling`).
pub fn stretch(from: &[i16], to: &mut [i16]) {
    let (from_samples, to_samples) = (from.len(), to.len());
    let Some(last) = from_samples.checked_sub(1) else {
        return to.fill(0);
    };
    for (index, out) in to.iter_mut().enumerate() {
        let place = index * from_samples;
        let (left, part) = (place / to_samples, (place % to_samples) as i32);
        let (a, b) = (i32::from(from[left]), i32::from(from[last.min(left + 1)]));
        *out = (a + (b - a) * part / to_samples as i32) as i16;
    }
}

/// Lets `frame` follow `before`, which was something else and perhaps of another rate, without a click: the old sound
/// fades out, mirrored, while the new one fades in.
pub fn join(before: &[i16], frame: &mut [i16]) {
    let fading = fade_samples(frame.len());
    for (sample, place) in frame[..fading].iter_mut().zip(0..) {
        *sample = (i32::from(*sample) * place / fading as i32) as i16;
    }
    if before.is_empty() {
        return;
    }
    let mut tail = [0; FRAME_SAMPLES_MAX];
    let tail = &mut tail[..frame.len()];
    stretch(before, tail);
    end(tail);
    mix_into(&mut frame[..fading], &tail[..fading]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mix_is_the_sum_and_clips() {
        let mut mix = [30_000; 160];
        mix_into(&mut mix, &[-1000; 160]);
        assert_eq!(mix[0], 29_000);
        mix_into(&mut mix, &[10_000; 160]);
        assert_eq!(mix[159], i16::MAX);
    }

    #[test]
    fn a_frame_says_its_rate_by_its_length() {
        for rate in Rate::ALL {
            assert_eq!(Rate::of_frame(rate.silence()), rate);
            assert_eq!(Rate::of_hz(rate.hz()), Some(rate));
        }
        assert_eq!(Rate::of_hz(44_100), None);
    }

    #[test]
    fn another_grid_has_the_same_line() {
        let line: Vec<i16> = (0..160).map(|n| n * 60).collect();
        let mut fine = [0; 960];
        stretch(&line, &mut fine);
        assert!(fine.iter().zip(0..).take(954).all(|(y, x)| *y == x * 10));
        let mut back = [0; 160];
        stretch(&fine, &mut back);
        assert_eq!(back[..158], line[..158]);
        stretch(&[], &mut back);
        assert_eq!(back, [0; 160]);
    }

    #[test]
    fn one_sound_follows_another_without_a_jump() {
        let mut frame = [-8000; 320];
        join(&[8000; 160], &mut frame);
        assert!((7000..=8000).contains(&frame[0]), "{}", frame[0]);
        assert_eq!(frame[80..], [-8000; 240]);
        let largest = frame.windows(2).map(|pair| pair[0].abs_diff(pair[1])).max();
        assert!(largest < Some(220), "{largest:?}");
        let mut alone = [8000; 160];
        join(&[], &mut alone);
        assert_eq!((alone[0], alone[40]), (0, 8000));
    }
}
