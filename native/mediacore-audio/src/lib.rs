//! Samples: codecs, tones, concealment, levels. Knows no packet, socket, clock or file.
//!
//! Samples are linear 16-bit mono. **0 dBFS is the level of a full-scale sine** (RMS 32767 / √2), so a tone of
//! -10 dBFS has a peak 10 dB below the largest sample; a full-scale square wave is at +3 dBFS.
//! Nothing allocates but `new`.
#![forbid(unsafe_code)]

pub mod codec;
pub mod conceal;
pub mod frame;
pub mod level;
pub mod tone;

pub use codec::{Codec, UnknownCodec};
pub use conceal::Concealer;
pub use frame::{FRAME_MS, FRAME_SAMPLES, Frame, SAMPLE_RATE_HZ, SILENCE};
pub use level::{LevelMeter, SILENCE_DBFS, dbfs};
pub use tone::{Partial, ToneDetector, ToneLevel, ToneSource};
