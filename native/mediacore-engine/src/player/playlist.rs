//! What is to be played.

use std::path::PathBuf;
use std::time::Duration;

/// Files one after the other.
#[derive(Debug, Clone, PartialEq)]
pub struct Playlist {
    /// At least one.
    pub paths: Vec<PathBuf>,
    /// How often all of them are played; none: until it is stopped.
    pub rounds: Option<u32>,
    /// Where the first one begins, the first time.
    pub start: Duration,
    /// How much louder than they are; what becomes too loud is clipped.
    pub gain_db: f64,
}

impl Playlist {
    /// One file, once, as it is.
    #[must_use]
    pub fn of(path: impl Into<PathBuf>) -> Playlist {
        Playlist {
            paths: vec![path.into()],
            rounds: Some(1),
            start: Duration::ZERO,
            gain_db: 0.0,
        }
    }
}

/// Goes through a list, round after round.
#[derive(Debug)]
pub struct Turns {
    list: Playlist,
    next: usize,
    rounds_begun: u32,
}

impl Turns {
    /// Before the first file.
    pub fn new(list: Playlist) -> Turns {
        Turns {
            list,
            next: 0,
            rounds_begun: 0,
        }
    }

    /// The next file's place in the list; none when all rounds are over.
    pub fn next(&mut self) -> Option<usize> {
        if self.next == 0 || self.next == self.list.paths.len() {
            if self
                .list
                .rounds
                .is_some_and(|rounds| self.rounds_begun >= rounds)
            {
                return None;
            }
            self.rounds_begun = self.rounds_begun.saturating_add(1);
            self.next = 0;
        }
        self.next += 1;
        Some(self.next - 1)
    }

    /// Goes to a file out of turn; a list has no such file: nothing happens.
    pub fn go_to(&mut self, item: usize) -> bool {
        let is_there = item < self.list.paths.len();
        if is_there {
            self.next = item + 1;
        }
        is_there
    }

    /// How many rounds were begun.
    pub fn rounds_begun(&self) -> u32 {
        self.rounds_begun
    }

    /// What is gone through.
    pub fn list(&self) -> &Playlist {
        &self.list
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turns(rounds: Option<u32>) -> Turns {
        let mut list = Playlist::of("a");
        list.paths.push("b".into());
        list.rounds = rounds;
        Turns::new(list)
    }

    #[test]
    fn every_round_plays_every_file() {
        let mut turns = turns(Some(2));
        let order: Vec<usize> = std::iter::from_fn(|| turns.next()).collect();
        assert_eq!(order, [0, 1, 0, 1]);
        assert_eq!(turns.next(), None);
    }

    #[test]
    fn a_list_without_an_end_has_none() {
        let mut turns = turns(None);
        assert!((0..100).all(|count| turns.next() == Some(count % 2)));
    }

    #[test]
    fn one_who_goes_back_hears_the_rest_again() {
        let mut turns = turns(Some(1));
        assert_eq!((turns.next(), turns.next()), (Some(0), Some(1)));
        assert!(turns.go_to(0));
        assert_eq!((turns.next(), turns.next()), (Some(1), None));
        assert!(!turns.go_to(2));
    }
}
