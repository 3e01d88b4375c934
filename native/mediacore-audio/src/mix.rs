//! One frame of many speakers: the sum of all, and the sum without one of them. Sums have 32 bits; on the way to 16 they
//! are turned down together when they would be too loud, and clipped where that comes too late. Nothing wraps.

use crate::frame::{FRAME_MS, FRAME_SAMPLES};

/// Frames in one mix: so many full-scale ones, limited, stay within 32 bits (5 + 15 + 10).
pub const MIX_FRAMES_MAX: usize = 64;

/// Fraction bits of the limiter's factor.
const FRACTION_BITS: u32 = 10;
const UNITY: i32 = 1 << FRACTION_BITS;

/// The limiter closes so fast. Faster is heard as distortion, slower clips more of an onset.
const ATTACK_MS: usize = 4;
/// And opens so much in 20 ms: 6 dB in about a third of a second, so that it does not follow syllables.
const RELEASE_STEP: i32 = UNITY / 32;

/// Sums frames of one length, 20 ms at a time. What is left of a frame is how far the last one was turned down.
#[derive(Clone, Debug)]
pub struct Mixer {
    sum: Box<[i32]>,
    frames: usize,
    // What the sum is multiplied by, for each sample; of no meaning while nothing is limited.
    factors: Box<[i32]>,
    factor: i32,
    is_limiting: bool,
}

impl Default for Mixer {
    fn default() -> Mixer {
        Mixer::new(FRAME_SAMPLES)
    }
}

impl Mixer {
    /// Of frames that have so many samples.
    pub fn new(frame_samples: usize) -> Mixer {
        Mixer {
            sum: vec![0; frame_samples].into_boxed_slice(),
            frames: 0,
            factors: vec![UNITY; frame_samples].into_boxed_slice(),
            factor: UNITY,
            is_limiting: false,
        }
    }

    /// Another length, which is another sample rate; nothing gets louder or quieter by it.
    pub fn resize(&mut self, frame_samples: usize) {
        let (factor, is_limiting) = (self.factor, self.is_limiting);
        *self = Mixer {
            factor,
            is_limiting,
            ..Mixer::new(frame_samples)
        };
    }

    /// Samples in a frame.
    pub fn frame_samples(&self) -> usize {
        self.sum.len()
    }

    /// Begins the next 20 ms.
    pub fn begin(&mut self) {
        self.sum.fill(0);
        self.frames = 0;
    }

    /// Adds a speaker.
    ///
    /// # Panics
    /// At more than [`MIX_FRAMES_MAX`], or if the frame has another length.
    pub fn add(&mut self, frame: &[i16]) {
        self.frames += 1;
        assert!(self.frames <= MIX_FRAMES_MAX, "{} frames", self.frames);
        assert_eq!(frame.len(), self.sum.len(), "samples in a frame");
        for (sum, sample) in self.sum.iter_mut().zip(frame) {
            *sum += i32::from(*sample);
        }
    }

    /// All have spoken: decides how far the sum is to be turned down. The same for every listener, so that one who
    /// begins to speak does not hear the room change.
    pub fn finish(&mut self) {
        let peak = self
            .sum
            .iter()
            .fold(0, |peak, sum| peak.max(sum.unsigned_abs()));
        let wanted = if peak > i16::MAX as u32 {
            ((i64::from(i16::MAX) << FRACTION_BITS) / i64::from(peak)) as i32
        } else {
            UNITY
        };
        self.turn_to(wanted);
    }

    /// Everybody.
    pub fn whole(&self, mix: &mut [i16]) {
        if self.is_limiting {
            let sums = self.sum.iter().zip(&self.factors);
            for (out, (sum, factor)) in mix.iter_mut().zip(sums) {
                *out = clipped((sum * factor) >> FRACTION_BITS);
            }
            return;
        }
        for (out, sum) in mix.iter_mut().zip(&self.sum) {
            *out = clipped(*sum);
        }
    }

    /// Everybody but one, who was added as `own`.
    pub fn without(&self, own: &[i16], mix: &mut [i16]) {
        if self.is_limiting {
            return self.limited_without(own, mix);
        }
        for ((out, sum), own) in mix.iter_mut().zip(&self.sum).zip(own) {
            *out = clipped(sum - i32::from(*own));
        }
    }

    /// Whether this frame is turned down.
    pub fn is_limiting(&self) -> bool {
        self.is_limiting
    }

    fn limited_without(&self, own: &[i16], mix: &mut [i16]) {
        let sums = self.sum.iter().zip(own).zip(&self.factors);
        for (out, ((sum, own), factor)) in mix.iter_mut().zip(sums) {
            *out = clipped(((sum - i32::from(*own)) * factor) >> FRACTION_BITS);
        }
    }

    fn turn_to(&mut self, wanted: i32) {
        let before = self.factor;
        self.is_limiting = before != UNITY || wanted != UNITY;
        if !self.is_limiting {
            return;
        }
        let (after, samples) = if wanted < before {
            let attack = self.factors.len() * ATTACK_MS / FRAME_MS as usize;
            (wanted, attack.max(1))
        } else {
            (wanted.min(before + RELEASE_STEP), self.factors.len())
        };
        self.factors.fill(after);
        for (factor, place) in self.factors[..samples].iter_mut().zip(1..) {
            *factor = before + (after - before) * place / samples as i32;
        }
        self.factor = after;
    }
}

