//! What a peer says, as frames: play-out buffer, decoder and sample rate of one leg. Exists only while audio is needed.

use std::time::Duration;

use mediacore_audio::NoiseGenerator;
use mediacore_audio::codec::{self, CodecKind, DecoderParams};
use mediacore_audio::comfort_noise::PAYLOAD_OCTETS_MAX;
use mediacore_rtp::jitter::JitterStats;
use mediacore_rtp::{Advice, JitterBuffer, JitterConfig, Playout, QueuedPacket, RtpHeader, Ssrc};

use crate::format::{CodecId, Formats};
use crate::frame::{FRAME_TIME, Rate, join};
use crate::resampling::Resampling;
use crate::stretching::{AHEAD_MS, LENGTHENED_MS_MAX, Stretching};

/// The longest packet of most codecs that is decoded; what is longer does not get into the buffer.
const PACKET_MS_MAX: u32 = 60;
/// The longest packet of Opus (RFC 6716 3.2.5).
const OPUS_PACKET_MS_MAX: u32 = 120;

/// The largest packet of Opus that is decoded: 384 kbit/s in packets of 20 ms, 128 kbit/s in packets of 60 ms.
const OPUS_PACKET_OCTETS_MAX: usize = 960;

/// Samples that wait for a frame are at most those of one that is not full, what is looked at ahead of it, one packet, and
/// what is put in.
const FRAME_MS: u32 = mediacore_audio::FRAME_MS;

/// Nobody hears whether two noises are the same.
const NOISE_SEED: u64 = 1;

/// Turns packets into one frame per tick.
#[derive(Debug)]
pub struct Decoder {
    buffer: JitterBuffer,
    // What the buffer was made for: other codecs may need more room, and have another clock.
    config: JitterConfig,
    source: Option<Ssrc>,
    // The decoder of the codec of the newest packet that was decoded.
    ear: Option<Ear>,
    // What the newest frame went through to the rate that those who hear it want.
    resampling: Resampling,
    // What the peer said of the noise in its pauses (RFC 3389), once it has.
    noise: Option<Box<NoiseGenerator>>,
    // The newest packet was of that kind: what does not come is noise.
    is_pause: bool,
    // The next frame is of another decoder than the one before.
    is_other: bool,
    recovered_packets: u64,
    codec_changes: u64,
}

#[derive(Debug)]
struct Ear {
    codec: CodecId,
    kind: CodecKind,
    rate: Rate,
    decoder: codec::Decoder,
    stretching: Stretching,
    pending: Box<[i16]>,
    pending_samples: usize,
}

/// What a frame was made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Decoded {
    /// Packets decoded for it.
    pub packets: u64,
    /// Packets that were none, whatever their payload type says.
    pub malformed: u64,
}

impl Decoder {
    /// For packets like this codec's, heard at `rate` by others. After another decoder its first frame is joined on to the last
    /// one of that.
    #[must_use]
    pub fn new(kind: CodecKind, rate: Rate, is_other: bool) -> Decoder {
        let config = config(kind);
        Decoder {
            buffer: JitterBuffer::new(config),
            config,
            source: None,
            ear: None,
            resampling: Resampling::new(rate),
            noise: None,
            is_pause: false,
            is_other,
            recovered_packets: 0,
            codec_changes: 0,
        }
    }

    /// Whether packets of this codec fit into its buffer and on its clock.
    #[must_use]
    pub fn takes(&self, kind: CodecKind) -> bool {
        self.config == config(kind)
    }

    /// Others want to hear it at this rate from now on.
    pub fn set_rate(&mut self, rate: Rate) {
        if self.resampling.rate() == rate {
            return;
        }
        self.is_other = true;
        self.resampling = Resampling::new(rate);
        if let Some(ear) = &mut self.ear {
            let fitting = ear.codec.rates().nearest(rate);
            if fitting != ear.rate {
                *ear = Ear::new(ear.codec, ear.kind, fitting);
            }
            self.resampling = Resampling::between(ear.rate, rate);
        }
    }

    /// Takes a packet with sound.
    pub fn insert(
        &mut self,
        kind: CodecKind,
        header: &RtpHeader,
        payload: &[u8],
        now: Duration,
    ) -> bool {
        if self.source.replace(header.ssrc) != Some(header.ssrc)
            && let Some(ear) = &mut self.ear
        {
            // Whatever waits in the buffer is thrown away: the next packet decoded is of the new source.
            ear.decoder.reset();
            self.is_other = true;
        }
        let Some(duration_ticks) = kind.duration_ticks(payload) else {
            return false;
        };
        self.buffer.insert(header, payload, duration_ticks, now);
        true
    }

