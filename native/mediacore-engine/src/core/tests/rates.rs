//! Legs of different codecs, rates and packet lengths that hear each other.

use mediacore_audio::codec::{CodecKind, Decoder, DecoderParams, Encoder, EncoderParams};
use mediacore_audio::{ToneDetector, ToneLevel};

use super::*;
use crate::conference::{Conference, ConferenceCell, ConferenceStats, MemberOptions};
use crate::format::{CodecId, G722, OPUS};
use crate::frame::Rate;
use crate::ids::ConferenceId;

const L16: CodecId = CodecId(8);
const EVENT_48: CodecId = CodecId(15);

/// Payload types of everything here.
fn payload_type(codec: CodecId) -> u8 {
    match codec {
        PCMU => 0,
        PCMA => 8,
        G722 => 9,
        TELEPHONE_EVENT => 101,
        other => 96 + other.0 as u8,
    }
}

fn agreed(codecs: &[CodecId]) -> Formats {
    let format = |codec: &CodecId| Format {
        payload_type: payload_type(*codec),
        codec: *codec,
        clock_rate_hz: match codec.kind() {
            Some(kind) => kind.clock_rate_hz(),
            None if *codec == EVENT_48 => 48_000,
            None => 8000,
        },
    };
    Formats::new(codecs.iter().map(format).collect())
}

fn params(number: u8, codecs: &[CodecId], ptime_ms: u32) -> LegParams {
    LegParams {
        remote: Some(SocketAddr::from(([192, 0, 2, number], 4000))),
        formats: agreed(codecs),
        receive_formats: agreed(codecs),
        ptime_ms,
        send_silence: false,
        media_timeout: None,
        ..LegParams::default()
    }
}

/// A phone of any codec: says a tone in packets of any length, and listens.
struct Handset {
    slot: usize,
    number: u8,
    codec: CodecId,
    kind: CodecKind,
    rate: Rate,
    encoder: Encoder,
    decoder: Decoder,
    tone: ToneSource,
    packet_ms: u32,
    // Time that has passed and was not sent yet.
    waiting_ms: u32,
    sequence: u16,
    timestamp: u32,
    ssrc: u32,
    heard: Vec<i16>,
    packets: Vec<(RtpHeader, Vec<u8>)>,
}

impl Handset {
    fn open(rig: &mut Rig, number: u8, codec: CodecId, hz: f64, packet_ms: u32) -> Handset {
        let slot = rig.open(params(number, &[codec, TELEPHONE_EVENT], packet_ms));
        let mut handset = Handset::with(slot, number, codec, hz);
        handset.packet_ms = packet_ms;
        handset
    }

    fn with(slot: usize, number: u8, codec: CodecId, hz: f64) -> Handset {
        let kind = codec.kind().expect("we know it");
        let rate = codec.rates().best();
        let mut encoder = EncoderParams::of(kind);
        let mut decoder = DecoderParams::of(kind);
        (encoder.channels, decoder.channels) = (1, 1);
        Handset {
            slot,
            number,
            codec,
            kind,
            rate,
            encoder: kind.encoder(&encoder).expect("its own rate"),
            decoder: kind.decoder(&decoder).expect("its own rate"),
            tone: ToneSource::sine(hz, -12.0, None, rate.hz()),
            packet_ms: 20,
            waiting_ms: 0,
            sequence: 65_500,
            timestamp: 0xffff_f000,
            ssrc: 0x5000 + u32::from(number),
            heard: Vec::new(),
            packets: Vec::new(),
        }
    }

    fn address(&self) -> SocketAddr {
        SocketAddr::from(([192, 0, 2, self.number], 4000))
    }

    /// 10 ms have passed.
    fn speak(&mut self, rig: &mut Rig) {
        self.waiting_ms += 10;
        if self.waiting_ms < self.packet_ms {
            return;
        }
        self.waiting_ms = 0;
        let mut samples = vec![0; (self.rate.hz() / 1000 * self.packet_ms) as usize];
        self.tone.fill(&mut samples);
        let mut payload = vec![0; self.kind.octets_max(samples.len())];
        let octets = self
            .encoder
            .encode(&samples, &mut payload)
            .expect("a frame");
        payload.truncate(octets);
        let header = RtpHeader {
            payload_type: PayloadType(payload_type(self.codec)),
            marker: false,
            sequence: self.sequence,
            timestamp: self.timestamp,
            ssrc: Ssrc(self.ssrc),
        };
        let ticks = self.kind.clock_rate_hz() / 1000 * self.packet_ms;
        self.sequence = self.sequence.wrapping_add(1);
        self.timestamp = self.timestamp.wrapping_add(ticks);
        let mut datagram = vec![0; 12 + payload.len()];
        header.write(&mut datagram);
        datagram[12..].copy_from_slice(&payload);
        rig.receive(self.slot, &datagram, self.address());
    }

