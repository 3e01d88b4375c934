//! Opus in Ogg (RFC 7845), one channel or two. A file that was cut off, as a killed recorder leaves it, is read as far as it goes.

use std::io::Read;

use super::ogg::{PacketReader, Place};
use super::opus_head::{OpusHead, TICKS_PER_S};
use super::{AudioError, AudioReader};
use crate::codec::opus::{PacketInfo, RATES_HZ};
use crate::codec::{CodecKind, Decoder, DecoderParams};

/// A decoder that begins in the middle is true after 80 ms (RFC 7845 4.6); and a packet, 120 ms.
const PRE_ROLL_MS: u64 = 200;

/// What is left out in one call: the caller has others to look after.
const SKIP_AT_ONCE_S: u64 = 600;

/// The longest packet, 120 ms.
const PACKET_S_DIVISOR: usize = 8;

/// An Opus file from its first sample on.
pub struct Opus<R> {
    packets: PacketReader<R>,
    decoder: Decoder,
    sample_rate_hz: u32,
    // Samples that are decoded and not given out.
    unwanted: u64,
    gain: f32,
    page: u64,
    // Ticks of the packets of this page that were given out, which only the last page limits.
    page_ticks: u64,
    samples: Vec<i16>,
}

impl<R: Read> Opus<R> {
    /// Reads up to the samples.
    pub fn open(source: R) -> Result<Opus<R>, AudioError> {
        let mut packets = PacketReader::new(source);
        const EMPTY: AudioError = AudioError::Malformed("an Ogg file without a stream");
        let head = OpusHead::parse(packets.next()?.ok_or(EMPTY)?)?;
        // The comments, of which nothing is wanted; a file that ends here has no sound.
        packets.next()?;
        let sample_rate_hz = decoded_at(head.sample_rate_hz);
        // The decoder mixes two channels down by itself.
        let params = DecoderParams {
            sample_rate_hz,
            channels: 1,
        };
        let decoder = CodecKind::Opus
            .decoder(&params)
            .map_err(|error| AudioError::Unsupported(error.to_string()))?;
        Ok(Opus {
            page: packets.place().page,
            packets,
            decoder,
            sample_rate_hz,
            unwanted: u64::from(head.pre_skip) * u64::from(sample_rate_hz) / u64::from(TICKS_PER_S),
            gain: 10_f32.powf(f32::from(head.gain_q8_db) / 256.0 / 20.0) / 32_768.0,
            page_ticks: 0,
            samples: vec![0; sample_rate_hz as usize / PACKET_S_DIVISOR],
        })
    }

    /// Ticks of a packet that are to be heard: of the last page its end may be padding.
    fn wanted_ticks(&mut self, packet_ticks: u64, place: Place) -> u64 {
        if place.page != self.page {
            (self.page, self.page_ticks) = (place.page, 0);
        }
        let left = place
            .ticks_max
            .map_or(u64::MAX, |max| max.saturating_sub(self.page_ticks));
        self.page_ticks += packet_ticks;
        packet_ticks.min(left)
    }
}

/// The decoder's rate that holds all that was encoded, if the file says what that was.
fn decoded_at(encoded_hz: u32) -> u32 {
    let holds = |rate: &&u32| encoded_hz > 0 && **rate >= encoded_hz;
    *RATES_HZ.iter().find(holds).unwrap_or(&TICKS_PER_S)
}

impl<R: Read + Send + Sync> AudioReader for Opus<R> {
    fn sample_rate_hz(&self) -> u32 {
        self.sample_rate_hz
    }

    fn read(&mut self, mono: &mut Vec<f32>) -> Result<bool, AudioError> {
        const MALFORMED: AudioError = AudioError::Malformed("an Opus file with a broken packet");
        let Some(packet) = self.packets.next()? else {
            return Ok(false);
        };
        let ticks = PacketInfo::parse(packet).ok_or(MALFORMED)?.duration_ticks();
        let decoded = self.decoder.decode(packet, &mut self.samples);
        let decoded = decoded.map_err(|_| MALFORMED)?;
        let wanted = self.wanted_ticks(ticks.into(), self.packets.place());
        let end = (wanted * u64::from(self.sample_rate_hz) / u64::from(TICKS_PER_S)) as usize;
        let begin = self.unwanted.min(decoded as u64) as usize;
        self.unwanted -= begin as u64;
        let heard = self.samples[..end.min(decoded)].iter().skip(begin);
        mono.extend(heard.map(|sample| f32::from(*sample) * self.gain));
        Ok(true)
    }

    fn skip(&mut self, samples: u64) -> Result<u64, AudioError> {
        let rate = u64::from(self.sample_rate_hz);
        let whole = samples.min(rate * SKIP_AT_ONCE_S);
        let pre_roll = rate * PRE_ROLL_MS / 1000;
        let mut skipped = 0;
        while skipped + pre_roll < whole {
            let Some(packet) = self.packets.next()? else {
                break;
            };
            let ticks = PacketInfo::parse(packet).map_or(0, |info| info.duration_ticks());
            self.wanted_ticks(ticks.into(), self.packets.place());
            skipped += u64::from(ticks) * rate / u64::from(TICKS_PER_S);
        }
        if skipped == 0 {
            return Ok(0);
        }
        // What is left is decoded and thrown away, after what was thrown away already.
        self.decoder.reset();
        self.unwanted += whole.saturating_sub(skipped);
        Ok(whole)
    }
}
