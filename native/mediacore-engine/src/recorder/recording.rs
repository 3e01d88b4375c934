//! One recording: from a ring into a file, until it is closed or reaches a limit. Trouble with the disk ends the
//! recording and never the call.

use std::io;
use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use mediacore_audio::{Cadence, SAMPLE_RATE_HZ};
use rtrb::Consumer;

use super::feed::Recorded;
use super::silence::SilenceMeter;
use super::sound_file::{RecordFormat, SoundFile};
use super::timeline::Timeline;
use crate::ids::{Place, RecorderId};

/// What the channels of a file are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RecordChannels {
    /// What the peer says on the left, what it is sent on the right.
    #[default]
    Stereo,
    /// The sum of both.
    Mixed,
}

/// A tone that tells of a recording for as long as it goes on, and not in its pauses.
#[derive(Debug, Clone)]
pub struct Beep {
    /// The tone, which comes again and again by itself.
    pub tone: Cadence,
    /// Who hears it.
    pub to: Vec<Place>,
}

/// How to record.
#[derive(Debug, Clone, Default)]
pub struct RecordOptions {
    /// What the file is.
    pub format: RecordFormat,
    /// What the channels are.
    pub channels: RecordChannels,
    /// How long the recording may become; none: as long as a WAV file can be (37 hours of stereo).
    pub max_duration: Option<Duration>,
    /// How large the file may become.
    pub max_octets: Option<u64>,
    /// How long nobody may speak, in either direction.
    pub max_silence: Option<Duration>,
    /// Pauses are silence in the file; else they are left out.
    pub keeps_pauses: bool,
    /// What the parties hear of it.
    pub beep: Option<Beep>,
}

impl RecordOptions {
    /// Channels of the file.
    #[must_use]
    pub fn channel_count(&self) -> u8 {
        match self.channels {
            RecordChannels::Stereo => 2,
            RecordChannels::Mixed => 1,
        }
    }
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
    /// Nobody has spoken for as long as that may be.
    MaxSilence,
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
}

impl Recorder {
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
    file: SoundFile,
    channels: RecordChannels,
    keeps_pauses: bool,
    samples_max: u64,
    // Who listens whether somebody speaks, and samples for which nobody may.
    silence: Option<(SilenceMeter, u64)>,
    paused_at: Option<Duration>,
    status: Arc<Status>,
    samples: Vec<i16>,
}

