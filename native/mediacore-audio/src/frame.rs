//! The unit of the media tick: 20 ms of narrow-band samples.

/// Samples per second of narrow-band telephony.
pub const SAMPLE_RATE_HZ: u32 = 8_000;

/// Length of a tick's audio, milliseconds.
pub const FRAME_MS: u32 = 20;

/// Samples in a [`Frame`].
pub const FRAME_SAMPLES: usize = (SAMPLE_RATE_HZ / 1000 * FRAME_MS) as usize;

/// One tick's audio.
pub type Frame = [i16; FRAME_SAMPLES];

/// A tick of digital silence.
pub const SILENCE: Frame = [0; FRAME_SAMPLES];
