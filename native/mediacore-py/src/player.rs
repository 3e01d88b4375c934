//! `Player`: files on their way to a leg or a conference.

use std::time::Duration;

use mediacore_engine::PlayPosition;
use pyo3::prelude::*;

use crate::event::milliseconds;

/// Moves about in a list of files.
#[pyclass(frozen, module = "mediacore._native")]
pub struct Player {
    player: mediacore_engine::Player,
}

impl Player {
    pub fn new(player: mediacore_engine::Player) -> Player {
        Player { player }
    }
}

#[pymethods]
impl Player {
    /// Goes on in this file of the list, so far from its beginning.
    fn seek(&self, item: usize, at_ms: u64) {
        let at = Duration::from_millis(at_ms);
        self.player.seek(PlayPosition { item, at });
    }

    /// Which file of the list is heard, and milliseconds from its beginning.
    fn position(&self) -> (usize, f64) {
        let position = self.player.position();
        (position.item, milliseconds(position.at))
    }
}
