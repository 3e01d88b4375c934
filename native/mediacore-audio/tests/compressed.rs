//! Ogg Opus and MP3: what others wrote is read, what we write others read, and whatever is broken is refused in bounded work.
//!
//! The files in `data` were made by FFmpeg 6 (libopus, libmp3lame): `ffmpeg -f lavfi -i
//! sine=frequency=1000:sample_rate=48000:duration=0.5 -af volume=8.06dB -c:a libopus -b:a 24k -application voip FILE`, and
//! `sine=frequency=440:sample_rate=44100:duration=0.5 -ac 2 -b:a 32k` for the other.

use std::io::Cursor;

use mediacore_audio::container::OpusWriter;
use mediacore_audio::{AudioError, AudioReader, ToneDetector, ToneSource, open_audio, to_i16};
use proptest::collection::vec;
use proptest::prelude::*;

const OPUS: &[u8] = include_bytes!("data/tone-1000hz.opus");
const MP3: &[u8] = include_bytes!("data/tone-440hz-stereo.mp3");
const FLAC: &[u8] = include_bytes!("data/tone-1000hz-16khz.flac");

fn open(file: impl Into<Vec<u8>>) -> Result<Box<dyn AudioReader>, AudioError> {
    open_audio(Cursor::new(file.into()))
}

fn read(file: impl Into<Vec<u8>>) -> Result<(u32, Vec<i16>), AudioError> {
    let mut reader = open(file)?;
    let samples = rest_of(&mut *reader)?;
    Ok((reader.sample_rate_hz(), samples))
}

fn rest_of(reader: &mut dyn AudioReader) -> Result<Vec<i16>, AudioError> {
    let (mut mono, mut samples) = (Vec::new(), Vec::new());
    while reader.read(&mut mono)? {}
    to_i16(&mono, &mut samples);
    Ok(samples)
}

/// The level of `hz` in the middle of the sound, dBFS.
fn level_dbfs(samples: &[i16], hz: f64, rate_hz: u32) -> f64 {
    let mut detector = ToneDetector::new(&[hz], rate_hz);
    detector.receive(&samples[samples.len() / 4..]);
    detector.levels()[0].level_dbfs
}

fn tone(hz: f64, samples: usize, rate_hz: u32) -> Vec<i16> {
    let mut tone = vec![0; samples];
    ToneSource::sine(hz, -10.0, None, rate_hz).fill(&mut tone);
    tone
}

/// A whole file, written in pieces of `piece` samples of each channel.
fn written(samples: &[i16], rate_hz: u32, channels: u8, piece: usize) -> Vec<u8> {
    let mut writer = OpusWriter::new(rate_hz, channels, 77).expect("a rate of Opus");
    let mut file = writer.head();
    for piece in samples.chunks(piece * usize::from(channels)) {
        writer.append(piece, &mut file).expect("whole samples");
    }
    writer.finish(&mut file).expect("whole samples");
    file
}

#[test]
fn files_of_other_encoders_hold_their_tone_and_length() {
    let (rate_hz, samples) = read(OPUS).expect("Opus");
    assert_eq!((rate_hz, samples.len()), (48_000, 24_000));
    let level = level_dbfs(&samples, 1000.0, rate_hz);
    assert!((level + 10.0).abs() < 1.0, "{level}");
    let (rate_hz, samples) = read(MP3).expect("MP3");
    assert_eq!((rate_hz, samples.len()), (44_100, 22_050));
    let level = level_dbfs(&samples, 440.0, rate_hz);
    // FFmpeg shares one channel's power among two: 3 dB less in each than the sine's -18 dBFS.
    assert!((level + 21.07).abs() < 1.0, "{level}");
}

#[test]
fn an_mp3_behind_tags_is_found() {
    let tag = [&b"ID3\x04\0\0\0\0\x01\x02"[..], &[0x55; 130]].concat();
    let file = [&tag[..], &tag, MP3].concat();
    assert_eq!(read(file).expect("MP3").1, read(MP3).expect("MP3").1);
}

