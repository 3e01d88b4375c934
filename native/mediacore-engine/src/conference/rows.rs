//! The rows of a mix, one for each who has a part in it. Nothing is allocated but by a change of the rate.

use mediacore_audio::{MIX_FRAMES_MAX, end};

use super::loudest::ALL_UP_TO;
use crate::frame::{Rate, stretch};

/// Those who are mixed, as many who have just ceased to be, and as many who have just left; one who finds no row begins a
/// frame later.
const ROWS: usize = 3 * ALL_UP_TO;

/// Who has which is kept by the members; a row whose member has left goes with the next tick.
#[derive(Debug)]
pub struct Rows {
    // One row after the other. The octets of one are no power of two: neighbours do not share a set of the cache.
    samples: Box<[i16]>,
    frame_samples: usize,
    states: [State; ROWS],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Free,
    Taken,
    Left,
}

impl Rows {
    /// Nobody's, for frames of this rate.
    pub fn new(rate: Rate) -> Rows {
        // One more for what is played to the conference.
        const { assert!(ROWS < MIX_FRAMES_MAX) };
        Rows {
            samples: vec![0; ROWS * rate.frame_samples()].into_boxed_slice(),
            frame_samples: rate.frame_samples(),
            states: [State::Free; ROWS],
        }
    }

    /// Frames have another rate from now on. Whoever has a row has lost it: what is in it comes to its end in the next tick.
    pub fn set_rate(&mut self, rate: Rate) {
        let mut other = Rows::new(rate);
        for (row, state) in self.states.into_iter().enumerate() {
            if state != State::Free {
                stretch(self.frame(row), other.frame_mut(row));
                if state == State::Taken {
                    other.end(row);
                }
                other.states[row] = State::Left;
            }
        }
        *self = other;
    }

    /// A row for somebody who begins.
    pub fn take(&mut self) -> Option<usize> {
        let row = self.states.iter().position(|state| *state == State::Free)?;
        self.states[row] = State::Taken;
        Some(row)
    }

    /// Nobody's any more.
    pub fn give_back(&mut self, row: usize) {
        self.states[row] = State::Free;
    }

    /// Its member has left in the middle: in the next tick it comes to its end without a click.
    pub fn leave(&mut self, row: usize, is_ending: bool) {
        if is_ending {
            return self.give_back(row);
        }
        self.end(row);
        self.states[row] = State::Left;
    }

    /// What was said last comes to its end without a click.
    pub fn end(&mut self, row: usize) {
        end(self.frame_mut(row));
    }

    /// What somebody says.
    pub fn frame(&self, row: usize) -> &[i16] {
        &self.samples[row * self.frame_samples..][..self.frame_samples]
    }

    /// What somebody says, to be filled.
    pub fn frame_mut(&mut self, row: usize) -> &mut [i16] {
        &mut self.samples[row * self.frame_samples..][..self.frame_samples]
    }

    /// All that are in use; those of members who have left are given back by this.
    pub fn for_each(&mut self, mut add: impl FnMut(&[i16])) {
        let frames = self.samples.chunks_exact(self.frame_samples);
        for (frame, state) in frames.zip(&mut self.states) {
            if *state != State::Free {
                add(frame);
            }
            if *state == State::Left {
                *state = State::Free;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_of_rate_ends_what_is_said_and_frees_its_row() {
        let mut rows = Rows::new(Rate::Khz8);
        let (first, second) = (rows.take().expect("free"), rows.take().expect("free"));
        rows.frame_mut(first).fill(4000);
        rows.frame_mut(second).fill(1000);
        rows.leave(second, false);
        rows.set_rate(Rate::Khz48);
        let mut sum = vec![0; 960];
        rows.for_each(|frame| crate::frame::mix_into(&mut sum, frame));
        assert!((4900..=5000).contains(&sum[0]), "{}", sum[0]);
        assert!(sum.windows(2).all(|pair| pair[0] >= pair[1]));
        assert_eq!(sum[240], 0);
        rows.for_each(|_| panic!("nobody is left"));
        assert_eq!((rows.take(), rows.take()), (Some(0), Some(1)));
    }
}
