//! Extended reports (RFC 3611) with the VoIP metrics block (4.7): what a receiver made of one stream. Blocks of other
//! kinds are walked over.

use crate::packet::{Ssrc, be_u32};

/// Octets of the block on the wire.
pub const VOIP_METRICS_OCTETS: usize = 36;

/// Octets of a whole packet with this one block.
pub const XR_OCTETS: usize = 8 + VOIP_METRICS_OCTETS;

const BLOCK_TYPE: u8 = 7;
const BLOCK_WORDS: u16 = 8;
const BLOCK_HEADER_OCTETS: usize = 4;

/// Levels, R and MOS that are not known (RFC 3611 4.7.4, 4.7.5).
const UNKNOWN: u8 = 127;

/// The VoIP metrics block, in units of people. What the wire cannot hold is brought to the nearest that it can.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct VoipMetrics {
    /// The source that it is about.
    pub ssrc: Ssrc,
    /// Part of the packets that were lost in the network, 0 to 1.
    pub lost_ratio: f64,
    /// Part of the packets that came too late to be played, 0 to 1.
    pub discarded_ratio: f64,
    /// Part of the packets of bursts that were lost or discarded.
    pub burst_density: f64,
    /// The same for gaps.
    pub gap_density: f64,
    /// Mean length of a burst.
    pub burst_ms: u16,
    /// Mean length of a gap.
    pub gap_ms: u16,
    /// Round trip between the two RTP interfaces.
    pub round_trip_ms: u16,
    /// What the end system adds: jitter buffer, codec, packet.
    pub end_system_ms: u16,
    /// Mean level of speech, dBm0.
    pub signal_dbm0: Option<i8>,
    /// Level between it, dBm0.
    pub noise_dbm0: Option<i8>,
    /// R, 0 to 100.
    pub rating: Option<u8>,
    /// MOS of listening, 1 to 5.
    pub mos_listening: Option<f64>,
    /// MOS of a conversation, 1 to 5.
    pub mos_conversation: Option<f64>,
    /// Concealment: 0 not known, 1 none, 2 repeats with fading, 3 better.
    pub concealment: u8,
    /// Whether the jitter buffer adapts itself.
    pub is_buffer_adaptive: bool,
    /// Delay of the jitter buffer now.
    pub buffer_ms: u16,
    /// The longest that it has been.
    pub buffer_max_ms: u16,
    /// The longest that it can be.
    pub buffer_limit_ms: u16,
}

impl VoipMetrics {
    /// The block as it goes on the wire.
    pub fn octets(&self) -> [u8; VOIP_METRICS_OCTETS] {
        let mut out = [0; VOIP_METRICS_OCTETS];
        let mut put = |at: usize, octets: &[u8]| out[at..at + octets.len()].copy_from_slice(octets);
        put(0, &[BLOCK_TYPE, 0]);
        put(2, &BLOCK_WORDS.to_be_bytes());
        put(4, &self.ssrc.0.to_be_bytes());
        put(
            8,
            &[
                in_256ths(self.lost_ratio),
                in_256ths(self.discarded_ratio),
                in_256ths(self.burst_density),
                in_256ths(self.gap_density),
            ],
        );
        put(12, &self.burst_ms.to_be_bytes());
        put(14, &self.gap_ms.to_be_bytes());
        put(16, &self.round_trip_ms.to_be_bytes());
        put(18, &self.end_system_ms.to_be_bytes());
        let level = |dbm0: Option<i8>| dbm0.map_or(UNKNOWN, |dbm0| dbm0.min(126) as u8);
        let mos = |mos: Option<f64>| {
            mos.map_or(UNKNOWN, |mos| (mos.clamp(1.0, 5.0) * 10.0).round() as u8)
        };
        put(
            20,
            &[
                level(self.signal_dbm0),
                level(self.noise_dbm0),
                UNKNOWN, // the echo of our side: nobody measures it
                crate::session::GAP_MIN as u8,
                self.rating.map_or(UNKNOWN, |rating| rating.min(100)),
                UNKNOWN, // the rating of a segment in another network
                mos(self.mos_listening),
                mos(self.mos_conversation),
            ],
        );
        let adaptive = if self.is_buffer_adaptive { 3 } else { 2 };
        put(28, &[(self.concealment & 3) << 6 | adaptive << 4, 0]);
        put(30, &self.buffer_ms.to_be_bytes());
        put(32, &self.buffer_max_ms.to_be_bytes());
        put(34, &self.buffer_limit_ms.to_be_bytes());
        out
    }

    fn read(block: &[u8; VOIP_METRICS_OCTETS]) -> Self {
        let half = |at: usize| u16::from_be_bytes([block[at], block[at + 1]]);
        let ratio = |at: usize| f64::from(block[at]) / 256.0;
        let level = |at: usize| (block[at] != UNKNOWN).then_some(block[at] as i8);
        let mos = |at: usize| {
            (10..=50)
                .contains(&block[at])
                .then(|| f64::from(block[at]) / 10.0)
        };
        Self {
            ssrc: Ssrc(be_u32(&block[4..8])),
            lost_ratio: ratio(8),
            discarded_ratio: ratio(9),
            burst_density: ratio(10),
            gap_density: ratio(11),
            burst_ms: half(12),
            gap_ms: half(14),
            round_trip_ms: half(16),
            end_system_ms: half(18),
            signal_dbm0: level(20),
            noise_dbm0: level(21),
            rating: (block[24] <= 100).then_some(block[24]),
            mos_listening: mos(26),
            mos_conversation: mos(27),
            concealment: block[28] >> 6,
            is_buffer_adaptive: block[28] >> 4 & 3 == 3,
            buffer_ms: half(30),
            buffer_max_ms: half(32),
            buffer_limit_ms: half(34),
        }
    }
}

fn in_256ths(ratio: f64) -> u8 {
    // A float-to-integer cast saturates, and makes 0 of what is no number.
    (ratio * 256.0) as u8
}

/// The VoIP metrics blocks of an extended report, those of other kinds left out; a block that goes past the end is the last.
#[derive(Clone, Debug)]
pub struct VoipMetricsBlocks<'a>(pub(super) &'a [u8]);

impl Iterator for VoipMetricsBlocks<'_> {
    type Item = VoipMetrics;

    fn next(&mut self) -> Option<VoipMetrics> {
        loop {
            let header = self.0.first_chunk::<BLOCK_HEADER_OCTETS>()?;
            let words = usize::from(u16::from_be_bytes([header[2], header[3]]));
            let is_metrics = header[0] == BLOCK_TYPE;
            let (block, rest) = self.0.split_at_checked(BLOCK_HEADER_OCTETS + 4 * words)?;
            self.0 = rest;
            if is_metrics && let Ok(block) = <&[u8; VOIP_METRICS_OCTETS]>::try_from(block) {
                return Some(VoipMetrics::read(block));
            }
        }
    }
}
