//! A WAV file that grows. First the samples are written and then the header that tells of them, each with one call of the
//! system: at whatever moment the process is killed, the file is whole up to the write before.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use mediacore_audio::container::{WAV_DATA_OCTETS_MAX, WAV_HEADER_OCTETS, wav_header};

use super::sound_file::create;

/// An open file of 16-bit samples.
#[derive(Debug)]
pub struct WavFile {
    file: File,
    sample_rate_hz: u32,
    channels: u16,
    data_octets: u32,
    data_octets_max: u32,
    octets: Vec<u8>,
}

impl WavFile {
    /// Replaces whatever the file was by one without samples.
    pub fn create(
        path: &Path,
        sample_rate_hz: u32,
        channels: u16,
        octets_max: u64,
    ) -> io::Result<WavFile> {
        let data_octets_max = octets_max.saturating_sub(WAV_HEADER_OCTETS as u64);
        let mut wav = WavFile {
            file: create(path)?,
            sample_rate_hz,
            channels,
            data_octets: 0,
            data_octets_max: data_octets_max.min(WAV_DATA_OCTETS_MAX.into()) as u32,
            octets: Vec::new(),
        };
        wav.write_header()?;
        Ok(wav)
    }

    /// Samples of each channel.
    #[must_use]
    pub fn samples(&self) -> u64 {
        u64::from(self.data_octets / self.frame_octets())
    }

    /// Adds as many interleaved samples as the file may hold; false when these were not all. When the disk is full it holds as
    /// many as found room, and is whole.
    pub fn append(&mut self, samples: &[i16]) -> io::Result<bool> {
        let left = self.data_octets_max - self.data_octets;
        let whole = (left - left % self.frame_octets()) as usize / 2;
        let fitting = samples.len().min(whole);
        let mut octets = std::mem::take(&mut self.octets);
        octets.clear();
        octets.extend(samples[..fitting].iter().flat_map(|it| it.to_le_bytes()));
        let (written, outcome) = self.write_data(&octets);
        self.octets = octets;
        self.data_octets += written - written % self.frame_octets();
        // What is overwritten has its place on the disk already.
        self.write_header().and(outcome)?;
        Ok(fitting == samples.len())
    }

    /// How many octets were written, and whether these were all.
    fn write_data(&self, octets: &[u8]) -> (u32, io::Result<()>) {
        let begin = u64::from(self.data_octets) + WAV_HEADER_OCTETS as u64;
        let mut written = 0;
        while written < octets.len() {
            match self
                .file
                .write_at(&octets[written..], begin + written as u64)
            {
                Ok(0) => return (written as u32, Err(io::ErrorKind::WriteZero.into())),
                Ok(more) => written += more,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return (written as u32, Err(error)),
            }
        }
        (written as u32, Ok(()))
    }

    /// Octets of one sample of every channel.
    fn frame_octets(&self) -> u32 {
        u32::from(self.channels) * 2
    }

    fn write_header(&mut self) -> io::Result<()> {
        let header = wav_header(self.sample_rate_hz, self.channels, self.data_octets);
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
        let mut wav = WavFile::create(&path, 8000, 2, u64::MAX).expect("a temporary file");
        for count in 0..5_u32 {
            let file = std::fs::read(&path).expect("it is there");
            assert_eq!(file.len() as u32, 44 + count * 8);
            assert_eq!(file[40..44], (count * 8).to_le_bytes());
            assert_eq!(file[4..8], (count * 8 + 36).to_le_bytes());
            assert!(wav.append(&[7; 4]).expect("there is room"));
        }
        WavFile::create(&path, 8000, 1, u64::MAX).expect("the old one makes way");
        assert_eq!(std::fs::read(&path).expect("it is there").len(), 44);
        std::fs::remove_file(path).expect("it is there");
    }

    #[test]
    fn a_device_is_no_place_for_a_recording() {
        assert!(WavFile::create(Path::new("/dev/full"), 8000, 1, u64::MAX).is_err());
    }
}