    fn listen(&mut self, rig: &mut Rig) {
        for (header, payload) in rig.sent(self.slot) {
            let ticks = self.kind.duration_ticks(&payload).expect("its codec");
            let samples = u64::from(ticks) * u64::from(self.rate.hz());
            let samples = samples / u64::from(self.kind.clock_rate_hz());
            let mut pcm = vec![0; samples as usize];
            self.decoder.decode(&payload, &mut pcm).expect("its codec");
            self.heard.extend(pcm);
            self.packets.push((header, payload));
        }
    }

    /// The tone of these that is heard, once what was heard before the last second is forgotten.
    fn tone(&self, tones_hz: &[f64]) -> Option<ToneLevel> {
        let mut detector = ToneDetector::new(tones_hz, self.rate.hz());
        let second = self.rate.hz() as usize;
        detector.receive(&self.heard[self.heard.len().saturating_sub(second)..]);
        detector.tone()
    }

    /// How loud one frequency is in the last second; tones of others may be there too.
    fn level_of(&self, hz: f64) -> f64 {
        let second = self.rate.hz() as usize;
        let samples = &self.heard[self.heard.len() - second..];
        let turn = std::f64::consts::TAU * hz / f64::from(self.rate.hz());
        let (mut re, mut im) = (0.0, 0.0);
        for (n, sample) in samples.iter().enumerate() {
            // A Hann window: what is a few hertz away does not leak.
            let window = 1.0 - (std::f64::consts::TAU * n as f64 / second as f64).cos();
            let value = f64::from(*sample) * window;
            re += value * (turn * n as f64).cos();
            im += value * (turn * n as f64).sin();
        }
        let amplitude = 2.0 * re.hypot(im) / second as f64;
        20.0 * (amplitude / 32_767.0).max(1e-9).log10()
    }
}

fn talk(rig: &mut Rig, phones: &mut [Handset], span_ms: u32) {
    for _ in 0..span_ms / 10 {
        phones.iter_mut().for_each(|phone| phone.speak(rig));
        rig.pass(Duration::from_millis(10));
        phones.iter_mut().for_each(|phone| phone.listen(rig));
    }
}

/// Steps between neighbouring samples that no tone of this frequency and level has.
fn clicks(samples: &[i16], hz: f64, rate: Rate) -> usize {
    let steepest = 32_767.0 * 10_f64.powf(-12.0 / 20.0) * std::f64::consts::TAU * hz;
    let limit = (1.6 * steepest / f64::from(rate.hz())).max(900.0);
    let steps = samples.windows(2).map(|pair| pair[0].abs_diff(pair[1]));
    steps.filter(|step| f64::from(*step) > limit).count()
}

#[test]
fn two_legs_of_any_codecs_hear_each_other() {
    let codecs = [PCMU, PCMA, G722, L16, OPUS];
    for a in codecs {
        for b in codecs.into_iter().filter(|b| *b != a) {
            let mut rig = Rig::new();
            let mut phones = [
                Handset::open(&mut rig, 1, a, 600.0, 20),
                Handset::open(&mut rig, 2, b, 1000.0, 20),
            ];
            rig.core.connect(phones[0].slot, phones[1].slot, T0);
            talk(&mut rig, &mut phones, 2000);
            for (phone, hz) in phones.iter().zip([1000.0, 600.0]) {
                let tone = phone.tone(&[600.0, 1000.0]).expect("the other's tone");
                assert_eq!(tone.hz, hz, "{a:?} {b:?}");
                assert!((tone.level_dbfs + 12.0).abs() < 1.0, "{a:?} {b:?} {tone:?}");
                assert_continuous(&phone.packets);
                assert!(phone.packets.len() > 90, "{a:?} {b:?}");
            }
            for phone in &phones {
                let stats = rig.stats(phone.slot);
                assert_eq!((stats.receive_undecodable, stats.receive_late), (0, 0));
                assert!(
                    stats.concealed_ms < 1.0,
                    "{a:?} {b:?} {}",
                    stats.concealed_ms
                );
            }
        }
    }
}

