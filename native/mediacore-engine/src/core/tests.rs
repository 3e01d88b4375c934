//! Legs under a manual clock: every datagram and every moment is given, every transmission is looked at.

mod conference;
mod digits;
mod in_band;
mod rates;
mod source_rules;
mod srtp;

use mediacore_audio::{Codec, FRAME_SAMPLES, SILENCE, ToneSource, dbfs};
use mediacore_rtp::{PayloadType, RtpHeader, RtpPacket, Ssrc};
use proptest::prelude::*;

use super::*;
use crate::event::Event;
use crate::format::{Format, Formats, PCMA, PCMU, TELEPHONE_EVENT};
use crate::ids::{Place, SoundId, TapId};
use crate::leg::{Mutes, Seeds};
use crate::listeners::ToneWatch;
use crate::outlet::recording::{Recorder, Sent};
use crate::params::{Direction, LegParams};
use crate::sounds::Sound;
use crate::stats::{LegStats, StatsCell};
use crate::tap::{TapSide, tap};

const T0: Duration = Duration::from_secs(1000);
const UNIX_OFFSET: Duration = Duration::from_secs(1_700_000_000);
const ANY_CODEC: &[(u8, crate::format::CodecId)] = &[(0, PCMU), (8, PCMA), (101, TELEPHONE_EVENT)];

fn at(text: &str) -> SocketAddr {
    text.parse().expect("an address")
}

fn formats(codecs: &[(u8, crate::format::CodecId)]) -> Formats {
    let format = |(payload_type, codec): &(u8, _)| Format {
        payload_type: *payload_type,
        codec: *codec,
        clock_rate_hz: 8000,
    };
    Formats::new(codecs.iter().map(format).collect())
}

fn params(remote: &str, codecs: &[(u8, crate::format::CodecId)]) -> LegParams {
    LegParams {
        remote: Some(at(remote)),
        formats: formats(codecs),
        receive_formats: formats(codecs),
        send_silence: false,
        media_timeout: None,
        ..LegParams::default()
    }
}

/// A core, its outlet and its time.
struct Rig {
    core: Core,
    out: Recorder,
    now: Duration,
    cells: Vec<StatsCell>,
}

impl Rig {
    fn new() -> Rig {
        Rig {
            core: Core::new(UNIX_OFFSET),
            out: Recorder::default(),
            now: T0,
            cells: Vec::new(),
        }
    }

    fn open(&mut self, params: LegParams) -> usize {
        let number = self.cells.len() as u64 + 1;
        let cell = StatsCell::default();
        self.cells.push(StatsCell::clone(&cell));
        let seeds = Seeds {
            ssrc: 0xaaaa_0000 + number as u32,
            sequence: 65_000,
            timestamp: 7,
            reports: number,
        };
        let leg = Leg::new(LegId(number), params, seeds, "test", cell, self.now);
        self.core.attach(Box::new(leg), self.now)
    }

    fn receive(&mut self, slot: usize, datagram: &[u8], from: SocketAddr) {
        self.core.receive(
            slot,
            Channel::Rtp,
            &mut datagram.to_vec(),
            from,
            self.now,
            &mut self.out,
        );
    }

    fn pass(&mut self, span: Duration) {
        let until = self.now + span;
        while let Some(at) = self.core.next_timeout().filter(|at| *at <= until) {
            self.now = self.now.max(at);
            self.core.handle_timeout(self.now, &mut self.out);
        }
        self.now = until;
    }

    fn sent(&mut self, slot: usize) -> Vec<(RtpHeader, Vec<u8>)> {
        self.out
            .take(slot, Channel::Rtp)
            .iter()
            .map(parsed)
            .collect()
    }

    fn stats(&mut self, slot: usize) -> LegStats {
        self.core.mark_dirty(slot);
        self.core.publish(self.now);
        LegStats::from_words(&self.cells[slot].read())
    }

    fn change(&mut self, slot: usize, change: impl FnOnce(&mut Leg)) {
        change(self.core.leg_mut(slot).expect("an open leg"));
        self.core.decide(slot, self.now);
    }

