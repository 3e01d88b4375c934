//! A leg's reports, its goodbye, and what happens when its peer says nothing (RFC 3550 6).

use std::net::SocketAddr;
use std::time::Duration;

use mediacore_rtp::rtcp::{Compound, Reporter};

use super::{Leg, Moment};
use crate::event::Event;
use crate::incoming::count_rejection;
use crate::latch::Verdict;
use crate::outlet::{Channel, Outlet};
use crate::transport::Kind;

/// Losses that are told apart: few, so that those who hear the same can share an encoder.
const LOSS_CLASSES_PERCENT: [u8; 4] = [1, 5, 10, 20];

impl Leg {
    /// Judges and reads RTCP from the peer. True when the address that RTP goes to was learned from it.
    pub fn receive_rtcp(
        &mut self,
        channel: Channel,
        datagram: &mut [u8],
        from: SocketAddr,
        moment: Moment,
        out: &mut impl Outlet,
    ) -> bool {
        let latch = match (channel, self.params.rtcp_mux) {
            (Channel::Rtp, true) => &mut self.incoming.latch,
            (Channel::Rtcp, _) => &mut self.incoming.rtcp_latch,
            // Nobody agreed to RTCP on the RTP port.
            (Channel::Rtp, false) => {
                self.stats.rejected_malformed += 1;
                return false;
            }
        };
        let opened = self.transport.open(Kind::Rtcp, datagram, &mut self.stats);
        let Some(octets) = opened else {
            return false;
        };
        let datagram = &datagram[..octets];
        // Before the latch: nonsense teaches no address.
        if Compound::parse(datagram).is_err() {
            self.stats.rejected_malformed += 1;
            return false;
        }
        let is_genuine = self.transport.is_authenticated();
        let verdict = latch.judge(from, is_genuine, moment.now);
        if let Verdict::Reject(rejection) = verdict {
            count_rejection(&mut self.stats, rejection);
            return false;
        }
        let has_latched = verdict == Verdict::Latch && channel == Channel::Rtp;
        if has_latched {
            out.event(Event::Latched {
                leg: self.id,
                remote: from,
            });
        }
        self.read_rtcp(datagram, moment, out);
        has_latched
    }

    fn read_rtcp(&mut self, datagram: &[u8], moment: Moment, out: &mut impl Outlet) {
        let (sender, receiver) = (&self.outgoing.sender, &mut self.incoming.receiver);
        let received = self
            .reporter
            .receive(datagram, sender, receiver, moment.ntp(), moment.now);
        self.stats.rtcp_received += 1;
        self.expect_loss();
        if received.is_ok_and(|received| received.has_bye) {
            out.event(Event::RemoteBye { leg: self.id });
        }
    }

    /// Lets Opus spend as much on packets that may get lost as the peer's reports make worth it.
    fn expect_loss(&mut self) {
        let Some(report) = self.reporter.peer_report() else {
            return;
        };
        let lost_percent = report.lost_ratio * 100.0;
        let class = LOSS_CLASSES_PERCENT
            .iter()
            .rfind(|class| lost_percent >= f64::from(**class));
        self.params.opus.expected_loss_percent = class.copied().unwrap_or(0);
    }

    /// When `handle_timeout` wants to be called.
    #[must_use]
    pub fn next_timeout(&self) -> Duration {
        let mut next = self.reporter.next_timeout();
        if let Some(report_at) = self.report_at {
            next = next.min(report_at);
        }
        if let Some(times_out_at) = self.times_out_at() {
            next = next.min(times_out_at);
        }
        if let Some(released_at) = self.digits.heard.next_timeout() {
            next = next.min(released_at);
        }
        next
    }

    /// Sends the report that is due, and notices a peer, or a digit of it, that fell silent.
    pub fn handle_timeout(&mut self, moment: Moment, out: &mut impl Outlet) {
        self.send_report(moment, out);
        self.time_digits(moment.now, out);
        if self.times_out_at().is_some_and(|at| moment.now >= at) {
            self.incoming.is_timed_out = true;
            let silent = self.incoming.silence(moment.now).unwrap_or_default();
            out.event(Event::MediaTimeout {
                leg: self.id,
                silent,
            });
        }
        if let (Some(at), Some(every)) = (self.report_at, self.params.report_every)
            && moment.now >= at
        {
            self.report_at = Some(moment.now + every);
            out.event(Event::Report { leg: self.id });
        }
    }

    /// Says goodbye in RTCP, if anything was ever sent (RFC 3550 6.3.7).
    pub fn bye(&mut self, moment: Moment, out: &mut impl Outlet) {
        if self.outgoing.sender.state().packets == 0 && self.stats.rtcp_sent == 0 {
            return;
        }
        let mut buffer = [0; Reporter::REPORT_OCTETS_MAX];
        let (sender, receiver) = (&self.outgoing.sender, &mut self.incoming.receiver);
        let octets = self
            .reporter
            .bye(sender, receiver, moment.ntp(), moment.now, &mut buffer);
        self.send_rtcp(&buffer[..octets], out);
    }

    fn times_out_at(&self) -> Option<Duration> {
        let limit = self
            .params
            .media_timeout
            .filter(|_| !self.incoming.is_timed_out)?;
        Some(self.incoming.heard_at()? + limit)
    }

    fn send_report(&mut self, moment: Moment, out: &mut impl Outlet) {
        if moment.now < self.reporter.next_timeout() {
            return;
        }
        if let Some(metrics) = self.voip_metrics(moment.now) {
            self.reporter.note_metrics(metrics);
        }
        let mut buffer = [0; Reporter::REPORT_OCTETS_MAX];
        let (sender, receiver) = (&self.outgoing.sender, &mut self.incoming.receiver);
        let written =
            self.reporter
                .handle_timeout(sender, receiver, moment.ntp(), moment.now, &mut buffer);
        if let Some(octets) = written {
            self.send_rtcp(&buffer[..octets], out);
        }
    }

    fn send_rtcp(&mut self, compound: &[u8], out: &mut impl Outlet) {
        let (channel, latch) = match self.params.rtcp_mux {
            true => (Channel::Rtp, &self.incoming.latch),
            false => (Channel::Rtcp, &self.incoming.rtcp_latch),
        };
        if let (Some(to), false) = (latch.destination(), compound.is_empty()) {
            let mut out = self.transport.outlet(Kind::Rtcp, out);
            let is_sent = out.send(self.slot, channel, compound, to);
            self.stats.rtcp_sent += u64::from(is_sent);
        }
    }
}
