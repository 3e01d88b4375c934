//! SHA-1 (FIPS 180-4 6.1.2) of sixteen messages side by side: one message waits for each of its own rounds, sixteen fill
//! the machine's widest registers. Plain Rust that the compiler vectorises, compiled once for each kind of machine.

#![allow(
    unsafe_code,
    reason = "a function for a machine that may lack its instructions"
)]

use std::ops::{Add, BitAnd, BitOr, BitXor, Not};

/// Messages that are hashed together.
pub const LANES: usize = 16;

/// One word of each message.
#[derive(Clone, Copy)]
#[repr(align(64))]
pub struct Words(pub [u32; LANES]);

/// The state of each message.
pub type States = [Words; 5];

/// One block of each message, as words.
pub type Blocks = [Words; 16];

impl Words {
    /// The same in every lane.
    pub const fn all(word: u32) -> Words {
        Words([word; LANES])
    }

    #[inline(always)]
    fn with(self, other: Words, combine: impl Fn(u32, u32) -> u32) -> Words {
        let mut out = self;
        for (lane, other) in out.0.iter_mut().zip(other.0) {
            *lane = combine(*lane, other);
        }
        out
    }

    #[inline(always)]
    fn rotated(self, bits: u32) -> Words {
        self.with(self, |word, _| word.rotate_left(bits))
    }
}

impl Add for Words {
    type Output = Words;

    #[inline(always)]
    fn add(self, other: Words) -> Words {
        self.with(other, u32::wrapping_add)
    }
}

impl BitAnd for Words {
    type Output = Words;

    #[inline(always)]
    fn bitand(self, other: Words) -> Words {
        self.with(other, |a, b| a & b)
    }
}

impl BitOr for Words {
    type Output = Words;

    #[inline(always)]
    fn bitor(self, other: Words) -> Words {
        self.with(other, |a, b| a | b)
    }
}

impl BitXor for Words {
    type Output = Words;

    #[inline(always)]
    fn bitxor(self, other: Words) -> Words {
        self.with(other, |a, b| a ^ b)
    }
}

impl Not for Words {
    type Output = Words;

    #[inline(always)]
    fn not(self) -> Words {
        self.with(self, |a, _| !a)
    }
}

/// Hashes one more block of each message.
#[inline]
pub fn compress(states: &mut States, blocks: &mut Blocks) {
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "avx512f")]
        fn by_avx512(states: &mut States, blocks: &mut Blocks) {
            rounds(states, blocks);
        }
        #[target_feature(enable = "avx2")]
        fn by_avx2(states: &mut States, blocks: &mut Blocks) {
            rounds(states, blocks);
        }
        if is_x86_feature_detected!("avx512f") {
            // SAFETY: the machine has just been asked for these instructions.
            return unsafe { by_avx512(states, blocks) };
        }
        if is_x86_feature_detected!("avx2") {
            // SAFETY: as above.
            return unsafe { by_avx2(states, blocks) };
        }
    }
    rounds(states, blocks);
}

/// The portable twin of all: `blocks` becomes the end of the message schedule.
#[inline(always)]
fn rounds(states: &mut States, w: &mut Blocks) {
    let [mut a, mut b, mut c, mut d, mut e] = *states;
    macro_rules! round {
        ($t:expr, $f:expr, $k:expr) => {{
            if $t >= 16 {
                let mixed = w[($t + 13) & 15] ^ w[($t + 8) & 15] ^ w[($t + 2) & 15] ^ w[$t & 15];
                w[$t & 15] = mixed.rotated(1);
            }
            let next = a.rotated(5) + $f + e + Words::all($k) + w[$t & 15];
            (e, d, c, b, a) = (d, c, b.rotated(30), a, next);
        }};
    }
    for t in 0..20 {
        round!(t, (b & c) | (!b & d), 0x5a82_7999);
    }
    for t in 20..40 {
        round!(t, b ^ c ^ d, 0x6ed9_eba1);
    }
    for t in 40..60 {
        round!(t, (b & c) | (d & (b | c)), 0x8f1b_bcdc);
    }
    for t in 60..80 {
        round!(t, b ^ c ^ d, 0xca62_c1d6);
    }
    for (state, word) in states.iter_mut().zip([a, b, c, d, e]) {
        *state = *state + word;
    }
}
