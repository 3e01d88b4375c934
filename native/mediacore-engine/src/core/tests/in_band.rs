//! Digits in the sound, by the manual clock: heard, sent, made anew for whoever needs them otherwise, and hidden.

use mediacore_audio::{DtmfDetector, DtmfNotice, DtmfSource};
use mediacore_rtp::event::EventReceiver;
use mediacore_rtp::{DigitNotice, DigitSender};

use super::*;
use crate::format::CodecId;
use crate::params::DigitUse;

const EVENTS: u8 = 101;
const PCMU_ALONE: &[(u8, CodecId)] = &[(0, PCMU)];
const PCMU_AND_EVENTS: &[(u8, CodecId)] = &[(0, PCMU), (EVENTS, TELEPHONE_EVENT)];

const IN_BAND: DigitUse = DigitUse {
    in_band: true,
    hidden: false,
};
const HIDDEN: DigitUse = DigitUse {
    in_band: true,
    hidden: true,
};

fn with_tones(remote: &str, digits: DigitUse) -> LegParams {
    LegParams {
        digits,
        ..params(remote, PCMU_ALONE)
    }
}

fn pressed(events: &[Event], leg: u64) -> String {
    let digit = |event: &Event| match event {
        Event::DigitPressed {
            leg: from, digit, ..
        } if *from == LegId(leg) => Some(*digit),
        _ => None,
    };
    events.iter().filter_map(digit).collect()
}

/// The digits in what somebody is sent as sound.
fn heard_as_tones(packets: &[(RtpHeader, Vec<u8>)]) -> String {
    let sound: Vec<_> = packets
        .iter()
        .filter(|(header, _)| header.payload_type.0 == 0)
        .cloned()
        .collect();
    tones_in(&decoded(Codec::Pcmu, &sound))
}

fn tones_in(samples: &[i16]) -> String {
    let mut detector = DtmfDetector::new(8000);
    let mut digits = String::new();
    for frame in samples.chunks(FRAME_SAMPLES) {
        detector.receive(frame);
        while let Some(notice) = detector.poll() {
            if let DtmfNotice::Pressed { digit } = notice {
                digits.push(digit);
            }
        }
    }
    digits
}

/// The digits in what somebody is sent as telephone-events.
fn heard_as_events(packets: &[(RtpHeader, Vec<u8>)]) -> String {
    let mut receiver = EventReceiver::default();
    let mut digits = String::new();
    let is_event = |(header, _): &&(RtpHeader, Vec<u8>)| header.payload_type.0 == EVENTS;
    for ((header, payload), n) in packets.iter().filter(is_event).zip(1..) {
        receiver.receive(header, payload, FRAME_TIME * n);
        while let Some(notice) = receiver.poll() {
            if let DigitNotice::Pressed { digit } = notice {
                digits.push(digit);
            }
        }
    }
    digits
}

impl Rig {
    /// A phone plays digits as tones, between half seconds of nothing.
    fn dial_tones(&mut self, phone: &mut Phone, digits: &str) {
        let mut source = DtmfSource::new(digits, 80, 80, 8000).expect("digits");
        let frames = 25 + digits.len() * 8 + 25;
        for n in 0..frames {
            let mut frame = SILENCE;
            if n >= 25 {
                source.fill(&mut frame);
            }
            let mut payload = [0; FRAME_SAMPLES];
            Codec::Pcmu.encode(&frame, &mut payload);
            let datagram = phone.packet(0, &payload);
            phone.timestamp = phone.timestamp.wrapping_add(160);
            self.receive(phone.slot, &datagram, phone.address);
            self.pass(FRAME_TIME);
        }
    }

    fn tapped(&mut self, slot: usize) -> crate::tap::Tap {
        let (feed, tap) = tap(TapId(1), TapSide::Received, 1000).expect("a descriptor");
        self.change(slot, |leg| assert!(leg.listeners.add_tap(feed).is_ok()));
        tap
    }
}

#[test]
fn digits_in_the_sound_are_told_of_where_they_are_asked_for() {
    for (digits, expected) in [(IN_BAND, "159D*#"), (DigitUse::default(), "")] {
        let mut rig = Rig::new();
        let slot = rig.open(with_tones(A, digits));
        let mut alice = Phone::at(A, slot);
        rig.dial_tones(&mut alice, "159D*#");
        assert_eq!(pressed(&rig.out.events, 1), expected);
        assert_eq!(rig.stats(slot).receive_digits, expected.len() as u64);
        let is_release = |event: &&Event| matches!(event, Event::DigitReleased { lasted, .. } if lasted.as_millis().abs_diff(80) <= 10);
        assert_eq!(
            rig.out.events.iter().filter(is_release).count(),
            expected.len()
        );
    }
}