    fn update(&mut self, slot: usize, params: LegParams) {
        let now = self.now;
        self.change(slot, |leg| drop(leg.update(params, now)));
    }

    /// 20 ms of everybody's speech, then the time passes.
    fn talk(&mut self, phones: &mut [&mut Phone], frames: usize) {
        for _ in 0..frames {
            for phone in phones.iter_mut() {
                let datagram = phone.next();
                self.receive(phone.slot, &datagram, phone.address);
            }
            self.pass(FRAME_TIME);
        }
    }
}

fn parsed(sent: &Sent) -> (RtpHeader, Vec<u8>) {
    let packet = RtpPacket::parse(&sent.datagram).expect("we send RTP");
    (packet.header, packet.payload.to_vec())
}

/// Somebody who sends a tone to one leg.
struct Phone {
    slot: usize,
    address: SocketAddr,
    payload_type: u8,
    codec: Codec,
    tone: ToneSource,
    sequence: u16,
    timestamp: u32,
    ssrc: u32,
}

impl Phone {
    fn at(address: &str, slot: usize) -> Phone {
        Phone {
            slot,
            address: at(address),
            payload_type: 0,
            codec: Codec::Pcmu,
            tone: ToneSource::sine(1000.0, -10.0, None, 8000),
            sequence: 100,
            timestamp: 9000,
            ssrc: 0x1234,
        }
    }

    fn next(&mut self) -> Vec<u8> {
        let mut frame = SILENCE;
        self.tone.fill(&mut frame);
        let mut payload = [0; FRAME_SAMPLES];
        self.codec.encode(&frame, &mut payload);
        let datagram = self.packet(self.payload_type, &payload);
        self.timestamp = self.timestamp.wrapping_add(160);
        datagram
    }

    fn packet(&mut self, payload_type: u8, payload: &[u8]) -> Vec<u8> {
        let header = RtpHeader {
            payload_type: PayloadType(payload_type),
            marker: false,
            sequence: self.sequence,
            timestamp: self.timestamp,
            ssrc: Ssrc(self.ssrc),
        };
        self.sequence = self.sequence.wrapping_add(1);
        let mut datagram = vec![0; 12 + payload.len()];
        header.write(&mut datagram);
        datagram[12..].copy_from_slice(payload);
        datagram
    }
}

const A: &str = "192.0.2.1:4000";
const B: &str = "192.0.2.2:5000";

/// Two legs that hear each other, and their phones.
fn bridged(a: LegParams, b: LegParams) -> (Rig, Phone, Phone) {
    let mut rig = Rig::new();
    let (a, b) = (rig.open(a), rig.open(b));
    rig.core.connect(a, b, T0);
    (rig, Phone::at(A, a), Phone::at(B, b))
}

fn decoded(codec: Codec, packets: &[(RtpHeader, Vec<u8>)]) -> Vec<i16> {
    let mut samples = Vec::new();
    for (_, payload) in packets {
        let mut frame = vec![0; payload.len()];
        codec.decode(payload, &mut frame);
        samples.extend(frame);
    }
    samples
}

/// One stream that a phone would play without a hitch.
fn assert_continuous(packets: &[(RtpHeader, Vec<u8>)]) {
    for pair in packets.windows(2) {
        let (before, after) = (&pair[0].0, &pair[1].0);
        assert_eq!(after.ssrc, before.ssrc);
        assert_eq!(
            after.sequence,
            before.sequence.wrapping_add(1),
            "{before:?} {after:?}"
        );
        let step = after.timestamp.wrapping_sub(before.timestamp);
        assert!(
            (1..1 << 31).contains(&step),
            "timestamps go forward: {before:?} {after:?}"
        );
    }
}

