//! The numbers of ITU-T G.722 (2012/09), by the names that they have there. Blocks 1 to 5 of section 6.2.

/// Lower band's decision levels, Q6 of table 14, for a scale factor of one half; one for each step up from the innermost interval.
pub const Q6: [u16; 29] = [
    35, 72, 110, 150, 190, 233, 276, 323, 370, 422, 473, 530, 587, 650, 714, 786, 858, 940, 1023,
    1121, 1219, 1339, 1458, 1612, 1765, 1980, 2195, 2557, 2919,
];

/// Lower band's output levels for 6 bits, QM6, by code.
pub const QM6: [i16; 64] = [
    -136, -136, -136, -136, -24808, -21904, -19008, -16704, -14984, -13512, -12280, -11192, -10232,
    -9360, -8576, -7856, -7192, -6576, -6000, -5456, -4944, -4464, -4008, -3576, -3168, -2776,
    -2400, -2032, -1688, -1360, -1040, -728, 24808, 21904, 19008, 16704, 14984, 13512, 12280,
    11192, 10232, 9360, 8576, 7856, 7192, 6576, 6000, 5456, 4944, 4464, 4008, 3576, 3168, 2776,
    2400, 2032, 1688, 1360, 1040, 728, 432, 136, -432, -136,
];

/// Lower band's output levels for the 4 bits that adaptation looks at, QM4.
pub const QM4: [i16; 16] = [
    0, -20456, -12896, -8968, -6288, -4240, -2584, -1200, 20456, 12896, 8968, 6288, 4240, 2584,
    1200, 0,
];

/// What 4 bits add to the logarithm of the lower band's scale factor: WL of RL42.
pub const WL: [i16; 16] = [
    -60, 3042, 1198, 538, 334, 172, 58, -30, 3042, 1198, 538, 334, 172, 58, -30, -60,
];

/// Higher band's output levels, QM2, by code.
pub const QM2: [i16; 4] = [-7408, -1616, 7408, 1616];

/// What 2 bits add to the logarithm of the higher band's scale factor: WH of RH2.
pub const WH: [i16; 4] = [798, -214, 798, -214];

/// Powers of two in 32 steps to the octave: ILB.
pub const ILB: [i16; 32] = [
    2048, 2093, 2139, 2186, 2233, 2282, 2332, 2383, 2435, 2489, 2543, 2599, 2656, 2714, 2774, 2834,
    2896, 2960, 3025, 3091, 3158, 3228, 3298, 3371, 3444, 3520, 3597, 3676, 3756, 3838, 3922, 4008,
];

/// Every second coefficient of the quadrature mirror filter, H0, H2 … H22; the others are the same backwards (table 11).
pub const QMF: [i16; 12] = [3, -11, 12, 32, -210, 951, 3876, -805, 362, -156, 53, -11];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_of_both_signs_mirror_each_other() {
        for code in 4..32 {
            let mirrored = QM6[code + 28];
            assert_eq!(QM6[code], -mirrored, "code {code}");
        }
        for code in 1..8 {
            assert_eq!(QM4[code], -QM4[code + 7]);
            assert_eq!(WL[code], WL[code + 7]);
        }
        assert!(Q6.is_sorted() && ILB.is_sorted());
    }

    #[test]
    fn each_level_lies_in_its_interval() {
        // Decision levels are of 12 bits less one for the scale factor; output levels of 16: a factor of 8.
        for step in 0..29 {
            let level = QM6[61 - step] as u16;
            let floor = if step == 0 { 0 } else { Q6[step - 1] * 8 };
            assert!((floor..=Q6[step] * 8).contains(&level), "step {step}");
        }
    }

    #[test]
    fn the_mirror_filter_passes_a_constant() {
        let sum: i32 = QMF.iter().map(|&h| i32::from(h)).sum();
        assert_eq!(sum, 4096);
    }
}