#[test]
fn digits_are_sent_as_tones_and_their_end_is_told_of() {
    let mut rig = Rig::new();
    let slot = rig.open(with_tones(A, IN_BAND));
    let sender = DigitSender::new("0123456789*#ABCD", 60, 60, 8000).expect("digits");
    rig.change(slot, |leg| assert_eq!(leg.dial(SoundId(5), sender), Ok(())));
    rig.pass(Duration::from_secs(3));
    let packets = rig.sent(slot);
    assert_eq!(heard_as_tones(&packets), "0123456789*#ABCD");
    assert!(rig.out.events.contains(&Event::PlayFinished {
        place: Place::Leg(LegId(1)),
        sound: SoundId(5),
        completed: true
    }));
}

#[test]
fn the_peers_voice_waits_while_tones_are_sent() {
    let (mut rig, mut alice, bob) = bridged(params(A, PCMU_ALONE), with_tones(B, IN_BAND));
    rig.talk(&mut [&mut alice], 20);
    rig.sent(bob.slot);
    let sender = DigitSender::new("7", 200, 40, 8000).expect("a digit");
    rig.change(bob.slot, |leg| {
        assert_eq!(leg.dial(SoundId(5), sender), Ok(()))
    });
    rig.talk(&mut [&mut alice], 10);
    let packets = rig.sent(bob.slot);
    assert_eq!(heard_as_tones(&packets), "7", "pure enough to be heard");
    rig.talk(&mut [&mut alice], 20);
    assert!(
        dbfs(&decoded(Codec::Pcmu, &rig.sent(bob.slot))) > -15.0,
        "the voice is back"
    );
}

#[test]
fn tones_of_one_are_made_events_for_the_other() {
    let (mut rig, mut alice, bob) = bridged(with_tones(A, IN_BAND), params(B, PCMU_AND_EVENTS));
    rig.dial_tones(&mut alice, "4929");
    assert_eq!(heard_as_events(&rig.sent(bob.slot)), "4929");
    assert_eq!(rig.stats(bob.slot).send_digits_refused, 0);
}

#[test]
fn events_of_one_are_made_tones_for_the_other() {
    let (mut rig, mut alice, bob) = bridged(params(A, PCMU_AND_EVENTS), with_tones(B, IN_BAND));
    for code in [4_u8, 9, 2, 11] {
        rig.talk(&mut [&mut alice], 10);
        for ticks in [160_u16, 320, 480, 480, 480] {
            let end = if ticks == 480 { 0x80 } else { 0 };
            let [high, low] = ticks.to_be_bytes();
            let packet = alice.packet(EVENTS, &[code, end | 10, high, low]);
            rig.receive(alice.slot, &packet, alice.address);
            rig.pass(FRAME_TIME);
        }
        alice.timestamp = alice.timestamp.wrapping_add(5 * 160);
    }
    rig.talk(&mut [&mut alice], 20);
    let packets = rig.sent(bob.slot);
    assert_eq!(heard_as_tones(&packets), "492#");
    assert_eq!(heard_as_events(&packets), "");
}

#[test]
fn a_digit_by_the_signalling_is_told_of_and_reaches_the_other_in_its_way() {
    for (peer, as_events, as_tones) in [
        (params(B, PCMU_AND_EVENTS), "8", ""),
        (with_tones(B, IN_BAND), "", "8"),
        (params(B, PCMU_ALONE), "", ""),
    ] {
        let (mut rig, alice, bob) = bridged(params(A, PCMU_ALONE), peer);
        let (now, lasted) = (rig.now, Duration::from_millis(160));
        rig.core.press(alice.slot, '8', lasted, now, &mut rig.out);
        rig.pass(Duration::from_millis(500));
        assert_eq!(pressed(&rig.out.events, 1), "8");
        let packets = rig.sent(bob.slot);
        assert_eq!(heard_as_events(&packets), as_events);
        assert_eq!(heard_as_tones(&packets), as_tones);
    }
}

