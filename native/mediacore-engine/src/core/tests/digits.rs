//! Digits both ways, by the manual clock: on legs alone, forwarded, transcoded, and passed through in a foreign codec.

use mediacore_rtp::event::{EventReceiver, RELEASED_AFTER};
use mediacore_rtp::{DigitNotice, DigitSender};

use super::*;
use crate::format::{COMFORT_NOISE, CodecId};
use crate::leg::{DIALLED_MAX, DialRefusal};

const EVENTS: u8 = 101;
const PCMU_AND_EVENTS: &[(u8, CodecId)] = &[(0, PCMU), (EVENTS, TELEPHONE_EVENT)];
const PCMA_AND_EVENTS: &[(u8, CodecId)] = &[(8, PCMA), (EVENTS, TELEPHONE_EVENT)];
const G729_AND_EVENTS: &[(u8, CodecId)] = &[(18, CodecId(9)), (EVENTS, TELEPHONE_EVENT)];

const DIALLED: SoundId = SoundId(77);

fn dial(rig: &mut Rig, slot: usize, digits: &str) -> Result<(), DialRefusal> {
    let sender = DigitSender::new(digits, 100, 80, 8000).expect("digits");
    let mut answer = Ok(());
    rig.change(slot, |leg| answer = leg.dial(DIALLED, sender));
    answer
}

impl Phone {
    /// The packets of a digit of 100 ms that begins now, one for each 20 ms, and two more ends.
    fn press(&mut self, code: u8) -> Vec<Vec<u8>> {
        let durations = [160_u16, 320, 480, 640, 800, 800, 800];
        let packets = durations.iter().map(|ticks| {
            let end = if *ticks == 800 { 0x80 } else { 0 };
            let [high, low] = ticks.to_be_bytes();
            self.packet(EVENTS, &[code, end | 10, high, low])
        });
        let packets = packets.collect();
        self.timestamp = self.timestamp.wrapping_add(7 * 160);
        packets
    }
}

impl Rig {
    fn take_digit(&mut self, phone: &mut Phone, code: u8) {
        for packet in phone.press(code) {
            self.receive(phone.slot, &packet, phone.address);
            self.pass(FRAME_TIME);
        }
    }

    fn digits(&mut self) -> String {
        let digit = |event: &Event| match event {
            Event::DigitPressed { digit, .. } => Some(*digit),
            _ => None,
        };
        self.out.events.iter().filter_map(digit).collect()
    }

    fn finished(&self) -> Vec<bool> {
        let completed = |event: &Event| match event {
            Event::PlayFinished {
                sound: DIALLED,
                completed,
                ..
            } => Some(*completed),
            _ => None,
        };
        self.out.events.iter().filter_map(completed).collect()
    }
}

/// The digits that a phone hears in what it is sent, and their lengths in ticks.
fn heard(packets: &[(RtpHeader, Vec<u8>)]) -> Vec<(char, u32)> {
    let mut receiver = EventReceiver::default();
    let mut digits = Vec::new();
    let is_event = |(header, _): &&(RtpHeader, Vec<u8>)| header.payload_type.0 == EVENTS;
    for ((header, payload), n) in packets.iter().filter(is_event).zip(1..) {
        receiver.receive(header, payload, FRAME_TIME * n);
        while let Some(notice) = receiver.poll() {
            match notice {
                DigitNotice::Pressed { digit } => digits.push((digit, 0)),
                DigitNotice::Released { duration_ticks, .. } => {
                    digits.last_mut().expect("it was pressed").1 = duration_ticks;
                }
            }
        }
    }
    digits
}

/// Numbers without a gap, and sound in the time that digits leave.
fn assert_one_stream(packets: &[(RtpHeader, Vec<u8>)]) {
    for pair in packets.windows(2) {
        let next = pair[0].0.sequence.wrapping_add(1);
        assert_eq!(pair[1].0.sequence, next);
        assert_eq!(pair[1].0.ssrc, pair[0].0.ssrc);
    }
    let mut taken_until = None;
    for (header, payload) in packets {
        let is_event = header.payload_type.0 == EVENTS;
        let ticks = match is_event {
            true => u32::from(u16::from_be_bytes([payload[2], payload[3]])),
            false => payload.len() as u32,
        };
        let end = header.timestamp.wrapping_add(ticks);
        if let (Some(taken), false) = (taken_until, is_event) {
            let gap = header.timestamp.wrapping_sub(taken);
            assert!(
                gap < 1 << 31,
                "sound in the time of what was sent: {header:?}"
            );
        }
        let is_later = |taken: u32| end.wrapping_sub(taken) < 1 << 31;
        if taken_until.is_none_or(is_later) {
            taken_until = Some(end);
        }
    }
}

