//! The only place that calls libopus. Its states are flat: "a shallow copy is sufficient" (opus.h), so they live in memory of
//! ours, are copied as memory, and need no destructor. Nothing allocates but the two `new` and `clone`.

#![allow(
    unsafe_code,
    reason = "libopus is C; all that its functions demand is checked in this file"
)]

use std::ffi::c_int;
use std::fmt;

use opusic_sys as sys;

use super::{Application, Bandwidth, OpusParams, PacketInfo, RATES_HZ};
use crate::codec::{CodecError, CodecKind};

/// Memory of a state: aligned as malloc aligns.
type Memory = Box<[u128]>;

/// An encoder's state.
#[derive(Clone)]
pub struct OpusEncoder {
    state: Memory,
    sample_rate_hz: u32,
    channels: u8,
    dtx: bool,
}

/// A decoder's state.
#[derive(Clone)]
pub struct OpusDecoder {
    state: Memory,
    sample_rate_hz: u32,
    channels: u8,
}

impl OpusEncoder {
    /// For interleaved samples of 8, 12, 16, 24 or 48 kHz, one channel or two.
    pub fn new(sample_rate_hz: u32, channels: u8, params: &OpusParams) -> Result<Self, CodecError> {
        check(sample_rate_hz, channels)?;
        // SAFETY: it reads nothing but its argument, which is 1 or 2.
        let octets = unsafe { sys::opus_encoder_get_size(channels.into()) };
        let mut state = memory(octets)?;
        let application = match params.application {
            Application::Voip => sys::OPUS_APPLICATION_VOIP,
            Application::Audio => sys::OPUS_APPLICATION_AUDIO,
            Application::LowDelay => sys::OPUS_APPLICATION_RESTRICTED_LOWDELAY,
        };
        let pointer = state.as_mut_ptr().cast();
        let rate = sample_rate_hz as i32;
        // SAFETY: the memory has the size asked for and malloc's alignment; it belongs to us alone.
        ok(unsafe { sys::opus_encoder_init(pointer, rate, channels.into(), application) })?;
        let mut encoder = Self {
            state,
            sample_rate_hz,
            channels,
            dtx: false,
        };
        encoder.retune(params)?;
        Ok(encoder)
    }

    /// Goes on as `params` say; their `application` stays what it was. What is out of range is brought into it.
    pub fn retune(&mut self, params: &OpusParams) -> Result<(), CodecError> {
        let bandwidth = match params.max_bandwidth {
            Bandwidth::Narrow => sys::OPUS_BANDWIDTH_NARROWBAND,
            Bandwidth::Medium => sys::OPUS_BANDWIDTH_MEDIUMBAND,
            Bandwidth::Wide => sys::OPUS_BANDWIDTH_WIDEBAND,
            Bandwidth::SuperWide => sys::OPUS_BANDWIDTH_SUPERWIDEBAND,
            Bandwidth::Full => sys::OPUS_BANDWIDTH_FULLBAND,
        };
        let settings = [
            (
                sys::OPUS_SET_BITRATE_REQUEST,
                params.bitrate_bps.clamp(6_000, 510_000) as c_int,
            ),
            (
                sys::OPUS_SET_COMPLEXITY_REQUEST,
                params.complexity.min(10).into(),
            ),
            (sys::OPUS_SET_MAX_BANDWIDTH_REQUEST, bandwidth),
            (sys::OPUS_SET_INBAND_FEC_REQUEST, params.fec.into()),
            (
                sys::OPUS_SET_PACKET_LOSS_PERC_REQUEST,
                params.expected_loss_percent.min(100).into(),
            ),
            (sys::OPUS_SET_DTX_REQUEST, params.dtx.into()),
            (sys::OPUS_SET_VBR_REQUEST, (!params.constant_bitrate).into()),
        ];
        for (request, value) in settings {
            // SAFETY: each of these requests takes one opus_int32, and the state was initialised.
            ok(unsafe { sys::opus_encoder_ctl(self.pointer(), request, value) })?;
        }
        self.dtx = params.dtx;
        Ok(())
    }

    /// Encodes one frame (all of `samples`) to the front of `out`; returns the octets written: 0 when in DTX nothing is to be sent.
    pub fn encode(&mut self, samples: &[i16], out: &mut [u8]) -> Result<usize, CodecError> {
        let channels = usize::from(self.channels);
        if !is_frame(samples.len(), channels, self.sample_rate_hz) {
            let samples = samples.len();
            return Err(CodecError::FrameLength { samples });
        }
        let frame = (samples.len() / channels) as c_int;
        let room = out.len().min(super::PACKET_OCTETS_MAX) as i32;
        // SAFETY: `frame` samples for each channel are readable, `room` octets writable, the state was initialised.
        let octets = positive(unsafe {
            sys::opus_encode(
                self.pointer(),
                samples.as_ptr(),
                frame,
                out.as_mut_ptr(),
                room,
            )
        })?;
        // "If the return value is 2 bytes or less, then the packet does not need to be transmitted (DTX)": opus.h.
        Ok(if self.dtx && octets <= 2 { 0 } else { octets })
    }

