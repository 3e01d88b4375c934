//! What each kernel costs for 20 ms: `cargo run --release -p mediacore-audio --example kernels [NAME …]`. The best of many rounds, so
//! that neighbours on the machine count least; printed in nanoseconds.

#![allow(
    clippy::disallowed_methods,
    reason = "a benchmark is about time; the crate is not"
)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use mediacore_audio::codec::opus::{Bandwidth, OpusParams};
use mediacore_audio::{
    Codec, CodecKind, Concealer, DecoderParams, EncoderParams, LiveResampler, NoiseGenerator,
    TimeStretch, Vad,
};

const ROUNDS: usize = 60;
const ROUND: Duration = Duration::from_millis(4);

struct Bench {
    only: Vec<String>,
}

impl Bench {
    /// Prints the best time of one call.
    fn row(&self, name: &str, mut call: impl FnMut()) {
        if !self.only.is_empty() && !self.only.iter().any(|only| name.contains(only.as_str())) {
            return;
        }
        let mut best = f64::MAX;
        let mut calls = 1;
        for _ in 0..ROUNDS {
            let begin = Instant::now();
            (0..calls).for_each(|_| call());
            let took = begin.elapsed();
            best = best.min(took.as_secs_f64() / calls as f64);
            calls = (ROUND.as_secs_f64() / best).max(1.0) as usize;
        }
        println!("{name:40} {:10.0} ns", best * 1e9);
    }
}

/// A voice of 120 Hz, so that nothing is too easy.
fn voice(sample_rate_hz: u32, samples: usize) -> Vec<i16> {
    let sample = |place: usize| {
        let t = place as f64 / f64::from(sample_rate_hz);
        let harmonic = |k: i32| (std::f64::consts::TAU * 120.0 * f64::from(k) * t).sin();
        let sum: f64 = (1..20).map(|k| harmonic(k) / f64::from(k)).sum();
        (4_000.0 * sum) as i16
    };
    (0..samples).map(sample).collect()
}

fn codecs(bench: &Bench) {
    let (frame, mut octets) = (voice(8_000, 160), vec![0; 160]);
    let mut back = vec![0; 160];
    for codec in Codec::ALL {
        bench.row(&format!("{codec} encode"), || {
            codec.encode(black_box(&frame), black_box(&mut octets));
        });
        bench.row(&format!("{codec} decode"), || {
            codec.decode(black_box(&octets), black_box(&mut back));
        });
    }
    let kind = CodecKind::G722;
    let mut encoder = kind
        .encoder(&EncoderParams::of(kind))
        .expect("its own rate");
    let mut decoder = kind
        .decoder(&DecoderParams::of(kind))
        .expect("its own rate");
    let speech = voice(16_000, 16_000);
    let (mut octets, mut back, mut place) = (vec![0; 160], vec![0; 320], 0);
    bench.row("G722 encode", || {
        place = (place + 320) % 15_680;
        let _ = encoder.encode(black_box(&speech[place..place + 320]), &mut octets);
    });
    bench.row("G722 decode, with its history", || {
        let _ = decoder.decode(black_box(&octets), &mut back);
    });
}

fn opus(bench: &Bench) {
    for (sample_rate_hz, complexity) in [
        (8_000, 0),
        (8_000, 5),
        (16_000, 5),
        (48_000, 5),
        (48_000, 9),
    ] {
        let kind = CodecKind::Opus;
        let params = EncoderParams {
            sample_rate_hz,
            channels: 1,
            opus: OpusParams {
                complexity,
                max_bandwidth: Bandwidth::of_rate(sample_rate_hz),
                ..OpusParams::default()
            },
        };
        let mut encoder = kind.encoder(&params).expect("a rate of Opus");
        let channels = 1;
        let params = DecoderParams {
            sample_rate_hz,
            channels,
        };
        let mut decoder = kind.decoder(&params).expect("a rate of Opus");
        let samples = sample_rate_hz as usize / 50;
        let speech = voice(sample_rate_hz, samples * 50);
        let (mut packet, mut back, mut place) = (vec![0; 1_276], vec![0; samples], 0);
        let mut octets = 0;
        bench.row(
            &format!("opus {sample_rate_hz} Hz encode, complexity {complexity}"),
            || {
                place = (place + samples) % (samples * 49);
                let frame = black_box(&speech[place..place + samples]);
                octets = encoder.encode(frame, &mut packet).expect("a frame");
            },
        );
        bench.row(&format!("opus {sample_rate_hz} Hz decode"), || {
            let _ = decoder.decode(black_box(&packet[..octets]), &mut back);
        });
    }
}

fn rates(bench: &Bench) {
    for (from, to) in [
        (8_000, 16_000),
        (16_000, 8_000),
        (8_000, 48_000),
        (48_000, 8_000),
        (16_000, 48_000),
        (48_000, 16_000),
        (32_000, 48_000),
    ] {
        let mut resampler = LiveResampler::new(from, to).expect("rates of calls");
        let (input, mut out) = (voice(from, from as usize / 50), vec![0; to as usize / 50]);
        bench.row(&format!("resample {from} to {to} Hz"), || {
            resampler.process(black_box(&input), &mut out);
        });
    }
}

fn rest(bench: &Bench) {
    for rate in [8_000, 16_000, 48_000] {
        let samples = rate as usize / 50;
        let speech = voice(rate, samples * 50);
        let mut concealer = Concealer::new(rate);
        let mut out = vec![0; samples];
        let mut frame = speech[..samples].to_vec();
        concealer.receive(&mut frame);
        bench.row(&format!("conceal a hole at {rate} Hz"), || {
            concealer.conceal(&mut out);
            concealer.receive(black_box(&mut frame));
        });
        let mut stretch = TimeStretch::new(rate);
        let piece = speech[..samples * 3 / 2].to_vec();
        let mut shorter = piece.clone();
        bench.row(&format!("accelerate 30 ms at {rate} Hz"), || {
            shorter.copy_from_slice(&piece);
            black_box(stretch.accelerate(&mut shorter, -60.0));
        });
        let mut vad = Vad::new(rate);
        bench.row(&format!("voice activity at {rate} Hz"), || {
            black_box(vad.receive(black_box(&frame)));
        });
        let mut noise = NoiseGenerator::new(1);
        noise.receive(&[60, 100, 130, 120]);
        bench.row(&format!("comfort noise at {rate} Hz"), || {
            noise.fill(&mut out)
        });
    }
}

fn main() {
    let only = std::env::args().skip(1).collect();
    let bench = Bench { only };
    codecs(&bench);
    opus(&bench);
    rates(&bench);
    rest(&bench);
}