    /// Takes a packet without sound: its number would be missed, and concealed. `noise` is what comfort noise says, and
    /// nothing of a digit.
    pub fn insert_signal(&mut self, header: &RtpHeader, noise: &[u8], now: Duration) {
        let noise = &noise[..noise.len().min(PAYLOAD_OCTETS_MAX)];
        self.buffer.insert(header, noise, 0, now);
    }

    /// Makes the next 20 ms of `heard`, which holds the 20 ms before; silence when there is nothing to play.
    pub fn frame(&mut self, formats: &Formats, now: Duration, heard: &mut Vec<i16>) -> Decoded {
        let mut decoded = Decoded::default();
        let mut advice = self.advise(now);
        while self.needs_more(advice) {
            match self.buffer.pop(now) {
                Playout::Decode(packet) if packet.duration_ticks == 0 => {
                    self.is_pause |= hear_noise(&mut self.noise, packet.payload);
                }
                Playout::Decode(packet) => {
                    self.is_pause = false;
                    let is_first = self.ear.is_none();
                    let is_new = tune(&mut self.ear, &packet, formats, &mut self.resampling);
                    self.codec_changes += u64::from(is_new && !is_first);
                    self.is_other |= is_new && !is_first;
                    advice = if is_new { Advice::Keep } else { advice };
                    let is_good = self.ear.as_mut().is_some_and(|ear| ear.decode(&packet));
                    decoded.packets += u64::from(is_good);
                    decoded.malformed += u64::from(!is_good);
                }
                Playout::Conceal { duration_ticks } => {
                    // What is made up is not made shorter or longer.
                    advice = Advice::Keep;
                    let clock_rate_hz = self.config.clock_rate_hz;
                    let next = self.buffer.following();
                    let Some(ear) = &mut self.ear else { break };
                    let is_recovered = ear.conceal(duration_ticks, clock_rate_hz, next);
                    self.recovered_packets += u64::from(is_recovered);
                }
                Playout::Wait => {
                    advice = Advice::Keep;
                    break;
                }
            }
        }
        if let Some(ear) = &mut self.ear {
            ear.follow(advice, &mut self.buffer, now);
        }
        self.take(heard);
        decoded
    }

    /// Counters and delays of the play-out buffer.
    #[must_use]
    pub fn stats(&self) -> JitterStats {
        self.buffer.stats()
    }

    /// Packets that did not come and were made again from those after them.
    #[must_use]
    pub fn recovered_packets(&self) -> u64 {
        self.recovered_packets
    }

    /// How often what came next was in another codec.
    #[must_use]
    pub fn codec_changes(&self) -> u64 {
        self.codec_changes
    }

    fn advise(&mut self, now: Duration) -> Advice {
        let left = self.ear.as_ref().map_or(Duration::ZERO, Ear::left);
        self.buffer.advise(now, left, FRAME_TIME)
    }

    /// Whether there is no whole frame yet, or none to look ahead of it that is here.
    fn needs_more(&self, advice: Advice) -> bool {
        let Some(ear) = &self.ear else {
            return true;
        };
        !ear.has_frame() || !ear.has_ahead(advice) && self.buffer.has_next()
    }

    fn take(&mut self, heard: &mut Vec<i16>) {
        let is_other = std::mem::take(&mut self.is_other);
        let before = if is_other {
            std::mem::take(heard)
        } else {
            Vec::new()
        };
        heard.resize(self.resampling.rate().frame_samples(), 0);
        let noise = self.noise.as_deref_mut().filter(|_| self.is_pause);
        match &mut self.ear {
            None => fill(heard, noise),
            Some(ear) => ear.take(&mut self.resampling, noise, heard),
        }
        if is_other {
            join(&before, heard);
        }
    }
}

/// Takes what comfort noise says; false of a digit, which says nothing of it.
fn hear_noise(noise: &mut Option<Box<NoiseGenerator>>, payload: &[u8]) -> bool {
    if payload.is_empty() {
        return false;
    }
    let noise = noise.get_or_insert_with(|| Box::new(NoiseGenerator::new(NOISE_SEED)));
    noise.receive(payload);
    true
}

/// Noise, or silence where there is none.
fn fill(samples: &mut [i16], noise: Option<&mut NoiseGenerator>) {
    match noise {
        Some(noise) => noise.fill(samples),
        None => samples.fill(0),
    }
}

