//! Conferences under a manual clock: who hears whom, by the tone that each of them speaks.

use super::*;
use crate::conference::{Conference, ConferenceCell, ConferenceStats, MemberOptions};
use crate::ids::ConferenceId;

/// One for each member; far enough apart, and none a multiple of another.
const TONES_HZ: [f64; 6] = [430.0, 610.0, 870.0, 1230.0, 1790.0, 2570.0];
const ROOM: ConferenceId = ConferenceId(1000);

const PLAIN: MemberOptions = MemberOptions {
    is_muted: false,
    is_deaf: false,
    gain_db: 0.0,
};
const MUTED: MemberOptions = MemberOptions {
    is_muted: true,
    ..PLAIN
};
const DEAF: MemberOptions = MemberOptions {
    is_deaf: true,
    ..PLAIN
};

/// Members that each speak a tone of their own.
struct Room {
    rig: Rig,
    slot: usize,
    cell: ConferenceCell,
    phones: Vec<Phone>,
}

impl Room {
    fn empty(loudest: Option<usize>) -> Room {
        let mut rig = Rig::new();
        let cell = ConferenceCell::default();
        let conference = Conference::new(ROOM, loudest, ConferenceCell::clone(&cell));
        rig.core.open_conference(Box::new(conference));
        let slot = rig.core.conference_of(ROOM).expect("just opened");
        Room {
            rig,
            slot,
            cell,
            phones: Vec::new(),
        }
    }

    fn of(count: usize) -> Room {
        let mut room = Room::empty(None);
        for _ in 0..count {
            room.add(PLAIN);
        }
        room
    }

    /// One more, who speaks the next tone at -20 dBFS.
    fn add(&mut self, options: MemberOptions) -> usize {
        let number = self.phones.len();
        let address = format!("192.0.2.{}:{}", 1 + number % 250, 4000 + number / 250);
        let slot = self.rig.open(params(
            &address,
            &[(0, PCMU), (8, PCMA), (101, TELEPHONE_EVENT)],
        ));
        let mut phone = Phone::at(&address, slot);
        phone.ssrc = 0x5000 + number as u32;
        phone.tone = ToneSource::sine(TONES_HZ[number % 6], -20.0, None, 8000);
        self.phones.push(phone);
        self.join(number, options);
        number
    }

    fn join(&mut self, number: usize, options: MemberOptions) {
        let (slot, now) = (self.phones[number].slot, self.rig.now);
        self.rig.core.join(self.slot, slot, options, now);
    }

    fn leave(&mut self, number: usize) {
        let (slot, now) = (self.phones[number].slot, self.rig.now);
        self.rig.core.disconnect(slot, now);
    }

    fn level(&mut self, number: usize, level_dbfs: f64) {
        self.phones[number].tone = ToneSource::sine(TONES_HZ[number % 6], level_dbfs, None, 8000);
    }

    fn talk(&mut self, frames: usize) {
        let mut phones: Vec<&mut Phone> = self.phones.iter_mut().collect();
        self.rig.talk(&mut phones, frames);
    }

    /// What a member was sent since the last time, decoded.
    fn heard(&mut self, number: usize) -> Vec<i16> {
        let packets = self.rig.sent(self.phones[number].slot);
        assert_continuous(&packets);
        decoded(Codec::Pcmu, &packets)
    }

    /// The levels of the tones of the first six members in what a member is sent in the next half second.
    fn tones_to(&mut self, number: usize) -> [Option<f64>; 6] {
        self.rig.out.sent.clear();
        self.talk(25);
        tones(&self.heard(number))
    }

    fn stats(&mut self) -> ConferenceStats {
        self.rig.core.publish(self.rig.now);
        ConferenceStats::from_words(&self.cell.read())
    }
}

