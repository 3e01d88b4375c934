//! Frames at another rate, one after the other, for as long as two ends do not agree: a persistent filter for each stream that
//! needs one, and none where the rates are equal.

use mediacore_audio::{LiveResampler, fade_samples};

use crate::frame::{Rate, stretch};

/// Brings one stream of frames to one rate. The rate of what comes may change at any time, without a click.
#[derive(Debug, Clone)]
pub struct Resampling {
    to: Rate,
    // What came last, and its filter; none where there is nothing to filter.
    from: Rate,
    filter: Option<LiveResampler>,
    // The newest frame that went through a filter.
    made: Vec<i16>,
}

impl Resampling {
    /// To `to`, beginning with frames that have that rate already: then it holds no memory.
    #[must_use]
    pub fn new(to: Rate) -> Resampling {
        Resampling {
            to,
            from: to,
            filter: None,
            made: Vec::new(),
        }
    }

    /// To `to` from the first frame of another rate on, as if silence had gone before.
    #[must_use]
    pub fn between(from: Rate, to: Rate) -> Resampling {
        let filter = filter(from, to);
        let made = if filter.is_some() {
            to.silence().to_vec()
        } else {
            Vec::new()
        };
        Resampling {
            to,
            from,
            filter,
            made,
        }
    }

    /// The rate of what comes out.
    #[must_use]
    pub fn rate(&self) -> Rate {
        self.to
    }

    /// The next frame, at our rate.
    pub fn frame<'a>(&'a mut self, frame: &'a [i16]) -> &'a [i16] {
        if frame.len() != self.from.frame_samples() {
            self.change(frame);
            return &self.made;
        }
        match &mut self.filter {
            None => frame,
            Some(filter) => {
                filter.process(frame, &mut self.made);
                &self.made
            }
        }
    }

    /// What `frame` has become, which was the newest.
    #[must_use]
    pub fn newest<'a>(&'a self, frame: &'a [i16]) -> &'a [i16] {
        match frame.len() == self.to.frame_samples() {
            true => frame,
            false => &self.made,
        }
    }

    /// The other stream's filter and what it remembers.
    pub fn copy_state_from(&mut self, other: &Resampling) {
        self.clone_from(other);
    }

    /// Frames have another rate from now on. The old way goes on in the first half of this one, until the new filter knows
    /// what goes on; the one is blended into the other.
    #[cold]
    fn change(&mut self, frame: &[i16]) {
        let mut old = vec![0; self.from.frame_samples()];
        stretch(frame, &mut old);
        if let Some(filter) = &mut self.filter {
            let unfiltered = std::mem::replace(&mut old, self.to.silence().to_vec());
            filter.process(&unfiltered, &mut old);
        }
        let Resampling { filter, made, .. } = Resampling::between(Rate::of_frame(frame), self.to);
        (self.from, self.filter, self.made) = (Rate::of_frame(frame), filter, made);
        match &mut self.filter {
            None => self.made = frame.to_vec(),
            Some(filter) => {
                filter.process(frame, &mut self.made);
            }
        }
        blend(&old, &mut self.made);
    }
}

/// Replaces the beginning of `new` by that of `old`, up to the filters' delay, and blends behind it.
fn blend(old: &[i16], new: &mut [i16]) {
    let fading = fade_samples(new.len());
    new[..2 * fading].copy_from_slice(&old[..2 * fading]);
    let both = new[2 * fading..3 * fading]
        .iter_mut()
        .zip(&old[2 * fading..]);
    for ((new, old), place) in both.zip(0..) {
        let (left, fading) = (fading as i32 - place, fading as i32);
        *new = ((i32::from(*new) * place + i32::from(*old) * left) / fading) as i16;
    }
}

fn filter(from: Rate, to: Rate) -> Option<LiveResampler> {
    let made = || LiveResampler::new(from.hz(), to.hz()).expect("rates of ours are rates of its");
    (from != to).then(made)
}

#[cfg(test)]
mod tests {
    use mediacore_audio::{ToneDetector, ToneSource, dbfs};

    use super::*;

    /// A tone of `hz` from one rate to the other, without the first frame.
    fn passed(from: Rate, to: Rate, hz: f64) -> Vec<i16> {
        let mut tone = ToneSource::sine(hz, -10.0, None, from.hz());
        let mut resampling = Resampling::between(from, to);
        let mut heard = Vec::new();
        for _ in 0..20 {
            let mut frame = from.silence().to_vec();
            tone.fill(&mut frame);
            let frame = resampling.frame(&frame);
            assert_eq!(Rate::of_frame(frame), to, "a frame for a frame");
            heard.extend_from_slice(frame);
        }
        heard.split_off(to.frame_samples())
    }

    #[test]
    fn a_tone_passes_between_any_two_rates() {
        for from in Rate::ALL {
            for to in Rate::ALL {
                let heard = passed(from, to, 1000.0);
                let mut detector = ToneDetector::new(&[1000.0], to.hz());
                detector.receive(&heard);
                assert!(detector.tone().is_some(), "{from:?} to {to:?}");
                assert!((dbfs(&heard) + 10.0).abs() < 0.1, "{from:?} to {to:?}");
            }
        }
    }

    #[test]
    fn what_the_lower_rate_cannot_hold_does_not_fold_back() {
        for from in &Rate::ALL[1..] {
            let heard = passed(*from, Rate::Khz8, 5000.0);
            assert!(dbfs(&heard) < -65.0, "{from:?}: {} dBFS", dbfs(&heard));
        }
    }

    #[test]
    fn a_change_of_rate_in_the_middle_of_a_tone_does_not_click() {
        for to in [Rate::Khz8, Rate::Khz16, Rate::Khz48] {
            let mut resampling = Resampling::new(to);
            let mut heard = Vec::new();
            let mut begin = 0.0;
            for from in [to, Rate::Khz48, Rate::Khz16, Rate::Khz8, to] {
                for _ in 0..5 {
                    let frame: Vec<i16> = (0..from.frame_samples())
                        .map(|n| begin + n as f64 / f64::from(from.hz()))
                        .map(|t| (8000.0 * (t * 300.0 * std::f64::consts::TAU).sin()) as i16)
                        .collect();
                    begin += 0.02;
                    heard.extend_from_slice(resampling.frame(&frame));
                }
            }
            let steps = heard.windows(2).map(|pair| pair[0].abs_diff(pair[1]));
            let steepest = 8000.0 * 300.0 * std::f64::consts::TAU / f64::from(to.hz());
            let largest = steps.max().expect("samples");
            assert!(f64::from(largest) < 1.4 * steepest, "{to:?}: {largest}");
        }
    }

    #[test]
    fn equal_rates_cost_nothing() {
        let mut resampling = Resampling::new(Rate::Khz8);
        let frame = [5; 160];
        assert!(std::ptr::eq(resampling.frame(&frame), &frame));
    }
}
