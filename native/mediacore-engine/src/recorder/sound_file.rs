//! The file of a recording: WAV or Ogg Opus. Either is whole after every write, and keeps to its largest size.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

use super::opus_file::OpusFile;
use super::wav_file::WavFile;

/// What a recording is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RecordFormat {
    /// Samples of 16 bits.
    #[default]
    Wav,
    /// Opus in Ogg (RFC 7845), 24 kbit/s for each channel: a fifth of the octets at 8 kHz.
    OggOpus,
}

/// An open file.
#[derive(Debug)]
pub enum SoundFile {
    /// Samples as they are.
    Wav(WavFile),
    /// Packets.
    Opus(Box<OpusFile>),
}

impl SoundFile {
    /// Replaces whatever the file was by one without samples.
    pub fn create(
        path: &Path,
        format: RecordFormat,
        sample_rate_hz: u32,
        channels: u8,
        octets_max: u64,
    ) -> io::Result<SoundFile> {
        Ok(match format {
            RecordFormat::Wav => SoundFile::Wav(WavFile::create(
                path,
                sample_rate_hz,
                channels.into(),
                octets_max,
            )?),
            RecordFormat::OggOpus => {
                let file = OpusFile::create(path, sample_rate_hz, channels, octets_max)?;
                SoundFile::Opus(Box::new(file))
            }
        })
    }

    /// Samples of each channel that are in the file.
    #[must_use]
    pub fn samples(&self) -> u64 {
        match self {
            SoundFile::Wav(file) => file.samples(),
            SoundFile::Opus(file) => file.samples(),
        }
    }

    /// Adds interleaved samples; false when the file is as large as it may be. When the disk is full it holds what found room.
    pub fn append(&mut self, samples: &[i16]) -> io::Result<bool> {
        match self {
            SoundFile::Wav(file) => file.append(samples),
            SoundFile::Opus(file) => file.append(samples),
        }
    }

    /// Nothing more comes: of each channel there were so many samples. False when the file is as large as it may be.
    pub fn finish(&mut self, samples: u64) -> io::Result<bool> {
        match self {
            SoundFile::Wav(_) => Ok(true),
            SoundFile::Opus(file) => file.finish(samples),
        }
    }
}

/// An empty regular file, whatever was there before.
pub fn create(path: &Path) -> io::Result<File> {
    // To open a pipe would wait for its other end.
    if std::fs::metadata(path).is_ok_and(|existing| !existing.is_file()) {
        return Err(io::Error::other("not a regular file"));
    }
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .open(path)
}
