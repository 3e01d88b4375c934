//! Which file of a list is heard, and where in it: the reader is up to a second ahead of the ear.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::Duration;

use crate::frame::Rate;

/// Files that begin within what was read and not heard yet; of more of them, very short ones, the oldest are forgotten.
const MARKS_MAX: usize = 64;

/// A place in a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PlayPosition {
    /// Which file of the list, from 0 on.
    pub item: usize,
    /// Where in it.
    pub at: Duration,
}

/// What begins at which sample of the ring.
#[derive(Debug)]
pub struct Marks {
    rate: Rate,
    marks: Mutex<VecDeque<(u64, PlayPosition)>>,
}

impl Marks {
    /// Of a ring of this rate.
    pub fn new(rate: Rate) -> Marks {
        Marks {
            rate,
            marks: Mutex::default(),
        }
    }

    /// From this sample on (counted since the ring was made) it is this that is heard.
    pub fn push(&self, sample: u64, begins: PlayPosition) {
        let mut marks = self.marks.lock().expect("no panic holds this lock");
        if marks.len() == MARKS_MAX {
            marks.pop_front();
        }
        marks.push_back((sample, begins));
    }

    /// What is heard when so many samples have left the ring.
    pub fn position(&self, taken: u64) -> PlayPosition {
        let mut marks = self.marks.lock().expect("no panic holds this lock");
        while marks.get(1).is_some_and(|(sample, _)| *sample <= taken) {
            marks.pop_front();
        }
        let Some((sample, begins)) = marks.front() else {
            return PlayPosition::default();
        };
        let heard_us = taken.saturating_sub(*sample) * 1_000_000 / u64::from(self.rate.hz());
        PlayPosition {
            at: begins.at + Duration::from_micros(heard_us),
            ..*begins
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ear_is_where_its_samples_come_from() {
        let at = |item, ms| PlayPosition {
            item,
            at: Duration::from_millis(ms),
        };
        let marks = Marks::new(Rate::Khz8);
        assert_eq!(marks.position(0), PlayPosition::default());
        marks.push(0, at(0, 500));
        marks.push(8000, at(1, 0));
        assert_eq!(marks.position(800), at(0, 600));
        assert_eq!(marks.position(8800), at(1, 100));
        marks.push(9000, at(0, 2000));
        assert_eq!(marks.position(9000), at(0, 2000));
    }
}
