//! WAV files: linear PCM of 8 to 32 bits, floats, A-law and µ-law (RIFF, Multimedia Programming Interface 1.0;
//! WAVE_FORMAT_EXTENSIBLE). A file that was cut off, or whose writer never came back to fill in its sizes, is read as
//! far as it goes.

use std::io::{self, Read, Seek, SeekFrom};

use super::{AudioError, AudioReader, check_shape, fill};
use crate::codec::g711::{decode_alaw, decode_ulaw};

/// Frames read at a time.
const BLOCK_FRAMES: usize = 4096;

/// The longest "fmt " chunk that means anything is 40 octets.
const FORMAT_OCTETS_MAX: u32 = 256;

/// A size that says "I do not know": what streams into pipes have.
const UNKNOWN: u32 = u32::MAX;

const EXTENSIBLE: u16 = 0xfffe;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encoding {
    U8,
    S16,
    S24,
    S32,
    F32,
    F64,
    Alaw,
    Ulaw,
}

#[derive(Debug, Clone, Copy)]
struct Format {
    encoding: Encoding,
    channels: usize,
    sample_rate_hz: u32,
}

/// A WAV file from its first sample on.
pub struct Wav<R> {
    data: io::Take<R>,
    format: Format,
    block: Box<[u8]>,
}

impl<R: Read> Wav<R> {
    /// Reads up to the samples.
    pub fn open(mut source: R) -> Result<Wav<R>, AudioError> {
        let mut header = [0; 12];
        if fill(&mut source, &mut header)? < header.len() || &header[8..] != b"WAVE" {
            return Err(AudioError::NotAudio);
        }
        let mut format = None;
        loop {
            let mut chunk = [0; 8];
            if fill(&mut source, &mut chunk)? < chunk.len() {
                return Err(AudioError::Malformed("a WAV file without a data chunk"));
            }
            let octets = u32_at(&chunk, 4);
            match &chunk[..4] {
                b"fmt " => format = Some(read_format(&mut source, octets)?),
                b"data" => return Wav::new(source, format, octets),
                _ => skip(&mut source, octets)?,
            }
        }
    }

    fn new(source: R, format: Option<Format>, octets: u32) -> Result<Wav<R>, AudioError> {
        let format = format.ok_or(AudioError::Malformed(
            "a WAV file without a fmt chunk before its data",
        ))?;
        let limit = if octets == UNKNOWN {
            u64::MAX
        } else {
            octets.into()
        };
        Ok(Wav {
            data: source.take(limit),
            format,
            block: vec![0; BLOCK_FRAMES * format.frame_octets()].into(),
        })
    }
}

impl<R: Read + Seek + Send> AudioReader for Wav<R> {
    fn sample_rate_hz(&self) -> u32 {
        self.format.sample_rate_hz
    }

    fn read(&mut self, mono: &mut Vec<f32>) -> Result<bool, AudioError> {
        let octets = fill(&mut self.data, &mut self.block)?;
        let share = 1.0 / self.format.channels as f32;
        // A frame that was cut off is left out.
        for frame in self.block[..octets].chunks_exact(self.format.frame_octets()) {
            let samples = frame.chunks_exact(self.format.encoding.octets());
            let sum: f32 = samples
                .map(|sample| self.format.encoding.decode(sample))
                .sum();
            mono.push(sum * share);
        }
        Ok(octets == self.block.len())
    }

    fn skip(&mut self, samples: u64) -> Result<u64, AudioError> {
        let frame_octets = self.format.frame_octets() as u64;
        let skipped = samples.min(self.data.limit() / frame_octets);
        // A file is shorter than 2^63 octets, and a place behind its end only reads as its end.
        let octets = i64::try_from(skipped * frame_octets).unwrap_or(i64::MAX);
        self.data.get_mut().seek(SeekFrom::Current(octets))?;
        self.data.set_limit(self.data.limit() - octets as u64);
        Ok(skipped)
    }
}

impl Format {
    fn frame_octets(self) -> usize {
        self.encoding.octets() * self.channels
    }
}

