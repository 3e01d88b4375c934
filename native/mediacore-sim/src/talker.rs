//! Somebody who sends RTP by a clock of their own: a voice in packets, digits as telephone-events (RFC 4733), and comfort
//! noise instead of silence when asked for (RFC 3389). Holds no socket; its time is what the caller says.

use std::collections::VecDeque;
use std::time::Duration;

use mediacore_audio::Codec;
use mediacore_rtp::event::{EVENT_OCTETS, EventPacket, SendStep};
use mediacore_rtp::packet::HEADER_OCTETS;
use mediacore_rtp::{DigitSender, DigitsError, PayloadType, RtpHeader, Sender, SenderState, Ssrc};

use crate::clock::DriftingClock;
use crate::random::Random;
use crate::voice::{Speaker, Voice};

/// The payload type of telephone-events here, as nearly everywhere.
pub const EVENT_PAYLOAD_TYPE: u8 = 101;

/// The payload type of comfort noise, RFC 3551 6.
pub const NOISE_PAYLOAD_TYPE: u8 = 13;

/// While nothing is said, comfort noise comes so often.
const NOISE_EVERY: Duration = Duration::from_millis(400);

/// Level of the comfort noise, dB below 0 dBov: a quiet room.
const NOISE_LEVEL: u8 = 70;

/// Samples, and ticks of the RTP clock, in a millisecond of G.711.
const TICKS_PER_MS: u32 = 8;

/// How somebody speaks and sends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TalkerConfig {
    /// What is said.
    pub voice: Voice,
    /// In which codec, under its static payload type.
    pub codec: Codec,
    /// Audio in one packet.
    pub ptime_ms: u32,
    /// Silence is not sent: comfort noise now and then is.
    pub suppresses_silence: bool,
    /// Its clock runs too fast by so many millionths; below zero, too slowly.
    pub drift_ppm: i32,
    /// Its source.
    pub ssrc: Ssrc,
    /// The number of the first packet.
    pub first_sequence: u16,
    /// Its timestamp.
    pub first_timestamp: u32,
}

/// What a talker did so far; all count packets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TalkerStats {
    /// With sound or silence.
    pub audio: u64,
    /// With telephone-events.
    pub events: u64,
    /// With comfort noise.
    pub noise: u64,
}

/// One at work.
#[derive(Debug)]
pub struct Talker {
    config: TalkerConfig,
    speaker: Speaker,
    clock: DriftingClock,
    sender: Sender,
    // Packet times that have passed; the next one is over when the clock shows one more.
    frames: u32,
    is_paused: bool,
    was_speaking: bool,
    noise_after: Duration,
    digits: Option<DigitSender>,
    onsets: Vec<Duration>,
    waiting: VecDeque<Vec<u8>>,
    stats: TalkerStats,
}

impl Talker {
    /// Begins to speak at `starts_at`; the first packet is sent when it is full.
    #[must_use]
    pub fn new(config: TalkerConfig, random: &Random, starts_at: Duration) -> Self {
        let state = SenderState::new(config.ssrc, config.first_sequence, config.first_timestamp);
        Self {
            speaker: Speaker::new(config.voice, random.fork("voice")),
            clock: DriftingClock::new(starts_at, config.drift_ppm),
            sender: Sender::new(state, config.codec.clock_rate_hz()),
            frames: 0,
            is_paused: false,
            was_speaking: false,
            noise_after: Duration::ZERO,
            digits: None,
            onsets: Vec::new(),
            waiting: VecDeque::new(),
            stats: TalkerStats::default(),
            config,
        }
    }

    /// When the next packet is full.
    #[must_use]
    pub fn next_timeout(&self) -> Duration {
        self.moment(self.frames + 1)
    }

    /// Speaks until `now`.
    pub fn handle_timeout(&mut self, now: Duration) {
        while self.next_timeout() <= now {
            let (begins_at, ends_at) = (self.moment(self.frames), self.next_timeout());
            self.frames += 1;
            self.speak(begins_at, ends_at);
        }
    }

    /// The next packet to send.
    pub fn poll(&mut self) -> Option<Vec<u8>> {
        self.waiting.pop_front()
    }

    /// Presses digits, each of `duration_ms` with `gap_ms` after it, instead of those that were not pressed yet.
    ///
    /// # Errors
    /// For what is no string of digits, or too short or long a duration.
    pub fn press(
        &mut self,
        digits: &str,
        duration_ms: u32,
        gap_ms: u32,
    ) -> Result<(), DigitsError> {
        let rate_hz = self.config.codec.clock_rate_hz();
        self.digits = Some(DigitSender::new(digits, duration_ms, gap_ms, rate_hz)?);
        Ok(())
    }

