//! The way of recorded frames out of a media thread: a ring, and no wake-up, since the writer looks by itself.

use std::time::Duration;

use rtrb::{Consumer, Producer, RingBuffer};

use crate::ids::RecorderId;
use crate::tap::TapSide;
use mediacore_audio::Frame;

/// Frames that wait for the writer, both directions together: five seconds. When a disk hangs longer the newest ones are
/// lost and counted, and are silence in the file.
const FRAMES_MAX: usize = 500;

/// One direction's 20 ms.
#[derive(Debug, Clone, Copy)]
pub struct Recorded {
    /// Which direction.
    pub side: TapSide,
    /// When it ended, on the engine's clock.
    pub at: Duration,
    /// What was heard.
    pub samples: Frame,
}

/// The media thread's half.
#[derive(Debug)]
pub struct RecordFeed {
    /// The recording's number.
    pub id: RecorderId,
    ring: Producer<Recorded>,
}

/// Both halves.
#[must_use]
pub fn feed(id: RecorderId) -> (RecordFeed, Consumer<Recorded>) {
    let (ring, frames) = RingBuffer::new(FRAMES_MAX);
    (RecordFeed { id, ring }, frames)
}

impl RecordFeed {
    /// Hands on a frame; true when it was lost. Never waits.
    pub fn push(&mut self, side: TapSide, at: Duration, samples: &Frame) -> bool {
        let recorded = Recorded {
            side,
            at,
            samples: *samples,
        };
        // A recording that has reached its limit wants no more: nothing is lost then.
        self.ring.push(recorded).is_err() && !self.ring.is_abandoned()
    }
}
