//! The frame clock's unit, 20 ms of mono audio at 8 kHz, and the sum of two of them.

use std::time::Duration;

pub use mediacore_audio::{FRAME_SAMPLES, Frame, SAMPLE_RATE_HZ, SILENCE};

/// How long a frame is.
pub const FRAME_TIME: Duration = Duration::from_millis(mediacore_audio::FRAME_MS as u64);

/// Adds `frame` to `mix`; what is too loud is clipped rather than wrapped.
pub fn mix_into(mix: &mut Frame, frame: &Frame) {
    for (sum, sample) in mix.iter_mut().zip(frame) {
        *sum = sum.saturating_add(*sample);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mix_is_the_sum_and_clips() {
        let mut mix = [30_000; FRAME_SAMPLES];
        mix_into(&mut mix, &[-1000; FRAME_SAMPLES]);
        assert_eq!(mix[0], 29_000);
        mix_into(&mut mix, &[10_000; FRAME_SAMPLES]);
        assert_eq!(mix[159], i16::MAX);
    }
}
