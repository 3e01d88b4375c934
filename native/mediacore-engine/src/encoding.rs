//! One stream of packets out of frames: the rate that the codec wants, the codec, and as much audio in a packet as was agreed.
//! One leg's own, or shared by all who hear the same mix in the same way: equal parameters make equal packets.

use mediacore_audio::Vad;
use mediacore_audio::codec::opus::{OpusParams, PACKET_OCTETS_MAX};
use mediacore_audio::codec::{CodecKind, Encoder, EncoderParams};
use mediacore_rtp::packet::HEADER_OCTETS;

use crate::frame::Rate;
use crate::resampling::Resampling;

/// Audio in the longest packet that we make.
pub const PACKET_MS_MAX: u32 = 60;

const FRAME_MS: u32 = mediacore_audio::FRAME_MS;

/// A packet of half a frame: two of them leave at once.
const HALF_MS: u32 = FRAME_MS / 2;

/// All that decides what packets are like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EncodingParams {
    kind: CodecKind,
    rate: Rate,
    packet_ms: u32,
    opus: OpusParams,
}

impl EncodingParams {
    /// `kind` handed samples of `rate`, in packets of about `packet_ms`; `opus` means nothing to others.
    #[must_use]
    pub fn new(kind: CodecKind, rate: Rate, packet_ms: u32, opus: OpusParams) -> EncodingParams {
        let packet_ms = packet_ms.clamp(HALF_MS, PACKET_MS_MAX) / HALF_MS * HALF_MS;
        let (packet_ms, opus) = match (kind, packet_ms) {
            // Opus has no frames of 30 and 50 ms (RFC 6716 2.1.4).
            (CodecKind::Opus, 30 | 50) => (packet_ms - HALF_MS, opus),
            (CodecKind::Opus, _) => (packet_ms, opus),
            // Equal for all, so that they share.
            _ => (packet_ms, OpusParams::default()),
        };
        EncodingParams {
            kind,
            rate,
            packet_ms,
            opus,
        }
    }

    /// Audio in a packet.
    #[must_use]
    pub fn packet_ms(&self) -> u32 {
        self.packet_ms
    }

    /// Whether what is encoded does not depend on what was encoded before.
    #[must_use]
    pub fn is_stateless(&self) -> bool {
        matches!(
            self.kind,
            CodecKind::Pcmu | CodecKind::Pcma | CodecKind::L16 { .. }
        )
    }

    fn ticks(&self, span_ms: u32) -> u32 {
        self.kind.clock_rate_hz() / 1000 * span_ms
    }

    /// Samples in a packet.
    fn packet_samples(&self) -> usize {
        self.rate.frame_samples() * self.packet_ms as usize / FRAME_MS as usize
    }

    /// Octets in a packet; of Opus the most that there may be.
    fn packet_octets(&self) -> usize {
        self.kind.octets_max(self.packet_samples())
    }

    /// Likes the other enough for its encoder to go on: only the wishes for Opus differ.
    fn is_like(&self, other: &EncodingParams) -> bool {
        let opus = OpusParams {
            dtx: self.opus.dtx,
            ..other.opus
        };
        EncodingParams { opus, ..*self } == *other
    }
}

/// In silence a packet of Opus comes so often (DTX), as libopus has it.
const REFRESH_MS: u32 = 400;

/// A packet that is ready, but for its header; of no octets when nothing is to be sent for so long.
#[derive(Debug, Clone, Copy, Default)]
struct Made {
    // Of the room for its header.
    begin: usize,
    octets: usize,
    lasts_ms: u32,
}

/// Whether somebody speaks: decided before the encoder, which then has nothing to do.
#[derive(Debug, Clone)]
struct Pauses {
    vad: Vad,
    // Since the last packet, in silence.
    silent_ms: u32,
}

impl Pauses {
    /// Whether the next frame of a packet that begins need not be sent.
    fn leaves_out(&mut self, frame: &[i16]) -> bool {
        let is_silent = !self.vad.receive(frame);
        self.silent_ms = match is_silent && self.silent_ms < REFRESH_MS {
            true => self.silent_ms + FRAME_MS,
            false => 0,
        };
        self.silent_ms > 0
    }
}

/// One stream at work. Nothing allocates but `new`, a clone, and a change of the frames' rate.
#[derive(Debug, Clone)]
pub struct Encoding {
    params: EncodingParams,
    resampling: Resampling,
    encoder: Encoder,
    // Of Opus, when its peer wants DTX.
    pauses: Option<Pauses>,
    // Of Opus, the samples of a packet that is not full yet.
    waiting: Vec<i16>,
    // Room for a header, and the octets of a packet that is full or not full yet; of two packets one after the other.
    packets: Box<[u8]>,
    // Of others than Opus, the octets of a packet that is not full yet, behind those that have left.
    filled: usize,
    made: [Made; 2],
    made_packets: usize,
}

