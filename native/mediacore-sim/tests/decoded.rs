//! Calls that are decoded, over bad links: what is made in place of what was lost, what the other side hears, and what the
//! engine says of it.

use std::time::Duration;

use mediacore_audio::Codec;
use mediacore_sim::{
    Jitter, LinkConfig, Loss, PhoneConfig, PhoneId, RouteChange, Scene, Voice, mouth_to_ear,
};

const LEVEL_DBFS: f64 = -12.0;

const TONE: Voice = Voice::Tone {
    hz: 440.0,
    level_dbfs: LEVEL_DBFS,
};

const SPURTS: Voice = Voice::Spurts {
    hz: 440.0,
    level_dbfs: LEVEL_DBFS,
    talk: Duration::from_secs(1),
    pause: Duration::from_secs(1),
};

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// Somebody who speaks PCMU over a bad link to somebody who hears PCMA over a perfect one.
fn transcoded(seed: u64, voice: Voice, up: LinkConfig) -> (Scene, PhoneId, PhoneId) {
    let mut scene = Scene::new(seed);
    let speaker = scene.add(&PhoneConfig {
        voice,
        up,
        ..PhoneConfig::default()
    });
    let hearer = scene.add(&PhoneConfig {
        codec: Codec::Pcma,
        tones_hz: vec![440.0],
        ..PhoneConfig::default()
    });
    scene.bridge(speaker, hearer);
    (scene, speaker, hearer)
}

/// What is sent to a phone is one packet every 20 ms without a hitch, whatever came in.
fn assert_gap_free(scene: &Scene, phone: PhoneId) {
    let wire = scene.phone(phone).listener.wire();
    assert_eq!((wire.sequence_breaks(), wire.timestamp_breaks()), (0, 0));
    assert_eq!(wire.longest_interval(), ms(20));
}

#[test]
fn what_is_lost_is_concealed_at_the_level_of_the_rest() {
    for seed in 1..=5 {
        for (loss, gap_ratio_max) in [(0.0, 0.0), (0.01, 0.0), (0.05, 0.0005), (0.2, 0.01)] {
            let up = LinkConfig {
                loss: Loss::random(loss),
                ..LinkConfig::of_delay(ms(40))
            };
            let (mut scene, speaker, hearer) = transcoded(seed, TONE, up);
            scene.run(Duration::from_secs(120));
            assert_gap_free(&scene, hearer);
            let lost_ratio = scene.phone(speaker).up().stats().lost_ratio();
            let stats = scene.stats(speaker);
            let concealed_ratio = stats.concealed_ratio();
            assert!(
                (concealed_ratio - lost_ratio).abs() < 0.002 + lost_ratio * 0.05,
                "seed {seed}: {lost_ratio} lost, {concealed_ratio} concealed"
            );
            let heard = scene.phone(hearer).listener.heard();
            assert!(
                (heard.level_dbfs - LEVEL_DBFS).abs() < 1.0,
                "seed {seed}, {loss} lost: {heard:?}"
            );
            let gap_ratio = heard.gap_frames as f64 / heard.wire.packets as f64;
            assert!(
                gap_ratio <= gap_ratio_max,
                "seed {seed}, {loss} lost: {heard:?}"
            );
            let tone_ratio = heard.tone_ratio(440.0);
            assert!(
                tone_ratio > 0.995 - loss,
                "seed {seed}, {loss} lost: {tone_ratio}"
            );
        }
    }
}

#[test]
fn jitter_costs_delay_and_hardly_any_sound() {
    let links = [
        Jitter::Uniform { max: ms(30) },
        Jitter::Normal { deviation: ms(15) },
        Jitter::Exponential { mean: ms(12) },
        Jitter::HeavyTailed {
            median: ms(4),
            shape: 3.0,
        },
    ];
    for (jitter, may_overtake) in links
        .iter()
        .flat_map(|jitter| [(*jitter, false), (*jitter, true)])
    {
        let up = LinkConfig {
            jitter,
            may_overtake,
            ..LinkConfig::of_delay(ms(40))
        };
        let (mut scene, speaker, hearer) = transcoded(6, TONE, up);
        scene.run(Duration::from_secs(120));
        assert_gap_free(&scene, hearer);
        let stats = scene.stats(speaker);
        let concealed_ratio = stats.concealed_ratio();
        // The buffer aims at having 99 of 100 packets in time.
        assert!(
            concealed_ratio < 0.02,
            "{jitter:?} {may_overtake}: {stats:?}"
        );
        assert!(
            stats.buffer_ms < 120.0,
            "{jitter:?} {may_overtake}: {stats:?}"
        );
        let heard = scene.phone(hearer).listener.heard();
        assert!((heard.level_dbfs - LEVEL_DBFS).abs() < 1.0, "{heard:?}");
        assert!(
            heard.tone_ratio(440.0) > 0.95,
            "{jitter:?} {may_overtake}: {heard:?}"
        );
    }
}

