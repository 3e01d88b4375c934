//! Somebody who hears what is sent to them: a play-out buffer, a decoder and an ear, by a clock of their own. Says what was
//! heard: tones, level, gaps, what was made up, digits, and when talk-spurts began. Holds no socket.

use std::time::Duration;

use mediacore_audio::{
    Codec, Concealer, FRAME_SAMPLES, Frame, LevelMeter, SAMPLE_RATE_HZ, SILENCE, ToneDetector, dbfs,
};
use mediacore_rtp::{
    DigitNotice, EventReceiver, JitterBuffer, JitterConfig, JitterStats, Playout, Receiver,
    ReceiverStats, RtpPacket,
};

use crate::clock::DriftingClock;
use crate::talker::EVENT_PAYLOAD_TYPE;
use crate::wire::{WireLog, WirePacket};

/// A frame below this is silent.
const SILENT_BELOW_DBFS: f64 = -50.0;

/// A sample above this is sound: half the amplitude of a tone at -40 dBFS.
const SOUND_FROM: u16 = 160;

/// So many silent frames go before a talk-spurt: fewer are a hole.
const SILENT_BEFORE_ONSET: u64 = 5;

const FRAME_TIME: Duration = Duration::from_millis(20);

/// Samples between packet and frame: packets of up to 60 ms.
const PENDING_MAX: usize = 4 * FRAME_SAMPLES;

/// How somebody listens.
#[derive(Clone, Debug, PartialEq)]
pub struct ListenerConfig {
    /// Tones to listen for, hertz.
    pub tones_hz: Vec<f64>,
    /// Its clock runs too fast by so many millionths; below zero, too slowly.
    pub drift_ppm: i32,
}

/// A tone that was listened for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ToneHeard {
    /// Its frequency, hertz.
    pub hz: f64,
    /// The part of the time in which it was the one heard, 0 to 1.
    pub ratio: f64,
}

/// What was heard so far.
#[derive(Clone, Debug, PartialEq)]
pub struct Heard {
    /// As the packets came: counts, loss, jitter.
    pub wire: ReceiverStats,
    /// As they were played: what was made up, came late, was skipped.
    pub playout: JitterStats,
    /// Datagrams that are no RTP.
    pub malformed: u64,
    /// Each tone that was listened for.
    pub tones: Vec<ToneHeard>,
    /// RMS level of all frames that were not silent.
    pub level_dbfs: f64,
    /// Runs of silent frames between others. Pauses of who speaks are among them.
    pub gaps: u64,
    /// Frames in those.
    pub gap_frames: u64,
    /// Digits, in the order in which they were pressed.
    pub digits: String,
}

impl Heard {
    /// The part of what was played that was made up, 0 to 1.
    #[must_use]
    pub fn concealed_ratio(&self) -> f64 {
        let all_ms = self.playout.played_ms + self.playout.concealed_ms;
        if all_ms > 0.0 {
            self.playout.concealed_ms / all_ms
        } else {
            0.0
        }
    }

    /// The part of the time in which this tone was heard, 0 to 1.
    #[must_use]
    pub fn tone_ratio(&self, hz: f64) -> f64 {
        let tone = self.tones.iter().find(|tone| tone.hz == hz);
        tone.map_or(0.0, |tone| tone.ratio)
    }
}

/// One at work.
#[derive(Debug)]
pub struct Listener {
    clock: DriftingClock,
    frames: u32,
    receiver: Receiver,
    buffer: JitterBuffer,
    concealer: Concealer,
    pending: Vec<i16>,
    events: EventReceiver,
    ear: Ear,
    wire: WireLog,
    malformed: u64,
    digits: String,
}

/// What reaches the ear.
#[derive(Debug)]
struct Ear {
    detector: ToneDetector,
    blocks: u64,
    blocks_of: Vec<u64>,
    level: LevelMeter,
    silent_run: u64,
    has_heard: bool,
    gaps: u64,
    gap_frames: u64,
    onsets: Vec<Duration>,
}

impl Listener {
    /// Begins to listen at `starts_at`.
    #[must_use]
    pub fn new(config: &ListenerConfig, starts_at: Duration) -> Self {
        Self {
            clock: DriftingClock::new(starts_at, config.drift_ppm),
            frames: 0,
            receiver: Receiver::new(SAMPLE_RATE_HZ),
            buffer: JitterBuffer::new(JitterConfig::default()),
            concealer: Concealer::new(SAMPLE_RATE_HZ),
            pending: Vec::with_capacity(PENDING_MAX),
            events: EventReceiver::default(),
            ear: Ear::new(&config.tones_hz),
            wire: WireLog::default(),
            malformed: 0,
            digits: String::new(),
        }
    }

