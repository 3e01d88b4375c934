//! Opus (RFC 6716, RFC 7587) by libopus, which is built in. Here are its parameters and what can be read off a packet; the
//! library itself is called in `library.rs` alone.

mod library;
mod packet;

pub use library::{OpusDecoder, OpusEncoder};
pub use packet::PacketInfo;

/// Its RTP clock, whatever the rate of the samples (RFC 7587 4.1).
pub const CLOCK_RATE_HZ: u32 = 48_000;

/// Sample rates that an encoder or decoder can be handed.
pub const RATES_HZ: [u32; 5] = [8_000, 12_000, 16_000, 24_000, 48_000];

/// Durations of a packet that the encoder makes, microseconds.
pub const FRAMES_US: [u32; 9] = [
    2_500, 5_000, 10_000, 20_000, 40_000, 60_000, 80_000, 100_000, 120_000,
];

/// No packet of one frame is longer (RFC 6716 3.2.1 with its header).
pub const PACKET_OCTETS_MAX: usize = 1_276;

/// Highest audio frequency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Bandwidth {
    /// 4 kHz.
    Narrow,
    /// 6 kHz.
    Medium,
    /// 8 kHz.
    Wide,
    /// 12 kHz.
    SuperWide,
    /// 20 kHz.
    Full,
}

impl Bandwidth {
    /// What sound of this sample rate has: more would be encoded for nothing.
    pub fn of_rate(sample_rate_hz: u32) -> Self {
        match sample_rate_hz {
            0..=8_000 => Self::Narrow,
            8_001..=12_000 => Self::Medium,
            12_001..=16_000 => Self::Wide,
            16_001..=24_000 => Self::SuperWide,
            _ => Self::Full,
        }
    }
}

/// What an encoder is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Application {
    /// Speech, also over bad links.
    Voip,
    /// Music.
    Audio,
    /// 5 ms less delay, no speech coder, no FEC.
    LowDelay,
}

/// How to encode. All but `application` may change while the encoder runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpusParams {
    /// Fixed when the encoder is made.
    pub application: Application,
    /// 6,000 to 510,000.
    pub bitrate_bps: u32,
    /// 0 (least work) to 10. From 5 on hardly anybody hears a difference in speech.
    pub complexity: u8,
    /// Encode nothing above.
    pub max_bandwidth: Bandwidth,
    /// Packets carry a coarse copy of the frame before, if `expected_loss_percent` is large enough to pay for it.
    pub fec: bool,
    /// Losses that the far end reports, 0 to 100.
    pub expected_loss_percent: u8,
    /// In silence send a packet each 400 ms only. It saves bits but no work: better to decide before the encoder.
    pub dtx: bool,
    /// Every packet of the same length, as `cbr=1` asks (RFC 7587 6.1).
    pub constant_bitrate: bool,
}

impl Default for OpusParams {
    /// Speech at 24 kbit/s, with FEC once losses are reported.
    fn default() -> Self {
        Self {
            application: Application::Voip,
            bitrate_bps: 24_000,
            complexity: 5,
            max_bandwidth: Bandwidth::Full,
            fec: true,
            expected_loss_percent: 0,
            dtx: false,
            constant_bitrate: false,
        }
    }
}
