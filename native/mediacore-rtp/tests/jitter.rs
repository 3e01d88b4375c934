//! The play-out buffer over a simulated path: packets of 20 ms with given delays, a decoder that ticks every 20 ms.

use std::time::Duration;

use mediacore_rtp::{
    JitterBuffer, JitterConfig, JitterStats, PayloadType, Playout, RtpHeader, Ssrc,
};
use proptest::collection::vec;
use proptest::prelude::*;

const PACKET_TICKS: u32 = 160;
const AUDIO: PayloadType = PayloadType(0);
const EVENT: PayloadType = PayloadType(101);

/// What the listener got in one tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Heard {
    Packet(u16),
    Spliced(u16),
    Concealed,
    Nothing,
}

use Heard::{Concealed, Nothing, Packet, Spliced};

/// A packet on its way: when it comes, and what it is.
#[derive(Clone, Debug)]
struct OnTheWay {
    arrives_ms: u64,
    header: RtpHeader,
    duration_ticks: u32,
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn header(n: u16) -> RtpHeader {
    RtpHeader {
        payload_type: AUDIO,
        marker: n == 0,
        sequence: 65_500_u16.wrapping_add(n),
        timestamp: 0xffff_f000_u32.wrapping_add(u32::from(n) * PACKET_TICKS),
        ssrc: Ssrc(1),
    }
}

/// Packet `n`, sent at 20 n ms, underway for `delay_ms`.
fn on_the_way(n: u16, delay_ms: u64) -> OnTheWay {
    OnTheWay {
        arrives_ms: 20 * u64::from(n) + delay_ms,
        header: header(n),
        duration_ticks: PACKET_TICKS,
    }
}

/// A stream in which every packet has its delay; none is lost.
fn delayed(delays_ms: impl IntoIterator<Item = Option<u64>>) -> Vec<OnTheWay> {
    let numbered = (0..).zip(delays_ms);
    numbered
        .filter_map(|(n, delay_ms)| Some(on_the_way(n, delay_ms?)))
        .collect()
}

/// A buffer and what its listener heard so far.
struct Listener {
    buffer: JitterBuffer,
    now_ms: u64,
    heard: Vec<Heard>,
}

impl Listener {
    fn new(config: JitterConfig) -> Self {
        Self {
            buffer: JitterBuffer::new(config),
            now_ms: 0,
            heard: Vec::new(),
        }
    }

    fn insert(&mut self, packet: &OnTheWay) {
        let number = packet.header.sequence.wrapping_sub(65_500).to_be_bytes();
        let arrived_at = ms(packet.arrives_ms);
        self.buffer
            .insert(&packet.header, &number, packet.duration_ticks, arrived_at);
    }

    /// One tick of the decoder; events take no time.
    fn tick(&mut self) {
        let heard = loop {
            match self.buffer.pop(ms(self.now_ms)) {
                Playout::Decode(packet) if packet.duration_ticks == 0 => {}
                Playout::Decode(packet) => {
                    let n = u16::from_be_bytes(packet.payload.try_into().unwrap());
                    break if packet.is_discontinuous {
                        Spliced(n)
                    } else {
                        Packet(n)
                    };
                }
                Playout::Conceal { .. } => break Concealed,
                Playout::Wait => break Nothing,
            }
        };
        self.heard.push(heard);
        self.now_ms += 20;
    }

    fn listen(&mut self, mut stream: Vec<OnTheWay>, until_ms: u64) {
        stream.sort_by_key(|packet| packet.arrives_ms);
        let mut stream = stream.iter().peekable();
        while self.now_ms < until_ms {
            while let Some(packet) = stream.next_if(|packet| packet.arrives_ms <= self.now_ms) {
                self.insert(packet);
            }
            self.tick();
        }
    }

