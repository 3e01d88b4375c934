//! G.711: eight bits for each sample, in one of two logarithmic laws (ITU-T G.711, 1988). Bit-exact.
//!
//! A-law looks at the upper 12 bits of a sample, µ-law at the upper 14. Decoding is a table. Encoding has no branches and no table:
//! a float's exponent and upper mantissa bits *are* the segment and step of a logarithmic law, so the
//! compiler can work on several samples at once.

use crate::widen::{Kernel, widen};

/// Added to a µ-law magnitude so that every segment begins at a power of two: 33 of 14 bits.
const ULAW_BIAS: i32 = 33 << 2;
/// The largest µ-law magnitude before the bias.
const ULAW_CLIP: i32 = 0x7fff - ULAW_BIAS;
/// Every other bit of A-law is inverted on the line.
const ALAW_MASK: u8 = 0x55;

static ULAW: [i16; 256] = {
    let mut table = [0; 256];
    let mut code = 0;
    while code < 256 {
        table[code] = expand_ulaw(code as u8);
        code += 1;
    }
    table
};

static ALAW: [i16; 256] = {
    let mut table = [0; 256];
    let mut code = 0;
    while code < 256 {
        table[code] = expand_alaw(code as u8);
        code += 1;
    }
    table
};

/// One of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Law {
    /// µ-law.
    Mu,
    /// A-law.
    A,
}

impl Law {
    /// Encodes each sample of `samples` to the octet in the same place of `out`; the shorter of the two ends it.
    pub fn encode_slice(self, samples: &[i16], out: &mut [u8]) {
        match self {
            Self::Mu => encode_ulaw_slice(samples, out),
            Self::A => encode_alaw_slice(samples, out),
        }
    }

    /// Decodes each octet of `codes` to the sample in the same place of `out`; the shorter of the two ends it.
    pub fn decode_slice(self, codes: &[u8], out: &mut [i16]) {
        match self {
            Self::Mu => decode_ulaw_slice(codes, out),
            Self::A => decode_alaw_slice(codes, out),
        }
    }
}

/// The sample that a µ-law octet stands for.
#[inline]
pub fn decode_ulaw(code: u8) -> i16 {
    ULAW[usize::from(code)]
}

/// The sample that an A-law octet stands for.
#[inline]
pub fn decode_alaw(code: u8) -> i16 {
    ALAW[usize::from(code)]
}

/// The µ-law octet whose interval holds a sample.
#[inline(always)]
pub fn encode_ulaw(sample: i16) -> u8 {
    let biased = magnitude(sample).min(ULAW_CLIP) + ULAW_BIAS;
    // Segment 0 begins at 2^7.
    let code = log_code(biased) - (7 << 4);
    !(code as u8 | sign_bit(sample))
}

/// The A-law octet whose interval holds a sample.
#[inline(always)]
pub fn encode_alaw(sample: i16) -> u8 {
    let steps = magnitude(sample) >> 4;
    // Segment 0 is linear; segment 1 begins at 2^4 steps.
    let code = if steps < 16 {
        steps
    } else {
        log_code(steps) - (3 << 4)
    };
    (code as u8 | sign_bit(sample)) ^ ALAW_MASK ^ 0x80
}

/// Encodes each sample of `samples` to the octet in the same place of `out`; the shorter of the two ends it.
pub fn encode_ulaw_slice(samples: &[i16], out: &mut [u8]) {
    let encode = encode_ulaw;
    widen(Encoding {
        samples,
        out,
        encode,
    });
}

/// Encodes each sample of `samples` to the octet in the same place of `out`; the shorter of the two ends it.
pub fn encode_alaw_slice(samples: &[i16], out: &mut [u8]) {
    let encode = encode_alaw;
    widen(Encoding {
        samples,
        out,
        encode,
    });
}

/// Decodes each octet of `codes` to the sample in the same place of `out`; the shorter of the two ends it.
pub fn decode_ulaw_slice(codes: &[u8], out: &mut [i16]) {
    for (sample, &code) in out.iter_mut().zip(codes) {
        *sample = decode_ulaw(code);
    }
}

/// Decodes each octet of `codes` to the sample in the same place of `out`; the shorter of the two ends it.
pub fn decode_alaw_slice(codes: &[u8], out: &mut [i16]) {
    for (sample, &code) in out.iter_mut().zip(codes) {
        *sample = decode_alaw(code);
    }
}

/// One slice's loop.
struct Encoding<'a, F> {
    samples: &'a [i16],
    out: &'a mut [u8],
    encode: F,
}

impl<F: Fn(i16) -> u8> Kernel for Encoding<'_, F> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for (code, &sample) in self.out.iter_mut().zip(self.samples) {
            *code = (self.encode)(sample);
        }
    }
}

/// By ones' complement, as ITU-T G.191 has it: -1 has magnitude 0, and -32,768 does not overflow.
fn magnitude(sample: i16) -> i32 {
    i32::from(sample ^ (sample >> 15))
}

fn sign_bit(sample: i16) -> u8 {
    (sample >> 15) as u8 & 0x80
}

/// Sixteen codes to an octave: the position of the highest bit of `value`, and the four bits below it.
fn log_code(value: i32) -> i32 {
    // Exact: an f32 holds 24 bits, and no value here has more than 15.
    const EXPONENT_BIAS: i32 = 127 << 4;
    ((value as f32).to_bits() >> 19) as i32 - EXPONENT_BIAS
}

