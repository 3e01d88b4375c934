//! Telephone-events (RFC 4733): digits that travel beside the sound, as packets of their own in the same stream.
//!
//! All packets of one event carry the timestamp of its beginning and its duration so far; the last one is sent three
//! times. So a digit survives as long as one of its packets does, and the timestamp tells a digit that is reported
//! again from the same digit pressed again.

mod receiver;
mod sender;
mod timestamps;

pub use receiver::{DigitNotice, EventReceiver, RELEASED_AFTER};
pub use sender::{
    DIGIT_MS, DIGITS_MAX, DigitSender, DigitsError, EventPacket, PAUSE_MIN_MS, SendStep,
};
pub use timestamps::EventTimestamps;

/// Octets of one event in a payload (RFC 4733 2.3).
pub const EVENT_OCTETS: usize = 4;

/// Events that are read from one packet; what is packed behind them (RFC 4733 2.5.1.5) is left alone.
pub const PACKED_MAX: usize = 4;

/// The DTMF events in the order of their codes, RFC 4733 3.2.
const DIGITS: [char; 16] = [
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '*', '#', 'A', 'B', 'C', 'D',
];

/// The number of an event: 0 to 15 are digits, others are flash, tones and modem signals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EventCode(pub u8);

impl EventCode {
    /// The code of a digit: 0-9, *, #, A-D in either case.
    pub fn of_digit(digit: char) -> Option<Self> {
        let digit = digit.to_ascii_uppercase();
        let index = DIGITS.iter().position(|known| *known == digit)?;
        Some(Self(index as u8))
    }

    /// The digit that it stands for.
    pub fn digit(self) -> Option<char> {
        DIGITS.get(usize::from(self.0)).copied()
    }
}

/// One event as one packet reports it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TelephoneEvent {
    /// Which.
    pub code: EventCode,
    /// It is over; `duration_ticks` is its whole length, or that of its last segment.
    pub is_end: bool,
    /// Power as dB below 0 dBm0, 0 to 63.
    pub volume: u8,
    /// Since the packet's timestamp.
    pub duration_ticks: u16,
}

impl TelephoneEvent {
    /// The first event of a payload; none when there is less than one.
    pub fn parse(payload: &[u8]) -> Option<Self> {
        let [code, flags, high, low] = *payload.first_chunk::<EVENT_OCTETS>()?;
        Some(Self {
            code: EventCode(code),
            is_end: flags & 0x80 != 0,
            volume: flags & 0x3f,
            duration_ticks: u16::from_be_bytes([high, low]),
        })
    }

    /// As it goes on the wire.
    pub fn octets(&self) -> [u8; EVENT_OCTETS] {
        let [high, low] = self.duration_ticks.to_be_bytes();
        let end = if self.is_end { 0x80 } else { 0 };
        [self.code.0, end | self.volume & 0x3f, high, low]
    }
}

/// The events of a payload, each with the timestamp at which it began: one as a rule; several when each begins where
/// the one before ended (RFC 4733 2.5.1.5).
pub fn packed(payload: &[u8], timestamp: u32) -> impl Iterator<Item = (u32, TelephoneEvent)> + '_ {
    let mut begins_at = timestamp;
    payload
        .chunks_exact(EVENT_OCTETS)
        .take(PACKED_MAX)
        .filter_map(TelephoneEvent::parse)
        .enumerate()
        // Zeros behind the first event are somebody's padding, not the digit 0 for no time at all.
        .take_while(|(index, event)| *index == 0 || event.duration_ticks > 0)
        .map(move |(_, event)| {
            let began_at = begins_at;
            begins_at = began_at.wrapping_add(u32::from(event.duration_ticks));
            (began_at, event)
        })
}