/// Makes the ear one for the codec of `packet`; true when it was another's.
fn tune(
    ear: &mut Option<Ear>,
    packet: &QueuedPacket,
    formats: &Formats,
    resampling: &mut Resampling,
) -> bool {
    let format = formats.by_payload_type(packet.payload_type.0);
    let Some((codec, kind)) = format.and_then(|format| Some((format.codec, format.codec.kind()?)))
    else {
        return false;
    };
    if ear.as_ref().is_some_and(|ear| ear.codec == codec) {
        return false;
    }
    let to = resampling.rate();
    let new = Ear::new(codec, kind, codec.rates().nearest(to));
    *resampling = Resampling::between(new.rate, to);
    *ear = Some(new);
    true
}

/// Room for what the codec may send.
fn config(kind: CodecKind) -> JitterConfig {
    let clock_rate_hz = kind.clock_rate_hz();
    match kind {
        CodecKind::Pcmu | CodecKind::Pcma | CodecKind::G722 => JitterConfig::default(),
        // Half the slots, since they are larger: 31 kB again.
        CodecKind::Opus => JitterConfig {
            clock_rate_hz,
            slots: 32,
            slot_octets: OPUS_PACKET_OCTETS_MAX,
            ..JitterConfig::default()
        },
        CodecKind::L16 { sample_rate_hz, .. } => JitterConfig {
            clock_rate_hz,
            slots: 32,
            slot_octets: kind.octets_max((sample_rate_hz / 1000 * PACKET_MS_MAX) as usize),
            ..JitterConfig::default()
        },
    }
}

impl Ear {
    fn new(codec: CodecId, kind: CodecKind, rate: Rate) -> Ear {
        let decoder = kind.decoder(&DecoderParams {
            sample_rate_hz: rate.hz(),
            channels: 1,
        });
        let packet_ms = match kind {
            CodecKind::Opus => OPUS_PACKET_MS_MAX,
            _ => PACKET_MS_MAX,
        };
        let pending_ms = FRAME_MS + AHEAD_MS + packet_ms + LENGTHENED_MS_MAX;
        let pending = (rate.hz() / 1000 * pending_ms) as usize;
        Ear {
            codec,
            kind,
            rate,
            decoder: decoder.expect("the rate was chosen from those that the codec has"),
            stretching: Stretching::new(rate.hz()),
            pending: vec![0; pending].into_boxed_slice(),
            pending_samples: 0,
        }
    }

    fn has_frame(&self) -> bool {
        self.pending_samples >= self.rate.frame_samples()
    }

    fn has_ahead(&self, advice: Advice) -> bool {
        let ahead_samples = self.stretching.ahead_samples(advice);
        self.pending_samples >= self.rate.frame_samples() + ahead_samples
    }

    /// How long what is decoded and not played yet lasts.
    fn left(&self) -> Duration {
        self.stretching.time(self.pending_samples)
    }

    fn follow(&mut self, advice: Advice, buffer: &mut JitterBuffer, now: Duration) {
        let (pending, samples) = (&mut self.pending, self.pending_samples);
        self.pending_samples = self
            .stretching
            .follow(advice, buffer, pending, samples, now);
    }

    fn decode(&mut self, packet: &QueuedPacket) -> bool {
        if packet.is_discontinuous {
            self.decoder.splice();
        }
        let free = &mut self.pending[self.pending_samples..];
        let samples = self.decoder.decode(packet.payload, free);
        self.pending_samples += samples.unwrap_or(0);
        samples.is_ok()
    }

    /// Makes up for a packet that did not come; true when `next`, the one after it, knows what was in it.
    fn conceal(&mut self, duration_ticks: u32, clock_rate_hz: u32, next: Option<&[u8]>) -> bool {
        let samples = u64::from(duration_ticks) * u64::from(self.rate.hz());
        let samples = (samples / u64::from(clock_rate_hz)) as usize;
        let free = &mut self.pending[self.pending_samples..];
        let free_samples = free.len();
        let missing = &mut free[..samples.min(free_samples)];
        self.pending_samples += missing.len();
        match next {
            Some(next) => self.decoder.recover(next, missing),
            None => {
                self.decoder.conceal(missing);
                false
            }
        }
    }

    /// The next frame, filled up with noise or silence.
    fn take(
        &mut self,
        resampling: &mut Resampling,
        noise: Option<&mut NoiseGenerator>,
        heard: &mut [i16],
    ) {
        let frame_samples = self.rate.frame_samples();
        let taken = self.pending_samples.min(frame_samples);
        if taken == frame_samples {
            self.stretching.hear(&self.pending[..taken]);
        }
        // What is not filled may hold what was played before; there is always room for a frame.
        fill(&mut self.pending[taken..frame_samples], noise);
        heard.copy_from_slice(resampling.frame(&self.pending[..frame_samples]));
        self.pending.copy_within(taken..self.pending_samples, 0);
        self.pending_samples -= taken;
    }
}
