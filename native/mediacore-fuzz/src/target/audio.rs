//! What becomes samples: files, and payloads of every codec.

use std::io::Cursor;

use mediacore_audio::{CodecKind, Decoder, DecoderParams, NoiseGenerator, open_audio};

/// Longer than any file of so few octets is, by far.
const SAMPLES_MAX: usize = 1 << 22;

/// Of one payload: 120 ms in stereo at 48 kHz is the longest packet of Opus (RFC 6716 2); one of G.711 has a sample an octet.
const PAYLOAD_SAMPLES_MAX: usize = 11_520;

pub fn file(octets: &[u8]) {
    let Ok(mut reader) = open_audio(Cursor::new(octets.to_vec())) else {
        return;
    };
    assert!(reader.sample_rate_hz() >= 4000);
    let (mut mono, mut samples) = (Vec::new(), 0);
    while let Ok(true) = reader.read(&mut mono) {
        assert!(mono.iter().all(|sample| sample.is_finite()));
        samples += mono.len();
        assert!(
            samples < SAMPLES_MAX,
            "{samples} samples out of {} octets",
            octets.len()
        );
        mono.clear();
    }
}

const KINDS: [CodecKind; 5] = [
    CodecKind::Pcmu,
    CodecKind::Pcma,
    CodecKind::G722,
    CodecKind::L16 {
        sample_rate_hz: 16_000,
        channels: 1,
    },
    CodecKind::Opus,
];

/// The first octet says which codec and what is lost before the payload, the second cuts the rest in two payloads.
pub fn decoders(octets: &[u8]) {
    let [first, second, rest @ ..] = octets else {
        return;
    };
    if first % 6 == 5 {
        let mut noise = NoiseGenerator::new(1);
        noise.receive(rest);
        noise.fill(&mut [0; 160]);
        return;
    }
    let kind = KINDS[usize::from(first % 6)];
    let decoder = kind.decoder(&DecoderParams::of(kind));
    let mut decoder = decoder.expect("at its own rate and channels");
    let (before, after) = rest.split_at(usize::from(*second).min(rest.len()));
    decode(&mut decoder, before);
    let mut lost =
        vec![0; usize::from(decoder.channels()) * decoder.sample_rate_hz() as usize / 50];
    match first >> 6 {
        0 => decoder.conceal(&mut lost),
        1 => drop(decoder.recover(after, &mut lost)),
        2 => decoder.splice(),
        _ => {}
    }
    decode(&mut decoder, after);
}

fn decode(decoder: &mut Decoder, payload: &[u8]) {
    let mut out = vec![0; PAYLOAD_SAMPLES_MAX];
    let samples = decoder.samples_in(payload);
    if let Ok(written) = decoder.decode(payload, &mut out) {
        assert_eq!(Some(written), samples);
    }
}

/// Two payloads of each codec, and of comfort noise.
pub fn payloads() -> Vec<Vec<u8>> {
    let of = |kind: u8, payload: &[u8]| {
        let mut input = vec![kind, payload.len() as u8];
        input.extend(payload);
        input.extend(payload);
        input
    };
    let mut samples: Vec<_> = (0..4).map(|kind| of(kind, &[0x3c; 160])).collect();
    // Frames of Opus in all ways of packing them (RFC 6716 3.2): one, two alike, two unlike, many with their lengths.
    let opus: [&[u8]; 5] = [
        &[0x48, 1, 2, 3, 4, 5, 6, 7, 8],
        &[0x49, 9, 8, 7, 6, 5, 4],
        &[0x4a, 2, 1, 1, 9, 9, 9],
        &[0xfb, 0x83, 2, 1, 1, 1, 2, 3, 4, 5],
        &[0x78, 0xff, 0xfe],
    ];
    samples.extend(opus.map(|payload| of(4, payload)));
    samples.push(of(5, &[40, 127, 100, 140]));
    samples
}
