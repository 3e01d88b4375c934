//! Payload formats: which number on the wire stands for which codec. A codec that we cannot decode is a number too, so
//! that two legs that share it can be forwarded.

use std::sync::Mutex;

use mediacore_audio::codec::{CodecKind, L16_RATES_HZ};

use crate::frame::Rate;

/// A codec with its rate and channels, by number; equal numbers are equal codecs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CodecId(pub u16);

/// G.711 µ-law, RFC 3551 4.5.14.
pub const PCMU: CodecId = CodecId(1);
/// G.711 A-law, RFC 3551 4.5.14.
pub const PCMA: CodecId = CodecId(2);
/// Digits and other events, RFC 4733, beside a codec whose clock has 8,000 ticks in a second.
pub const TELEPHONE_EVENT: CodecId = CodecId(3);

/// Comfort noise, RFC 3389.
pub const COMFORT_NOISE: CodecId = CodecId(4);

/// G.722 at 64 kbit/s, RFC 3551 4.5.2.
pub const G722: CodecId = CodecId(5);
/// Opus, RFC 7587.
pub const OPUS: CodecId = CodecId(6);

/// Names of the codecs that have fixed numbers, in the order of these numbers; 0 is "none".
const FIXED: [&str; 19] = [
    "",
    "PCMU/8000",
    "PCMA/8000",
    "TELEPHONE-EVENT/8000",
    "CN/8000",
    "G722/8000",
    "OPUS/48000/2",
    "L16/8000",
    "L16/16000",
    "L16/24000",
    "L16/32000",
    "L16/48000",
    "TELEPHONE-EVENT/16000",
    "TELEPHONE-EVENT/24000",
    "TELEPHONE-EVENT/32000",
    "TELEPHONE-EVENT/48000",
    "CN/16000",
    "CN/32000",
    "CN/48000",
];

/// Numbers of L16, in the order of `L16_RATES_HZ`.
const L16: std::ops::RangeInclusive<u16> = 7..=11;
/// Numbers of telephone-events with other clocks.
const OTHER_EVENTS: std::ops::RangeInclusive<u16> = 12..=15;
/// Numbers of comfort noise with other clocks.
const OTHER_NOISES: std::ops::RangeInclusive<u16> = 16..=18;

/// Different codecs that one engine has ever been told of; beyond it a leg is refused.
pub const CODECS_MAX: usize = 256;

/// Sample rates at which a codec can be handed samples, or hands them out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rates {
    /// This one.
    Only(Rate),
    /// Those of Opus that are not above this one.
    UpTo(Rate),
}

impl Rates {
    /// The highest.
    #[must_use]
    pub fn best(self) -> Rate {
        match self {
            Rates::Only(rate) | Rates::UpTo(rate) => rate,
        }
    }

    /// The one that fits sound of `rate` best: the highest that is not above it, if there is a choice.
    #[must_use]
    pub fn nearest(self, rate: Rate) -> Rate {
        match self {
            Rates::Only(only) => only,
            // Opus has no 32 kHz (RFC 6716 2).
            Rates::UpTo(best) => match rate.min(best) {
                Rate::Khz32 => Rate::Khz24,
                rate => rate,
            },
        }
    }
}

impl CodecId {
    /// Whether it carries a conversation, rather than going beside one that does.
    #[must_use]
    pub fn is_audio(self) -> bool {
        !self.is_event() && !self.is_noise()
    }

    /// Whether it is telephone-events, with whatever clock.
    #[must_use]
    pub fn is_event(self) -> bool {
        self == TELEPHONE_EVENT || OTHER_EVENTS.contains(&self.0)
    }

    /// Whether it is comfort noise, with whatever clock.
    #[must_use]
    pub fn is_noise(self) -> bool {
        self == COMFORT_NOISE || OTHER_NOISES.contains(&self.0)
    }

    /// What turns it into samples and back; none when it can only be passed through.
    #[must_use]
    pub fn kind(self) -> Option<CodecKind> {
        match self {
            PCMU => Some(CodecKind::Pcmu),
            PCMA => Some(CodecKind::Pcma),
            G722 => Some(CodecKind::G722),
            OPUS => Some(CodecKind::Opus),
            CodecId(number) if L16.contains(&number) => Some(CodecKind::L16 {
                sample_rate_hz: L16_RATES_HZ[usize::from(number - L16.start())],
                channels: 1,
            }),
            _ => None,
        }
    }

    /// Whether this engine turns it into samples and back.
    #[must_use]
    pub fn is_decodable(self) -> bool {
        self.kind().is_some()
    }

    /// At which rates; of what is only passed through it is of no meaning.
    #[must_use]
    pub fn rates(self) -> Rates {
        match self.kind() {
            Some(CodecKind::Opus) => Rates::UpTo(Rate::Khz48),
            Some(kind) => Rates::Only(
                Rate::of_hz(kind.sample_rate_hz()).expect("other codecs have one of our rates"),
            ),
            None => Rates::Only(Rate::Khz8),
        }
    }
}

/// One line of an agreement: payload type, codec, RTP clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Format {
    /// The number on the wire, 0 to 127.
    pub payload_type: u8,
    /// What it stands for.
    pub codec: CodecId,
    /// Ticks per second of its timestamps.
    pub clock_rate_hz: u32,
}

/// The agreed formats of one leg, in order of preference for sending.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Formats(Vec<Format>);

impl Formats {
    /// As agreed.
    #[must_use]
    pub fn new(formats: Vec<Format>) -> Formats {
        Formats(formats)
    }

    /// What `payload_type` stands for.
    #[must_use]
    pub fn by_payload_type(&self, payload_type: u8) -> Option<Format> {
        self.0
            .iter()
            .copied()
            .find(|format| format.payload_type == payload_type)
    }