#[test]
fn loss_jitter_reordering_and_duplicates_together_are_no_worse_than_each() {
    for seed in 1..=5 {
        let up = LinkConfig {
            jitter: Jitter::Normal { deviation: ms(10) },
            may_overtake: true,
            loss: Loss::bursts(0.05, 2.0),
            held_up_ratio: 0.01,
            held_up_by: ms(60),
            duplicate_ratio: 0.05,
            duplicate_after: ms(10),
            ..LinkConfig::of_delay(ms(40))
        };
        let (mut scene, speaker, hearer) = transcoded(seed, TONE, up);
        scene.run(Duration::from_secs(120));
        assert_gap_free(&scene, hearer);
        let stats = scene.stats(speaker);
        let concealed_ratio = stats.concealed_ratio();
        assert!(
            (0.04..0.085).contains(&concealed_ratio),
            "seed {seed}: {stats:?}"
        );
        let heard = scene.phone(hearer).listener.heard();
        assert!((heard.level_dbfs - LEVEL_DBFS).abs() < 1.0, "{heard:?}");
        assert!(heard.tone_ratio(440.0) > 0.88, "seed {seed}: {heard:?}");
    }
}

#[test]
fn bursts_are_heard_as_holes_and_told_by_the_score() {
    let score = |loss| {
        let up = LinkConfig {
            loss,
            ..LinkConfig::of_delay(ms(40))
        };
        let (mut scene, speaker, hearer) = transcoded(7, TONE, up);
        scene.run(Duration::from_secs(300));
        assert_gap_free(&scene, hearer);
        let gaps = scene.phone(hearer).listener.heard().gaps;
        (scene.stats(speaker).mos(), gaps)
    };
    let (perfect, no_gaps) = score(Loss::default());
    let (random, few_gaps) = score(Loss::random(0.05));
    let (bursts, many_gaps) = score(Loss::bursts(0.05, 5.0));
    assert!(perfect > 4.3 && no_gaps == 0, "{perfect}");
    assert!(
        random < perfect - 0.2 && few_gaps < 5,
        "{random} {few_gaps}"
    );
    assert!(bursts < random && many_gaps > 20, "{bursts} {many_gaps}");
}

#[test]
fn a_new_route_is_followed_and_delay_comes_back_with_the_old_one() {
    let up = LinkConfig {
        jitter: Jitter::Uniform { max: ms(5) },
        route_changes: vec![
            RouteChange {
                at: Duration::from_secs(1060),
                delay: ms(190),
            },
            RouteChange {
                at: Duration::from_secs(1120),
                delay: ms(40),
            },
        ],
        ..LinkConfig::of_delay(ms(40))
    };
    let (mut scene, speaker, hearer) = transcoded(8, SPURTS, up);
    let mut delays = Vec::new();
    for _ in 0..3 {
        let (said, heard) = (
            scene.phone(speaker).talker.onsets().len(),
            scene.phone(hearer).listener.onsets().len(),
        );
        scene.run(Duration::from_secs(60));
        let said = &scene.phone(speaker).talker.onsets()[said..];
        let heard = &scene.phone(hearer).listener.onsets()[heard..];
        let mut minute = mouth_to_ear(said, heard);
        minute.sort();
        delays.push(minute[minute.len() / 2]);
    }
    assert!((ms(120)..ms(200)).contains(&delays[0]), "{delays:?}");
    assert!((ms(270)..ms(350)).contains(&delays[1]), "{delays:?}");
    assert!(delays[2].abs_diff(delays[0]) <= ms(40), "{delays:?}");
    assert_gap_free(&scene, hearer);
}

#[test]
fn pauses_of_who_suppresses_silence_are_no_losses() {
    let mut scene = Scene::new(9);
    let speaker = scene.add(&PhoneConfig {
        voice: SPURTS,
        suppresses_silence: true,
        up: LinkConfig {
            jitter: Jitter::Uniform { max: ms(15) },
            ..LinkConfig::of_delay(ms(40))
        },
        ..PhoneConfig::default()
    });
    let hearer = scene.add(&PhoneConfig {
        codec: Codec::Pcma,
        tones_hz: vec![440.0],
        ..PhoneConfig::default()
    });
    scene.bridge(speaker, hearer);
    scene.run(Duration::from_secs(300));
    assert_gap_free(&scene, hearer);
    let stats = scene.stats(speaker);
    assert_eq!(stats.receive_lost, 0);
    assert!(stats.concealed_ratio() < 0.01, "{stats:?}");
    let said = scene.phone(speaker).talker.onsets().len();
    let heard = scene.phone(hearer).listener.onsets().len();
    assert!(
        said > 100 && said.abs_diff(heard) <= 1,
        "{said} said, {heard} heard"
    );
}

#[test]
fn packets_of_every_agreed_length_are_decoded() {
    for ptime_ms in [10, 20, 30, 40, 60] {
        let mut scene = Scene::new(10);
        let speaker = scene.add(&PhoneConfig {
            voice: TONE,
            ptime_ms,
            up: LinkConfig {
                jitter: Jitter::Uniform { max: ms(10) },
                loss: Loss::random(0.02),
                ..LinkConfig::of_delay(ms(40))
            },
            ..PhoneConfig::default()
        });
        let hearer = scene.add(&PhoneConfig {
            codec: Codec::Pcma,
            tones_hz: vec![440.0],
            ..PhoneConfig::default()
        });
        scene.bridge(speaker, hearer);
        scene.run(Duration::from_secs(120));
        assert_gap_free(&scene, hearer);
        let lost_ratio = scene.phone(speaker).up().stats().lost_ratio();
        let concealed_ratio = scene.stats(speaker).concealed_ratio();
        assert!(
            (concealed_ratio - lost_ratio).abs() < 0.01,
            "{ptime_ms} ms: {lost_ratio} lost, {concealed_ratio} concealed"
        );
        let heard = scene.phone(hearer).listener.heard();
        assert!(
            (heard.level_dbfs - LEVEL_DBFS).abs() < 1.0,
            "{ptime_ms} ms: {heard:?}"
        );
    }
}
