//! The rows of a mix, one for each who has a part in it. Nothing is allocated after `default`.

use mediacore_audio::{MIX_FRAMES_MAX, ending};

use super::loudest::ALL_UP_TO;
use crate::frame::{Frame, SILENCE};

/// Those who are mixed, as many who have just ceased to be, and as many who have just left; one who finds no row begins a
/// frame later.
const ROWS: usize = 3 * ALL_UP_TO;

/// Who has which is kept by the members; a row whose member has left goes with the next tick.
#[derive(Debug)]
pub struct Rows {
    // 320 octets each: neighbours do not share a set of the cache, as they would at a power of two.
    frames: Box<[Frame; ROWS]>,
    states: [State; ROWS],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Free,
    Taken,
    Left,
}

impl Default for Rows {
    fn default() -> Rows {
        // One more for what is played to the conference.
        const { assert!(ROWS < MIX_FRAMES_MAX) };
        Rows {
            frames: Box::new([SILENCE; ROWS]),
            states: [State::Free; ROWS],
        }
    }
}

impl Rows {
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
        self.frames[row] = ending(&self.frames[row]);
    }

    /// What somebody says.
    pub fn frame(&self, row: usize) -> &Frame {
        &self.frames[row]
    }

    /// What somebody says, to be filled.
    pub fn frame_mut(&mut self, row: usize) -> &mut Frame {
        &mut self.frames[row]
    }

    /// All that are in use; those of members who have left are given back by this.
    pub fn for_each(&mut self, mut add: impl FnMut(&Frame)) {
        for (frame, state) in self.frames.iter().zip(&mut self.states) {
            if *state != State::Free {
                add(frame);
            }
            if *state == State::Left {
                *state = State::Free;
            }
        }
    }
}