    fn stats(&self) -> JitterStats {
        self.buffer.stats()
    }
}

/// Plays a stream from beginning to end.
fn listen(stream: Vec<OnTheWay>) -> Listener {
    let end_ms = stream
        .iter()
        .map(|packet| packet.arrives_ms)
        .max()
        .unwrap_or(0);
    let mut listener = Listener::new(JitterConfig::default());
    listener.listen(stream, end_ms + 20);
    listener
}

fn count(heard: &[Heard], what: Heard) -> usize {
    heard.iter().filter(|heard| **heard == what).count()
}

/// Packets that were played, dropped for a counted reason, or are still there.
fn accounted_for(stats: &JitterStats) -> u64 {
    let never_in = stats.late + stats.duplicates + stats.oversize + stats.strays;
    let dropped = stats.overflowed + stats.skipped + stats.flushed;
    stats.played + never_in + dropped + stats.buffered as u64
}

/// Packets played, in their order.
fn numbers(heard: &[Heard]) -> Vec<u16> {
    let number = |heard: &Heard| match heard {
        Packet(n) | Spliced(n) => Some(*n),
        Concealed | Nothing => None,
    };
    heard.iter().filter_map(number).collect()
}

#[test]
fn the_first_packet_is_held_for_the_target_and_then_all_follow() {
    let listener = listen(delayed(vec![Some(5); 100]));
    // It comes at 5 ms and is due at 45: the tick after that.
    assert_eq!(listener.heard[..4], [Nothing, Nothing, Nothing, Packet(0)]);
    let expected: Vec<u16> = (0..97).collect();
    assert_eq!(numbers(&listener.heard)[..97], expected);
    assert_eq!(count(&listener.heard, Concealed), 0);
}

#[test]
fn reordered_packets_are_played_in_order() {
    let listener = listen(delayed([5, 5, 30, 5, 5, 30, 5, 5, 5, 5, 5, 5].map(Some)));
    assert_eq!(numbers(&listener.heard), (0..10).collect::<Vec<u16>>());
    assert_eq!(count(&listener.heard, Concealed), 0);
}

#[test]
fn a_hole_is_concealed_in_its_place_and_costs_no_delay() {
    let mut delays = vec![Some(5); 60];
    for lost in [10, 20, 21, 30, 31, 32] {
        delays[lost] = None;
    }
    let listener = listen(delayed(delays));
    for (tick, heard) in listener.heard.iter().enumerate().skip(3).take(57) {
        let n = tick - 3;
        let is_lost = [10, 20, 21, 30, 31, 32].contains(&n);
        assert_eq!(
            *heard,
            if is_lost { Concealed } else { Packet(n as u16) },
            "tick {tick}"
        );
    }
    assert_eq!(listener.stats().concealed_ms, 120.0);
}

#[test]
fn a_late_packet_is_waited_for_when_nothing_else_is_there() {
    // The path stalls for 100 ms from packet 20 on, and all come at once.
    let delays = (0..60).map(|n| {
        Some(if (20..25).contains(&n) {
            105 - 20 * (n - 20)
        } else {
            5
        })
    });
    let listener = listen(delayed(delays));
    let played = numbers(&listener.heard);
    assert!(
        played.windows(2).all(|pair| pair[1] > pair[0]),
        "{played:?}"
    );
    let concealed = count(&listener.heard, Concealed);
    assert!((1..=4).contains(&concealed), "concealed {concealed}");
    assert_eq!(listener.stats().late, 0);
}

#[test]
fn what_a_stall_added_is_taken_back_by_splices() {
    let delays = (0..400).map(|n| {
        Some(if (20..26).contains(&n) {
            125 - 20 * (n - 20)
        } else {
            5
        })
    });
    let listener = listen(delayed(delays));
    let stats = listener.stats();
    assert!(stats.skipped > 0 && stats.skipped <= 5, "{stats:?}");
    assert!(stats.delay_ms <= stats.target_ms + 60.0, "{stats:?}");
    assert_eq!(
        listener
            .heard
            .iter()
            .filter(|heard| matches!(heard, Spliced(_)))
            .count() as u64,
        stats.skipped
    );
}

#[test]
fn a_steady_path_is_played_without_a_single_change() {
    let listener = listen(delayed(vec![Some(30); 1500]));
    let stats = listener.stats();
    assert_eq!(
        (stats.skipped, stats.late, stats.concealed_ms, stats.resyncs),
        (0, 0, 0.0, 0)
    );
    assert_eq!(
        stats.target_ms, 20.0,
        "nothing calls for more than the least"
    );
}

/// A small generator of numbers with a seed, for paths longer than proptest makes them.
fn jittered(seed: u64, packets: usize, jitter_ms: u64) -> Vec<Option<u64>> {
    let mut state = seed;
    let mut next = move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % (jitter_ms + 1)
    };
    (0..packets).map(|_| Some(10 + next())).collect()
}

#[test]
fn the_target_follows_the_jitter_up_and_down() {
    let rough = jittered(1, 1500, 80);
    let calm = jittered(2, 4000, 5);
    let mut listener = Listener::new(JitterConfig::default());
    let stream = delayed(rough.into_iter().chain(calm));
    listener.listen(stream.clone(), 1500 * 20);
    let in_rough = listener.stats();
    assert!((70.0..=100.0).contains(&in_rough.target_ms), "{in_rough:?}");
    listener.listen(
        stream
            .into_iter()
            .filter(|packet| packet.arrives_ms > 1500 * 20)
            .collect(),
        5500 * 20,
    );
    let in_calm = listener.stats();
    assert!(in_calm.target_ms <= 30.0, "{in_calm:?}");
    assert!(in_calm.delay_ms <= 90.0, "{in_calm:?}");
}

