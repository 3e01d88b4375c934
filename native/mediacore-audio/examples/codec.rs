//! A codec between standard input and standard output, for tests that hold it against other implementations.
//!
//! ```text
//! codec encode RTPMAP RATE CHANNELS FRAME_SAMPLES [fec=PERCENT] [bitrate=BPS] [dtx]   samples in, records out
//! codec decode RTPMAP RATE CHANNELS FRAME_SAMPLES                                     records in, samples out
//! ```
//! RTPMAP is `NAME/CLOCK/CHANNELS`. Samples are of 16 bits, little-endian, interleaved. A record is its length (32 bits, little-endian) and a
//! payload; the length `LOST` stands for one that did not come: it is concealed, or recovered from the one after it.

use std::error::Error;
use std::io::{Read, Write, stdin, stdout};

use mediacore_audio::codec::opus::OpusParams;
use mediacore_audio::{CodecKind, DecoderParams, EncoderParams};

const LOST: u32 = u32::MAX;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [verb, rtpmap, rate, channels, frame, options @ ..] = &arguments[..] else {
        return Err(
            "usage: codec encode|decode RTPMAP RATE CHANNELS FRAME_SAMPLES [OPTION …]".into(),
        );
    };
    let kind = kind(rtpmap).ok_or_else(|| format!("unknown codec {rtpmap}"))?;
    let (sample_rate_hz, channels) = (rate.parse()?, channels.parse()?);
    let samples = frame.parse::<usize>()? * usize::from(channels);
    let mut input = Vec::new();
    stdin().read_to_end(&mut input)?;
    let output = match verb.as_str() {
        "encode" => {
            let opus = opus(options)?;
            let params = EncoderParams {
                sample_rate_hz,
                channels,
                opus,
            };
            encode(kind, &params, samples, &input)?
        }
        "decode" => {
            let params = DecoderParams {
                sample_rate_hz,
                channels,
            };
            decode(kind, &params, samples, &input)?
        }
        _ => return Err(format!("unknown verb {verb}").into()),
    };
    stdout().write_all(&output)?;
    Ok(())
}

fn kind(rtpmap: &str) -> Option<CodecKind> {
    let mut parts = rtpmap.split('/');
    let (name, clock) = (parts.next()?, parts.next()?.parse().ok()?);
    let channels = parts.next().map_or(Some(1), |text| text.parse().ok())?;
    CodecKind::from_rtpmap(name, clock, channels)
}

fn opus(options: &[String]) -> Result<OpusParams, Box<dyn Error>> {
    let mut params = OpusParams::default();
    for option in options {
        match option.split_once('=') {
            Some(("fec", percent)) => params.expected_loss_percent = percent.parse()?,
            Some(("bitrate", bps)) => params.bitrate_bps = bps.parse()?,
            None if option == "dtx" => params.dtx = true,
            _ => return Err(format!("unknown option {option}").into()),
        }
    }
    Ok(params)
}

fn encode(
    kind: CodecKind,
    params: &EncoderParams,
    frame: usize,
    input: &[u8],
) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut encoder = kind.encoder(params)?;
    let samples = samples(input);
    let mut payload = vec![0; kind.octets_max(frame)];
    let mut output = Vec::new();
    for frame in samples.chunks_exact(frame) {
        let octets = encoder.encode(frame, &mut payload)?;
        output.extend((octets as u32).to_le_bytes());
        output.extend(&payload[..octets]);
    }
    Ok(output)
}

fn decode(
    kind: CodecKind,
    params: &DecoderParams,
    frame: usize,
    input: &[u8],
) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut decoder = kind.decoder(params)?;
    let records = records(input).ok_or("a record is cut off")?;
    let mut samples = vec![0; frame.max(params.sample_rate_hz as usize * 120 / 1000 * 2)];
    let mut output = Vec::new();
    for (place, record) in records.iter().enumerate() {
        let count = match (record, records.get(place + 1)) {
            (Some(payload), _) => decoder.decode(payload, &mut samples)?,
            (None, Some(Some(next))) => {
                decoder.recover(next, &mut samples[..frame]);
                frame
            }
            _ => {
                decoder.conceal(&mut samples[..frame]);
                frame
            }
        };
        output.extend(
            samples[..count]
                .iter()
                .flat_map(|sample| sample.to_le_bytes()),
        );
    }
    Ok(output)
}

fn samples(input: &[u8]) -> Vec<i16> {
    let pairs = input.as_chunks::<2>().0;
    pairs.iter().map(|pair| i16::from_le_bytes(*pair)).collect()
}

fn records(mut input: &[u8]) -> Option<Vec<Option<&[u8]>>> {
    let mut records = Vec::new();
    while !input.is_empty() {
        let (length, rest) = input.split_first_chunk()?;
        let length = u32::from_le_bytes(*length);
        let octets = if length == LOST { 0 } else { length as usize };
        let (payload, rest) = rest.split_at_checked(octets)?;
        records.push((length != LOST).then_some(payload));
        input = rest;
    }
    Some(records)
}
