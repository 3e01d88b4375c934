//! Sound files of every kind that is read, whole, cut off, odd and broken.
//!
//! `data/*.flac` were made by SoX 14.4.2, another encoder than any of ours: `sox -n -r 16000 -b 16 -c 1 FILE synth 0.5
//! sine 1000 gain -10`, and for the stereo one `-r 44100 -b 24 -c 2 FILE synth 0.25 sine 440 sine 440 gain -10`.

use std::io::Cursor;

use mediacore_audio::container::{WAV_HEADER_OCTETS, wav_header};
use mediacore_audio::{AudioError, ToneDetector, open_audio, to_i16};
use proptest::collection::vec;
use proptest::prelude::*;

const MONO_FLAC: &[u8] = include_bytes!("data/tone-1000hz-16khz.flac");
const STEREO_FLAC: &[u8] = include_bytes!("data/tone-440hz-44khz-stereo.flac");

fn read(file: impl Into<Vec<u8>>) -> Result<(u32, Vec<i16>), AudioError> {
    let mut reader = open_audio(Cursor::new(file.into()))?;
    let (mut mono, mut samples) = (Vec::new(), Vec::new());
    while reader.read(&mut mono)? {}
    to_i16(&mono, &mut samples);
    Ok((reader.sample_rate_hz(), samples))
}

/// A file of one format chunk, whatever `extra` holds, and the samples.
fn wav(tag: u16, channels: u16, bits: u16, extra: &[u8], data: &[u8]) -> Vec<u8> {
    let frame_octets = channels * bits / 8;
    let mut format = Vec::new();
    format.extend(tag.to_le_bytes());
    format.extend(channels.to_le_bytes());
    format.extend(8000_u32.to_le_bytes());
    format.extend((8000 * u32::from(frame_octets)).to_le_bytes());
    format.extend(frame_octets.to_le_bytes());
    format.extend(bits.to_le_bytes());
    let body = [
        b"WAVE".to_vec(),
        chunk(b"fmt ", &format),
        extra.to_vec(),
        chunk(b"data", data),
    ]
    .concat();
    chunk(b"RIFF", &body)
}

fn chunk(id: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let padding = vec![0; body.len() % 2];
    [id, &(body.len() as u32).to_le_bytes(), body, &padding[..]].concat()
}

fn s16(samples: &[i16]) -> Vec<u8> {
    samples
        .iter()
        .flat_map(|sample| sample.to_le_bytes())
        .collect()
}

#[test]
fn linear_samples_of_every_width_are_the_same_sound() {
    let expected = (8000, vec![0, 16_384, -32_768]);
    for (tag, bits, data) in [
        (1, 8, vec![128, 192, 0]),
        (1, 16, s16(&expected.1)),
        (1, 24, vec![0, 0, 0, 0, 0, 0x40, 0, 0, 0x80]),
        (
            1,
            32,
            [0_i32, 1 << 30, i32::MIN]
                .iter()
                .flat_map(|sample| sample.to_le_bytes())
                .collect(),
        ),
        (
            3,
            32,
            [0.0_f32, 0.5, -1.0]
                .iter()
                .flat_map(|sample| sample.to_le_bytes())
                .collect(),
        ),
        (
            3,
            64,
            [0.0_f64, 0.5, -1.0]
                .iter()
                .flat_map(|sample| sample.to_le_bytes())
                .collect(),
        ),
    ] {
        let found = read(wav(tag, 1, bits, &[], &data)).expect("a good file");
        assert_eq!(found, expected, "format {tag} with {bits} bits");
    }
}

#[test]
fn both_laws_of_g711_are_read() {
    let decode = mediacore_audio::codec::g711::decode_alaw;
    assert_eq!(
        read(wav(6, 1, 8, &[], &[0xd5, 0x2a, 0x00]))
            .expect("A-law")
            .1,
        [0xd5, 0x2a, 0].map(decode)
    );
    let decode = mediacore_audio::codec::g711::decode_ulaw;
    assert_eq!(
        read(wav(7, 1, 8, &[], &[0xff, 0x00, 0x80]))
            .expect("mu-law")
            .1,
        [0xff, 0, 0x80].map(decode)
    );
}

#[test]
fn two_channels_become_their_mean() {
    let data = s16(&[100, 300, -2000, 2000]);
    assert_eq!(read(wav(1, 2, 16, &[], &data)).expect("stereo").1, [200, 0]);
}

#[test]
fn an_extensible_header_names_its_format_further_down() {
    let mut file = wav(1, 1, 16, &[], &s16(&[5, 6]));
    let mut format = file[20..36].to_vec();
    format[..2].copy_from_slice(&0xfffe_u16.to_le_bytes());
    format.extend([22, 0, 16, 0, 4, 0, 0, 0]);
    format.extend(b"\x01\0\0\0\0\0\x10\0\x80\0\0\xaa\0\x38\x9b\x71");
    file.splice(12..36, chunk(b"fmt ", &format));
    assert_eq!(read(file).expect("extensible").1, [5, 6]);
}

