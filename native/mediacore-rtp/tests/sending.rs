//! What goes out is one stream, whoever made its packets.

use std::time::Duration;

use mediacore_rtp::{NtpTime, PayloadType, Rewriter, RtpHeader, Sender, SenderState, Ssrc};
use proptest::collection::vec;
use proptest::prelude::*;

const OURS: Ssrc = Ssrc(0xaaaa);
const PCMU: PayloadType = PayloadType(0);

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn sender() -> Sender {
    Sender::new(SenderState::new(OURS, 0xfffe, 0xffff_ff00), 8_000)
}

fn send(sender: &mut Sender, at_ms: u64) -> RtpHeader {
    sender.next_header(PCMU, false, 160, 160, ms(at_ms))
}

fn incoming(ssrc: u32, n: u16) -> RtpHeader {
    RtpHeader {
        payload_type: PCMU,
        marker: false,
        sequence: 500 + n,
        timestamp: 77_000 + 160 * u32::from(n),
        ssrc: Ssrc(ssrc),
    }
}

fn forward(
    rewriter: &mut Rewriter,
    sender: &mut Sender,
    header: RtpHeader,
    at_ms: u64,
) -> RtpHeader {
    rewriter.rewrite(&header, 160, 160, sender, ms(at_ms))
}

#[test]
fn packets_follow_each_other_over_both_wraps() {
    let mut sender = sender();
    let headers: Vec<_> = (0..4).map(|n| send(&mut sender, 20 * n)).collect();
    assert_eq!(
        headers.iter().map(|h| h.sequence).collect::<Vec<_>>(),
        [0xfffe, 0xffff, 0, 1]
    );
    assert_eq!(headers[3].timestamp, 0xffff_ff00_u32.wrapping_add(480));
    assert_eq!((sender.state().packets, sender.state().octets), (4, 640));
}

#[test]
fn a_stream_goes_on_elsewhere_from_its_state() {
    let mut here = sender();
    send(&mut here, 0);
    let mut there = Sender::new(here.state(), 8_000);
    let (a, b) = (send(&mut here, 20), send(&mut there, 20));
    assert_eq!((a, here.state()), (b, there.state()));
}

#[test]
fn silence_moves_the_clock_and_not_the_numbers() {
    let mut sender = sender();
    let before = send(&mut sender, 0);
    sender.skip(800);
    let after = send(&mut sender, 120);
    assert_eq!(after.timestamp.wrapping_sub(before.timestamp), 960);
    assert_eq!(after.sequence.wrapping_sub(before.sequence), 1);
}

#[test]
fn after_a_pause_the_clock_is_where_time_is() {
    let mut sender = sender();
    let before = send(&mut sender, 0);
    sender.resume(ms(3000));
    assert_eq!(
        send(&mut sender, 3000)
            .timestamp
            .wrapping_sub(before.timestamp),
        24_000
    );
    // A tick that comes early must not turn the clock back.
    sender.resume(ms(3001));
    assert_eq!(
        send(&mut sender, 3001)
            .timestamp
            .wrapping_sub(before.timestamp),
        24_160
    );
}

#[test]
fn a_report_ties_both_clocks_at_one_moment() {
    let mut sender = sender();
    assert_eq!(
        sender.sender_info(NtpTime(1), ms(0)),
        None,
        "nothing was sent"
    );
    let sent = send(&mut sender, 1000);
    let info = sender.sender_info(NtpTime(1), ms(1500)).unwrap();
    assert_eq!(info.rtp_timestamp.wrapping_sub(sent.timestamp), 4000);
    assert_eq!((info.packet_count, info.octet_count), (1, 160));
}

#[test]
fn another_clock_rate_goes_on_from_the_same_moment() {
    let mut sender = sender();
    let before = send(&mut sender, 0);
    sender.set_clock_rate(48_000, ms(20));
    let after = sender.next_header(PayloadType(111), true, 960, 80, ms(20));
    assert_eq!(after.timestamp.wrapping_sub(before.timestamp), 160);
    assert_eq!(
        sender.timestamp_at(ms(40)).wrapping_sub(after.timestamp),
        960
    );
}

