//! Discontinuous transmission for codecs that have none of their own: in silence a payload of comfort noise now and then,
//! else nothing (RFC 3389 4).

use crate::comfort_noise::NoiseAnalyser;
use crate::vad::Vad;

/// Coefficients in a payload: enough for the colour of a room or a car.
const ORDER: usize = 6;
/// The far end is told again after so long, in case the last payload was lost.
const REFRESH_MS: u32 = 1_000;
/// And before, if the level has changed by so many decibels, but not more often than each 100 ms.
const CHANGE_DB: u8 = 3;
const SHORTEST_MS: u32 = 100;

/// What to do with a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sending {
    /// It is speech: encode and send it. The first after silence begins a talk spurt (the marker bit).
    Frame,
    /// Send so many octets of comfort noise instead.
    Noise(usize),
    /// Send nothing.
    Nothing,
}

/// Decides for one stream, before its encoder.
#[derive(Clone, Debug)]
pub struct SilenceSuppressor {
    vad: Vad,
    analyser: NoiseAnalyser,
    sample_rate_hz: u32,
    /// Since comfort noise was sent: none in speech.
    since_noise: Option<u32>,
    sent_level: u8,
}

impl SilenceSuppressor {
    /// For mono samples of this rate.
    pub fn new(sample_rate_hz: u32) -> Self {
        Self {
            vad: Vad::new(sample_rate_hz),
            analyser: NoiseAnalyser::default(),
            sample_rate_hz,
            since_noise: None,
            sent_level: 0,
        }
    }

    /// Takes the next frame; comfort noise is written to the front of `payload`
    /// ([`crate::comfort_noise::PAYLOAD_OCTETS_MAX`] are always enough).
    pub fn receive(&mut self, frame: &[i16], payload: &mut [u8]) -> Sending {
        if self.vad.receive(frame) {
            self.since_noise = None;
            self.analyser.reset();
            return Sending::Frame;
        }
        self.analyser.receive(frame);
        let since = self
            .since_noise
            .map(|since| since.saturating_add(frame.len() as u32));
        if since.is_some_and(|since| !self.is_due(since)) {
            self.since_noise = since;
            return Sending::Nothing;
        }
        self.since_noise = Some(0);
        self.sent_level = self.analyser.level();
        Sending::Noise(self.analyser.write(ORDER, payload))
    }

    /// What decides.
    pub fn vad(&self) -> &Vad {
        &self.vad
    }

    fn is_due(&self, since: u32) -> bool {
        let after = |ms: u32| since >= self.sample_rate_hz / 1000 * ms;
        let change = self.analyser.level().abs_diff(self.sent_level);
        after(REFRESH_MS) || (after(SHORTEST_MS) && change >= CHANGE_DB)
    }
}