/// The level of each member's tone; none below -45 dBFS.
fn tones(samples: &[i16]) -> [Option<f64>; 6] {
    TONES_HZ.map(|hz| {
        let (mut real, mut imaginary) = (0.0, 0.0);
        for (place, sample) in samples.iter().enumerate() {
            let phase = std::f64::consts::TAU * hz * place as f64 / 8000.0;
            // A Hann window: a neighbour's tone does not leak.
            let window = 1.0 - (std::f64::consts::TAU * place as f64 / samples.len() as f64).cos();
            real += f64::from(*sample) * window * phase.cos();
            imaginary += f64::from(*sample) * window * phase.sin();
        }
        let amplitude = 2.0 * real.hypot(imaginary) / samples.len() as f64;
        Some(20.0 * (amplitude / 32767.0).log10()).filter(|level_dbfs| *level_dbfs > -45.0)
    })
}

fn heard_tones(levels: [Option<f64>; 6]) -> Vec<usize> {
    (0..6).filter(|index| levels[*index].is_some()).collect()
}

/// The largest step between neighbouring samples: of a mix of quiet low tones it is small, of a click it is not.
fn largest_step(samples: &[i16]) -> u16 {
    samples
        .windows(2)
        .map(|pair| pair[0].abs_diff(pair[1]))
        .max()
        .unwrap_or(0)
}

#[test]
fn each_of_three_hears_the_two_others_at_their_levels_and_never_itself() {
    let mut room = Room::of(3);
    room.talk(20);
    for number in 0..3 {
        let levels = room.tones_to(number);
        let others: Vec<usize> = (0..3).filter(|other| *other != number).collect();
        assert_eq!(heard_tones(levels), others);
        for level_dbfs in levels.into_iter().flatten() {
            assert!((level_dbfs + 20.0).abs() < 0.5, "{level_dbfs}");
        }
    }
    assert_eq!(room.stats().mixed, 3);
}

#[test]
fn one_alone_hears_silence() {
    let mut room = Room::of(1);
    room.talk(30);
    assert!(room.heard(0).iter().all(|sample| *sample == 0));
}

#[test]
fn one_who_is_muted_is_heard_by_nobody_and_hears_everybody() {
    let mut room = Room::of(2);
    room.add(MUTED);
    room.talk(20);
    assert_eq!(heard_tones(room.tones_to(0)), [1].to_vec());
    assert_eq!(heard_tones(room.tones_to(2)), [0, 1].to_vec());
    let muted = room.phones[2].slot;
    assert_eq!(room.rig.stats(muted).decoded_packets, 0, "not even decoded");
    room.join(2, PLAIN);
    room.talk(20);
    assert_eq!(heard_tones(room.tones_to(0)), [1, 2].to_vec());
}

#[test]
fn one_who_is_deaf_is_heard_and_hears_silence() {
    let mut room = Room::of(2);
    room.add(DEAF);
    let deaf = room.phones[2].slot;
    room.rig.change(deaf, |leg| leg.params.send_silence = true);
    room.talk(20);
    assert_eq!(heard_tones(room.tones_to(0)), [1, 2].to_vec());
    room.rig.out.sent.clear();
    room.talk(25);
    let heard = room.heard(2);
    assert!(heard.len() > 3000 && heard.iter().all(|sample| *sample == 0));
}

#[test]
fn a_members_gain_is_that_of_its_part_alone() {
    let mut room = Room::of(2);
    room.add(MemberOptions {
        gain_db: 6.0,
        ..PLAIN
    });
    room.talk(20);
    let levels = room.tones_to(0);
    assert!((levels[1].expect("heard") + 20.0).abs() < 0.5);
    assert!((levels[2].expect("heard") + 14.0).abs() < 0.5);
}

#[test]
fn coming_going_muting_and_gain_in_mid_talk_do_not_click() {
    let mut room = Room::of(2);
    for number in 0..2 {
        room.level(number, -50.0);
    }
    room.talk(20);
    room.heard(1);
    for round in 0..10 {
        room.add(PLAIN);
        // Loud and slow: cut off anywhere but at a zero it steps by thousands.
        room.phones[2].tone = ToneSource::sine(103.0, -6.0, None, 8000);
        let quieter = MemberOptions {
            gain_db: -12.0,
            ..PLAIN
        };
        for options in [MUTED, PLAIN, quieter, PLAIN] {
            room.talk(5 + round % 3);
            room.join(2, options);
        }
        room.talk(7);
        room.leave(2);
        let phone = room.phones.pop().expect("it was added");
        let now = room.rig.now;
        room.rig.core.detach(phone.slot, now);
        room.talk(7);
    }
    let heard = room.heard(1);
    assert!(heard.len() > 300 * FRAME_SAMPLES);
    let loudest = heard.iter().map(|sample| sample.unsigned_abs()).max();
    assert!(loudest > Some(15_000));
    // 1,330 by the tone itself, 410 by a fade, up to 1,024 by the steps of G.711.
    let step = largest_step(&heard);
    assert!(step < 2800, "a step of {step}");
}