    /// Goes on as if it had heard what `other` has, with its settings.
    pub fn copy_state_from(&mut self, other: &Self) -> Result<(), CodecError> {
        if (self.sample_rate_hz, self.channels) != (other.sample_rate_hz, other.channels) {
            return Err(CodecError::Unlike);
        }
        self.state.copy_from_slice(&other.state);
        self.dtx = other.dtx;
        Ok(())
    }

    /// As new, with the same settings.
    pub fn reset(&mut self) {
        // SAFETY: the request takes no argument, and the state was initialised.
        let code = unsafe { sys::opus_encoder_ctl(self.pointer(), sys::OPUS_RESET_STATE) };
        assert_eq!(code, sys::OPUS_OK, "a reset cannot fail");
    }

    /// Samples (of its rate, for each channel) by which what is decoded comes later than what was encoded.
    pub fn lookahead_samples(&mut self) -> usize {
        let mut samples = 0_i32;
        let request = sys::OPUS_GET_LOOKAHEAD_REQUEST;
        // SAFETY: the request takes a pointer to one opus_int32, which lives until it returns.
        let code = unsafe { sys::opus_encoder_ctl(self.pointer(), request, &raw mut samples) };
        assert_eq!(code, sys::OPUS_OK, "a question cannot fail");
        samples as usize
    }

    /// Samples per second of its input.
    pub fn sample_rate_hz(&self) -> u32 {
        self.sample_rate_hz
    }

    /// Channels of its input.
    pub fn channels(&self) -> u8 {
        self.channels
    }

    fn pointer(&mut self) -> *mut sys::OpusEncoder {
        self.state.as_mut_ptr().cast()
    }
}

impl OpusDecoder {
    /// To interleaved samples of 8, 12, 16, 24 or 48 kHz, one channel or two, whatever was encoded.
    pub fn new(sample_rate_hz: u32, channels: u8) -> Result<Self, CodecError> {
        check(sample_rate_hz, channels)?;
        // SAFETY: it reads nothing but its argument, which is 1 or 2.
        let octets = unsafe { sys::opus_decoder_get_size(channels.into()) };
        let mut state = memory(octets)?;
        let (pointer, rate) = (state.as_mut_ptr().cast(), sample_rate_hz as i32);
        // SAFETY: the memory has the size asked for and malloc's alignment; it belongs to us alone.
        ok(unsafe { sys::opus_decoder_init(pointer, rate, channels.into()) })?;
        Ok(Self {
            state,
            sample_rate_hz,
            channels,
        })
    }

    /// Decodes a packet to the front of `out`; returns the samples written, all channels together.
    pub fn decode(&mut self, packet: &[u8], out: &mut [i16]) -> Result<usize, CodecError> {
        let info = PacketInfo::parse(packet).ok_or(CodecError::Malformed)?;
        let samples = info.samples_at(self.sample_rate_hz) * usize::from(self.channels);
        let out = out.get_mut(..samples).ok_or(CodecError::NoRoom)?;
        self.call(Some(packet), out, false)
    }

    /// Fills `out` with what was probably in a packet that did not come. Done by 2.5 ms; what is left is silence.
    pub fn conceal(&mut self, out: &mut [i16]) {
        let (whole, rest) = self.by_quanta(out);
        rest.fill(0);
        for piece in whole {
            // A call without a packet has nothing in it to fail; were it to, silence is the best that is left.
            if self.call(None, piece, false).is_err() {
                piece.fill(0);
            }
        }
    }

    /// Fills `out` with the packet before `next`, which did not come, from the copy of it that `next` has: false if there is none, and
    /// `out` is as it was. `next` itself is then decoded as usual.
    pub fn recover(&mut self, next: &[u8], out: &mut [i16]) -> bool {
        if !has_fec(next) {
            return false;
        }
        let channels = usize::from(self.channels);
        let is_whole = out.len().is_multiple_of(self.quantum());
        is_whole
            && out.len() / channels <= self.longest()
            && self.call(Some(next), out, true).is_ok()
    }

    /// As new.
    pub fn reset(&mut self) {
        // SAFETY: the request takes no argument, and the state was initialised.
        let code = unsafe { sys::opus_decoder_ctl(self.pointer(), sys::OPUS_RESET_STATE) };
        assert_eq!(code, sys::OPUS_OK, "a reset cannot fail");
    }

    /// Samples per second of its output.
    pub fn sample_rate_hz(&self) -> u32 {
        self.sample_rate_hz
    }

    /// Channels of its output.
    pub fn channels(&self) -> u8 {
        self.channels
    }

