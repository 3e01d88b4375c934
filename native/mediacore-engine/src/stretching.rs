//! What lies between decoder and frame: decoded audio of one leg, made shorter or longer as its play-out buffer advises.
//! Knows no packet; audio that was made up is for the caller to keep away.

use std::time::Duration;

use mediacore_audio::{TimeStretch, Vad};
use mediacore_rtp::{Advice, JitterBuffer};

/// With so much beyond the frame there are two periods of a deep voice to compare.
pub const AHEAD_MS: u32 = 10;

/// The most that one change puts in, the longest period that the kernels know.
pub const LENGTHENED_MS_MAX: u32 = 15;

/// More than this is not looked at for one change.
const PIECE_MS_MAX: u32 = 30;

/// Changes one stream's length.
#[derive(Debug)]
pub struct Stretching {
    sample_rate_hz: u32,
    kernel: TimeStretch,
    vad: Vad,
    room: Box<[i16]>,
}

impl Stretching {
    /// For mono samples of this rate.
    #[must_use]
    pub fn new(sample_rate_hz: u32) -> Stretching {
        Stretching {
            sample_rate_hz,
            kernel: TimeStretch::new(sample_rate_hz),
            vad: Vad::new(sample_rate_hz),
            room: vec![0; (sample_rate_hz / 1000 * PIECE_MS_MAX) as usize * 3 / 2 + 1]
                .into_boxed_slice(),
        }
    }

    /// How many samples beyond the frame to decode for this advice, where the packets are here.
    #[must_use]
    pub fn ahead_samples(&self, advice: Advice) -> usize {
        match advice {
            Advice::Shorten { .. } => (self.sample_rate_hz / 1000 * AHEAD_MS) as usize,
            Advice::Lengthen | Advice::Keep => 0,
        }
    }

    /// Follows the advice on the first `samples` of `pending` where they bear it, and tells the buffer what was done.
    /// Returns how many there are now. `pending` has room for [`LENGTHENED_MS_MAX`] more.
    pub fn follow(
        &mut self,
        advice: Advice,
        buffer: &mut JitterBuffer,
        pending: &mut [i16],
        samples: usize,
        now: Duration,
    ) -> usize {
        let background_dbfs = self.vad.background_dbfs();
        let audio = &mut pending[..samples];
        match advice {
            Advice::Keep => samples,
            Advice::Shorten { at_most } => {
                let at_most = self.samples(at_most);
                let by = self.kernel.accelerate_by(at_most, audio, background_dbfs);
                match by.samples {
                    0 => buffer.note_refused(now),
                    _ => buffer.note_shortened(self.time(by.samples), now),
                }
                samples - by.samples
            }
            Advice::Lengthen => {
                let piece = samples.min(self.room.len() * 2 / 3);
                let by = self
                    .kernel
                    .expand(&audio[..piece], background_dbfs, &mut self.room);
                let longer = piece + by.samples;
                match by.samples {
                    0 => buffer.note_refused(now),
                    _ => buffer.note_lengthened(self.time(by.samples), now),
                }
                pending.copy_within(piece..samples, longer);
                pending[..longer].copy_from_slice(&self.room[..longer]);
                samples + by.samples
            }
        }
    }

    /// Hears a frame that was played, and learns from it what the background is.
    pub fn hear(&mut self, frame: &[i16]) {
        self.vad.receive(frame);
    }

    /// How long so many samples last.
    #[must_use]
    pub fn time(&self, samples: usize) -> Duration {
        Duration::from_secs(1) * samples as u32 / self.sample_rate_hz
    }

    fn samples(&self, time: Duration) -> usize {
        (time.as_secs_f64() * f64::from(self.sample_rate_hz)) as usize
    }
}