#[test]
fn those_who_are_silent_share_one_encoding_for_each_codec() {
    let mut room = Room::of(2);
    for number in 0..10 {
        room.add(MUTED);
        if number % 2 == 0 {
            let slot = room.phones[2 + number].slot;
            let remote = room.phones[2 + number].address.to_string();
            room.rig
                .update(slot, params(&remote, &[(8, PCMA), (0, PCMU)]));
        }
    }
    room.talk(50);
    let before = room.stats();
    room.talk(50);
    let after = room.stats();
    assert_eq!(
        after.shared_encodings - before.shared_encodings,
        100,
        "two codecs"
    );
    assert_eq!(after.shared_frames - before.shared_frames, 500);
    assert_eq!((after.members, after.mixed), (12, 2));
    let pcma = room.rig.sent(room.phones[2].slot);
    assert!(pcma.iter().all(|(header, _)| header.payload_type.0 == 8));
    let heard = decoded(Codec::Pcma, &pcma[60..]);
    assert_eq!(heard_tones(tones(&heard)), [0, 1].to_vec());
}

#[test]
fn members_of_different_codecs_hear_each_other() {
    let mut room = Room::of(3);
    let (slot, remote) = (room.phones[1].slot, room.phones[1].address.to_string());
    room.rig.update(slot, params(&remote, &[(8, PCMA)]));
    (room.phones[1].codec, room.phones[1].payload_type) = (Codec::Pcma, 8);
    room.talk(20);
    assert_eq!(heard_tones(room.tones_to(0)), [1, 2].to_vec());
    room.rig.out.sent.clear();
    room.talk(25);
    let to_second = room.rig.sent(slot);
    assert!(
        to_second
            .iter()
            .all(|(header, _)| header.payload_type.0 == 8)
    );
    assert_eq!(
        heard_tones(tones(&decoded(Codec::Pcma, &to_second))),
        [0, 2].to_vec()
    );
}

#[test]
fn lost_packets_of_one_are_concealed_for_all_and_the_others_are_not_touched() {
    let mut room = Room::of(3);
    room.talk(20);
    room.rig.out.sent.clear();
    for frame in 0..50 {
        if frame % 10 == 5 {
            room.phones[2].next();
            let mut phones: Vec<&mut Phone> = room.phones[..2].iter_mut().collect();
            room.rig.talk(&mut phones, 1);
        } else {
            room.talk(1);
        }
    }
    let levels = tones(&room.heard(0));
    assert!((levels[1].expect("heard") + 20.0).abs() < 0.3);
    assert!((levels[2].expect("heard") + 20.0).abs() < 1.5);
    let lossy = room.phones[2].slot;
    assert!(room.rig.stats(lossy).concealed_ms >= 80.0);
}

#[test]
fn of_two_hundred_who_all_talk_the_loudest_eight_are_heard() {
    let mut room = Room::of(200);
    for number in 6..200 {
        room.level(number, -40.0);
    }
    for number in 0..6 {
        room.level(number, -20.0 - 2.0 * number as f64);
    }
    room.talk(30);
    let listener = room.tones_to(199);
    assert_eq!(heard_tones(listener), [0, 1, 2, 3, 4, 5].to_vec());
    assert_eq!(heard_tones(room.tones_to(3)), [0, 1, 2, 4, 5].to_vec());
    let stats = room.stats();
    assert_eq!((stats.members, stats.mixed, stats.talking), (200, 8, 200));
}