#[test]
fn what_is_written_is_read_to_the_sample_at_every_rate() {
    for (rate_hz, length) in [
        (8000, 12_345),
        (16_000, 16_000),
        (24_000, 1),
        (48_000, 50_003),
    ] {
        let file = written(&tone(1000.0, length, rate_hz), rate_hz, 1, 1600);
        let (found_hz, samples) = read(file).expect("ours");
        assert_eq!((found_hz, samples.len()), (rate_hz, length));
        if length > 1 {
            let level = level_dbfs(&samples, 1000.0, rate_hz);
            assert!((level + 10.0).abs() < 1.0, "{level} at {rate_hz} Hz");
        }
    }
    assert_eq!(read(written(&[], 8000, 1, 1)).expect("nothing").1, []);
}

#[test]
fn two_parties_keep_their_sides() {
    let (left, right) = (tone(440.0, 16_000, 8000), tone(1000.0, 16_000, 8000));
    let both: Vec<i16> = left.iter().zip(right).flat_map(|(a, b)| [*a, b]).collect();
    let (_, mean) = read(written(&both, 8000, 2, 1600)).expect("ours");
    for hz in [440.0, 1000.0] {
        let level = level_dbfs(&mean, hz, 8000);
        assert!((level + 16.0).abs() < 1.5, "half of each: {level}");
    }
}

#[test]
fn a_file_that_was_cut_off_is_read_as_far_as_it_goes() {
    let whole = written(&tone(1000.0, 80_000, 8000), 8000, 1, 1600);
    for part in [9, 7, 5, 3, 1] {
        let (_, samples) = read(&whole[..whole.len() * part / 10]).expect("some of it");
        let found = samples.len() as f64 / 8000.0;
        assert!(
            (found - part as f64).abs() < 0.5,
            "{part} tenths are {found} s of 10"
        );
    }
    let (_, samples) = read(&MP3[..MP3.len() / 2]).expect("some of it");
    assert!(
        (5_000..15_000).contains(&samples.len()),
        "{}",
        samples.len()
    );
}

#[test]
fn a_skip_leads_to_the_same_sound() {
    let long = written(&tone(1000.0, 80_000, 8000), 8000, 1, 1600);
    let wav = [
        &mediacore_audio::container::wav_header(8000, 1, 160_000)[..],
        &tone(1000.0, 80_000, 8000)
            .iter()
            .flat_map(|it| it.to_le_bytes())
            .collect::<Vec<u8>>(),
    ]
    .concat();
    for (file, samples) in [
        (long.clone(), 24_000),
        (wav, 24_001),
        (long, 100),
        (MP3.to_vec(), 15_000),
    ] {
        let whole = read(file.clone()).expect("a good file").1;
        let mut reader = open(file).expect("a good file");
        let skipped = reader.skip(samples).expect("a good file") as usize;
        let rest = rest_of(&mut *reader).expect("a good file");
        assert_eq!(rest.len() + skipped, whole.len());
        let apart = whole[skipped..]
            .iter()
            .zip(&rest)
            .map(|(a, b)| a.abs_diff(*b));
        assert!(apart.max().unwrap_or(0) < 2000, "{samples}");
    }
}

#[test]
fn a_skip_beyond_the_end_finds_the_end() {
    for file in [OPUS, MP3, FLAC] {
        let mut reader = open(file).expect("a good file");
        while reader.skip(1 << 40).expect("a good file") > 0 {
            if rest_of(&mut *reader).expect("a good file").is_empty() {
                break;
            }
        }
    }
}

#[test]
fn ogg_of_another_kind_says_so() {
    let mut vorbis = OPUS.to_vec();
    vorbis[28..36].copy_from_slice(b"\x01vorbis\0");
    vorbis[22..26].copy_from_slice(&[0; 4]);
    assert!(
        matches!(read(vorbis), Err(AudioError::Malformed(_))),
        "its checksum is wrong"
    );
    assert!(
        matches!(read(&OPUS[..40]), Err(AudioError::Malformed(_))),
        "no stream"
    );
    let many = written(&[0; 80], 8000, 2, 80);
    assert!(read(many).is_ok());
}

