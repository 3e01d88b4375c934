//! One recording: from a ring into a file, until it is closed or reaches a limit. Trouble with the disk ends the
//! recording and never the call.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use rtrb::Consumer;

use super::feed::Recorded;
use super::timeline::Timeline;
use super::wav_file::WavFile;
use super::writer::Message;
use crate::ids::{Place, RecorderId};
use crate::os::monotonic;
use mediacore_audio::SAMPLE_RATE_HZ;

/// What the channels of a file are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RecordChannels {
    /// What the peer says on the left, what it is sent on the right.
    #[default]
    Stereo,
    /// The sum of both.
    Mixed,
}

/// How to record.
#[derive(Debug, Clone, Copy, Default)]
pub struct RecordOptions {
    /// What the channels are.
    pub channels: RecordChannels,
    /// How long the recording may become; none: as long as a WAV file can be (37 hours of stereo).
    pub max_duration: Option<Duration>,
    /// How large the file may become.
    pub max_octets: Option<u64>,
}

/// Why a recording ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordEnd {
    /// It was closed.
    Closed,
    /// The leg, or the engine, was.
    LegClosed,
    /// It is as long as it may be.
    MaxDuration,
    /// The file is as large as it may be.
    MaxOctets,
    /// No room, by the disk, a quota or a limit of the process.
    DiskFull,
    /// The system refused to write for another reason.
    WriteFailed,
}

impl RecordEnd {
    fn of(error: &io::Error) -> RecordEnd {
        match error.kind() {
            io::ErrorKind::StorageFull
            | io::ErrorKind::QuotaExceeded
            | io::ErrorKind::FileTooLarge
            | io::ErrorKind::WriteZero => RecordEnd::DiskFull,
            _ => RecordEnd::WriteFailed,
        }
    }
}

/// What everybody may know of a recording.
#[derive(Debug, Default)]
pub struct Status {
    samples: AtomicU64,
    end: OnceLock<RecordEnd>,
}

/// A recording, seen by the one who asked for it. Dropping it does not end it.
#[derive(Debug)]
pub struct Recorder {
    /// Its number.
    pub id: RecorderId,
    /// Whose.
    pub place: Place,
    pub(super) status: Arc<Status>,
    pub(super) inbox: Mutex<Sender<Message>>,
}

impl Recorder {
    /// Leaves out what is heard from now on.
    pub fn pause(&self) {
        self.send(Message::Pause(self.id, monotonic()));
    }

    /// Records again.
    pub fn resume(&self) {
        self.send(Message::Resume(self.id, monotonic()));
    }

    /// How much is in the file.
    #[must_use]
    pub fn duration(&self) -> Duration {
        self.status.duration()
    }

    /// Why it ended; none: it goes on.
    #[must_use]
    pub fn end(&self) -> Option<RecordEnd> {
        self.status.end.get().copied()
    }

    fn send(&self, message: Message) {
        // Fails only when the engine is closed, and with it the recording.
        let _ = self
            .inbox
            .lock()
            .expect("no panic holds this lock")
            .send(message);
    }
}

impl Status {
    fn duration(&self) -> Duration {
        let samples = self.samples.load(Ordering::Acquire);
        Duration::from_micros(samples * 1_000_000 / u64::from(SAMPLE_RATE_HZ))
    }
}

/// A recording, seen by the thread that writes it.
#[derive(Debug)]
pub struct Recording {
    /// Its number.
    pub id: RecorderId,
    /// Whose.
    pub place: Place,
    frames: Consumer<Recorded>,
    timeline: Timeline,
    file: WavFile,
    channels: RecordChannels,
    samples_max: u64,
    // What a file of the largest size holds; which of the two limits is nearer decides what the end is called.
    samples_of_file_max: u64,
    paused_at: Option<Duration>,
    status: Arc<Status>,
    octets: Vec<u8>,
}

impl Recording {
    /// Begins at `now`.
    pub fn new(
        (id, place): (RecorderId, Place),
        frames: Consumer<Recorded>,
        file: WavFile,
        options: RecordOptions,
        now: Duration,
    ) -> (Recording, Arc<Status>) {
        let status = Arc::new(Status::default());
        let octets_max = options
            .max_octets
            .unwrap_or(u64::MAX)
            .min(WavFile::octets_max());
        let room = octets_max.saturating_sub(file.octets());
        let micros = options.max_duration.map(|max| max.as_micros());
        let samples = micros.map(|micros| micros * u128::from(SAMPLE_RATE_HZ) / 1_000_000);
        let recording = Recording {
            id,
            place,
            frames,
            timeline: Timeline::new(now),
            samples_max: samples.map_or(u64::MAX, |samples| {
                u64::try_from(samples).unwrap_or(u64::MAX)
            }),
            samples_of_file_max: room / u64::from(file.frame_octets()),
            file,
            channels: options.channels,
            paused_at: None,
            status: Arc::clone(&status),
            octets: Vec::new(),
        };
        (recording, status)
    }

