//! Forwarded calls over bad links: what is passed on is what came, in the order in which it came, each packet once, and the
//! counters say what the links did (RFC 3550 A.1, A.3, 6.4.1).

use std::collections::HashSet;
use std::time::Duration;

use mediacore_audio::Codec;
use mediacore_rtp::{RtpHeader, RtpPacket, SenderState, Ssrc, is_rtcp};
use mediacore_sim::{
    Bottleneck, CrossTraffic, Jitter, LinkConfig, Loss, PcapReader, PhoneConfig, PhoneId, Scene,
    Voice,
};

const TONE: Voice = Voice::Tone {
    hz: 440.0,
    level_dbfs: -12.0,
};

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// Somebody who speaks over a bad link to somebody with a perfect one; both in one codec.
fn relayed(seed: u64, speaker: PhoneConfig) -> (Scene, PhoneId, PhoneId) {
    let mut scene = Scene::new(seed);
    scene.start_capture();
    let speaker = scene.add(&PhoneConfig {
        voice: TONE,
        ..speaker
    });
    let hearer = scene.add(&PhoneConfig {
        tones_hz: vec![440.0],
        ..PhoneConfig::default()
    });
    scene.bridge(speaker, hearer);
    (scene, speaker, hearer)
}

/// Headers of RTP that came to the engine from a phone, in that order.
fn came(scene: &Scene, phone: PhoneId) -> Vec<RtpHeader> {
    let captured = PcapReader::new(scene.captured()).expect("our own capture");
    captured
        .map(|datagram| datagram.expect("it is whole"))
        .filter(|datagram| datagram.from == scene.phone(phone).address)
        .filter(|datagram| !is_rtcp(&datagram.payload))
        .map(|datagram| {
            let packet = RtpPacket::parse(&datagram.payload);
            packet.expect("phones send RTP").header
        })
        .collect()
}

fn heard(scene: &Scene, phone: PhoneId) -> Vec<RtpHeader> {
    let wire = scene.phone(phone).listener.wire();
    wire.packets().iter().map(|packet| packet.header).collect()
}

#[test]
fn each_packet_is_passed_on_once_in_the_order_in_which_it_came() {
    for seed in 1..=10 {
        let up = LinkConfig {
            delay: ms(20),
            jitter: Jitter::Exponential { mean: ms(8) },
            may_overtake: true,
            loss: Loss::bursts(0.05, 2.0),
            held_up_ratio: 0.05,
            held_up_by: ms(90),
            duplicate_ratio: 0.05,
            duplicate_after: ms(25),
            ..LinkConfig::default()
        };
        let (mut scene, speaker, hearer) = relayed(
            seed,
            PhoneConfig {
                up,
                first_sequence: Some(65_000),
                first_timestamp: Some(u32::MAX - 80_000),
                ..PhoneConfig::default()
            },
        );
        scene.run(Duration::from_secs(60));

        let came = came(&scene, speaker);
        let mut seen = HashSet::new();
        let firsts: Vec<_> = came
            .iter()
            .filter(|header| seen.insert(header.sequence))
            .collect();
        let heard = heard(&scene, hearer);
        assert_eq!(heard.len(), firsts.len(), "seed {seed}");
        let sequence_offset = heard[0].sequence.wrapping_sub(firsts[0].sequence);
        let timestamp_offset = heard[0].timestamp.wrapping_sub(firsts[0].timestamp);
        for (ours, theirs) in heard.iter().zip(&firsts) {
            assert_eq!(ours.ssrc, heard[0].ssrc);
            let offset = ours.sequence.wrapping_sub(theirs.sequence);
            assert_eq!(offset, sequence_offset, "{theirs:?} became {ours:?}");
            let offset = ours.timestamp.wrapping_sub(theirs.timestamp);
            assert_eq!(offset, timestamp_offset, "{theirs:?} became {ours:?}");
        }

        // As RFC 3550 A.3 counts; numbers from 65,000 on, laid out on a line.
        let line = |header: &RtpHeader| u32::from(header.sequence.wrapping_sub(60_000));
        let mut highest = 0;
        let overtaken = firsts
            .iter()
            .filter(|header| {
                let is_behind = line(header) < highest;
                highest = highest.max(line(header));
                is_behind
            })
            .count();
        let lowest = firsts.iter().map(|header| line(header)).min();
        let expected = highest - lowest.expect("some came") + 1;
        let stats = scene.stats(speaker);
        assert_eq!(stats.receive_packets, firsts.len() as u64);
        assert_eq!(stats.forwarded_packets, firsts.len() as u64);
        assert_eq!(stats.receive_duplicates, (came.len() - firsts.len()) as u64);
        assert_eq!(stats.receive_reordered, overtaken as u64);
        assert_eq!(
            stats.receive_lost,
            u64::from(expected) - firsts.len() as u64
        );
        let lost_ratio = scene.phone(speaker).up().stats().lost_ratio();
        assert!((stats.receive_lost_ratio - lost_ratio).abs() < 0.005);
        assert!(
            stats.receive_duplicates > 50 && stats.receive_reordered > 50,
            "the link was not bad enough to say anything: {stats:?}"
        );
    }
}