#[test]
fn forwarded_packets_keep_their_distances() {
    let (mut rewriter, mut sender) = (Rewriter::default(), sender());
    let first = forward(&mut rewriter, &mut sender, incoming(1, 0), 0);
    assert_eq!(
        (first.ssrc, first.sequence, first.timestamp),
        (OURS, 0xfffe, 0xffff_ff00)
    );
    assert!(first.marker, "a new source begins a talk-spurt");
    // 1 is lost; 3 overtakes 2.
    for n in [3, 2, 4] {
        let header = forward(
            &mut rewriter,
            &mut sender,
            incoming(1, n),
            20 * u64::from(n),
        );
        assert_eq!(header.sequence.wrapping_sub(first.sequence), n);
        assert_eq!(
            header.timestamp.wrapping_sub(first.timestamp),
            160 * u32::from(n)
        );
        assert!(!header.marker);
    }
    assert_eq!((sender.state().packets, rewriter.rebased()), (4, 0));
}

#[test]
fn another_source_joins_on_without_a_jump() {
    let (mut rewriter, mut sender) = (Rewriter::default(), sender());
    let last = forward(&mut rewriter, &mut sender, incoming(1, 0), 0);
    let mut other = incoming(2, 0);
    (other.sequence, other.timestamp) = (60_000, 5);
    let joined = forward(&mut rewriter, &mut sender, other, 20);
    assert_eq!(joined.sequence.wrapping_sub(last.sequence), 1);
    assert_eq!(joined.timestamp.wrapping_sub(last.timestamp), 160);
    assert!(joined.marker);
    assert_eq!(rewriter.rebased(), 1);
}

#[test]
fn a_source_after_a_pause_is_placed_by_the_clock() {
    let (mut rewriter, mut sender) = (Rewriter::default(), sender());
    let last = forward(&mut rewriter, &mut sender, incoming(1, 0), 0);
    let joined = forward(&mut rewriter, &mut sender, incoming(2, 0), 5000);
    assert_eq!(joined.timestamp.wrapping_sub(last.timestamp), 40_000);
}

#[test]
fn our_own_tone_in_between_makes_no_jump() {
    let (mut rewriter, mut sender) = (Rewriter::default(), sender());
    forward(&mut rewriter, &mut sender, incoming(1, 0), 0);
    let tone: Vec<_> = (1..=50).map(|n| send(&mut sender, 20 * n)).collect();
    rewriter.rebase();
    let back = forward(&mut rewriter, &mut sender, incoming(1, 51), 1020);
    let last = tone.last().unwrap();
    assert_eq!(back.sequence.wrapping_sub(last.sequence), 1);
    assert_eq!(back.timestamp.wrapping_sub(last.timestamp), 160);
}

#[test]
fn a_source_that_restarts_its_numbers_is_joined_on_too() {
    let (mut rewriter, mut sender) = (Rewriter::default(), sender());
    let last = forward(&mut rewriter, &mut sender, incoming(1, 0), 0);
    let mut restarted = incoming(1, 0);
    (restarted.sequence, restarted.timestamp) = (40_000, 1);
    let joined = forward(&mut rewriter, &mut sender, restarted, 20);
    assert_eq!(joined.sequence.wrapping_sub(last.sequence), 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    /// Whatever comes in, in whatever order, mixed with our own: the newest outgoing number never sinks, a number is used
    /// again only for a packet that came again, and a rebase begins right after the newest.
    #[test]
    fn the_outgoing_stream_never_jumps_back(
        moves in vec((0_u8..20, 0_u32..2, any::<u16>(), any::<u32>()), 1..200)
    ) {
        let (mut rewriter, mut sender) = (Rewriter::default(), sender());
        let mut n = 0_u16;
        for (at, (kind, ssrc, sequence, timestamp)) in moves.into_iter().enumerate() {
            let next = sender.state().next_sequence;
            let header = match kind {
                0 => {
                    rewriter.rebase();
                    send(&mut sender, 20 * at as u64)
                }
                1 => {
                    let any = RtpHeader { sequence, timestamp, ..incoming(ssrc, 0) };
                    forward(&mut rewriter, &mut sender, any, 20 * at as u64)
                }
                _ => {
                    n += 1;
                    forward(&mut rewriter, &mut sender, incoming(ssrc, n), 20 * at as u64)
                }
            };
            let ahead = header.sequence.wrapping_sub(next) as i16;
            prop_assert!((-100..=3000).contains(&ahead), "jumped by {}", ahead);
            let moved = sender.state().next_sequence.wrapping_sub(next) as i16;
            prop_assert!(moved >= 0, "went back by {}", moved);
        }
    }
}
