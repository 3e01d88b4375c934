//! What a peer says, as frames: play-out buffer, codec and concealment of one leg. Exists only while audio is needed.

use std::time::Duration;

use mediacore_audio::Concealer;
use mediacore_rtp::jitter::JitterStats;
use mediacore_rtp::{JitterBuffer, JitterConfig, Playout, RtpHeader};

use crate::format::Formats;
use crate::frame::{FRAME_SAMPLES, Frame, SAMPLE_RATE_HZ, SILENCE};

/// The longest packet that is decoded, 60 ms; what a packet holds beyond it is cut off.
const PACKET_SAMPLES_MAX: usize = 3 * FRAME_SAMPLES;
/// Samples between packet and frame: a frame that is not full, and one packet.
const PENDING_MAX: usize = FRAME_SAMPLES + PACKET_SAMPLES_MAX;

/// Turns packets into one frame per tick.
#[derive(Debug)]
pub struct Decoder {
    buffer: JitterBuffer,
    concealer: Concealer,
    pending: [i16; PENDING_MAX],
    pending_samples: usize,
}

impl Default for Decoder {
    fn default() -> Decoder {
        Decoder {
            buffer: JitterBuffer::new(JitterConfig::default()),
            concealer: Concealer::new(SAMPLE_RATE_HZ),
            pending: [0; PENDING_MAX],
            pending_samples: 0,
        }
    }
}

impl Decoder {
    /// Takes a packet with sound.
    pub fn insert(&mut self, header: &RtpHeader, payload: &[u8], now: Duration) {
        // G.711: one octet is one tick of the clock.
        let duration_ticks = u32::try_from(payload.len()).unwrap_or(u32::MAX);
        self.buffer.insert(header, payload, duration_ticks, now);
    }

    /// Takes a packet without sound (a digit, comfort noise): its number would be missed, and concealed.
    pub fn insert_signal(&mut self, header: &RtpHeader, now: Duration) {
        self.buffer.insert(header, &[], 0, now);
    }

    /// The next 20 ms, and how many packets were decoded for it; silence when there is nothing to play.
    pub fn frame(&mut self, formats: &Formats, now: Duration) -> (Frame, u64) {
        let mut decoded_packets = 0;
        while self.pending_samples < FRAME_SAMPLES {
            let free = &mut self.pending[self.pending_samples..];
            let samples = match self.buffer.pop(now) {
                Playout::Decode(packet) if packet.duration_ticks == 0 => 0,
                Playout::Decode(packet) => {
                    let codec = formats
                        .by_payload_type(packet.payload_type.0)
                        .and_then(|format| format.codec.decoder());
                    let samples = codec.map_or(0, |codec| codec.decode(packet.payload, free));
                    match packet.is_discontinuous {
                        true => self.concealer.receive_discontinuous(&mut free[..samples]),
                        false => self.concealer.receive(&mut free[..samples]),
                    }
                    decoded_packets += u64::from(samples > 0);
                    samples
                }
                Playout::Conceal { duration_ticks } => {
                    let samples = (duration_ticks as usize).min(PACKET_SAMPLES_MAX);
                    self.concealer.conceal(&mut free[..samples]);
                    samples
                }
                Playout::Wait => break,
            };
            self.pending_samples += samples;
        }
        (self.take(), decoded_packets)
    }

    fn take(&mut self) -> Frame {
        let mut frame = SILENCE;
        let taken = self.pending_samples.min(FRAME_SAMPLES);
        frame[..taken].copy_from_slice(&self.pending[..taken]);
        self.pending.copy_within(taken..self.pending_samples, 0);
        self.pending_samples -= taken;
        frame
    }

    /// Counters and delays of the play-out buffer.
    #[must_use]
    pub fn stats(&self) -> JitterStats {
        self.buffer.stats()
    }
}
