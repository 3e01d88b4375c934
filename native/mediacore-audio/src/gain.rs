//! Louder, quieter, and the ends of sounds that stop at once. Nothing here wraps: what is too loud is clipped.

use crate::frame::FRAME_MS;

/// The most that anything is amplified: beyond it there is only noise to be heard.
pub const GAIN_MAX_DB: f64 = 20.0;

/// How long a sound fades that begins or ends in the middle: too short to be missed, long enough not to click.
pub const FADE_MS: u32 = 5;

/// Fraction bits of a factor. A sample times the largest factor (10.0, 16 bits) still fits into 32 bits.
const FRACTION_BITS: u32 = 12;

/// A factor for samples, 0 to 10.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gain(i32);

impl Gain {
    /// Nothing is left.
    pub const NONE: Gain = Gain(0);
    /// As it was.
    pub const UNITY: Gain = Gain(1 << FRACTION_BITS);

    /// By decibels; more than [`GAIN_MAX_DB`] is that, and below -72 dB nothing is left.
    pub fn from_db(db: f64) -> Gain {
        let factor = 10_f64.powf(db.min(GAIN_MAX_DB) / 20.0);
        Gain((factor * f64::from(Gain::UNITY.0)).round() as i32)
    }

    /// The samples of `from`, so much louder.
    ///
    /// # Panics
    /// If the two are not equally long; nor may they be in `ramp`.
    pub fn apply(self, from: &[i16], to: &mut [i16]) {
        if self == Gain::UNITY {
            to.copy_from_slice(from);
            return;
        }
        assert_eq!(from.len(), to.len(), "samples in and out");
        for (out, sample) in to.iter_mut().zip(from) {
            *out = scaled(*sample, self.0);
        }
    }

    /// The same, with the factor going from `before` to this one in the first `samples` of them.
    pub fn ramp(self, before: Gain, samples: usize, from: &[i16], to: &mut [i16]) {
        self.apply(from, to);
        if self == before {
            return;
        }
        let (samples, step) = (samples.clamp(1, to.len().max(1)), self.0 - before.0);
        let length = samples as i32;
        for ((out, sample), place) in to[..samples].iter_mut().zip(from).zip(1..) {
            *out = scaled(*sample, before.0 + step * place / length);
        }
    }
}

/// Samples in which a sound fades, of a frame that has so many.
pub fn fade_samples(frame_samples: usize) -> usize {
    frame_samples * FADE_MS as usize / FRAME_MS as usize
}

/// Makes of `frame` what is to be played after it where its sound stops in the middle: its end backwards, which begins
/// where it stopped, fading.
pub fn end(frame: &mut [i16]) {
    let fading = fade_samples(frame.len());
    frame.reverse();
    for (sample, place) in frame[..fading].iter_mut().zip(1..) {
        let left = fading as i32 - place;
        *sample = (i32::from(*sample) * left / fading as i32) as i16;
    }
    frame[fading..].fill(0);
}

fn scaled(sample: i16, factor: i32) -> i16 {
    let scaled = (i32::from(sample) * factor) >> FRACTION_BITS;
    scaled.clamp(i16::MIN.into(), i16::MAX.into()) as i16
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::frame::{FRAME_SAMPLES, SILENCE};

    /// 5 ms at 8 kHz.
    const FADE_SAMPLES: usize = 40;

    #[test]
    fn six_decibels_are_a_factor_of_two_and_too_loud_is_clipped() {
        let mut frame = SILENCE;
        Gain::from_db(6.0206).apply(&[1000; FRAME_SAMPLES], &mut frame);
        assert_eq!(frame, [2000; FRAME_SAMPLES]);
        Gain::from_db(500.0).apply(&[i16::MIN; FRAME_SAMPLES], &mut frame);
        assert_eq!(frame, [i16::MIN; FRAME_SAMPLES]);
        Gain::from_db(-100.0).apply(&[i16::MAX; FRAME_SAMPLES], &mut frame);
        assert_eq!(frame, SILENCE);
    }

    #[test]
    fn a_ramp_begins_near_the_old_factor_and_ends_at_the_new_one() {
        let mut frame = SILENCE;
        Gain::UNITY.ramp(Gain::NONE, FADE_SAMPLES, &[8000; FRAME_SAMPLES], &mut frame);
        assert_eq!((frame[0], frame[FADE_SAMPLES - 1]), (199, 8000));
        assert!(frame.is_sorted());
        assert_eq!(frame[159], 8000);
    }

    #[test]
    fn an_ending_goes_on_where_the_sound_stopped_and_comes_to_nothing() {
        let mut frame = SILENCE;
        frame[120..].fill(4000);
        end(&mut frame);
        assert_eq!((frame[0], frame[FADE_SAMPLES - 1]), (3900, 0));
        assert!(frame.windows(2).all(|pair| pair[0] >= pair[1]));
    }

    proptest! {
        /// Whatever comes: louder by nothing changes nothing, and a factor of at most one makes nothing louder.
        #[test]
        fn samples_keep_their_sign_and_their_bounds(samples in proptest::array::uniform32(any::<i16>()), db in -80.0..0.0) {
            let mut frame = SILENCE;
            frame[..32].copy_from_slice(&samples);
            let mut out = SILENCE;
            Gain::UNITY.apply(&frame, &mut out);
            prop_assert_eq!(out, frame);
            Gain::from_db(db).ramp(Gain::UNITY, FRAME_SAMPLES, &frame, &mut out);
            for (after, before) in out.iter().zip(&frame) {
                prop_assert!(after.unsigned_abs() <= before.unsigned_abs().max(1));
                prop_assert!(i32::from(*after) * i32::from(*before) >= 0);
            }
        }
    }
}