impl Recording {
    /// Begins at `now`.
    pub fn new(
        (id, place): (RecorderId, Place),
        frames: Consumer<Recorded>,
        file: SoundFile,
        options: &RecordOptions,
        now: Duration,
    ) -> (Recording, Arc<Status>) {
        let status = Arc::new(Status::default());
        let beep = options
            .beep
            .iter()
            .flat_map(|beep| beep.tone.frequencies_hz());
        let beep_hz: Vec<f64> = beep.collect();
        let meter = |max| (SilenceMeter::new(SAMPLE_RATE_HZ, &beep_hz), samples_in(max));
        let recording = Recording {
            id,
            place,
            frames,
            timeline: Timeline::new(now),
            file,
            channels: options.channels,
            keeps_pauses: options.keeps_pauses,
            samples_max: options.max_duration.map_or(u64::MAX, samples_in),
            silence: options.max_silence.map(meter),
            paused_at: None,
            status: Arc::clone(&status),
            samples: Vec::new(),
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
        if self.paused_at.is_none() || self.keeps_pauses {
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
            if !self.keeps_pauses {
                self.timeline.leave_out(at.saturating_sub(paused_at));
            }
            if let Some((meter, _)) = &mut self.silence {
                meter.restart();
            }
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
        // Writing the rest may have ended it for another reason.
        self.end(end);
    }

    fn fetch(&mut self) {
        while let Ok(frame) = self.frames.pop() {
            if self.paused_at.is_none() {
                self.timeline.receive(&frame);
            }
        }
    }

    fn write_known(&mut self) {
        let is_paused = self.paused_at.is_some();
        let left = self.samples_max - self.timeline.taken();
        self.samples.clear();
        let mut is_silent = false;
        for (received, sent) in self.timeline.take(left) {
            match self.channels {
                RecordChannels::Stereo => self.samples.extend([received, sent]),
                RecordChannels::Mixed => self.samples.push(received.saturating_add(sent)),
            }
            if let (Some((meter, samples_max)), false) = (&mut self.silence, is_paused) {
                meter.receive(received, sent);
                is_silent |= meter.silent_samples() >= *samples_max;
            }
        }
        let outcome = match self.samples.is_empty() {
            true => Ok(true),
            false => self.file.append(&self.samples),
        };
        self.show_length();
        match outcome {
            Err(error) => self.fail(&error),
            Ok(_) if self.timeline.taken() >= self.samples_max => self.end(RecordEnd::MaxDuration),
            Ok(false) => self.end(RecordEnd::MaxOctets),
            Ok(true) if is_silent => self.end(RecordEnd::MaxSilence),
            Ok(true) => {}
        }
    }

    /// Ends it, if it has not ended.
    fn end(&mut self, end: RecordEnd) {
        if self.ended().is_some() {
            return;
        }
        let outcome = self.file.finish(self.timeline.taken());
        self.show_length();
        match outcome {
            Err(error) => self.fail(&error),
            Ok(_) => {
                let _ = self.status.end.set(end);
            }
        }
    }

    fn fail(&mut self, error: &io::Error) {
        let _ = self.status.end.set(RecordEnd::of(error));
    }

    fn show_length(&self) {
        let samples = self.file.samples();
        self.status.samples.store(samples, Ordering::Release);
    }
}

fn samples_in(span: Duration) -> u64 {
    let samples = span.as_micros() * u128::from(SAMPLE_RATE_HZ) / 1_000_000;
    u64::try_from(samples).unwrap_or(u64::MAX)
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
            let octets_max = options.max_octets.unwrap_or(u64::MAX);
            let channels = options.channel_count();
            let file = SoundFile::create(&path, options.format, 8000, channels, octets_max)
                .expect("a temporary file");
            let (feed, frames) = feed(RecorderId(4));
            let (recording, _) = Recording::new(
                (RecorderId(4), Place::Leg(LegId(2))),
                frames,
                file,
                &options,
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
    fn a_pause_is_silence_where_that_is_wished() {
        let keeps_pauses = RecordOptions {
            keeps_pauses: true,
            ..options(RecordChannels::Mixed)
        };
        let mut bench = Bench::new("silent-pause", keeps_pauses);
        bench.goes_on(50);
        bench.recording.pause(bench.now);
        bench.goes_on(100);
        bench.recording.resume(bench.now);
        bench.goes_on(25);
        bench.recording.close(RecordEnd::Closed);
        let expected = [vec![43; 8000], vec![0; 16_000], vec![43; 4000]].concat();
        assert_eq!(bench.samples(), expected);
    }

    #[test]
    fn silence_ends_it_and_a_pause_is_no_silence() {
        let max_silence = RecordOptions {
            max_silence: Some(Duration::from_secs(3)),
            ..options(RecordChannels::Mixed)
        };
        let mut bench = Bench::new("silence", max_silence);
        bench.goes_on(100);
        bench.recording.pause(bench.now);
        bench.goes_on(500);
        bench.recording.resume(bench.now);
        bench.goes_on(140);
        assert_eq!(bench.recording.ended(), None);
        bench.goes_on(20);
        let (end, lasted) = bench.recording.ended().expect("nobody speaks");
        assert_eq!(end, RecordEnd::MaxSilence);
        assert!((5.0..5.4).contains(&lasted.as_secs_f64()), "{lasted:?}");
    }

    #[test]
    fn opus_is_as_long_as_what_was_said_and_keeps_to_its_size() {
        let opus = |max_octets| RecordOptions {
            format: RecordFormat::OggOpus,
            max_octets,
            ..options(RecordChannels::Stereo)
        };
        let mut bench = Bench::new("opus", opus(None));
        bench.goes_on(105);
        bench.recording.close(RecordEnd::Closed);
        let lasted = Duration::from_millis(2100);
        assert_eq!(bench.recording.ended(), Some((RecordEnd::Closed, lasted)));
        let file = std::fs::File::open(&bench.path).expect("it is there");
        let mut reader = mediacore_audio::open_audio(file).expect("Opus");
        let mut samples = Vec::new();
        while reader.read(&mut samples).expect("whole pages") {}
        assert_eq!(samples.len(), 16_800);

        let mut bench = Bench::new("opus-size", opus(Some(5000)));
        bench.goes_on(5000);
        let (end, lasted) = bench.recording.ended().expect("it is full");
        assert_eq!(end, RecordEnd::MaxOctets);
        let octets = std::fs::metadata(&bench.path).expect("it is there").len();
        assert!((1000..=5000).contains(&octets), "{octets}");
        assert!(lasted > Duration::from_millis(300), "{lasted:?}");
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