    /// Why it has ended, and how much was written; none: it goes on.
    #[must_use]
    pub fn ended(&self) -> Option<(RecordEnd, Duration)> {
        let end = self.status.end.get()?;
        Some((*end, self.status.duration()))
    }

    /// Writes what has come.
    pub fn write(&mut self, now: Duration) {
        if self.ended().is_some() {
            return;
        }
        // Asked first: what was fed before the leg went is in the ring by then.
        let is_abandoned = self.frames.is_abandoned();
        self.fetch();
        if is_abandoned {
            return self.finish(RecordEnd::LegClosed);
        }
        if self.paused_at.is_none() {
            self.timeline.advance(now);
            self.write_known();
        }
    }

    /// Leaves out what is heard from `at` on.
    pub fn pause(&mut self, at: Duration) {
        if self.ended().is_none() && self.paused_at.is_none() {
            self.fetch();
            self.timeline.finish();
            self.write_known();
            self.paused_at = Some(at);
        }
    }

    /// Records again from `at` on.
    pub fn resume(&mut self, at: Duration) {
        self.fetch();
        if let Some(paused_at) = self.paused_at.take() {
            self.timeline.leave_out(at.saturating_sub(paused_at));
        }
    }

    /// Writes what is left and ends it, unless it has ended already.
    pub fn close(&mut self, end: RecordEnd) {
        if self.ended().is_none() {
            self.fetch();
            self.finish(end);
        }
    }

    fn finish(&mut self, end: RecordEnd) {
        self.timeline.finish();
        self.write_known();
        // Fails when writing the rest has ended it for another reason.
        let _ = self.status.end.set(end);
    }

    fn fetch(&mut self) {
        while let Ok(frame) = self.frames.pop() {
            if self.paused_at.is_none() {
                self.timeline.receive(&frame);
            }
        }
    }

