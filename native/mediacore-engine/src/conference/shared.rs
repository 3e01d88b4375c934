//! What everybody hears who is not in the mix: one frame, and one encoding of it in each codec that somebody wants.

use mediacore_audio::{Codec, dbfs};

use crate::frame::{FRAME_SAMPLES, Frame, SILENCE};

/// The mix of all.
#[derive(Debug)]
pub struct SharedMix {
    /// Its samples.
    pub frame: Frame,
    /// Their level.
    pub level_dbfs: f64,
    /// Encodings made, for the statistics.
    pub encoded: u64,
    payloads: [Payload; Codec::ALL.len()],
}

#[derive(Debug, Clone, Copy)]
struct Payload {
    is_made: bool,
    octets: [u8; FRAME_SAMPLES],
}

impl Default for SharedMix {
    fn default() -> SharedMix {
        SharedMix {
            frame: SILENCE,
            level_dbfs: dbfs(&SILENCE),
            encoded: 0,
            payloads: [Payload {
                is_made: false,
                octets: [0; FRAME_SAMPLES],
            }; Codec::ALL.len()],
        }
    }
}

impl SharedMix {
    /// `frame` has been filled anew.
    pub fn renew(&mut self) {
        self.level_dbfs = dbfs(&self.frame);
        for payload in &mut self.payloads {
            payload.is_made = false;
        }
    }

    /// The frame in `codec`; encoded for the first who asks.
    pub fn payload(&mut self, codec: Codec) -> &[u8; FRAME_SAMPLES] {
        let payload = &mut self.payloads[codec as usize];
        if !payload.is_made {
            codec.encode(&self.frame, &mut payload.octets);
            payload.is_made = true;
            self.encoded += 1;
        }
        &payload.octets
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_encoded_once_for_each_codec() {
        let mut mix = SharedMix::default();
        for value in [1000, 2000] {
            mix.frame = [value; FRAME_SAMPLES];
            mix.renew();
            for codec in [Codec::Pcmu, Codec::Pcma, Codec::Pcmu, Codec::Pcma] {
                let mut expected = [0; FRAME_SAMPLES];
                codec.encode(&mix.frame, &mut expected);
                assert_eq!(*mix.payload(codec), expected);
            }
        }
        assert_eq!(mix.encoded, 4);
    }
}
