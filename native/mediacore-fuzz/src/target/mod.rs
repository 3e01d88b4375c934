//! The table of targets. Each takes any octets and returns; what it promises beyond that, it asserts.

mod audio;
mod leg;
mod packet;

use mediacore_rtp::srtp::Suite;

use crate::sample;

/// A parser, or what stands around one.
#[derive(Debug)]
pub struct Target {
    /// Its name here and under cargo-fuzz.
    pub name: &'static str,
    /// Reads any octets. Panics when a promise was broken.
    pub run: fn(&[u8]),
    /// Inputs that are right.
    pub samples: fn() -> Vec<Vec<u8>>,
}

/// Everything that reads what strangers write.
pub const TARGETS: &[Target] = &[
    Target {
        name: "rtp",
        run: packet::rtp,
        samples: sample::rtp,
    },
    Target {
        name: "rtcp",
        run: packet::rtcp,
        samples: sample::rtcp,
    },
    Target {
        name: "srtp_hmac",
        run: |octets| packet::srtp(Suite::AesCm128HmacSha1_80, octets),
        samples: || sample::sealed(Suite::AesCm128HmacSha1_80),
    },
    Target {
        name: "srtp_gcm",
        run: |octets| packet::srtp(Suite::AeadAes128Gcm, octets),
        samples: || sample::sealed(Suite::AeadAes128Gcm),
    },
    Target {
        name: "telephone_event",
        run: packet::telephone_event,
        samples: packet::digits,
    },
    Target {
        name: "jitter",
        run: packet::jitter,
        samples: || vec![sample::joined(&sample::rtp())],
    },
    Target {
        name: "audio_file",
        run: audio::file,
        samples: sample::files,
    },
    Target {
        name: "decoders",
        run: audio::decoders,
        samples: audio::payloads,
    },
    Target {
        name: "leg",
        run: leg::run,
        samples: leg::calls,
    },
    Target {
        name: "leg_srtp",
        run: leg::run_sealed,
        samples: leg::sealed_calls,
    },
];
