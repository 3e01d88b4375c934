//! What is measured of a conference: a row of words under a sequence lock, as a leg's.

use std::sync::Arc;

use crate::seqlock::SeqLock;

/// Words in a row.
const WORDS: usize = 8;

/// Where the media thread leaves the row.
pub type ConferenceCell = Arc<SeqLock<WORDS>>;

/// One conference, measured.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ConferenceStats {
    /// Legs in it.
    pub members: u64,
    /// Of them, those who can be heard in the newest frame.
    pub mixed: u64,
    /// Of them, those who talk.
    pub talking: u64,
    /// Frames of 20 ms mixed so far.
    pub frames: u64,
    /// Of them, those that were turned down because they would have been too loud.
    pub limited_frames: u64,
    /// Encodings of the mix that all share, one for each codec and frame at most.
    pub shared_encodings: u64,
    /// Frames that a member was sent out of one of those.
    pub shared_frames: u64,
    /// Frames that taps and recordings had to drop.
    pub tap_dropped_frames: u64,
}

impl ConferenceStats {
    /// The row of this record.
    #[must_use]
    pub fn to_words(&self) -> [u64; WORDS] {
        [
            self.members,
            self.mixed,
            self.talking,
            self.frames,
            self.limited_frames,
            self.shared_encodings,
            self.shared_frames,
            self.tap_dropped_frames,
        ]
    }

    /// The record of a row.
    #[must_use]
    pub fn from_words(words: &[u64; WORDS]) -> ConferenceStats {
        let [
            members,
            mixed,
            talking,
            frames,
            limited_frames,
            shared_encodings,
            shared_frames,
            tap_dropped_frames,
        ] = *words;
        ConferenceStats {
            members,
            mixed,
            talking,
            frames,
            limited_frames,
            shared_encodings,
            shared_frames,
            tap_dropped_frames,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_survives_the_way_through_words() {
        let words = [1, 2, 3, 4, 5, 6, 7, 8];
        assert_eq!(ConferenceStats::from_words(&words).to_words(), words);
    }
}