const fn expand_ulaw(code: u8) -> i16 {
    let bits = !code;
    let segment = (bits >> 4) & 0x07;
    let step = (bits & 0x0f) as i32;
    let magnitude = (((step << 3) + ULAW_BIAS) << segment) - ULAW_BIAS;
    if bits & 0x80 != 0 {
        -magnitude as i16
    } else {
        magnitude as i16
    }
}

const fn expand_alaw(code: u8) -> i16 {
    let bits = code ^ ALAW_MASK;
    let segment = (bits >> 4) & 0x07;
    // The half step puts the sample into the middle of its interval.
    let step = (((bits & 0x0f) as i32) << 4) + 8;
    let magnitude = if segment == 0 {
        step
    } else {
        (step + 0x100) << (segment - 1)
    };
    if bits & 0x80 != 0 {
        magnitude as i16
    } else {
        -magnitude as i16
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// ITU-T G.191 `alaw_compress`, as it stands there.
    fn g191_alaw(sample: i16) -> u8 {
        let mut ix = if sample < 0 {
            !sample >> 4
        } else {
            sample >> 4
        };
        if ix > 15 {
            let mut exponent = 1;
            while ix > 16 + 15 {
                ix >>= 1;
                exponent += 1;
            }
            ix -= 16;
            ix += exponent << 4;
        }
        if sample >= 0 {
            ix |= 0x80;
        }
        ix as u8 ^ 0x55
    }

    /// ITU-T G.191 `ulaw_compress`, as it stands there.
    fn g191_ulaw(sample: i16) -> u8 {
        let absolute = (if sample < 0 {
            !sample >> 2
        } else {
            sample >> 2
        }) + 33;
        let absolute = absolute.min(0x1fff);
        let mut segment = 1;
        let mut i = absolute >> 6;
        while i != 0 {
            segment += 1;
            i >>= 1;
        }
        let high = 0x08 - segment;
        let low = 0x0f - ((absolute >> segment) & 0x0f);
        let code = ((high << 4) | low) as u8;
        if sample >= 0 { code | 0x80 } else { code }
    }

    #[test]
    fn every_sample_is_encoded_as_the_reference_does() {
        for sample in i16::MIN..=i16::MAX {
            assert_eq!(encode_alaw(sample), g191_alaw(sample), "A-law of {sample}");
            assert_eq!(encode_ulaw(sample), g191_ulaw(sample), "µ-law of {sample}");
        }
    }

    /// The lowest and highest sample that becomes each code.
    fn intervals(encode: fn(i16) -> u8) -> [(i32, i32); 256] {
        let mut intervals = [(i32::MAX, i32::MIN); 256];
        for sample in i16::MIN..=i16::MAX {
            let (low, high) = &mut intervals[usize::from(encode(sample))];
            *low = i32::from(sample).min(*low);
            *high = i32::from(sample).max(*high);
        }
        intervals
    }

    #[test]
    fn every_level_is_the_middle_of_its_interval() {
        // The definition in G.711: y(n) = (x(n) + x(n+1)) / 2. In µ-law the outermost intervals end beyond it at the clip,
        // and the innermost are half intervals whose level is 0.
        let edge_codes = [0x00, 0x80, 0x7f, 0xff];
        let (alaw, ulaw) = (intervals(encode_alaw), intervals(encode_ulaw));
        for code in 0..=255 {
            let (low, high) = alaw[usize::from(code)];
            assert_eq!(
                i32::from(decode_alaw(code)),
                (low + high + 1) / 2,
                "A-law {code:#04x}"
            );
            let (low, high) = ulaw[usize::from(code)];
            if !edge_codes.contains(&code) {
                assert_eq!(
                    i32::from(decode_ulaw(code)),
                    (low + high + 1) / 2,
                    "µ-law {code:#04x}"
                );
            }
        }
    }

    #[test]
    fn every_code_comes_back() {
        for code in 0..=255 {
            assert_eq!(encode_alaw(decode_alaw(code)), code, "A-law {code:#04x}");
            // µ-law has two zeros; the negative one decodes to 0 and comes back as the positive.
            let expected = if code == 0x7f { 0xff } else { code };
            assert_eq!(
                encode_ulaw(decode_ulaw(code)),
                expected,
                "µ-law {code:#04x}"
            );
        }
    }

    #[test]
    fn known_levels_of_the_tables_of_g711() {
        // Tables 1a and 2a give 12 bits (4032 of 4096) and 13 bits (8031 of 8159); here they stand at the top of 16.
        assert_eq!((decode_alaw(0xd5), decode_alaw(0x55)), (8, -8));
        assert_eq!(
            (decode_alaw(0xaa), decode_alaw(0x2a)),
            (4032 * 8, -4032 * 8)
        );
        assert_eq!((decode_ulaw(0xff), decode_ulaw(0x7f)), (0, 0));
        assert_eq!(
            (decode_ulaw(0x80), decode_ulaw(0x00)),
            (8031 * 4, -8031 * 4)
        );
        assert_eq!((encode_alaw(0), encode_ulaw(0)), (0xd5, 0xff));
    }

    #[test]
    fn decoding_is_odd_around_zero() {
        for code in 0..128 {
            assert_eq!(decode_alaw(code), -decode_alaw(code | 0x80));
            assert_eq!(decode_ulaw(code), -decode_ulaw(code | 0x80));
        }
    }
}
