//! What codecs answer to what they cannot do.

use std::fmt;

use super::CodecKind;

/// Why a codec was not made, or did not take what it was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodecError {
    /// It does not work at this sample rate.
    SampleRate {
        /// The codec asked for.
        kind: CodecKind,
        /// The rate asked for.
        sample_rate_hz: u32,
    },
    /// It does not carry so many channels.
    Channels {
        /// The codec asked for.
        kind: CodecKind,
        /// The number asked for.
        channels: u8,
    },
    /// No frame of it has so many samples.
    FrameLength {
        /// Samples given, all channels together.
        samples: usize,
    },
    /// The caller's buffer is too short.
    NoRoom,
    /// The payload is none of this codec.
    Malformed,
    /// One encoder's state does not fit another: other codec, rate or channels.
    Unlike,
    /// Anything else that libopus said, by its number.
    Opus(i32),
}

impl fmt::Display for CodecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SampleRate {
                kind,
                sample_rate_hz,
            } => write!(f, "{kind} does not work at {sample_rate_hz} Hz"),
            Self::Channels { kind, channels } => {
                write!(f, "{kind} does not carry {channels} channels")
            }
            Self::FrameLength { samples } => write!(f, "no frame has {samples} samples"),
            Self::NoRoom => f.write_str("the buffer is too short"),
            Self::Malformed => f.write_str("the payload is none of this codec"),
            Self::Unlike => f.write_str("the states belong to unlike codecs"),
            Self::Opus(code) => write!(f, "libopus: error {code}"),
        }
    }
}

impl std::error::Error for CodecError {}
