//! A WAV file that grows. First the samples are written and then the header that tells of them, each with one call of the
//! system: at whatever moment the process is killed, the file is whole up to the write before.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use mediacore_audio::container::{WAV_DATA_OCTETS_MAX, WAV_HEADER_OCTETS, wav_header};

use mediacore_audio::SAMPLE_RATE_HZ;

/// An open file of 16-bit samples at the engine's rate.
#[derive(Debug)]
pub struct WavFile {
    file: File,
    channels: u16,
    data_octets: u32,
}

impl WavFile {
    /// Replaces whatever the file was by one without samples.
    pub fn create(path: &Path, channels: u16) -> io::Result<WavFile> {
        // To open a pipe would wait for its other end.
        if std::fs::metadata(path).is_ok_and(|existing| !existing.is_file()) {
            return Err(io::Error::other("not a regular file"));
        }
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .open(path)?;
        let mut wav = WavFile {
            file,
            channels,
            data_octets: 0,
        };
        wav.write_header()?;
        Ok(wav)
    }

    /// Octets of the file, its header among them.
    #[must_use]
    pub fn octets(&self) -> u64 {
        u64::from(self.data_octets) + WAV_HEADER_OCTETS as u64
    }

    /// Samples of each channel.
    #[must_use]
    pub fn samples(&self) -> u64 {
        u64::from(self.data_octets / self.frame_octets())
    }

    /// Octets of one sample of every channel.
    #[must_use]
    pub fn frame_octets(&self) -> u32 {
        u32::from(self.channels) * 2
    }

    /// Octets that a file of this kind can have.
    #[must_use]
    pub fn octets_max() -> u64 {
        u64::from(WAV_DATA_OCTETS_MAX) + WAV_HEADER_OCTETS as u64
    }

    /// Adds whole frames. When the disk is full the file holds as many as found room, and is whole.
    ///
    /// # Panics
    /// If it would grow beyond `octets_max()`.
    pub fn append(&mut self, octets: &[u8]) -> io::Result<()> {
        let (written, outcome) = self.write_data(octets);
        let whole = written - written % self.frame_octets();
        self.data_octets += whole;
        // What is overwritten has its place on the disk already.
        self.write_header().and(outcome)
    }

    /// How many octets were written, and whether these were all.
    fn write_data(&self, octets: &[u8]) -> (u32, io::Result<()>) {
        let mut written = 0;
        while written < octets.len() {
            match self
                .file
                .write_at(&octets[written..], self.octets() + written as u64)
            {
                Ok(0) => return (written as u32, Err(io::ErrorKind::WriteZero.into())),
                Ok(more) => written += more,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return (written as u32, Err(error)),
            }
        }
        (written as u32, Ok(()))
    }

    fn write_header(&mut self) -> io::Result<()> {
        let header = wav_header(SAMPLE_RATE_HZ, self.channels, self.data_octets);
        self.file.write_all_at(&header, 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_whole_after_every_write() {
        let name = format!("mediacore-wav-{}.wav", std::process::id());
        let path = std::env::temp_dir().join(name);
        let mut wav = WavFile::create(&path, 2).expect("a temporary file");
        for count in 0..5_u32 {
            let file = std::fs::read(&path).expect("it is there");
            assert_eq!(file.len() as u64, wav.octets());
            assert_eq!(file[40..44], (count * 8).to_le_bytes());
            assert_eq!(file[4..8], (count * 8 + 36).to_le_bytes());
            wav.append(&[7; 8]).expect("there is room");
        }
        WavFile::create(&path, 1).expect("the old one makes way");
        assert_eq!(std::fs::read(&path).expect("it is there").len(), 44);
        std::fs::remove_file(path).expect("it is there");
    }

    #[test]
    fn a_device_is_no_place_for_a_recording() {
        assert!(WavFile::create(Path::new("/dev/full"), 1).is_err());
    }
}