#[test]
fn packets_of_any_length_come_and_go() {
    for (theirs, ours) in [
        (10, 30),
        (30, 10),
        (20, 60),
        (60, 20),
        (40, 30),
        (10, 60),
        (60, 10),
    ] {
        for codec in [PCMA, G722, OPUS] {
            let mut rig = Rig::new();
            let mut phones = [
                Handset::open(&mut rig, 1, PCMU, 600.0, theirs),
                Handset::open(&mut rig, 2, codec, 1000.0, ours),
            ];
            // Opus has no 30 ms of its own.
            if codec == OPUS && ours == 30 {
                phones[1].packet_ms = 20;
            }
            rig.core.connect(phones[0].slot, phones[1].slot, T0);
            talk(&mut rig, &mut phones, 3000);
            for (phone, hz) in phones.iter().zip([1000.0, 600.0]) {
                let tone = phone.tone(&[600.0, 1000.0]);
                assert_eq!(
                    tone.map(|tone| tone.hz),
                    Some(hz),
                    "{codec:?} {theirs} {ours}"
                );
                assert_continuous(&phone.packets);
                let expected_ticks = phone.kind.clock_rate_hz() / 1000 * phone.packet_ms;
                let steps = phone
                    .packets
                    .windows(2)
                    .map(|pair| (pair[0].0.timestamp, &pair[1].0));
                for (before, header) in steps.filter(|(_, header)| !header.marker) {
                    assert_eq!(header.timestamp.wrapping_sub(before), expected_ticks);
                }
            }
            let stats = rig.stats(phones[0].slot);
            assert!(
                stats.concealed_ms < 1.0,
                "{codec:?} {theirs} {ours} {}",
                stats.concealed_ms
            );
        }
    }
}

#[test]
fn the_highest_frequencies_pass_between_wide_legs_and_do_not_fold_back_into_narrow_ones() {
    for (codec, hz) in [(G722, 6200.0), (OPUS, 6200.0), (L16, 6200.0)] {
        let mut rig = Rig::new();
        let mut phones = [
            Handset::open(&mut rig, 1, codec, hz, 20),
            Handset::open(&mut rig, 2, PCMU, 1000.0, 20),
            Handset::open(
                &mut rig,
                3,
                if codec == G722 { L16 } else { G722 },
                600.0,
                20,
            ),
        ];
        let room = Room::of(&mut rig, &phones);
        talk(&mut rig, &mut phones, 3000);
        // -60 dB of the tone's -12 is below what G.711 can say.
        assert!(
            phones[1].level_of(8000.0 - hz) < -65.0,
            "{codec:?}: {}",
            phones[1].level_of(1800.0)
        );
        assert!(
            phones[2].level_of(hz) > -20.0,
            "{codec:?}: {}",
            phones[2].level_of(hz)
        );
        drop(room);
    }
}

struct Room {
    cell: ConferenceCell,
    slot: usize,
}

impl Room {
    fn of(rig: &mut Rig, phones: &[Handset]) -> Room {
        let cell = ConferenceCell::default();
        let conference = Conference::new(ConferenceId(1), None, ConferenceCell::clone(&cell));
        rig.core.open_conference(Box::new(conference));
        let slot = rig
            .core
            .conference_of(ConferenceId(1))
            .expect("just opened");
        for phone in phones {
            let now = rig.now;
            rig.core
                .join(slot, phone.slot, MemberOptions::default(), now);
        }
        Room { cell, slot }
    }

    fn stats(&self, rig: &mut Rig) -> ConferenceStats {
        rig.core.publish(rig.now);
        ConferenceStats::from_words(&self.cell.read())
    }

    fn rate(&self, rig: &mut Rig) -> Rate {
        rig.core
            .conference_mut(self.slot)
            .expect("it is open")
            .rate()
    }
}

#[test]
fn in_a_room_of_all_codecs_each_hears_the_others_and_not_itself() {
    let mut rig = Rig::new();
    let tones = [500.0, 800.0, 1300.0, 2100.0];
    let mut phones = [
        Handset::open(&mut rig, 1, PCMU, tones[0], 20),
        Handset::open(&mut rig, 2, G722, tones[1], 20),
        Handset::open(&mut rig, 3, OPUS, tones[2], 20),
        Handset::open(&mut rig, 4, PCMA, tones[3], 20),
    ];
    let room = Room::of(&mut rig, &phones);
    assert_eq!(room.rate(&mut rig), Rate::Khz48);
    talk(&mut rig, &mut phones, 4000);
    for (own, phone) in phones.iter().enumerate() {
        for (other, hz) in tones.into_iter().enumerate() {
            let level = phone.level_of(hz);
            if own == other {
                assert!(level < -45.0, "{:?} hears itself: {level}", phone.codec);
            } else {
                assert!(
                    (level + 12.0).abs() < 2.0,
                    "{:?} hears {hz}: {level}",
                    phone.codec
                );
            }
        }
        assert_continuous(&phone.packets);
    }
}