#[test]
fn equal_codecs_are_forwarded_undecoded_with_constant_offsets() {
    let (mut rig, mut alice, bob) = bridged(params(A, ANY_CODEC), params(B, &[(0, PCMU)]));
    let original = alice.next();
    rig.receive(alice.slot, &original, alice.address);
    alice.next(); // lost on its way to us
    let third = alice.next();
    rig.receive(alice.slot, &third, alice.address);
    let sent = rig.sent(bob.slot);
    assert_eq!(sent[0].1, original[12..], "not a sample was touched");
    assert_eq!(sent[0].0.ssrc, Ssrc(0xaaaa_0002), "our source, not Alice's");
    assert_eq!(
        sent[1].0.sequence.wrapping_sub(sent[0].0.sequence),
        2,
        "the loss is passed on as it was"
    );
    assert_eq!(sent[1].0.timestamp.wrapping_sub(sent[0].0.timestamp), 320);
    let stats = rig.stats(alice.slot);
    assert_eq!(
        (
            stats.forwarded_packets,
            stats.decoded_packets,
            stats.receive_lost
        ),
        (2, 0, 1)
    );
}

#[test]
fn forwarded_packets_go_out_at_once_and_to_the_signalled_address() {
    let (mut rig, mut alice, _) = bridged(params(A, &[(0, PCMU)]), params(B, &[(0, PCMU)]));
    let packet = alice.next();
    rig.receive(alice.slot, &packet, alice.address);
    assert_eq!(rig.out.sent.len(), 1);
    assert_eq!(rig.out.sent[0].to, at(B));
}

#[test]
fn payload_types_are_those_of_the_listener() {
    let (mut rig, mut alice, bob) = bridged(
        params(A, &[(0, PCMU), (101, TELEPHONE_EVENT)]),
        params(B, &[(96, PCMU), (110, TELEPHONE_EVENT)]),
    );
    let speech = alice.next();
    rig.receive(alice.slot, &speech, alice.address);
    let digit = alice.packet(101, &[5, 10, 0, 160]);
    rig.receive(alice.slot, &digit, alice.address);
    let types: Vec<u8> = rig
        .sent(bob.slot)
        .iter()
        .map(|(header, _)| header.payload_type.0)
        .collect();
    assert_eq!(types, [96, 110]);
}

#[test]
fn header_extensions_and_padding_are_left_behind() {
    let (mut rig, mut alice, bob) = bridged(params(A, &[(0, PCMU)]), params(B, &[(0, PCMU)]));
    let plain = alice.next();
    let mut extended = plain[..12].to_vec();
    extended[0] |= 0x30; // extension and padding
    extended.extend([0xbe, 0xde, 0, 1, 1, 2, 3, 4]);
    extended.extend(&plain[12..]);
    extended.extend([0, 0, 3]);
    rig.receive(alice.slot, &extended, alice.address);
    assert_eq!(rig.sent(bob.slot)[0].1, plain[12..]);
}

#[test]
fn a_third_address_gets_nothing_in_and_nothing_out() {
    let (mut rig, mut alice, mut bob) = bridged(params(A, ANY_CODEC), params(B, ANY_CODEC));
    let mut stranger = Phone::at("203.0.113.66:4000", alice.slot);
    for _ in 0..3 {
        rig.talk(&mut [&mut stranger], 20);
        rig.talk(&mut [&mut alice, &mut bob, &mut stranger], 20);
    }
    rig.pass(Duration::from_secs(10));
    rig.talk(&mut [&mut stranger], 20);
    assert!(rig.out.sent.iter().all(|sent| sent.to != stranger.address));
    assert_eq!(rig.sent(bob.slot).len(), 60, "Alice's packets alone");
    let stats = rig.stats(alice.slot);
    assert_eq!((stats.rejected_host, stats.receive_packets), (140, 60));
}

#[test]
fn different_codecs_are_transcoded_and_the_tone_keeps_its_level() {
    let (mut rig, mut alice, mut bob) = bridged(params(A, &[(0, PCMU)]), params(B, &[(8, PCMA)]));
    (bob.codec, bob.payload_type) = (Codec::Pcma, 8);
    rig.talk(&mut [&mut alice, &mut bob], 50);
    let to_bob = rig.sent(bob.slot);
    assert_continuous(&to_bob);
    assert!(to_bob.iter().all(|(header, _)| header.payload_type.0 == 8));
    let heard = decoded(Codec::Pcma, &to_bob[10..]);
    assert!((dbfs(&heard) + 10.0).abs() < 0.2, "{}", dbfs(&heard));
    let stats = rig.stats(alice.slot);
    assert_eq!(stats.forwarded_packets, 0);
    assert!(stats.decoded_packets >= 46, "{}", stats.decoded_packets);
}

