//! Digits over bad links: each press is told of once, whether its packets are passed on or made anew, and whatever is lost,
//! doubled or overtaken.

use std::time::Duration;

use mediacore_audio::Codec;
use mediacore_engine::Event;
use mediacore_rtp::DigitSender;
use mediacore_sim::{Jitter, LinkConfig, Loss, PhoneConfig, PhoneId, Scene, Voice};

const DIALLED: &str = "11223344556677889900**##1590357";

const VOICE: Voice = Voice::Spurts {
    hz: 440.0,
    level_dbfs: -12.0,
    talk: Duration::from_secs(1),
    pause: Duration::from_millis(600),
};

fn bad_link(loss: f64) -> LinkConfig {
    let ms = Duration::from_millis;
    LinkConfig {
        jitter: Jitter::Exponential { mean: ms(8) },
        may_overtake: true,
        loss: Loss::random(loss),
        held_up_ratio: 0.05,
        held_up_by: ms(50),
        duplicate_ratio: 0.1,
        duplicate_after: ms(30),
        ..LinkConfig::of_delay(ms(40))
    }
}

/// Two phones with bad links; of one codec they are forwarded, of two decoded.
fn call(seed: u64, codec: Codec, loss: f64) -> (Scene, PhoneId, PhoneId) {
    let mut scene = Scene::new(seed);
    let phone = PhoneConfig {
        voice: VOICE,
        up: bad_link(loss),
        down: bad_link(loss),
        ..PhoneConfig::default()
    };
    let a = scene.add(&phone);
    let b = scene.add(&PhoneConfig { codec, ..phone });
    scene.bridge(a, b);
    scene.run(Duration::from_secs(2));
    (scene, a, b)
}

fn told(scene: &Scene, phone: PhoneId) -> String {
    let ours = scene.phone(phone).leg;
    let pressed = scene.events().iter().filter_map(|(_, event)| match event {
        Event::DigitPressed { leg, digit, .. } if *leg == ours => Some(*digit),
        _ => None,
    });
    pressed.collect()
}

#[test]
fn each_press_is_told_of_once_under_a_loss_of_a_fifth() {
    for seed in 1..=20 {
        for codec in Codec::ALL {
            let (mut scene, a, b) = call(seed, codec, 0.2);
            let talker = &mut scene.phone_mut(a).talker;
            talker.press(DIALLED, 100, 100).expect("digits");
            scene.run(Duration::from_secs(10));
            assert_eq!(told(&scene, a), DIALLED, "seed {seed}, {codec}");
            assert_eq!(told(&scene, b), "", "nobody pressed anything there");
            let stats = scene.stats(a);
            let counts = (stats.receive_digits, stats.receive_digits_refused);
            assert_eq!(counts, (DIALLED.len() as u64, 0));
        }
    }
}

#[test]
fn each_press_is_heard_once_by_the_other_phone_whether_forwarded_or_made_anew() {
    for seed in 1..=20 {
        for codec in Codec::ALL {
            // Two links of a tenth each: as much as one of a fifth.
            let (mut scene, a, b) = call(seed, codec, 0.1);
            let talker = &mut scene.phone_mut(a).talker;
            talker.press(DIALLED, 120, 100).expect("digits");
            scene.run(Duration::from_secs(10));
            let heard = scene.phone(b).listener.heard();
            assert_eq!(heard.digits, DIALLED, "seed {seed}, {codec}");
        }
    }
}

#[test]
fn digits_of_ours_are_heard_once_each_under_a_loss_of_a_fifth() {
    for seed in 1..=20 {
        for codec in Codec::ALL {
            let (mut scene, _, b) = call(seed, codec, 0.2);
            let (leg, now) = (scene.phone(b).leg, scene.now());
            let digits = DigitSender::new(DIALLED, 100, 100, 8000).expect("digits");
            assert!(scene.thread_mut().dial(leg, digits, now));
            scene.run(Duration::from_secs(10));
            let heard = scene.phone(b).listener.heard();
            assert_eq!(heard.digits, DIALLED, "seed {seed}, {codec}");
        }
    }
}

#[test]
fn a_digit_that_is_held_across_an_outage_is_one_digit() {
    for codec in Codec::ALL {
        let (mut scene, a, b) = call(3, codec, 0.0);
        scene
            .phone_mut(a)
            .talker
            .press("7", 2000, 100)
            .expect("a digit");
        scene.run(Duration::from_millis(500));
        scene.phone_mut(a).talker.pause(true);
        scene.run(Duration::from_millis(200));
        scene.phone_mut(a).talker.pause(false);
        scene.run(Duration::from_secs(4));
        assert_eq!(told(&scene, a), "7", "{codec}");
        assert_eq!(scene.phone(b).listener.heard().digits, "7", "{codec}");
    }
}