#[test]
fn a_room_follows_the_highest_rate_among_its_members_without_a_click() {
    let mut rig = Rig::new();
    let mut phones = [
        Handset::open(&mut rig, 1, PCMU, 500.0, 20),
        Handset::open(&mut rig, 2, PCMU, 500.0, 20),
        Handset::open(&mut rig, 3, OPUS, 500.0, 20),
    ];
    // One speaks, and the others listen.
    for phone in &mut phones[1..] {
        phone.tone = ToneSource::sine(500.0, -120.0, None, phone.rate.hz());
    }
    let room = Room::of(&mut rig, &phones[..2]);
    talk(&mut rig, &mut phones, 1000);
    assert_eq!(room.rate(&mut rig), Rate::Khz8);
    for _ in 0..3 {
        let now = rig.now;
        rig.core
            .join(room.slot, phones[2].slot, MemberOptions::default(), now);
        talk(&mut rig, &mut phones, 500);
        assert_eq!(room.rate(&mut rig), Rate::Khz48);
        let now = rig.now;
        rig.core.disconnect(phones[2].slot, now);
        talk(&mut rig, &mut phones, 500);
        assert_eq!(room.rate(&mut rig), Rate::Khz8);
    }
    let heard = &phones[1].heard[4000..];
    assert_eq!(clicks(heard, 500.0, Rate::Khz8), 0);
    assert_continuous(&phones[1].packets);
    let tone = phones[1].tone(&[500.0]).expect("still there");
    assert!((tone.level_dbfs + 12.0).abs() < 1.0);
}

#[test]
fn listeners_of_one_codec_share_an_encoder_and_leave_it_without_a_click() {
    for codec in [G722, OPUS] {
        let mut rig = Rig::new();
        let mut phones: Vec<Handset> = (1..=12)
            .map(|number| Handset::open(&mut rig, number, codec, 700.0, 20))
            .collect();
        let silent = |phone: &mut Handset| {
            phone.tone = ToneSource::sine(700.0, -120.0, None, phone.rate.hz());
        };
        phones[1..].iter_mut().for_each(silent);
        let room = Room::of(&mut rig, &phones);
        talk(&mut rig, &mut phones, 1000);
        let before = room.stats(&mut rig);
        talk(&mut rig, &mut phones, 1000);
        let after = room.stats(&mut rig);
        let frames = after.frames - before.frames;
        assert_eq!(
            after.shared_encodings - before.shared_encodings,
            frames,
            "{codec:?}"
        );
        assert_eq!(
            after.shared_frames - before.shared_frames,
            11 * frames,
            "{codec:?}"
        );
        // A listener says something, and listens again.
        let from = phones[1].heard.len();
        phones[1].tone = ToneSource::sine(700.0, -30.0, None, phones[1].rate.hz());
        talk(&mut rig, &mut phones, 1000);
        silent(&mut phones[1]);
        talk(&mut rig, &mut phones, 7000);
        let heard = &phones[1].heard[from..];
        assert_eq!(clicks(heard, 700.0, phones[1].rate), 0, "{codec:?}");
        assert_continuous(&phones[1].packets);
        let before = room.stats(&mut rig);
        talk(&mut rig, &mut phones, 1000);
        let after = room.stats(&mut rig);
        assert_eq!(
            after.shared_frames - before.shared_frames,
            11 * (after.frames - before.frames)
        );
    }
}