    /// Takes a datagram that came at `now`.
    pub fn receive(&mut self, datagram: &[u8], now: Duration) {
        let Ok(packet) = RtpPacket::parse(datagram) else {
            self.malformed += 1;
            return;
        };
        let (header, payload) = (packet.header, packet.payload);
        self.wire.push(WirePacket {
            arrived_at: now,
            header,
            octets: payload.len(),
        });
        let arrival = self.receiver.receive(&header, payload.len(), now);
        if arrival.sequence().is_none() {
            return;
        }
        if header.payload_type.0 == EVENT_PAYLOAD_TYPE {
            self.events.receive(&header, payload, now);
            self.note_digits();
        }
        // What is no sound takes its turn without taking time: its number would be missed.
        match codec_of(header.payload_type.0) {
            Some(_) => self
                .buffer
                .insert(&header, payload, payload.len() as u32, now),
            None => self.buffer.insert(&header, &[], 0, now),
        }
    }

    /// When the next frame is to be played.
    #[must_use]
    pub fn next_timeout(&self) -> Duration {
        self.clock.moment(FRAME_TIME * self.frames)
    }

    /// Plays until `now`.
    pub fn handle_timeout(&mut self, now: Duration) {
        while self.next_timeout() <= now {
            let at = self.next_timeout();
            self.frames += 1;
            let frame = self.play(at);
            self.ear.hear(&frame, at);
        }
        self.events.handle_timeout(now);
        self.note_digits();
    }

    /// What was heard so far.
    #[must_use]
    pub fn heard(&self) -> Heard {
        Heard {
            wire: self.receiver.stats(),
            playout: self.buffer.stats(),
            malformed: self.malformed,
            tones: self.ear.tones(),
            level_dbfs: self.ear.level.level_dbfs(),
            gaps: self.ear.gaps,
            gap_frames: self.ear.gap_frames,
            digits: self.digits.clone(),
        }
    }

    /// Every packet that came.
    #[must_use]
    pub fn wire(&self) -> &WireLog {
        &self.wire
    }

    /// When each talk-spurt was heard to begin, in true time.
    #[must_use]
    pub fn onsets(&self) -> &[Duration] {
        &self.ear.onsets
    }

    /// What its reports say.
    #[must_use]
    pub fn receiver_mut(&mut self) -> &mut Receiver {
        &mut self.receiver
    }

    fn note_digits(&mut self) {
        while let Some(notice) = self.events.poll() {
            if let DigitNotice::Pressed { digit } = notice {
                self.digits.push(digit);
            }
        }
    }

    fn play(&mut self, now: Duration) -> Frame {
        while self.pending.len() < FRAME_SAMPLES {
            let mut samples = Vec::new();
            match self.buffer.pop(now) {
                Playout::Wait => break,
                Playout::Conceal { duration_ticks } => {
                    samples.resize(duration_ticks as usize, 0);
                    self.concealer.conceal(&mut samples);
                }
                Playout::Decode(packet) => {
                    if let Some(codec) = codec_of(packet.payload_type.0) {
                        samples.resize(codec.samples_in(packet.payload.len()), 0);
                        codec.decode(packet.payload, &mut samples);
                    }
                    match packet.is_discontinuous {
                        true => self.concealer.receive_discontinuous(&mut samples),
                        false => self.concealer.receive(&mut samples),
                    }
                }
            }
            self.pending.extend(samples);
        }
        let mut frame = SILENCE;
        let played = self.pending.len().min(FRAME_SAMPLES);
        for (sample, played) in frame.iter_mut().zip(self.pending.drain(..played)) {
            *sample = played;
        }
        frame
    }
}

impl Ear {
    fn new(tones_hz: &[f64]) -> Self {
        Self {
            detector: ToneDetector::new(tones_hz, SAMPLE_RATE_HZ),
            blocks: 0,
            blocks_of: vec![0; tones_hz.len()],
            level: LevelMeter::default(),
            silent_run: 0,
            has_heard: false,
            gaps: 0,
            gap_frames: 0,
            onsets: Vec::new(),
        }
    }

    fn hear(&mut self, frame: &Frame, at: Duration) {
        if self.detector.receive(frame) && self.has_heard {
            self.blocks += 1;
            let tone = self.detector.tone().map(|tone| tone.hz);
            let levels = self.detector.levels();
            if let Some(index) = levels.iter().position(|level| Some(level.hz) == tone) {
                self.blocks_of[index] += 1;
            }
        }
        if dbfs(frame) < SILENT_BELOW_DBFS {
            self.silent_run += 1;
        } else {
            self.hear_sound(frame, at);
        }
    }

    fn hear_sound(&mut self, frame: &Frame, at: Duration) {
        self.level.receive(frame);
        let silent_run = std::mem::take(&mut self.silent_run);
        let is_first = !std::mem::replace(&mut self.has_heard, true);
        if silent_run > 0 && !is_first {
            self.gaps += 1;
            self.gap_frames += silent_run;
        }
        if is_first || silent_run >= SILENT_BEFORE_ONSET {
            let loud = |sample: &i16| sample.unsigned_abs() >= SOUND_FROM;
            let samples = frame.iter().position(loud).unwrap_or(0) as u32;
            self.onsets
                .push(at + Duration::from_secs(1) * samples / SAMPLE_RATE_HZ);
        }
    }

