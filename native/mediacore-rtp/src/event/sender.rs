//! Sends digits: one step for each frame that would have been sent otherwise.
//!
//! | state | what goes out | next |
//! |---|---|---|
//! | pause | sound; after a digit its end twice more (RFC 4733 2.5.1.4) | the next digit, or over |
//! | digit | no sound: the event with a growing duration, marker on the first packet | pause, with the first end |
//!
//! A digit longer than the field for its duration (8.2 s at 8 kHz, 1.4 s at 48 kHz) goes out in segments, each with a
//! timestamp of its own (RFC 4733 2.5.1.3).

use std::fmt;
use std::ops::RangeInclusive;

use super::{EventCode, TelephoneEvent};

/// Digits in one go; more are refused.
pub const DIGITS_MAX: usize = 64;

/// How long a digit may be: what every receiver must recognise (ITU-T Q.24), and longer than anybody presses one.
pub const DIGIT_MS: RangeInclusive<u32> = 40..=8000;

/// The shortest pause that every receiver must recognise (ITU-T Q.24); long enough for the ends, too.
pub const PAUSE_MIN_MS: u32 = 40;

/// The power that is reported, dB below 0 dBm0: what telephones are set to.
const VOLUME: u8 = 10;

/// How often the end is sent after the first time.
const ENDS_AGAIN: u8 = 2;

/// Why digits cannot be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DigitsError {
    /// There are none, or more than `DIGITS_MAX`.
    Count(usize),
    /// Not one of 0-9, *, #, A-D.
    NotADigit(char),
    /// A duration outside `DIGIT_MS`.
    Duration(u32),
}

impl fmt::Display for DigitsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(count) => write!(f, "{count} digits instead of 1 to {DIGITS_MAX}"),
            Self::NotADigit(other) => write!(f, "{other:?} is no digit: 0-9, *, #, A-D"),
            Self::Duration(ms) => write!(
                f,
                "a digit of {ms} ms instead of {} to {}",
                DIGIT_MS.start(),
                DIGIT_MS.end()
            ),
        }
    }
}

impl std::error::Error for DigitsError {}

/// A packet of an event; its sequence number is the stream's next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventPacket {
    /// Set on the first packet of a digit.
    pub marker: bool,
    /// When the digit began.
    pub timestamp: u32,
    /// The payload.
    pub event: TelephoneEvent,
}

/// What to send in this step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendStep {
    /// This, or nothing, instead of sound.
    Digit(Option<EventPacket>),
    /// Sound, and this besides.
    Pause(Option<EventPacket>),
    /// Sound: all digits were sent, and the last pause is over.
    Over,
}

/// Digits on their way out. Holds no memory elsewhere.
#[derive(Clone, Debug)]
pub struct DigitSender {
    digits: [EventCode; DIGITS_MAX],
    count: usize,
    sent: usize,
    duration_ticks: u32,
    gap_ticks: u32,
    phase: Phase,
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    Pause {
        left_ticks: u32,
        again: Option<(u8, EventPacket)>,
    },
    Digit {
        segment: Segment,
        // Of the segments before this one.
        past_ticks: u32,
    },
}

/// The part of a digit that has one timestamp.
#[derive(Clone, Copy, Debug)]
struct Segment {
    began_at: u32,
    elapsed_ticks: u32,
    reported_ticks: u32,
}

impl Segment {
    fn beginning(began_at: u32) -> Self {
        Self {
            began_at,
            elapsed_ticks: 0,
            reported_ticks: 0,
        }
    }
}

const AT_ONCE: Phase = Phase::Pause {
    left_ticks: 0,
    again: None,
};

impl DigitSender {
    /// Digits of `duration_ms` with pauses of `gap_ms`, at least `PAUSE_MIN_MS`, after each; both become whole steps.
    ///
    /// # Errors
    /// A [`DigitsError`] for what is no string of digits, or too short or long a duration.
    pub fn new(
        digits: &str,
        duration_ms: u32,
        gap_ms: u32,
        clock_rate_hz: u32,
    ) -> Result<Self, DigitsError> {
        let count = digits.chars().count();
        if count == 0 || count > DIGITS_MAX {
            return Err(DigitsError::Count(count));
        }
        if !DIGIT_MS.contains(&duration_ms) {
            return Err(DigitsError::Duration(duration_ms));
        }
        let mut codes = [EventCode(0); DIGITS_MAX];
        for (code, digit) in codes.iter_mut().zip(digits.chars()) {
            *code = EventCode::of_digit(digit).ok_or(DigitsError::NotADigit(digit))?;
        }
        let ticks = |ms: u32| (u64::from(ms) * u64::from(clock_rate_hz) / 1000) as u32;
        Ok(Self {
            digits: codes,
            count,
            sent: 0,
            duration_ticks: ticks(duration_ms),
            gap_ticks: ticks(gap_ms.max(PAUSE_MIN_MS)),
            phase: AT_ONCE,
        })
    }

