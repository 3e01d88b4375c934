//! From payloads to samples, and to something bearable where a payload did not come.
//!
//! | what came | call |
//! |---|---|
//! | the next payload | `decode` |
//! | nothing | `conceal` |
//! | nothing, but the one after it is here already | `recover`, then `decode` it |
//! | a payload that does not follow (something was skipped) | `splice`, then `decode` |

use super::g711::Law;
use super::g722::{self, G722Decoder};
use super::opus::OpusDecoder;
use super::patch::Patch;
use super::{CodecError, CodecKind, l16};

/// What a decoder gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecoderParams {
    /// Of its samples; see [`CodecKind::works_at`].
    pub sample_rate_hz: u32,
    /// Interleaved in what it gives; see [`CodecKind::carries`].
    pub channels: u8,
}

impl DecoderParams {
    /// At the codec's own rate and channels.
    pub fn of(kind: CodecKind) -> Self {
        Self {
            sample_rate_hz: kind.sample_rate_hz(),
            channels: kind.channels(),
        }
    }
}

/// Decodes one stream, packet by packet. Nothing allocates but making and cloning it.
#[derive(Clone, Debug)]
pub struct Decoder {
    kind: CodecKind,
    sample_rate_hz: u32,
    channels: u8,
    is_concealing: bool,
    state: State,
}

#[derive(Clone, Debug)]
enum State {
    G711(Law, Patch),
    G722(Box<G722Decoder>, Patch),
    L16(Patch),
    Opus(OpusDecoder),
}

impl Decoder {
    pub(super) fn new(kind: CodecKind, params: &DecoderParams) -> Result<Self, CodecError> {
        let (sample_rate_hz, channels) = (params.sample_rate_hz, params.channels);
        let patch = || Patch::new(sample_rate_hz, channels);
        let state = match (kind, kind.law()) {
            (_, Some(law)) => State::G711(law, patch()),
            (CodecKind::G722, _) => State::G722(Box::default(), patch()),
            (CodecKind::Opus, _) => State::Opus(OpusDecoder::new(sample_rate_hz, channels)?),
            _ => State::L16(patch()),
        };
        Ok(Self {
            kind,
            sample_rate_hz,
            channels,
            is_concealing: false,
            state,
        })
    }

    /// Decodes a payload to the front of `out`; returns the samples written, all channels together. A payload that is refused leaves
    /// no trace.
    pub fn decode(&mut self, payload: &[u8], out: &mut [i16]) -> Result<usize, CodecError> {
        let samples = self.samples_in(payload).ok_or(CodecError::Malformed)?;
        let out = out.get_mut(..samples).ok_or(CodecError::NoRoom)?;
        match &mut self.state {
            State::G711(law, patch) => {
                law.decode_slice(payload, out);
                patch.receive(out);
            }
            State::G722(decoder, patch) => {
                decoder.decode(payload, out);
                patch.receive(out);
            }
            State::L16(patch) => {
                l16::decode_slice(payload, out);
                patch.receive(out);
            }
            State::Opus(decoder) => {
                decoder.decode(payload, out)?;
            }
        }
        self.is_concealing = false;
        Ok(samples)
    }

    /// Fills all of `out` in place of a payload that did not come.
    pub fn conceal(&mut self, out: &mut [i16]) {
        match &mut self.state {
            State::G711(_, patch) | State::L16(patch) => patch.conceal(out),
            State::G722(decoder, patch) => {
                patch.conceal(out);
                let mut ahead = [0; g722::DELAY_SAMPLES];
                patch.ahead(&mut ahead);
                decoder.follow(out, &ahead);
            }
            State::Opus(decoder) => decoder.conceal(out),
        }
        self.is_concealing = true;
    }

    /// Fills all of `out` in place of a payload that did not come, by what `next`, the one after it, says of it: true if it
    /// does (Opus with FEC). Else it is concealed. `next` is to be decoded afterwards as usual.
    pub fn recover(&mut self, next: &[u8], out: &mut [i16]) -> bool {
        if let State::Opus(decoder) = &mut self.state
            && decoder.recover(next, out)
        {
            self.is_concealing = false;
            return true;
        }
        self.conceal(out);
        false
    }

    /// The next payload does not follow what was played: its beginning is blended in.
    pub fn splice(&mut self) {
        match &mut self.state {
            State::G711(_, patch) | State::G722(_, patch) | State::L16(patch) => patch.splice(),
            // Its transforms overlap: what does not follow is blended anyway.
            State::Opus(_) => {}
        }
    }

    /// Forgets what it has heard: another source speaks.
    pub fn reset(&mut self) {
        match &mut self.state {
            State::G711(_, patch) | State::L16(patch) => patch.reset(),
            State::G722(decoder, patch) => {
                **decoder = G722Decoder::default();
                patch.reset();
            }
            State::Opus(decoder) => decoder.reset(),
        }
        self.is_concealing = false;
    }

    /// Samples that a payload decodes to, all channels together: none if it is no payload of this codec.
    pub fn samples_in(&self, payload: &[u8]) -> Option<usize> {
        let ticks = u64::from(self.kind.duration_ticks(payload)?);
        let rate = u64::from(self.sample_rate_hz);
        let each = ticks * rate / u64::from(self.kind.clock_rate_hz());
        Some(each as usize * usize::from(self.channels))
    }

    /// Whether the last samples were concealed.
    pub fn is_concealing(&self) -> bool {
        self.is_concealing
    }

    /// Which codec.
    pub fn kind(&self) -> CodecKind {
        self.kind
    }

    /// Samples per second of what it gives.
    pub fn sample_rate_hz(&self) -> u32 {
        self.sample_rate_hz
    }

    /// Channels of what it gives.
    pub fn channels(&self) -> u8 {
        self.channels
    }
}
