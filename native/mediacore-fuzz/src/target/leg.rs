//! A whole leg, bridged to another: datagrams from its peer's own address, on both of its sockets, and time that passes.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use mediacore_engine::{
    Channel, CodecBook, Format, Formats, LegId, LegParams, ManualThread, Output, Seeds, SrtpParams,
};
use mediacore_rtp::srtp::Suite;

use crate::sample;

const BEGINS_AT: Duration = Duration::from_secs(1000);
const SUITE: Suite = Suite::AesCm128HmacSha1_80;

/// What may go out for one datagram: reports, frames of two legs for the time that passed, digits.
const OUTPUTS_MAX: usize = 200;

pub fn run(octets: &[u8]) {
    call(None, octets);
}

pub fn run_sealed(octets: &[u8]) {
    let keys = SrtpParams::new(sample::key(SUITE), vec![sample::key(SUITE)]);
    call(Some(keys.expect("one key")), octets);
}

/// Calls of a few packets each, with digits and reports among them.
pub fn calls() -> Vec<Vec<u8>> {
    let mut speech: Vec<_> = (0..6)
        .map(|number| sample::rtp_packet(0, number, &[0x55; 160]))
        .collect();
    speech.extend(sample::rtcp());
    let mixed = [sample::rtp(), sample::rtcp()].concat();
    vec![sample::joined(&speech), sample::joined(&mixed)]
}

/// The same, sealed.
pub fn sealed_calls() -> Vec<Vec<u8>> {
    vec![sample::joined(&sample::sealed(SUITE))]
}

fn call(srtp: Option<SrtpParams>, octets: &[u8]) {
    let peer = SocketAddr::from((Ipv4Addr::new(192, 0, 2, 1), 4000));
    let far = SocketAddr::from((Ipv4Addr::new(192, 0, 2, 2), 5000));
    let mut now = BEGINS_AT;
    let mut thread = ManualThread::new(Duration::from_secs(1_700_000_000));
    let codecs = CodecBook::default();
    // Every other call is transcoded, so that both ways of a packet are gone.
    let far_codec = ["PCMU/8000", "PCMA/8000"][octets.len() % 2];
    let leg = open(&mut thread, &codecs, (peer, "PCMU/8000"), srtp, now);
    let other = open(&mut thread, &codecs, (far, far_codec), None, now);
    thread.connect(leg, other, now);
    for datagram in sample::datagrams(octets) {
        let last = datagram.last().copied().unwrap_or(0);
        // Most on the first socket, where RTP and RTCP are told apart.
        let channel = [Channel::Rtp, Channel::Rtcp][usize::from(last % 8 == 7)];
        thread.receive(leg, channel, datagram.to_vec(), peer, now);
        now += Duration::from_millis(u64::from(last % 32));
        pass(&mut thread, now, [peer, far]);
    }
    now += Duration::from_millis(100);
    pass(&mut thread, now, [peer, far]);
    let stats = thread.stats(leg, now);
    assert!(stats.receive_jitter_ms.is_finite() && stats.receive_lost_ratio.is_finite());
    thread.close(leg, now);
    thread.close(other, now);
}

fn open(
    thread: &mut ManualThread,
    codecs: &CodecBook,
    (remote, codec): (SocketAddr, &str),
    srtp: Option<SrtpParams>,
    now: Duration,
) -> LegId {
    let agreed = [(codec, 0), ("telephone-event/8000", 101), ("CN/8000", 13)];
    let format = |(name, payload_type): (&str, u8)| Format {
        payload_type,
        codec: codecs.number(name).expect("one of the fixed ones"),
        clock_rate_hz: 8000,
    };
    let formats = Formats::new(agreed.map(format).to_vec());
    let params = LegParams {
        remote: Some(remote),
        receive_formats: formats.clone(),
        formats,
        rtcp_mux: false,
        srtp,
        ..LegParams::default()
    };
    let seeds = Seeds {
        ssrc: 0xaaaa_0001,
        sequence: 65_530,
        timestamp: 7,
        reports: 1,
    };
    thread.open(params, seeds, now)
}

/// Does what is due, and looks where things go: to those who were agreed with, and to nobody else.
fn pass(thread: &mut ManualThread, now: Duration, agreed: [SocketAddr; 2]) {
    thread.handle_timeout(now);
    let mut outputs = 0;
    while let Some(output) = thread.poll() {
        outputs += 1;
        assert!(outputs <= OUTPUTS_MAX, "one datagram made {outputs}");
        if let Output::Transmit { to, .. } = output {
            let is_agreed = |address: &SocketAddr| to.ip() == address.ip();
            assert!(agreed.iter().any(is_agreed), "sent to {to}");
        }
    }
}