#[test]
fn holes_are_concealed_with_sound_and_the_score_falls() {
    let heard = |lost_percent: u32| {
        let (mut rig, mut alice, bob) = bridged(params(A, &[(0, PCMU)]), params(B, &[(8, PCMA)]));
        for packet in 0..500_u32 {
            let datagram = alice.next();
            if packet * 37 % 100 >= lost_percent {
                rig.receive(alice.slot, &datagram, alice.address);
            }
            rig.pass(FRAME_TIME);
        }
        let level = dbfs(&decoded(Codec::Pcma, &rig.sent(bob.slot)[20..]));
        (level, rig.stats(alice.slot))
    };
    let (clean_level, clean) = heard(0);
    let (level, lossy) = heard(5);
    let (_, worse) = heard(20);
    assert!(
        (level - clean_level).abs() < 1.0,
        "concealed, not silent: {level} beside {clean_level}"
    );
    assert!(
        (0.03..0.08).contains(&lossy.concealed_ratio()),
        "{}",
        lossy.concealed_ratio()
    );
    assert!(clean.mos() - lossy.mos() > 0.3 && lossy.mos() - worse.mos() > 0.5);
}

#[test]
fn holding_and_resuming_goes_on_where_the_stream_was() {
    let (mut rig, mut alice, mut bob) = bridged(params(A, ANY_CODEC), params(B, ANY_CODEC));
    rig.talk(&mut [&mut alice, &mut bob], 10);
    rig.update(
        bob.slot,
        LegParams {
            direction: Direction::Inactive,
            ..params(B, ANY_CODEC)
        },
    );
    let before = rig.sent(bob.slot);
    rig.talk(&mut [&mut alice], 25);
    assert!(rig.sent(bob.slot).is_empty(), "nothing is sent on hold");
    rig.update(bob.slot, params(B, ANY_CODEC));
    rig.talk(&mut [&mut alice, &mut bob], 10);
    let after = rig.sent(bob.slot);
    let pause = after[0].0.timestamp.wrapping_sub(before[9].0.timestamp);
    assert_eq!(after[0].0.sequence, before[9].0.sequence.wrapping_add(1));
    assert!(
        (160 * 25..160 * 28).contains(&pause),
        "the clock ran on: {pause}"
    );
    assert!(after[0].0.marker);
    assert_continuous(&[before, after].concat());
}

#[test]
fn the_peer_of_a_held_leg_hears_silence_rather_than_nothing() {
    let (mut rig, mut alice, mut bob) = bridged(params(A, ANY_CODEC), params(B, ANY_CODEC));
    rig.talk(&mut [&mut alice, &mut bob], 5);
    rig.update(
        bob.slot,
        LegParams {
            direction: Direction::SendOnly,
            ..params(B, ANY_CODEC)
        },
    );
    rig.out.sent.clear();
    rig.talk(&mut [&mut alice, &mut bob], 50);
    let silence = rig.sent(alice.slot);
    assert!(silence.len() >= 49, "{}", silence.len());
    assert!(dbfs(&decoded(Codec::Pcmu, &silence)) < -60.0);
    assert_eq!(rig.stats(bob.slot).unheard_packets, 50);
}

