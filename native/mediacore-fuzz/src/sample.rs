//! Inputs that are right, to begin from: packets, compounds, sealed packets, files.

use std::time::Duration;

use mediacore_audio::container::wav_header;
use mediacore_rtp::rtcp::{CompoundWriter, VoipMetrics};
use mediacore_rtp::srtp::{MasterKey, Protector, Suite};
use mediacore_rtp::{NtpTime, PayloadType, ReportBlock, RtpHeader, SenderInfo, Ssrc};

use crate::INPUT_OCTETS_MAX;

/// Who speaks in all samples.
pub const PEER: Ssrc = Ssrc(0x1234);

/// One packet.
pub fn rtp_packet(payload_type: u8, sequence: u16, payload: &[u8]) -> Vec<u8> {
    let header = RtpHeader {
        payload_type: PayloadType(payload_type),
        marker: sequence == 0,
        sequence,
        timestamp: u32::from(sequence) * 160,
        ssrc: PEER,
    };
    let mut packet = vec![0; 12];
    header.write(&mut packet);
    packet.extend(payload);
    packet
}

/// Plain, with contributing sources, with an extension, with padding, a digit.
pub fn rtp() -> Vec<Vec<u8>> {
    let plain = rtp_packet(0, 0, &[0x55; 160]);
    let mut contributed = rtp_packet(8, 1, &[1; 8]);
    contributed[0] |= 2;
    let mut extended = rtp_packet(96, 2, &[0xbe, 0xde, 0, 1, 0x10, 7, 0, 0, 9, 9]);
    extended[0] |= 0x10;
    let mut padded = rtp_packet(0, 3, &[7, 7, 0, 0, 3]);
    padded[0] |= 0x20;
    vec![
        plain,
        contributed,
        extended,
        padded,
        rtp_packet(101, 4, &[5, 0x8a, 3, 0x20]),
    ]
}

/// A sender's report with a name, a receiver's report with a goodbye, feedback alone (RFC 5506).
pub fn rtcp() -> Vec<Vec<u8>> {
    let ntp = NtpTime::from_unix(Duration::from_secs(1_700_000_000));
    let info = SenderInfo {
        ntp,
        rtp_timestamp: 8000,
        packet_count: 50,
        octet_count: 8000,
    };
    let block = ReportBlock {
        ssrc: Ssrc(0xaaaa_0001),
        ..ReportBlock::default()
    };
    let metrics = VoipMetrics {
        ssrc: block.ssrc,
        ..VoipMetrics::default()
    };
    let compound = |write: &dyn Fn(&mut CompoundWriter)| {
        let mut octets = [0; 512];
        let mut writer = CompoundWriter::new(&mut octets);
        write(&mut writer);
        let length = writer.finish();
        octets[..length].to_vec()
    };
    vec![
        compound(&|writer| {
            writer.sender_report(PEER, &info, &[block]);
            writer.cname(PEER, "0123456789abcdef");
        }),
        compound(&|writer| {
            writer.receiver_report(PEER, &[block, block]);
            writer.bye(PEER, "leaving");
        }),
        compound(&|writer| {
            writer.receiver_report(PEER, &[block]);
            writer.voip_metrics(PEER, &metrics);
        }),
        // Picture loss indication (RFC 4585 6.3.1).
        vec![0x81, 206, 0, 2, 0, 0, 0x12, 0x34, 0, 0, 0, 1],
    ]
}

/// The keys of `sealed`.
pub fn key(suite: Suite) -> MasterKey {
    let octets = vec![7; suite.key_octets() + suite.salt_octets()];
    MasterKey::new(suite, &octets).expect("the suite's length")
}

/// Packets and compounds sealed with `key`.
pub fn sealed(suite: Suite) -> Vec<Vec<u8>> {
    let mut protector = Protector::new(&key(suite));
    let mut seal = |clear: &Vec<u8>, is_rtcp: bool| {
        let mut packet = clear.clone();
        packet.resize(clear.len() + 64, 0);
        let octets = match is_rtcp {
            false => protector.protect_rtp(&mut packet, clear.len()),
            true => protector.protect_rtcp(&mut packet, clear.len()),
        };
        packet.truncate(octets.expect("there is room, and the numbers rise"));
        packet
    };
    let media: Vec<_> = rtp().iter().map(|packet| seal(packet, false)).collect();
    // Feedback alone has no sender's report before it: sealed it is all the same.
    let control = rtcp();
    media
        .into_iter()
        .chain(control.iter().map(|packet| seal(packet, true)))
        .collect()
}

/// Short files of each kind that is read.
pub fn files() -> Vec<Vec<u8>> {
    let wav = |rate_hz, channels, octets: usize| {
        let mut file = wav_header(rate_hz, channels, octets as u32).to_vec();
        file.extend((0..octets).map(|index| index as u8));
        file
    };
    let flac = |file: &[u8]| file[..file.len().min(INPUT_OCTETS_MAX)].to_vec();
    vec![
        wav(8000, 1, 320),
        wav(48_000, 2, 640),
        flac(include_bytes!(
            "../../mediacore-audio/tests/data/tone-1000hz-16khz.flac"
        )),
        flac(include_bytes!(
            "../../mediacore-audio/tests/data/tone-440hz-44khz-stereo.flac"
        )),
    ]
}

/// Several datagrams in one input, each after its length; what `datagrams` takes apart.
pub fn joined(datagrams: &[Vec<u8>]) -> Vec<u8> {
    let mut input = Vec::new();
    for datagram in datagrams {
        input.extend((datagram.len() as u16).to_be_bytes());
        input.extend(datagram);
    }
    input
}

/// The datagrams of an input; the last one may be shorter than it says.
pub fn datagrams(mut input: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (length, rest) = input.split_first_chunk::<2>()?;
        // Lengths that are wild are made short ones, so that more than one datagram is left of most inputs.
        let length = usize::from(u16::from_be_bytes(*length)) % 512;
        let (datagram, rest) = rest.split_at(length.min(rest.len()));
        input = rest;
        Some(datagram)
    })
}
