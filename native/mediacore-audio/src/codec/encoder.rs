//! From samples to payloads, with what the codec remembers. A clone goes on as the original would have: whoever leaves a shared
//! stream takes a copy of its encoder along, and nothing clicks.

use super::g711::Law;
use super::g722::G722Encoder;
use super::opus::{OpusEncoder, OpusParams};
use super::{CodecError, CodecKind, l16};

/// What an encoder is handed, and how it encodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EncoderParams {
    /// Of the samples it is handed; see [`CodecKind::works_at`].
    pub sample_rate_hz: u32,
    /// Interleaved in what it is handed; see [`CodecKind::carries`].
    pub channels: u8,
    /// Of no meaning to other codecs.
    pub opus: OpusParams,
}

impl EncoderParams {
    /// At the codec's own rate and channels.
    pub fn of(kind: CodecKind) -> Self {
        Self {
            sample_rate_hz: kind.sample_rate_hz(),
            channels: kind.channels(),
            opus: OpusParams::default(),
        }
    }
}

/// Encodes one stream, frame by frame. Nothing allocates but making and cloning it.
#[derive(Clone, Debug)]
pub struct Encoder {
    kind: CodecKind,
    sample_rate_hz: u32,
    channels: u8,
    state: State,
}

#[derive(Clone, Debug)]
enum State {
    G711(Law),
    // Boxed, so that G.711 stays small.
    G722(Box<G722Encoder>),
    L16,
    Opus(OpusEncoder),
}

impl Encoder {
    pub(super) fn new(kind: CodecKind, params: &EncoderParams) -> Result<Self, CodecError> {
        let (sample_rate_hz, channels) = (params.sample_rate_hz, params.channels);
        let state = match (kind, kind.law()) {
            (_, Some(law)) => State::G711(law),
            (CodecKind::G722, _) => State::G722(Box::default()),
            (CodecKind::Opus, _) => {
                State::Opus(OpusEncoder::new(sample_rate_hz, channels, &params.opus)?)
            }
            _ => State::L16,
        };
        Ok(Self {
            kind,
            sample_rate_hz,
            channels,
            state,
        })
    }

    /// Encodes all `samples` (interleaved) as one payload at the front of `out`; returns the octets written, 0 when Opus in DTX says
    /// that nothing is to be sent. `out` needs [`CodecKind::octets_max`].
    pub fn encode(&mut self, samples: &[i16], out: &mut [u8]) -> Result<usize, CodecError> {
        if let State::Opus(encoder) = &mut self.state {
            return encoder.encode(samples, out);
        }
        let octets = self.kind.octets_max(samples.len());
        let out = out.get_mut(..octets).ok_or(CodecError::NoRoom)?;
        if !samples.len().is_multiple_of(self.samples_together()) {
            let samples = samples.len();
            return Err(CodecError::FrameLength { samples });
        }
        match &mut self.state {
            State::G711(law) => law.encode_slice(samples, out),
            State::G722(encoder) => encoder.encode(samples, out),
            State::L16 | State::Opus(_) => l16::encode_slice(samples, out),
        }
        Ok(octets)
    }

    /// From the next frame on encodes as these say; codecs but Opus have nothing to change.
    pub fn retune(&mut self, params: &OpusParams) -> Result<(), CodecError> {
        match &mut self.state {
            State::Opus(encoder) => encoder.retune(params),
            _ => Ok(()),
        }
    }

    /// Goes on as if it had heard what `other` has, without allocating; of Opus the settings go along.
    pub fn copy_state_from(&mut self, other: &Self) -> Result<(), CodecError> {
        if (self.kind, self.sample_rate_hz, self.channels)
            != (other.kind, other.sample_rate_hz, other.channels)
        {
            return Err(CodecError::Unlike);
        }
        match (&mut self.state, &other.state) {
            (State::G722(encoder), State::G722(other)) => encoder.clone_from(other),
            (State::Opus(encoder), State::Opus(other)) => encoder.copy_state_from(other)?,
            _ => {}
        }
        Ok(())
    }

    /// Forgets what it has heard.
    pub fn reset(&mut self) {
        match &mut self.state {
            State::G722(encoder) => **encoder = G722Encoder::default(),
            State::Opus(encoder) => encoder.reset(),
            State::G711(_) | State::L16 => {}
        }
    }

    /// Which codec.
    pub fn kind(&self) -> CodecKind {
        self.kind
    }

    /// Samples per second of what it is handed.
    pub fn sample_rate_hz(&self) -> u32 {
        self.sample_rate_hz
    }

    /// Channels of what it is handed.
    pub fn channels(&self) -> u8 {
        self.channels
    }

    /// Frames come in multiples of so many samples.
    fn samples_together(&self) -> usize {
        match self.kind {
            CodecKind::G722 => 2,
            _ => usize::from(self.channels),
        }
    }
}