#[test]
fn a_tone_in_mid_call_is_mixed_in_and_then_packets_are_forwarded_again() {
    let (mut rig, mut alice, mut bob) = bridged(params(A, ANY_CODEC), params(B, ANY_CODEC));
    rig.talk(&mut [&mut alice, &mut bob], 10);
    let tone = Box::new(Sound::Tone(ToneSource::sine(440.0, -10.0, Some(200), 8000)));
    rig.change(bob.slot, |leg| drop(leg.sounds.add(SoundId(1), tone)));
    rig.talk(&mut [&mut alice, &mut bob], 30);
    let stats = rig.stats(alice.slot);
    assert!(
        (150.0..350.0).contains(&stats.played_ms),
        "kept when the decoder is gone: {}",
        stats.played_ms
    );
    let forwarded = stats.forwarded_packets;
    assert!(rig.out.events.contains(&Event::PlayFinished {
        place: Place::Leg(LegId(2)),
        sound: SoundId(1),
        completed: true
    }));
    assert!((20..40).contains(&forwarded), "{forwarded}");
    assert_continuous(&rig.sent(bob.slot));
}

#[test]
fn a_muted_leg_is_heard_as_silence_and_hears_silence() {
    let (mut rig, mut alice, mut bob) = bridged(params(A, ANY_CODEC), params(B, ANY_CODEC));
    rig.change(alice.slot, |leg| {
        leg.mutes = Mutes {
            send: true,
            receive: true,
        }
    });
    rig.talk(&mut [&mut alice, &mut bob], 50);
    for phone in [&alice, &bob] {
        let sent = rig.sent(phone.slot);
        assert!(sent.len() >= 49 && dbfs(&decoded(Codec::Pcmu, &sent)) < -60.0);
    }
    rig.change(alice.slot, |leg| leg.mutes = Mutes::default());
    rig.talk(&mut [&mut alice, &mut bob], 10);
    assert_eq!(rig.stats(alice.slot).forwarded_packets, 10);
}

#[test]
fn an_echo_returns_every_packet_at_once() {
    let mut rig = Rig::new();
    let slot = rig.open(params(A, ANY_CODEC));
    rig.core.connect(slot, slot, T0);
    let mut alice = Phone::at(A, slot);
    let packet = alice.next();
    rig.receive(slot, &packet, alice.address);
    assert_eq!(rig.sent(slot)[0].1, packet[12..]);
    rig.core.disconnect(slot, rig.now);
    let packet = alice.next();
    rig.receive(slot, &packet, alice.address);
    assert!(rig.sent(slot).is_empty());
}

#[test]
fn digits_pass_through_a_transcoded_bridge() {
    let (mut rig, mut alice, bob) = bridged(
        params(A, &[(0, PCMU), (101, TELEPHONE_EVENT)]),
        params(B, &[(8, PCMA), (96, TELEPHONE_EVENT)]),
    );
    rig.talk(&mut [&mut alice], 10);
    rig.out.sent.clear();
    for duration in [160_u16, 320, 480] {
        let digit = alice.packet(101, &[7, 10, (duration >> 8) as u8, duration as u8]);
        rig.receive(alice.slot, &digit, alice.address);
        rig.pass(FRAME_TIME);
    }
    let sent = rig.sent(bob.slot);
    let digits: Vec<&(RtpHeader, Vec<u8>)> = sent
        .iter()
        .filter(|(header, _)| header.payload_type.0 == 96)
        .collect();
    assert_eq!(digits.len(), 3);
    assert!(
        digits
            .iter()
            .all(|(header, payload)| header.timestamp == digits[0].0.timestamp && payload[0] == 7)
    );
    let sequences: Vec<u16> = sent.iter().map(|(header, _)| header.sequence).collect();
    assert!(
        sequences
            .windows(2)
            .all(|pair| pair[1] == pair[0].wrapping_add(1)),
        "{sequences:?}"
    );
}

#[test]
fn a_leg_alone_sends_silence_so_that_its_peer_opens_up() {
    let mut rig = Rig::new();
    let slot = rig.open(LegParams {
        send_silence: true,
        ..params(A, ANY_CODEC)
    });
    rig.pass(Duration::from_secs(1));
    let sent = rig.sent(slot);
    assert!((49..=51).contains(&sent.len()), "{}", sent.len());
    assert_continuous(&sent);
    assert!(sent[0].0.marker && !sent[1].0.marker, "one talk-spurt");
    assert_eq!(rig.stats(slot).send_packets, sent.len() as u64);
}

