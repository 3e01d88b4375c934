//! Two parties report to each other over a path of known delay and loss.

use std::time::Duration;

use mediacore_rtp::rtcp::{PeerReport, Received, Schedule};
use mediacore_rtp::{
    NtpTime, PayloadType, Receiver, Reporter, RtpHeader, Sender, SenderState, Ssrc,
};

const PCMU: PayloadType = PayloadType(0);

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

struct Party {
    sender: Sender,
    receiver: Receiver,
    reporter: Reporter,
    /// The two machines' wall clocks have nothing to do with each other.
    wall_offset: Duration,
}

impl Party {
    fn new(ssrc: u32, wall_offset: Duration) -> Self {
        let schedule = Schedule::new(80_000, u64::from(ssrc), ms(0));
        Self {
            sender: Sender::new(SenderState::new(Ssrc(ssrc), 1, 2), 8_000),
            receiver: Receiver::new(8_000),
            reporter: Reporter::new("party", schedule),
            wall_offset,
        }
    }

    fn ntp(&self, now: Duration) -> NtpTime {
        NtpTime::from_unix(now + self.wall_offset)
    }

    fn send(&mut self, now: Duration) -> RtpHeader {
        self.sender.next_header(PCMU, false, 160, 160, now)
    }

    fn report(&mut self, now: Duration) -> Option<Vec<u8>> {
        let mut out = [0; Reporter::REPORT_OCTETS_MAX];
        let ntp = self.ntp(now);
        let octets =
            self.reporter
                .handle_timeout(&self.sender, &mut self.receiver, ntp, now, &mut out)?;
        Some(out[..octets].to_vec())
    }

    fn receive_report(&mut self, datagram: &[u8], now: Duration) -> Received {
        let ntp = self.ntp(now);
        self.reporter
            .receive(datagram, &self.sender, &mut self.receiver, ntp, now)
            .unwrap()
    }
}

/// Half a minute of talk, 30 ms each way, each tenth packet from `a` lost. Reports both ways.
fn talk() -> (Party, Party) {
    let (mut a, mut b) = (Party::new(1, ms(0)), Party::new(2, ms(987_654_321)));
    let mut on_the_way: Vec<(u64, bool, Vec<u8>)> = Vec::new();
    for now in (0..30_000).step_by(10) {
        if now % 20 == 0 {
            let (from_a, from_b) = (a.send(ms(now)), b.send(ms(now)));
            a.receiver.receive(&from_b, 160, ms(now + 30));
            if now % 200 != 0 || now == 0 {
                b.receiver.receive(&from_a, 160, ms(now + 30));
            }
        }
        on_the_way.extend(a.report(ms(now)).map(|report| (now + 30, true, report)));
        on_the_way.extend(b.report(ms(now)).map(|report| (now + 30, false, report)));
        let (here, later) = on_the_way.into_iter().partition(|(at, ..)| *at <= now);
        on_the_way = later;
        for (at, is_for_b, report) in here {
            let party = if is_for_b { &mut b } else { &mut a };
            party.receive_report(&report, ms(at));
        }
    }
    (a, b)
}

#[test]
fn each_learns_loss_and_round_trip_from_the_other() {
    let (a, b) = talk();
    let report: PeerReport = a.reporter.peer_report().unwrap();
    assert!((report.lost_ratio - 0.1).abs() < 0.02, "{report:?}");
    assert!(report.cumulative_lost > 100, "{report:?}");
    let round_trip = report.round_trip.unwrap();
    assert!(round_trip.abs_diff(ms(60)) < ms(1), "{round_trip:?}");
    assert_eq!(b.reporter.peer_report().unwrap().lost_ratio, 0.0);
}

#[test]
fn who_sends_nothing_sends_receiver_reports_with_a_name() {
    let (mut silent, mut talker) = (Party::new(1, ms(0)), Party::new(2, ms(0)));
    let header = talker.send(ms(0));
    silent.receiver.receive(&header, 160, ms(30));
    let due = silent.reporter.next_timeout();
    assert_eq!(
        silent.report(due - Duration::from_nanos(1)),
        None,
        "not yet due"
    );
    // Reconsideration may put it off, never beyond the longest interval.
    let report = (0..10_000)
        .step_by(10)
        .find_map(|now| silent.report(ms(now)))
        .unwrap();
    assert_eq!((report[1], report[0] & 0x1f), (201, 1));
    assert_eq!(
        talker.receive_report(&report, ms(5000)),
        Received {
            has_report: true,
            has_bye: false
        }
    );
}

#[test]
fn a_farewell_is_heard() {
    let (mut leaving, mut staying) = (Party::new(1, ms(0)), Party::new(2, ms(0)));
    let header = leaving.send(ms(0));
    staying.receiver.receive(&header, 160, ms(0));
    let mut out = [0; Reporter::REPORT_OCTETS_MAX];
    let ntp = leaving.ntp(ms(20));
    let octets = leaving.reporter.bye(
        &leaving.sender,
        &mut leaving.receiver,
        ntp,
        ms(20),
        &mut out,
    );
    assert!(staying.receive_report(&out[..octets], ms(50)).has_bye);
    assert_eq!(
        leaving.reporter.bye(
            &leaving.sender,
            &mut leaving.receiver,
            ntp,
            ms(20),
            &mut out[..20]
        ),
        0
    );
}

#[test]
fn what_is_no_rtcp_is_counted_and_changes_nothing() {
    let mut party = Party::new(1, ms(0));
    let ntp = party.ntp(ms(0));
    let outcome = party.reporter.receive(
        b"GET / HTTP/1.1",
        &party.sender,
        &mut party.receiver,
        ntp,
        ms(0),
    );
    assert!(outcome.is_err());
    assert_eq!(
        (party.reporter.malformed(), party.reporter.peer_report()),
        (1, None)
    );
}

#[test]
fn a_report_about_somebody_else_is_not_ours() {
    let (mut a, mut b) = (Party::new(1, ms(0)), Party::new(2, ms(0)));
    let stranger = RtpHeader {
        payload_type: PCMU,
        marker: false,
        sequence: 1,
        timestamp: 1,
        ssrc: Ssrc(77),
    };
    b.receiver.receive(&stranger, 160, ms(0));
    let report = (0..10_000)
        .step_by(10)
        .find_map(|now| b.report(ms(now)))
        .unwrap();
    assert_eq!(a.receive_report(&report, ms(100)), Received::default());
}
