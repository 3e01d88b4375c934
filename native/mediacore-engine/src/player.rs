//! Playing files: one thread reads, decodes and resamples ahead of time, for all legs of an engine; media threads
//! find samples in a ring and never wait for a disk.

use std::fs::File;
use std::io::{self, BufReader};
use std::path::Path;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use mediacore_audio::{AudioError, AudioReader, Resampler, open_audio, to_i16};

use crate::error::EngineError;
use crate::frame::Rate;
use crate::source::{SourceReader, SourceWriter, source};

/// How far ahead of the media thread a file is read, seconds. A disk that takes longer than that, less `REFILL_EVERY`,
/// is heard as a gap.
const AHEAD_S: u32 = 1;

/// As much of a file is read by the one who opens it, who may be an event loop; the rest by the thread.
const AT_ONCE_MS: u32 = 200;

/// Filters that are kept for the next file of the same rate; there are no more common rates than that.
const FILTERS_MAX: usize = 16;

/// How often the rings are filled up again.
const REFILL_EVERY: Duration = Duration::from_millis(100);

/// One file on its way to one leg.
pub struct Playback {
    rate: Rate,
    reader: Box<dyn AudioReader>,
    resampler: Resampler,
    writer: SourceWriter,
    // Decoded, and from `next` on not written yet.
    samples: Vec<i16>,
    next: usize,
    // Nothing more comes from the reader; whether that was its end.
    end: Option<bool>,
    block: Vec<f32>,
    resampled: Vec<f32>,
}

impl Playback {
    /// Opens a file for one who can hear `best` and no more, and reads a little of it: the first frame is there at once.
    pub fn open(
        path: &Path,
        filters: &Filters,
        best: Rate,
    ) -> Result<(Playback, SourceReader), EngineError> {
        Playback::try_open(path, filters, best).map_err(|error| EngineError::AudioFile {
            path: path.into(),
            error,
        })
    }

    fn try_open(
        path: &Path,
        filters: &Filters,
        best: Rate,
    ) -> Result<(Playback, SourceReader), AudioError> {
        // To open a pipe would wait for its other end.
        if !std::fs::metadata(path)?.is_file() {
            return Err(AudioError::Io(io::Error::other("not a regular file")));
        }
        let reader = open_audio(BufReader::new(File::open(path)?))?;
        let rate = fitting(reader.sample_rate_hz(), best);
        let resampler = filters.resampler(reader.sample_rate_hz(), rate)?;
        let (writer, source) = source(rate, (rate.hz() * AHEAD_S) as usize);
        let mut playback = Playback {
            rate,
            reader,
            resampler,
            writer,
            samples: Vec::new(),
            next: 0,
            end: None,
            block: Vec::new(),
            resampled: Vec::new(),
        };
        playback.fill_to((rate.hz() / 1000 * AT_ONCE_MS) as usize);
        Ok((playback, source))
    }

    /// Fills the ring up. False when there is nothing left to do: all of it is in the ring, or nobody hears it.
    pub fn fill(&mut self) -> bool {
        self.fill_to(self.ahead_samples())
    }

    fn ahead_samples(&self) -> usize {
        (self.rate.hz() * AHEAD_S) as usize
    }

    fn fill_to(&mut self, ahead_samples: usize) -> bool {
        while !self.writer.is_abandoned() {
            if self.next == self.samples.len() {
                if let Some(completed) = self.end {
                    self.writer.finish(completed);
                    return false;
                }
                if self.ahead_samples() - self.writer.room() >= ahead_samples {
                    return true;
                }
                self.read_block();
            }
            let waiting = &self.samples[self.next..];
            let fitting = waiting.len().min(self.writer.room());
            self.next += self.writer.write(&waiting[..fitting]);
            if self.next < self.samples.len() {
                return true;
            }
        }
        false
    }

    fn read_block(&mut self) {
        self.block.clear();
        self.resampled.clear();
        let more = self.reader.read(&mut self.block);
        self.resampler.receive(&self.block, &mut self.resampled);
        if !matches!(more, Ok(true)) {
            self.resampler.finish(&mut self.resampled);
            self.end = Some(more.is_ok());
        }
        self.samples.clear();
        self.next = 0;
        to_i16(&self.resampled, &mut self.samples);
    }
}