    /// Goes on as another source, as a phone does after a transfer, or when its SSRC collided (RFC 3550 8.2).
    pub fn change_source(&mut self, state: SenderState) {
        self.sender = Sender::new(state, self.config.codec.clock_rate_hz());
    }

    /// Sends nothing at all, not even silence, until told otherwise; its clock goes on.
    pub fn pause(&mut self, is_paused: bool) {
        self.is_paused = is_paused;
    }

    /// When each talk-spurt began, in true time.
    #[must_use]
    pub fn onsets(&self) -> &[Duration] {
        &self.onsets
    }

    /// What was sent so far.
    #[must_use]
    pub fn stats(&self) -> TalkerStats {
        self.stats
    }

    /// Where its stream stands, for its reports.
    #[must_use]
    pub fn sender(&self) -> &Sender {
        &self.sender
    }

    fn moment(&self, frames: u32) -> Duration {
        let ms = u64::from(frames) * u64::from(self.config.ptime_ms);
        self.clock.moment(Duration::from_millis(ms))
    }

    fn packet_ticks(&self) -> u32 {
        self.config.ptime_ms * TICKS_PER_MS
    }

    fn speak(&mut self, begins_at: Duration, ends_at: Duration) {
        let mut samples = vec![0; self.packet_ticks() as usize];
        let is_speaking = self.speaker.fill(&mut samples);
        let was_speaking = std::mem::replace(&mut self.was_speaking, is_speaking);
        let is_onset = is_speaking && !was_speaking;
        if self.is_paused {
            self.sender.skip(self.packet_ticks());
            return;
        }
        if is_onset {
            self.onsets.push(begins_at);
        }
        if self.sends_digit(ends_at) {
            self.sender.skip(self.packet_ticks());
        } else if is_speaking || !self.config.suppresses_silence {
            self.send_audio(&samples, is_onset, ends_at);
        } else {
            self.send_noise(ends_at);
        }
    }

    /// True when a digit takes the place of the sound.
    fn sends_digit(&mut self, now: Duration) -> bool {
        let Some(digits) = &mut self.digits else {
            return false;
        };
        let ticks = self.config.ptime_ms * TICKS_PER_MS;
        let (packet, is_digit) = match digits.step(ticks, ticks, self.sender.state().next_timestamp)
        {
            SendStep::Digit(packet) => (packet, true),
            SendStep::Pause(packet) => (packet, false),
            SendStep::Over => {
                self.digits = None;
                return false;
            }
        };
        if let Some(packet) = packet {
            self.send_event(&packet, now);
        }
        is_digit
    }

    fn send_event(&mut self, packet: &EventPacket, now: Duration) {
        self.stats.events += 1;
        let event = PayloadType(EVENT_PAYLOAD_TYPE);
        let header = self
            .sender
            .next_header(event, packet.marker, 0, EVENT_OCTETS, now);
        let header = RtpHeader {
            timestamp: packet.timestamp,
            ..header
        };
        self.send(&header, &packet.event.octets());
    }

    fn send_audio(&mut self, samples: &[i16], is_onset: bool, now: Duration) {
        self.stats.audio += 1;
        let codec = self.config.codec;
        let mut payload = vec![0; codec.octets_for(samples.len())];
        codec.encode(samples, &mut payload);
        let payload_type = codec.static_payload_type().expect("G.711 has one");
        let header = self.sender.next_header(
            PayloadType(payload_type),
            is_onset && self.config.suppresses_silence,
            self.packet_ticks(),
            payload.len(),
            now,
        );
        self.noise_after = Duration::ZERO;
        self.send(&header, &payload);
    }

    fn send_noise(&mut self, now: Duration) {
        if now < self.noise_after {
            self.sender.skip(self.packet_ticks());
            return;
        }
        self.noise_after = now + NOISE_EVERY;
        self.stats.noise += 1;
        let noise = PayloadType(NOISE_PAYLOAD_TYPE);
        let header = self
            .sender
            .next_header(noise, false, self.packet_ticks(), 1, now);
        self.send(&header, &[NOISE_LEVEL]);
    }

    fn send(&mut self, header: &RtpHeader, payload: &[u8]) {
        let mut datagram = vec![0; HEADER_OCTETS];
        header.write(&mut datagram);
        datagram.extend_from_slice(payload);
        self.waiting.push_back(datagram);
    }
}

#[cfg(test)]
mod tests {
    use mediacore_rtp::RtpPacket;
    use mediacore_rtp::event::TelephoneEvent;

    use super::*;

