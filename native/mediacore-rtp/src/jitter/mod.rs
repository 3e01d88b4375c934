//! The play-out buffer: puts packets back in order, holds them just long enough, and says what the decoder does with
//! each tick. No socket, no clock, no thread, no samples; no allocation after `new`.
//!
//! Delay is reckoned against the fastest packet of the last seconds: a packet with media time *m* is due at
//! *m* + least transit + target. The target follows the 99th percentile of what packets lag behind the fastest (`delay.rs`).
//!
//! | phase | means | leaves it when |
//! |---|---|---|
//! | idle | nothing to play | a packet comes |
//! | held | packets are there, the first is not due | it is due |
//! | playing | one packet per pop; holes are concealed | nothing came for [`CONCEAL_MAX_MS`], or the sender paused |
//!
//! A hole at an empty buffer may be a late packet or a lost one; which of them shows only later. It is concealed
//! without moving on, and the time is *owed*: a late packet is then played (and the delay has grown by what was owed); if the next
//! packet shows a loss, the lost ones are passed over against what is owed, and the delay is as it was.
//!
//! A delay that is off its target is corrected by making what is played shorter or longer (`pace.rs` says when, the decoder does
//! it); where nobody does, or the sound does not bear it, by skipping a packet.

mod delay;
mod pace;
mod peaks;
mod ring;

use std::time::Duration;

use delay::{DelayEstimator, Lag};
pub use pace::Advice;
use pace::{Moment, Pace};
use ring::{Ring, Slot};

use crate::packet::{PayloadType, RtpHeader, Ssrc};
use crate::sequence::{SequenceTracker, Step};

/// Concealment in a row, after which there is nothing to play: the concealer has faded to silence long before.
pub const CONCEAL_MAX_MS: u64 = 120;

/// Milliseconds of too much delay before a packet is skipped; and no less than two packets.
const SKIP_EXCESS_MS: i64 = 40;

/// The line of media time begins anew beyond this, 136 years. Only a sender that makes its timestamps jump for the
/// purpose gets there, and would make the arithmetic overflow.
const MEDIA_MAX_S: u64 = 1 << 32;

/// At most one skip in this time: each is a small splice in the sound.
const SKIP_INTERVAL: Duration = Duration::from_millis(200);

/// What the buffer is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JitterConfig {
    /// Ticks per second of the RTP clock.
    pub clock_rate_hz: u32,
    /// Packets held at most, a power of two. When a newer one comes the oldest is dropped and counted.
    pub slots: usize,
    /// Longest payload; a longer one is dropped and counted.
    pub slot_octets: usize,
    /// Delay target until enough was observed, milliseconds.
    pub start_ms: u32,
    /// Least delay target, milliseconds.
    pub min_ms: u32,
    /// Greatest delay target, milliseconds.
    pub max_ms: u32,
}

impl Default for JitterConfig {
    /// For G.711 in packets of up to 60 ms: 1.28 s of 20 ms packets in 31 kB.
    fn default() -> Self {
        Self {
            clock_rate_hz: 8_000,
            slots: 64,
            slot_octets: 480,
            start_ms: 40,
            min_ms: 20,
            max_ms: 400,
        }
    }
}

/// What the decoder does with this tick.
#[derive(Debug, PartialEq, Eq)]
pub enum Playout<'a> {
    /// Decode this; if it holds no audio (telephone-event) or less than the tick needs, pop again.
    Decode(QueuedPacket<'a>),
    /// Something is missing: conceal this much, in ticks of the RTP clock.
    Conceal {
        /// The length of the packet that is missing.
        duration_ticks: u32,
    },
    /// Nothing to play: the sender is silent, or the first packets are still held.
    Wait,
}

/// A packet in its turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueuedPacket<'a> {
    /// What the payload is.
    pub payload_type: PayloadType,
    /// The marker bit.
    pub marker: bool,
    /// The extended sequence number.
    pub sequence: u64,
    /// The timestamp as it was on the wire.
    pub timestamp: u32,
    /// Its length as given to [`JitterBuffer::insert`].
    pub duration_ticks: u32,
    /// It does not follow what was played before (one was skipped to shorten the delay): splice it in.
    pub is_discontinuous: bool,
    /// The encoded audio.
    pub payload: &'a [u8],
}