#[test]
fn of_hidden_tones_neither_the_other_nor_a_recording_hears_anything() {
    for peer in [params(B, PCMU_AND_EVENTS), with_tones(B, IN_BAND)] {
        let (mut rig, mut alice, bob) = bridged(with_tones(A, HIDDEN), peer);
        let tap = rig.tapped(alice.slot);
        rig.dial_tones(&mut alice, "4929123456");
        assert_eq!(
            pressed(&rig.out.events, 1),
            "4929123456",
            "the application knows them"
        );
        let packets = rig.sent(bob.slot);
        assert_eq!(heard_as_events(&packets), "");
        let sound = decoded(Codec::Pcmu, &packets);
        assert!(dbfs(&sound) < -80.0, "{} dBFS to the other", dbfs(&sound));
        let recorded = tap.read();
        assert!(recorded.len() > 100 * FRAME_SAMPLES);
        assert!(dbfs(&recorded) < -80.0, "{} dBFS recorded", dbfs(&recorded));
    }
}

#[test]
fn hidden_events_are_not_passed_on_and_the_voice_is() {
    let hidden = LegParams {
        digits: DigitUse {
            in_band: false,
            hidden: true,
        },
        ..params(A, PCMU_AND_EVENTS)
    };
    let (mut rig, mut alice, bob) = bridged(hidden, params(B, PCMU_AND_EVENTS));
    rig.talk(&mut [&mut alice], 30);
    for ticks in [160_u16, 320, 480, 480, 480] {
        let end = if ticks == 480 { 0x80 } else { 0 };
        let [high, low] = ticks.to_be_bytes();
        let packet = alice.packet(EVENTS, &[5, end | 10, high, low]);
        rig.receive(alice.slot, &packet, alice.address);
        rig.pass(FRAME_TIME);
    }
    assert_eq!(pressed(&rig.out.events, 1), "5");
    let packets = rig.sent(bob.slot);
    assert_eq!(heard_as_events(&packets), "");
    assert!(dbfs(&decoded(Codec::Pcmu, &packets)) > -15.0);
}

#[test]
fn a_phone_that_sends_events_and_tones_presses_each_digit_once() {
    let both = LegParams {
        digits: IN_BAND,
        ..params(A, PCMU_AND_EVENTS)
    };
    let mut rig = Rig::new();
    let slot = rig.open(both);
    let mut alice = Phone::at(A, slot);
    let packet = alice.packet(EVENTS, &[5, 0x8a, 1, 64]);
    rig.receive(slot, &packet, alice.address);
    rig.dial_tones(&mut alice, "5");
    assert_eq!(pressed(&rig.out.events, 1), "5");
}

#[test]
fn too_many_digits_for_the_other_are_left_out_and_counted() {
    let (mut rig, alice, bob) = bridged(params(A, PCMU_ALONE), params(B, PCMU_AND_EVENTS));
    let now = rig.now;
    for _ in 0..100 {
        rig.core.press(
            alice.slot,
            '1',
            Duration::from_millis(100),
            now,
            &mut rig.out,
        );
    }
    assert_eq!(rig.stats(bob.slot).send_digits_refused, 100 - 36);
    rig.pass(Duration::from_secs(10));
    assert_eq!(heard_as_events(&rig.sent(bob.slot)), "1".repeat(36));
}

#[test]
fn digits_go_beside_wide_codecs_at_their_clock() {
    let wide = CodecId(15);
    let formats = Formats::new(vec![
        Format {
            payload_type: 111,
            codec: CodecId(40),
            clock_rate_hz: 48_000,
        },
        Format {
            payload_type: EVENTS,
            codec: wide,
            clock_rate_hz: 48_000,
        },
    ]);
    let mut rig = Rig::new();
    let slot = rig.open(LegParams {
        formats: formats.clone(),
        receive_formats: formats,
        ..params(A, PCMU_ALONE)
    });
    let sender = DigitSender::new("3", 100, 80, 8000).expect("a digit");
    rig.change(slot, |leg| assert_eq!(leg.dial(SoundId(5), sender), Ok(())));
    rig.pass(Duration::from_millis(400));
    let packets = rig.sent(slot);
    let last = packets.last().expect("it was sent");
    assert_eq!(
        u16::from_be_bytes([last.1[2], last.1[3]]),
        4800,
        "100 ms at 48 kHz"
    );
    // And what the peer presses: 20 ms at its clock.
    let mut alice = Phone::at(A, slot);
    let packet = alice.packet(EVENTS, &[7, 0x8a, 0x03, 0xc0]);
    rig.receive(slot, &packet, alice.address);
    let lasted = rig.out.events.iter().find_map(|event| match event {
        Event::DigitReleased { lasted, .. } => Some(*lasted),
        _ => None,
    });
    assert_eq!(lasted, Some(Duration::from_millis(20)));
}