fn sound(packets: &[(RtpHeader, Vec<u8>)]) -> Vec<(RtpHeader, Vec<u8>)> {
    let is_sound = |(header, _): &&(RtpHeader, Vec<u8>)| header.payload_type.0 != EVENTS;
    packets.iter().filter(is_sound).cloned().collect()
}

#[test]
fn a_digit_is_told_of_once_when_it_begins_and_once_when_it_ends() {
    let mut rig = Rig::new();
    let slot = rig.open(params(A, PCMU_AND_EVENTS));
    let mut alice = Phone::at(A, slot);
    rig.talk(&mut [&mut alice], 5);
    rig.out.events.clear();
    let begun_at = rig.now;
    rig.take_digit(&mut alice, 11);
    let leg = LegId(1);
    assert_eq!(
        rig.out.events,
        [
            Event::DigitPressed {
                leg,
                digit: '#',
                at: begun_at
            },
            Event::DigitReleased {
                leg,
                digit: '#',
                lasted: Duration::from_millis(100),
                at: begun_at + 4 * FRAME_TIME,
            },
        ]
    );
    assert!(rig.out.events.iter().all(|event| !event.is_droppable()));
    assert_eq!(rig.stats(slot).receive_digits, 1);
}

#[test]
fn one_packet_is_enough_and_the_clock_ends_the_digit() {
    let mut rig = Rig::new();
    let slot = rig.open(params(A, PCMU_AND_EVENTS));
    let mut alice = Phone::at(A, slot);
    rig.talk(&mut [&mut alice], 1);
    rig.out.events.clear();
    let pressed_at = rig.now;
    let packets = alice.press(3);
    rig.receive(slot, &packets[2], alice.address);
    rig.receive(slot, &packets[1], alice.address);
    rig.pass(RELEASED_AFTER + Duration::from_millis(20));
    let [
        Event::DigitPressed { .. },
        Event::DigitReleased { lasted, at, .. },
    ] = rig.out.events[..]
    else {
        panic!("{:?}", rig.out.events);
    };
    assert_eq!(lasted, Duration::from_millis(60));
    let after = at - pressed_at;
    assert!(after >= RELEASED_AFTER && after < RELEASED_AFTER + Duration::from_millis(15));
}

#[test]
fn a_digit_is_no_loss_to_whoever_hears_the_leg() {
    let mut rig = Rig::new();
    let slot = rig.open(params(A, PCMU_AND_EVENTS));
    let mut alice = Phone::at(A, slot);
    let (feed, tap) = tap(TapId(1), TapSide::Received, 200).expect("a descriptor");
    rig.change(slot, |leg| assert!(leg.listeners.add_tap(feed).is_ok()));
    rig.talk(&mut [&mut alice], 20);
    for code in 0..3 {
        rig.take_digit(&mut alice, code);
        rig.talk(&mut [&mut alice], 10);
    }
    let stats = rig.stats(slot);
    assert_eq!((stats.concealed_ms, stats.receive_lost), (0.0, 0));
    assert_eq!(stats.played_ms, 1000.0 - 40.0, "all but what is buffered");
    assert_eq!(stats.receive_jitter_ms, 0.0);
    assert_eq!(rig.digits(), "012");
    assert!(dbfs(&tap.read()) > -20.0);
}

#[test]
fn comfort_noise_is_no_loss_either() {
    let mut rig = Rig::new();
    let slot = rig.open(params(A, &[(0, PCMU), (13, COMFORT_NOISE)]));
    let mut alice = Phone::at(A, slot);
    rig.change(slot, |leg| {
        drop(
            leg.listeners
                .watch(Some(Box::new(ToneWatch::new(&[440.0])))),
        )
    });
    for _ in 0..3 {
        rig.talk(&mut [&mut alice], 20);
        let noise = alice.packet(13, &[70]);
        rig.receive(slot, &noise, alice.address);
        rig.pass(10 * FRAME_TIME);
        alice.timestamp = alice.timestamp.wrapping_add(1600);
    }
    let stats = rig.stats(slot);
    assert_eq!((stats.concealed_ms, stats.played_ms), (0.0, 1200.0));
}

