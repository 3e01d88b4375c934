//! A source at the rate of whoever fills it. What its listener cannot hear is filtered out there, not on a media thread.

use std::time::Duration;

use mediacore_audio::LiveResampler;

use crate::error::EngineError;
use crate::frame::Rate;
use crate::source::{SourceReader, SourceWriter, source};

/// Samples that are resampled at a time.
const BLOCK: usize = 480;

/// The filling half; all counts are samples of its own rate.
#[derive(Debug)]
pub struct LiveSource {
    writer: SourceWriter,
    sample_rate_hz: u32,
    // The rate of the ring.
    heard: Rate,
    resampler: LiveResampler,
    overflowed: u64,
    block: Vec<i16>,
}

/// Both halves of a source that holds at most `buffer` of samples of this rate, for one who can hear `best` and no more.
pub fn live_source(
    sample_rate_hz: u32,
    best: Rate,
    buffer: Duration,
) -> Result<(LiveSource, SourceReader), EngineError> {
    let bad_rate = || EngineError::BadRate(sample_rate_hz);
    let heard = Rate::of_hz(sample_rate_hz).ok_or_else(bad_rate)?.min(best);
    let resampler = LiveResampler::new(sample_rate_hz, heard.hz()).map_err(|_| bad_rate())?;
    let samples_max = buffer.as_millis() * u128::from(heard.hz() / 1000);
    let (writer, reader) = source(heard, usize::try_from(samples_max).unwrap_or(usize::MAX));
    let live = LiveSource {
        writer,
        sample_rate_hz,
        heard,
        resampler,
        overflowed: 0,
        // Never more than went in, but for one that the filter had left.
        block: vec![0; BLOCK + 2],
    };
    Ok((live, reader))
}

impl LiveSource {
    /// Adds samples; returns how many found room, and counts the others. Never waits.
    pub fn write(&mut self, samples: &[i16]) -> usize {
        let fitting = samples.len().min(self.room());
        for piece in samples[..fitting].chunks(BLOCK) {
            let made = self.resampler.process(piece, &mut self.block);
            self.writer.write(&self.block[..made]);
        }
        self.overflowed += (samples.len() - fitting) as u64;
        fitting
    }

    /// Nothing that was written so far will be played any more (barge-in).
    pub fn clear(&mut self) {
        self.writer.clear();
        self.resampler.reset();
    }

    /// Samples that could be written now.
    #[must_use]
    pub fn room(&self) -> usize {
        self.in_own_rate(self.writer.room() as u64) as usize
    }

    /// Samples that are still to be played.
    #[must_use]
    pub fn pending(&self) -> u64 {
        self.in_own_rate(self.writer.pending())
    }

    /// Samples that were played so far, cleared ones not among them.
    #[must_use]
    pub fn played(&self) -> u64 {
        self.in_own_rate(self.writer.played())
    }

    /// Samples that found no room.
    #[must_use]
    pub fn overflowed(&self) -> u64 {
        self.overflowed
    }

    /// Samples of silence that were played because too few had been written, after the first one.
    #[must_use]
    pub fn starved(&self) -> u64 {
        self.in_own_rate(self.writer.starved())
    }

    fn in_own_rate(&self, samples: u64) -> u64 {
        samples * u64::from(self.sample_rate_hz) / u64::from(self.heard.hz())
    }
}

#[cfg(test)]
mod tests {
    use mediacore_audio::{SILENCE, ToneDetector, ToneSource};

    use super::*;

    #[test]
    fn a_tone_of_another_rate_is_the_same_tone_and_counted_in_its_own_samples() {
        let (mut live, mut reader) =
            live_source(24_000, Rate::Khz8, Duration::from_secs(2)).expect("a good rate");
        let mut tone = vec![0; 24_000];
        ToneSource::sine(1000.0, -10.0, None, 24_000).fill(&mut tone);
        assert_eq!(live.write(&tone), 24_000);
        assert_eq!((live.pending(), live.room()), (24_000, 24_000));
        let mut detector = ToneDetector::new(&[1000.0], 8000);
        for _ in 0..50 {
            let mut frame = SILENCE;
            assert_eq!(reader.read(&mut frame), frame.len());
            detector.receive(&frame);
        }
        let level = detector.levels()[0].level_dbfs;
        assert!((level + 10.0).abs() < 0.1, "{level}");
        assert_eq!((live.played(), live.pending()), (24_000, 0));
    }

    #[test]
    fn what_finds_no_room_is_counted_and_what_is_cleared_is_not_played() {
        let (mut live, mut reader) =
            live_source(16_000, Rate::Khz48, Duration::from_millis(100)).expect("a good rate");
        assert_eq!(live.write(&[7; 2000]), 1600);
        assert_eq!((live.overflowed(), live.room()), (400, 0));
        live.clear();
        assert_eq!(live.pending(), 0);
        assert_eq!(reader.read(&mut SILENCE.clone()), 0);
        assert_eq!((live.played(), live.room()), (0, 1600));
    }

    #[test]
    fn odd_rates_are_refused() {
        for rate_hz in [0, 7999, 11_025, 44_100] {
            assert!(live_source(rate_hz, Rate::Khz8, Duration::from_secs(1)).is_err());
        }
    }
}
