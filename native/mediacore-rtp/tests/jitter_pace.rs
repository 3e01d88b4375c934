//! What the play-out buffer advises whoever can stretch sound, over a simulated path; the stretching here is exact.

use std::time::Duration;

use mediacore_rtp::{
    Advice, JitterBuffer, JitterConfig, JitterStats, PayloadType, Playout, RtpHeader, Ssrc,
};
use proptest::prelude::*;

const FRAME_MS: f64 = 20.0;
/// A period of the voice.
const PERIOD_MS: f64 = 5.0;

fn ms(ms: f64) -> Duration {
    Duration::from_secs_f64(ms / 1000.0)
}

/// Somebody who pops by frames of 20 ms, and stretches what bears it.
struct Decoder {
    buffer: JitterBuffer,
    now_ms: f64,
    left_ms: f64,
    bears: bool,
    longest_change_ms_per_s: f64,
    changed_ms: Vec<(f64, f64)>,
}

impl Decoder {
    fn new() -> Self {
        Self {
            buffer: JitterBuffer::new(JitterConfig::default()),
            now_ms: 0.0,
            left_ms: 0.0,
            bears: true,
            longest_change_ms_per_s: 0.0,
            changed_ms: Vec::new(),
        }
    }

    fn tick(&mut self) {
        let now = ms(self.now_ms);
        let mut advice = self.buffer.advise(now, ms(self.left_ms), ms(FRAME_MS));
        let ahead_ms = match advice {
            Advice::Shorten { .. } => 10.0,
            Advice::Lengthen | Advice::Keep => 0.0,
        };
        while self.left_ms < FRAME_MS - 1e-6
            || self.left_ms < FRAME_MS + ahead_ms && self.buffer.has_next()
        {
            match self.buffer.pop(now) {
                Playout::Decode(packet) => self.left_ms += f64::from(packet.duration_ticks) / 8.0,
                Playout::Conceal { duration_ticks } => {
                    self.left_ms += f64::from(duration_ticks) / 8.0;
                    advice = Advice::Keep;
                }
                Playout::Wait => {
                    advice = Advice::Keep;
                    break;
                }
            }
        }
        self.follow(advice, now);
        self.left_ms = (self.left_ms - FRAME_MS).max(0.0);
        self.now_ms += FRAME_MS;
    }

    fn follow(&mut self, advice: Advice, now: Duration) {
        let by_ms = match advice {
            Advice::Keep => return,
            Advice::Shorten { at_most } if self.bears && at_most >= ms(PERIOD_MS) => -PERIOD_MS,
            Advice::Lengthen if self.bears => PERIOD_MS,
            Advice::Shorten { .. } | Advice::Lengthen => return self.buffer.note_refused(now),
        };
        match by_ms < 0.0 {
            true => self.buffer.note_shortened(ms(PERIOD_MS), now),
            false => self.buffer.note_lengthened(ms(PERIOD_MS), now),
        }
        self.left_ms += by_ms;
        self.changed_ms.push((self.now_ms, by_ms));
        let recent = self.changed_ms.iter().rev();
        let of_a_second = recent.take_while(|(at_ms, _)| self.now_ms - at_ms < 1000.0);
        let sum_ms: f64 = of_a_second.map(|(_, by_ms)| by_ms.abs()).sum();
        self.longest_change_ms_per_s = self.longest_change_ms_per_s.max(sum_ms);
    }

    /// Packets of `packet_ms`, the n-th after its delay, until `until_ms`.
    fn listen(&mut self, packet_ms: f64, until_ms: f64, delay_ms: impl Fn(f64) -> f64) {
        let first = (self.now_ms / packet_ms).ceil() as u32;
        let mut packets: Vec<(f64, u32)> = (first..(until_ms / packet_ms).ceil() as u32)
            .map(|n| {
                let sent_ms = f64::from(n) * packet_ms;
                (sent_ms + delay_ms(sent_ms), n)
            })
            .collect();
        packets.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut packets = packets.into_iter().peekable();
        while self.now_ms < until_ms {
            while let Some((arrives_ms, n)) = packets.next_if(|packet| packet.0 <= self.now_ms) {
                self.insert(n, packet_ms, arrives_ms);
            }
            self.tick();
        }
    }

    fn insert(&mut self, n: u32, packet_ms: f64, arrives_ms: f64) {
        let ticks = (packet_ms * 8.0) as u32;
        let header = RtpHeader {
            payload_type: PayloadType(0),
            marker: false,
            sequence: (n + 65_000) as u16,
            timestamp: n.wrapping_mul(ticks).wrapping_sub(40_000),
            ssrc: Ssrc(1),
        };
        let payload = [0; 4];
        self.buffer.insert(&header, &payload, ticks, ms(arrives_ms));
    }

    fn stats(&self) -> JitterStats {
        self.buffer.stats()
    }
}

