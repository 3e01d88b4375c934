//! Phones whose clocks run fast or slow, for half an hour: what they hear and are heard as does not get worse with time.

use std::time::Duration;

use mediacore_audio::Codec;
use mediacore_sim::{Jitter, LinkConfig, PhoneConfig, PhoneId, Scene, Voice, mouth_to_ear};

/// Minutes of a call, and the stretch over which it is looked at.
const MINUTES: usize = 30;
const STRETCH_MINUTES: usize = 5;
const STRETCH: Duration = Duration::from_secs(60 * STRETCH_MINUTES as u64);

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

/// Somebody who speaks by this clock; the other side is off as far the other way: its ear has what is left to it of the
/// engine's even pace.
fn call(voice: Voice, drift_ppm: i32) -> (Scene, PhoneId, PhoneId) {
    let mut scene = Scene::new(1);
    let link = LinkConfig {
        jitter: Jitter::Uniform {
            max: Duration::from_millis(8),
        },
        ..LinkConfig::of_delay(Duration::from_millis(40))
    };
    let speaker = scene.add(&PhoneConfig {
        voice,
        drift_ppm,
        up: link.clone(),
        ..PhoneConfig::default()
    });
    let hearer = scene.add(&PhoneConfig {
        codec: Codec::Pcma,
        drift_ppm: -drift_ppm,
        tones_hz: vec![440.0],
        down: link,
        ..PhoneConfig::default()
    });
    scene.bridge(speaker, hearer);
    (scene, speaker, hearer)
}

/// A tone for half an hour: what runs dry, and what is heard.
fn assert_sound_stays(drift_ppm: i32) {
    let (mut scene, speaker, hearer) = call(TONE, drift_ppm);
    let mut concealed_ms = vec![0.0];
    for _ in 0..MINUTES / STRETCH_MINUTES {
        scene.run(STRETCH);
        let stats = scene.stats(speaker);
        assert_eq!(stats.receive_lost, 0);
        concealed_ms.push(stats.concealed_ms);
    }
    // 200 ppm of five minutes are 60 ms; and one packet more or less.
    let drift_ms = f64::from(drift_ppm.unsigned_abs()) / 1000.0 * STRETCH.as_secs_f64();
    let stretches = concealed_ms.windows(2).map(|pair| pair[1] - pair[0]);
    for stretch_ms in stretches {
        assert!(
            stretch_ms <= drift_ms + 20.0,
            "{drift_ppm} ppm: {concealed_ms:?}"
        );
    }
    let listener = &scene.phone(hearer).listener;
    let heard = listener.heard();
    assert_eq!(heard.gaps, 0, "{drift_ppm} ppm: {heard:?}");
    assert!(
        heard.concealed_ratio() < 0.0005,
        "{drift_ppm} ppm: {heard:?}"
    );
    assert!((heard.level_dbfs - LEVEL_DBFS).abs() < 0.3, "{heard:?}");
    assert!(
        heard.tone_ratio(440.0) > 0.995,
        "{drift_ppm} ppm: {heard:?}"
    );
    let wire = listener.wire();
    assert_eq!((wire.sequence_breaks(), wire.timestamp_breaks()), (0, 0));
}

/// Talk-spurts for half an hour: how long they are under way at its beginning and at its end.
fn assert_delay_stays(drift_ppm: i32) {
    let (mut scene, speaker, hearer) = call(SPURTS, drift_ppm);
    let mut medians = Vec::new();
    for _ in 0..MINUTES / STRETCH_MINUTES {
        let (said, heard) = (
            scene.phone(speaker).talker.onsets().len(),
            scene.phone(hearer).listener.onsets().len(),
        );
        scene.run(STRETCH);
        let mut delays = mouth_to_ear(
            &scene.phone(speaker).talker.onsets()[said..],
            &scene.phone(hearer).listener.onsets()[heard..],
        );
        delays.sort();
        medians.push(delays[delays.len() / 2]);
    }
    // Two clocks that are off by 360 ms in the end, and buffers that correct them packet by packet.
    let (least, most) = (medians.iter().min(), medians.iter().max());
    let spread = *most.expect("six") - *least.expect("six");
    assert!(
        spread < Duration::from_millis(60),
        "{drift_ppm} ppm: {medians:?}"
    );
    assert!(medians[0] < Duration::from_millis(230), "{medians:?}");
}

#[test]
fn a_fast_phone_is_heard_for_half_an_hour_without_growing_delay() {
    assert_sound_stays(200);
    assert_delay_stays(200);
}

#[test]
fn a_slow_phone_is_heard_for_half_an_hour_without_running_dry_more_and_more() {
    assert_sound_stays(-200);
    assert_delay_stays(-200);
}

#[test]
fn exact_phones_are_heard_for_half_an_hour_as_they_speak() {
    assert_sound_stays(0);
    assert_delay_stays(0);
}