#[test]
fn a_leg_without_a_peer_costs_no_frames_and_begins_when_one_is_latched() {
    let mut rig = Rig::new();
    let anybody = LegParams {
        remote: None,
        accept_any_source: true,
        send_silence: true,
        ..params(A, ANY_CODEC)
    };
    let slot = rig.open(anybody);
    assert!(
        rig.core.phases.iter().all(Vec::is_empty),
        "the frame clock stands still"
    );
    let mut alice = Phone::at(A, slot);
    rig.talk(&mut [&mut alice], 10);
    assert!(rig.sent(slot).len() >= 9);
}

#[test]
fn packets_of_40_ms_are_made_where_they_were_agreed() {
    let mut rig = Rig::new();
    let slot = rig.open(LegParams {
        send_silence: true,
        ptime_ms: 40,
        ..params(A, ANY_CODEC)
    });
    rig.pass(Duration::from_secs(1));
    let sent = rig.sent(slot);
    assert!(
        (24..=26).contains(&sent.len()) && sent.iter().all(|(_, payload)| payload.len() == 320)
    );
}

#[test]
fn packets_of_30_ms_are_decoded_whole() {
    let (mut rig, mut alice, bob) = bridged(params(A, &[(0, PCMU)]), params(B, &[(8, PCMA)]));
    let mut encoded = Vec::new();
    for _ in 0..60 {
        encoded.extend_from_slice(&alice.next()[12..]);
    }
    for (index, payload) in encoded.chunks(240).enumerate() {
        alice.timestamp = 9000 + 240 * index as u32;
        alice.sequence = 100 + index as u16;
        let datagram = alice.packet(0, payload);
        rig.receive(alice.slot, &datagram, alice.address);
        rig.pass(Duration::from_millis(30));
    }
    let heard = decoded(Codec::Pcma, &rig.sent(bob.slot)[10..50]);
    assert!((dbfs(&heard) + 10.0).abs() < 0.2, "{}", dbfs(&heard));
    assert_eq!(rig.stats(alice.slot).concealed_ratio(), 0.0);
}

#[test]
fn a_wrong_payload_type_is_refused_and_named() {
    let mut rig = Rig::new();
    let slot = rig.open(params(A, &[(0, PCMU)]));
    let mut alice = Phone::at(A, slot);
    alice.payload_type = 18;
    rig.talk(&mut [&mut alice], 10);
    let stats = rig.stats(slot);
    assert_eq!(
        (
            stats.rejected_payload_type,
            stats.rejected_payload_type_last,
            stats.receive_packets
        ),
        (10, 18, 0)
    );
}

#[test]
fn a_peer_that_falls_silent_is_told_of_once_and_again_when_it_returns() {
    let mut rig = Rig::new();
    let limit = Duration::from_secs(5);
    let slot = rig.open(LegParams {
        media_timeout: Some(limit),
        ..params(A, ANY_CODEC)
    });
    let mut alice = Phone::at(A, slot);
    rig.talk(&mut [&mut alice], 50);
    rig.pass(Duration::from_secs(60));
    rig.talk(&mut [&mut alice], 1);
    let leg = LegId(1);
    let told: Vec<&Event> = rig
        .out
        .events
        .iter()
        .filter(|event| !matches!(event, Event::Latched { .. }))
        .collect();
    let [Event::MediaTimeout { silent, .. }, resumed] = told[..] else {
        panic!("{told:?}");
    };
    assert!(
        (limit..limit + Duration::from_millis(50)).contains(silent),
        "{silent:?}"
    );
    assert_eq!(*resumed, Event::MediaResumed { leg });
}

#[test]
fn nobody_waits_for_a_peer_on_hold() {
    let mut rig = Rig::new();
    let hold = LegParams {
        direction: Direction::SendOnly,
        ..params(A, ANY_CODEC)
    };
    rig.open(LegParams {
        media_timeout: Some(Duration::from_secs(5)),
        ..hold
    });
    rig.pass(Duration::from_secs(60));
    assert!(rig.out.events.is_empty(), "{:?}", rig.out.events);
}

