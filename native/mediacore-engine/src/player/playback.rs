//! One list of files on its way to one leg or conference: decoded and resampled into a ring, a second ahead of the ear.

use std::fs::File;
use std::io::{self, BufReader};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use mediacore_audio::{AudioError, AudioReader, Resampler, open_audio, to_i16};

use super::filters::Filters;
use super::playlist::{Playlist, Turns};
use super::position::{Marks, PlayPosition};
use crate::error::EngineError;
use crate::frame::Rate;
use crate::source::{Counts, SourceReader, SourceWriter, source};

/// How far ahead of the media thread a file is read, seconds. A disk that takes longer than that, less the thread's pause,
/// is heard as a gap.
const AHEAD_S: u32 = 1;

/// As much of a file is read by the one who opens it, who may be an event loop; the rest by the thread.
const AT_ONCE_MS: u32 = 200;

/// Blocks that are read in one go, a few tens of milliseconds of work: others wait for the same thread. Only a seek needs more.
const BLOCKS_AT_ONCE: usize = 100;

/// What a decoder that panics has met.
const BROKEN: &str = "a file that its decoder cannot bear";

/// How far a list has got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// All of it was heard, or nobody hears it.
    Done,
    /// The ring is full, or its end is in it.
    Full,
    /// Somebody waits for more.
    Hungry,
}

/// What the one who asked for it may know.
#[derive(Debug)]
pub struct Shared {
    counts: Arc<Counts>,
    marks: Marks,
}

impl Shared {
    /// What is heard now.
    pub fn position(&self) -> PlayPosition {
        self.marks.position(self.counts.taken())
    }
}

/// A file that is read.
struct Reading {
    reader: Box<dyn AudioReader>,
    resampler: Resampler,
    // Samples of the file that are still to be left out, and whether that may be done without decoding them.
    unwanted: u64,
    may_skip: bool,
}

/// One list on its way.
pub struct Playback {
    filters: Arc<Filters>,
    rate: Rate,
    turns: Turns,
    reading: Option<Reading>,
    writer: SourceWriter,
    shared: Arc<Shared>,
    gain: f32,
    // Decoded, and from `next` on not written yet.
    samples: Vec<i16>,
    next: usize,
    // The newest round in which something was heard: two that are silent are the end of a list without an end.
    heard_round: u32,
    // Whether every file was read to its end.
    is_whole: bool,
    // Nothing more is to be read; whether all was.
    end: Option<bool>,
    is_hurried: bool,
    block: Vec<f32>,
    resampled: Vec<f32>,
}

impl Playback {
    /// Opens the first file for one who can hear `best` and no more, and reads a little of it: the first frame is there at once.
    pub fn open(
        list: Playlist,
        filters: &Arc<Filters>,
        best: Rate,
    ) -> Result<(Box<Playback>, SourceReader), EngineError> {
        let path = list.paths.first().cloned().unwrap_or_default();
        let opened = Playback::try_open(list, filters, best);
        opened.map_err(|error| EngineError::AudioFile { path, error })
    }

    fn try_open(
        list: Playlist,
        filters: &Arc<Filters>,
        best: Rate,
    ) -> Result<(Box<Playback>, SourceReader), AudioError> {
        let (start, gain_db) = (list.start, list.gain_db);
        let mut turns = Turns::new(list);
        let first = turns.next().unwrap_or_default();
        let reader = open_guarded(turns.list(), first)?;
        // What follows may have more to it than the first one.
        let rate = match turns.list().paths.len() {
            1 => fitting(reader.sample_rate_hz(), best),
            _ => best,
        };
        let (writer, source) = source(rate, (rate.hz() * AHEAD_S) as usize);
        let mut playback = Box::new(Playback {
            filters: Arc::clone(filters),
            rate,
            turns,
            reading: None,
            shared: Arc::new(Shared {
                counts: writer.counts(),
                marks: Marks::new(rate),
            }),
            writer,
            gain: 10_f64.powf(gain_db / 20.0) as f32,
            samples: Vec::new(),
            next: 0,
            heard_round: 0,
            is_whole: true,
            end: None,
            is_hurried: false,
            block: Vec::new(),
            resampled: Vec::new(),
        });
        playback.begin(reader, first, start)?;
        playback.fill_to((rate.hz() / 1000 * AT_ONCE_MS) as usize);
        Ok((playback, source))
    }

