//! Takes digits out of what somebody says, so that a card number is neither recorded nor heard. What is heard comes
//! `LOOK_AHEAD_MS` later: when a digit is believed, its beginning has not left yet.

use std::collections::VecDeque;

use super::{DtmfDetector, DtmfNotice};

/// How much later sound comes out. A digit is believed some 35 ms after it began, at the end of a frame of 20 ms: 60 ms hold all of it.
pub const LOOK_AHEAD_MS: u32 = 60;

/// Silence in place of digits. The delay is there from the first frame, since sound cannot be called back.
#[derive(Clone, Debug)]
pub struct DigitRemover {
    detector: DtmfDetector,
    waiting: VecDeque<i16>,
    removed: u64,
}

impl DigitRemover {
    /// For sound of this rate.
    pub fn new(sample_rate_hz: u32) -> Self {
        let ahead = (sample_rate_hz * LOOK_AHEAD_MS / 1000) as usize;
        let mut waiting = VecDeque::with_capacity(ahead + sample_rate_hz as usize / 10);
        waiting.resize(ahead, 0);
        Self {
            detector: DtmfDetector::new(sample_rate_hz),
            waiting,
            removed: 0,
        }
    }

    /// Takes the next frame, of at most 60 ms, and puts in its place what is heard now: what came `LOOK_AHEAD_MS` ago,
    /// without digits.
    pub fn process(&mut self, frame: &mut [i16]) {
        self.detector.receive(frame);
        self.waiting.extend(frame.iter());
        // Also what is not believed yet while a digit is held: its last window is still in there.
        if self.detector.held().is_some() {
            self.waiting.iter_mut().for_each(|sample| *sample = 0);
        }
        for place in frame {
            *place = self.waiting.pop_front().unwrap_or(0);
        }
    }

    /// What was heard, told of once.
    pub fn poll(&mut self) -> Option<DtmfNotice> {
        let notice = self.detector.poll();
        self.removed += u64::from(matches!(notice, Some(DtmfNotice::Pressed { .. })));
        notice
    }

    /// Digits that were taken out, of those that were polled.
    pub fn removed(&self) -> u64 {
        self.removed
    }
}