/// One moment's counters; all count packets unless the name says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct JitterStats {
    /// Played.
    pub played: u64,
    /// Audio played, milliseconds.
    pub played_ms: f64,
    /// Audio concealed, milliseconds.
    pub concealed_ms: f64,
    /// Came after their turn.
    pub late: u64,
    /// Were in the buffer already.
    pub duplicates: u64,
    /// Dropped since the buffer was full.
    pub overflowed: u64,
    /// Longer than a slot.
    pub oversize: u64,
    /// Far from all others in sequence.
    pub strays: u64,
    /// Silence while audio was missing, after concealment had faded: known when the sender is heard again, milliseconds.
    pub missing_ms: f64,
    /// Taken out to shorten the delay, milliseconds.
    pub shortened_ms: f64,
    /// Put in to lengthen it, milliseconds.
    pub lengthened_ms: f64,
    /// Skipped to shorten the delay.
    pub skipped: u64,
    /// Thrown away when the buffer began anew.
    pub flushed: u64,
    /// How often the buffer began anew: another source, a restart, a jump of the sender's clock.
    pub resyncs: u64,
    /// Delay aimed at, milliseconds behind the fastest packet.
    pub target_ms: f64,
    /// Delay of the packet played last, milliseconds behind the fastest, with what was decoded before it and not yet
    /// played; 0 while nothing is played.
    pub delay_ms: f64,
    /// In the buffer now.
    pub buffered: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Idle,
    Held,
    Playing,
}

/// Nothing came for longer than is concealed.
#[derive(Clone, Copy, Debug)]
struct Outage {
    since: Duration,
    /// So much of it the sender had nothing to say, as showed when it was heard again.
    paused_ns: i64,
}

/// The play-out buffer of one leg; follows one source at a time.
#[derive(Clone, Debug)]
pub struct JitterBuffer {
    config: JitterConfig,
    ring: Ring,
    delay: DelayEstimator,
    tracker: SequenceTracker,
    source: Option<Ssrc>,
    phase: Phase,
    /// The next number to play. While held it may still sink, to `played_until` at the least.
    next_sequence: u64,
    played_until: u64,
    /// Media time at which the next packet should begin, in ticks on a line that does not wrap.
    next_media: i64,
    /// The last timestamp on the same line.
    newest: Option<(u32, i64)>,
    /// Length of the last packet that held audio: what a missing one is taken to be.
    packet_ticks: u32,
    /// Ticks concealed without moving on.
    owed_ticks: u64,
    /// Ticks concealed in a row.
    concealed_run_ticks: u64,
    last_skip_at: Duration,
    pace: Pace,
    /// Decoded and not yet played when a packet is popped.
    left_ns: i64,
    outage: Option<Outage>,
    missing: Duration,
    shortened: Duration,
    lengthened: Duration,
    /// Delay of the last packet played, behind the fastest.
    played_delay_ns: i64,
    is_discontinuous: bool,
    /// The last packet held no audio: there is none to be missed until the next.
    is_in_event: bool,
    played_ticks: u64,
    concealed_ticks: u64,
    counters: JitterStats,
}

impl JitterBuffer {
    /// An empty buffer; allocates all that it will ever need.
    ///
    /// # Panics
    /// If `slots` is no power of two, the clock rate is zero, or the least delay is above the greatest.
    pub fn new(config: JitterConfig) -> Self {
        assert!(config.clock_rate_hz > 0, "an RTP clock of 0 Hz");
        assert!(
            config.min_ms <= config.max_ms,
            "least delay {} ms above greatest {} ms",
            config.min_ms,
            config.max_ms
        );
        Self {
            config,
            ring: Ring::new(config.slots, config.slot_octets),
            delay: DelayEstimator::new(config.start_ms, config.min_ms, config.max_ms),
            tracker: SequenceTracker::default(),
            source: None,
            phase: Phase::Idle,
            next_sequence: 0,
            played_until: 0,
            next_media: 0,
            newest: None,
            packet_ticks: config.clock_rate_hz / 50,
            owed_ticks: 0,
            concealed_run_ticks: 0,
            last_skip_at: Duration::ZERO,
            pace: Pace::default(),
            left_ns: 0,
            outage: None,
            missing: Duration::ZERO,
            shortened: Duration::ZERO,
            lengthened: Duration::ZERO,
            played_delay_ns: 0,
            is_discontinuous: false,
            is_in_event: false,
            played_ticks: 0,
            concealed_ticks: 0,
            counters: JitterStats::default(),
        }
    }

