//! The two bands' adaptive quantisers around their predictors (ITU-T G.722 6.2.1, 6.2.2: blocks 1 to 3 and 5). Their
//! inputs and outputs are the band signals of 15 bits that the ITU's test sequences have.

use super::predictor::{Predictor, clip};
use super::tables::{ILB, Q6, QM2, QM4, QM6, WH, WL};

/// Band signals have 15 bits.
const BAND_MAX: i32 = 16_383;
const BAND_MIN: i32 = -16_384;

/// Decision levels in 32 lanes: those beyond the 29th are zero, which everything reaches.
const LEVELS: [u16; 32] = {
    let mut levels = [0; 32];
    let mut step = 0;
    while step < Q6.len() {
        levels[step] = Q6[step] << 4;
        step += 1;
    }
    levels
};

/// The lower band: 6 bits a sample, of which adaptation looks at 4, so that 2 could be taken away on the line.
#[derive(Clone, Debug)]
pub struct LowBand {
    predictor: Predictor,
    /// NBL: the scale factor's logarithm, 11 bits behind the point.
    log_scale: i32,
    /// DETL.
    scale: i32,
}

/// The higher band: 2 bits a sample.
#[derive(Clone, Debug)]
pub struct HighBand {
    predictor: Predictor,
    /// NBH.
    log_scale: i32,
    /// DETH.
    scale: i32,
}

impl Default for LowBand {
    fn default() -> Self {
        Self {
            predictor: Predictor::default(),
            log_scale: 0,
            scale: 32,
        }
    }
}

impl Default for HighBand {
    fn default() -> Self {
        Self {
            predictor: Predictor::default(),
            log_scale: 0,
            scale: 8,
        }
    }
}

impl LowBand {
    /// A sample of 15 bits to a code of 6.
    #[inline(always)]
    pub fn encode(&mut self, sample: i32) -> u8 {
        let difference = clip(sample - self.predictor.says());
        let code = quantise_low(difference, self.scale);
        self.adapt(code);
        code
    }

    /// A code of 6 bits to a sample of 15.
    #[inline(always)]
    pub fn decode(&mut self, code: u8) -> i32 {
        let difference = (self.scale * i32::from(QM6[usize::from(code & 63)])) >> 15;
        let sample = (self.predictor.says() + difference).clamp(BAND_MIN, BAND_MAX);
        self.adapt(code & 63);
        sample
    }

    #[inline(always)]
    fn adapt(&mut self, code: u8) {
        let coarse = usize::from(code >> 2);
        let difference = (self.scale * i32::from(QM4[coarse])) >> 15;
        let log_scale = ((self.log_scale * 127) >> 7) + i32::from(WL[coarse]);
        self.log_scale = log_scale.clamp(0, 18_432);
        self.scale = linear(self.log_scale, 8);
        self.predictor.receive(difference);
    }
}

impl HighBand {
    /// A sample of 15 bits to a code of 2.
    #[inline(always)]
    pub fn encode(&mut self, sample: i32) -> u8 {
        let difference = clip(sample - self.predictor.says());
        let is_outer = magnitude(difference) >= (564 * self.scale) >> 12;
        let code = if difference < 0 { 1 } else { 3 } - u8::from(is_outer);
        self.adapt(code);
        code
    }

    /// A code of 2 bits to a sample of 15.
    #[inline(always)]
    pub fn decode(&mut self, code: u8) -> i32 {
        self.adapt(code & 3).clamp(BAND_MIN, BAND_MAX)
    }

    /// Goes on to the next sample; returns this one.
    #[inline(always)]
    fn adapt(&mut self, code: u8) -> i32 {
        let difference = (self.scale * i32::from(QM2[usize::from(code)])) >> 15;
        let sample = self.predictor.says() + difference;
        let log_scale = ((self.log_scale * 127) >> 7) + i32::from(WH[usize::from(code)]);
        self.log_scale = log_scale.clamp(0, 22_528);
        self.scale = linear(self.log_scale, 10);
        self.predictor.receive(difference);
        sample
    }
}

/// QUANTL: how many decision levels the difference has reached, all compared at once; then the code of that interval.
#[inline(always)]
fn quantise_low(difference: i32, scale: i32) -> u8 {
    let (magnitude, scale) = (magnitude(difference) as u16, scale as u32);
    let mut reached = 0;
    for level in LEVELS {
        reached += u16::from(magnitude >= ((u32::from(level) * scale) >> 16) as u16);
    }
    let interval = reached as u8 - (LEVELS.len() - Q6.len()) as u8;
    match (difference < 0, interval) {
        (false, _) => 61 - interval,
        (true, 0 | 1) => 63 - interval,
        (true, _) => 33 - interval,
    }
}

/// By ones' complement: -1 has magnitude 0.
#[inline(always)]
fn magnitude(difference: i32) -> i32 {
    difference ^ (difference >> 31)
}

/// SCALEL and SCALEH: from the logarithm to the factor.
#[inline(always)]
fn linear(log_scale: i32, octaves: i32) -> i32 {
    let mantissa = i32::from(ILB[(log_scale >> 6) as usize & 31]);
    // One bit up, so that the lower band's highest octave is no negative shift.
    ((mantissa << 1) >> (octaves + 1 - (log_scale >> 11))) << 2
}
