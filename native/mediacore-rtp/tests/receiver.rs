//! What comes from a peer is counted as RFC 3550 has it.

use std::time::Duration;

use mediacore_rtp::{Arrival, NtpTime, PayloadType, Receiver, ReceiverStats, RtpHeader, Ssrc};
use proptest::collection::vec;
use proptest::prelude::*;

const PEER: Ssrc = Ssrc(0x1111);
const OCTETS: usize = 160;

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// Packet `n` of a stream with 160 ticks a packet.
fn packet(ssrc: Ssrc, n: u16) -> RtpHeader {
    let timestamp = u32::from(n).wrapping_mul(160);
    RtpHeader {
        payload_type: PayloadType(0),
        marker: false,
        sequence: n,
        timestamp,
        ssrc,
    }
}

/// Each packet as if it came exactly in its time, those of a later lap of numbers too.
fn receive_all(receiver: &mut Receiver, numbers: impl IntoIterator<Item = u16>) -> Vec<Arrival> {
    let each = |n: u16| receiver.receive(&packet(PEER, n), OCTETS, ms(1000 + 20 * u64::from(n)));
    numbers.into_iter().map(each).collect()
}

fn stats_of(numbers: impl IntoIterator<Item = u16>) -> ReceiverStats {
    let mut receiver = Receiver::new(8_000);
    receive_all(&mut receiver, numbers);
    receiver.stats()
}

#[test]
fn an_even_stream_has_no_loss_and_no_jitter() {
    let stats = stats_of(0..500);
    assert_eq!((stats.packets, stats.expected, stats.lost), (500, 500, 0));
    assert_eq!(
        (stats.octets, stats.jitter_ms, stats.burst_ratio),
        (80_000, 0.0, 1.0)
    );
    assert_eq!(
        (stats.ssrc, stats.last_arrived_at),
        (Some(PEER), Some(ms(1000 + 20 * 499)))
    );
}

#[test]
fn nothing_received_is_all_zero() {
    let mut receiver = Receiver::new(8_000);
    assert_eq!(
        receiver.stats(),
        ReceiverStats {
            burst_ratio: 1.0,
            ..ReceiverStats::default()
        }
    );
    assert_eq!(receiver.report_block(ms(0)), None);
}

#[test]
fn every_tenth_lost_is_a_tenth() {
    let stats = stats_of((0..=1000).filter(|n| n % 10 != 5));
    assert_eq!((stats.expected, stats.lost), (1001, 100));
    assert!(
        (stats.lost_ratio - 0.0999).abs() < 0.0001,
        "{}",
        stats.lost_ratio
    );
    assert_eq!(stats.burst_ratio, 1.0, "single losses are no bursts");
}

#[test]
fn losses_in_runs_show_in_the_burst_ratio() {
    // Runs of five in a hundred: five times 0.95.
    let stats = stats_of((0..=1000).filter(|n| n % 100 < 95));
    assert!(
        (stats.burst_ratio - 4.75).abs() < 0.01,
        "{}",
        stats.burst_ratio
    );
}

#[test]
fn duplicates_and_overtaken_packets_are_no_loss() {
    let mut receiver = Receiver::new(8_000);
    let arrivals = receive_all(&mut receiver, [0, 2, 1, 1, 2, 3]);
    let zero = arrivals[0].sequence().unwrap();
    assert_eq!(arrivals[2], Arrival::Reordered { sequence: zero + 1 });
    assert_eq!(arrivals[3..5], [Arrival::Duplicate; 2]);
    let stats = receiver.stats();
    assert_eq!(
        (stats.packets, stats.duplicates, stats.reordered, stats.lost),
        (4, 2, 1, 0)
    );
}

#[test]
fn a_packet_from_before_the_first_is_expected_after_all() {
    let stats = stats_of([100, 99, 101]);
    assert_eq!((stats.expected, stats.packets, stats.lost), (3, 3, 0));
}

