//! What came over the wire to a listener, packet by packet, in the order in which it came.

use std::time::Duration;

use mediacore_rtp::RtpHeader;

/// One packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WirePacket {
    /// When it came.
    pub arrived_at: Duration,
    /// Its header.
    pub header: RtpHeader,
    /// Of its payload.
    pub octets: usize,
}

/// Every RTP packet of a run; grows as long as the run lasts.
#[derive(Clone, Debug, Default)]
pub struct WireLog {
    packets: Vec<WirePacket>,
}

impl WireLog {
    /// Notes a packet.
    pub fn push(&mut self, packet: WirePacket) {
        self.packets.push(packet);
    }

    /// All of them.
    #[must_use]
    pub fn packets(&self) -> &[WirePacket] {
        &self.packets
    }

    /// Packets that do not have the number after the one before, or come from another source.
    #[must_use]
    pub fn sequence_breaks(&self) -> usize {
        self.breaks(|before, after| {
            after.header.ssrc != before.header.ssrc
                || after.header.sequence != before.header.sequence.wrapping_add(1)
        })
    }

    /// Packets whose timestamp is not where the packet before ended. Of G.711: an octet is a tick.
    #[must_use]
    pub fn timestamp_breaks(&self) -> usize {
        self.breaks(|before, after| {
            let ends_at = before.header.timestamp.wrapping_add(before.octets as u32);
            after.header.timestamp != ends_at
        })
    }

    /// The longest time from one packet to the next.
    #[must_use]
    pub fn longest_interval(&self) -> Duration {
        let pairs = self.packets.windows(2);
        let intervals = pairs.map(|pair| pair[1].arrived_at - pair[0].arrived_at);
        intervals.max().unwrap_or_default()
    }

    fn breaks(&self, is_break: impl Fn(&WirePacket, &WirePacket) -> bool) -> usize {
        let pairs = self.packets.windows(2);
        pairs.filter(|pair| is_break(&pair[0], &pair[1])).count()
    }
}

#[cfg(test)]
mod tests {
    use mediacore_rtp::{PayloadType, Ssrc};

    use super::*;

    fn log(packets: &[(u64, u16, u32)]) -> WireLog {
        let mut log = WireLog::default();
        for (ms, sequence, timestamp) in packets {
            log.push(WirePacket {
                arrived_at: Duration::from_millis(*ms),
                header: RtpHeader {
                    payload_type: PayloadType(0),
                    marker: false,
                    sequence: *sequence,
                    timestamp: *timestamp,
                    ssrc: Ssrc(1),
                },
                octets: 160,
            });
        }
        log
    }

    #[test]
    fn a_stream_without_a_hitch_has_no_breaks_even_where_it_wraps() {
        let log = log(&[(0, 65_535, u32::MAX - 159), (20, 0, 0), (40, 1, 160)]);
        assert_eq!((log.sequence_breaks(), log.timestamp_breaks()), (0, 0));
        assert_eq!(log.longest_interval(), Duration::from_millis(20));
    }

    #[test]
    fn losses_and_jumps_are_breaks() {
        let log = log(&[(0, 1, 0), (20, 3, 320), (90, 4, 640)]);
        assert_eq!((log.sequence_breaks(), log.timestamp_breaks()), (1, 2));
        assert_eq!(log.longest_interval(), Duration::from_millis(70));
    }
}