#[test]
fn another_codec_in_the_middle_of_the_stream_is_heard_and_counted() {
    let mut rig = Rig::new();
    let all = [PCMU, G722, OPUS, TELEPHONE_EVENT];
    let a = rig.open(params(1, &all, 20));
    let b = rig.open(params(2, &[PCMA], 20));
    rig.core.connect(a, b, T0);
    let mut far = [Handset::with(b, 2, PCMA, 1000.0)];
    let (mut sequence, mut timestamp) = (0, 0);
    for (turn, codec) in [PCMU, G722, PCMU, OPUS, G722].into_iter().enumerate() {
        let mut near = Handset::with(a, 1, codec, 600.0);
        (near.sequence, near.timestamp) = (sequence, timestamp);
        let from = far[0].heard.len();
        for _ in 0..100 {
            near.speak(&mut rig);
            talk(&mut rig, &mut far, 10);
        }
        (sequence, timestamp) = (near.sequence, near.timestamp);
        let tone = far[0].tone(&[600.0]).expect("the near one's tone");
        assert!((tone.level_dbfs + 12.0).abs() < 3.0, "{codec:?} {tone:?}");
        assert_eq!(
            clicks(&far[0].heard[from..], 600.0, Rate::Khz8),
            0,
            "{turn} {codec:?}"
        );
        let stats = rig.stats(a);
        assert_eq!(stats.receive_codec_changes, turn as u64);
        assert!(
            stats.receive_jitter_ms < 1.0,
            "{codec:?} {}",
            stats.receive_jitter_ms
        );
        rig.sent(a);
    }
    assert_continuous(&far[0].packets);
}

#[test]
fn another_source_of_a_codec_with_a_memory_does_not_click() {
    for codec in [G722, OPUS] {
        let mut rig = Rig::new();
        let mut phones = [
            Handset::open(&mut rig, 1, codec, 600.0, 20),
            Handset::open(&mut rig, 2, PCMA, 1000.0, 20),
        ];
        rig.core.connect(phones[0].slot, phones[1].slot, T0);
        talk(&mut rig, &mut phones, 1000);
        let fresh = Handset::with(phones[0].slot, 1, codec, 600.0);
        phones[0].ssrc += 1;
        phones[0].encoder = fresh.encoder;
        talk(&mut rig, &mut phones, 1000);
        assert_eq!(clicks(&phones[1].heard, 600.0, Rate::Khz8), 0, "{codec:?}");
        assert_eq!(rig.stats(phones[0].slot).receive_ssrc_changes, 1);
    }
}

#[test]
fn a_new_agreement_on_another_codec_goes_on_with_the_stream() {
    let mut rig = Rig::new();
    let mut phones = [
        Handset::open(&mut rig, 1, PCMU, 600.0, 20),
        Handset::open(&mut rig, 2, G722, 1000.0, 20),
    ];
    let (a, b) = (phones[0].slot, phones[1].slot);
    rig.core.connect(a, b, T0);
    talk(&mut rig, &mut phones, 1000);
    rig.update(a, params(1, &[OPUS, EVENT_48], 20));
    let mut near = Handset::with(a, 1, OPUS, 600.0);
    std::mem::swap(&mut near.packets, &mut phones[0].packets);
    (near.sequence, near.timestamp) = (phones[0].sequence, phones[0].timestamp);
    phones[0] = near;
    talk(&mut rig, &mut phones, 1000);
    assert_continuous(&phones[0].packets);
    assert_eq!(phones[0].tone(&[1000.0]).map(|tone| tone.hz), Some(1000.0));
    assert_eq!(phones[1].tone(&[600.0]).map(|tone| tone.hz), Some(600.0));
}

#[test]
fn a_lost_opus_packet_is_made_again_from_the_next_one() {
    let mut rig = Rig::new();
    let mut phones = [
        Handset::open(&mut rig, 1, OPUS, 600.0, 20),
        Handset::open(&mut rig, 2, PCMA, 1000.0, 20),
    ];
    let mut encoder = EncoderParams::of(CodecKind::Opus);
    encoder.channels = 1;
    encoder.opus.expected_loss_percent = 20;
    encoder.opus.bitrate_bps = 32_000;
    encoder.opus.max_bandwidth = mediacore_audio::codec::opus::Bandwidth::Wide;
    phones[0].encoder = CodecKind::Opus.encoder(&encoder).expect("good parameters");
    rig.core.connect(phones[0].slot, phones[1].slot, T0);
    // Packets come in pairs, so that some are held; of every fifth pair the first is lost.
    for pair in 0..75 {
        // As lively as speech: to what lasts the encoder adds nothing.
        let (hz, level_dbfs) = (
            120.0 + f64::from(pair % 4) * 40.0,
            -12.0 - f64::from(pair % 3) * 9.0,
        );
        phones[0].tone = ToneSource::sine(hz, level_dbfs, None, 48_000);
        for is_first in [true, false] {
            // From another host it is refused: as good as lost.
            phones[0].number = if is_first && pair % 5 == 4 { 99 } else { 1 };
            phones[0].speak(&mut rig);
            phones[0].speak(&mut rig);
            phones[0].number = 1;
        }
        rig.pass(2 * FRAME_TIME);
    }
    let stats = rig.stats(phones[0].slot);
    assert!(stats.receive_lost >= 14, "{}", stats.receive_lost);
    assert!(stats.receive_recovered >= 10, "{}", stats.receive_recovered);
}