fn clipped(sample: i32) -> i16 {
    sample.clamp(i16::MIN.into(), i16::MAX.into()) as i16
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::frame::{Frame, SILENCE};

    fn mixed(frames: &[Frame]) -> Mixer {
        let mut mixer = Mixer::default();
        mixer.begin();
        frames.iter().for_each(|frame| mixer.add(frame));
        mixer.finish();
        mixer
    }

    fn whole(mixer: &Mixer) -> Frame {
        let mut mix = SILENCE;
        mixer.whole(&mut mix);
        mix
    }

    fn without(mixer: &Mixer, own: &Frame) -> Frame {
        let mut mix = SILENCE;
        mixer.without(own, &mut mix);
        mix
    }

    #[test]
    fn silence_is_silence_and_one_speaker_hears_nothing() {
        assert_eq!(whole(&mixed(&[])), SILENCE);
        assert_eq!(whole(&mixed(&[SILENCE; 5])), SILENCE);
        let alone = [1234; FRAME_SAMPLES];
        assert_eq!(without(&mixed(&[alone]), &alone), SILENCE);
    }

    #[test]
    fn a_crowd_at_full_scale_is_turned_down_and_keeps_its_sign() {
        let mut mixer = Mixer::default();
        for _ in 0..10 {
            mixer.begin();
            (0..MIX_FRAMES_MAX).for_each(|_| mixer.add(&[i16::MIN; FRAME_SAMPLES]));
            mixer.finish();
        }
        assert!(mixer.is_limiting());
        assert!(
            whole(&mixer)
                .iter()
                .all(|sample| (-32_768..=-30_000).contains(sample))
        );
    }

    #[test]
    fn the_limiter_opens_again_and_then_changes_nothing() {
        let mut mixer = mixed(&[[30_000; FRAME_SAMPLES]; 2]);
        assert!(mixer.is_limiting());
        let quiet = [100; FRAME_SAMPLES];
        let mut frames = 0;
        while mixer.is_limiting() {
            mixer.begin();
            mixer.add(&quiet);
            mixer.finish();
            frames += 1;
        }
        assert!((10..=20).contains(&frames), "{frames} frames of 20 ms");
        assert_eq!(whole(&mixer), quiet);
    }

    #[test]
    fn a_limited_sine_stays_a_sine_once_the_limiter_has_closed() {
        let mut tones = [440.0, 440.0].map(|hz| crate::ToneSource::sine(hz, -1.0, None, 8000));
        let mut detector = crate::ToneDetector::new(&[440.0, 1320.0, 2200.0], 8000);
        let mut mixer = Mixer::default();
        for _ in 0..50 {
            mixer.begin();
            for tone in &mut tones {
                let mut frame = SILENCE;
                tone.fill(&mut frame);
                mixer.add(&frame);
            }
            mixer.finish();
            detector.receive(&whole(&mixer));
        }
        let tone = detector.tone().expect("a pure tone");
        assert_eq!(tone.hz, 440.0);
        assert!(tone.level_dbfs > -1.0, "{}", tone.level_dbfs);
    }

    fn frame() -> impl Strategy<Value = Frame> {
        proptest::collection::vec(any::<i16>(), FRAME_SAMPLES)
            .prop_map(|samples| samples.try_into().expect("as many as a frame has"))
    }

    fn quiet_frame() -> impl Strategy<Value = Frame> {
        proptest::collection::vec(-2000_i16..2000, FRAME_SAMPLES)
            .prop_map(|samples| samples.try_into().expect("as many as a frame has"))
    }

    proptest! {
        #[test]
        fn the_order_of_speakers_does_not_matter(mut frames in proptest::collection::vec(frame(), 0..8)) {
            let before = whole(&mixed(&frames));
            frames.reverse();
            prop_assert_eq!(whole(&mixed(&frames)), before);
        }

        #[test]
        fn without_one_is_exactly_the_mix_of_the_others(frames in proptest::collection::vec(quiet_frame(), 1..16)) {
            let mixer = mixed(&frames);
            for (index, own) in frames.iter().enumerate() {
                let mut others = frames.clone();
                others.remove(index);
                prop_assert_eq!(without(&mixer, own), whole(&mixed(&others)));
            }
        }

        /// No overload wraps: where all speakers agree about the sign, the mix has it too.
        #[test]
        fn nothing_wraps(frames in proptest::collection::vec(frame(), 1..MIX_FRAMES_MAX), turns in 1..4) {
            let mut mixer = Mixer::default();
            for _ in 0..turns {
                mixer.begin();
                frames.iter().for_each(|frame| mixer.add(frame));
                mixer.finish();
            }
            let mix = whole(&mixer);
            for (place, sample) in mix.iter().enumerate() {
                let sum: i64 = frames.iter().map(|frame| i64::from(frame[place])).sum();
                prop_assert!(i64::from(*sample) * sum >= 0 || sum.abs() < 64, "{} for {}", sample, sum);
            }
        }
    }
}