impl Encoding {
    fn octets(self) -> usize {
        match self {
            Encoding::U8 | Encoding::Alaw | Encoding::Ulaw => 1,
            Encoding::S16 => 2,
            Encoding::S24 => 3,
            Encoding::S32 | Encoding::F32 => 4,
            Encoding::F64 => 8,
        }
    }

    /// One sample of `octets()` octets.
    fn decode(self, sample: &[u8]) -> f32 {
        const FULL_16: f32 = 32_768.0;
        const FULL_32: f32 = 2_147_483_648.0;
        match (self, sample) {
            (Encoding::U8, &[a]) => (f32::from(a) - 128.0) / 128.0,
            (Encoding::Alaw, &[a]) => f32::from(decode_alaw(a)) / FULL_16,
            (Encoding::Ulaw, &[a]) => f32::from(decode_ulaw(a)) / FULL_16,
            (Encoding::S16, &[a, b]) => f32::from(i16::from_le_bytes([a, b])) / FULL_16,
            (Encoding::S24, &[a, b, c]) => i32::from_le_bytes([0, a, b, c]) as f32 / FULL_32,
            (Encoding::S32, &[a, b, c, d]) => i32::from_le_bytes([a, b, c, d]) as f32 / FULL_32,
            (Encoding::F32, &[a, b, c, d]) => finite(f32::from_le_bytes([a, b, c, d])),
            (Encoding::F64, &[a, b, c, d, e, f, g, h]) => {
                finite(f64::from_le_bytes([a, b, c, d, e, f, g, h]) as f32)
            }
            _ => unreachable!("cut into pieces of {} octets", self.octets()),
        }
    }
}

/// A float may be anything, and one that is no number would silence a filter for good.
fn finite(sample: f32) -> f32 {
    if sample.is_finite() {
        sample.clamp(-4.0, 4.0)
    } else {
        0.0
    }
}

fn read_format(source: &mut impl Read, octets: u32) -> Result<Format, AudioError> {
    const MALFORMED: AudioError = AudioError::Malformed("a WAV file with a broken fmt chunk");
    if !(16..=FORMAT_OCTETS_MAX).contains(&octets) {
        return Err(MALFORMED);
    }
    let mut chunk = vec![0; padded(octets) as usize];
    if fill(source, &mut chunk)? < chunk.len() {
        return Err(MALFORMED);
    }
    let tag = match u16_at(&chunk, 0) {
        // The first two octets of the subformat's GUID are the tag that it would have had.
        EXTENSIBLE if chunk.len() >= 26 => u16_at(&chunk, 24),
        tag => tag,
    };
    let (channels, sample_rate_hz, bits) =
        (u16_at(&chunk, 2), u32_at(&chunk, 4), u16_at(&chunk, 14));
    check_shape(sample_rate_hz, channels.into())?;
    let encoding = match (tag, bits) {
        (1, 8) => Encoding::U8,
        (1, 16) => Encoding::S16,
        (1, 24) => Encoding::S24,
        (1, 32) => Encoding::S32,
        (3, 32) => Encoding::F32,
        (3, 64) => Encoding::F64,
        (6, 8) => Encoding::Alaw,
        (7, 8) => Encoding::Ulaw,
        _ => {
            return Err(AudioError::Unsupported(format!(
                "WAV format {tag} with {bits} bits"
            )));
        }
    };
    Ok(Format {
        encoding,
        channels: channels.into(),
        sample_rate_hz,
    })
}

fn skip(source: &mut impl Read, octets: u32) -> io::Result<()> {
    io::copy(&mut source.take(padded(octets)), &mut io::sink()).map(drop)
}

/// A chunk of odd length is followed by one octet more, which its size does not tell of.
fn padded(octets: u32) -> u64 {
    u64::from(octets) + u64::from(octets % 2)
}

fn u16_at(octets: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([octets[at], octets[at + 1]])
}

fn u32_at(octets: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([octets[at], octets[at + 1], octets[at + 2], octets[at + 3]])
}
