//! What one peer sends us, counted as RFC 3550 A.1, A.3 and A.8 do: expected, lost, fraction lost, interarrival jitter; besides,
//! duplicates, reordering and bursts, which the quality figures need.

use std::time::Duration;

use super::{BurstGap, BurstGapCounter, ticks};
use crate::packet::{RtpHeader, Ssrc};
use crate::rtcp::{NtpTime, ReportBlock};
use crate::sequence::{SequenceTracker, Step};

/// What a packet was to its stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// To be used. The number on the 64-bit line is unique for the life of the [`Receiver`]'s source.
    Fresh {
        /// The extended sequence number.
        sequence: u64,
    },
    /// To be used; it was overtaken by others.
    Reordered {
        /// The extended sequence number.
        sequence: u64,
    },
    /// The first packet of a new source: whatever is buffered belongs to the old one.
    NewSource {
        /// The extended sequence number.
        sequence: u64,
    },
    /// The same source began to count anew.
    Restarted {
        /// The extended sequence number.
        sequence: u64,
    },
    /// Seen before: to be thrown away.
    Duplicate,
    /// Far from all others and alone: to be thrown away (RFC 3550 A.1).
    Stray,
}

impl Arrival {
    /// The extended sequence number, when the packet is to be used.
    pub fn sequence(self) -> Option<u64> {
        match self {
            Self::Fresh { sequence }
            | Self::Reordered { sequence }
            | Self::NewSource { sequence }
            | Self::Restarted { sequence } => Some(sequence),
            Self::Duplicate | Self::Stray => None,
        }
    }
}

/// One moment's counters. All but `ssrc` and `jitter_ms` are sums over every source since the beginning.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct ReceiverStats {
    /// The source heard now.
    pub ssrc: Option<Ssrc>,
    /// Packets that were to be used: no duplicates, no strays.
    pub packets: u64,
    /// Payload octets of these.
    pub octets: u64,
    /// Packets that the sequence numbers say were sent.
    pub expected: u64,
    /// `expected` less `packets`.
    pub lost: u64,
    /// `lost` over `expected`, 0 to 1.
    pub lost_ratio: f64,
    /// Mean length of a run of lost packets, relative to what random loss of the same ratio gives (ITU-T G.107 BurstR); at least 1.
    pub burst_ratio: f64,
    /// Bursts and gaps of loss from the source heard now (RFC 3611).
    pub bursts: BurstGap,
    /// Packets that came twice.
    pub duplicates: u64,
    /// Packets that were overtaken.
    pub reordered: u64,
    /// Packets thrown away because they stood far from all others.
    pub strays: u64,
    /// How often the same source began to count anew.
    pub restarts: u64,
    /// How often the source changed.
    pub ssrc_changes: u64,
    /// Interarrival jitter (RFC 3550 A.8), milliseconds.
    pub jitter_ms: f64,
    /// The highest that it has been, milliseconds.
    pub jitter_max_ms: f64,
    /// When the last usable packet came.
    pub last_arrived_at: Option<Duration>,
}

/// Follows what comes from one peer, one source at a time.
#[derive(Clone, Debug)]
pub struct Receiver {
    clock_rate_hz: u32,
    source: Option<Source>,
    /// Sums over the sources (and the restarts) that are over.
    past: Counts,
    strays: u64,
    restarts: u64,
    ssrc_changes: u64,
    jitter_max_ticks: u32,
    last_arrived_at: Option<Duration>,
    sender_report: Option<(NtpTime, Duration)>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    packets: u64,
    octets: u64,
    expected: u64,
    duplicates: u64,
    reordered: u64,
    loss_bursts: u64,
    burst_losses: u64,
}