#[test]
fn too_many_loud_ones_are_turned_down_and_do_not_wrap() {
    let mut room = Room::of(6);
    for number in 0..6 {
        room.level(number, -3.0);
    }
    room.talk(40);
    let levels = room.tones_to(0);
    assert_eq!(heard_tones(levels), [1, 2, 3, 4, 5].to_vec());
    for level_dbfs in levels.into_iter().flatten() {
        assert!((-25.0..-10.0).contains(&level_dbfs), "{level_dbfs}");
    }
    assert!(room.stats().limited_frames > 30);
}

#[test]
fn who_talks_is_told_of_once_at_each_end() {
    let mut room = Room::of(2);
    room.level(1, -60.0);
    room.talk(50);
    room.phones.truncate(1);
    room.level(0, -90.0);
    room.talk(60);
    let told: Vec<(LegId, bool)> = room
        .rig
        .out
        .events
        .iter()
        .filter_map(|event| match event {
            Event::TalkerChanged {
                conference: ROOM,
                leg,
                is_talking,
                ..
            } => Some((*leg, *is_talking)),
            _ => None,
        })
        .collect();
    assert_eq!(told, [(LegId(1), true), (LegId(1), false)]);
}

#[test]
fn a_digit_is_told_of_and_not_heard() {
    let mut room = Room::of(2);
    room.talk(20);
    room.rig.out.sent.clear();
    for packet in 1..=5_u16 {
        let [high, low] = (packet * 160).to_be_bytes();
        let digit = room.phones[0].packet(101, &[5, 10, high, low]);
        let (slot, from) = (room.phones[0].slot, room.phones[0].address);
        room.rig.receive(slot, &digit, from);
        let mut second: Vec<&mut Phone> = room.phones[1..].iter_mut().collect();
        room.rig.talk(&mut second, 1);
    }
    assert!(
        room.rig
            .out
            .events
            .iter()
            .any(|event| matches!(event, Event::DigitPressed { digit: '5', .. }))
    );
    let to_second = room.rig.sent(room.phones[1].slot);
    assert!(
        to_second
            .iter()
            .all(|(header, _)| header.payload_type.0 == 0)
    );
}

#[test]
fn what_plays_to_the_room_is_heard_by_all_and_by_one_who_is_alone() {
    let mut room = Room::of(1);
    let sound = Sound::Tone(ToneSource::sine(2570.0, -20.0, Some(1000), 8000));
    let conference = room.rig.core.conference_mut(room.slot).expect("open");
    assert!(conference.sounds.add(SoundId(1), Box::new(sound)).is_ok());
    assert_eq!(heard_tones(room.tones_to(0)), [5].to_vec());
    room.add(MUTED);
    assert_eq!(heard_tones(room.tones_to(1)), [0, 5].to_vec());
    room.talk(10);
    assert!(room.rig.out.events.contains(&Event::PlayFinished {
        place: Place::Conference(ROOM),
        sound: SoundId(1),
        completed: true
    }));
}

#[test]
fn a_room_without_members_plays_to_its_end_and_then_rests() {
    let mut room = Room::empty(None);
    assert_eq!(room.rig.core.next_timeout(), None);
    let sound = Sound::Tone(ToneSource::sine(2570.0, -20.0, Some(100), 8000));
    let conference = room.rig.core.conference_mut(room.slot).expect("open");
    assert!(conference.sounds.add(SoundId(1), Box::new(sound)).is_ok());
    room.rig.core.decide_conference(room.slot, room.rig.now);
    room.rig.pass(Duration::from_millis(200));
    assert_eq!(room.rig.out.events.len(), 1);
    assert_eq!(room.rig.core.next_timeout(), None);
}

#[test]
fn a_tap_and_a_recording_of_the_room_hear_everybody() {
    let mut room = Room::of(3);
    let (feed, tap) = tap(TapId(1), TapSide::Received, 100).expect("a descriptor");
    let conference = room.rig.core.conference_mut(room.slot).expect("open");
    assert!(conference.listeners.add_tap(feed).is_ok());
    room.talk(20);
    let _ = tap.read();
    room.talk(25);
    assert_eq!(heard_tones(tones(&tap.read())), [0, 1, 2].to_vec());
}