impl Encoding {
    /// A stream that begins, with frames of the rate of `frame`.
    ///
    /// # Panics
    /// If the codec does not work at the rate of `params`.
    #[must_use]
    pub fn new(params: EncodingParams, frame: &[i16]) -> Encoding {
        let encoder = params.kind.encoder(&EncoderParams {
            sample_rate_hz: params.rate.hz(),
            channels: 1,
            opus: encoder_params(&params),
        });
        let waiting = match params.kind {
            CodecKind::Opus => Vec::with_capacity(params.packet_samples()),
            _ => Vec::new(),
        };
        let packets = match (params.kind, params.packet_ms) {
            (_, HALF_MS) => 2 * (HEADER_OCTETS + params.packet_octets()),
            (CodecKind::Opus, _) => HEADER_OCTETS + PACKET_OCTETS_MAX,
            // A frame may begin in one packet and end in the next.
            _ => {
                let frame_octets = params.kind.octets_max(params.rate.frame_samples());
                HEADER_OCTETS + params.packet_octets() + frame_octets
            }
        };
        Encoding {
            params,
            resampling: Resampling::between(Rate::of_frame(frame), params.rate),
            pauses: params.opus.dtx.then(|| Pauses {
                vad: Vad::new(params.rate.hz()),
                silent_ms: 0,
            }),
            encoder: encoder.expect("the rate was chosen from those that the codec has"),
            waiting,
            packets: vec![0; packets].into_boxed_slice(),
            filled: 0,
            made: [Made::default(); 2],
            made_packets: 0,
        }
    }

    /// What it was made for.
    #[must_use]
    pub fn params(&self) -> &EncodingParams {
        &self.params
    }

    /// Goes on as `params` say, if it can; else there has to be a new one.
    pub fn retune(&mut self, params: &EncodingParams) -> bool {
        if self.params == *params {
            return true;
        }
        let is_done =
            self.params.is_like(params) && self.encoder.retune(&encoder_params(params)).is_ok();
        if is_done {
            self.params = *params;
        }
        is_done
    }

    /// Goes on as if it were the other, which has equal parameters.
    ///
    /// # Panics
    /// If it has not.
    pub fn copy_state_from(&mut self, other: &Encoding) {
        let copied = self.encoder.copy_state_from(&other.encoder);
        copied.expect("streams with equal parameters have like encoders");
        self.params = other.params;
        self.resampling.copy_state_from(&other.resampling);
        self.pauses.clone_from(&other.pauses);
        self.waiting.clone_from(&other.waiting);
        self.packets.copy_from_slice(&other.packets);
        self.filled = other.filled;
        (self.made, self.made_packets) = (other.made, other.made_packets);
    }

    /// Takes the next frame, and makes the packets that it completes.
    pub fn push(&mut self, frame: &[i16]) {
        match self.params.kind {
            CodecKind::Opus => self.push_whole(frame),
            _ => self.push_octets(frame),
        }
    }

    /// How many packets the newest frame has completed.
    #[must_use]
    pub fn made_packets(&self) -> usize {
        self.made_packets
    }

    /// One of them, behind room for its header, and how long it lasts on the RTP clock; of no octets when there is nothing
    /// to be sent (DTX).
    pub fn packet(&mut self, index: usize) -> (&mut [u8], u32) {
        let Made {
            begin,
            octets,
            lasts_ms,
        } = self.made[..self.made_packets][index];
        let datagram = &mut self.packets[begin..begin + HEADER_OCTETS + octets];
        (datagram, self.params.ticks(lasts_ms))
    }

    /// Audio of a packet that is not full yet.
    #[must_use]
    pub fn waiting_ms(&self) -> u32 {
        let rate = self.params.rate.frame_samples();
        let (waiting, frame) = match self.params.kind {
            CodecKind::Opus => (self.waiting.len(), rate),
            kind => (self.filled - self.left_octets(), kind.octets_max(rate)),
        };
        (waiting * FRAME_MS as usize / frame) as u32
    }

    /// Leaves a packet that is not full behind, and says how long it would have lasted on the RTP clock.
    pub fn abandon(&mut self) -> u32 {
        let waiting_ms = self.waiting_ms();
        self.waiting.clear();
        self.filled = 0;
        self.made_packets = 0;
        self.params.ticks(waiting_ms)
    }

    /// Octets at the front that have left as a packet with the frame before.
    fn left_octets(&self) -> usize {
        match self.params.packet_ms {
            HALF_MS => self.filled,
            _ => self.made[..self.made_packets]
                .iter()
                .map(|made| made.octets)
                .sum(),
        }
    }