#[test]
fn digits_of_a_forwarded_pair_are_seen_and_forwarded_undecoded() {
    let (mut rig, mut alice, bob) = bridged(params(A, PCMU_AND_EVENTS), params(B, PCMU_AND_EVENTS));
    rig.talk(&mut [&mut alice], 10);
    rig.take_digit(&mut alice, 4);
    rig.talk(&mut [&mut alice], 10);
    rig.take_digit(&mut alice, 4);
    let to_bob = rig.sent(bob.slot);
    assert_eq!(to_bob.len(), 34, "every packet");
    assert_eq!(heard(&to_bob), [('4', 800), ('4', 800)]);
    assert_one_stream(&to_bob);
    assert_eq!(rig.digits(), "44");
    assert_eq!(rig.stats(alice.slot).decoded_packets, 0);
}

#[test]
fn digits_of_a_transcoded_pair_are_seen_and_passed_on_even_when_they_overtake_each_other() {
    let (mut rig, mut alice, bob) = bridged(params(A, PCMU_AND_EVENTS), params(B, PCMA_AND_EVENTS));
    rig.talk(&mut [&mut alice], 10);
    let mut packets = alice.press(1);
    packets.extend(alice.press(2));
    // An end of the first comes after the second has begun.
    packets[5..9].rotate_left(1);
    for packet in &packets {
        rig.receive(alice.slot, packet, alice.address);
        rig.pass(FRAME_TIME);
    }
    let to_bob = rig.sent(bob.slot);
    assert_eq!(heard(&to_bob), [('1', 800), ('2', 800)]);
    assert_eq!(rig.digits(), "12");
}

#[test]
fn a_digit_stays_one_when_the_bridge_begins_and_ceases_to_decode() {
    let (mut rig, mut alice, bob) = bridged(params(A, PCMU_AND_EVENTS), params(B, PCMU_AND_EVENTS));
    rig.talk(&mut [&mut alice], 10);
    for (n, packet) in alice.press(9).iter().enumerate() {
        if n == 2 || n == 4 {
            let watch = (n == 2).then(|| Box::new(ToneWatch::new(&[440.0])));
            rig.change(bob.slot, |leg| drop(leg.listeners.watch(watch)));
        }
        rig.receive(alice.slot, packet, alice.address);
        rig.pass(FRAME_TIME);
    }
    assert_eq!(heard(&rig.sent(bob.slot)), [('9', 800)]);
}

#[test]
fn sound_that_is_made_after_a_forwarded_digit_has_a_time_of_its_own() {
    let (mut rig, mut alice, bob) = bridged(params(A, PCMU_AND_EVENTS), params(B, PCMU_AND_EVENTS));
    rig.talk(&mut [&mut alice], 10);
    rig.take_digit(&mut alice, 9);
    rig.change(alice.slot, |leg| leg.mutes.receive = true);
    rig.pass(5 * FRAME_TIME);
    assert_one_stream(&rig.sent(bob.slot));
}

#[test]
fn digits_are_sent_by_a_leg_alone_and_it_falls_silent_again() {
    let mut rig = Rig::new();
    let slot = rig.open(params(A, PCMU_AND_EVENTS));
    assert_eq!(dial(&mut rig, slot, "1#"), Ok(()));
    rig.pass(Duration::from_secs(1));
    let sent = rig.sent(slot);
    assert_eq!(heard(&sent), [('1', 800), ('#', 800)]);
    assert_one_stream(&sent);
    // Seven packets for each digit; four frames for each pause, and one until it is found that nothing is left.
    assert_eq!(
        (sent.len() - sound(&sent).len(), sound(&sent).len()),
        (14, 9)
    );
    assert!(sent[0].0.marker);
    assert_eq!(rig.finished(), [true]);
    rig.pass(Duration::from_secs(1));
    assert!(rig.sent(slot).is_empty());
    assert_eq!(dial(&mut rig, slot, "2"), Ok(()));
    rig.pass(Duration::from_secs(1));
    let later = rig.sent(slot);
    let elapsed = later[0].0.timestamp.wrapping_sub(sent[0].0.timestamp);
    assert!(
        (8000..17_000).contains(&elapsed),
        "the clock ran on: {elapsed}"
    );
}