/// Carries everything between two legs that are each other's peers.
fn carry(rig: &mut Rig, legs: [(usize, &str); 2]) {
    for sent in std::mem::take(&mut rig.out.sent) {
        let (from, to) = if sent.slot == legs[0].0 {
            (legs[0].1, legs[1].0)
        } else {
            (legs[1].1, legs[0].0)
        };
        let port = at(from).port() + u16::from(sent.channel == Channel::Rtcp);
        let from = SocketAddr::new(at(from).ip(), port);
        rig.core.receive(
            to,
            sent.channel,
            &mut sent.datagram.clone(),
            from,
            rig.now,
            &mut rig.out,
        );
    }
}

#[test]
fn reports_tell_both_sides_of_loss_and_of_the_round_trip() {
    let mut rig = Rig::new();
    let here = rig.open(LegParams {
        send_silence: true,
        ..params(A, ANY_CODEC)
    });
    let there = rig.open(LegParams {
        send_silence: true,
        ..params(B, ANY_CODEC)
    });
    for _ in 0..1500 {
        rig.pass(FRAME_TIME);
        carry(&mut rig, [(here, B), (there, A)]);
    }
    for slot in [here, there] {
        let stats = rig.stats(slot);
        assert!(
            stats.rtcp_received >= 4 && stats.rtcp_sent >= 4,
            "{stats:?}"
        );
        assert!((0.0..100.0).contains(&stats.rtt_ms), "{}", stats.rtt_ms);
        assert_eq!(stats.send_lost_ratio, 0.0);
        assert!(stats.send_mos() > 4.3);
    }
}

#[test]
fn a_goodbye_reaches_the_peer_and_rtcp_goes_where_it_was_agreed() {
    let mut rig = Rig::new();
    let mux = LegParams {
        rtcp_mux: true,
        send_silence: true,
        ..params(A, ANY_CODEC)
    };
    let here = rig.open(mux);
    let there = rig.open(LegParams {
        rtcp_mux: true,
        ..params(B, ANY_CODEC)
    });
    rig.pass(Duration::from_secs(1));
    carry(&mut rig, [(here, B), (there, A)]);
    rig.core.bye(here, rig.now, &mut rig.out);
    let goodbye = rig.out.sent.last().expect("a BYE was sent").clone();
    assert_eq!((goodbye.channel, goodbye.to), (Channel::Rtp, at(A)));
    carry(&mut rig, [(here, B), (there, A)]);
    assert!(
        rig.out.events.contains(&Event::RemoteBye { leg: LegId(2) }),
        "{:?}",
        rig.out.events
    );
    assert_eq!(rig.stats(there).rejected_malformed, 0);
}

#[test]
fn an_address_that_a_multiplexed_report_came_from_is_told_of() {
    let mut rig = Rig::new();
    let slot = rig.open(LegParams {
        rtcp_mux: true,
        ..params(A, ANY_CODEC)
    });
    let report = [0x80, 201, 0, 1, 0, 0, 0, 7]; // an RR without blocks
    rig.receive(slot, &report, at("192.0.2.1:61000"));
    assert_eq!(
        rig.out.events,
        [Event::Latched {
            leg: LegId(1),
            remote: at("192.0.2.1:61000")
        }]
    );
    assert_eq!(rig.stats(slot).rtcp_received, 1);
}

#[test]
fn a_leg_moves_to_another_thread_with_its_numbers() {
    let mut rig = Rig::new();
    let slot = rig.open(LegParams {
        send_silence: true,
        ..params(A, ANY_CODEC)
    });
    rig.pass(Duration::from_secs(1));
    let before = rig.sent(slot);
    let leg = rig.core.detach(slot, rig.now).expect("it was there");
    rig.core = Core::new(UNIX_OFFSET);
    let slot = rig.core.attach(leg, rig.now);
    rig.pass(Duration::from_secs(1));
    let after = rig.sent(slot);
    assert!(after.len() >= 49);
    assert_continuous(&[before, after].concat());
}

