//! Samples: codecs, tones, mixes, concealment, time-stretching, comfort noise, levels, sample rates, file formats. Knows no packet, socket or clock, opens no file.
//!
//! Samples are linear 16-bit mono. **0 dBFS is the level of a full-scale sine** (RMS 32767 / √2), so a tone of
//! -10 dBFS has a peak 10 dB below the largest sample; a full-scale square wave is at +3 dBFS.
//! Nothing allocates but `new`, and what is not for media threads: `container` and `resample`.
#![deny(unsafe_code)]

pub mod cadence;
pub mod codec;
pub mod comfort_noise;
pub mod conceal;
pub mod container;
pub mod dtmf;
pub mod dtx;
pub mod frame;
pub mod gain;
pub mod level;
pub mod mix;
mod pitch;
pub mod resample;
pub mod stretch;
pub mod tone;
pub mod vad;
mod widen;

pub use cadence::{BadCadence, Cadence, Step};
pub use codec::{
    Codec, CodecError, CodecKind, Decoder, DecoderParams, Encoder, EncoderParams, UnknownCodec,
};
pub use comfort_noise::{NoiseAnalyser, NoiseGenerator};
pub use conceal::Concealer;
pub use container::{AudioError, AudioReader, open_audio};
pub use dtmf::{DigitRemover, DtmfDetector, DtmfNotice, DtmfSource};
pub use dtx::{Sending, SilenceSuppressor};
pub use frame::{FRAME_MS, FRAME_SAMPLES, Frame, SAMPLE_RATE_HZ, SILENCE};
pub use gain::{FADE_MS, GAIN_MAX_DB, Gain, end, fade_samples};
pub use level::{LevelMeter, SILENCE_DBFS, dbfs};
pub use mix::{MIX_FRAMES_MAX, Mixer};
pub use resample::{LIVE_RATES_HZ, LiveResampler, OddRates, Resampler, to_i16};
pub use stretch::{Reason, Stretch, TimeStretch};
pub use tone::{Partial, ToneDetector, ToneLevel, ToneSource};
pub use vad::Vad;