#[test]
fn a_leg_goes_from_a_bridge_into_the_room_and_back_as_one_stream() {
    let mut room = Room::of(2);
    let now = room.rig.now;
    let outsider = room.rig.open(params("198.51.100.1:4000", &[(0, PCMU)]));
    let mut friend = Phone::at("198.51.100.1:4000", outsider);
    friend.tone = ToneSource::sine(2570.0, -20.0, None, 8000);
    room.rig.core.connect(room.phones[0].slot, outsider, now);
    room.phones.push(friend);
    room.talk(25);
    assert_eq!(room.stats().members, 1, "it left the room for the bridge");
    room.join(0, PLAIN);
    room.talk(25);
    room.leave(0);
    let (slot, now) = (room.phones[0].slot, room.rig.now);
    room.rig.core.connect(slot, outsider, now);
    room.talk(25);
    let heard = room.heard(0);
    let part = |from: usize| tones(&heard[from * FRAME_SAMPLES..(from + 15) * FRAME_SAMPLES]);
    assert_eq!(heard_tones(part(5)), [5].to_vec());
    assert_eq!(heard_tones(part(32)), [1].to_vec());
    assert_eq!(heard_tones(part(57)), [5].to_vec());
}

#[test]
fn one_who_sits_down_twice_has_one_seat() {
    let mut room = Room::of(2);
    room.join(0, MUTED);
    room.join(0, PLAIN);
    room.talk(20);
    assert_eq!(room.stats().members, 2);
    let levels = room.tones_to(1);
    assert!((levels[0].expect("heard") + 20.0).abs() < 0.5, "once");
}

#[test]
fn a_room_that_closes_leaves_its_members_open_and_unheard() {
    let mut room = Room::of(3);
    room.talk(20);
    let now = room.rig.now;
    let closed = room.rig.core.close_conference(room.slot, now);
    assert_eq!(closed.expect("it was open").members().len(), 0);
    room.rig.out.sent.clear();
    room.talk(20);
    assert!(
        room.rig
            .out
            .sent
            .iter()
            .all(|sent| sent.channel == Channel::Rtcp)
    );
    assert_eq!(room.rig.core.conference_of(ROOM), None);
}

#[test]
fn members_who_vanish_in_any_order_leave_the_others_in_their_seats() {
    let mut room = Room::of(6);
    room.talk(10);
    for number in [0, 4, 2] {
        let (slot, now) = (room.phones[number].slot, room.rig.now);
        drop(room.rig.core.detach(slot, now));
        room.talk(3);
    }
    room.talk(20);
    for (number, others) in [(1, [3, 5]), (3, [1, 5]), (5, [1, 3])] {
        assert_eq!(heard_tones(room.tones_to(number)), others.to_vec());
    }
    assert_eq!(room.stats().members, 3);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever is done in whatever order: everybody who sits there has one seat, and every stream stays whole.
    #[test]
    fn seats_stay_in_order(steps in proptest::collection::vec((0_usize..8, 0_u8..6), 1..60)) {
        let mut room = Room::of(4);
        let mut inside = [true, true, true, true, false, false, false, false];
        for _ in 4..8 {
            let number = room.add(PLAIN);
            room.leave(number);
        }
        for (number, step) in steps {
            match step {
                0 => room.leave(number),
                1 => room.join(number, PLAIN),
                2 => room.join(number, MUTED),
                3 => room.join(number, DEAF),
                4 => {
                    let (a, b, now) = (number, (number + 1) % 8, room.rig.now);
                    room.rig.core.connect(room.phones[a].slot, room.phones[b].slot, now);
                    inside[b] = false;
                }
                _ => room.talk(2),
            }
            inside[number] = match step {
                0 | 4 => false,
                1..=3 => true,
                _ => inside[number],
            };
        }
        room.talk(2);
        prop_assert_eq!(room.stats().members, inside.iter().filter(|is_in| **is_in).count() as u64);
        for number in 0..8 {
            room.heard(number);
        }
    }
}
