//! An Ogg Opus file that grows by whole pages, each with one call of the system: at whatever moment the process is killed, it
//! plays up to the write before.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use mediacore_audio::CodecError;
use mediacore_audio::container::OpusWriter;

use super::sound_file::create;
use crate::os::fill_random;

/// An open file.
#[derive(Debug)]
pub struct OpusFile {
    file: File,
    writer: OpusWriter,
    octets: u64,
    octets_max: u64,
    // Something found no room: nothing may follow.
    is_full: bool,
    // Of each channel, on pages that are in the file.
    samples: u64,
    pages: Vec<u8>,
}

impl OpusFile {
    /// Replaces whatever the file was by one without samples.
    pub fn create(
        path: &Path,
        sample_rate_hz: u32,
        channels: u8,
        octets_max: u64,
    ) -> io::Result<OpusFile> {
        let mut serial = [0; 4];
        fill_random(&mut serial)?;
        let serial = u32::from_le_bytes(serial);
        let writer = OpusWriter::new(sample_rate_hz, channels, serial).map_err(other)?;
        let mut opus = OpusFile {
            file: create(path)?,
            writer,
            octets: 0,
            octets_max,
            is_full: false,
            samples: 0,
            pages: Vec::new(),
        };
        opus.pages = opus.writer.head();
        opus.write_pages()?;
        Ok(opus)
    }

    /// Samples of each channel that are in the file.
    #[must_use]
    pub fn samples(&self) -> u64 {
        self.samples
    }

    /// Adds interleaved samples, less than 20 ms of which may wait for the next ones; false when there is no room for them.
    pub fn append(&mut self, samples: &[i16]) -> io::Result<bool> {
        let mut pages = std::mem::take(&mut self.pages);
        self.writer.append(samples, &mut pages).map_err(other)?;
        self.pages = pages;
        self.write_pages()
    }

    /// Adds what waits, and the mark of the end.
    pub fn finish(&mut self, samples: u64) -> io::Result<bool> {
        let mut pages = std::mem::take(&mut self.pages);
        self.writer.finish(&mut pages).map_err(other)?;
        self.pages = pages;
        let has_room = self.write_pages()?;
        if has_room {
            // The last packet was filled up with silence, which is not played.
            self.samples = samples;
        }
        Ok(has_room)
    }

    /// All of the pages or nothing: half a page would be the end for some players.
    fn write_pages(&mut self) -> io::Result<bool> {
        let length = self.pages.len() as u64;
        self.is_full |= self.octets + length > self.octets_max;
        if self.is_full {
            self.pages.clear();
            return Ok(false);
        }
        let outcome = self.file.write_all_at(&self.pages, self.octets);
        self.pages.clear();
        if outcome.is_err() {
            // Fails only where the disk is broken, and then nothing helps.
            let _ = self.file.set_len(self.octets);
        }
        outcome?;
        self.octets += length;
        self.samples = self.writer.written_samples();
        Ok(true)
    }
}

fn other(error: CodecError) -> io::Error {
    io::Error::other(error.to_string())
}
