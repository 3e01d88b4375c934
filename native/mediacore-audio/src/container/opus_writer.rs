//! Opus in Ogg (RFC 7845), written: samples in, whole pages out. Whatever of the pages reaches the disk is a file that plays.

use super::ogg::PageWriter;
use super::opus_head::{OpusHead, TICKS_PER_S, opus_tags};
use crate::codec::CodecError;
use crate::codec::opus::{Application, Bandwidth, OpusEncoder, OpusParams, PACKET_OCTETS_MAX};

/// A packet's length.
const PACKETS_PER_S: u32 = 50;

/// Of each channel: good speech at any of the rates. Two channels are two parties, who hardly help each other.
const BITRATE_BPS: u32 = 24_000;

/// Work of the encoder: nobody waits for the writer, and it may have a hundred recordings.
const COMPLEXITY: u8 = 3;

/// Packets on one page: at the longest they need 6 segments each, and a page has 255.
const PACKETS_ON_PAGE: usize = 40;

/// Encodes and packs one recording.
#[derive(Debug)]
pub struct OpusWriter {
    encoder: OpusEncoder,
    pages: PageWriter,
    channels: u8,
    sample_rate_hz: u32,
    pre_skip: u64,
    // Interleaved, less than a packet.
    pending: Vec<i16>,
    // Samples of each channel that are in packets, those of the last one's padding among them.
    encoded: u64,
}

impl OpusWriter {
    /// For interleaved samples of one of Opus's rates, one channel or two. `serial` tells the stream from others in a file.
    pub fn new(sample_rate_hz: u32, channels: u8, serial: u32) -> Result<OpusWriter, CodecError> {
        let params = OpusParams {
            // Two parties: the speech coder would let one be heard on the other's side, 20 dB down; the other one does not.
            application: match channels {
                1 => Application::Voip,
                _ => Application::Audio,
            },
            bitrate_bps: BITRATE_BPS * u32::from(channels),
            complexity: COMPLEXITY,
            max_bandwidth: Bandwidth::of_rate(sample_rate_hz),
            fec: false,
            ..OpusParams::default()
        };
        let mut encoder = OpusEncoder::new(sample_rate_hz, channels, &params)?;
        let lookahead = encoder.lookahead_samples() as u64;
        Ok(OpusWriter {
            pre_skip: lookahead * u64::from(TICKS_PER_S / sample_rate_hz),
            encoder,
            pages: PageWriter::new(serial),
            channels,
            sample_rate_hz,
            pending: Vec::new(),
            encoded: 0,
        })
    }

    /// The file's beginning, to be written once and first.
    pub fn head(&mut self) -> Vec<u8> {
        let head = OpusHead {
            channels: self.channels,
            pre_skip: self.pre_skip as u16,
            sample_rate_hz: self.sample_rate_hz,
            gain_q8_db: 0,
        };
        let mut octets = Vec::new();
        self.pages
            .write(&[&head.to_octets()], 0, false, &mut octets);
        self.pages.write(&[&opus_tags()], 0, false, &mut octets);
        octets
    }

    /// Takes interleaved samples; adds to `out` the pages of as many as fill packets.
    pub fn append(&mut self, samples: &[i16], out: &mut Vec<u8>) -> Result<(), CodecError> {
        self.pending.extend_from_slice(samples);
        let whole = self.pending.len() / self.packet_samples();
        self.write_packets(whole, None, out)
    }

    /// Adds the rest to `out`, and the mark of the end; nothing may follow.
    pub fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), CodecError> {
        let each = (self.pending.len() / usize::from(self.channels)) as u64;
        let end = self.pre_skip + self.ticks(self.encoded + each);
        // So long after its last sample went in, the encoder has it out.
        let lookahead = self.pre_skip / u64::from(TICKS_PER_S / self.sample_rate_hz);
        let length = self.pending.len() + lookahead as usize * usize::from(self.channels);
        let whole = length.div_ceil(self.packet_samples());
        self.pending.resize(whole * self.packet_samples(), 0);
        self.write_packets(whole, Some(end), out)
    }

    /// Samples of each channel that are on pages: of what was encoded last, the encoder still has a little.
    #[must_use]
    pub fn written_samples(&self) -> u64 {
        let lookahead = self.pre_skip / u64::from(TICKS_PER_S / self.sample_rate_hz);
        self.encoded.saturating_sub(lookahead)
    }

    fn write_packets(
        &mut self,
        count: usize,
        end: Option<u64>,
        out: &mut Vec<u8>,
    ) -> Result<(), CodecError> {
        let length = self.packet_samples();
        for first in (0..count).step_by(PACKETS_ON_PAGE) {
            let here = PACKETS_ON_PAGE.min(count - first);
            let mut packets = Vec::with_capacity(here);
            for samples in self.pending[first * length..][..here * length].chunks_exact(length) {
                let mut packet = vec![0; PACKET_OCTETS_MAX];
                let octets = self.encoder.encode(samples, &mut packet)?;
                packet.truncate(octets);
                packets.push(packet);
            }
            self.encoded += (here * length / usize::from(self.channels)) as u64;
            let is_last = first + here == count;
            let position = end.filter(|_| is_last).unwrap_or(self.ticks(self.encoded));
            let packets: Vec<&[u8]> = packets.iter().map(Vec::as_slice).collect();
            self.pages
                .write(&packets, position, end.is_some() && is_last, out);
        }
        self.pending.drain(..count * length);
        Ok(())
    }

    fn packet_samples(&self) -> usize {
        (self.sample_rate_hz / PACKETS_PER_S) as usize * usize::from(self.channels)
    }

    fn ticks(&self, samples: u64) -> u64 {
        samples * u64::from(TICKS_PER_S / self.sample_rate_hz)
    }
}
