//! One leg's seat in a conference: what was wished for it, and its part of the mix.

use mediacore_audio::Gain;

use super::voice::Voice;
use crate::ids::LegId;

/// What is wished for a member.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MemberOptions {
    /// Nobody hears it.
    pub is_muted: bool,
    /// It hears nobody; what is played to its leg alone it hears.
    pub is_deaf: bool,
    /// How much louder it is made for the others.
    pub gain_db: f64,
}

impl Default for MemberOptions {
    fn default() -> MemberOptions {
        MemberOptions {
            is_muted: false,
            is_deaf: false,
            gain_db: 0.0,
        }
    }
}

/// One member.
#[derive(Debug)]
pub struct Member {
    /// The place of its leg on the thread.
    pub slot: usize,
    /// Its leg.
    pub leg: LegId,
    /// What is wished for it.
    pub options: MemberOptions,
    /// The factor of the gain that is wished for.
    pub wanted_gain: Gain,
    /// Whether it talks.
    pub voice: Voice,
    /// Chosen for the mix of this tick.
    pub is_chosen: bool,
    /// Its row of the mix, as long as it has a part in it.
    pub row: Option<usize>,
    /// What is in the row ends with it: it was not chosen any more.
    pub is_ending: bool,
    /// What the newest frame of the row was multiplied by at its end.
    pub gain: Gain,
}

impl Member {
    /// One who has said nothing yet.
    pub fn new(slot: usize, leg: LegId, options: MemberOptions) -> Member {
        Member {
            slot,
            leg,
            options,
            wanted_gain: Gain::from_db(options.gain_db),
            voice: Voice::default(),
            is_chosen: false,
            row: None,
            is_ending: false,
            gain: Gain::NONE,
        }
    }

    /// Other wishes.
    pub fn set_options(&mut self, options: MemberOptions) {
        self.options = options;
        self.wanted_gain = Gain::from_db(options.gain_db);
    }

    /// Whether it is mixed, and goes on.
    pub fn is_mixed(&self) -> bool {
        self.row.is_some() && !self.is_ending
    }
}