    /// For the one who asked for it.
    pub fn shared(&self) -> Arc<Shared> {
        Arc::clone(&self.shared)
    }

    /// Fills the ring up.
    pub fn fill(&mut self) -> Progress {
        self.fill_to((self.rate.hz() * AHEAD_S) as usize)
    }

    /// Goes on from there; a file that is not in the list, or cannot be read, changes nothing.
    pub fn seek(&mut self, to: PlayPosition) {
        if self.writer.is_abandoned() || !self.turns.go_to(to.item) {
            return;
        }
        self.writer.reopen();
        self.writer.clear();
        self.samples.clear();
        (self.next, self.end, self.is_hurried) = (0, None, true);
        if self.open_and_begin(to.item, to.at).is_err() {
            self.is_whole = false;
            self.reading = None;
        }
    }

    fn fill_to(&mut self, ahead_samples: usize) -> Progress {
        for _ in 0..BLOCKS_AT_ONCE {
            if self.writer.is_abandoned() {
                return Progress::Done;
            }
            if self.next == self.samples.len() {
                if let Some(completed) = self.end {
                    self.writer.finish(completed);
                    return match self.writer.pending() {
                        0 => Progress::Done,
                        _ => Progress::Full,
                    };
                }
                if self.writer.pending() >= ahead_samples as u64 {
                    self.is_hurried = false;
                    return Progress::Full;
                }
                self.read_on();
            }
            let waiting = &self.samples[self.next..];
            let fitting = waiting.len().min(self.writer.room());
            self.next += self.writer.write(&waiting[..fitting]);
            if self.next < self.samples.len() {
                // After a seek the ring is full of what is heard no more, until the media thread throws it away.
                return match self.is_hurried {
                    true => Progress::Hungry,
                    false => Progress::Full,
                };
            }
        }
        Progress::Hungry
    }

    /// The next block, or the next file, or the end.
    fn read_on(&mut self) {
        if self.reading.is_some() {
            return self.read_block();
        }
        let Some(item) = self.turns.next() else {
            self.end = Some(self.is_whole);
            return;
        };
        if self.turns.rounds_begun() > self.heard_round + 2 {
            self.end = Some(self.is_whole);
        } else if self.open_and_begin(item, Duration::ZERO).is_err() {
            self.is_whole = false;
        }
    }

    fn open_and_begin(&mut self, item: usize, start: Duration) -> Result<(), AudioError> {
        let reader = open_guarded(self.turns.list(), item)?;
        self.begin(reader, item, start)
    }

    fn begin(
        &mut self,
        reader: Box<dyn AudioReader>,
        item: usize,
        start: Duration,
    ) -> Result<(), AudioError> {
        let rate_hz = reader.sample_rate_hz();
        let unwanted = start.as_micros() * u128::from(rate_hz) / 1_000_000;
        self.reading = Some(Reading {
            resampler: self.filters.resampler(rate_hz, self.rate)?,
            reader,
            unwanted: u64::try_from(unwanted).unwrap_or(u64::MAX),
            may_skip: true,
        });
        let begins = PlayPosition { item, at: start };
        self.shared.marks.push(self.writer.written(), begins);
        Ok(())
    }

    fn read_block(&mut self) {
        let Some(reading) = &mut self.reading else {
            return;
        };
        self.block.clear();
        self.resampled.clear();
        self.samples.clear();
        self.next = 0;
        let block = &mut self.block;
        let more = catch_unwind(AssertUnwindSafe(|| reading.read(block)))
            .unwrap_or(Err(AudioError::Malformed(BROKEN)));
        reading.resampler.receive(&self.block, &mut self.resampled);
        if !matches!(more, Ok(true)) {
            reading.resampler.finish(&mut self.resampled);
            self.reading = None;
            self.is_whole &= more.is_ok();
        }
        if self.gain != 1.0 {
            self.resampled
                .iter_mut()
                .for_each(|sample| *sample *= self.gain);
        }
        if !self.resampled.is_empty() {
            self.heard_round = self.turns.rounds_begun();
        }
        to_i16(&self.resampled, &mut self.samples);
    }
}

impl Reading {
    /// The next block, if it is wanted; false at the end.
    fn read(&mut self, block: &mut Vec<f32>) -> Result<bool, AudioError> {
        if self.unwanted > 0 && self.may_skip {
            let skipped = self.reader.skip(self.unwanted)?;
            self.unwanted = self.unwanted.saturating_sub(skipped);
            self.may_skip = skipped > 0;
            return Ok(true);
        }
        let more = self.reader.read(block)?;
        let left_out = self.unwanted.min(block.len() as u64);
        block.drain(..left_out as usize);
        self.unwanted -= left_out;
        Ok(more)
    }
}

