//! A copy of what is heard from a leg, or sent to it, for somebody outside the media thread. When nobody fetches it the
//! oldest frame makes way: who listens late wants to hear the present.

use std::io;
use std::os::fd::RawFd;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crossbeam_queue::ArrayQueue;
use mediacore_audio::{FRAME_SAMPLES, Frame, LiveResampler, SAMPLE_RATE_HZ};

use crate::error::EngineError;
use crate::ids::TapId;
use crate::os::Wake;

/// Which direction is copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TapSide {
    /// What the peer says.
    Received,
    /// What the peer is sent.
    Sent,
}

#[derive(Debug)]
struct Shared {
    // A frame at a time, 20 ms of samples.
    frames: ArrayQueue<Frame>,
    dropped: AtomicU64,
    wake: Wake,
}

/// The media thread's half.
#[derive(Debug)]
pub struct TapFeed {
    /// Its number.
    pub id: TapId,
    /// What it copies.
    pub side: TapSide,
    shared: Arc<Shared>,
}

/// The listener's half.
#[derive(Debug)]
pub struct Tap {
    shared: Arc<Shared>,
    // To the listener's rate, by the listener: a media thread has no time for it.
    resampler: Option<Mutex<LiveResampler>>,
    sample_rate_hz: u32,
}

/// Both halves of a tap that holds at most `frames_max` frames of 20 ms.
pub fn tap(id: TapId, side: TapSide, frames_max: usize) -> io::Result<(TapFeed, Tap)> {
    let shared = Arc::new(Shared {
        frames: ArrayQueue::new(frames_max.max(1)),
        dropped: AtomicU64::new(0),
        wake: Wake::new()?,
    });
    Ok((
        TapFeed {
            id,
            side,
            shared: Arc::clone(&shared),
        },
        Tap {
            shared,
            resampler: None,
            sample_rate_hz: SAMPLE_RATE_HZ,
        },
    ))
}

impl TapFeed {
    /// Adds a frame; true when the oldest one was dropped for it.
    pub fn push(&self, samples: &Frame) -> bool {
        let is_full = self.shared.frames.force_push(*samples).is_some();
        self.shared
            .dropped
            .fetch_add(u64::from(is_full), Ordering::Relaxed);
        self.shared.wake.poke();
        is_full
    }
}

impl Tap {
    /// The same tap, whose samples come at this rate.
    pub fn at(mut self, sample_rate_hz: u32) -> Result<Tap, EngineError> {
        let resampler = LiveResampler::new(SAMPLE_RATE_HZ, sample_rate_hz)
            .map_err(|_| EngineError::BadRate(sample_rate_hz))?;
        self.resampler = (sample_rate_hz != SAMPLE_RATE_HZ).then(|| Mutex::new(resampler));
        self.sample_rate_hz = sample_rate_hz;
        Ok(self)
    }

    /// All frames that wait, one after the other, oldest first.
    #[must_use]
    pub fn read(&self) -> Vec<i16> {
        let samples = self.read_frames();
        let Some(resampler) = &self.resampler else {
            return samples;
        };
        // Whole frames are whole milliseconds: as many samples come out as the ratio says.
        let length = samples.len() * self.sample_rate_hz as usize / SAMPLE_RATE_HZ as usize;
        let mut resampled = vec![0; length];
        let mut resampler = resampler.lock().expect("no panic holds this lock");
        resampler.process(&samples, &mut resampled);
        resampled
    }

    fn read_frames(&self) -> Vec<i16> {
        // Cleared first: a frame that comes meanwhile is either read below or pokes again.
        self.shared.wake.clear();
        let mut samples = Vec::with_capacity(self.shared.frames.len() * FRAME_SAMPLES);
        while let Some(frame) = self.shared.frames.pop() {
            samples.extend_from_slice(&frame);
        }
        samples
    }

    /// Waits until a frame is there; false when `timeout` passed first.
    #[must_use]
    pub fn wait(&self, timeout: Duration) -> bool {
        !self.shared.frames.is_empty() || self.shared.wake.wait(timeout)
    }

    /// Readable while frames wait.
    #[must_use]
    pub fn fd(&self) -> RawFd {
        self.shared.wake.raw()
    }

    /// Frames that made way so far.
    #[must_use]
    pub fn dropped_frames(&self) -> u64 {
        self.shared.dropped.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_come_out_in_order_and_the_descriptor_tells_of_them() {
        let (feed, tap) = tap(TapId(1), TapSide::Received, 4).expect("a descriptor");
        assert!(!tap.wait(Duration::ZERO));
        feed.push(&[1; FRAME_SAMPLES]);
        feed.push(&[2; FRAME_SAMPLES]);
        assert!(tap.wait(Duration::ZERO));
        let samples = tap.read();
        assert_eq!(
            (samples.len(), samples[0], samples[FRAME_SAMPLES]),
            (2 * FRAME_SAMPLES, 1, 2)
        );
        assert!(!tap.wait(Duration::ZERO));
    }

    #[test]
    fn the_oldest_frame_makes_way_and_is_counted() {
        let (feed, tap) = tap(TapId(1), TapSide::Sent, 2).expect("a descriptor");
        for value in 1..=5 {
            feed.push(&[value; FRAME_SAMPLES]);
        }
        assert_eq!(tap.dropped_frames(), 3);
        assert_eq!(tap.read()[0], 4);
    }

    #[test]
    fn another_rate_is_as_many_samples_more_or_less() {
        for (rate_hz, samples) in [(8000, 160), (16_000, 320), (24_000, 480), (48_000, 960)] {
            let (feed, tap) = tap(TapId(1), TapSide::Sent, 8).expect("a descriptor");
            let tap = tap.at(rate_hz).expect("a good rate");
            for count in 1..=3 {
                for _ in 0..count {
                    feed.push(&[1000; FRAME_SAMPLES]);
                }
                let read = tap.read();
                assert_eq!(read.len(), count * samples);
                assert!(count == 1 || read.iter().all(|sample| sample.abs_diff(1000) < 20));
            }
        }
    }
}