    /// `out` in pieces that libopus takes, and what is left.
    fn by_quanta<'a>(&self, out: &'a mut [i16]) -> (std::slice::ChunksMut<'a, i16>, &'a mut [i16]) {
        let whole = out.len() - out.len() % self.quantum();
        let (whole, rest) = out.split_at_mut(whole);
        (
            whole.chunks_mut(self.longest() * usize::from(self.channels)),
            rest,
        )
    }

    /// Samples of 2.5 ms, all channels together.
    fn quantum(&self) -> usize {
        self.sample_rate_hz as usize / 400 * usize::from(self.channels)
    }

    /// Samples of 120 ms, for each channel.
    fn longest(&self) -> usize {
        self.sample_rate_hz as usize * 120 / 1000
    }

    fn call(
        &mut self,
        packet: Option<&[u8]>,
        out: &mut [i16],
        is_fec: bool,
    ) -> Result<usize, CodecError> {
        let channels = usize::from(self.channels);
        let (data, octets) = match packet {
            Some(packet) => (
                packet.as_ptr(),
                i32::try_from(packet.len()).map_err(|_| CodecError::Malformed)?,
            ),
            None => (std::ptr::null(), 0),
        };
        let frame = (out.len() / channels) as c_int;
        // SAFETY: `octets` are readable (or the pointer is null, which asks for concealment), `frame` samples for each
        // channel are writable, the state was initialised.
        let samples = positive(unsafe {
            sys::opus_decode(
                self.pointer(),
                data,
                octets,
                out.as_mut_ptr(),
                frame,
                is_fec.into(),
            )
        })?;
        Ok(samples * channels)
    }

    fn pointer(&mut self) -> *mut sys::OpusDecoder {
        self.state.as_mut_ptr().cast()
    }
}

impl fmt::Debug for OpusEncoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "OpusEncoder({} Hz, {} channels)",
            self.sample_rate_hz, self.channels
        )
    }
}

impl fmt::Debug for OpusDecoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "OpusDecoder({} Hz, {} channels)",
            self.sample_rate_hz, self.channels
        )
    }
}

/// Whether a packet has a coarse copy of the frame before it (LBRR, RFC 6716 4.2.4).
pub fn has_fec(packet: &[u8]) -> bool {
    let Ok(octets) = i32::try_from(packet.len()) else {
        return false;
    };
    // SAFETY: `octets` are readable; of none it reads nothing.
    PacketInfo::parse(packet).is_some()
        && unsafe { sys::opus_packet_has_lbrr(packet.as_ptr(), octets) } > 0
}

fn is_frame(samples: usize, channels: usize, sample_rate_hz: u32) -> bool {
    let of_frame = |us: &u32| (u64::from(*us) * u64::from(sample_rate_hz) / 1_000_000) as usize;
    super::FRAMES_US
        .iter()
        .any(|us| of_frame(us) * channels == samples)
}

fn check(sample_rate_hz: u32, channels: u8) -> Result<(), CodecError> {
    let kind = CodecKind::Opus;
    if !RATES_HZ.contains(&sample_rate_hz) {
        return Err(CodecError::SampleRate {
            kind,
            sample_rate_hz,
        });
    }
    if !matches!(channels, 1 | 2) {
        return Err(CodecError::Channels { kind, channels });
    }
    Ok(())
}

fn memory(octets: c_int) -> Result<Memory, CodecError> {
    let octets = positive(octets)?;
    Ok(vec![0; octets.div_ceil(size_of::<u128>())].into_boxed_slice())
}

fn ok(code: c_int) -> Result<(), CodecError> {
    positive(code).map(|_| ())
}

fn positive(code: c_int) -> Result<usize, CodecError> {
    match code {
        sys::OPUS_INVALID_PACKET => Err(CodecError::Malformed),
        sys::OPUS_BUFFER_TOO_SMALL => Err(CodecError::NoRoom),
        _ => usize::try_from(code).map_err(|_| CodecError::Opus(code)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        /// What we read off a packet is what libopus reads off it.
        #[test]
        fn a_packet_is_read_as_libopus_reads_it(octets in proptest::collection::vec(any::<u8>(), 1..8)) {
            let (data, length) = (octets.as_ptr(), octets.len() as i32);
            // SAFETY: `length` octets are readable, and there is at least one.
            let (samples, bandwidth, channels) = unsafe {
                (
                    sys::opus_packet_get_nb_samples(data, length, 48_000),
                    sys::opus_packet_get_bandwidth(data),
                    sys::opus_packet_get_nb_channels(data),
                )
            };
            let Some(info) = PacketInfo::parse(&octets) else {
                prop_assert!(samples <= 0, "{samples} samples");
                return Ok(());
            };
            prop_assert_eq!(info.duration_ticks() as i32, samples);
            prop_assert_eq!(i32::from(info.channels), channels);
            prop_assert_eq!(info.bandwidth as i32 + sys::OPUS_BANDWIDTH_NARROWBAND, bandwidth);
        }
    }
}