#[test]
fn a_digit_is_passed_on_to_the_clock_of_the_other_codec() {
    let mut rig = Rig::new();
    let a = rig.open(params(1, &[PCMU, TELEPHONE_EVENT], 20));
    let b = rig.open(params(2, &[OPUS, EVENT_48], 20));
    rig.core.connect(a, b, T0);
    let mut phone = Phone::at("192.0.2.1:4000", a);
    rig.talk(&mut [&mut phone], 20);
    rig.sent(b);
    let event = phone.packet(101, &[5, 10, 0x03, 0x20]);
    rig.receive(a, &event, phone.address);
    let sent = rig.sent(b);
    let (header, payload) = sent
        .iter()
        .find(|(header, _)| header.payload_type.0 == payload_type(EVENT_48))
        .expect("the digit");
    // 800 ticks of 8 kHz are 4,800 of 48 kHz.
    assert_eq!(payload[..], [5, 10, 0x12, 0xc0], "{header:?}");
}

#[test]
fn what_is_no_packet_of_the_codec_is_counted_and_heard_as_a_loss() {
    let mut rig = Rig::new();
    let mut phones = [
        Handset::open(&mut rig, 1, OPUS, 600.0, 20),
        Handset::open(&mut rig, 2, PCMA, 1000.0, 20),
    ];
    rig.core.connect(phones[0].slot, phones[1].slot, T0);
    talk(&mut rig, &mut phones, 500);
    let header = RtpHeader {
        payload_type: PayloadType(payload_type(OPUS)),
        marker: false,
        sequence: phones[0].sequence,
        timestamp: phones[0].timestamp,
        ssrc: Ssrc(phones[0].ssrc),
    };
    for payload in [&[][..], &[0xff, 0x3f, 1, 2][..], &[0x03][..]] {
        let mut datagram = vec![0; 12 + payload.len()];
        header.write(&mut datagram);
        datagram[12..].copy_from_slice(payload);
        phones[0].sequence = phones[0].sequence.wrapping_add(1);
        rig.receive(phones[0].slot, &datagram, phones[0].address());
    }
    talk(&mut rig, &mut phones, 1500);
    assert!(rig.stats(phones[0].slot).receive_undecodable >= 1);
    assert!(phones[1].tone(&[600.0]).is_some());
}

#[test]
fn comfort_noise_is_heard_until_the_peer_speaks_again() {
    const CN: CodecId = crate::format::COMFORT_NOISE;
    let mut rig = Rig::new();
    let mut a = params(1, &[PCMU], 20);
    a.receive_formats = agreed(&[PCMU, CN]);
    let a = rig.open(a);
    let mut phones = [
        Handset::with(a, 1, PCMU, 600.0),
        Handset::open(&mut rig, 2, G722, 1000.0, 20),
    ];
    rig.core.connect(a, phones[1].slot, T0);
    talk(&mut rig, &mut phones, 1000);
    // -45 dBov, white.
    let header = RtpHeader {
        payload_type: PayloadType(payload_type(CN)),
        marker: false,
        sequence: phones[0].sequence,
        timestamp: phones[0].timestamp,
        ssrc: Ssrc(phones[0].ssrc),
    };
    phones[0].sequence = phones[0].sequence.wrapping_add(1);
    let mut datagram = [0; 13];
    header.write(&mut datagram);
    datagram[12] = 45;
    rig.receive(a, &datagram, phones[0].address());
    talk(&mut rig, &mut phones[1..], 1500);
    let heard = &phones[1].heard;
    let noise_dbfs = dbfs(&heard[heard.len() - 16_000..]);
    // dBov is 3 dB above: a full-scale square wave.
    assert!((noise_dbfs + 42.0).abs() < 3.0, "{noise_dbfs}");
    phones[0].timestamp = phones[0].timestamp.wrapping_add(8 * 1500);
    talk(&mut rig, &mut phones, 1500);
    let tone = phones[1].tone(&[600.0]).expect("the peer speaks again");
    assert!((tone.level_dbfs + 12.0).abs() < 1.0);
}
