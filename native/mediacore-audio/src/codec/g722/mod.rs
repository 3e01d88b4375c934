//! G.722 at 64 kbit/s: 16 kHz in two bands, each by adaptive differences (ITU-T G.722, 2012/09, mode 1). Bit-exact. An
//! octet is a pair of samples: two bits of the higher band above six of the lower one (section 1.4.4).

pub mod band;
mod predictor;
pub mod qmf;
mod tables;

use band::{HighBand, LowBand};
use qmf::{Analysis, BLOCK_PAIRS, Synthesis};

/// Samples per second.
pub const SAMPLE_RATE_HZ: u32 = 16_000;

/// What one encoder remembers.
#[derive(Clone, Debug, Default)]
pub struct G722Encoder {
    bands: Analysis,
    low: LowBand,
    high: HighBand,
}

/// What one decoder remembers.
#[derive(Clone, Debug, Default)]
pub struct G722Decoder {
    low: LowBand,
    high: HighBand,
    bands: Synthesis,
}

impl G722Encoder {
    /// Encodes each pair of `samples` to the octet in its place of `out`; the shorter of the two ends it.
    pub fn encode(&mut self, samples: &[i16], out: &mut [u8]) {
        let pairs = samples.as_chunks::<2>().0;
        let blocks = pairs.chunks(BLOCK_PAIRS).zip(out.chunks_mut(BLOCK_PAIRS));
        for (pairs, octets) in blocks {
            let (mut low, mut high) = ([0; BLOCK_PAIRS], [0; BLOCK_PAIRS]);
            let pairs = &pairs[..pairs.len().min(octets.len())];
            self.bands.split(pairs, &mut low, &mut high);
            for (octet, (low, high)) in octets[..pairs.len()].iter_mut().zip(low.iter().zip(&high))
            {
                *octet = self.high.encode(*high) << 6 | self.low.encode(*low);
            }
        }
    }
}

impl G722Decoder {
    /// Decodes each octet to the pair in its place of `out`; the shorter of the two ends it.
    pub fn decode(&mut self, octets: &[u8], out: &mut [i16]) {
        let pairs = out.as_chunks_mut::<2>().0;
        let blocks = octets
            .chunks(BLOCK_PAIRS)
            .zip(pairs.chunks_mut(BLOCK_PAIRS));
        for (octets, pairs) in blocks {
            let (mut low, mut high) = ([0; BLOCK_PAIRS], [0; BLOCK_PAIRS]);
            let octets = &octets[..octets.len().min(pairs.len())];
            for ((low, high), octet) in low.iter_mut().zip(&mut high).zip(octets) {
                *low = self.low.decode(*octet);
                *high = self.high.decode(octet >> 6);
            }
            self.bands.join(&low, &high, &mut pairs[..octets.len()]);
        }
    }
}