/// The rate that loses nothing of a file, or as much of it as can be heard.
fn fitting(file_hz: u32, best: Rate) -> Rate {
    let mut enough = Rate::ALL.into_iter().filter(|rate| rate.hz() >= file_hz);
    enough.next().map_or(best, |rate| rate.min(best))
}

/// Others' decoders read what anybody may have uploaded: a fault of theirs is the end of one sound.
fn open_guarded(list: &Playlist, item: usize) -> Result<Box<dyn AudioReader>, AudioError> {
    let nothing = || AudioError::Unsupported("a list of no files".to_owned());
    let path = list.paths.get(item).ok_or_else(nothing)?;
    catch_unwind(|| open(path)).unwrap_or(Err(AudioError::Malformed(BROKEN)))
}

fn open(path: &Path) -> Result<Box<dyn AudioReader>, AudioError> {
    // To open a pipe would wait for its other end.
    if !std::fs::metadata(path)?.is_file() {
        return Err(AudioError::Io(io::Error::other("not a regular file")));
    }
    open_audio(BufReader::new(File::open(path)?))
}

#[cfg(test)]
mod tests {
    use mediacore_audio::container::wav_header;

    use super::*;
    use mediacore_audio::{FRAME_SAMPLES, SILENCE};

    fn file(name: &str, octets: &[u8]) -> std::path::PathBuf {
        let name = format!("mediacore-player-{}-{name}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, octets).expect("a temporary file");
        path
    }

    fn ramp(samples: u16) -> Vec<u8> {
        let data = (0..samples).flat_map(u16::to_le_bytes);
        wav_header(8000, 1, u32::from(samples) * 2)
            .into_iter()
            .chain(data)
            .collect()
    }

    /// Plays to the end, filling up now and then.
    fn play(playback: &mut Playback, source: &mut SourceReader) -> (Vec<i16>, bool) {
        let mut played = Vec::new();
        loop {
            let mut frame = SILENCE;
            let samples = source.read(&mut frame);
            played.extend_from_slice(&frame[..samples]);
            if let Some(completed) = source.end() {
                return (played, completed);
            }
            if played.len() % (7 * FRAME_SAMPLES) == 0 {
                playback.fill();
            }
        }
    }

    #[test]
    fn a_file_longer_than_the_ring_is_played_to_its_last_sample() {
        let path = file("long.wav", &ramp(30_001));
        let (mut playback, mut source) =
            Playback::open(Playlist::of(&path), &Arc::default(), Rate::Khz8).expect("a good file");
        let (played, completed) = play(&mut playback, &mut source);
        assert!(completed);
        assert_eq!(played.len(), 30_001);
        assert!(
            played
                .iter()
                .zip(0..)
                .all(|(sample, index)| *sample == index)
        );
        std::fs::remove_file(path).expect("it is there");
    }

    #[test]
    fn a_file_whose_listener_has_gone_is_read_no_further() {
        let path = file("gone.wav", &ramp(30_000));
        let (mut playback, source) =
            Playback::open(Playlist::of(&path), &Arc::default(), Rate::Khz8).expect("a good file");
        assert_eq!(playback.fill(), Progress::Full);
        assert_eq!(playback.writer.room(), 0);
        drop(source);
        assert_eq!(playback.fill(), Progress::Done);
        std::fs::remove_file(path).expect("it is there");
    }

    #[test]
    fn an_empty_file_ends_at_once() {
        let path = file("empty.wav", &wav_header(44_100, 2, 0));
        let (mut playback, mut source) =
            Playback::open(Playlist::of(&path), &Arc::default(), Rate::Khz8).expect("a good file");
        assert_eq!(play(&mut playback, &mut source), (vec![], true));
        std::fs::remove_file(path).expect("it is there");
    }

    #[test]
    fn what_cannot_be_played_says_why() {
        let refusal = |path: &Path| {
            Playback::open(Playlist::of(path), &Arc::default(), Rate::Khz8)
                .err()
                .map(|error| error.to_string())
        };
        let missing = refusal(Path::new("/nowhere/a.wav")).expect("no such file");
        assert!(
            missing.starts_with("/nowhere/a.wav: No such file"),
            "{missing}"
        );
        let folder = refusal(&std::env::temp_dir()).expect("a folder");
        assert!(folder.ends_with(": not a regular file"), "{folder}");
        let path = file("text.wav", b"not audio at all");
        let text = refusal(&path).expect("text");
        assert!(
            text.ends_with(": neither WAV, FLAC, Ogg Opus nor MP3"),
            "{text}"
        );
        std::fs::remove_file(path).expect("it is there");
    }

    fn heard(list: Playlist) -> (Vec<i16>, bool) {
        let (mut playback, mut source) =
            Playback::open(list, &Arc::default(), Rate::Khz8).expect("good files");
        play(&mut playback, &mut source)
    }

    #[test]
    fn a_list_is_played_in_order_and_again_as_often_as_wished() {
        let (one, two) = (file("one.wav", &ramp(3)), file("two.wav", &ramp(2)));
        let list = Playlist {
            paths: vec![one.clone(), "/nowhere.wav".into(), two.clone()],
            rounds: Some(2),
            ..Playlist::of("")
        };
        let twice = [0, 1, 2, 0, 1, 0, 1, 2, 0, 1].to_vec();
        assert_eq!(
            heard(list.clone()),
            (twice.clone(), false),
            "one file is missing"
        );
        let (paths, gain_db) = (vec![one.clone(), two.clone()], 20.0);
        let louder = twice.iter().map(|sample| sample * 10).collect();
        let list = Playlist {
            paths,
            gain_db,
            ..list
        };
        assert_eq!(heard(list), (louder, true));
        for path in [one, two] {
            std::fs::remove_file(path).expect("it is there");
        }
    }

    #[test]
    fn a_list_of_nothing_ends_although_it_has_no_end() {
        let path = file("nothing.wav", &wav_header(8000, 1, 0));
        let list = Playlist {
            rounds: None,
            ..Playlist::of(&path)
        };
        assert_eq!(heard(list), (vec![], true));
        std::fs::remove_file(path).expect("it is there");
    }

    #[test]
    fn a_start_and_a_seek_lead_to_their_moment_and_the_position_tells_of_it() {
        let path = file("seek.wav", &ramp(30_000));
        let list = Playlist {
            start: Duration::from_secs(1),
            ..Playlist::of(&path)
        };
        let (mut playback, mut source) =
            Playback::open(list, &Arc::default(), Rate::Khz8).expect("a good file");
        let shared = playback.shared();
        let mut frame = SILENCE;
        assert_eq!(source.read(&mut frame), FRAME_SAMPLES);
        assert_eq!((frame[0], frame[159]), (8000, 8159));
        assert_eq!(shared.position().at, Duration::from_millis(1020));
        assert_eq!(playback.fill(), Progress::Full);
        let to = |at_ms| PlayPosition {
            item: 0,
            at: Duration::from_millis(at_ms),
        };
        playback.seek(to(3000));
        assert_eq!(
            playback.fill(),
            Progress::Hungry,
            "the ring is full of the past"
        );
        assert_eq!(source.read(&mut frame), 0);
        playback.fill();
        assert_eq!(source.read(&mut frame), FRAME_SAMPLES);
        assert_eq!(frame[0], 24_000);
        assert_eq!(shared.position(), to(3020));
        playback.seek(PlayPosition { item: 1, ..to(0) });
        let (rest, completed) = play(&mut playback, &mut source);
        assert_eq!((rest.len(), completed), (30_000 - 24_160, true));
        std::fs::remove_file(path).expect("it is there");
    }

    #[test]
    fn one_who_seeks_while_the_end_is_in_the_ring_goes_on() {
        let path = file("end.wav", &ramp(4000));
        let (mut playback, mut source) =
            Playback::open(Playlist::of(&path), &Arc::default(), Rate::Khz8).expect("a good file");
        assert_eq!(playback.fill(), Progress::Full);
        assert_eq!(playback.fill(), Progress::Full, "kept until it was heard");
        playback.seek(PlayPosition::default());
        assert_eq!(source.read(&mut SILENCE.clone()), 0);
        assert_eq!(source.end(), None);
        playback.fill();
        let (played, completed) = play(&mut playback, &mut source);
        assert_eq!((played.len(), completed), (4000, true));
        assert_eq!(playback.fill(), Progress::Done);
        std::fs::remove_file(path).expect("it is there");
    }
}
