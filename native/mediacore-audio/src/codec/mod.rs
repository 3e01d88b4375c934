//! Codecs by name. Encoding and decoding work on slices of the caller and allocate nothing.

pub mod g711;

use std::fmt;
use std::str::FromStr;

/// A codec that can be decoded and encoded here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Codec {
    /// G.711 µ-law.
    Pcmu,
    /// G.711 A-law.
    Pcma,
}

/// A name that is no [`Codec`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownCodec;

impl fmt::Display for UnknownCodec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("unknown codec; known are PCMU and PCMA")
    }
}

impl std::error::Error for UnknownCodec {}

impl Codec {
    /// Every codec.
    pub const ALL: [Self; 2] = [Self::Pcmu, Self::Pcma];

    /// The encoding name of its `a=rtpmap` (RFC 3551 6).
    pub fn name(self) -> &'static str {
        match self {
            Self::Pcmu => "PCMU",
            Self::Pcma => "PCMA",
        }
    }

    /// The payload type that it has without an `a=rtpmap` (RFC 3551 6).
    pub fn static_payload_type(self) -> Option<u8> {
        match self {
            Self::Pcmu => Some(0),
            Self::Pcma => Some(8),
        }
    }

    /// Ticks per second of its RTP clock.
    pub fn clock_rate_hz(self) -> u32 {
        8_000
    }

    /// Samples per second of its audio.
    pub fn sample_rate_hz(self) -> u32 {
        8_000
    }

    /// How many samples `octets` of payload hold.
    pub fn samples_in(self, octets: usize) -> usize {
        octets
    }

    /// How many octets `samples` make.
    pub fn octets_for(self, samples: usize) -> usize {
        samples
    }

    /// Encodes all `samples` to the front of `out`; returns the octets written.
    ///
    /// # Panics
    /// If `out` is shorter than [`Codec::octets_for`] says: the caller owns the buffer.
    pub fn encode(self, samples: &[i16], out: &mut [u8]) -> usize {
        let out = &mut out[..samples.len()];
        match self {
            Self::Pcmu => g711::encode_ulaw_slice(samples, out),
            Self::Pcma => g711::encode_alaw_slice(samples, out),
        }
        samples.len()
    }

    /// Decodes `payload` to the front of `out`; returns the samples written. What does not fit into `out` is not decoded.
    pub fn decode(self, payload: &[u8], out: &mut [i16]) -> usize {
        let samples = payload.len().min(out.len());
        let (payload, out) = (&payload[..samples], &mut out[..samples]);
        match self {
            Self::Pcmu => g711::decode_ulaw_slice(payload, out),
            Self::Pcma => g711::decode_alaw_slice(payload, out),
        }
        samples
    }
}

impl fmt::Display for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Codec {
    type Err = UnknownCodec;

    /// By encoding name, in any case (RFC 4855 3).
    fn from_str(name: &str) -> Result<Self, UnknownCodec> {
        Self::ALL
            .into_iter()
            .find(|codec| codec.name().eq_ignore_ascii_case(name))
            .ok_or(UnknownCodec)
    }
}