    /// Codecs whose payload may be cut anywhere.
    fn push_octets(&mut self, frame: &[i16]) {
        let left = self.left_octets();
        let frame = self.resampling.frame(frame);
        if self.params.packet_ms == HALF_MS {
            self.made = halves(&self.params, &mut self.encoder, frame, &mut self.packets);
            self.made_packets = 2;
            return;
        }
        self.packets.copy_within(
            HEADER_OCTETS + left..HEADER_OCTETS + self.filled,
            HEADER_OCTETS,
        );
        self.filled -= left;
        let room = &mut self.packets[HEADER_OCTETS + self.filled..];
        let octets = self.encoder.encode(frame, room);
        self.filled += octets.expect("there is room for a whole frame");
        let packet_octets = self.params.packet_octets();
        self.made_packets = usize::from(self.filled >= packet_octets);
        self.made[0] = Made {
            begin: 0,
            octets: packet_octets,
            lasts_ms: self.params.packet_ms,
        };
    }

    /// Opus, which encodes a packet as a whole.
    fn push_whole(&mut self, frame: &[i16]) {
        let frame = self.resampling.frame(frame);
        if let Some(pauses) = &mut self.pauses
            && self.waiting.is_empty()
            && pauses.leaves_out(frame)
        {
            self.made[0] = Made {
                lasts_ms: FRAME_MS,
                ..Made::default()
            };
            self.made_packets = 1;
            return;
        }
        if self.params.packet_ms == HALF_MS {
            self.made = halves(&self.params, &mut self.encoder, frame, &mut self.packets);
            self.made_packets = 2;
            return;
        }
        self.made_packets = 0;
        let packet_samples = self.params.packet_samples();
        if packet_samples > frame.len() {
            self.waiting.extend_from_slice(frame);
            if self.waiting.len() < packet_samples {
                return;
            }
        }
        let samples = if self.waiting.is_empty() {
            frame
        } else {
            &self.waiting
        };
        let octets = self
            .encoder
            .encode(samples, &mut self.packets[HEADER_OCTETS..]);
        self.made[0] = Made {
            begin: 0,
            octets: octets.expect("there is room for any packet"),
            lasts_ms: self.params.packet_ms,
        };
        self.made_packets = 1;
        self.waiting.clear();
    }
}

/// Two packets of a frame.
fn halves(
    params: &EncodingParams,
    encoder: &mut Encoder,
    frame: &[i16],
    packets: &mut [u8],
) -> [Made; 2] {
    let place = HEADER_OCTETS + params.packet_octets();
    let mut made = [Made::default(); 2];
    let rooms = packets.chunks_mut(place).zip(frame.chunks(frame.len() / 2));
    for (index, (room, half)) in rooms.enumerate().take(2) {
        let octets = encoder.encode(half, &mut room[HEADER_OCTETS..]);
        made[index] = Made {
            begin: index * place,
            octets: octets.expect("there is room for half a frame"),
            lasts_ms: HALF_MS,
        };
    }
    made
}

/// What libopus is told: whether there is anything to send is decided before it.
fn encoder_params(params: &EncodingParams) -> OpusParams {
    OpusParams {
        dtx: false,
        ..params.opus
    }
}

#[cfg(test)]
mod tests {
    use mediacore_audio::ToneSource;
    use mediacore_audio::codec::DecoderParams;

    use super::*;

    const RATES: [(CodecKind, Rate); 4] = [
        (CodecKind::Pcmu, Rate::Khz8),
        (CodecKind::G722, Rate::Khz16),
        (
            CodecKind::L16 {
                sample_rate_hz: 16_000,
                channels: 1,
            },
            Rate::Khz16,
        ),
        (CodecKind::Opus, Rate::Khz48),
    ];

    fn params(kind: CodecKind, rate: Rate, packet_ms: u32) -> EncodingParams {
        EncodingParams::new(kind, rate, packet_ms, OpusParams::default())
    }

    /// What comes of so many frames of a tone: payloads, and their ticks.
    fn made(encoding: &mut Encoding, tone: &mut ToneSource, frames: usize) -> Vec<(Vec<u8>, u32)> {
        let mut packets = Vec::new();
        for _ in 0..frames {
            let mut frame = Rate::Khz8.silence().to_vec();
            tone.fill(&mut frame);
            encoding.push(&frame);
            for index in 0..encoding.made_packets() {
                let (datagram, ticks) = encoding.packet(index);
                datagram[..HEADER_OCTETS].fill(0xee);
                packets.push((datagram[HEADER_OCTETS..].to_vec(), ticks));
            }
        }
        packets
    }

    fn tone() -> ToneSource {
        ToneSource::sine(440.0, -10.0, None, 8000)
    }

