//! What an Opus packet says of itself in its first octets (RFC 6716 3.1, 3.2). Nothing is decoded.

use super::{Bandwidth, CLOCK_RATE_HZ};

/// No packet lasts longer (RFC 6716 3.2.5).
const PACKET_US_MAX: u32 = 120_000;

/// A packet seen from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PacketInfo {
    /// Length of one frame in it, microseconds.
    pub frame_us: u32,
    /// Frames in it.
    pub frames: u32,
    /// 1 or 2, as encoded; a decoder gives what it was made for.
    pub channels: u8,
    /// As encoded.
    pub bandwidth: Bandwidth,
}

impl PacketInfo {
    /// None if its first octets are not those of a packet; what is behind them is not looked at.
    pub fn parse(packet: &[u8]) -> Option<Self> {
        let toc = *packet.first()?;
        let frames = match toc & 3 {
            0 => 1,
            1 | 2 => 2,
            _ => u32::from(packet.get(1)? & 63),
        };
        let info = Self {
            frame_us: frame_us(toc >> 3),
            frames,
            channels: 1 + ((toc >> 2) & 1),
            bandwidth: bandwidth(toc >> 3),
        };
        (frames > 0 && info.frame_us * frames <= PACKET_US_MAX).then_some(info)
    }

    /// Ticks of the 48 kHz clock that it lasts.
    pub fn duration_ticks(&self) -> u32 {
        // 2.5 ms are 120 ticks: nothing is lost.
        self.frame_us * self.frames / 500 * (CLOCK_RATE_HZ / 2_000)
    }

    /// Samples for each channel when decoded at `sample_rate_hz`.
    pub fn samples_at(&self, sample_rate_hz: u32) -> usize {
        (self.duration_ticks() / (CLOCK_RATE_HZ / sample_rate_hz)) as usize
    }
}

/// Table 2 of RFC 6716.
fn frame_us(config: u8) -> u32 {
    match config {
        0..12 => [10_000, 20_000, 40_000, 60_000][usize::from(config & 3)],
        12..16 => [10_000, 20_000][usize::from(config & 1)],
        _ => [2_500, 5_000, 10_000, 20_000][usize::from(config & 3)],
    }
}

fn bandwidth(config: u8) -> Bandwidth {
    match config {
        0..4 | 16..20 => Bandwidth::Narrow,
        4..8 => Bandwidth::Medium,
        8..12 | 20..24 => Bandwidth::Wide,
        12..14 | 24..28 => Bandwidth::SuperWide,
        _ => Bandwidth::Full,
    }
}
