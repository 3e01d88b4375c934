//! What both bands foretell their next sample by: two poles and six zeros, adapted by signs alone (ITU-T G.722 6.2.1.4 to
//! 6.2.1.6, block 4). Encoder and decoder keep the same one, step by step, or they part for good.

/// Lanes for the six zeros: two are always nothing, so that they fit registers.
const LANES: usize = 8;
const ZEROS: usize = 6;

/// One band's memory of the past.
#[derive(Clone, Debug, Default)]
pub struct Predictor {
    /// SZ: what the zeros foretell.
    zeros_say: i32,
    /// S = SP + SZ.
    says: i32,
    /// A1 and A2, 15 and 14 bits behind the point.
    poles: [i32; 2],
    /// RLT1, RLT2: the last reconstructed samples.
    reconstructed: [i32; 2],
    /// PLT1, PLT2: the last partial ones.
    partial: [i32; 2],
    /// BL1 to BL6.
    zeros: [i32; LANES],
    /// DLT1 to DLT6: the last quantised differences.
    differences: [i32; LANES],
}

impl Predictor {
    /// What the next sample is expected to be.
    pub fn says(&self) -> i32 {
        self.says
    }

    /// Takes the difference that was sent, and goes on to the next sample.
    #[inline(always)]
    pub fn receive(&mut self, difference: i32) {
        let reconstructed = clip(self.says + difference);
        let partial = clip(self.zeros_say + difference);
        self.adapt_poles(partial);
        self.adapt_zeros(difference);
        self.reconstructed = [reconstructed, self.reconstructed[0]];
        self.partial = [partial, self.partial[0]];
        self.differences.copy_within(0..ZEROS - 1, 1);
        self.differences[0] = difference;
        self.zeros_say = self.filter_zeros();
        self.says = clip(self.filter_poles() + self.zeros_say);
    }

    /// UPPOL2 and UPPOL1, with the limits that keep the filter stable.
    #[inline(always)]
    fn adapt_poles(&mut self, partial: i32) {
        let [a1, a2] = self.poles;
        // -1 where the signs differ, else 0.
        let differ1 = (partial ^ self.partial[0]) >> 31;
        let differ2 = (partial ^ self.partial[1]) >> 31;
        let push = clip(a1 << 2);
        let push = (if differ1 == 0 { -push } else { push }).min(32_767) >> 7;
        let a2 = push + signed(128, differ2) + ((a2 * 32_512) >> 15);
        let a2 = a2.clamp(-12_288, 12_288);
        let limit = 15_360 - a2;
        let a1 = signed(192, differ1) + ((a1 * 32_640) >> 15);
        self.poles = [a1.clamp(-limit, limit), a2];
    }

    /// UPZERO. Leaks a 256th, so that no zero ever leaves 16 bits.
    #[inline(always)]
    fn adapt_zeros(&mut self, difference: i32) {
        let step = if difference == 0 { 0 } else { 128 };
        for (zero, past) in self.zeros.iter_mut().zip(&self.differences) {
            let differ = (past ^ difference) >> 31;
            *zero = signed(step, differ) + ((*zero * 32_640) >> 15);
        }
    }

    /// FILTEP.
    #[inline(always)]
    fn filter_poles(&self) -> i32 {
        let by = |n: usize| (self.poles[n] * clip(2 * self.reconstructed[n])) >> 15;
        clip(by(0) + by(1))
    }

    /// FILTEZ.
    #[inline(always)]
    fn filter_zeros(&self) -> i32 {
        let mut products = [0; LANES];
        let taps = self.zeros.iter().zip(&self.differences);
        for (product, (zero, difference)) in products.iter_mut().zip(taps) {
            *product = (zero * clip(2 * difference)) >> 15;
        }
        // The text clips after each addition, from the oldest on; that is the same unless a partial sum is too large.
        let size: i32 = products.iter().map(|product| product.abs()).sum();
        if size <= 32_767 {
            return products.iter().sum();
        }
        let oldest_first = products[..ZEROS].iter().rev();
        oldest_first.fold(0, |sum, product| clip(sum + product))
    }
}

/// `value`, negative where `differ` is -1.
#[inline(always)]
fn signed(value: i32, differ: i32) -> i32 {
    (value ^ differ) - differ
}

/// Within 16 bits.
#[inline(always)]
pub fn clip(value: i32) -> i32 {
    value.clamp(-32_768, 32_767)
}
