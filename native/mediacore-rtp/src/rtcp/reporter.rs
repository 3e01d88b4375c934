//! One leg's whole RTCP: reads what the peer reports, writes our reports when they are due, and says good-bye.

use std::time::Duration;

use super::{
    Compound, CompoundWriter, NtpTime, Packet, ReportBlock, RtcpError, Schedule, VoipMetrics,
    XR_OCTETS, round_trip,
};
use crate::packet::Ssrc;
use crate::session::{Receiver, Sender};

/// What the peer last said about our stream.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct PeerReport {
    /// Lost of what we sent between its last two reports, 0 to 1.
    pub lost_ratio: f64,
    /// Lost of what we sent since the beginning.
    pub cumulative_lost: i32,
    /// Jitter that it measures, milliseconds.
    pub jitter_ms: f64,
    /// Round-trip time by its last report that had one.
    pub round_trip: Option<Duration>,
    /// When it came.
    pub at: Duration,
}

/// What a received compound held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Received {
    /// A report about our stream: [`Reporter::peer_report`] is new.
    pub has_report: bool,
    /// The peer's source, as heard by our receiver, said good-bye.
    pub has_bye: bool,
}

/// Drives reports in both directions for one leg.
#[derive(Clone, Debug)]
pub struct Reporter {
    cname: Box<str>,
    schedule: Schedule,
    peer_report: Option<PeerReport>,
    peer_metrics: Option<VoipMetrics>,
    // About the peer's stream, for our next report.
    our_metrics: Option<VoipMetrics>,
    malformed: u64,
}

impl Reporter {
    /// `cname` should be the same for all legs of one person and say nothing about them (RFC 7022);
    /// for `schedule` see [`Schedule::new`].
    pub fn new(cname: &str, schedule: Schedule) -> Self {
        Self {
            cname: cname.into(),
            schedule,
            peer_report: None,
            peer_metrics: None,
            our_metrics: None,
            malformed: 0,
        }
    }

    /// Takes one datagram from the peer. `ntp` is the wall clock at `now`, the same that our reports carry.
    ///
    /// # Errors
    /// An [`RtcpError`], counted; then nothing of the datagram was used.
    pub fn receive(
        &mut self,
        datagram: &[u8],
        sender: &Sender,
        receiver: &mut Receiver,
        ntp: NtpTime,
        now: Duration,
    ) -> Result<Received, RtcpError> {
        let compound = Compound::parse(datagram).inspect_err(|_| self.malformed += 1)?;
        self.schedule.received(datagram.len());
        let mut received = Received::default();
        for packet in compound {
            match packet {
                Packet::SenderReport {
                    ssrc,
                    info,
                    reports,
                } => {
                    receiver.receive_sender_report(ssrc, info.ntp, now);
                    received.has_report |= self.take_reports(reports, sender, ntp, now);
                }
                Packet::ReceiverReport { reports, .. } => {
                    received.has_report |= self.take_reports(reports, sender, ntp, now);
                }
                Packet::Bye { mut sources, .. } => {
                    received.has_bye |= sources.any(|source| receiver.ssrc() == Some(source));
                }
                Packet::ExtendedReport { mut metrics, .. } => {
                    let ours = metrics.find(|block| block.ssrc == sender.ssrc());
                    self.peer_metrics = ours.or(self.peer_metrics);
                }
                Packet::SourceDescription(_) | Packet::Other { .. } => {}
            }
        }
        Ok(received)
    }

    /// When [`Reporter::handle_timeout`] wants to be called.
    pub fn next_timeout(&self) -> Duration {
        self.schedule.next_timeout()
    }

    /// Writes the report that is due into `out`, and returns its length; none when none is due or it does not fit.
    /// [`REPORT_OCTETS_MAX`](Self::REPORT_OCTETS_MAX) are enough.
    pub fn handle_timeout(
        &mut self,
        sender: &Sender,
        receiver: &mut Receiver,
        ntp: NtpTime,
        now: Duration,
        out: &mut [u8],
    ) -> Option<usize> {
        if !self.schedule.handle_timeout(now) {
            return None;
        }
        let mut compound = CompoundWriter::new(out);
        let fits = write_report(&mut compound, sender, receiver, ntp, now)
            && compound.cname(sender.ssrc(), &self.cname);
        if let (true, Some(metrics)) = (fits, self.our_metrics.take()) {
            compound.voip_metrics(sender.ssrc(), &metrics);
        }
        let octets = compound.finish();
        self.schedule.sent(octets, now);
        fits.then_some(octets)
    }

    /// Writes a last report with BYE into `out`, due or not (RFC 3550 6.3.7); zero when it does not fit.
    pub fn bye(
        &mut self,
        sender: &Sender,
        receiver: &mut Receiver,
        ntp: NtpTime,
        now: Duration,
        out: &mut [u8],
    ) -> usize {
        let mut compound = CompoundWriter::new(out);
        let fits = write_report(&mut compound, sender, receiver, ntp, now)
            && compound.cname(sender.ssrc(), &self.cname)
            && compound.bye(sender.ssrc(), "");
        if fits { compound.finish() } else { 0 }
    }

    /// What the peer last said about our stream.
    pub fn peer_report(&self) -> Option<PeerReport> {
        self.peer_report
    }

    /// What the peer last made of our stream, where it sends extended reports.
    pub fn peer_metrics(&self) -> Option<VoipMetrics> {
        self.peer_metrics
    }

    /// Puts what was made of the peer's stream into the next report.
    pub fn note_metrics(&mut self, metrics: VoipMetrics) {
        self.our_metrics = Some(metrics);
    }

    /// Datagrams that were not RTCP.
    pub fn malformed(&self) -> u64 {
        self.malformed
    }

    /// Room that any compound written here needs: SR with one block, the longest name, XR, BYE.
    pub const REPORT_OCTETS_MAX: usize = 28 + 24 + 4 + 4 + 2 + 255 + 3 + XR_OCTETS + 8;

    fn take_reports(
        &mut self,
        mut reports: impl Iterator<Item = ReportBlock>,
        sender: &Sender,
        ntp: NtpTime,
        now: Duration,
    ) -> bool {
        let Some(block) = reports.find(|block| block.ssrc == sender.ssrc()) else {
            return false;
        };
        self.peer_report = Some(PeerReport {
            lost_ratio: f64::from(block.fraction_lost) / 256.0,
            cumulative_lost: block.cumulative_lost,
            jitter_ms: f64::from(block.jitter_ticks) * 1000.0 / f64::from(sender.clock_rate_hz()),
            round_trip: round_trip(&block, ntp)
                .or(self.peer_report.and_then(|report| report.round_trip)),
            at: now,
        });
        true
    }
}

fn write_report(
    compound: &mut CompoundWriter<'_>,
    sender: &Sender,
    receiver: &mut Receiver,
    ntp: NtpTime,
    now: Duration,
) -> bool {
    let block: Option<ReportBlock> = receiver.report_block(now);
    let ssrc: Ssrc = sender.ssrc();
    match sender.sender_info(ntp, now) {
        Some(info) => compound.sender_report(ssrc, &info, block.as_slice()),
        None => compound.receiver_report(ssrc, block.as_slice()),
    }
}
