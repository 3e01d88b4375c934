//! Samples from outside that are played to a leg: a ring that one thread fills and the media thread empties.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

use rtrb::{Consumer, Producer, RingBuffer};

use crate::frame::Rate;

/// What both halves know of each other.
#[derive(Debug, Default)]
pub struct Counts {
    // Samples counted since the beginning; positions never wrap in practice (2^64 samples are 73 million years).
    cleared_until: AtomicU64,
    // Of those that were written: played or cleared.
    taken: AtomicU64,
    played: AtomicU64,
    starved: AtomicU64,
    // One of the three below.
    end: AtomicU8,
}

const OPEN: u8 = 0;
const COMPLETE: u8 = 1;
const BROKEN_OFF: u8 = 2;

impl Counts {
    /// Samples that have left the ring, played or cleared.
    #[must_use]
    pub fn taken(&self) -> u64 {
        self.taken.load(Ordering::Acquire)
    }
}

/// The filling half.
#[derive(Debug)]
pub struct SourceWriter {
    ring: Producer<i16>,
    written: u64,
    shared: Arc<Counts>,
}

/// The media thread's half.
#[derive(Debug)]
pub struct SourceReader {
    ring: Consumer<i16>,
    taken: u64,
    rate: Rate,
    shared: Arc<Counts>,
}

/// Both halves of a source that holds at most `samples_max` samples of this rate.
#[must_use]
pub fn source(rate: Rate, samples_max: usize) -> (SourceWriter, SourceReader) {
    let (producer, consumer) = RingBuffer::new(samples_max.max(1));
    let shared = Arc::new(Counts::default());
    let writer = SourceWriter {
        ring: producer,
        written: 0,
        shared: Arc::clone(&shared),
    };
    (
        writer,
        SourceReader {
            ring: consumer,
            taken: 0,
            rate,
            shared,
        },
    )
}

impl SourceWriter {
    /// Adds what fits and says how many samples that were. Never waits.
    pub fn write(&mut self, samples: &[i16]) -> usize {
        let written = self.ring.push_partial_slice(samples).0.len();
        self.written += written as u64;
        written
    }

    /// Nothing more will be written; `completed` says whether this is what there was to be written.
    pub fn finish(&mut self, completed: bool) {
        let end = if completed { COMPLETE } else { BROKEN_OFF };
        self.shared.end.store(end, Ordering::Release);
    }

    /// More will be written after all.
    pub fn reopen(&mut self) {
        self.shared.end.store(OPEN, Ordering::Release);
    }

    /// For those who want to know how far it is.
    #[must_use]
    pub fn counts(&self) -> Arc<Counts> {
        Arc::clone(&self.shared)
    }

    /// Samples written so far, cleared ones among them.
    #[must_use]
    pub fn written(&self) -> u64 {
        self.written
    }

    /// Samples that are still to be played.
    #[must_use]
    pub fn pending(&self) -> u64 {
        let cleared = self.shared.cleared_until.load(Ordering::Relaxed);
        self.written - self.shared.taken().max(cleared)
    }

    /// Whether nobody will play any more of it.
    #[must_use]
    pub fn is_abandoned(&self) -> bool {
        self.ring.is_abandoned()
    }

    /// Nothing that was written so far will be played any more (barge-in).
    pub fn clear(&self) {
        self.shared
            .cleared_until
            .store(self.written, Ordering::Release);
    }

    /// Samples that could be written now.
    #[must_use]
    pub fn room(&self) -> usize {
        self.ring.slots()
    }

    /// Samples that were played so far, cleared ones not among them.
    #[must_use]
    pub fn played(&self) -> u64 {
        self.shared.played.load(Ordering::Acquire)
    }

    /// Samples of silence that were played because too few had been written, after the first one.
    #[must_use]
    pub fn starved(&self) -> u64 {
        self.shared.starved.load(Ordering::Relaxed)
    }
}

impl SourceReader {
    /// The rate of its samples.
    #[must_use]
    pub fn rate(&self) -> Rate {
        self.rate
    }

    /// Fills the front of `frame`, and returns how many samples that were.
    pub fn read(&mut self, frame: &mut [i16]) -> usize {
        self.skip_cleared();
        let (read, missing) = self.ring.pop_partial_slice(frame);
        let (read, missing) = (read.len(), missing.len());
        self.taken += read as u64;
        self.shared.taken.store(self.taken, Ordering::Release);
        self.shared.played.fetch_add(read as u64, Ordering::Release);
        if self.taken > 0 {
            self.shared
                .starved
                .fetch_add(missing as u64, Ordering::Relaxed);
        }
        read
    }

    /// Once everything was played and nothing more will be written: whether it was completed.
    #[must_use]
    pub fn end(&self) -> Option<bool> {
        // Asked first: what was written before the end is in the ring by then.
        let end = self.shared.end.load(Ordering::Acquire);
        (end != OPEN && self.ring.is_empty()).then_some(end == COMPLETE)
    }

    fn skip_cleared(&mut self) {
        let cleared = self
            .shared
            .cleared_until
            .load(Ordering::Acquire)
            .saturating_sub(self.taken);
        let skipped = self
            .ring
            .slots()
            .min(usize::try_from(cleared).unwrap_or(usize::MAX));
        if let Ok(chunk) = self.ring.read_chunk(skipped) {
            chunk.commit_all();
            self.taken += skipped as u64;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mediacore_audio::{FRAME_SAMPLES, SILENCE};

    #[test]
    fn what_is_written_is_read_frame_by_frame() {
        let (mut writer, mut reader) = source(Rate::Khz8, 1000);
        assert_eq!(writer.write(&[5; 200]), 200);
        let mut frame = SILENCE;
        assert_eq!(reader.read(&mut frame), FRAME_SAMPLES);
        assert_eq!(frame, [5; FRAME_SAMPLES]);
        assert_eq!(reader.read(&mut frame), 40);
        assert_eq!((writer.played(), writer.starved()), (200, 120));
    }

    #[test]
    fn the_end_comes_with_the_last_sample_and_not_before() {
        let (mut writer, mut reader) = source(Rate::Khz8, 1000);
        writer.write(&[1; 200]);
        writer.finish(true);
        reader.read(&mut SILENCE.clone());
        assert_eq!(reader.end(), None, "40 are left");
        reader.read(&mut SILENCE.clone());
        assert_eq!(reader.end(), Some(true));
        drop(reader);
        assert!(writer.is_abandoned());
    }

    #[test]
    fn what_finds_no_room_is_told_of() {
        let (mut writer, _reader) = source(Rate::Khz8, 100);
        assert_eq!(writer.write(&[1; 130]), 100);
        assert_eq!(writer.room(), 0);
    }

    #[test]
    fn clearing_takes_back_what_was_not_played_yet_and_nothing_later() {
        let (mut writer, mut reader) = source(Rate::Khz8, 1000);
        writer.write(&[1; 300]);
        let mut frame = SILENCE;
        reader.read(&mut frame);
        writer.clear();
        writer.write(&[2; 160]);
        assert_eq!(reader.read(&mut frame), FRAME_SAMPLES);
        assert_eq!(frame, [2; FRAME_SAMPLES]);
        assert_eq!(writer.played(), 320, "140 were cleared");
    }

    #[test]
    fn a_source_that_was_never_written_to_starves_nobody() {
        let (writer, mut reader) = source(Rate::Khz8, 1000);
        reader.read(&mut SILENCE.clone());
        assert_eq!(writer.starved(), 0);
    }
}
