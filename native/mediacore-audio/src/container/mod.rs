//! Audio out of files: WAV, FLAC, Ogg Opus and MP3, told apart by their first octets, mixed down to mono. Opens nothing: it is given
//! octets by whoever may wait for a disk, which a media thread may not.

mod flac;
mod mp3;
mod ogg;
mod opus;
mod opus_head;
mod opus_writer;
mod wav;
mod wav_header;

use std::fmt;
use std::io::{self, Read, Seek, SeekFrom};

use flac::Flac;
use mp3::{Mp3, is_mp3};
use opus::Opus;
pub use opus_writer::OpusWriter;
use wav::Wav;
pub use wav_header::{WAV_DATA_OCTETS_MAX, WAV_HEADER_OCTETS, wav_header};

/// More channels are no recording of anybody's voice.
const CHANNELS_MAX: u32 = 8;

/// Rates that voices are recorded at, and masters of studios.
const RATES_HZ: std::ops::RangeInclusive<u32> = 4_000..=192_000;

/// Audio that is read from its beginning to its end.
pub trait AudioReader: Send {
    /// Samples per second.
    fn sample_rate_hz(&self) -> u32;

    /// Appends the next block of samples to `mono`, full scale being ±1; false when there are no more.
    fn read(&mut self, mono: &mut Vec<f32>) -> Result<bool, AudioError>;

    /// Before the first `read`: leaves out at most so many samples without the work of decoding them, and a bounded number in
    /// one call; says how many these were. Zero: what else is not wanted is to be read and thrown away.
    fn skip(&mut self, _samples: u64) -> Result<u64, AudioError> {
        Ok(0)
    }
}

/// Why there is no audio, or no more of it.
#[derive(Debug)]
pub enum AudioError {
    /// Neither WAV, FLAC, Ogg nor MP3.
    NotAudio,
    /// It begins like audio and goes on otherwise.
    Malformed(&'static str),
    /// Audio of a kind that is not read here.
    Unsupported(String),
    /// It could not be read.
    Io(io::Error),
}

impl fmt::Display for AudioError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AudioError::NotAudio => f.write_str("neither WAV, FLAC, Ogg Opus nor MP3"),
            AudioError::Malformed(what) => f.write_str(what),
            AudioError::Unsupported(what) => write!(f, "{what} is not supported"),
            AudioError::Io(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for AudioError {}

impl From<io::Error> for AudioError {
    fn from(error: io::Error) -> AudioError {
        AudioError::Io(error)
    }
}

/// A reader for what `source` holds.
pub fn open_audio(
    mut source: impl Read + Seek + Send + Sync + 'static,
) -> Result<Box<dyn AudioReader>, AudioError> {
    let mut magic = [0; 4];
    fill(&mut source, &mut magic)?;
    source.seek(SeekFrom::Start(0))?;
    match &magic {
        // RF64 (EBU Tech 3306) is RIFF whose sizes may be wider than 32 bits; its audio ends with the file.
        b"RIFF" | b"RF64" => Ok(Box::new(Wav::open(source)?)),
        b"fLaC" => Ok(Box::new(Flac::open(source)?)),
        ogg::CAPTURE => Ok(Box::new(Opus::open(source)?)),
        _ if is_mp3(magic) => Ok(Box::new(Mp3::open(source)?)),
        _ => Err(AudioError::NotAudio),
    }
}

fn check_shape(rate_hz: u32, channels: u32) -> Result<(), AudioError> {
    if !RATES_HZ.contains(&rate_hz) {
        return Err(AudioError::Unsupported(format!("{rate_hz} Hz")));
    }
    if !(1..=CHANNELS_MAX).contains(&channels) {
        return Err(AudioError::Unsupported(format!("{channels} channels")));
    }
    Ok(())
}

/// Reads until `octets` are full or the source ends, and says how many they are.
fn fill(source: &mut impl Read, octets: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < octets.len() {
        match source.read(&mut octets[filled..]) {
            Ok(0) => break,
            Ok(more) => filled += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}
