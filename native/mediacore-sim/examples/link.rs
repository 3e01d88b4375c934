//! What a minute of a call sounds like over a few links: `cargo run --release -p mediacore-sim --example link [SEED]`.
//!
//! Somebody speaks PCMU over the link, the engine decodes it, and somebody else hears PCMA over a perfect wire. The delay is
//! from mouth to ear, the median of what was heard; the score is that of ITU-T G.107 for it and for what was lost.

use std::time::Duration;

use mediacore_audio::Codec;
use mediacore_rtp::quality::{CodecQuality, Path};
use mediacore_sim::{
    Bottleneck, CrossTraffic, Jitter, LinkConfig, Loss, PhoneConfig, Scene, Voice, mouth_to_ear,
};

fn main() {
    let seed = match std::env::args().nth(1).map(|seed| seed.parse()) {
        None => 1,
        Some(Ok(seed)) => seed,
        Some(Err(error)) => {
            eprintln!("link: the seed: {error}; give a whole number, or nothing");
            std::process::exit(2);
        }
    };
    println!("seed {seed}, five minutes each");
    println!("link                     lost   jitter  concealed  buffer  mouth to ear  MOS");
    for (name, link) in links() {
        println!("{name:22} {}", call(seed, link));
    }
}

fn call(seed: u64, up: LinkConfig) -> String {
    let mut scene = Scene::new(seed);
    let speaker = scene.add(&PhoneConfig {
        voice: Voice::Spurts {
            hz: 440.0,
            level_dbfs: -12.0,
            talk: Duration::from_millis(1500),
            pause: Duration::from_secs(1),
        },
        up,
        ..PhoneConfig::default()
    });
    let hearer = scene.add(&PhoneConfig {
        codec: Codec::Pcma,
        tones_hz: vec![440.0],
        ..PhoneConfig::default()
    });
    scene.bridge(speaker, hearer);
    scene.run(Duration::from_secs(300));
    let stats = scene.stats(speaker);
    let said = scene.phone(speaker).talker.onsets();
    let mut delays = mouth_to_ear(said, scene.phone(hearer).listener.onsets());
    delays.sort();
    let one_way_delay_ms = delays[delays.len() / 2].as_secs_f64() * 1000.0;
    let concealed_ratio = stats.concealed_ratio();
    let lost_ratio = scene.phone(speaker).up().stats().lost_ratio();
    let path = Path {
        one_way_delay_ms,
        // Outages beyond what is concealed are lost all the same.
        lost_ratio: concealed_ratio.max(lost_ratio),
        burst_ratio: stats.receive_burst_ratio,
        codec: CodecQuality::G711_CONCEALED,
    };
    format!(
        "{:>5.1} % {:>5.1} ms     {:>4.1} % {:>4.0} ms        {one_way_delay_ms:>4.0} ms {:.2}",
        lost_ratio * 100.0,
        stats.receive_jitter_ms,
        concealed_ratio * 100.0,
        stats.buffer_ms,
        path.mos(),
    )
}

fn links() -> Vec<(&'static str, LinkConfig)> {
    let ms = Duration::from_millis;
    let wire = LinkConfig::of_delay;
    let lossy = |loss| LinkConfig {
        loss,
        ..wire(ms(20))
    };
    let jittery = |jitter| LinkConfig {
        jitter,
        ..wire(ms(20))
    };
    let slow_line = Bottleneck {
        rate_bps: 2_000_000,
        queue_octets: 64_000,
        cross: Some(CrossTraffic {
            every: ms(500),
            burst_octets: 40_000,
        }),
    };
    vec![
        ("next room", wire(ms(1))),
        ("next city", wire(ms(20))),
        ("another continent", wire(ms(150))),
        ("1 % lost", lossy(Loss::random(0.01))),
        ("5 % lost", lossy(Loss::random(0.05))),
        ("5 % in bursts of 4", lossy(Loss::bursts(0.05, 4.0))),
        ("20 % lost", lossy(Loss::random(0.2))),
        (
            "jitter up to 40 ms",
            jittery(Jitter::Uniform { max: ms(40) }),
        ),
        (
            "wireless",
            LinkConfig {
                loss: Loss::bursts(0.02, 2.0),
                ..jittery(Jitter::HeavyTailed {
                    median: ms(4),
                    shape: 2.5,
                })
            },
        ),
        (
            "somebody uploads",
            LinkConfig {
                bottleneck: Some(slow_line),
                ..wire(ms(20))
            },
        ),
    ]
}