#[test]
fn digits_take_the_place_of_sound_on_a_forwarded_pair_which_is_forwarded_again_afterwards() {
    let (mut rig, mut alice, mut bob) =
        bridged(params(A, PCMU_AND_EVENTS), params(B, PCMU_AND_EVENTS));
    rig.talk(&mut [&mut alice, &mut bob], 20);
    assert_eq!(dial(&mut rig, bob.slot, "159"), Ok(()));
    rig.talk(&mut [&mut alice, &mut bob], 40);
    assert_eq!(rig.finished(), [true]);
    let before = rig.stats(alice.slot).forwarded_packets;
    rig.talk(&mut [&mut alice, &mut bob], 10);
    assert_eq!(rig.stats(alice.slot).forwarded_packets, before + 10);
    let to_bob = rig.sent(bob.slot);
    assert_eq!(heard(&to_bob), [('1', 800), ('5', 800), ('9', 800)]);
    assert_one_stream(&to_bob);
    assert_eq!(
        sound(&to_bob).len(),
        70 - 15,
        "a frame less for each of a digit"
    );
    assert_one_stream(&rig.sent(alice.slot));
    assert_eq!(rig.digits(), "", "nobody pressed them");
}

#[test]
fn digits_take_the_place_of_sound_on_a_transcoded_pair() {
    let (mut rig, mut alice, _) = bridged(params(A, PCMU_AND_EVENTS), params(B, PCMA_AND_EVENTS));
    let bob = 1;
    rig.talk(&mut [&mut alice], 20);
    rig.sent(bob);
    assert_eq!(dial(&mut rig, bob, "0"), Ok(()));
    rig.talk(&mut [&mut alice], 20);
    let to_bob = rig.sent(bob);
    assert_eq!(heard(&to_bob), [('0', 800)]);
    assert_one_stream(&to_bob);
    assert_eq!(sound(&to_bob).len(), 15);
    let samples = decoded(Codec::Pcma, &sound(&to_bob));
    assert!(
        (dbfs(&samples) + 10.0).abs() < 0.2,
        "Alice is heard in between"
    );
}

#[test]
fn digits_go_between_the_packets_of_a_codec_that_is_only_passed_through() {
    let (mut rig, mut alice, bob) = bridged(params(A, G729_AND_EVENTS), params(B, G729_AND_EVENTS));
    let mut talk = |rig: &mut Rig, frames| {
        for _ in 0..frames {
            let packet = alice.packet(18, &[0; 20]);
            alice.timestamp += 160;
            rig.receive(alice.slot, &packet, alice.address);
            rig.pass(FRAME_TIME);
        }
    };
    talk(&mut rig, 10);
    assert_eq!(dial(&mut rig, bob.slot, "77"), Ok(()));
    talk(&mut rig, 30);
    let to_bob = rig.sent(bob.slot);
    assert_eq!(heard(&to_bob), [('7', 800), ('7', 800)]);
    assert_eq!(sound(&to_bob).len(), 40 - 10);
    assert_eq!(rig.finished(), [true]);
    for pair in to_bob.windows(2) {
        assert_eq!(pair[1].0.sequence, pair[0].0.sequence.wrapping_add(1));
    }
}

#[test]
fn an_echo_hears_its_digits_again() {
    let mut rig = Rig::new();
    let slot = rig.open(params(A, PCMU_AND_EVENTS));
    rig.core.connect(slot, slot, T0);
    let mut alice = Phone::at(A, slot);
    rig.talk(&mut [&mut alice], 5);
    rig.take_digit(&mut alice, 8);
    assert_eq!(heard(&rig.sent(slot)), [('8', 800)]);
    assert_eq!(rig.digits(), "8");
}

#[test]
fn longer_packets_make_way_for_a_digit_with_the_time_that_they_had_begun() {
    for ptime_ms in [40, 60] {
        let mut rig = Rig::new();
        let slot = rig.open(LegParams {
            ptime_ms,
            send_silence: true,
            ..params(A, PCMU_AND_EVENTS)
        });
        for _ in 0..3 {
            rig.pass(7 * FRAME_TIME);
            assert_eq!(dial(&mut rig, slot, "6"), Ok(()));
        }
        rig.pass(Duration::from_secs(1));
        let sent = rig.sent(slot);
        assert_eq!(heard(&sent), [('6', 800); 3]);
        assert_one_stream(&sent);
        let first = sent[0].0.timestamp;
        let last = sent.last().expect("silence").0.timestamp;
        let ticks = (rig.now - T0).as_millis() as u32 * 8;
        let behind = ticks - last.wrapping_sub(first);
        assert!(
            behind <= 8 * 4 * ptime_ms,
            "the clock of the stream is the real one: {behind}"
        );
    }
}

