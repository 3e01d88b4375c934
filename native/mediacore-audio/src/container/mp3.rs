//! MP3 files (MPEG-1 and 2 Audio, Layer III), decoded by symphonia. Padding of the encoder is left out where the file tells of it.

use std::io::{self, Read, Seek, SeekFrom};

use symphonia_bundle_mp3::{MpaDecoder, MpaReader};
use symphonia_core::audio::Audio;
use symphonia_core::audio::GenericAudioBufferRef::F32;
use symphonia_core::codecs::audio::{AudioDecoder, AudioDecoderOptions};
use symphonia_core::errors::Error;
use symphonia_core::formats::{FormatOptions, FormatReader};
use symphonia_core::io::{MediaSource, MediaSourceStream};
use symphonia_core::packet::Packet;

use super::{AudioError, AudioReader, check_shape};

/// Frames that a decoder needs before the first true one: a frame borrows bits from those before it.
const PRE_ROLL_FRAMES: u64 = 10;

/// Samples of the longest frame.
const FRAME_SAMPLES_MAX: u64 = 1152;

/// What is left out in one call: the caller has others to look after.
const SKIP_AT_ONCE_S: u64 = 60;

/// Broken frames in a row that are passed over: one may be torn, a file of them is none.
const BROKEN_MAX: u32 = 20;

/// Whether a file that begins so may be an MP3.
pub fn is_mp3(magic: [u8; 4]) -> bool {
    let is_frame = magic[0] == 0xff && magic[1] & 0xe6 == 0xe2;
    is_frame || magic.starts_with(b"ID3")
}

/// An MP3 file from its first sample on.
pub struct Mp3 {
    reader: MpaReader<'static>,
    decoder: MpaDecoder,
    sample_rate_hz: u32,
    broken: u32,
    // Read and not decoded yet.
    held: Option<Packet>,
    // Where the packet begins that was read last.
    next: u64,
    // Samples that are decoded and not given out.
    unwanted: u64,
    interleaved: Vec<f32>,
}

impl Mp3 {
    /// Reads up to the samples.
    pub fn open(mut source: impl Read + Seek + Send + Sync + 'static) -> Result<Mp3, AudioError> {
        skip_tags(&mut source)?;
        let stream = MediaSourceStream::new(Box::new(Forward(source)), Default::default());
        let reader = MpaReader::try_new(stream, FormatOptions::default()).map_err(fault)?;
        let track = reader.tracks().first();
        let params = track.and_then(|track| track.codec_params.as_ref()?.audio());
        let params = params.ok_or(AudioError::Malformed("an MP3 file without a frame"))?;
        let sample_rate_hz = params.sample_rate.unwrap_or(0);
        let channels = params
            .channels
            .as_ref()
            .map_or(0, |channels| channels.count());
        check_shape(sample_rate_hz, channels as u32)?;
        let decoder =
            MpaDecoder::try_new(params, &AudioDecoderOptions::default()).map_err(fault)?;
        Ok(Mp3 {
            reader,
            decoder,
            sample_rate_hz,
            broken: 0,
            held: None,
            next: 0,
            unwanted: 0,
            interleaved: Vec::new(),
        })
    }

    fn next_packet(&mut self) -> Result<Option<Packet>, AudioError> {
        if let Some(packet) = self.held.take() {
            return Ok(Some(packet));
        }
        let packet = self.reader.next_packet().map_err(fault)?;
        // Negative within the encoder's padding. Its `dur` is of no use: 0.6.1 does not take the padding off.
        let begin = packet.as_ref().map(|packet| packet.pts.get().max(0));
        self.next = begin.map_or(self.next, i64::unsigned_abs);
        Ok(packet)
    }
}

impl AudioReader for Mp3 {
    fn sample_rate_hz(&self) -> u32 {
        self.sample_rate_hz
    }

    fn read(&mut self, mono: &mut Vec<f32>) -> Result<bool, AudioError> {
        let Some(packet) = self.next_packet()? else {
            return Ok(false);
        };
        let (audio, channels) = match self.decoder.decode(&packet) {
            Ok(F32(buffer)) => {
                let channels = buffer.spec().channels().count().max(1);
                buffer.copy_to_vec_interleaved(&mut self.interleaved);
                (&self.interleaved[..], channels)
            }
            Ok(_) => (&[][..], 1),
            Err(Error::DecodeError(what)) if self.broken >= BROKEN_MAX => {
                return Err(AudioError::Malformed(what));
            }
            // Its moment passes in silence.
            Err(Error::DecodeError(_)) => {
                self.broken += 1;
                self.interleaved.clear();
                self.interleaved
                    .resize(packet.dur.get().min(FRAME_SAMPLES_MAX) as usize, 0.0);
                mono.extend_from_slice(&self.interleaved);
                return Ok(true);
            }
            Err(error) => return Err(fault(error)),
        };
        self.broken = 0;
        let samples = (audio.len() / channels) as u64;
        let begin = self.unwanted.min(samples) as usize;
        self.unwanted -= begin as u64;
        let share = 1.0 / channels as f32;
        let heard = audio.chunks_exact(channels).skip(begin);
        mono.extend(heard.map(|frame| frame.iter().sum::<f32>() * share));
        Ok(true)
    }

    fn skip(&mut self, samples: u64) -> Result<u64, AudioError> {
        let whole = samples.min(u64::from(self.sample_rate_hz) * SKIP_AT_ONCE_S);
        let target = self.next + self.unwanted + whole;
        let mut is_moved = false;
        while let Some(packet) = self.next_packet()? {
            if self.next + PRE_ROLL_FRAMES * FRAME_SAMPLES_MAX >= target {
                self.held = Some(packet);
                break;
            }
            is_moved = true;
        }
        if !is_moved {
            return Ok(0);
        }
        self.decoder.reset();
        self.unwanted = target.saturating_sub(self.next);
        Ok(whole)
    }
}

/// Leaves out ID3v2 tags (id3.org, 3.1: the size in 7 bits of each octet), however many there are.
fn skip_tags(source: &mut (impl Read + Seek)) -> io::Result<()> {
    loop {
        let mut header = [0; 10];
        let begin = source.stream_position()?;
        let length = super::fill(source, &mut header)?;
        if length < header.len() || !header.starts_with(b"ID3") {
            source.seek(SeekFrom::Start(begin))?;
            return Ok(());
        }
        let size = header[6..]
            .iter()
            .fold(0, |size, octet| size << 7 | i64::from(octet & 0x7f));
        let footer = if header[5] & 0x10 == 0 { 0 } else { 10 };
        source.seek(SeekFrom::Current(size + footer))?;
    }
}

/// Read from its beginning to its end: else the length would be guessed from the first frames, and the end cut off by the guess.
struct Forward<R>(R);

impl<R: Read> Read for Forward<R> {
    fn read(&mut self, octets: &mut [u8]) -> io::Result<usize> {
        self.0.read(octets)
    }
}

impl<R: Seek> Seek for Forward<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.0.seek(to)
    }
}

impl<R: Read + Seek + Send + Sync> MediaSource for Forward<R> {
    fn is_seekable(&self) -> bool {
        false
    }

    fn byte_len(&self) -> Option<u64> {
        None
    }
}

fn fault(error: Error) -> AudioError {
    match error {
        Error::IoError(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            AudioError::Malformed("an MP3 file without a frame")
        }
        Error::IoError(error) => AudioError::Io(error),
        Error::DecodeError(what) | Error::LimitError(what) => AudioError::Malformed(what),
        Error::Unsupported(what) => AudioError::Unsupported(what.to_owned()),
        _ => AudioError::Malformed("a broken MP3 file"),
    }
}