#[test]
fn chunks_of_odd_length_are_stepped_over_with_their_padding() {
    let extra = [
        chunk(b"LIST", b"odd"),
        chunk(b"fact", &[1, 0, 0, 0]),
        chunk(b"junk", b""),
    ]
    .concat();
    let mut file = wav(1, 1, 16, &extra, &s16(&[7, 8, 9]));
    file.extend(chunk(b"id3 ", &[0xff; 99]));
    assert_eq!(read(file).expect("the samples alone").1, [7, 8, 9]);
}

#[test]
fn a_file_that_was_cut_off_is_read_as_far_as_it_goes() {
    let samples: Vec<i16> = (0..10_000).collect();
    let whole = wav(1, 1, 16, &[], &s16(&samples));
    for length in [45, 46, 47, 48, 1001, 9000, whole.len() - 1] {
        let (_, found) = read(&whole[..length]).expect("some of it");
        assert_eq!(
            found,
            samples[..(length - WAV_HEADER_OCTETS) / 2],
            "{length} octets"
        );
    }
}

#[test]
fn a_size_that_was_never_filled_in_means_to_the_end() {
    let mut file = wav(1, 1, 16, &[], &s16(&[1, 2, 3]));
    file[40..44].fill(0xff);
    assert_eq!(read(file).expect("a stream").1, [1, 2, 3]);
}

#[test]
fn our_own_header_is_read() {
    let samples = s16(&[1, 3, 5, 7]);
    let file = [&wav_header(16_000, 2, 8)[..], &samples].concat();
    assert_eq!(read(file).expect("ours"), (16_000, vec![2, 6]));
    let nothing = wav_header(8000, 1, 0);
    assert_eq!(read(nothing).expect("ours"), (8000, vec![]));
}

#[test]
fn a_float_that_is_no_number_is_silence() {
    let data: Vec<u8> = [f32::NAN, f32::INFINITY, 0.25]
        .iter()
        .flat_map(|sample| sample.to_le_bytes())
        .collect();
    assert_eq!(
        read(wav(3, 1, 32, &[], &data)).expect("floats").1,
        [0, 0, 8192]
    );
}

#[test]
fn another_encoders_flac_holds_its_tone() {
    for (file, rate_hz, hz, length) in [
        (MONO_FLAC, 16_000, 1000.0, 8000),
        (STEREO_FLAC, 44_100, 440.0, 11_025),
    ] {
        let (found_hz, samples) = read(file).expect("FLAC");
        assert_eq!((found_hz, samples.len()), (rate_hz, length));
        let mut detector = ToneDetector::new(&[hz, hz * 1.5], rate_hz);
        assert!(detector.receive(&samples));
        let tone = detector.tone().expect("a tone");
        assert_eq!(tone.hz, hz);
        assert!((tone.level_dbfs + 10.0).abs() < 0.5, "{}", tone.level_dbfs);
    }
}

#[test]
fn flac_that_was_cut_off_is_read_as_far_as_it_goes() {
    let (_, samples) = read(&STEREO_FLAC[..STEREO_FLAC.len() * 3 / 4]).expect("some of it");
    assert!((1..11_025).contains(&samples.len()), "{}", samples.len());
}

#[test]
fn what_is_no_audio_says_so() {
    for file in [
        &b""[..],
        b"RI",
        b"<html>",
        b"RIFF\x10\0\0\0AVI ",
        b"RIFF\x10\0\0\0",
    ] {
        assert!(matches!(read(file), Err(AudioError::NotAudio)), "{file:?}");
    }
    assert!(matches!(
        read(&b"fLaC\0\0"[..]),
        Err(AudioError::Malformed(_) | AudioError::Io(_))
    ));
    let adpcm = read(wav(2, 1, 4, &[], &[0; 64]));
    assert_eq!(
        adpcm.expect_err("ADPCM").to_string(),
        "WAV format 2 with 4 bits is not supported"
    );
    let many = read(wav(1, 9, 16, &[], &[0; 64]));
    assert_eq!(
        many.expect_err("nine").to_string(),
        "9 channels is not supported"
    );
    let no_data = read(wav(1, 1, 16, &[], &[])[..36].to_vec());
    assert!(matches!(no_data, Err(AudioError::Malformed(_))));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Any octets at all: no panic, no endless loop; and no more samples than octets.
    #[test]
    fn any_octets_are_read_or_refused(
        kind in 0..3, octets in vec(any::<u8>(), 0..300), at in 0_usize..100, byte in any::<u8>(),
    ) {
        let mut file = match kind {
            0 => wav(1, 2, 16, &[], &octets),
            1 => MONO_FLAC[..3000.min(MONO_FLAC.len())].to_vec(),
            _ => [&b"RIFF\xff\xff\xff\xffWAVE"[..], &octets].concat(),
        };
        let place = at % file.len();
        file[place] = byte;
        let length = file.len();
        if let Ok((_, samples)) = read(file) {
            prop_assert!(kind == 1 || samples.len() <= length);
        }
    }
}
