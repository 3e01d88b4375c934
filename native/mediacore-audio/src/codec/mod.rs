//! Codecs by name. Encoding and decoding work on slices of the caller and allocate nothing.
//!
//! [`CodecKind`] is the face for all of them: it makes an [`Encoder`] and a [`Decoder`], which remember what their codec must
//! and the decoder also what concealment needs. [`Codec`] is G.711 alone, which remembers nothing.

mod decoder;
mod encoder;
mod error;
pub mod g711;
pub mod g722;
mod kind;
mod l16;
pub mod opus;
mod patch;

pub use decoder::{Decoder, DecoderParams};
pub use encoder::{Encoder, EncoderParams};
pub use error::CodecError;
pub use kind::{CodecKind, L16_RATES_HZ};

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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    #[test]
    fn names_are_found_in_any_case() {
        assert_eq!("pcmu".parse(), Ok(Codec::Pcmu));
        assert_eq!("PCMA".parse(), Ok(Codec::Pcma));
        assert_eq!("G722".parse::<Codec>(), Err(UnknownCodec));
        assert!(
            Codec::ALL
                .iter()
                .all(|codec| codec.name().parse() == Ok(*codec))
        );
    }

    #[test]
    fn silence_is_what_each_law_says() {
        let mut octets = [0; 2];
        assert_eq!(Codec::Pcmu.encode(&[0, 0], &mut octets), 2);
        assert_eq!(octets, [0xff; 2]);
        Codec::Pcma.encode(&[0, 0], &mut octets);
        assert_eq!(octets, [0xd5; 2]);
    }

    #[test]
    fn what_does_not_fit_is_not_decoded() {
        let mut samples = [7; 3];
        assert_eq!(Codec::Pcmu.decode(&[0xff; 2], &mut samples), 2);
        assert_eq!(samples, [0, 0, 7]);
        assert_eq!(Codec::Pcmu.decode(&[0xff; 9], &mut samples), 3);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(10_000))]

        /// Any octets decode, and come back as they were but for the second zero of µ-law.
        #[test]
        fn any_octets_decode_and_come_back(octets in vec(any::<u8>(), 0..400)) {
            for codec in Codec::ALL {
                let mut samples = vec![0; codec.samples_in(octets.len())];
                codec.decode(&octets, &mut samples);
                let mut again = vec![0; codec.octets_for(samples.len())];
                codec.encode(&samples, &mut again);
                for (before, after) in octets.iter().zip(&again) {
                    let is_negative_zero = codec == Codec::Pcmu && *before == 0x7f;
                    prop_assert!(before == after || is_negative_zero, "{} {:#04x}", codec, before);
                }
            }
        }
    }
}
