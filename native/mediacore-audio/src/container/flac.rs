//! FLAC files (RFC 9639), decoded by claxon. A file that was cut off is read as far as it goes.

use std::io::Read;

use claxon::{Block, Error, FlacReader, FlacReaderOptions};

use super::{AudioError, AudioReader, check_shape};

/// A FLAC file from its first sample on.
pub struct Flac<R: Read> {
    reader: FlacReader<R>,
    // Lent to the decoder for each block, so that it is not allocated anew.
    buffer: Vec<i32>,
}

impl<R: Read> Flac<R> {
    /// Reads up to the samples.
    pub fn open(source: R) -> Result<Flac<R>, AudioError> {
        let options = FlacReaderOptions {
            metadata_only: false,
            read_vorbis_comment: false,
        };
        let reader = FlacReader::new_ext(source, options).map_err(fault)?;
        let info = reader.streaminfo();
        check_shape(info.sample_rate, info.channels)?;
        Ok(Flac {
            reader,
            buffer: Vec::new(),
        })
    }
}

impl<R: Read + Send> AudioReader for Flac<R> {
    fn sample_rate_hz(&self) -> u32 {
        self.reader.streaminfo().sample_rate
    }

    fn read(&mut self, mono: &mut Vec<f32>) -> Result<bool, AudioError> {
        let full_scale = (1_u64 << (self.reader.streaminfo().bits_per_sample - 1)) as f32;
        let buffer = std::mem::take(&mut self.buffer);
        match self.reader.blocks().read_next_or_eof(buffer) {
            Ok(Some(block)) => {
                mix_down(&block, full_scale, mono);
                self.buffer = block.into_buffer();
                Ok(true)
            }
            Ok(None) => Ok(false),
            // Cut off in the middle of a block.
            Err(Error::IoError(error)) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
                Ok(false)
            }
            Err(error) => Err(fault(error)),
        }
    }
}

fn mix_down(block: &Block, full_scale: f32, mono: &mut Vec<f32>) {
    let scale = 1.0 / (full_scale * block.channels() as f32);
    for index in 0..block.duration() {
        let sum: i64 = (0..block.channels())
            .map(|channel| i64::from(block.sample(channel, index)))
            .sum();
        mono.push(sum as f32 * scale);
    }
}

fn fault(error: Error) -> AudioError {
    match error {
        Error::IoError(error) => AudioError::Io(error),
        Error::FormatError(what) => AudioError::Malformed(what),
        Error::Unsupported(what) => AudioError::Unsupported(what.to_owned()),
    }
}