#[test]
fn jitter_within_the_target_conceals_almost_nothing() {
    let listener = listen(delayed(jittered(3, 3000, 60)));
    let stats = listener.stats();
    assert!(stats.concealed_ms <= 0.01 * 60_000.0, "{stats:?}");
    let played = numbers(&listener.heard);
    assert!(played.windows(2).all(|pair| pair[1] > pair[0]));
    assert!(played.len() > 2950, "{}", played.len());
}

#[test]
fn a_sender_whose_clock_is_fast_or_slow_is_followed() {
    // 200 ppm over ten minutes are 120 ms; no packet is lost.
    let slow = delayed((0..30_000).map(|n| Some(5 + n / 250)));
    let fast = delayed((0..30_000).map(|n| Some(125 - n / 250)));
    for stream in [slow, fast] {
        let stats = listen(stream).stats();
        let changes = stats.skipped + (stats.concealed_ms / 20.0) as u64;
        assert!((3..=8).contains(&changes), "{stats:?}");
        assert!(stats.delay_ms <= 80.0, "{stats:?}");
    }
}

#[test]
fn an_end_is_concealed_for_a_while_and_then_there_is_nothing() {
    let mut listener = listen(delayed(vec![Some(0); 20]));
    listener.listen(Vec::new(), 1000);
    assert_eq!(count(&listener.heard, Concealed), 6, "CONCEAL_MAX_MS");
    assert_eq!(listener.heard.last(), Some(&Nothing));
    assert_eq!(listener.stats().buffered, 0);
}

#[test]
fn a_pause_of_the_sender_is_silence_and_no_loss() {
    // Silence suppression: numbers go on, timestamps jump by half a second.
    let mut stream = delayed(vec![Some(5); 50]);
    for packet in &mut stream[25..] {
        packet.arrives_ms += 500;
        packet.header.timestamp = packet.header.timestamp.wrapping_add(4000);
    }
    let listener = listen(stream);
    assert_eq!(
        numbers(&listener.heard)[..47],
        (0..47).collect::<Vec<u16>>()
    );
    assert_eq!(
        listener.stats().concealed_ms,
        0.0,
        "taken back when the pause showed"
    );
    let pause = listener
        .heard
        .iter()
        .skip(3 + 25)
        .take_while(|heard| !matches!(heard, Packet(_)))
        .count();
    assert_eq!(pause, 25, "the pause is as long as the sender made it");
}

#[test]
fn a_telephone_event_takes_its_turn_and_no_time() {
    let mut stream = delayed(vec![Some(5); 40]);
    for (n, packet) in stream.iter_mut().enumerate().skip(10).take(8) {
        packet.header.payload_type = EVENT;
        packet.header.timestamp = header(10).timestamp;
        packet.duration_ticks = 0;
        packet.header.marker = n == 10;
    }
    let listener = listen(stream);
    assert_eq!(
        numbers(&listener.heard)[..10],
        (0..10).collect::<Vec<u16>>()
    );
    assert_eq!(numbers(&listener.heard)[10], 18);
    assert_eq!(
        listener.heard[3 + 18],
        Packet(18),
        "audio goes on where its timestamp says"
    );
    assert_eq!(
        (listener.stats().concealed_ms, listener.stats().late),
        (0.0, 0)
    );
}

#[test]
fn a_lost_part_of_a_telephone_event_is_no_hole_in_the_sound() {
    let mut stream = delayed(vec![Some(5); 40]);
    for packet in stream.iter_mut().skip(10).take(8) {
        packet.header.payload_type = EVENT;
        packet.header.timestamp = header(10).timestamp;
        packet.duration_ticks = 0;
    }
    stream.remove(14);
    let listener = listen(stream);
    assert_eq!(count(&listener.heard, Concealed), 0);
    assert_eq!(listener.heard[3 + 18], Packet(18));
}

#[test]
fn a_target_that_grew_is_reached_at_the_next_hole() {
    // Each fifth packet takes another way and is 70 ms later than the others, which are there in the meantime.
    let delays = (0..200).map(|n| Some(if n % 5 == 4 { 75 } else { 5 }));
    let listener = listen(delayed(delays));
    let stats = listener.stats();
    assert!(
        stats.target_ms >= 75.0 && stats.delay_ms >= 70.0,
        "{stats:?}"
    );
    assert!(stats.late <= 4, "soon nothing is late any more: {stats:?}");
}