#[test]
fn what_was_held_to_begin_with_is_given_back_to_within_a_frame() {
    for packet_ms in [2.5, 5.0, 10.0, 20.0, 30.0, 40.0, 60.0, 120.0] {
        let mut decoder = Decoder::new();
        decoder.listen(packet_ms, 8_000.0, |_| 33.0);
        let stats = decoder.stats();
        // A packet longer than a frame lies decoded while the frames before its end are played.
        let most_ms = stats.target_ms + packet_ms.max(FRAME_MS) + 2.0 * PERIOD_MS;
        assert!(stats.delay_ms <= most_ms, "{packet_ms} ms: {stats:?}");
        assert_eq!(stats.concealed_ms, 0.0, "{packet_ms} ms: {stats:?}");
        // Of what was due before the first tick only the last is played.
        let skipped_ms = stats.skipped as f64 * packet_ms;
        assert!(stats.late == 0 && skipped_ms < FRAME_MS, "{stats:?}");
    }
}

#[test]
fn a_shorter_route_is_followed_by_haste_and_not_by_holes() {
    let mut decoder = Decoder::new();
    decoder.listen(
        20.0,
        12_000.0,
        |at_ms| if at_ms < 10_000.0 { 200.0 } else { 50.0 },
    );
    let stats = decoder.stats();
    assert!(
        stats.delay_ms <= stats.target_ms + 2.0 * FRAME_MS,
        "{stats:?}"
    );
    assert_eq!((stats.concealed_ms, stats.skipped), (0.0, 0), "{stats:?}");
    assert!(decoder.longest_change_ms_per_s <= 440.0);
}

#[test]
fn sound_that_bears_no_change_is_skipped_after_two_seconds() {
    let mut decoder = Decoder::new();
    decoder.bears = false;
    decoder.listen(
        20.0,
        20_000.0,
        |at_ms| if at_ms < 10_000.0 { 200.0 } else { 50.0 },
    );
    let stats = decoder.stats();
    assert!(stats.skipped >= 4, "{stats:?}");
    assert!(stats.delay_ms <= stats.target_ms + 60.0, "{stats:?}");
}

#[test]
fn a_longer_route_is_not_paid_for_by_the_buffer_as_well() {
    let mut decoder = Decoder::new();
    decoder.listen(
        20.0,
        25_000.0,
        |at_ms| if at_ms < 10_000.0 { 50.0 } else { 150.0 },
    );
    let stats = decoder.stats();
    assert!(stats.target_ms <= 25.0, "{stats:?}");
    assert!(stats.delay_ms <= stats.target_ms + FRAME_MS, "{stats:?}");
}

#[test]
fn stalls_that_come_again_are_waited_for_and_a_single_one_is_not() {
    // For a tenth of a second in every two nothing comes; then all of it does.
    let stall = |at_ms: f64, since_ms: f64| match (at_ms - since_ms) % 2000.0 {
        within_ms if within_ms < 100.0 => 130.0 - within_ms,
        _ => 30.0,
    };
    let mut decoder = Decoder::new();
    decoder.listen(20.0, 20_000.0, |at_ms| stall(at_ms, 0.0));
    let before = decoder.stats();
    assert!(before.target_ms >= 95.0, "{before:?}");
    decoder.listen(20.0, 30_000.0, |at_ms| stall(at_ms, 0.0));
    let concealed_ms = decoder.stats().concealed_ms - before.concealed_ms;
    assert!(concealed_ms <= 40.0, "{concealed_ms} ms");

    let mut decoder = Decoder::new();
    let once = |at_ms: f64| match at_ms {
        5_000.0..5_100.0 => 5_130.0 - at_ms,
        _ => 30.0,
    };
    decoder.listen(20.0, 12_000.0, once);
    assert!(decoder.stats().target_ms <= 30.0, "{:?}", decoder.stats());
}

#[test]
fn an_outage_counts_as_missing_once_it_is_over() {
    let mut decoder = Decoder::new();
    decoder.listen(20.0, 5_000.0, |_| 30.0);
    // A second of it comes never, or too late to be played.
    decoder.listen(
        20.0,
        8_000.0,
        |at_ms| if at_ms < 6_000.0 { 1e9 } else { 30.0 },
    );
    let stats = decoder.stats();
    let lost_ms = stats.concealed_ms + stats.missing_ms;
    assert!((960.0..=1_060.0).contains(&lost_ms), "{stats:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn changes_stay_within_what_a_second_bears(
        seed in any::<u64>(),
        jitter_ms in 0.0..200.0_f64,
        drift_ppm in -500.0..500.0_f64,
    ) {
        let mut decoder = Decoder::new();
        let chance = |at_ms: f64| {
            let mixed = (at_ms.to_bits() ^ seed).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            (mixed >> 40) as f64 / (1_u64 << 24) as f64
        };
        decoder.listen(20.0, 10_000.0, |at_ms| {
            50.0 + chance(at_ms) * jitter_ms + at_ms * drift_ppm * 1e-6
        });
        // What was saved, and one period over it.
        prop_assert!(decoder.longest_change_ms_per_s <= 400.0 + 30.0 + PERIOD_MS);
        let stats = decoder.stats();
        prop_assert!(stats.delay_ms <= 400.0 + 2.0 * FRAME_MS, "{stats:?}");
    }
}
