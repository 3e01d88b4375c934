//! Tones in time, as telephone networks have them: ringing, busy, warnings. Steps of sines or silence, once or over and over.

use std::sync::Arc;

use crate::tone::{Partial, ToneSource};

/// Steps of one cadence; more are refused.
pub const STEPS_MAX: usize = 64;

/// One piece of a cadence.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// What sounds; none of them: silence. Those after the fourth are left out.
    pub partials: Vec<Partial>,
    /// How long; none: for ever.
    pub duration_ms: Option<u32>,
}

/// What no cadence can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadCadence {
    /// None, or more than [`STEPS_MAX`].
    Steps(usize),
    /// Repeated from a step that is not there, or repeated steps that take no time.
    Repeat,
    /// A frequency that is not between 0 and half the sample rate, or a level that is no number.
    Partial,
}

impl std::fmt::Display for BadCadence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Steps(count) => write!(
                f,
                "a cadence of {count} steps; 1 to {STEPS_MAX} are possible"
            ),
            Self::Repeat => f.write_str("a cadence that is repeated from nowhere, or in no time"),
            Self::Partial => {
                f.write_str("a tone that is no frequency of this sample rate, or has no level")
            }
        }
    }
}

impl std::error::Error for BadCadence {}

/// Plays a cadence. Nothing allocates but `new`.
#[derive(Clone, Debug)]
pub struct Cadence {
    steps: Arc<[Step]>,
    repeat_from: Option<usize>,
    sample_rate_hz: u32,
    // The step that sounds; beyond the last one when all is over.
    current: usize,
    source: ToneSource,
}

impl Cadence {
    /// Plays all steps, and those from `repeat_from` on over and over.
    pub fn new(
        steps: Vec<Step>,
        repeat_from: Option<usize>,
        sample_rate_hz: u32,
    ) -> Result<Self, BadCadence> {
        if !(1..=STEPS_MAX).contains(&steps.len()) {
            return Err(BadCadence::Steps(steps.len()));
        }
        let takes_time = |step: &Step| step.duration_ms.is_none_or(|duration| duration > 0);
        if repeat_from.is_some_and(|from| !steps.iter().skip(from).any(takes_time)) {
            return Err(BadCadence::Repeat);
        }
        let highest = f64::from(sample_rate_hz) / 2.0;
        let is_tone = |it: &Partial| it.hz > 0.0 && it.hz < highest && it.level_dbfs.is_finite();
        if !steps.iter().flat_map(|step| &step.partials).all(is_tone) {
            return Err(BadCadence::Partial);
        }
        Ok(Self {
            source: source(&steps[0], sample_rate_hz),
            steps: steps.into(),
            repeat_from,
            sample_rate_hz,
            current: 0,
        })
    }

    /// Every frequency in it, some of them several times.
    pub fn frequencies_hz(&self) -> impl Iterator<Item = f64> + '_ {
        let partials = self.steps.iter().flat_map(|step| &step.partials);
        partials.map(|partial| partial.hz)
    }

    /// Fills `frame`, after the end with silence.
    pub fn fill(&mut self, frame: &mut [i16]) {
        let mut filled = 0;
        while filled < frame.len() && !self.is_finished() {
            filled += self.source.fill(&mut frame[filled..]);
            if self.source.is_finished() {
                self.advance();
            }
        }
        frame[filled..].fill(0);
    }

    /// Whether all of it was played.
    pub fn is_finished(&self) -> bool {
        self.current == self.steps.len()
    }

    fn advance(&mut self) {
        self.current += 1;
        if let (true, Some(from)) = (self.is_finished(), self.repeat_from) {
            self.current = from;
        }
        if let Some(step) = self.steps.get(self.current) {
            self.source = source(step, self.sample_rate_hz);
        }
    }
}

fn source(step: &Step, sample_rate_hz: u32) -> ToneSource {
    ToneSource::new(&step.partials, step.duration_ms, sample_rate_hz)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(hz: &[f64], duration_ms: u32) -> Step {
        let partial = |hz: &f64| Partial {
            hz: *hz,
            level_dbfs: -10.0,
        };
        Step {
            partials: hz.iter().map(partial).collect(),
            duration_ms: Some(duration_ms),
        }
    }

    /// Where it sounds, in milliseconds.
    fn sounding(cadence: &mut Cadence, total_ms: usize) -> Vec<bool> {
        let mut samples = vec![0; total_ms * 8];
        samples
            .chunks_mut(160)
            .for_each(|frame| cadence.fill(frame));
        let is_loud = |piece: &[i16]| piece.iter().any(|sample| sample.unsigned_abs() > 100);
        samples.chunks(8).map(is_loud).collect()
    }

    #[test]
    fn the_last_steps_come_again_and_again() {
        let steps = vec![step(&[800.0], 30), step(&[425.0], 50), step(&[], 25)];
        let mut cadence = Cadence::new(steps, Some(1), 8000).expect("a good one");
        let found = sounding(&mut cadence, 300);
        for (ms, is_loud) in found.into_iter().enumerate() {
            let expected = ms < 30 || (ms - 30) % 75 < 50;
            assert_eq!(is_loud, expected, "{ms} ms");
        }
        assert!(!cadence.is_finished());
    }

    #[test]
    fn what_is_not_repeated_ends() {
        let mut cadence =
            Cadence::new(vec![step(&[440.0, 480.0], 45)], None, 8000).expect("a good one");
        let found = sounding(&mut cadence, 100);
        assert_eq!(found.iter().filter(|is_loud| **is_loud).count(), 45);
        assert!(cadence.is_finished());
    }

    #[test]
    fn what_would_never_get_on_is_refused() {
        let refusal = |steps: Vec<Step>, from| Cadence::new(steps, from, 8000).err();
        assert_eq!(refusal(vec![], None), Some(BadCadence::Steps(0)));
        assert_eq!(
            refusal(vec![step(&[], 0); 3], Some(1)),
            Some(BadCadence::Repeat)
        );
        assert_eq!(
            refusal(vec![step(&[], 9)], Some(1)),
            Some(BadCadence::Repeat)
        );
        assert_eq!(
            refusal(vec![step(&[4000.0], 9)], None),
            Some(BadCadence::Partial)
        );
        assert_eq!(
            refusal(vec![step(&[f64::NAN], 9)], None),
            Some(BadCadence::Partial)
        );
    }
}
