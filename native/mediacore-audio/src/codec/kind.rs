//! Which codec: what `a=rtpmap` says of it, and what follows from that.

use std::fmt;

use super::g711::Law;
use super::{CodecError, Decoder, DecoderParams, Encoder, EncoderParams, opus};

/// Rates of L16 that are worked with: those that divide into frames of 20 ms and that phones have (RFC 3551 4.5.11).
pub const L16_RATES_HZ: [u32; 5] = [8_000, 16_000, 24_000, 32_000, 48_000];

/// A codec, as `a=rtpmap` names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CodecKind {
    /// G.711 µ-law, RFC 3551 4.5.14.
    Pcmu,
    /// G.711 A-law, RFC 3551 4.5.14.
    Pcma,
    /// G.722 at 64 kbit/s, RFC 3551 4.5.2.
    G722,
    /// Linear samples, RFC 3551 4.5.11.
    L16 {
        /// One of [`L16_RATES_HZ`].
        sample_rate_hz: u32,
        /// 1 or 2, interleaved.
        channels: u8,
    },
    /// Opus, RFC 7587: two channels and 48 kHz on the wire's paper, whatever is in it.
    Opus,
}

impl CodecKind {
    /// By encoding name in any case of letters, RTP clock and channels (RFC 4855 3); none when it can only be passed through.
    pub fn from_rtpmap(name: &str, clock_rate_hz: u32, channels: u8) -> Option<Self> {
        let is = |known: &str| name.eq_ignore_ascii_case(known);
        let kind = if is("PCMU") {
            Self::Pcmu
        } else if is("PCMA") {
            Self::Pcma
        } else if is("G722") {
            Self::G722
        } else if is("opus") {
            Self::Opus
        } else if is("L16") && L16_RATES_HZ.contains(&clock_rate_hz) && matches!(channels, 1 | 2) {
            Self::L16 {
                sample_rate_hz: clock_rate_hz,
                channels,
            }
        } else {
            return None;
        };
        (kind.clock_rate_hz() == clock_rate_hz && kind.channels() == channels).then_some(kind)
    }

    /// What a payload type without `a=rtpmap` stands for (RFC 3551 6).
    pub fn from_static_payload_type(payload_type: u8) -> Option<Self> {
        [Self::Pcmu, Self::Pcma, Self::G722]
            .into_iter()
            .find(|kind| kind.static_payload_type() == Some(payload_type))
    }

    /// The encoding name of its `a=rtpmap`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pcmu => "PCMU",
            Self::Pcma => "PCMA",
            Self::G722 => "G722",
            Self::L16 { .. } => "L16",
            Self::Opus => "opus",
        }
    }

    /// The payload type that it has without an `a=rtpmap` (RFC 3551 6).
    pub fn static_payload_type(self) -> Option<u8> {
        match self {
            Self::Pcmu => Some(0),
            Self::Pcma => Some(8),
            Self::G722 => Some(9),
            Self::L16 { .. } | Self::Opus => None,
        }
    }

    /// Ticks per second of its RTP clock. G.722's is 8,000 by an old mistake that everybody keeps (RFC 3551 4.5.2).
    pub fn clock_rate_hz(self) -> u32 {
        match self {
            Self::Pcmu | Self::Pcma | Self::G722 => 8_000,
            Self::L16 { sample_rate_hz, .. } => sample_rate_hz,
            Self::Opus => opus::CLOCK_RATE_HZ,
        }
    }

    /// Samples per second of its audio when nothing else is asked for.
    pub fn sample_rate_hz(self) -> u32 {
        match self {
            Self::Pcmu | Self::Pcma => 8_000,
            Self::G722 => 16_000,
            Self::L16 { sample_rate_hz, .. } => sample_rate_hz,
            Self::Opus => opus::CLOCK_RATE_HZ,
        }
    }

    /// Channels in its `a=rtpmap`; Opus always says 2 there (RFC 7587 7).
    pub fn channels(self) -> u8 {
        match self {
            Self::Pcmu | Self::Pcma | Self::G722 => 1,
            Self::L16 { channels, .. } => channels,
            Self::Opus => 2,
        }
    }

    /// Whether an encoder or decoder of it can be handed samples of this rate: its own, and Opus any of its five.
    pub fn works_at(self, sample_rate_hz: u32) -> bool {
        match self {
            Self::Opus => opus::RATES_HZ.contains(&sample_rate_hz),
            _ => self.sample_rate_hz() == sample_rate_hz,
        }
    }

    /// Whether an encoder or decoder of it can be handed so many channels: its own, and Opus one or two.
    pub fn carries(self, channels: u8) -> bool {
        match self {
            Self::Opus => matches!(channels, 1 | 2),
            _ => self.channels() == channels,
        }
    }

    /// Whether one packet can hold a frame of this length. Opus has its own lengths; others take whole milliseconds up
    /// to 120.
    pub fn has_frames_of(self, duration_us: u32) -> bool {
        match self {
            Self::Opus => opus::FRAMES_US.contains(&duration_us),
            _ => duration_us.is_multiple_of(1_000) && (1_000..=120_000).contains(&duration_us),
        }
    }

    /// Ticks of the RTP clock that a payload lasts: none if it is no payload of this codec.
    pub fn duration_ticks(self, payload: &[u8]) -> Option<u32> {
        let octets = u32::try_from(payload.len()).ok()?;
        match self {
            Self::Pcmu | Self::Pcma | Self::G722 => Some(octets),
            Self::L16 { channels, .. } => {
                let octets_per_tick = 2 * u32::from(channels);
                octets
                    .is_multiple_of(octets_per_tick)
                    .then(|| octets / octets_per_tick)
            }
            Self::Opus => opus::PacketInfo::parse(payload).map(|info| info.duration_ticks()),
        }
    }

    /// The most octets that `samples` (all channels together) make.
    pub fn octets_max(self, samples: usize) -> usize {
        match self {
            Self::Pcmu | Self::Pcma => samples,
            Self::G722 => samples / 2,
            Self::L16 { .. } => 2 * samples,
            Self::Opus => opus::PACKET_OCTETS_MAX,
        }
    }

    /// An encoder for samples as `params` say; allocates all that it will ever need.
    pub fn encoder(self, params: &EncoderParams) -> Result<Encoder, CodecError> {
        self.check(params.sample_rate_hz, params.channels)?;
        Encoder::new(self, params)
    }

    /// A decoder to samples as `params` say; allocates all that it will ever need.
    pub fn decoder(self, params: &DecoderParams) -> Result<Decoder, CodecError> {
        self.check(params.sample_rate_hz, params.channels)?;
        Decoder::new(self, params)
    }

    pub(super) fn law(self) -> Option<Law> {
        match self {
            Self::Pcmu => Some(Law::Mu),
            Self::Pcma => Some(Law::A),
            _ => None,
        }
    }

    fn check(self, sample_rate_hz: u32, channels: u8) -> Result<(), CodecError> {
        let kind = self;
        if !kind.works_at(sample_rate_hz) {
            return Err(CodecError::SampleRate {
                kind,
                sample_rate_hz,
            });
        }
        if !kind.carries(channels) {
            return Err(CodecError::Channels { kind, channels });
        }
        Ok(())
    }
}

impl fmt::Display for CodecKind {
    /// As in `a=rtpmap`: `G722/8000`, `opus/48000/2`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.name(), self.clock_rate_hz())?;
        match self.channels() {
            1 => Ok(()),
            channels => write!(f, "/{channels}"),
        }
    }
}