/// The rate that loses nothing of a file, or as much of it as can be heard.
fn fitting(file_hz: u32, best: Rate) -> Rate {
    let mut enough = Rate::ALL.into_iter().filter(|rate| rate.hz() >= file_hz);
    enough.next().map_or(best, |rate| rate.min(best))
}

/// Resamplers, by the rate of the file and the one that is heard.
#[derive(Debug, Default)]
pub struct Filters {
    known: Mutex<Vec<((u32, Rate), Resampler)>>,
}

impl Filters {
    /// One that has not been used.
    fn resampler(&self, rate_hz: u32, to: Rate) -> Result<Resampler, AudioError> {
        let mut known = self.known.lock().expect("no panic holds this lock");
        if let Some((_, resampler)) = known.iter().find(|(other, _)| *other == (rate_hz, to)) {
            return Ok(resampler.clone());
        }
        let resampler = Resampler::new(rate_hz, to.hz())
            .map_err(|_| AudioError::Unsupported(format!("{rate_hz} Hz")))?;
        if known.len() < FILTERS_MAX {
            known.push(((rate_hz, to), resampler.clone()));
        }
        Ok(resampler)
    }
}

/// The thread that reads files, seen from outside.
#[derive(Debug)]
pub struct FileReader {
    filters: Filters,
    // None once the engine is closed, which ends the thread. It is not waited for: it may hang on a disk.
    inbox: Mutex<Option<Sender<Playback>>>,
}

impl FileReader {
    /// Starts the thread.
    pub fn start() -> io::Result<FileReader> {
        let (inbox, playbacks) = channel();
        std::thread::Builder::new()
            .name("media-play".to_owned())
            .spawn(move || run(&playbacks))?;
        Ok(FileReader {
            filters: Filters::default(),
            inbox: Mutex::new(Some(inbox)),
        })
    }

    /// Opens a file in the calling thread.
    pub fn open(&self, path: &Path, best: Rate) -> Result<(Playback, SourceReader), EngineError> {
        Playback::open(path, &self.filters, best)
    }

    /// Reads on for as long as it plays.
    pub fn add(&self, playback: Playback) {
        if let Some(inbox) = &*self.inbox.lock().expect("no panic holds this lock") {
            // Fails only when the thread is gone: then the sound goes on for a second and starves.
            let _ = inbox.send(playback);
        }
    }

    /// Ends the thread; a second call does nothing.
    pub fn finish(&self) {
        *self.inbox.lock().expect("no panic holds this lock") = None;
    }
}

fn run(playbacks: &Receiver<Playback>) {
    let mut playing: Vec<Playback> = Vec::new();
    loop {
        let next = if playing.is_empty() {
            playbacks.recv().map_err(|_| RecvTimeoutError::Disconnected)
        } else {
            playbacks.recv_timeout(REFILL_EVERY)
        };
        match next {
            Ok(playback) => playing.push(playback),
            Err(RecvTimeoutError::Timeout) => {}
            // The engine is closed, and its legs with it: nobody hears anything.
            Err(RecvTimeoutError::Disconnected) => return,
        }
        playing.retain_mut(Playback::fill);
    }
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
            Playback::open(&path, &Filters::default(), Rate::Khz8).expect("a good file");
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
            Playback::open(&path, &Filters::default(), Rate::Khz8).expect("a good file");
        assert!(playback.fill(), "the ring is full");
        assert_eq!(playback.writer.room(), 0);
        drop(source);
        assert!(!playback.fill());
        std::fs::remove_file(path).expect("it is there");
    }

    #[test]
    fn an_empty_file_ends_at_once() {
        let path = file("empty.wav", &wav_header(44_100, 2, 0));
        let (mut playback, mut source) =
            Playback::open(&path, &Filters::default(), Rate::Khz8).expect("a good file");
        assert_eq!(play(&mut playback, &mut source), (vec![], true));
        std::fs::remove_file(path).expect("it is there");
    }

    #[test]
    fn what_cannot_be_played_says_why() {
        let refusal = |path: &Path| {
            Playback::open(path, &Filters::default(), Rate::Khz8)
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
        assert!(text.ends_with(": neither WAV nor FLAC"), "{text}");
        std::fs::remove_file(path).expect("it is there");
    }
}