#[derive(Clone, Debug)]
struct Source {
    ssrc: Ssrc,
    tracker: SequenceTracker,
    /// Lowest number of this run of the source; `expected` counts from here.
    first: u64,
    highest: u64,
    /// Bit n: the packet n behind the highest was seen. Wider than `MISORDER_MAX`.
    seen: u128,
    counts: Counts,
    losses: BurstGapCounter,
    /// Interarrival jitter in ticks, times 16 (RFC 3550 A.8).
    jitter_q4: u32,
    /// Timestamp and transit, in ticks, of the last packet with a timestamp of its own.
    last_timed: Option<(u32, u32)>,
    /// At the last report block: expected and received.
    prior: (u64, u64),
}

impl Receiver {
    /// A receiver that has heard nothing; `clock_rate_hz` is the RTP clock (8000 for G.711).
    ///
    /// # Panics
    /// If the clock rate is zero.
    pub fn new(clock_rate_hz: u32) -> Self {
        assert!(clock_rate_hz > 0, "an RTP clock of 0 Hz");
        Self {
            clock_rate_hz,
            source: None,
            past: Counts::default(),
            strays: 0,
            restarts: 0,
            ssrc_changes: 0,
            jitter_max_ticks: 0,
            last_arrived_at: None,
            sender_report: None,
        }
    }

    /// Takes an accepted packet that came at `now`, and says what it is to the stream.
    pub fn receive(&mut self, header: &RtpHeader, payload_octets: usize, now: Duration) -> Arrival {
        let arrival = self.place(header);
        match arrival {
            Arrival::Duplicate => self.counts().duplicates += 1,
            Arrival::Stray => self.strays += 1,
            _ => self.count(header, payload_octets, now),
        }
        if let Arrival::Reordered { .. } = arrival {
            self.counts().reordered += 1;
        }
        arrival
    }

    /// Notes the peer's SR for the LSR and DLSR of our next report (RFC 3550 6.4.1).
    pub fn receive_sender_report(&mut self, ssrc: Ssrc, ntp: NtpTime, now: Duration) {
        if self
            .source
            .as_ref()
            .is_some_and(|source| source.ssrc == ssrc)
        {
            self.sender_report = Some((ntp, now));
        }
    }

    /// The block about this source for our next SR or RR, none when there is no source. Closes the interval
    /// that `fraction_lost` is about (RFC 3550 A.3).
    pub fn report_block(&mut self, now: Duration) -> Option<ReportBlock> {
        let sender_report = self.sender_report;
        let source = self.source.as_mut()?;
        let (last_sr, delay_since_last_sr) = match sender_report {
            Some((ntp, at)) => (ntp.middle_32(), ticks(now.saturating_sub(at), 65_536)),
            None => (0, 0),
        };
        Some(ReportBlock {
            ssrc: source.ssrc,
            fraction_lost: source.close_interval(),
            cumulative_lost: source.cumulative_lost(),
            extended_highest_sequence: source.highest_on_the_wire(),
            jitter_ticks: source.jitter_q4 >> 4,
            last_sr,
            delay_since_last_sr,
        })
    }

    /// The counters at this moment.
    pub fn stats(&self) -> ReceiverStats {
        let now = self
            .source
            .as_ref()
            .map(|source| source.counts_now())
            .unwrap_or_default();
        let sum = self.past.plus(&now);
        let lost = sum.expected.saturating_sub(sum.packets);
        let lost_ratio = if sum.expected == 0 {
            0.0
        } else {
            lost as f64 / sum.expected as f64
        };
        ReceiverStats {
            ssrc: self.ssrc(),
            packets: sum.packets,
            octets: sum.octets,
            expected: sum.expected,
            lost,
            lost_ratio,
            burst_ratio: sum.burst_ratio(lost_ratio),
            bursts: self
                .source
                .as_ref()
                .map(|source| source.losses.figures())
                .unwrap_or_default(),
            duplicates: sum.duplicates,
            reordered: sum.reordered,
            strays: self.strays,
            restarts: self.restarts,
            ssrc_changes: self.ssrc_changes,
            jitter_ms: self.ticks_to_ms(
                self.source
                    .as_ref()
                    .map_or(0, |source| source.jitter_q4 >> 4),
            ),
            jitter_max_ms: self.ticks_to_ms(self.jitter_max_ticks),
            last_arrived_at: self.last_arrived_at,
        }
    }