/// A page of one packet, with a true checksum.
fn page(packet: &[u8], flags: u8, position: u64, serial: u32) -> Vec<u8> {
    let mut page = [b"OggS\0", &[flags][..], &position.to_le_bytes()].concat();
    page.extend(serial.to_le_bytes());
    page.extend([0; 8]);
    let segments: Vec<u8> = std::iter::repeat_n(255, packet.len() / 255)
        .chain([(packet.len() % 255) as u8])
        .collect();
    page.push(segments.len() as u8);
    page.extend(segments);
    page.extend(packet);
    let mut checksum = 0_u32;
    for octet in &page {
        checksum ^= u32::from(*octet) << 24;
        for _ in 0..8 {
            let carry = checksum >> 31;
            checksum = (checksum << 1) ^ (carry * 0x04c1_1db7);
        }
    }
    page[22..26].copy_from_slice(&checksum.to_le_bytes());
    page
}

#[test]
fn streams_beside_ours_are_passed_over() {
    let mut pages = vec![page(b"OpusHead\x01\x01\0\0\x40\x1f\0\0\0\0\0", 2, 0, 1)];
    pages.push(page(b"theora", 2, 0, 2));
    pages.push(page(b"OpusTags\0\0\0\0\0\0\0\0", 0, 0, 1));
    pages.push(page(&[7; 500], 4, 9, 2));
    // 20 ms of silence: a packet without content (RFC 6716 3.2.1).
    pages.push(page(&[0x08], 4, 960, 1));
    assert_eq!(read(pages.concat()).expect("one stream").1.len(), 160);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    /// Good files with wrong octets in them: no panic, no endless loop, no more sound than there are octets for.
    #[test]
    fn damaged_files_are_read_or_refused(
        kind in 0..3_usize, damage in vec((any::<prop::sample::Index>(), any::<u8>()), 1..20), skip in 0..30_000_u64,
    ) {
        let mut file = [OPUS, MP3, FLAC][kind].to_vec();
        for (place, octet) in damage {
            let place = place.index(file.len());
            file[place] = octet;
        }
        damaged_is_bounded(file, skip)?;
    }

    /// Pages whose checksums are true and whose packets are anything.
    #[test]
    fn any_packets_in_ogg_are_read_or_refused(
        head in vec(any::<u8>(), 0..12),
        packets in vec((vec(any::<u8>(), 0..600), 0..8_u8, any::<u64>(), 0..2_u32), 0..10),
        skip in 0..30_000_u64,
    ) {
        let mut head = [&b"OpusHead"[..], &head].concat();
        if head.len() > 18 {
            (head[8], head[9], head[18]) = (1, 1 + head[9] % 2, 0);
        }
        let mut file = page(&head, 2, 0, 0);
        file.extend(page(b"OpusTags", 0, 0, 0));
        for (packet, flags, position, serial) in packets {
            file.extend(page(&packet, flags, position, serial));
        }
        damaged_is_bounded(file, skip)?;
    }

    /// Octets behind what an MP3 begins with.
    #[test]
    fn any_octets_behind_an_mp3s_first_are_read_or_refused(octets in vec(any::<u8>(), 0..3000), begun in 0..600_usize) {
        damaged_is_bounded([&MP3[..begun.max(4)], &octets].concat(), 0)?;
    }
}

fn damaged_is_bounded(file: Vec<u8>, skip: u64) -> Result<(), TestCaseError> {
    // An octet is at most 120 ms of 48 kHz; FLAC's shortest block has 14 octets and at most 65,535 samples.
    let most = (file.len() + 1) * 6000;
    if let Ok(mut reader) = open(file) {
        let _ = reader.skip(skip);
        let (mut mono, mut found) = (Vec::new(), 0);
        while let Ok(true) = reader.read(&mut mono) {
            found += mono.len();
            prop_assert!(found <= most, "{found} samples");
            prop_assert!(mono.iter().all(|sample| sample.is_finite()));
            mono.clear();
        }
    }
    Ok(())
}
