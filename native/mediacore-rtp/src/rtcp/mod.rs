//! RTCP (RFC 3550 6): compound packets read and written in place, the timing of reports, the round-trip time.
//!
//! Own code rather than the crate `rtcp-types`, which allocates for every compound written and every SDES read, and reads
//! the cumulative loss as unsigned; it serves as the oracle in the tests.

mod parse;
mod reporter;
mod schedule;
mod voip_metrics;
mod write;

use std::time::Duration;

pub use parse::{Compound, Packet, ReportBlocks, RtcpError, SdesItem, SdesItems, Sources};
pub use reporter::{PeerReport, Received, Reporter};
pub use schedule::Schedule;
pub use voip_metrics::{VOIP_METRICS_OCTETS, VoipMetrics, VoipMetricsBlocks, XR_OCTETS};
pub use write::CompoundWriter;

use crate::packet::Ssrc;

/// Packet types (RFC 3550 12.1).
pub(crate) mod packet_type {
    pub const SENDER_REPORT: u8 = 200;
    pub const RECEIVER_REPORT: u8 = 201;
    pub const SOURCE_DESCRIPTION: u8 = 202;
    pub const BYE: u8 = 203;
    pub const EXTENDED_REPORT: u8 = 207;
}

/// The SDES item that every compound has: the canonical name (RFC 3550 6.5.1).
pub const SDES_CNAME: u8 = 1;

/// Octets of one report block on the wire.
pub const REPORT_BLOCK_OCTETS: usize = 24;

/// Report blocks that fit one SR or RR (its count has five bits).
pub const REPORT_BLOCKS_MAX: usize = 31;

/// Seconds between the NTP epoch (1900) and the Unix epoch (1970).
const NTP_UNIX_OFFSET_S: u64 = 2_208_988_800;

/// A wall-clock moment as 32.32 fixed-point seconds since 1900 (RFC 3550 4). It wraps in 2036, and may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct NtpTime(pub u64);

impl NtpTime {
    /// From the time since the Unix epoch.
    pub fn from_unix(since_epoch: Duration) -> Self {
        let seconds = since_epoch.as_secs().wrapping_add(NTP_UNIX_OFFSET_S);
        let fraction = (u64::from(since_epoch.subsec_nanos()) << 32) / 1_000_000_000;
        Self(seconds << 32 | fraction)
    }

    /// The middle 32 bits: 16.16 seconds, as LSR has them.
    pub fn middle_32(self) -> u32 {
        (self.0 >> 16) as u32
    }
}

/// The sender's part of an SR.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct SenderInfo {
    /// Wall clock at the moment of the report.
    pub ntp: NtpTime,
    /// The same moment on the RTP clock.
    pub rtp_timestamp: u32,
    /// Packets sent, wrapping.
    pub packet_count: u32,
    /// Payload octets sent, wrapping.
    pub octet_count: u32,
}

/// What a receiver says about one source (RFC 3550 6.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct ReportBlock {
    /// The source that it is about.
    pub ssrc: Ssrc,
    /// Lost since the last report, in 256ths.
    pub fraction_lost: u8,
    /// Lost since the beginning; 24 bits, below zero when there were duplicates.
    pub cumulative_lost: i32,
    /// Highest sequence number with its cycles above.
    pub extended_highest_sequence: u32,
    /// Interarrival jitter in ticks of the RTP clock.
    pub jitter_ticks: u32,
    /// Middle bits of the NTP time of the last SR that came, 0 for none.
    pub last_sr: u32,
    /// Delay since then in 65,536ths of a second.
    pub delay_since_last_sr: u32,
}

/// The round-trip time that a block about our own source shows, at the moment `ntp` of its arrival on the clock that our
/// SRs carry (RFC 3550 6.4.1). None without an SR of ours in it, or when the peer's arithmetic gives a time below zero or above a minute.
pub fn round_trip(block: &ReportBlock, ntp: NtpTime) -> Option<Duration> {
    if block.last_sr == 0 {
        return None;
    }
    let units = ntp
        .middle_32()
        .wrapping_sub(block.last_sr)
        .wrapping_sub(block.delay_since_last_sr);
    // Half a unit of rounding on either side of a loopback gives a few units below zero.
    let units = if units > u32::MAX - 64 { 0 } else { units };
    (units < ROUND_TRIP_MAX_UNITS)
        .then(|| Duration::from_nanos((u64::from(units) * 1_000_000_000) >> 16))
}

/// A minute in 65,536ths of a second: beyond it is a wrong clock, not a path.
const ROUND_TRIP_MAX_UNITS: u32 = 60 << 16;