#[test]
fn a_perfect_call_passes_the_wraps_of_its_numbers_without_a_break() {
    for codec in Codec::ALL {
        let mut scene = Scene::new(1);
        let wrapping = PhoneConfig {
            voice: TONE,
            first_sequence: Some(65_500),
            first_timestamp: Some(u32::MAX - 4000),
            tones_hz: vec![440.0],
            ..PhoneConfig::default()
        };
        let a = scene.add(&wrapping);
        // The same codec is forwarded, another one decoded.
        let b = scene.add(&PhoneConfig { codec, ..wrapping });
        scene.bridge(a, b);
        scene.run(Duration::from_secs(30));
        for phone in [a, b] {
            let listener = &scene.phone(phone).listener;
            let wire = listener.wire();
            let breaks = (wire.sequence_breaks(), wire.timestamp_breaks());
            assert_eq!(breaks, (0, 0), "{codec}");
            let heard = listener.heard();
            assert_eq!((heard.gaps, heard.playout.concealed_ms), (0, 0.0));
            assert!(heard.tone_ratio(440.0) > 0.98, "{codec} {heard:?}");
            let stats = scene.stats(phone);
            assert_eq!((stats.receive_lost, stats.concealed_ms > 0.0), (0, false));
        }
    }
}

#[test]
fn another_source_in_mid_call_is_the_same_stream_to_the_other_side() {
    for codec in Codec::ALL {
        let mut scene = Scene::new(2);
        let speaker = PhoneConfig {
            voice: TONE,
            ..PhoneConfig::default()
        };
        let speaker = scene.add(&speaker);
        let hearer = scene.add(&PhoneConfig {
            codec,
            tones_hz: vec![440.0],
            ..PhoneConfig::default()
        });
        scene.bridge(speaker, hearer);
        for change in 1..=5 {
            scene.run(Duration::from_millis(2003));
            scene.remark("another source");
            let state = SenderState::new(Ssrc(change), 1000 * change as u16, 0x1000_0000 * change);
            scene.phone_mut(speaker).talker.change_source(state);
        }
        scene.run(Duration::from_secs(2));
        let listener = &scene.phone(hearer).listener;
        let wire = listener.wire();
        assert_eq!(wire.sequence_breaks(), 0, "{codec}");
        // A forwarded change may cost what the clocks say lies between the two: a tick or so, never back.
        for pair in wire.packets().windows(2) {
            let step = pair[1]
                .header
                .timestamp
                .wrapping_sub(pair[0].header.timestamp);
            assert!((120..=320).contains(&step), "{codec}: {step}");
        }
        let heard = listener.heard();
        assert!(heard.tone_ratio(440.0) > 0.9, "{codec} {heard:?}");
        let stats = scene.stats(speaker);
        assert_eq!((stats.receive_ssrc_changes, stats.receive_lost), (5, 0));
    }
}

#[test]
fn reports_tell_the_round_trip_and_the_loss_of_each_direction() {
    let (mut scene, speaker, _) = relayed(
        3,
        PhoneConfig {
            up: LinkConfig {
                loss: Loss::random(0.1),
                ..LinkConfig::of_delay(ms(70))
            },
            down: LinkConfig {
                loss: Loss::random(0.02),
                ..LinkConfig::of_delay(ms(30))
            },
            ..PhoneConfig::default()
        },
    );
    scene.run(Duration::from_secs(60));
    let stats = scene.stats(speaker);
    assert!((stats.rtt_ms - 100.0).abs() < 1.0, "{stats:?}");
    assert!((stats.receive_lost_ratio - 0.1).abs() < 0.02, "{stats:?}");
    assert!(stats.rtcp_received > 5, "{stats:?}");
    assert_eq!(scene.phone(speaker).rtcp_malformed(), 0);
}

#[test]
fn a_bloated_queue_is_passed_on_as_it_is_and_heard_through_the_listeners_buffer() {
    let (mut scene, speaker, hearer) = relayed(
        4,
        PhoneConfig {
            up: LinkConfig {
                bottleneck: Some(Bottleneck {
                    rate_bps: 1_000_000,
                    queue_octets: 32_000,
                    cross: Some(CrossTraffic {
                        every: ms(700),
                        burst_octets: 20_000,
                    }),
                }),
                ..LinkConfig::of_delay(ms(15))
            },
            ..PhoneConfig::default()
        },
    );
    scene.run(Duration::from_secs(120));
    let queue_ms = scene.phone(speaker).up().stats().delay_max.as_millis();
    assert!(queue_ms > 150, "{queue_ms} ms");
    let stats = scene.stats(speaker);
    assert!(stats.receive_jitter_ms > 3.0, "{stats:?}");
    let wire = scene.phone(hearer).listener.wire();
    assert_eq!(stats.receive_packets, wire.packets().len() as u64);
    let heard = scene.phone(hearer).listener.heard();
    assert!(heard.concealed_ratio() < 0.1, "{heard:?}");
    assert!(heard.tone_ratio(440.0) > 0.85, "{heard:?}");
}