    /// How `codec` is numbered here.
    #[must_use]
    pub fn by_codec(&self, codec: CodecId) -> Option<Format> {
        self.0.iter().copied().find(|format| format.codec == codec)
    }

    /// The telephone-events that have this clock (RFC 4733 2.1: that of the stream they are in).
    #[must_use]
    pub fn events(&self, clock_rate_hz: u32) -> Option<Format> {
        let is_it =
            |format: &Format| format.codec.is_event() && format.clock_rate_hz == clock_rate_hz;
        self.0.iter().copied().find(is_it)
    }

    /// The first one for sound.
    #[must_use]
    pub fn preferred(&self) -> Option<Format> {
        self.0
            .iter()
            .copied()
            .find(|format| format.codec.is_audio())
    }

    /// The first one that samples can be encoded in.
    #[must_use]
    pub fn encodable(&self) -> Option<Format> {
        self.0
            .iter()
            .copied()
            .find(|format| format.codec.is_decodable())
    }
}

/// Gives codecs their numbers. Used on the control side only.
#[derive(Debug, Default)]
pub struct CodecBook {
    others: Mutex<Vec<String>>,
}

impl CodecBook {
    /// The number of "NAME/RATE" or "NAME/RATE/CHANNELS", in any case of letters; none once `CODECS_MAX` are known.
    pub fn number(&self, name: &str) -> Option<CodecId> {
        let name = name.to_ascii_uppercase();
        let name = name
            .strip_suffix("/1")
            .filter(|rest| rest.contains('/'))
            .unwrap_or(&name);
        if let Some(index) = FIXED.iter().position(|fixed| *fixed == name) {
            return Some(codec_at(index));
        }
        let mut others = self.others.lock().expect("no panic holds this lock");
        if let Some(index) = others.iter().position(|other| other == name) {
            return Some(codec_at(FIXED.len() + index));
        }
        if FIXED.len() + others.len() >= CODECS_MAX {
            return None;
        }
        others.push(name.to_owned());
        Some(codec_at(FIXED.len() + others.len() - 1))
    }

    /// The name that `codec` was given its number for.
    #[must_use]
    pub fn name(&self, codec: CodecId) -> String {
        let index = usize::from(codec.0);
        if let Some(fixed) = FIXED.get(index) {
            return (*fixed).to_owned();
        }
        let others = self.others.lock().expect("no panic holds this lock");
        others.get(index - FIXED.len()).cloned().unwrap_or_default()
    }
}

fn codec_at(index: usize) -> CodecId {
    CodecId(u16::try_from(index).expect("fewer than CODECS_MAX"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_equal_in_any_case_and_with_the_one_channel_said() {
        let book = CodecBook::default();
        assert_eq!(book.number("pcmu/8000"), Some(PCMU));
        assert_eq!(book.number("PCMA/8000/1"), Some(PCMA));
        assert_eq!(book.number("telephone-event/8000"), Some(TELEPHONE_EVENT));
        for wide in ["telephone-event/16000", "telephone-event/48000"] {
            let codec = book.number(wide).expect("it is known");
            assert!(codec.is_event() && !codec.is_audio(), "{wide}");
        }
        assert_eq!(book.number("opus/48000/2"), book.number("OPUS/48000/2"));
        assert_ne!(book.number("opus/48000/2"), book.number("opus/48000"));
    }

    #[test]
    fn what_is_decoded_has_its_name_and_rate() {
        let book = CodecBook::default();
        for (number, name) in FIXED.into_iter().enumerate().skip(1) {
            let codec = codec_at(number);
            assert_eq!(book.number(name), Some(codec));
            let Some(kind) = codec.kind() else {
                assert!(!codec.is_audio(), "{name}");
                continue;
            };
            assert_eq!(kind.to_string().to_ascii_uppercase(), name);
            assert_eq!(codec.rates().best().hz(), kind.sample_rate_hz());
        }
        assert_eq!(OPUS.rates().nearest(Rate::Khz8), Rate::Khz8);
        assert_eq!(OPUS.rates().nearest(Rate::Khz32), Rate::Khz24);
        assert_eq!(G722.rates().nearest(Rate::Khz48), Rate::Khz16);
    }

    #[test]
    fn a_number_leads_back_to_its_name() {
        let book = CodecBook::default();
        let g729 = book.number("G729/8000").expect("there is room");
        assert_eq!(
            (book.name(g729).as_str(), book.name(PCMA).as_str()),
            ("G729/8000", "PCMA/8000")
        );
        assert_eq!(book.name(CodecId(0)), "");
        assert_eq!(book.name(CodecId(200)), "");
    }

    #[test]
    fn the_book_is_bounded() {
        let book = CodecBook::default();
        let known = (0..1000)
            .filter(|index| book.number(&format!("X{index}/8000")).is_some())
            .count();
        assert_eq!(known, CODECS_MAX - FIXED.len());
        assert!(
            book.number("X0/8000").is_some(),
            "what is known stays known"
        );
    }

    #[test]
    fn signals_are_not_the_preferred_sound() {
        let format = |payload_type, codec| Format {
            payload_type,
            codec,
            clock_rate_hz: 8000,
        };
        let formats = Formats::new(vec![
            format(101, TELEPHONE_EVENT),
            format(18, CodecId(99)),
            format(8, PCMA),
        ]);
        assert_eq!(
            formats.preferred().map(|format| format.payload_type),
            Some(18)
        );
        assert_eq!(
            formats.encodable().map(|format| format.payload_type),
            Some(8)
        );
        assert_eq!(formats.by_codec(PCMU), None);
    }
}