#[test]
fn another_source_takes_over_at_once() {
    let mut stream = delayed(vec![Some(5); 100]);
    for packet in &mut stream[50..] {
        packet.header.ssrc = Ssrc(2);
        packet.header.sequence = packet.header.sequence.wrapping_add(30_000);
        packet.header.timestamp = packet.header.timestamp.wrapping_add(0x1234_5678);
    }
    let listener = listen(stream);
    let stats = listener.stats();
    assert_eq!((stats.resyncs, stats.late, stats.strays), (1, 0, 0));
    assert!(stats.played >= 92, "{stats:?}");
}

#[test]
fn a_restart_of_the_numbers_is_followed() {
    let mut stream = delayed(vec![Some(5); 100]);
    for packet in &mut stream[50..] {
        packet.header.sequence = packet.header.sequence.wrapping_add(30_000);
        packet.header.timestamp = packet.header.timestamp.wrapping_add(0x5234_5678);
    }
    let stats = listen(stream).stats();
    assert_eq!((stats.strays, stats.late), (1, 0));
    assert!(stats.resyncs >= 1 && stats.played >= 90, "{stats:?}");
}

#[test]
fn a_jump_of_the_timestamps_alone_is_followed() {
    for jump in [400_000_u32, 400_000_u32.wrapping_neg()] {
        let mut stream = delayed(vec![Some(5); 200]);
        for packet in &mut stream[50..] {
            packet.header.timestamp = packet.header.timestamp.wrapping_add(jump);
        }
        let stats = listen(stream).stats();
        assert!(stats.resyncs == 1 && stats.played >= 190, "{stats:?}");
        assert!(stats.delay_ms < 70.0, "{stats:?}");
    }
}

#[test]
fn a_long_gap_begins_a_new_talk_spurt() {
    // Two seconds are lost; the clock and the numbers went on.
    let delays = (0..300).map(|n| (!(100..200).contains(&n)).then_some(5));
    let listener = listen(delayed(delays));
    let stats = listener.stats();
    assert_eq!(
        (
            count(&listener.heard, Concealed),
            stats.overflowed,
            stats.late
        ),
        (6, 0, 0)
    );
    assert!(stats.played > 190, "{stats:?}");
    assert!(stats.delay_ms < 70.0, "{stats:?}");
}

#[test]
fn a_lump_after_a_gap_is_not_played_as_delay() {
    // Half a second of packets held up by the path, then all at once; nothing was lost.
    let delays = (0..200).map(|n| {
        Some(if (50..75).contains(&n) {
            505 - 20 * (n - 50)
        } else {
            5
        })
    });
    let stats = listen(delayed(delays)).stats();
    assert!(stats.delay_ms <= stats.target_ms + 60.0, "{stats:?}");
    assert!(stats.skipped > 10, "{stats:?}");
}

#[test]
fn a_full_buffer_drops_the_oldest() {
    let mut buffer = JitterBuffer::new(JitterConfig {
        slots: 8,
        ..JitterConfig::default()
    });
    for n in 0..20 {
        buffer.insert(&header(n), &n.to_be_bytes(), 160, ms(5));
    }
    let stats = buffer.stats();
    assert_eq!((stats.overflowed, stats.buffered), (12, 8));
    let Playout::Decode(packet) = buffer.pop(ms(1000)) else {
        panic!()
    };
    assert!(packet.payload[1] >= 12);
}

#[test]
fn duplicates_late_and_oversize_packets_are_counted() {
    let mut listener = listen(delayed(vec![Some(0); 10]));
    let copy = on_the_way(9, 0);
    listener.insert(&copy);
    assert_eq!((listener.stats().duplicates, listener.stats().late), (1, 0));
    listener.insert(&on_the_way(2, 180));
    assert_eq!(listener.stats().late, 1);
    let long = [0; 481];
    listener.buffer.insert(&header(10), &long, 481, ms(200));
    assert_eq!(listener.stats().oversize, 1);
}