    /// Takes a packet that came at `now`. `duration_ticks` is how much audio it holds, in ticks of the RTP clock: for
    /// G.711 its octets, zero for a telephone-event, which then takes its turn without taking time.
    pub fn insert(
        &mut self,
        header: &RtpHeader,
        payload: &[u8],
        duration_ticks: u32,
        now: Duration,
    ) {
        if self.source != Some(header.ssrc) {
            self.begin_source(header.ssrc);
        }
        let (sequence, step) = self.tracker.receive(header.sequence);
        match step {
            Step::Stray => {
                self.counters.strays += 1;
                return;
            }
            Step::Restart => self.resync(),
            Step::First | Step::Ahead { .. } | Step::Behind { .. } => {}
        }
        if payload.len() > self.config.slot_octets {
            self.counters.oversize += 1;
            return;
        }
        let media = self.media_time(header.timestamp);
        // A telephone-event keeps the timestamp of its beginning, and would look later and later (RFC 4733 2.5.1.1).
        if duration_ticks > 0 {
            self.measure_delay(media, now);
        }
        let slot = Slot::new(sequence, header, media, duration_ticks);
        if self.make_room(slot) {
            if duration_ticks > 0 {
                self.packet_ticks = duration_ticks;
            }
            self.ring.put(slot, payload);
        }
    }