    fn encoding(params: EncodingParams) -> Encoding {
        Encoding::new(params, Rate::Khz8.silence())
    }

    #[test]
    fn packets_of_any_agreed_length_lose_nothing() {
        for (kind, rate) in RATES {
            for packet_ms in [10, 20, 30, 40, 60] {
                let params = params(kind, rate, packet_ms);
                let packets = made(&mut encoding(params), &mut tone(), 60);
                let ticks: u32 = packets.iter().map(|(_, ticks)| ticks).sum();
                assert_eq!(ticks, kind.clock_rate_hz() / 50 * 60, "{kind} {packet_ms}");
                for (payload, ticks) in &packets {
                    assert_eq!(kind.duration_ticks(payload), Some(*ticks));
                    assert_eq!(*ticks, kind.clock_rate_hz() / 1000 * params.packet_ms());
                }
                assert_eq!(
                    params.packet_ms() == packet_ms,
                    kind != CodecKind::Opus || packet_ms != 30
                );
            }
        }
    }

    #[test]
    fn however_they_are_cut_the_octets_are_the_same() {
        for (kind, rate) in &RATES[..3] {
            let whole = |packet_ms| {
                let packets = made(
                    &mut encoding(params(*kind, *rate, packet_ms)),
                    &mut tone(),
                    60,
                );
                packets
                    .into_iter()
                    .flat_map(|(payload, _)| payload)
                    .collect::<Vec<u8>>()
            };
            for packet_ms in [10, 30, 40, 60] {
                assert_eq!(whole(packet_ms), whole(20), "{kind} {packet_ms}");
            }
        }
    }

    #[test]
    fn a_copy_goes_on_as_the_original_does() {
        for (kind, rate) in RATES {
            for packet_ms in [20, 40] {
                let (mut first, mut tone) = (encoding(params(kind, rate, packet_ms)), tone());
                made(&mut first, &mut tone, 13);
                let mut copy = encoding(params(kind, rate, packet_ms));
                copy.copy_state_from(&first);
                let packets = made(&mut first, &mut tone.clone(), 20);
                assert_eq!(
                    made(&mut copy, &mut tone, 20),
                    packets,
                    "{kind} {packet_ms}"
                );
            }
        }
    }

    #[test]
    fn a_packet_that_is_left_behind_has_lasted_as_long_as_it_was_full() {
        for (kind, rate) in RATES {
            let mut encoding = encoding(params(kind, rate, 60));
            made(&mut encoding, &mut tone(), 2);
            assert_eq!(encoding.waiting_ms(), 40, "{kind}");
            assert_eq!(encoding.abandon(), kind.clock_rate_hz() / 25);
            assert_eq!(made(&mut encoding, &mut tone(), 3).len(), 1);
            assert_eq!(encoding.waiting_ms(), 0);
        }
    }

    #[test]
    fn in_silence_a_peer_that_wants_dtx_gets_a_packet_now_and_then() {
        let opus = OpusParams {
            dtx: true,
            ..OpusParams::default()
        };
        let mut encoding = encoding(EncodingParams::new(CodecKind::Opus, Rate::Khz8, 20, opus));
        let spoken = made(&mut encoding, &mut tone(), 50);
        assert!(spoken.iter().all(|(payload, _)| !payload.is_empty()));
        let mut silence = ToneSource::sine(440.0, -120.0, None, 8000);
        made(&mut encoding, &mut silence, 100);
        let silent = made(&mut encoding, &mut silence, 400);
        let ticks: u32 = silent.iter().map(|(_, ticks)| ticks).sum();
        assert_eq!(ticks, 400 * 960, "time goes on");
        let sent = silent.iter().filter(|(payload, _)| !payload.is_empty());
        assert!((18..=21).contains(&sent.count()), "one in 400 ms");
        let again = made(&mut encoding, &mut tone(), 3);
        assert!(!again[0].0.is_empty(), "the first syllable");
    }

    #[test]
    fn what_is_encoded_is_heard_again() {
        for (kind, rate) in RATES {
            let packets = made(&mut encoding(params(kind, rate, 20)), &mut tone(), 50);
            let mut decoder = kind
                .decoder(&DecoderParams {
                    sample_rate_hz: rate.hz(),
                    channels: 1,
                })
                .expect("a rate that it has");
            let mut detector = mediacore_audio::ToneDetector::new(&[440.0], rate.hz());
            for (payload, _) in &packets {
                let mut samples = vec![0; rate.frame_samples()];
                decoder
                    .decode(payload, &mut samples)
                    .expect("our own packet");
                detector.receive(&samples);
            }
            let heard = detector.tone().expect("the tone");
            assert!((heard.level_dbfs + 10.0).abs() < 1.0, "{kind}: {heard:?}");
        }
    }
}
