//! Hears digits: tells of each once, when its first packet comes, and of its length when it is over.
//!
//! | what comes | what it is |
//! |---|---|
//! | a timestamp and code that are not known | a digit: `Pressed`; one that was still held is over |
//! | known, and held | its length so far; with the end bit: `Released` |
//! | known, and over | an end that is sent again, or a packet that was overtaken: nothing |
//! | the code of an event without an end, one segment later | the same digit, still held (RFC 4733 2.5.1.3) |
//! | nothing for `RELEASED_AFTER` | all ends were lost: `Released` with the length that is known |
//!
//! Sequence numbers play no part: gateways between here and there number late packets anew.

use std::collections::VecDeque;
use std::time::Duration;

use super::{EventCode, PACKED_MAX, TelephoneEvent, packed};
use crate::packet::{RtpHeader, Ssrc};

/// A digit of which nothing more is heard is taken to be over: six times the usual 50 ms between two of its packets.
pub const RELEASED_AFTER: Duration = Duration::from_millis(300);

/// Events that are remembered, so that a late packet is not taken for another digit: more than a second of the fastest.
const KNOWN_MAX: usize = 16;

/// Nobody presses digits faster (ITU-T Q.24: 40 ms on, 40 ms off); a network that was stuck delivers some at once.
const PRESSED_EVERY: Duration = Duration::from_millis(80);
const PRESSED_AT_ONCE: u32 = 32;

/// What happened to a digit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DigitNotice {
    /// It began.
    Pressed {
        /// 0-9, *, #, A-D.
        digit: char,
    },
    /// It is over.
    Released {
        /// Which.
        digit: char,
        /// How long it was, in ticks of the RTP clock, as far as it is known.
        duration_ticks: u32,
    },
}

/// Follows the telephone-events of one peer.
#[derive(Clone, Debug)]
pub struct EventReceiver {
    source: Option<Ssrc>,
    known: [Option<Known>; KNOWN_MAX],
    // Where the next event is remembered.
    oldest: usize,
    // The one that is not over, and when it was heard of last.
    held: Option<(usize, Duration)>,
    notices: VecDeque<DigitNotice>,
    // Digits may come when this is not too far ahead; each moves it on.
    paid_until: Duration,
    pressed: u64,
    refused: u64,
}

#[derive(Clone, Copy, Debug)]
struct Known {
    code: EventCode,
    began_at: u32,
    // Long events come in segments: where the last one begins, and its length.
    segment_at: u32,
    segment_ticks: u16,
    has_ended: bool,
}

impl Default for EventReceiver {
    fn default() -> Self {
        Self {
            source: None,
            known: [None; KNOWN_MAX],
            oldest: 0,
            held: None,
            // One packet ends the digit before it, and begins and ends each of its own.
            notices: VecDeque::with_capacity(2 * PACKED_MAX + 2),
            paid_until: Duration::ZERO,
            pressed: 0,
            refused: 0,
        }
    }
}

impl EventReceiver {
    /// Takes a packet of the telephone-event format that came at `now`; afterwards `poll` until there is nothing.
    pub fn receive(&mut self, header: &RtpHeader, payload: &[u8], now: Duration) {
        if self.source != Some(header.ssrc) {
            self.release();
            self.known = [None; KNOWN_MAX];
            self.source = Some(header.ssrc);
        }
        for (timestamp, event) in packed(payload, header.timestamp) {
            self.take(timestamp, event, header.marker, now);
        }
    }

    /// When `handle_timeout` wants to be called; none: no digit is held.
    pub fn next_timeout(&self) -> Option<Duration> {
        self.held.map(|(_, heard_at)| heard_at + RELEASED_AFTER)
    }

    /// Gives up a digit whose ends were lost.
    pub fn handle_timeout(&mut self, now: Duration) {
        if self.next_timeout().is_some_and(|at| now >= at) {
            self.release();
        }
    }

    /// The next thing that happened.
    pub fn poll(&mut self) -> Option<DigitNotice> {
        self.notices.pop_front()
    }

    /// Digits that were told of.
    pub fn pressed(&self) -> u64 {
        self.pressed
    }

    /// Digits that came faster than anybody can press them, and were left out.
    pub fn refused(&self) -> u64 {
        self.refused
    }

    fn take(&mut self, timestamp: u32, event: TelephoneEvent, is_marked: bool, now: Duration) {
        if event.code.digit().is_none() {
            return;
        }
        let is_of = |known: &Option<Known>| {
            known.is_some_and(|known| known.is_reported_by(timestamp, event, is_marked))
        };
        let place = match self.known.iter().position(is_of) {
            Some(place) => place,
            None => self.begin(timestamp, event, now),
        };
        let is_held = self.held.is_some_and(|(held, _)| held == place);
        if let Some(known) = &mut self.known[place] {
            known.update(timestamp, event);
            if is_held && known.has_ended {
                self.release();
            } else if is_held {
                self.held = Some((place, now));
            }
        }
    }

    /// Remembers an event that was not known, and tells of it.
    fn begin(&mut self, timestamp: u32, event: TelephoneEvent, now: Duration) -> usize {
        self.release();
        let place = self.oldest;
        self.oldest = (place + 1) % KNOWN_MAX;
        self.known[place] = Some(Known {
            code: event.code,
            began_at: timestamp,
            segment_at: timestamp,
            segment_ticks: 0,
            has_ended: false,
        });
        if self.paid_until > now + PRESSED_EVERY * PRESSED_AT_ONCE {
            self.refused += 1;
            return place;
        }
        self.paid_until = self.paid_until.max(now) + PRESSED_EVERY;
        self.pressed += 1;
        self.held = Some((place, now));
        if let Some(digit) = event.code.digit() {
            self.notices.push_back(DigitNotice::Pressed { digit });
        }
        place
    }

    fn release(&mut self) {
        let Some((place, _)) = self.held.take() else {
            return;
        };
        if let Some(known) = self.known[place]
            && let Some(digit) = known.code.digit()
        {
            self.notices.push_back(DigitNotice::Released {
                digit,
                duration_ticks: known.duration_ticks(),
            });
        }
    }
}

impl Known {
    fn is_reported_by(&self, timestamp: u32, event: TelephoneEvent, is_marked: bool) -> bool {
        let since = timestamp.wrapping_sub(self.began_at);
        let is_within = since <= self.segment_at.wrapping_sub(self.began_at);
        event.code == self.code && (is_within || self.is_continued_at(timestamp, is_marked))
    }

    /// A segment is as long as the field for it can say, or as its last packet said. Only the first has the marker.
    fn is_continued_at(&self, timestamp: u32, is_marked: bool) -> bool {
        let since = timestamp.wrapping_sub(self.segment_at);
        let is_next = since == u32::from(u16::MAX) || since == u32::from(self.segment_ticks);
        is_next && !self.has_ended && !is_marked
    }

    fn update(&mut self, timestamp: u32, event: TelephoneEvent) {
        let is_earlier_segment =
            timestamp.wrapping_sub(self.began_at) < self.segment_at.wrapping_sub(self.began_at);
        if is_earlier_segment {
            return;
        }
        if timestamp != self.segment_at {
            self.segment_at = timestamp;
            self.segment_ticks = 0;
        }
        self.segment_ticks = self.segment_ticks.max(event.duration_ticks);
        self.has_ended |= event.is_end;
    }

    fn duration_ticks(&self) -> u32 {
        self.segment_at
            .wrapping_sub(self.began_at)
            .wrapping_add(u32::from(self.segment_ticks))
    }
}