#[test]
fn short_packets_are_popped_twice_in_a_tick() {
    let mut buffer = JitterBuffer::new(JitterConfig::default());
    let mut decoded = Vec::new();
    for n in 0..100_u16 {
        let half = RtpHeader {
            timestamp: u32::from(n) * 80,
            ..header(n)
        };
        buffer.insert(&half, &n.to_be_bytes(), 80, ms(10 * u64::from(n)));
        if n % 2 == 1 {
            for _ in 0..2 {
                if let Playout::Decode(packet) = buffer.pop(ms(10 * u64::from(n))) {
                    decoded.push(packet.payload[1]);
                }
            }
        }
    }
    assert!(decoded.len() >= 92, "{}", decoded.len());
    assert!(
        decoded.windows(2).all(|pair| pair[1] == pair[0] + 1),
        "{decoded:?}"
    );
}

#[test]
fn timestamps_that_jump_for_ever_do_not_overflow() {
    for duration_ticks in [0, 160] {
        let mut buffer = JitterBuffer::new(JitterConfig::default());
        for n in 0..100_000_u32 {
            let jumping = RtpHeader {
                timestamp: n.wrapping_mul(0x7fff_ffff),
                sequence: n as u16,
                ..header(0)
            };
            buffer.insert(&jumping, &[0; 160], duration_ticks, ms(20 * u64::from(n)));
            buffer.pop(ms(20 * u64::from(n)));
        }
        assert!(buffer.stats().resyncs > 0);
    }
}

#[test]
fn what_a_change_of_source_threw_away_is_counted_and_the_new_one_is_spliced_in() {
    let mut buffer = JitterBuffer::new(JitterConfig::default());
    for n in 0..5 {
        buffer.insert(&header(n), &[0; 160], 160, ms(20 * u64::from(n)));
    }
    assert!(matches!(buffer.pop(ms(80)), Playout::Decode(packet) if !packet.is_discontinuous));
    buffer.insert(
        &RtpHeader {
            ssrc: Ssrc(2),
            ..header(5)
        },
        &[0; 160],
        160,
        ms(100),
    );
    let stats = buffer.stats();
    assert_eq!(
        (stats.flushed + stats.skipped, stats.buffered, stats.resyncs),
        (4, 1, 1)
    );
    assert!(matches!(buffer.pop(ms(140)), Playout::Decode(packet) if packet.is_discontinuous));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    /// Any delays, losses and copies within the buffer's reach: packets are played in order, each at most once, and every one
    /// that came is played, dropped for a counted reason, or still there.
    #[test]
    fn every_packet_is_accounted_for(fates in vec((0_u64..150, 0_u8..10), 1..150)) {
        let mut stream = Vec::new();
        for (n, (delay_ms, fate)) in fates.iter().enumerate() {
            let packet = on_the_way(n as u16, *delay_ms);
            match fate {
                0 => {}
                1 => stream.extend([packet.clone(), OnTheWay { arrives_ms: packet.arrives_ms + 30, ..packet }]),
                _ => stream.push(packet),
            }
        }
        let sent = stream.len() as u64;
        let listener = listen(stream);
        let played = numbers(&listener.heard);
        prop_assert!(played.windows(2).all(|pair| pair[1] > pair[0]), "{:?}", played);
        prop_assert_eq!(accounted_for(&listener.stats()), sent, "{:?}", listener.stats());
    }

    /// Headers from anywhere, at any time: no panic, no loop, and the counters stay true.
    #[test]
    fn any_headers_at_all_leave_the_buffer_sane(
        moves in vec((any::<u16>(), any::<u32>(), 0_u32..2, 0_u32..400, 0_u64..3000, any::<bool>(), any::<bool>()), 0..120)
    ) {
        let mut buffer = JitterBuffer::new(JitterConfig { slots: 16, ..JitterConfig::default() });
        let (mut now_ms, mut inserted, mut played) = (0, 0, 0);
        for (sequence, timestamp, ssrc, duration_ticks, later_ms, is_wild, pops) in moves {
            now_ms += later_ms % 50;
            let near = header(inserted);
            let header = match is_wild {
                true => RtpHeader { sequence, timestamp, ssrc: Ssrc(ssrc), ..near },
                false => RtpHeader { sequence: near.sequence.wrapping_add(sequence % 30), ..near },
            };
            buffer.insert(&header, &[0; 160], duration_ticks, ms(now_ms));
            inserted += 1;
            if pops {
                played += u64::from(matches!(buffer.pop(ms(now_ms)), Playout::Decode(_)));
            }
            let stats = buffer.stats();
            prop_assert!(stats.buffered <= 16 && stats.played == played);
            prop_assert!(stats.target_ms >= 20.0 && stats.target_ms <= 400.0);
            prop_assert!(stats.concealed_ms >= 0.0);
            prop_assert_eq!(accounted_for(&stats), u64::from(inserted));
        }
    }
}
