//! What the members of a conference say: noise of one loudness, for each member another; and how loud a packet is.

use mediacore_audio::codec::g711::{decode_ulaw, encode_ulaw};

use crate::stamp::PAYLOAD_OCTETS;

/// Uniform noise up to here is -30 dBFS: twenty of them together are not yet too loud for 16 bits.
const PEAK: u64 = 1792;
/// Frames of noise before they come again; a prime, and far more than any room keeps.
const FRAMES: usize = 997;
/// Members are so many frames apart: who talks at the same time says something else.
const APART: usize = 7;

/// All that is ever said, reckoned beforehand.
pub struct Voices {
    frames: Vec<[u8; PAYLOAD_OCTETS]>,
    power: f64,
}

impl Voices {
    pub fn new() -> Self {
        let mut state: u64 = 0x9e37_79b9_7f4a_7c15;
        let mut noise = || {
            // xorshift64: nothing more is asked of it than to be the same on every machine.
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            let above_zero = i64::try_from((state >> 32) % (2 * PEAK + 1)).expect("a small number");
            i16::try_from(above_zero - PEAK.cast_signed()).expect("within 16 bits")
        };
        let frames: Vec<[u8; PAYLOAD_OCTETS]> = (0..FRAMES)
            .map(|_| std::array::from_fn(|_| encode_ulaw(noise())))
            .collect();
        let power = frames.iter().map(|frame| power(frame)).sum::<f64>() / FRAMES as f64;
        Self { frames, power }
    }

    /// What a member says in its packet `number`.
    pub fn frame(&self, member: u32, number: u32) -> &[u8; PAYLOAD_OCTETS] {
        &self.frames[(member as usize * APART + number as usize) % FRAMES]
    }

    /// Whether more than one of them is in it: two together have twice the power of one.
    pub fn is_mix(&self, payload: &[u8]) -> bool {
        power(payload) > 1.5 * self.power
    }
}

/// The mean square of the samples of a packet; 0 of none.
fn power(payload: &[u8]) -> f64 {
    let sum: f64 = payload
        .iter()
        .map(|&code| f64::from(decode_ulaw(code)).powi(2))
        .sum();
    sum / payload.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn together(voices: &Voices, members: std::ops::Range<u32>, number: u32) -> Vec<u8> {
        (0..PAYLOAD_OCTETS)
            .map(|at| {
                let sum: i32 = members
                    .clone()
                    .map(|member| i32::from(decode_ulaw(voices.frame(member, number)[at])))
                    .sum();
                encode_ulaw(i16::try_from(sum).expect("not too loud"))
            })
            .collect()
    }

    #[test]
    fn one_voice_is_no_mix_and_three_are_one_whoever_they_are() {
        let voices = Voices::new();
        for number in 0..1000 {
            assert!(!voices.is_mix(&together(&voices, 4..5, number)));
            assert!(voices.is_mix(&together(&voices, 10..13, number)));
        }
        assert!(!voices.is_mix(&[0xff; PAYLOAD_OCTETS]));
        assert!(!voices.is_mix(&[]));
    }

    #[test]
    fn members_say_different_things_at_the_same_time() {
        let voices = Voices::new();
        assert_ne!(voices.frame(0, 3), voices.frame(1, 3));
        assert_eq!(voices.frame(0, 7), voices.frame(1, 0));
    }
}