    fn tones(&self) -> Vec<ToneHeard> {
        let levels = self.detector.levels().iter();
        let tone = |(level, blocks): (&mediacore_audio::ToneLevel, &u64)| ToneHeard {
            hz: level.hz,
            ratio: *blocks as f64 / self.blocks.max(1) as f64,
        };
        levels.zip(&self.blocks_of).map(tone).collect()
    }
}

/// How long each talk-spurt was under way, from where it was said to where it was heard: for each that was heard, since
/// the latest one said before. True as long as pauses are longer than that; a hole of a tenth of a second in mid-spurt looks
/// like another spurt, so of a lossy call take the median.
#[must_use]
pub fn mouth_to_ear(said: &[Duration], heard: &[Duration]) -> Vec<Duration> {
    let since_latest = |heard: &Duration| {
        let before = said.partition_point(|said| said <= heard);
        Some(*heard - *said.get(before.checked_sub(1)?)?)
    };
    heard.iter().filter_map(since_latest).collect()
}

fn codec_of(payload_type: u8) -> Option<Codec> {
    Codec::ALL
        .into_iter()
        .find(|codec| codec.static_payload_type() == Some(payload_type))
}

#[cfg(test)]
mod tests {
    use mediacore_rtp::Ssrc;

    use super::*;
    use crate::random::Random;
    use crate::talker::{Talker, TalkerConfig};
    use crate::voice::Voice;

    const MS: Duration = Duration::from_millis(1);

    /// A talker and a listener with 30 ms of wire between them, which loses what `is_lost` says.
    fn listen(voice: Voice, seconds: u64, is_lost: impl Fn(usize) -> bool) -> (Talker, Listener) {
        let config = TalkerConfig {
            voice,
            codec: Codec::Pcmu,
            ptime_ms: 20,
            suppresses_silence: false,
            drift_ppm: 0,
            ssrc: Ssrc(7),
            first_sequence: 1,
            first_timestamp: 1,
        };
        let mut talker = Talker::new(config, &Random::new(4), Duration::ZERO);
        let mut listener = Listener::new(
            &ListenerConfig {
                tones_hz: vec![1000.0, 440.0],
                drift_ppm: 0,
            },
            7 * MS,
        );
        for packet in 0..(seconds * 50) as usize {
            let sent_at = talker.next_timeout();
            talker.handle_timeout(sent_at);
            let datagram = talker.poll().expect("one each time");
            listener.handle_timeout(sent_at + 30 * MS);
            if !is_lost(packet) {
                listener.receive(&datagram, sent_at + 30 * MS);
            }
        }
        (talker, listener)
    }

    const TONE: Voice = Voice::Tone {
        hz: 440.0,
        level_dbfs: -12.0,
    };

    #[test]
    fn a_tone_is_heard_as_it_was_said() {
        let (_, listener) = listen(TONE, 10, |_| false);
        let heard = listener.heard();
        assert!(heard.tone_ratio(440.0) > 0.98, "{heard:?}");
        assert_eq!(heard.tone_ratio(1000.0), 0.0);
        assert!((heard.level_dbfs + 12.0).abs() < 0.2, "{heard:?}");
        assert_eq!((heard.gaps, heard.concealed_ratio()), (0, 0.0));
        assert_eq!(listener.wire().sequence_breaks(), 0);
    }

    #[test]
    fn losses_are_concealed_and_outages_are_gaps() {
        let (_, listener) = listen(TONE, 10, |packet| packet % 20 == 10);
        let heard = listener.heard();
        assert!((heard.concealed_ratio() - 0.05).abs() < 0.005, "{heard:?}");
        assert_eq!(heard.gaps, 0, "{heard:?}");
        let (_, listener) = listen(TONE, 10, |packet| (200..250).contains(&packet));
        let heard = listener.heard();
        assert_eq!(heard.gaps, 1, "{heard:?}");
        assert!((40..=52).contains(&heard.gap_frames), "{heard:?}");
    }

    #[test]
    fn talk_spurts_tell_the_delay_from_mouth_to_ear() {
        let spurts = Voice::Spurts {
            hz: 440.0,
            level_dbfs: -12.0,
            talk: Duration::from_secs(1),
            pause: Duration::from_secs(1),
        };
        let (talker, listener) = listen(spurts, 60, |_| false);
        let delays = mouth_to_ear(talker.onsets(), listener.onsets());
        assert!(delays.len() > 20, "{}", delays.len());
        // A packet of 20 ms, a wire of 30, and a buffer that aims at 20 to 40 and plays on a grid of 20.
        let is_right = |delay: &Duration| (70 * MS..=115 * MS).contains(delay);
        assert!(delays.iter().all(is_right), "{delays:?}");
    }

    #[test]
    fn delays_are_those_to_the_latest_onset() {
        let delays = mouth_to_ear(&[10 * MS, 500 * MS], &[5 * MS, 60 * MS, 590 * MS]);
        assert_eq!(delays, [50 * MS, 90 * MS]);
    }

    #[test]
    fn what_is_no_rtp_is_counted() {
        let (_, mut listener) = listen(TONE, 1, |_| false);
        listener.receive(b"hello", 2000 * MS);
        assert_eq!(listener.heard().malformed, 1);
    }
}
