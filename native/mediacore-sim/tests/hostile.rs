//! Strangers and nonsense: who was not agreed with gets nothing in and nothing out, and no octets stop the engine.

use std::net::SocketAddr;
use std::time::Duration;

use mediacore_audio::Codec;
use mediacore_engine::{Channel, Event};
use mediacore_rtp::{PayloadType, RtpHeader, Ssrc};
use mediacore_sim::{Jitter, LinkConfig, Loss, PhoneConfig, PhoneId, Random, Scene, Voice};

fn call(seed: u64, codec: Codec) -> (Scene, PhoneId, PhoneId) {
    let mut scene = Scene::new(seed);
    let phone = PhoneConfig {
        voice: Voice::Tone {
            hz: 440.0,
            level_dbfs: -12.0,
        },
        tones_hz: vec![440.0, 1000.0],
        up: LinkConfig {
            jitter: Jitter::Uniform {
                max: Duration::from_millis(10),
            },
            loss: Loss::random(0.01),
            ..LinkConfig::of_delay(Duration::from_millis(30))
        },
        ..PhoneConfig::default()
    };
    let a = scene.add(&phone);
    let b = scene.add(&PhoneConfig { codec, ..phone });
    scene.bridge(a, b);
    (scene, a, b)
}

/// A packet that would be taken from the phone itself.
fn forged(random: &mut Random, sequence: u16) -> Vec<u8> {
    let mut datagram = vec![0; 12];
    RtpHeader {
        payload_type: PayloadType([0, 8, 101, 13][random.below(4) as usize]),
        marker: random.chance(0.1),
        sequence,
        timestamp: u32::from(sequence) * 160,
        ssrc: Ssrc(0xbad),
    }
    .write(&mut datagram);
    datagram.extend(random.octets(160));
    datagram
}

fn bye() -> Vec<u8> {
    // An empty receiver report, and the goodbye of nobody (RFC 3550 6.1, 6.6).
    vec![
        0x80, 201, 0, 1, 0, 0, 0xb, 0xad, 0x81, 203, 0, 1, 0, 0, 0xb, 0xad,
    ]
}

#[test]
fn a_stranger_gets_nothing_in_and_nothing_out() {
    for codec in Codec::ALL {
        let (mut undisturbed, ..) = call(1, codec);
        undisturbed.start_capture();
        let (mut scene, a, b) = call(1, codec);
        let strangers: [SocketAddr; 3] = ["203.0.113.9:4000", "203.0.113.9:666", "192.0.2.77:4000"]
            .map(|address| address.parse().expect("an address"));
        let mut random = Random::new(1);
        let mut forged_count = 0;
        // Before the first packet of the phones, with it, and all through the call.
        for round in 0..3000_u16 {
            for stranger in strangers {
                scene.inject(a, Channel::Rtp, stranger, forged(&mut random, round));
                scene.inject(b, Channel::Rtp, stranger, bye());
                forged_count += 1;
            }
            scene.run(Duration::from_millis(20));
            undisturbed.run(Duration::from_millis(20));
        }
        assert_eq!(scene.astray(), [], "nothing goes to strangers");
        let stats = scene.stats(a);
        assert_eq!(stats.rejected_host, forged_count, "{codec}");
        assert_eq!(stats.receive_ssrc_changes, 0);
        assert_eq!(scene.stats(b).rejected_host, forged_count);
        let told_of =
            |event: &Event| matches!(event, Event::DigitPressed { .. } | Event::RemoteBye { .. });
        assert!(!scene.events().iter().any(|(_, event)| told_of(event)));
        // Both phones hear what they would have heard without them, to the packet.
        for phone in [a, b] {
            let heard = scene.phone(phone).listener.wire().packets();
            let expected = undisturbed.phone(phone).listener.wire().packets();
            assert_eq!(heard, expected, "{codec}");
            assert!(heard.len() > 2800);
        }
    }
}

#[test]
fn another_port_of_the_same_host_gets_nothing_in_while_the_phone_speaks() {
    for codec in Codec::ALL {
        let (mut scene, a, b) = call(2, codec);
        scene.run(Duration::from_secs(1));
        let neighbour = SocketAddr::new(scene.phone(a).address.ip(), 4001);
        let mut random = Random::new(2);
        for round in 0..1000 {
            scene.inject(a, Channel::Rtp, neighbour, forged(&mut random, round));
            scene.run(Duration::from_millis(20));
        }
        assert_eq!(scene.astray(), [], "{codec}");
        assert_eq!(scene.stats(a).rejected_port, 1000, "{codec}");
        let heard = scene.phone(b).listener.heard();
        assert!(heard.tone_ratio(440.0) > 0.95, "{codec}: {heard:?}");
    }
}

/// Octets that look more or less like something.
fn nonsense(random: &mut Random, last: &[u8]) -> Vec<u8> {
    let length = random.below(400) as usize;
    let mut octets = random.octets(length);
    match random.below(6) {
        0 => {}
        1 => octets.insert(0, 0x80),
        2 => octets
            .splice(
                0..0,
                [0x80 | random.below(32) as u8, 200 + random.below(8) as u8],
            )
            .for_each(drop),
        3 => {
            let sequence = random.next_u64() as u16;
            octets = forged(random, sequence);
        }
        4 => {
            octets = last.to_vec();
            for _ in 0..=random.below(4) {
                let at = random.below(octets.len().max(1) as u64) as usize;
                if let Some(octet) = octets.get_mut(at) {
                    *octet = random.next_u64() as u8;
                }
            }
        }
        _ => {
            octets = last.to_vec();
            octets.truncate(random.below(last.len() as u64 + 1) as usize);
        }
    }
    octets
}

#[test]
fn no_octets_from_the_phones_own_address_stop_the_engine_or_the_call() {
    for seed in 1..=12 {
        let codec = Codec::ALL[seed as usize % 2];
        let (mut scene, a, b) = call(seed, codec);
        let mut random = Random::new(seed);
        let mut last = bye();
        for _ in 0..40_000 {
            let phone = if random.chance(0.5) { a } else { b };
            let channel = if random.chance(0.8) {
                Channel::Rtp
            } else {
                Channel::Rtcp
            };
            let from = scene.phone(phone).address;
            last = nonsense(&mut random, &last);
            scene.inject(phone, channel, from, last.clone());
            if random.chance(0.3) {
                scene.run(Duration::from_micros(random.below(12_000)));
            }
            if random.chance(0.001) {
                let digits = random.below(1000).to_string();
                let talker = &mut scene.phone_mut(phone).talker;
                talker.press(&digits, 100, 40).expect("digits");
            }
        }
        scene.remark("peace");
        scene.run(Duration::from_secs(5));
        // Once they stop, the call is as good as any.
        for (speaker, hearer) in [(a, b), (b, a)] {
            let before = scene.stats(speaker);
            assert!(before.rejected_malformed > 1000, "{before:?}");
            let said = scene.phone(speaker).talker.stats().audio;
            let heard = scene.phone(hearer).listener.wire().packets().len();
            scene.run(Duration::from_secs(20));
            let after = scene.stats(speaker);
            let said = scene.phone(speaker).talker.stats().audio - said;
            let came = after.receive_packets - before.receive_packets;
            assert!(came * 100 >= said * 95, "seed {seed}: {came} of {said}");
            let heard = scene.phone(hearer).listener.wire().packets().len() - heard;
            assert!(heard > 900, "seed {seed}: {heard} packets");
        }
        assert_eq!(scene.thread_mut().late_ticks(), 0);
    }
}