#[test]
fn jitter_is_that_of_appendix_a8() {
    // Alternately 0 and 10 ms late: |D| is 80 ticks for each packet, and the estimate goes to it.
    let mut receiver = Receiver::new(8_000);
    for n in 0..400_u16 {
        receiver.receive(
            &packet(PEER, n),
            OCTETS,
            ms(20 * u64::from(n) + 10 * u64::from(n % 2)),
        );
    }
    let stats = receiver.stats();
    assert!((stats.jitter_ms - 10.0).abs() < 0.2, "{}", stats.jitter_ms);
    assert!(stats.jitter_max_ms >= stats.jitter_ms);
}

#[test]
fn a_jump_of_the_senders_clock_is_no_jitter() {
    let mut receiver = Receiver::new(8_000);
    for n in 0..100_u16 {
        let mut header = packet(PEER, n);
        header.timestamp = header
            .timestamp
            .wrapping_add(if n < 50 { 0 } else { 0x4000_0000 });
        receiver.receive(&header, OCTETS, ms(20 * u64::from(n)));
    }
    assert_eq!(receiver.stats().jitter_max_ms, 0.0);
}

#[test]
fn a_telephone_event_is_no_jitter() {
    let mut receiver = Receiver::new(8_000);
    for n in 0..100_u16 {
        let mut header = packet(PEER, n);
        header.timestamp = if (50..80).contains(&n) {
            50 * 160
        } else {
            header.timestamp
        };
        receiver.receive(&header, OCTETS, ms(20 * u64::from(n)));
    }
    assert_eq!(receiver.stats().jitter_max_ms, 0.0);
}

#[test]
fn another_source_begins_anew_and_the_sums_go_on() {
    let mut receiver = Receiver::new(8_000);
    receive_all(&mut receiver, (0..10).filter(|n| *n != 5));
    let arrival = receiver.receive(&packet(Ssrc(7), 40_000), OCTETS, ms(2000));
    assert!(matches!(arrival, Arrival::NewSource { .. }), "{arrival:?}");
    receiver.receive(&packet(Ssrc(7), 40_001), OCTETS, ms(2020));
    let stats = receiver.stats();
    assert_eq!(
        (
            stats.packets,
            stats.expected,
            stats.lost,
            stats.ssrc_changes
        ),
        (11, 12, 1, 1)
    );
    let block = receiver.report_block(ms(2020)).unwrap();
    assert_eq!(
        (block.ssrc, block.cumulative_lost),
        (Ssrc(7), 0),
        "a report is about one source"
    );
}

#[test]
fn a_restart_is_followed_after_two_packets_and_costs_one() {
    let mut receiver = Receiver::new(8_000);
    receive_all(&mut receiver, 50_000..50_010);
    assert_eq!(receive_all(&mut receiver, [3])[0], Arrival::Stray);
    assert!(matches!(
        receive_all(&mut receiver, [4])[0],
        Arrival::Restarted { .. }
    ));
    receive_all(&mut receiver, 5..10);
    let stats = receiver.stats();
    assert_eq!(
        (stats.restarts, stats.strays, stats.lost, stats.packets),
        (1, 1, 0, 16)
    );
}

#[test]
fn a_report_is_about_the_time_since_the_last_one() {
    let mut receiver = Receiver::new(8_000);
    receive_all(&mut receiver, 0..100);
    assert_eq!(receiver.report_block(ms(0)).unwrap().fraction_lost, 0);
    receive_all(&mut receiver, (100..=200).filter(|n| n % 4 != 1));
    let block = receiver.report_block(ms(0)).unwrap();
    assert_eq!(
        (block.fraction_lost, block.cumulative_lost),
        (63, 25),
        "25 of 101 in 256ths, rounded down"
    );
    assert_eq!(block.extended_highest_sequence, 200);
    assert_eq!(receiver.report_block(ms(0)).unwrap().fraction_lost, 0);
}

#[test]
fn cycles_stand_above_the_highest_number() {
    let mut receiver = Receiver::new(8_000);
    receive_all(&mut receiver, [0xfffe, 0xffff, 0, 1]);
    assert_eq!(
        receiver
            .report_block(ms(0))
            .unwrap()
            .extended_highest_sequence,
        0x1_0001
    );
}