    fn write_known(&mut self) {
        let limit = self.samples_max.min(self.samples_of_file_max);
        let left = limit - self.timeline.taken();
        self.octets.clear();
        for (received, sent) in self.timeline.take(left) {
            match self.channels {
                RecordChannels::Stereo => {
                    self.octets.extend(received.to_le_bytes());
                    self.octets.extend(sent.to_le_bytes());
                }
                RecordChannels::Mixed => {
                    let sum = received.saturating_add(sent);
                    self.octets.extend(sum.to_le_bytes());
                }
            }
        }
        if self.octets.is_empty() && left > 0 {
            return;
        }
        let outcome = self.file.append(&self.octets);
        let written = self.file.samples();
        self.status.samples.store(written, Ordering::Release);
        let end = match outcome {
            Err(error) => RecordEnd::of(&error),
            Ok(()) if written < limit => return,
            Ok(()) if self.samples_max <= self.samples_of_file_max => RecordEnd::MaxDuration,
            Ok(()) => RecordEnd::MaxOctets,
        };
        let _ = self.status.end.set(end);
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::super::feed::{RecordFeed, feed};
    use super::*;
    use crate::ids::LegId;
    use crate::tap::TapSide;
    use mediacore_audio::FRAME_SAMPLES;

    const ZERO: Duration = Duration::from_secs(50);

    struct Bench {
        path: PathBuf,
        feed: RecordFeed,
        recording: Recording,
        now: Duration,
    }

    impl Bench {
        fn new(name: &str, options: RecordOptions) -> Bench {
            let name = format!("mediacore-recording-{}-{name}.wav", std::process::id());
            let path = std::env::temp_dir().join(name);
            let channels = if options.channels == RecordChannels::Stereo {
                2
            } else {
                1
            };
            let file = WavFile::create(&path, channels).expect("a temporary file");
            let (feed, frames) = feed(RecorderId(4));
            let (recording, _) = Recording::new(
                (RecorderId(4), Place::Leg(LegId(2))),
                frames,
                file,
                options,
                ZERO,
            );
            Bench {
                path,
                feed,
                recording,
                now: ZERO,
            }
        }

        /// Both directions go on, and are written every ten frames.
        fn goes_on(&mut self, frames: usize) {
            for count in 1..=frames {
                self.now += Duration::from_millis(20);
                self.feed
                    .push(TapSide::Received, self.now, &[3; FRAME_SAMPLES]);
                self.feed
                    .push(TapSide::Sent, self.now, &[40; FRAME_SAMPLES]);
                if count % 10 == 0 {
                    self.recording.write(self.now);
                }
            }
        }

        fn samples(&self) -> Vec<i16> {
            let file = std::fs::read(&self.path).expect("it is there");
            let told = u32::from_le_bytes(file[40..44].try_into().expect("four octets"));
            assert_eq!(file.len(), 44 + told as usize);
            let (samples, _) = file[44..].as_chunks();
            samples.iter().copied().map(i16::from_le_bytes).collect()
        }
    }

    impl Drop for Bench {
        fn drop(&mut self) {
            let _ = std::fs::remove_file(&self.path);
        }
    }

    fn options(channels: RecordChannels) -> RecordOptions {
        RecordOptions {
            channels,
            ..RecordOptions::default()
        }
    }

    #[test]
    fn each_direction_has_its_side_or_both_are_added() {
        for (channels, expected) in [
            (RecordChannels::Stereo, vec![[3, 40]; 8000].concat()),
            (RecordChannels::Mixed, vec![43; 8000]),
        ] {
            let mut bench = Bench::new("sides", options(channels));
            bench.goes_on(50);
            bench.recording.close(RecordEnd::Closed);
            assert_eq!(bench.samples(), expected);
            let second = Duration::from_secs(1);
            assert_eq!(bench.recording.ended(), Some((RecordEnd::Closed, second)));
        }
    }

    #[test]
    fn what_was_said_is_in_the_file_before_the_end() {
        let mut bench = Bench::new("before", options(RecordChannels::Mixed));
        bench.goes_on(50);
        assert_eq!(bench.samples(), vec![43; 8000]);
        assert_eq!(bench.recording.ended(), None);
    }

    #[test]
    fn a_pause_is_left_out() {
        let mut bench = Bench::new("pause", options(RecordChannels::Mixed));
        bench.goes_on(50);
        bench.recording.pause(bench.now);
        bench.goes_on(500);
        bench.recording.resume(bench.now);
        bench.goes_on(25);
        bench.recording.close(RecordEnd::Closed);
        assert_eq!(bench.samples(), vec![43; 12_000]);
    }

    #[test]
    fn the_longest_duration_is_kept_to_the_sample() {
        let mut bench = Bench::new(
            "duration",
            RecordOptions {
                max_duration: Some(Duration::from_millis(1005)),
                ..options(RecordChannels::Mixed)
            },
        );
        bench.goes_on(100);
        assert_eq!(bench.samples().len(), 8040);
        let lasted = Duration::from_millis(1005);
        assert_eq!(
            bench.recording.ended(),
            Some((RecordEnd::MaxDuration, lasted))
        );
    }

    #[test]
    fn the_largest_file_is_kept_to_the_octet() {
        let mut bench = Bench::new(
            "octets",
            RecordOptions {
                max_octets: Some(1001),
                ..options(RecordChannels::Stereo)
            },
        );
        bench.goes_on(100);
        assert_eq!(bench.samples().len() * 2 + 44, 1000);
        let (end, _) = bench.recording.ended().expect("it is full");
        assert_eq!(end, RecordEnd::MaxOctets);
    }

    #[test]
    fn a_leg_that_goes_ends_it_with_all_that_was_said() {
        let mut bench = Bench::new("gone", options(RecordChannels::Mixed));
        bench.goes_on(55);
        let (gone, _) = feed(RecorderId(9));
        drop(std::mem::replace(&mut bench.feed, gone));
        bench.recording.write(bench.now);
        let lasted = Duration::from_millis(1100);
        assert_eq!(
            bench.recording.ended(),
            Some((RecordEnd::LegClosed, lasted))
        );
        assert_eq!(bench.samples().len(), 8800);
    }

    #[test]
    fn trouble_is_told_apart() {
        let kinds = [libc_error(28), libc_error(122), libc_error(27)];
        assert!(
            kinds
                .iter()
                .all(|error| RecordEnd::of(error) == RecordEnd::DiskFull)
        );
        assert_eq!(RecordEnd::of(&libc_error(5)), RecordEnd::WriteFailed);
    }

    /// ENOSPC 28, EDQUOT 122, EFBIG 27, EIO 5 on Linux.
    fn libc_error(number: i32) -> io::Error {
        io::Error::from_raw_os_error(number)
    }
}