    /// Says what to play at `now`; to be called whenever the decoder has nothing left for the tick. Each answer that is not
    /// `Wait` stands for its length in audio.
    pub fn pop(&mut self, now: Duration) -> Playout<'_> {
        if self.phase == Phase::Held && !self.release(now) || self.phase == Phase::Idle {
            return Playout::Wait;
        }
        self.pass_over_lost();
        let Some(slot) = self.ring.get(self.next_sequence) else {
            return self.conceal(now);
        };
        if self.sender_paused_before(slot) {
            self.close_gap_as_silence();
            if !self.release(now) {
                return Playout::Wait;
            }
        }
        self.skip_if_too_late(now);
        self.play(now)
    }

    /// After a [`Playout::Conceal`] the packet behind what is concealed, if it is here: it may know something of it.
    pub fn following(&self) -> Option<&[u8]> {
        let slot = self.ring.get(self.next_sequence)?;
        (slot.duration_ticks > 0).then(|| self.ring.payload(&slot))
    }

    /// Whether what is decoded should be made shorter or longer; to be asked once per tick, before the first `pop`. `left` is
    /// what was decoded and not yet played, `frame` what each tick plays.
    pub fn advise(&mut self, now: Duration, left: Duration, frame: Duration) -> Advice {
        let (left_ns, frame_ns) = (left.as_nanos() as i64, frame.as_nanos() as i64);
        self.left_ns = left_ns % frame_ns;
        if self.phase != Phase::Playing || self.is_in_event {
            self.pace.begin_anew();
            return Advice::Keep;
        }
        // What was concealed on credit is most often a loss: no delay.
        let owed_ns = self.media_ns(self.owed_ticks as i64);
        // Of packets shorter than a frame several are popped at a tick, and the last one is the one that may be late.
        let packet_ns = self.media_ns(i64::from(self.packet_ticks)).max(1);
        let before_last_ns = (frame_ns - self.left_ns - 1) / packet_ns * packet_ns;
        let waits_ns = left_ns - self.left_ns - before_last_ns;
        let popped_at_ns = self.delay_ns(now) + waits_ns - owed_ns;
        self.pace.advise(Moment {
            now,
            above_target_ns: popped_at_ns - self.delay.target_ns(),
            left_ns: self.left_ns,
            frame_ns,
        })
    }

    /// Whether the next packet is here, and has sound: it may be popped before it is needed.
    pub fn has_next(&self) -> bool {
        self.phase == Phase::Playing
            && self
                .ring
                .get(self.next_sequence)
                .is_some_and(|slot| slot.duration_ticks > 0 && !self.sender_paused_before(slot))
    }

    /// What is decoded bears no change.
    pub fn note_refused(&mut self, now: Duration) {
        self.pace.refused(now);
    }

    /// So much was taken out of what is decoded.
    pub fn note_shortened(&mut self, by: Duration, now: Duration) {
        self.shortened += by;
        self.pace.changed(by.as_nanos() as i64, now);
    }

    /// So much was put into what is decoded.
    pub fn note_lengthened(&mut self, by: Duration, now: Duration) {
        self.lengthened += by;
        self.pace.changed(-(by.as_nanos() as i64), now);
    }

    /// The counters at this moment.
    pub fn stats(&self) -> JitterStats {
        JitterStats {
            played_ms: self.ticks_to_ms(self.played_ticks),
            concealed_ms: self.ticks_to_ms(self.concealed_ticks),
            missing_ms: self.missing.as_secs_f64() * 1000.0,
            shortened_ms: self.shortened.as_secs_f64() * 1000.0,
            lengthened_ms: self.lengthened.as_secs_f64() * 1000.0,
            target_ms: self.delay.target_ns() as f64 / 1e6,
            delay_ms: match self.phase {
                Phase::Playing => (self.played_delay_ns.max(0) + self.left_ns) as f64 / 1e6,
                Phase::Idle | Phase::Held => 0.0,
            },
            buffered: self.ring.len(),
            ..self.counters
        }
    }

    /// Empties the buffer and forgets the source, as after a change of codec; the counters go on.
    pub fn clear(&mut self) {
        self.source = None;
        self.tracker = SequenceTracker::default();
        self.start_over();
    }

    fn begin_source(&mut self, ssrc: Ssrc) {
        if self.source.is_some() {
            self.resync();
        }
        self.source = Some(ssrc);
        self.tracker = SequenceTracker::default();
    }

    fn resync(&mut self) {
        self.counters.resyncs += 1;
        self.start_over();
        self.is_discontinuous = true;
    }

    fn start_over(&mut self) {
        self.counters.flushed += self.ring.len() as u64;
        self.ring.clear();
        self.delay.forget_transit();
        self.pace.begin_anew();
        self.outage = None;
        self.phase = Phase::Idle;
        self.played_until = 0;
        self.owed_ticks = 0;
        self.concealed_run_ticks = 0;
    }

    fn measure_delay(&mut self, media: i64, now: Duration) {
        let media_ns = self.media_ns(media);
        if self.delay.receive(now, media_ns) == Lag::ClockJumped {
            self.resync();
            self.delay.receive(now, media_ns);
        }
    }

    /// Makes the window of the ring hold a packet; false when it is to be dropped (and is counted).
    fn make_room(&mut self, slot: Slot) -> bool {
        let sequence = slot.sequence;
        if sequence < self.played_until
            || self.phase == Phase::Playing && sequence < self.next_sequence
        {
            self.counters.late += 1;
            return false;
        }
        if self.phase == Phase::Idle {
            if sequence == self.played_until && self.sender_paused_before(slot) {
                self.close_gap_as_silence();
            }
            self.note_pause_in_outage(slot);
            self.phase = Phase::Held;
            self.next_sequence = sequence;
            return true;
        }
        if self.ring.get(sequence).is_some() {
            self.counters.duplicates += 1;
            return false;
        }
        if sequence < self.next_sequence {
            return self.sink_to(sequence);
        }
        let slots = self.config.slots as u64;
        if sequence - self.next_sequence >= slots {
            self.drop_before(sequence - slots + 1);
        }
        true
    }

    /// While the first packets are held, one from before them is welcome if all still fit.
    fn sink_to(&mut self, sequence: u64) -> bool {
        let highest = self.tracker.highest().unwrap_or(sequence);
        let fits = highest - sequence < self.config.slots as u64;
        if fits {
            self.next_sequence = sequence;
        } else {
            self.counters.late += 1;
        }
        fits
    }

    fn drop_before(&mut self, first_kept: u64) {
        self.counters.overflowed += self.ring.drop_range(self.next_sequence, first_kept);
        self.next_sequence = first_kept;
        self.is_discontinuous = true;
        self.owed_ticks = 0;
        match self.ring.first_from(first_kept) {
            Some(first) => (self.next_sequence, self.next_media) = (first.sequence, first.media),
            // An outage longer than the buffer: begin as after a pause.
            None => self.phase = Phase::Held,
        }
        self.played_until = first_kept;
    }

    /// Leaves the held phase if the first packet is due. Of several that are due only the last is played: what comes in a lump after a
    /// pause must not become delay, and in silence nobody hears the jump.
    fn release(&mut self, now: Duration) -> bool {
        self.phase = Phase::Held;
        let Some(mut first) = self.ring.first_from(self.next_sequence) else {
            self.phase = Phase::Idle;
            return false;
        };
        if !self.is_due(first, now) {
            return false;
        }
        while let Some(second) = self.ring.first_from(first.sequence + 1)
            && second.duration_ticks > 0
            && first.duration_ticks > 0
            && self.is_due(second, now)
        {
            self.counters.skipped += self.ring.drop_range(first.sequence, second.sequence);
            first = second;
        }
        self.phase = Phase::Playing;
        self.end_outage(now);
        self.next_sequence = first.sequence;
        self.next_media = first.media;
        self.played_until = first.sequence;
        self.owed_ticks = 0;
        self.concealed_run_ticks = 0;
        true
    }

    /// A hole before a packet that is here was a loss: passes over as much of it as was concealed already.
    fn pass_over_lost(&mut self) {
        let Some(first) = self.ring.first_from(self.next_sequence) else {
            return;
        };
        let packet_ticks = u64::from(self.packet_ticks);
        while self.next_sequence < first.sequence {
            let held_no_audio = first.media <= self.next_media;
            if !held_no_audio {
                if self.owed_ticks < packet_ticks {
                    return;
                }
                self.owed_ticks -= packet_ticks;
                self.next_media += packet_ticks as i64;
            }
            self.next_sequence += 1;
        }
        self.played_until = self.next_sequence;
    }

    fn conceal(&mut self, now: Duration) -> Playout<'_> {
        let packet_ticks = u64::from(self.packet_ticks);
        let is_empty = self.ring.first_from(self.next_sequence).is_none();
        if is_empty && self.is_in_event {
            return Playout::Wait;
        }
        if is_empty && self.concealed_run_ticks >= self.ms_to_ticks(CONCEAL_MAX_MS) {
            self.phase = Phase::Idle;
            self.outage = Some(Outage {
                since: now,
                paused_ns: 0,
            });
            return Playout::Wait;
        }
        if is_empty || self.delay_ns(now) < self.delay.target_ns() {
            self.owed_ticks += packet_ticks;
        } else {
            self.next_sequence += 1;
            self.next_media += packet_ticks as i64;
            self.played_until = self.next_sequence;
        }
        self.concealed_run_ticks += packet_ticks;
        self.concealed_ticks += packet_ticks;
        Playout::Conceal {
            duration_ticks: self.packet_ticks,
        }
    }

    /// Numbers follow each other and timestamps do not: silence suppression, or a telephone-event before.
    fn sender_paused_before(&self, slot: Slot) -> bool {
        slot.media - self.next_media > i64::from(self.packet_ticks / 2)
    }

    /// What was concealed while nothing came was a pause of the sender, as shows now: no loss.
    fn close_gap_as_silence(&mut self) {
        self.concealed_ticks -= self.owed_ticks.min(self.concealed_ticks);
        self.owed_ticks = 0;
    }

    /// The first packet after an outage: what numbers that are missing do not account for was a pause of the sender.
    fn note_pause_in_outage(&mut self, slot: Slot) {
        let lost = slot.sequence.saturating_sub(self.played_until) as i64;
        let lost_ticks = lost.saturating_mul(i64::from(self.packet_ticks));
        let gap_ticks = slot.media - self.next_media;
        let paused_ns = self.media_ns(gap_ticks.saturating_sub(lost_ticks).max(0));
        if let Some(outage) = &mut self.outage {
            outage.paused_ns = paused_ns;
        }
    }

    fn end_outage(&mut self, now: Duration) {
        if let Some(Outage { since, paused_ns }) = self.outage.take() {
            let paused = Duration::from_nanos(paused_ns.unsigned_abs());
            self.missing += now.saturating_sub(since).saturating_sub(paused);
        }
    }

    fn skip_if_too_late(&mut self, now: Duration) {
        let packet_ns = self.media_ns(i64::from(self.packet_ticks));
        let excess_ns = self.delay_ns(now) - self.delay.target_ns();
        let is_allowed =
            now.saturating_sub(self.last_skip_at) >= SKIP_INTERVAL && self.pace.may_skip(now);
        if excess_ns <= (2 * packet_ns).max(SKIP_EXCESS_MS * 1_000_000) || !is_allowed {
            return;
        }
        // Only where the next one is here: a skip must not end in a hole.
        let Some(next) = self
            .ring
            .get(self.next_sequence + 1)
            .filter(|next| next.duration_ticks > 0)
        else {
            return;
        };
        self.counters.skipped += self.ring.drop_range(self.next_sequence, next.sequence);
        (self.next_sequence, self.next_media) = (next.sequence, next.media);
        self.is_discontinuous = true;
        self.last_skip_at = now;
    }

    fn play(&mut self, now: Duration) -> Playout<'_> {
        self.played_delay_ns = self.delay_ns(now);
        let slot = self
            .ring
            .take(self.next_sequence)
            .expect("pop() found it there");
        self.next_sequence += 1;
        self.played_until = self.next_sequence;
        self.next_media = slot.media + i64::from(slot.duration_ticks);
        self.owed_ticks = 0;
        self.concealed_run_ticks = 0;
        self.is_in_event = slot.duration_ticks == 0;
        self.counters.played += 1;
        self.played_ticks += u64::from(slot.duration_ticks);
        Playout::Decode(QueuedPacket {
            payload_type: slot.payload_type,
            marker: slot.marker,
            sequence: slot.sequence,
            timestamp: slot.timestamp,
            duration_ticks: slot.duration_ticks,
            is_discontinuous: std::mem::take(&mut self.is_discontinuous),
            payload: self.ring.payload(&slot),
        })
    }

    fn is_due(&self, slot: Slot, now: Duration) -> bool {
        now.as_nanos() as i64
            >= self.media_ns(slot.media) + self.delay.least_transit_ns() + self.delay.target_ns()
    }

    /// How far behind the fastest packet the next one would be played at `now`.
    fn delay_ns(&self, now: Duration) -> i64 {
        now.as_nanos() as i64 - self.media_ns(self.next_media) - self.delay.least_transit_ns()
    }

    /// A timestamp on the line that does not wrap.
    fn media_time(&mut self, timestamp: u32) -> i64 {
        let media = match self.newest {
            Some((newest, media)) => media + i64::from(timestamp.wrapping_sub(newest) as i32),
            None => 0,
        };
        let is_beyond = media.unsigned_abs() / u64::from(self.config.clock_rate_hz) > MEDIA_MAX_S;
        if is_beyond {
            self.resync();
        }
        let media = if is_beyond { 0 } else { media };
        self.newest = Some((timestamp, media));
        media
    }

    fn media_ns(&self, media: i64) -> i64 {
        // Split so that months of ticks do not overflow.
        let rate = i64::from(self.config.clock_rate_hz);
        media.div_euclid(rate) * 1_000_000_000 + media.rem_euclid(rate) * 1_000_000_000 / rate
    }

    fn ms_to_ticks(&self, ms: u64) -> u64 {
        ms * u64::from(self.config.clock_rate_hz) / 1000
    }

    fn ticks_to_ms(&self, ticks: u64) -> f64 {
        ticks as f64 * 1000.0 / f64::from(self.config.clock_rate_hz)
    }
}
