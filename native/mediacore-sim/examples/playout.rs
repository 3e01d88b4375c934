//! Sends speech through the engine over a path with a name, and says what its play-out buffer did:
//! `cargo run --release -p mediacore-sim --example playout SPEECH.ulaw TRACE SEED CAPTURE.pcap`.
//!
//! SPEECH holds PCMU, one octet a sample. It is decoded and sent on as PCMA; the capture has both sides, so what was heard and when
//! can be taken out of it, and the very same arrivals be sent to another server. Prints one line of JSON.

use std::error::Error;
use std::net::SocketAddr;
use std::time::Duration;
use std::{env, fs};

use mediacore_audio::{Codec, dbfs};
use mediacore_rtp::packet::HEADER_OCTETS;
use mediacore_rtp::{PayloadType, RtpHeader, Ssrc};
use mediacore_sim::{Captured, PhoneConfig, PhoneId, Scene, Trace};

const PACKET_TICKS: usize = 160;
const PACKET_MS: u64 = 20;
/// Quieter frames than this are silence, where silence is suppressed,
const SILENT_BELOW_DBFS: f64 = -55.0;
/// once so many came in a row;
const HANGOVER_PACKETS: u32 = 10;
/// then every so many carries comfort noise.
const NOISE_EVERY: u32 = 20;
const NOISE: (PayloadType, &[u8]) = (PayloadType(13), &[70]);
/// After the last packet, until all was heard.
const REST: Duration = Duration::from_secs(1);
const LOOK: Duration = Duration::from_millis(100);

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [speech, trace, seed, capture] = arguments.as_slice() else {
        return Err("usage: playout SPEECH.ulaw TRACE SEED CAPTURE.pcap".into());
    };
    let speech = fs::read(speech)?;
    let trace = Trace::named(trace).ok_or_else(|| format!("no trace is called {trace}"))?;
    let mut scene = Scene::new(seed.parse()?);
    let speaker = scene.add(&PhoneConfig {
        up: trace.link.clone(),
        ..PhoneConfig::default()
    });
    let hearer = scene.add(&PhoneConfig {
        codec: Codec::Pcma,
        ..PhoneConfig::default()
    });
    scene.bridge(speaker, hearer);
    scene.phone_mut(speaker).talker.pause(true);
    scene.start_capture();
    let packets = packets(&speech, &trace);
    let begins_at = scene.unix();
    scene.replay(speaker, &packets);
    let lasts = packets.last().map_or(Duration::ZERO, |last| last.at) + REST;
    let (mut targets, mut delays) = (Vec::new(), Vec::new());
    for _ in 0..lasts.as_millis() / LOOK.as_millis() {
        scene.run(LOOK);
        let stats = scene.stats(speaker);
        targets.push(stats.buffer_ms);
        delays.push(stats.playout_delay_ms);
    }
    fs::write(capture, scene.captured())?;
    print(
        &mut scene,
        speaker,
        begins_at,
        packets.len(),
        &targets,
        &delays,
    );
    Ok(())
}

/// The speech as packets, each at the moment at which it is full.
fn packets(speech: &[u8], trace: &Trace) -> Vec<Captured> {
    let nobody = SocketAddr::from(([0, 0, 0, 0], 0));
    let mut silent_run = 0;
    let mut sequence = 0_u16;
    let mut packets = Vec::new();
    for (place, payload) in speech.chunks_exact(PACKET_TICKS).enumerate() {
        silent_run = if is_silent(payload) {
            silent_run + 1
        } else {
            0
        };
        let is_suppressed = trace.suppresses_silence && silent_run > HANGOVER_PACKETS;
        let (payload_type, payload) = match is_suppressed {
            true if silent_run % NOISE_EVERY != 0 => continue,
            true => NOISE,
            false => (PayloadType(0), payload),
        };
        sequence = sequence.wrapping_add(1);
        let header = RtpHeader {
            payload_type,
            marker: false,
            sequence,
            timestamp: (place * PACKET_TICKS) as u32,
            ssrc: Ssrc(1),
        };
        let mut datagram = vec![0; HEADER_OCTETS];
        header.write(&mut datagram);
        datagram.extend_from_slice(payload);
        packets.push(Captured {
            at: sent_at(place, trace.drift_ppm),
            from: nobody,
            to: nobody,
            payload: datagram,
        });
    }
    packets
}

fn is_silent(payload: &[u8]) -> bool {
    let mut samples = [0; PACKET_TICKS];
    Codec::Pcmu.decode(payload, &mut samples);
    dbfs(&samples) < SILENT_BELOW_DBFS
}

fn sent_at(place: usize, drift_ppm: i32) -> Duration {
    let seconds = (place as u64 * PACKET_MS) as f64 / 1000.0;
    Duration::from_secs_f64(seconds * (1.0 - f64::from(drift_ppm) * 1e-6))
}

fn print(
    scene: &mut Scene,
    speaker: PhoneId,
    begins_at: Duration,
    sent: usize,
    targets: &[f64],
    delays: &[f64],
) {
    let stats = scene.stats(speaker);
    println!(
        concat!(
            r#"{{"begins_at_s": {:.6}, "sent": {}, "received": {}, "late": {}, "played_ms": {:.1}, "concealed_ms": {:.1}, "#,
            r#""shortened_ms": {:.1}, "lengthened_ms": {:.1}, "targets_ms": {:.1?}, "delays_ms": {:.1?}}}"#
        ),
        begins_at.as_secs_f64(),
        sent,
        stats.receive_packets,
        stats.receive_late,
        stats.played_ms,
        stats.concealed_ms,
        stats.shortened_ms,
        stats.lengthened_ms,
        known(targets),
        known(delays),
    );
}

/// JSON has no word for what is not known.
fn known(figures: &[f64]) -> Vec<f64> {
    let zeroed = |figure: &f64| if figure.is_nan() { 0.0 } else { *figure };
    figures.iter().map(zeroed).collect()
}
