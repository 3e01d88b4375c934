//! DTMF as sound (ITU-T Q.23, Q.24): digits made, found, and taken out of what somebody says. Knows no packet.
//!
//! Each digit is the sum of one frequency of the low group and one of the high group:
//!
//! | | 1209 Hz | 1336 Hz | 1477 Hz | 1633 Hz |
//! |---|---|---|---|---|
//! | 697 Hz | 1 | 2 | 3 | A |
//! | 770 Hz | 4 | 5 | 6 | B |
//! | 852 Hz | 7 | 8 | 9 | C |
//! | 941 Hz | * | 0 | # | D |

mod detector;
mod remover;
mod source;
mod window;

pub use detector::{DtmfDetector, DtmfNotice};
pub use remover::{DigitRemover, LOOK_AHEAD_MS};
pub use source::{DtmfSource, digit_partials};

/// The low group, hertz.
pub const LOW_HZ: [f64; 4] = [697.0, 770.0, 852.0, 941.0];

/// The high group, hertz.
pub const HIGH_HZ: [f64; 4] = [1209.0, 1336.0, 1477.0, 1633.0];

/// Digits by their places in the low and in the high group.
const DIGITS: [[char; 4]; 4] = [
    ['1', '2', '3', 'A'],
    ['4', '5', '6', 'B'],
    ['7', '8', '9', 'C'],
    ['*', '0', '#', 'D'],
];

/// The frequencies of a digit, low and high; none for what is no digit. Letters in either case.
pub fn frequencies_hz(digit: char) -> Option<(f64, f64)> {
    let digit = digit.to_ascii_uppercase();
    let place = DIGITS.iter().flatten().position(|known| *known == digit)?;
    Some((LOW_HZ[place / 4], HIGH_HZ[place % 4]))
}