    /// The source heard now.
    pub fn ssrc(&self) -> Option<Ssrc> {
        self.source.as_ref().map(|source| source.ssrc)
    }

    /// Ticks per second of the RTP clock.
    pub fn clock_rate_hz(&self) -> u32 {
        self.clock_rate_hz
    }

    /// The peer's codec has another clock from the next packet on; all that was counted stays, jitter in milliseconds too.
    ///
    /// # Panics
    /// If the clock rate is zero.
    pub fn set_clock_rate(&mut self, clock_rate_hz: u32) {
        assert!(clock_rate_hz > 0, "an RTP clock of 0 Hz");
        let old_hz = std::mem::replace(&mut self.clock_rate_hz, clock_rate_hz);
        let other = |ticks: u32| {
            let other = u64::from(ticks) * u64::from(clock_rate_hz) / u64::from(old_hz);
            u32::try_from(other).unwrap_or(u32::MAX)
        };
        self.jitter_max_ticks = other(self.jitter_max_ticks);
        if let Some(source) = &mut self.source {
            source.jitter_q4 = other(source.jitter_q4);
            source.last_timed = None;
        }
    }

    fn place(&mut self, header: &RtpHeader) -> Arrival {
        let Some(source) = self
            .source
            .as_mut()
            .filter(|source| source.ssrc == header.ssrc)
        else {
            return self.begin_source(header);
        };
        let arrival = source.place(header.sequence);
        if let Arrival::Restarted { sequence } = arrival {
            let restarted = Source::begin(source.ssrc, source.tracker.clone(), sequence);
            self.restarts += 1;
            self.replace_source(restarted);
        }
        arrival
    }

    fn begin_source(&mut self, header: &RtpHeader) -> Arrival {
        self.ssrc_changes += u64::from(self.source.is_some());
        self.sender_report = None;
        let mut tracker = SequenceTracker::default();
        let (sequence, _) = tracker.receive(header.sequence);
        self.replace_source(Source::begin(header.ssrc, tracker, sequence));
        Arrival::NewSource { sequence }
    }

    fn replace_source(&mut self, source: Source) {
        if let Some(old) = self.source.replace(source) {
            self.past = self.past.plus(&old.counts_now());
        }
    }

    fn count(&mut self, header: &RtpHeader, payload_octets: usize, now: Duration) {
        let arrived_ticks = ticks(now, self.clock_rate_hz);
        let source = self.source.as_mut().expect("place() has just set it");
        source.counts.packets += 1;
        source.counts.octets += payload_octets as u64;
        source.measure_jitter(header.timestamp, arrived_ticks, self.clock_rate_hz);
        self.jitter_max_ticks = self.jitter_max_ticks.max(source.jitter_q4 >> 4);
        self.last_arrived_at = Some(now);
    }

    fn counts(&mut self) -> &mut Counts {
        match &mut self.source {
            Some(source) => &mut source.counts,
            None => &mut self.past,
        }
    }

    fn ticks_to_ms(&self, ticks: u32) -> f64 {
        f64::from(ticks) * 1000.0 / f64::from(self.clock_rate_hz)
    }
}

impl Source {
    fn begin(ssrc: Ssrc, tracker: SequenceTracker, first: u64) -> Self {
        Self {
            ssrc,
            tracker,
            first,
            highest: first,
            seen: 1,
            counts: Counts::default(),
            losses: BurstGapCounter::default(),
            jitter_q4: 0,
            last_timed: None,
            prior: (0, 0),
        }
    }