#[test]
fn a_peer_without_telephone_events_is_sent_none() {
    let mut rig = Rig::new();
    let slot = rig.open(params(A, &[(0, PCMU)]));
    assert_eq!(
        dial(&mut rig, slot, "1"),
        Err(DialRefusal::NoTelephoneEvent)
    );
    let slot = rig.open(params(B, PCMU_AND_EVENTS));
    for _ in 0..DIALLED_MAX {
        assert_eq!(dial(&mut rig, slot, "1"), Ok(()));
    }
    assert_eq!(dial(&mut rig, slot, "1"), Err(DialRefusal::TooMany));
}

#[test]
fn an_agreement_without_telephone_events_ends_what_was_being_sent() {
    let mut rig = Rig::new();
    let slot = rig.open(params(A, PCMU_AND_EVENTS));
    assert_eq!(dial(&mut rig, slot, "123456"), Ok(()));
    rig.pass(10 * FRAME_TIME);
    rig.update(slot, params(A, &[(0, PCMU)]));
    rig.pass(2 * FRAME_TIME);
    assert_eq!(rig.finished(), [false]);
}

#[test]
fn digits_wait_while_nothing_may_be_sent() {
    let mut rig = Rig::new();
    let slot = rig.open(params(A, PCMU_AND_EVENTS));
    let held = LegParams {
        direction: Direction::Inactive,
        ..params(A, PCMU_AND_EVENTS)
    };
    assert_eq!(dial(&mut rig, slot, "123"), Ok(()));
    rig.pass(3 * FRAME_TIME);
    rig.update(slot, held);
    rig.pass(Duration::from_secs(1));
    let digits: Vec<char> = heard(&rig.sent(slot))
        .iter()
        .map(|(digit, _)| *digit)
        .collect();
    assert_eq!(digits, ['1'], "cut off by the hold");
    rig.update(slot, params(A, PCMU_AND_EVENTS));
    rig.pass(Duration::from_secs(1));
    assert_eq!(heard(&rig.sent(slot)), [('2', 800), ('3', 800)]);
    assert_eq!(rig.finished(), [true]);
}

#[test]
fn digits_that_are_stopped_end_in_order_and_are_not_told_of() {
    let mut rig = Rig::new();
    let slot = rig.open(params(A, PCMU_AND_EVENTS));
    assert_eq!(dial(&mut rig, slot, "123"), Ok(()));
    rig.pass(2 * FRAME_TIME);
    rig.change(slot, |leg| assert!(leg.stop(DIALLED).is_some()));
    rig.change(slot, |leg| assert!(leg.stop(DIALLED).is_none()));
    rig.pass(Duration::from_secs(1));
    assert_eq!(heard(&rig.sent(slot)), [('1', 480)]);
    assert!(rig.out.events.is_empty());
}

proptest! {
    #[test]
    fn a_lossy_path_loses_packets_and_no_digit(
        codes in proptest::collection::vec(0_u8..16, 1..6),
        lost in proptest::collection::vec(any::<bool>(), 42),
        survivor in 0_usize..7,
        is_transcoded: bool,
    ) {
        let to_bob = if is_transcoded { PCMA_AND_EVENTS } else { PCMU_AND_EVENTS };
        let (mut rig, mut alice, bob) = bridged(params(A, PCMU_AND_EVENTS), params(B, to_bob));
        rig.talk(&mut [&mut alice], 5);
        for (n, code) in codes.iter().enumerate() {
            for (m, packet) in alice.press(*code).iter().enumerate() {
                if m == survivor || !lost[7 * n + m] {
                    rig.receive(alice.slot, packet, alice.address);
                }
                rig.pass(FRAME_TIME);
            }
            rig.talk(&mut [&mut alice], 3);
        }
        let pressed: Vec<char> = codes.iter().map(|code| "0123456789*#ABCD".as_bytes()[usize::from(*code)].into()).collect();
        let crossed: Vec<char> = heard(&rig.sent(bob.slot)).iter().map(|(digit, _)| *digit).collect();
        prop_assert_eq!(&crossed, &pressed);
        prop_assert_eq!(rig.digits().chars().collect::<Vec<char>>(), pressed);
    }
}