    const CONFIG: TalkerConfig = TalkerConfig {
        voice: Voice::Tone {
            hz: 440.0,
            level_dbfs: -10.0,
        },
        codec: Codec::Pcma,
        ptime_ms: 20,
        suppresses_silence: false,
        drift_ppm: 0,
        ssrc: Ssrc(7),
        first_sequence: 65_534,
        first_timestamp: u32::MAX - 200,
    };

    fn talker(config: TalkerConfig) -> Talker {
        Talker::new(config, &Random::new(1), Duration::from_secs(1))
    }

    fn packets(talker: &mut Talker, until: Duration) -> Vec<(RtpHeader, Vec<u8>)> {
        talker.handle_timeout(until);
        std::iter::from_fn(|| talker.poll())
            .map(|datagram| {
                let packet = RtpPacket::parse(&datagram).expect("it sends RTP");
                (packet.header, packet.payload.to_vec())
            })
            .collect()
    }

    #[test]
    fn a_packet_is_sent_when_it_is_full_and_numbers_wrap() {
        let mut talker = talker(CONFIG);
        assert!(packets(&mut talker, Duration::from_millis(1019)).is_empty());
        let sent = packets(&mut talker, Duration::from_millis(1080));
        let numbers: Vec<u16> = sent.iter().map(|(header, _)| header.sequence).collect();
        assert_eq!(numbers, [65_534, 65_535, 0, 1]);
        let steps = sent.windows(2).map(|pair| {
            let (before, after) = (pair[0].0, pair[1].0);
            after.timestamp.wrapping_sub(before.timestamp)
        });
        assert!(steps.into_iter().all(|step| step == 160));
        assert!(sent.iter().all(|(header, payload)| {
            header.payload_type == PayloadType(8) && payload.len() == 160
        }));
    }

    #[test]
    fn a_fast_clock_sends_more_packets_in_the_same_time() {
        let fast = TalkerConfig {
            drift_ppm: 10_000,
            ..CONFIG
        };
        let minute = Duration::from_secs(61);
        assert_eq!(packets(&mut talker(CONFIG), minute).len(), 3000);
        assert_eq!(packets(&mut talker(fast), minute).len(), 3030);
    }

    #[test]
    fn a_digit_takes_the_place_of_sound_and_its_end_comes_three_times() {
        let mut talker = talker(CONFIG);
        talker.press("5", 60, 40).expect("a digit");
        let sent = packets(&mut talker, Duration::from_secs(2));
        let events: Vec<_> = sent
            .iter()
            .filter(|(header, _)| header.payload_type == PayloadType(EVENT_PAYLOAD_TYPE))
            .collect();
        let ends = events.iter().filter(|(_, payload)| {
            TelephoneEvent::parse(payload).is_some_and(|event| event.is_end)
        });
        assert_eq!((events.len(), ends.count()), (5, 3));
        let timestamp = events[0].0.timestamp;
        assert!(
            events
                .iter()
                .all(|(header, _)| header.timestamp == timestamp)
        );
        assert_eq!(talker.stats().audio, 50 - 3);
        let sequences = sent.windows(2);
        assert!(
            sequences
                .into_iter()
                .all(|pair| pair[1].0.sequence == pair[0].0.sequence.wrapping_add(1))
        );
    }

    #[test]
    fn suppressed_silence_leaves_gaps_in_time_and_marks_what_comes_next() {
        let mut talker = talker(TalkerConfig {
            voice: Voice::Spurts {
                hz: 440.0,
                level_dbfs: -10.0,
                talk: Duration::from_secs(1),
                pause: Duration::from_secs(1),
            },
            suppresses_silence: true,
            ..CONFIG
        });
        let sent = packets(&mut talker, Duration::from_secs(61));
        let marked = sent.iter().filter(|(header, _)| header.marker).count();
        assert_eq!(marked, talker.onsets().len());
        assert!(marked > 20);
        let stats = talker.stats();
        assert!((1000..2000).contains(&stats.audio), "{stats:?}");
        assert!((50..120).contains(&stats.noise), "{stats:?}");
        let (first, last) = (sent[0].0.timestamp, sent[sent.len() - 1].0.timestamp);
        assert!(
            last.wrapping_sub(first) > 58 * 8000,
            "time goes on in silence"
        );
    }

    #[test]
    fn a_paused_talker_says_nothing_and_goes_on_in_time() {
        let mut talker = talker(CONFIG);
        let before = packets(&mut talker, Duration::from_secs(2));
        talker.pause(true);
        assert!(packets(&mut talker, Duration::from_secs(3)).is_empty());
        talker.pause(false);
        let after = packets(&mut talker, Duration::from_secs(4));
        let step = after[0].0.timestamp.wrapping_sub(before[49].0.timestamp);
        assert_eq!((step, after.len()), (51 * 160, 50));
    }
}
