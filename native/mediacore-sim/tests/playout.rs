//! How long the engine holds what it decodes: no longer than the path needs, whatever happened before, and without a click.

use std::time::Duration;

use mediacore_audio::Codec;
use mediacore_engine::LegStats;
use mediacore_sim::{
    Jitter, LinkConfig, Loss, PhoneConfig, PhoneId, RouteChange, Scene, Trace, Voice,
};

const LEVEL_DBFS: f64 = -12.0;

const TONE: Voice = Voice::Tone {
    hz: 440.0,
    level_dbfs: LEVEL_DBFS,
};

/// A frame of the engine's clock: packets are popped by it.
const FRAME_MS: f64 = 20.0;

/// What is not worth a frame: the least transit moves by as much.
const HYSTERESIS_MS: f64 = 5.0;

/// Scenes begin at this moment.
const BEGINS_AT: Duration = Duration::from_secs(1000);

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn call(up: LinkConfig, drift_ppm: i32) -> (Scene, PhoneId, PhoneId) {
    let mut scene = Scene::new(1);
    let speaker = scene.add(&PhoneConfig {
        voice: TONE,
        drift_ppm,
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

fn stats_after(scene: &mut Scene, speaker: PhoneId, span: Duration) -> LegStats {
    scene.run(span);
    scene.stats(speaker)
}

#[test]
fn a_perfect_wire_gives_back_what_was_held_to_begin_with() {
    let (mut scene, speaker, hearer) = call(LinkConfig::of_delay(ms(20)), 0);
    let stats = stats_after(&mut scene, speaker, ms(5_000));
    assert!(
        stats.playout_delay_ms <= stats.buffer_ms + FRAME_MS + HYSTERESIS_MS,
        "{} ms for a target of {} ms",
        stats.playout_delay_ms,
        stats.buffer_ms
    );
    assert!(stats.concealed_ms <= 20.0, "{}", stats.concealed_ms);
    let heard = scene.phone(hearer).listener.heard();
    assert_eq!(heard.gaps, 0, "{heard:?}");
    assert!(heard.tone_ratio(440.0) > 0.98, "{heard:?}");
}

#[test]
fn a_shorter_route_is_followed_within_three_seconds() {
    let up = LinkConfig {
        route_changes: vec![RouteChange {
            at: BEGINS_AT + ms(10_000),
            delay: ms(20),
        }],
        ..LinkConfig::of_delay(ms(170))
    };
    let (mut scene, speaker, _) = call(up, 0);
    scene.run(ms(10_200));
    let stats = stats_after(&mut scene, speaker, ms(3_000));
    assert!(stats.shortened_ms > 100.0, "{} ms", stats.shortened_ms);
    assert!(
        stats.playout_delay_ms <= stats.buffer_ms + FRAME_MS + HYSTERESIS_MS,
        "{} ms",
        stats.playout_delay_ms
    );
}

#[test]
fn a_longer_route_costs_no_more_than_itself_in_the_end() {
    let up = LinkConfig {
        route_changes: vec![RouteChange {
            at: BEGINS_AT + ms(10_000),
            delay: ms(100),
        }],
        ..LinkConfig::of_delay(ms(20))
    };
    let (mut scene, speaker, _) = call(up, 0);
    let stats = stats_after(&mut scene, speaker, ms(22_000));
    // The way is 80 ms longer; what is held beyond the fastest packet is what it was.
    assert!(
        stats.playout_delay_ms <= 2.0 * FRAME_MS + 10.0,
        "{} ms for a target of {} ms",
        stats.playout_delay_ms,
        stats.buffer_ms
    );
}

#[test]
fn an_outage_longer_than_what_is_made_up_counts_whole() {
    let (mut scene, speaker, _) = call(LinkConfig::of_delay(ms(20)), 0);
    scene.run(ms(5_000));
    let before = scene.stats(speaker);
    // Sixty packets that never come.
    let state = scene.phone(speaker).talker.sender().state();
    scene.phone_mut(speaker).talker.pause(true);
    scene.run(ms(1_200));
    let mut after = state;
    after.next_sequence = after.next_sequence.wrapping_add(60);
    after.next_timestamp = after.next_timestamp.wrapping_add(60 * 160);
    scene.phone_mut(speaker).talker.change_source(after);
    scene.phone_mut(speaker).talker.pause(false);
    let stats = stats_after(&mut scene, speaker, ms(1_000));
    let concealed_ms = stats.concealed_ms - before.concealed_ms;
    assert!(
        (1_100.0..1_300.0).contains(&concealed_ms),
        "{concealed_ms} ms"
    );
}

#[test]
fn a_pause_of_the_sender_counts_as_nothing() {
    let (mut scene, speaker, _) = call(LinkConfig::of_delay(ms(20)), 0);
    scene.run(ms(5_000));
    let before = scene.stats(speaker);
    scene.phone_mut(speaker).talker.pause(true);
    scene.run(ms(1_200));
    scene.phone_mut(speaker).talker.pause(false);
    let stats = stats_after(&mut scene, speaker, ms(1_000));
    assert!(stats.concealed_ms - before.concealed_ms <= 20.0);
}

#[test]
fn drift_is_taken_up_by_stretching_alone() {
    for drift_ppm in [-500, 500] {
        let (mut scene, speaker, hearer) = call(LinkConfig::of_delay(ms(20)), drift_ppm);
        scene.run(ms(10_000));
        let before = scene.stats(speaker);
        let stats = stats_after(&mut scene, speaker, Duration::from_secs(600));
        // 500 ppm of ten minutes are 300 ms.
        let (out_ms, in_ms) = (
            stats.shortened_ms - before.shortened_ms,
            stats.lengthened_ms - before.lengthened_ms,
        );
        let net_ms = (out_ms - in_ms) * f64::from(drift_ppm.signum());
        assert!(
            (270.0..330.0).contains(&net_ms),
            "{drift_ppm} ppm: {net_ms}"
        );
        let concealed_ms = stats.concealed_ms - before.concealed_ms;
        assert!(concealed_ms <= 20.0, "{drift_ppm} ppm: {concealed_ms} ms");
        let heard = scene.phone(hearer).listener.heard();
        assert!(heard.tone_ratio(440.0) > 0.99, "{heard:?}");
    }
}

#[test]
fn digits_are_not_touched_by_what_stretches_the_voice() {
    let up = LinkConfig {
        jitter: Jitter::Uniform { max: ms(30) },
        loss: Loss::random(0.01),
        ..LinkConfig::of_delay(ms(20))
    };
    let (mut scene, speaker, hearer) = call(up, 500);
    for digits in ["1234567890", "*#ABCD"] {
        scene
            .phone_mut(speaker)
            .talker
            .press(digits, 80, 80)
            .expect("digits");
        scene.run(ms(5_000));
    }
    let heard = scene.phone(hearer).listener.heard();
    assert_eq!(heard.digits, "1234567890*#ABCD");
}

#[test]
fn every_trace_is_borne() {
    for trace in Trace::all() {
        let (mut scene, speaker, hearer) = call(trace.link.clone(), trace.drift_ppm);
        let stats = stats_after(&mut scene, speaker, ms(40_000));
        let lost_ratio = scene.phone(speaker).up().stats().lost_ratio();
        let concealed_ratio = stats.concealed_ratio();
        assert!(
            concealed_ratio <= lost_ratio * 1.25 + 0.03,
            "{}: {concealed_ratio} concealed of {lost_ratio} lost",
            trace.name
        );
        let heard = scene.phone(hearer).listener.heard();
        let level_off_db = (heard.level_dbfs - LEVEL_DBFS).abs();
        assert!(level_off_db < 2.0, "{}: {heard:?}", trace.name);
    }
}