    /// The stream goes on with another clock: digits that were not begun yet last as long as they should by that one.
    pub fn change_clock(&mut self, from_hz: u32, to_hz: u32) {
        let other = |ticks: u32| (u64::from(ticks) * u64::from(to_hz) / u64::from(from_hz)) as u32;
        self.interrupt();
        self.duration_ticks = other(self.duration_ticks);
        self.gap_ticks = other(self.gap_ticks);
    }

    /// Says what to send for the next `step_ticks` of the stream, which begin at `timestamp`. The duration of a digit
    /// is reported every `update_ticks`.
    pub fn step(&mut self, step_ticks: u32, update_ticks: u32, timestamp: u32) -> SendStep {
        match self.phase {
            _ if self.begins_next() => {
                self.go_on(Segment::beginning(timestamp), 0, step_ticks, update_ticks)
            }
            Phase::Pause {
                left_ticks: 0,
                again: None,
            } => SendStep::Over,
            Phase::Pause { left_ticks, again } => self.pause(left_ticks, again, step_ticks),
            Phase::Digit {
                segment,
                past_ticks,
            } => self.go_on(segment, past_ticks, step_ticks, update_ticks),
        }
    }

    /// The digit that lasts, or comes next; none: there is no further one.
    pub fn current(&self) -> Option<char> {
        self.digits[..self.count].get(self.sent)?.digit()
    }

    /// Whether the next step begins a digit.
    pub fn begins_next(&self) -> bool {
        let is_rested = matches!(
            self.phase,
            Phase::Pause {
                left_ticks: 0,
                again: None
            }
        );
        is_rested && self.sent < self.count
    }

    /// Whether a digit lasts: sound has to wait.
    pub fn is_sounding(&self) -> bool {
        matches!(self.phase, Phase::Digit { .. })
    }

    /// Nothing can be sent for now: a digit that lasts ends here, the others come later.
    pub fn interrupt(&mut self) {
        if self.is_sounding() {
            self.sent += 1;
        }
        self.phase = AT_ONCE;
    }

    /// Sends no further digit; one that lasts ends with the next step.
    pub fn stop(&mut self) {
        self.count = self.sent + usize::from(self.is_sounding());
        self.duration_ticks = 0;
    }

    fn pause(
        &mut self,
        left_ticks: u32,
        again: Option<(u8, EventPacket)>,
        step_ticks: u32,
    ) -> SendStep {
        self.phase = Phase::Pause {
            left_ticks: left_ticks.saturating_sub(step_ticks),
            again: again
                .filter(|(times, _)| *times > 1)
                .map(|(times, end)| (times - 1, end)),
        };
        SendStep::Pause(again.map(|(_, end)| end))
    }

    fn go_on(
        &mut self,
        segment: Segment,
        past_ticks: u32,
        step_ticks: u32,
        update_ticks: u32,
    ) -> SendStep {
        let elapsed_ticks = segment.elapsed_ticks + step_ticks;
        let is_end = past_ticks + elapsed_ticks >= self.duration_ticks;
        let is_first = segment.reported_ticks == 0;
        let packet = EventPacket {
            marker: is_first && past_ticks == 0,
            timestamp: segment.began_at,
            event: TelephoneEvent {
                code: self.digits[self.sent],
                is_end,
                volume: VOLUME,
                duration_ticks: u16::try_from(elapsed_ticks).unwrap_or(u16::MAX),
            },
        };
        if is_end {
            self.sent += 1;
            let again = EventPacket {
                marker: false,
                ..packet
            };
            self.phase = Phase::Pause {
                left_ticks: self.gap_ticks,
                again: Some((ENDS_AGAIN, again)),
            };
            return SendStep::Digit(Some(packet));
        }
        let is_full = elapsed_ticks + step_ticks > u32::from(u16::MAX);
        let is_due = is_first || is_full || elapsed_ticks - segment.reported_ticks >= update_ticks;
        self.phase = if is_full {
            Phase::Digit {
                segment: Segment::beginning(segment.began_at.wrapping_add(elapsed_ticks)),
                past_ticks: past_ticks + elapsed_ticks,
            }
        } else {
            let reported_ticks = match is_due {
                true => elapsed_ticks,
                false => segment.reported_ticks,
            };
            Phase::Digit {
                segment: Segment {
                    elapsed_ticks,
                    reported_ticks,
                    ..segment
                },
                past_ticks,
            }
        };
        SendStep::Digit(is_due.then_some(packet))
    }
}