    fn place(&mut self, sequence: u16) -> Arrival {
        let (sequence, step) = self.tracker.receive(sequence);
        match step {
            Step::First | Step::Restart => Arrival::Restarted { sequence },
            Step::Stray => Arrival::Stray,
            Step::Ahead { skipped } => {
                self.advance(sequence, skipped);
                Arrival::Fresh { sequence }
            }
            Step::Behind { by } => {
                let bit = 1_u128 << by;
                if self.seen & bit != 0 {
                    return Arrival::Duplicate;
                }
                self.seen |= bit;
                self.first = self.first.min(sequence);
                Arrival::Reordered { sequence }
            }
        }
    }

    fn advance(&mut self, sequence: u64, skipped: u64) {
        let by = sequence - self.highest;
        self.seen = if by < 128 { self.seen << by | 1 } else { 1 };
        self.highest = sequence;
        self.losses.lose(skipped);
        self.losses.receive();
        if skipped > 0 {
            self.counts.loss_bursts += 1;
            self.counts.burst_losses += skipped;
        }
    }

    /// RFC 3550 A.8 in integers: the estimate moves a sixteenth of the way to each new difference.
    fn measure_jitter(&mut self, timestamp: u32, arrived_ticks: u32, clock_rate_hz: u32) {
        let transit_ticks = arrived_ticks.wrapping_sub(timestamp);
        let Some((last_timestamp, last_transit)) = self.last_timed else {
            self.last_timed = Some((timestamp, transit_ticks));
            return;
        };
        // A telephone-event keeps the timestamp of its beginning (RFC 4733 2.5.1.1), and would look later and later.
        if timestamp == last_timestamp {
            return;
        }
        self.last_timed = Some((timestamp, transit_ticks));
        let difference = (transit_ticks.wrapping_sub(last_transit) as i32).unsigned_abs();
        // Beyond a second the sender's clock jumped (hold, re-INVITE). That says nothing about the network, and
        // would stay in the figure for minutes.
        if difference < clock_rate_hz {
            self.jitter_q4 = self.jitter_q4 + difference - ((self.jitter_q4 + 8) >> 4);
        }
    }

    fn expected(&self) -> u64 {
        self.highest - self.first + 1
    }

    fn counts_now(&self) -> Counts {
        Counts {
            expected: self.expected(),
            ..self.counts
        }
    }

    /// Received as RFC 3550 6.4.1 has it: with the duplicates.
    fn received(&self) -> u64 {
        self.counts.packets + self.counts.duplicates
    }

    fn cumulative_lost(&self) -> i32 {
        let lost = self.expected() as i64 - self.received() as i64;
        lost.clamp(-0x80_0000, 0x7f_ffff) as i32
    }

    fn close_interval(&mut self) -> u8 {
        let (expected, received) = (self.expected(), self.received());
        let (prior_expected, prior_received) =
            std::mem::replace(&mut self.prior, (expected, received));
        let expected = expected.saturating_sub(prior_expected);
        let lost = expected.saturating_sub(received.saturating_sub(prior_received));
        let fraction = (lost * 256).checked_div(expected).unwrap_or(0);
        fraction.min(255) as u8
    }

    /// Cycles in the upper half, as the wire has it: the line here begins one lap later.
    fn highest_on_the_wire(&self) -> u32 {
        (self.highest - (1 << 16)) as u32
    }
}

impl Counts {
    fn plus(&self, other: &Self) -> Self {
        Self {
            packets: self.packets + other.packets,
            octets: self.octets + other.octets,
            expected: self.expected + other.expected,
            duplicates: self.duplicates + other.duplicates,
            reordered: self.reordered + other.reordered,
            loss_bursts: self.loss_bursts + other.loss_bursts,
            burst_losses: self.burst_losses + other.burst_losses,
        }
    }

    /// ITU-T G.107 3.5: mean burst length over that of random loss, which is 1 / (1 - ratio).
    fn burst_ratio(&self, lost_ratio: f64) -> f64 {
        if self.loss_bursts == 0 {
            return 1.0;
        }
        let mean_length = self.burst_losses as f64 / self.loss_bursts as f64;
        (mean_length * (1.0 - lost_ratio)).max(1.0)
    }
}