#[test]
fn a_leg_that_leaves_a_bridge_is_heard_by_nobody() {
    let (mut rig, mut alice, bob) = bridged(params(A, ANY_CODEC), params(B, ANY_CODEC));
    let carol = rig.open(params("192.0.2.3:6000", ANY_CODEC));
    rig.core.connect(alice.slot, carol, rig.now);
    rig.talk(&mut [&mut alice], 5);
    assert_eq!((rig.sent(carol).len(), rig.sent(bob.slot).len()), (5, 0));
    assert!(rig.core.detach(carol, rig.now).is_some());
    rig.talk(&mut [&mut alice], 5);
    assert!(rig.out.sent.is_empty());
    assert_eq!(rig.stats(alice.slot).unheard_packets, 5);
}

#[test]
fn a_tap_hears_what_is_said_and_what_is_sent() {
    let (mut rig, mut alice, mut bob) = bridged(params(A, ANY_CODEC), params(B, ANY_CODEC));
    bob.tone = ToneSource::sine(440.0, -20.0, None, 8000);
    let (said, said_tap) = tap(TapId(1), TapSide::Received, 100).expect("a descriptor");
    let (sent, sent_tap) = tap(TapId(2), TapSide::Sent, 100).expect("a descriptor");
    rig.change(alice.slot, |leg| {
        assert!(leg.listeners.add_tap(said).is_ok() && leg.listeners.add_tap(sent).is_ok());
    });
    rig.talk(&mut [&mut alice, &mut bob], 60);
    assert!((dbfs(&said_tap.read()[20 * 160..]) + 10.0).abs() < 0.3);
    assert!((dbfs(&sent_tap.read()[20 * 160..]) + 20.0).abs() < 0.3);
}

#[test]
fn a_watched_tone_is_found_in_a_bridge() {
    let (mut rig, mut alice, bob) = bridged(params(A, ANY_CODEC), params(B, ANY_CODEC));
    rig.change(alice.slot, |leg| {
        drop(
            leg.listeners
                .watch(Some(Box::new(ToneWatch::new(&[440.0, 1000.0])))),
        )
    });
    rig.talk(&mut [&mut alice], 30);
    let found = rig.out.events.iter().find_map(|event| match event {
        Event::ToneStarted {
            leg,
            hz,
            level_dbfs,
            ..
        } => Some((*leg, *hz, *level_dbfs)),
        _ => None,
    });
    let (leg, hz, level_dbfs) = found.expect("the tone is there");
    assert_eq!((leg, hz), (LegId(1), 1000.0));
    assert!((level_dbfs + 10.0).abs() < 0.5, "{level_dbfs}");
    assert!(rig.sent(bob.slot).len() >= 25, "Bob hears it all the while");
}

#[test]
fn an_idle_core_asks_for_no_time_and_a_late_one_counts_what_it_left_out() {
    assert_eq!(Core::new(UNIX_OFFSET).next_timeout(), None);
    let mut rig = Rig::new();
    let slot = rig.open(LegParams {
        send_silence: true,
        ..params(A, ANY_CODEC)
    });
    rig.pass(Duration::from_secs(1));
    rig.out.sent.clear();
    rig.now += Duration::from_secs(3);
    rig.core.handle_timeout(rig.now, &mut rig.out);
    assert!(
        rig.sent(slot).len() <= 6,
        "100 ms are made up for, three seconds are not"
    );
    assert!(rig.core.late_ticks() > 1000);
}

proptest! {
    #[test]
    fn any_octets_at_all_are_counted_and_do_no_harm(
        datagrams in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 1..40),
        is_rtcp_channel in any::<bool>(),
    ) {
        let (mut rig, mut alice, mut bob) = bridged(params(A, &[(0, PCMU)]), params(B, &[(8, PCMA)]));
        let channel = if is_rtcp_channel { Channel::Rtcp } else { Channel::Rtp };
        for mut datagram in datagrams {
            rig.core.receive(alice.slot, channel, &mut datagram, alice.address, rig.now, &mut rig.out);
            rig.pass(Duration::from_millis(7));
        }
        rig.talk(&mut [&mut alice, &mut bob], 3);
        prop_assert!(rig.stats(alice.slot).receive_packets >= 1);
    }
}
