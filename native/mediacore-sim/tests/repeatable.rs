//! A run can be had again: by its seed, octet by octet, and by its capture.

use std::time::Duration;

use mediacore_audio::Codec;
use mediacore_sim::{
    Bottleneck, Captured, CrossTraffic, Jitter, LinkConfig, Loss, PcapReader, PhoneConfig, PhoneId,
    Scene, Voice,
};

/// A call in which everything that is drawn by chance is drawn.
fn run(seed: u64) -> (Scene, [PhoneId; 2]) {
    let ms = Duration::from_millis;
    let bad = LinkConfig {
        jitter: Jitter::HeavyTailed {
            median: ms(5),
            shape: 2.5,
        },
        may_overtake: true,
        loss: Loss::bursts(0.05, 3.0),
        held_up_ratio: 0.02,
        held_up_by: ms(60),
        duplicate_ratio: 0.02,
        duplicate_after: ms(3),
        bottleneck: Some(Bottleneck {
            rate_bps: 2_000_000,
            queue_octets: 64_000,
            cross: Some(CrossTraffic {
                every: ms(300),
                burst_octets: 20_000,
            }),
        }),
        ..LinkConfig::of_delay(ms(25))
    };
    let phone = PhoneConfig {
        voice: Voice::Spurts {
            hz: 440.0,
            level_dbfs: -12.0,
            talk: ms(1500),
            pause: ms(700),
        },
        drift_ppm: 50,
        tones_hz: vec![440.0],
        up: bad.clone(),
        down: bad,
        ..PhoneConfig::default()
    };
    let mut scene = Scene::new(seed);
    scene.start_capture();
    let a = scene.add(&phone);
    let b = scene.add(&PhoneConfig {
        codec: Codec::Pcma,
        suppresses_silence: true,
        drift_ppm: -80,
        ..phone
    });
    scene.bridge(a, b);
    scene.run(Duration::from_secs(20));
    let talker = &mut scene.phone_mut(a).talker;
    talker.press("0815", 100, 100).expect("digits");
    scene.run(Duration::from_secs(40));
    (scene, [a, b])
}

#[test]
fn the_same_seed_gives_the_same_run_octet_by_octet() {
    for seed in [1, 2, u64::MAX] {
        let ((mut first, phones), (mut second, _)) = (run(seed), run(seed));
        assert!(first.captured().len() > 500_000, "a minute of two calls");
        assert!(first.captured() == second.captured(), "seed {seed}");
        assert_eq!(first.events(), second.events());
        assert_eq!(first.timeline().to_string(), second.timeline().to_string());
        for phone in phones {
            let heard = |scene: &Scene| scene.phone(phone).listener.heard();
            assert_eq!(heard(&first), heard(&second), "seed {seed}");
            let words = |scene: &mut Scene| scene.stats(phone).to_words();
            assert_eq!(words(&mut first), words(&mut second), "seed {seed}");
        }
    }
}

#[test]
fn another_seed_gives_another_run() {
    assert!(run(1).0.captured() != run(2).0.captured());
}

#[test]
fn a_second_call_does_not_change_what_happens_to_the_first() {
    let lonely = {
        let mut scene = Scene::new(5);
        let phone = scene.add(&PhoneConfig::default());
        scene.bridge(phone, phone);
        scene.run(Duration::from_secs(10));
        scene.phone(phone).listener.wire().packets().to_vec()
    };
    let mut scene = Scene::new(5);
    let phone = scene.add(&PhoneConfig::default());
    let other = scene.add(&PhoneConfig::default());
    scene.bridge(phone, phone);
    scene.bridge(other, other);
    scene.run(Duration::from_secs(10));
    assert_eq!(scene.phone(phone).listener.wire().packets(), lonely);
}

#[test]
fn a_capture_is_sent_again_as_it_was() {
    let (scene, [a, _]) = run(3);
    let address = scene.phone(a).address;
    let captured: Vec<Captured> = PcapReader::new(scene.captured())
        .expect("our own")
        .map(|datagram| datagram.expect("it is whole"))
        .filter(|datagram| datagram.from == address)
        .collect();
    assert!(captured.len() > 2000);

    let mut again = Scene::new(99);
    again.start_capture();
    let phone = again.add(&PhoneConfig::default());
    // Its own voice would come in between.
    again.phone_mut(phone).talker.pause(true);
    let hearer = again.add(&PhoneConfig {
        codec: Codec::Pcma,
        tones_hz: vec![440.0],
        ..PhoneConfig::default()
    });
    again.bridge(phone, hearer);
    again.replay(phone, &captured);
    again.run(Duration::from_secs(61));
    let sent_again: Vec<Captured> = PcapReader::new(again.captured())
        .expect("our own")
        .map(|datagram| datagram.expect("it is whole"))
        .filter(|datagram| {
            datagram.from == address && captured.iter().any(|c| c.payload == datagram.payload)
        })
        .collect();
    assert_eq!(sent_again.len(), captured.len());
    let first_at = sent_again[0].at;
    for (before, after) in captured.iter().zip(&sent_again) {
        assert_eq!(before.payload, after.payload);
        assert_eq!(before.at - captured[0].at, after.at - first_at);
    }
    let onsets = again.phone(hearer).listener.onsets().len();
    assert!(onsets > 10, "{onsets} talk-spurts");
    let told = again
        .events()
        .iter()
        .filter(|(_, event)| matches!(event, mediacore_engine::Event::DigitPressed { .. }));
    assert_eq!(told.count(), 4, "the digits are in the capture, too");
}

#[test]
fn a_run_that_fails_says_its_seed_and_what_happened_last() {
    let (mut scene, _) = run(7);
    scene.remark("here it went wrong");
    let text = scene.timeline().to_string();
    assert!(text.starts_with("seed 7; "), "{text}");
    assert!(
        text.contains("192.0.2.1:4000 -> 198.51.100.1:20000  RTP type 0"),
        "{text}"
    );
    assert!(
        text.ends_with("60.000000 s  here it went wrong\n"),
        "{text}"
    );
}