#[test]
fn duplicates_make_the_reported_loss_negative() {
    let mut receiver = Receiver::new(8_000);
    receive_all(&mut receiver, [0, 1, 1, 1]);
    let block = receiver.report_block(ms(0)).unwrap();
    assert_eq!((block.cumulative_lost, block.fraction_lost), (-2, 0));
}

#[test]
fn the_delay_since_the_peers_report_is_told() {
    let mut receiver = Receiver::new(8_000);
    receive_all(&mut receiver, 0..3);
    receiver.receive_sender_report(Ssrc(99), NtpTime(1), ms(2000));
    assert_eq!(
        receiver.report_block(ms(2000)).unwrap().last_sr,
        0,
        "a report of a source that is not heard"
    );
    receiver.receive_sender_report(PEER, NtpTime(0x1234_5678_9abc_def0), ms(2000));
    let block = receiver.report_block(ms(3500)).unwrap();
    assert_eq!(
        (block.last_sr, block.delay_since_last_sr),
        (0x5678_9abc, 3 * 65_536 / 2)
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    /// Loss, duplication and reordering by at most a few packets, over the wrap: the counters are the truth.
    #[test]
    fn the_counters_are_the_truth(start: u16, fates in vec(0_u8..12, 2..300)) {
        let mut line: Vec<(usize, u16)> = Vec::new();
        for (n, fate) in fates.iter().enumerate() {
            let number = start.wrapping_add(n as u16);
            // The first and last packet come in any case: what is lost before or after nobody can know.
            match fate {
                0 if n > 0 && n + 1 < fates.len() => {}
                1 => line.extend([(2 * n, number), (2 * n + 7, number)]),
                2 => line.push((2 * n + 9, number)),
                _ => line.push((2 * n, number)),
            }
        }
        line.sort();
        let sent = fates.len();
        let unique = sent - fates[1..sent - 1].iter().filter(|fate| **fate == 0).count();
        let duplicates = line.len() - unique;
        let mut receiver = Receiver::new(8_000);
        receive_all(&mut receiver, line.iter().map(|(_, number)| *number));
        let stats = receiver.stats();
        prop_assert_eq!(stats.packets, unique as u64);
        prop_assert_eq!(stats.duplicates, duplicates as u64);
        prop_assert_eq!((stats.expected, stats.lost), (sent as u64, (sent - unique) as u64));
    }

    #[test]
    fn any_headers_at_all_are_counted_somewhere(
        headers in vec((any::<u16>(), any::<u32>(), 0_u32..3, 0_u64..100_000), 0..200)
    ) {
        let mut receiver = Receiver::new(8_000);
        let mut now = 0;
        let count = headers.len() as u64;
        for (sequence, timestamp, ssrc, later_ms) in headers {
            now += later_ms;
            let header = RtpHeader { sequence, timestamp, ..packet(Ssrc(ssrc), 0) };
            receiver.receive(&header, OCTETS, ms(now));
            receiver.report_block(ms(now));
        }
        let stats = receiver.stats();
        prop_assert_eq!(stats.packets + stats.duplicates + stats.strays, count);
        prop_assert!((0.0..=1.0).contains(&stats.lost_ratio));
    }
}

#[test]
fn another_clock_in_mid_stream_is_no_jitter_and_no_loss() {
    let mut receiver = Receiver::new(8_000);
    receive_all(&mut receiver, 0..100);
    receiver.set_clock_rate(48_000);
    for n in 100..200_u16 {
        let timestamp = 16_000 + u32::from(n - 100) * 960;
        let packet = RtpHeader {
            timestamp,
            ..packet(PEER, n)
        };
        receiver.receive(&packet, OCTETS, ms(1000 + 20 * u64::from(n)));
    }
    let stats = receiver.stats();
    assert_eq!((stats.packets, stats.lost), (200, 0));
    assert!(stats.jitter_ms < 0.01, "{}", stats.jitter_ms);
}
