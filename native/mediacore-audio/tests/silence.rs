//! Who speaks, what is sent of silence, and what it sounds like at the far end.

use mediacore_audio::comfort_noise::PAYLOAD_OCTETS_MAX;
use mediacore_audio::{NoiseAnalyser, NoiseGenerator, Sending, SilenceSuppressor, Vad, dbfs};
use proptest::prelude::*;

const RATE_HZ: u32 = 8_000;
const FRAME: usize = 160;

/// White noise of this level, 20 ms at a time.
struct Room {
    state: u64,
    amplitude: f64,
    /// How much of a sample the next one keeps: darker noise.
    colour: f64,
    last: f64,
}

impl Room {
    fn new(level_dbfs: f64, colour: f64) -> Self {
        // A full-scale sine has half the power of the square wave, evenly spread noise a third of it.
        let amplitude =
            32_767.0 * 10_f64.powf(level_dbfs / 20.0) * (1.5 * (1.0 - colour * colour)).sqrt();
        Self {
            state: 7,
            amplitude,
            colour,
            last: 0.0,
        }
    }

    fn frame(&mut self) -> Vec<i16> {
        let mut next = || {
            self.state = self
                .state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            let white = (self.state >> 33) as f64 / (1_u64 << 31) as f64 * 2.0 - 1.0;
            self.last = self.last * self.colour + white * self.amplitude;
            self.last as i16
        };
        (0..FRAME).map(|_| next()).collect()
    }
}

fn tone(level_dbfs: f64) -> Vec<i16> {
    let mut frame = vec![0; FRAME];
    mediacore_audio::ToneSource::sine(300.0, level_dbfs, None, RATE_HZ).fill(&mut frame);
    frame
}

#[test]
fn a_room_is_no_speech_and_a_voice_above_it_is() {
    for background in [-80.0, -60.0, -45.0] {
        let (mut vad, mut room) = (Vad::new(RATE_HZ), Room::new(background, 0.0));
        for _ in 0..1_500 {
            vad.receive(&room.frame());
        }
        assert!(!vad.is_speech(), "{background} dBFS is taken for speech");
        assert!(
            (vad.background_dbfs() - background).abs() < 3.0,
            "{} for {background}",
            vad.background_dbfs()
        );
        assert!(
            vad.receive(&tone(background + 25.0)),
            "the first frame counts"
        );
    }
}

#[test]
fn the_end_of_a_word_is_kept() {
    let (mut vad, mut room) = (Vad::new(RATE_HZ), Room::new(-70.0, 0.0));
    vad.receive(&room.frame());
    vad.receive(&tone(-20.0));
    let kept = (0..50).take_while(|_| vad.receive(&room.frame())).count();
    assert_eq!(kept, 10, "frames of 20 ms");
}

#[test]
fn a_long_sentence_does_not_become_the_background() {
    let mut vad = Vad::new(RATE_HZ);
    vad.receive(&Room::new(-65.0, 0.0).frame());
    for frame in 0..500 {
        assert!(vad.receive(&tone(-25.0)), "frame {frame}");
    }
}

#[test]
fn silence_is_sent_once_a_second_and_speech_whole() {
    let mut suppressor = SilenceSuppressor::new(RATE_HZ);
    let mut room = Room::new(-60.0, 0.5);
    let mut payload = [0; PAYLOAD_OCTETS_MAX];
    let mut sent = Vec::new();
    for frame in 0..200 {
        let samples = if frame == 100 {
            tone(-20.0)
        } else {
            room.frame()
        };
        sent.push(suppressor.receive(&samples, &mut payload));
    }
    let noises = |sent: &[Sending]| {
        sent.iter()
            .filter(|sending| matches!(sending, Sending::Noise(_)))
            .count()
    };
    assert_eq!(sent[0], Sending::Noise(7));
    assert_eq!(sent[1], Sending::Nothing);
    assert!(
        (2..=3).contains(&noises(&sent[..100])),
        "{}",
        noises(&sent[..100])
    );
    assert!(
        sent[100..=110]
            .iter()
            .all(|sending| *sending == Sending::Frame)
    );
    assert_eq!(sent[111], Sending::Noise(7));
    assert!((1..=4).contains(&noises(&sent[111..])));
}

#[test]
fn the_far_end_hears_the_level_and_the_colour_of_the_room() {
    for (level, colour) in [(-50.0, 0.0), (-40.0, 0.9), (-35.0, -0.7), (-60.0, 0.5)] {
        let (mut room, mut analyser) = (Room::new(level, colour), NoiseAnalyser::default());
        for _ in 0..100 {
            analyser.receive(&room.frame());
        }
        let mut payload = [0; PAYLOAD_OCTETS_MAX];
        let octets = analyser.write(10, &mut payload);
        assert_eq!(octets, PAYLOAD_OCTETS_MAX);
        // 0 dBov is 3 dB above the full-scale sine.
        assert!(
            (f64::from(payload[0]) + level - 3.01).abs() < 1.5,
            "{} for {level}",
            payload[0]
        );

        let mut generator = NoiseGenerator::new(1);
        generator.receive(&payload[..octets]);
        let mut heard = vec![0; 100 * FRAME];
        heard
            .chunks_mut(FRAME)
            .for_each(|frame| generator.fill(frame));
        let told = 3.01 - f64::from(payload[0]);
        assert!(
            (dbfs(&heard) - told).abs() < 1.0,
            "{} for {told}",
            dbfs(&heard)
        );
        let power: f64 = heard.iter().map(|sample| f64::from(*sample).powi(2)).sum();
        let neighbours = heard
            .windows(2)
            .map(|pair| f64::from(pair[0]) * f64::from(pair[1]));
        let heard_colour = neighbours.sum::<f64>() / power;
        assert!(
            (heard_colour - colour).abs() < 0.1,
            "{heard_colour} for {colour}"
        );
    }
}

#[test]
fn a_new_level_is_come_to_by_and_by() {
    let mut generator = NoiseGenerator::new(1);
    let mut frame = [0; FRAME];
    generator.fill(&mut frame);
    assert_eq!(frame, [0; FRAME], "silent until it is told");
    generator.receive(&[60]);
    generator.fill(&mut frame);
    assert!((dbfs(&frame) + 57.0).abs() < 1.5);
    generator.receive(&[40]);
    generator.fill(&mut frame);
    assert!((-53.0..-42.0).contains(&dbfs(&frame)), "{}", dbfs(&frame));
    (0..50).for_each(|_| generator.fill(&mut frame));
    assert!((dbfs(&frame) + 37.0).abs() < 1.5, "{}", dbfs(&frame));
    generator.receive(&[]);
    generator.receive(&[127]);
    (0..100).for_each(|_| generator.fill(&mut frame));
    assert_eq!(frame, [0; FRAME]);
}

proptest! {
    /// Any payload at all makes noise near its level: no filter runs away.
    #[test]
    fn any_payload_is_bearable(payload in proptest::collection::vec(any::<u8>(), 1..30)) {
        let mut generator = NoiseGenerator::new(3);
        generator.receive(&payload);
        let mut heard = vec![0; 50 * FRAME];
        heard.chunks_mut(FRAME).for_each(|frame| generator.fill(frame));
        let level = 3.01 - f64::from(payload[0] & 0x7f);
        prop_assert!(dbfs(&heard) < level + 6.0 || dbfs(&heard) < -85.0, "{} for {level}", dbfs(&heard));
    }
}
