//! Hears digits in sound, within the limits of ITU-T Q.24 (tables ).
//!
//! | state | what comes | what it is |
//! |---|---|---|
//! | nothing held | the same digit for `BELIEVED_AFTER` looks | `Pressed`: 40 ms are always enough, 23 ms never |
//! | held | other looks, fewer than `ENDED_AFTER` in a row | an interruption, up to 10 ms of it: still the same digit |
//! | held | `ENDED_AFTER` others | `Released`: a pause of 40 ms tells two digits apart |
//! | held | another digit for `BELIEVED_AFTER` looks | `Released`, and `Pressed` |

use std::collections::VecDeque;

use super::window::{LOOKS_PER_SECOND, Window};

/// Looks of 5 ms with the same digit before it is one. A tone must fill most of the window of 20 ms: 40 ms of it are seen
/// in five or six looks, 30 ms in three or four, 23 ms in three at most. Voices have not been seen to give even two.
const BELIEVED_AFTER: u32 = 4;

/// Looks without it before it is over. A hole of 10 ms spoils five at most, a pause of 40 ms ten at least.
const ENDED_AFTER: u32 = 7;

/// Most that one call can have to tell: `receive` empties nothing, so who feeds long pieces polls between them.
const NOTICES_MAX: usize = 32;

/// Milliseconds of a look.
const LOOK_MS: u32 = 1000 / LOOKS_PER_SECOND;

/// A tone is seen for so much less than it lasts: at both ends it does not fill the window yet.
const UNSEEN_MS: u32 = 12;

/// What was heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DtmfNotice {
    /// It began, some 35 ms ago.
    Pressed {
        /// 0-9, *, #, A-D.
        digit: char,
    },
    /// It is over.
    Released {
        /// Which.
        digit: char,
        /// How long it was, to 10 ms.
        duration_ms: u32,
    },
}

/// Looks for digits in what one person says. Allocates in `new` alone.
#[derive(Clone, Debug)]
pub struct DtmfDetector {
    window: Window,
    // Samples of a look that is not whole yet.
    waiting: VecDeque<i16>,
    held: Option<Held>,
    candidate: Option<(char, u32)>,
    notices: VecDeque<DtmfNotice>,
    dropped: u64,
}

#[derive(Clone, Copy, Debug)]
struct Held {
    digit: char,
    looks: u32,
    missed: u32,
}

impl DtmfDetector {
    /// For sound of this rate: 8, 16, 24, 32 or 48 kHz.
    pub fn new(sample_rate_hz: u32) -> Self {
        let window = Window::new(sample_rate_hz);
        Self {
            waiting: VecDeque::with_capacity(window.hop()),
            window,
            held: None,
            candidate: None,
            notices: VecDeque::with_capacity(NOTICES_MAX),
            dropped: 0,
        }
    }

    /// Takes the next samples, any number; afterwards `poll` until there is nothing.
    pub fn receive(&mut self, samples: &[i16]) {
        for sample in samples {
            self.waiting.push_back(*sample);
            if self.waiting.len() == self.window.hop() {
                let seen = self.window.look(self.waiting.drain(..));
                self.take(seen);
            }
        }
    }

    /// The next thing that was heard.
    pub fn poll(&mut self) -> Option<DtmfNotice> {
        self.notices.pop_front()
    }

    /// The digit that is held now, as far as it is believed.
    pub fn held(&self) -> Option<char> {
        self.held.map(|held| held.digit)
    }

    /// The newest look was one of a digit, believed or not yet.
    pub fn is_suspicious(&self) -> bool {
        self.candidate.is_some() || self.held.is_some_and(|held| held.missed == 0)
    }

    /// Notices that nobody polled in time.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    fn take(&mut self, seen: Option<char>) {
        if let Some(held) = &mut self.held {
            held.looks += 1;
            if seen == Some(held.digit) {
                held.missed = 0;
                self.candidate = None;
                return;
            }
            held.missed += 1;
            if held.missed >= ENDED_AFTER {
                self.release();
            }
        }
        self.candidate = match (seen, self.candidate) {
            (Some(digit), Some((same, looks))) if digit == same => Some((digit, looks + 1)),
            (Some(digit), _) => Some((digit, 1)),
            (None, _) => None,
        };
        if let Some((digit, looks)) = self.candidate
            && looks >= BELIEVED_AFTER
        {
            self.release();
            self.candidate = None;
            self.held = Some(Held {
                digit,
                looks,
                missed: 0,
            });
            self.tell(DtmfNotice::Pressed { digit });
        }
    }

    fn release(&mut self) {
        if let Some(held) = self.held.take() {
            self.tell(DtmfNotice::Released {
                digit: held.digit,
                duration_ms: (held.looks - held.missed) * LOOK_MS + UNSEEN_MS,
            });
        }
    }

    fn tell(&mut self, notice: DtmfNotice) {
        if self.notices.len() == NOTICES_MAX {
            self.notices.pop_front();
            self.dropped += 1;
        }
        self.notices.push_back(notice);
    }
}
