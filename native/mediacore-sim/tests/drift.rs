//! Phones whose clocks run fast or slow, for half an hour: what they hear and are heard as does not get worse with time.

use std::time::Duration;

use mediacore_audio::Codec;
use mediacore_sim::{Jitter, LinkConfig, PhoneConfig, Scene, Voice};

/// Minutes of a call, and the stretch over which it is looked at.
const MINUTES: usize = 30;
const STRETCH_MINUTES: usize = 5;

fn half_an_hour(drift_ppm: i32) {
    let mut scene = Scene::new(1);
    let up = LinkConfig {
        jitter: Jitter::Uniform {
            max: Duration::from_millis(8),
        },
        ..LinkConfig::of_delay(Duration::from_millis(40))
    };
    let voice = Voice::Tone {
        hz: 440.0,
        level_dbfs: -12.0,
    };
    let speaker = scene.add(&PhoneConfig {
        voice,
        drift_ppm,
        up: up.clone(),
        ..PhoneConfig::default()
    });
    // The other side is off as far the other way: its ear has what is left to it of the engine's even pace.
    let hearer = scene.add(&PhoneConfig {
        codec: Codec::Pcma,
        drift_ppm: -drift_ppm,
        tones_hz: vec![440.0],
        up,
        ..PhoneConfig::default()
    });
    scene.bridge(speaker, hearer);
    let mut concealed_ms = vec![0.0];
    for _ in 0..MINUTES / STRETCH_MINUTES {
        scene.run(Duration::from_secs(60 * STRETCH_MINUTES as u64));
        let stats = scene.stats(speaker);
        concealed_ms.push(stats.concealed_ms);
        assert_eq!(stats.receive_lost, 0);
        // Drift that adds up to 60 ms in a stretch leaves no trace in the delay.
        assert!(stats.buffer_ms <= 40.0, "{drift_ppm} ppm: {stats:?}");
        let heard = scene.phone(hearer).listener.heard();
        assert!(heard.playout.delay_ms < 90.0, "{drift_ppm} ppm: {heard:?}");
    }
    // What runs dry by drift: 200 ppm of five minutes are 60 ms, and one packet more or less.
    let drift_ms = f64::from(drift_ppm.unsigned_abs()) / 1e6 * STRETCH_MINUTES as f64 * 60_000.0;
    let stretches: Vec<f64> = concealed_ms
        .windows(2)
        .map(|pair| pair[1] - pair[0])
        .collect();
    for stretch in &stretches[1..] {
        assert!(
            *stretch <= drift_ms + 40.0,
            "{drift_ppm} ppm: {stretches:?}"
        );
    }
    let wire = scene.phone(hearer).listener.wire();
    assert_eq!((wire.sequence_breaks(), wire.timestamp_breaks()), (0, 0));
    let heard = scene.phone(hearer).listener.heard();
    assert_eq!(heard.gaps, 0, "{drift_ppm} ppm: {heard:?}");
    assert!(
        heard.concealed_ratio() < 0.0005,
        "{drift_ppm} ppm: {heard:?}"
    );
    assert!(
        (heard.level_dbfs + 12.0).abs() < 0.3,
        "{drift_ppm} ppm: {heard:?}"
    );
    assert!(
        heard.tone_ratio(440.0) > 0.995,
        "{drift_ppm} ppm: {heard:?}"
    );
}

#[test]
fn a_fast_phone_is_heard_for_half_an_hour_without_growing_delay() {
    half_an_hour(200);
}

#[test]
fn a_slow_phone_is_heard_for_half_an_hour_without_running_dry_more_and_more() {
    half_an_hour(-200);
}

#[test]
fn exact_phones_are_heard_for_half_an_hour_as_they_speak() {
    half_an_hour(0);
}
