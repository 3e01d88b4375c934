//! G.722 at 64 kbit/s: 16 kHz in two bands, each by adaptive differences (ITU-T G.722, 2012/09, mode 1). Bit-exact. An
//! octet is a pair of samples: two bits of the higher band above six of the lower one (section 1.4.4).

pub mod band;
mod predictor;
pub mod qmf;
mod tables;

use crate::widen::{Kernel, widen};
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
            let length = pairs.len().min(octets.len());
            widen(Encoding {
                encoder: self,
                pairs: &pairs[..length],
                octets: &mut octets[..length],
            });
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
            let length = octets.len().min(pairs.len());
            widen(Decoding {
                decoder: self,
                octets: &octets[..length],
                pairs: &mut pairs[..length],
            });
        }
    }
}

/// Samples by which what is decoded comes later than what was encoded: 11 for each filter bank.
pub const DELAY_SAMPLES: usize = 22;

impl G722Decoder {
    /// Goes on as if `concealed` had been decoded, and `ahead` were to come: what was lost had the far encoder go on, and predictors and
    /// scale factors that stood still would be heard for 60 ms. It encodes what was made up, as G.722's appendix III does.
    pub fn follow(&mut self, concealed: &[i16], ahead: &[i16; DELAY_SAMPLES]) {
        // The encoder's input is what comes out here 22 samples later.
        let Some((before, rest)) = concealed.split_first_chunk::<DELAY_SAMPLES>() else {
            return;
        };
        let mut analysis = Analysis::default();
        let pairs = before.as_chunks::<2>().0;
        analysis.split(pairs, &mut [0; BLOCK_PAIRS], &mut [0; BLOCK_PAIRS]);
        for samples in [rest, ahead] {
            for pairs in samples.as_chunks::<2>().0.chunks(BLOCK_PAIRS) {
                let decoder = &mut *self;
                widen(Following {
                    decoder,
                    analysis: &mut analysis,
                    pairs,
                });
            }
        }
    }
}

/// One block's work.
struct Following<'a> {
    decoder: &'a mut G722Decoder,
    analysis: &'a mut Analysis,
    pairs: &'a [[i16; 2]],
}

impl Kernel for Following<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let G722Decoder { low, high, bands } = self.decoder;
        let (mut lows, mut highs) = ([0; BLOCK_PAIRS], [0; BLOCK_PAIRS]);
        self.analysis.split(self.pairs, &mut lows, &mut highs);
        for (low_sample, high_sample) in lows.iter().zip(&highs).take(self.pairs.len()) {
            low.encode(*low_sample);
            high.encode(*high_sample);
        }
        let played = &mut [[0; 2]; BLOCK_PAIRS][..self.pairs.len()];
        bands.join(&lows, &highs, played);
    }
}

/// One block's work.
struct Encoding<'a> {
    encoder: &'a mut G722Encoder,
    pairs: &'a [[i16; 2]],
    octets: &'a mut [u8],
}

/// One block's work.
struct Decoding<'a> {
    decoder: &'a mut G722Decoder,
    octets: &'a [u8],
    pairs: &'a mut [[i16; 2]],
}

impl Kernel for Encoding<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let G722Encoder { bands, low, high } = self.encoder;
        let (mut lows, mut highs) = ([0; BLOCK_PAIRS], [0; BLOCK_PAIRS]);
        bands.split(self.pairs, &mut lows, &mut highs);
        let samples = lows.iter().zip(&highs);
        for (octet, (low_sample, high_sample)) in self.octets.iter_mut().zip(samples) {
            *octet = high.encode(*high_sample) << 6 | low.encode(*low_sample);
        }
    }
}

impl Kernel for Decoding<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let G722Decoder { low, high, bands } = self.decoder;
        let (mut lows, mut highs) = ([0; BLOCK_PAIRS], [0; BLOCK_PAIRS]);
        let samples = lows.iter_mut().zip(&mut highs);
        for ((low_sample, high_sample), octet) in samples.zip(self.octets) {
            *low_sample = low.decode(*octet);
            *high_sample = high.decode(octet >> 6);
        }
        bands.join(&lows, &highs, self.pairs);
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// The text compiled for any machine and the text compiled for this one do the same.
        #[test]
        fn both_twins_agree(samples in vec(any::<i16>(), 0..320), octets in vec(any::<u8>(), 0..160)) {
            let pairs = samples.as_chunks::<2>().0;
            let (mut ours, mut theirs) = (vec![0; pairs.len()], vec![0; pairs.len()]);
            G722Encoder::default().encode(&samples, &mut ours);
            let encoder = &mut G722Encoder::default();
            Encoding { encoder, pairs, octets: &mut theirs }.run();
            prop_assert_eq!(ours, theirs);

            let (mut ours, mut theirs) = (vec![0; octets.len() * 2], vec![[0; 2]; octets.len()]);
            G722Decoder::default().decode(&octets, &mut ours);
            let decoder = &mut G722Decoder::default();
            Decoding { decoder, octets: &octets, pairs: &mut theirs }.run();
            prop_assert_eq!(&ours[..], theirs.as_flattened());
        }
    }
}
