//! Who listens to one leg, or to a conference, outside the graph: taps, recordings, a watch for tones, and the level meters.

use std::time::Duration;

use mediacore_audio::{ToneDetector, dbfs};

use crate::event::Event;
use crate::frame::Rate;
use crate::ids::{LegId, RecorderId, TapId};
use crate::outlet::Outlet;
use crate::recorder::RecordFeed;
use crate::resampling::Resampling;
use crate::stats::LegStats;
use crate::tap::{TapFeed, TapSide};

/// Taps on one leg at the same time; one more is refused.
pub const TAPS_MAX: usize = 8;

/// Recordings of one leg at the same time; one more is refused.
pub const RECORDINGS_MAX: usize = 4;

/// The rate that all of them hear at.
const RATE: Rate = Rate::Khz8;

/// Frequencies that one leg watches for; more are refused.
pub const WATCHED_MAX: usize = 16;

/// Milliseconds of a frame.
const FRAME_MS: u64 = mediacore_audio::FRAME_MS as u64;

/// A sample from here on is as loud as its codec can say: µ-law ends at 32,124, A-law at 32,256.
const CLIPPED_FROM: u16 = 32_100;

/// A frame below this holds no voice.
const QUIET_BELOW_DBFS: f64 = -60.0;

/// A block of another kind must come twice before a tone is taken for started or ended: a single one may be a
/// concealed frame, or half a tone.
const BLOCKS_TO_BELIEVE: u32 = 2;

/// Looks for tones in what the peer says.
#[derive(Debug)]
pub struct ToneWatch {
    detector: ToneDetector,
    // The frequency that is on, since when, and how loud it was last.
    on: Option<(f64, Duration)>,
    // What the newest blocks say instead, how many of them in a row, and since when.
    doubt: Option<(Option<f64>, u32, Duration)>,
}

impl ToneWatch {
    /// Looks for these frequencies.
    #[must_use]
    pub fn new(frequencies_hz: &[f64]) -> ToneWatch {
        ToneWatch {
            detector: ToneDetector::new(frequencies_hz, RATE.hz()),
            on: None,
            doubt: None,
        }
    }

    fn receive(&mut self, leg: LegId, frame: &[i16], now: Duration, out: &mut impl Outlet) {
        if !self.detector.receive(frame) {
            return;
        }
        let tone = self.detector.tone();
        let hz = tone.map(|tone| tone.hz);
        if hz == self.on.map(|(hz, _)| hz) {
            self.doubt = None;
            return;
        }
        let (blocks, since) = match self.doubt {
            Some((same, blocks, since)) if same == hz => (blocks + 1, since),
            _ => (1, now),
        };
        if blocks < BLOCKS_TO_BELIEVE {
            self.doubt = Some((hz, blocks, since));
            return;
        }
        self.doubt = None;
        if let Some((hz, started_at)) = self.on.take() {
            out.event(Event::ToneEnded {
                leg,
                hz,
                lasted: since.saturating_sub(started_at),
                at: since,
            });
        }
        if let Some(tone) = tone {
            self.on = Some((tone.hz, since));
            out.event(Event::ToneStarted {
                leg,
                hz: tone.hz,
                level_dbfs: tone.level_dbfs,
                at: since,
            });
        }
    }
}

/// Everybody who listens to one leg.
#[derive(Debug)]
pub struct Listeners {
    taps: Vec<TapFeed>,
    recordings: Vec<RecordFeed>,
    watch: Option<Box<ToneWatch>>,
    // Each direction on its way to `RATE`; narrow-band frames need none.
    received: Resampling,
    sent: Resampling,
}

impl Default for Listeners {
    fn default() -> Listeners {
        Listeners {
            taps: Vec::new(),
            recordings: Vec::new(),
            watch: None,
            received: Resampling::new(RATE),
            sent: Resampling::new(RATE),
        }
    }
}

impl Listeners {
    /// Whether nobody needs the audio.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.taps.is_empty() && self.recordings.is_empty() && self.watch.is_none()
    }

    /// Copies frames to `tap` from now on; gives it back when there are too many.
    pub fn add_tap(&mut self, tap: TapFeed) -> Result<(), TapFeed> {
        if self.taps.len() >= TAPS_MAX {
            return Err(tap);
        }
        self.taps.push(tap);
        Ok(())
    }

    /// Copies no longer.
    pub fn remove_tap(&mut self, id: TapId) -> Option<TapFeed> {
        let index = self.taps.iter().position(|tap| tap.id == id)?;
        Some(self.taps.remove(index))
    }

    /// Records from now on; gives the feed back when there are too many.
    pub fn add_recording(&mut self, feed: RecordFeed) -> Result<(), RecordFeed> {
        if self.recordings.len() >= RECORDINGS_MAX {
            return Err(feed);
        }
        self.recordings.push(feed);
        Ok(())
    }

    /// Records no longer.
    pub fn remove_recording(&mut self, id: RecorderId) -> Option<RecordFeed> {
        let index = self.recordings.iter().position(|feed| feed.id == id)?;
        Some(self.recordings.remove(index))
    }

    /// Watches for tones instead of what was watched for; none: for nothing. Returns the watch before.
    pub fn watch(&mut self, watch: Option<Box<ToneWatch>>) -> Option<Box<ToneWatch>> {
        std::mem::replace(&mut self.watch, watch)
    }

    /// The peer said this.
    pub fn receive(
        &mut self,
        leg: LegId,
        frame: &[i16],
        now: Duration,
        stats: &mut LegStats,
        out: &mut impl Outlet,
    ) {
        stats.receive_level_dbfs = dbfs(frame);
        let is_clipped = frame.iter().any(|it| it.unsigned_abs() >= CLIPPED_FROM);
        stats.receive_clipped_ms += FRAME_MS * u64::from(is_clipped);
        let is_quiet = stats.receive_level_dbfs < QUIET_BELOW_DBFS;
        stats.receive_quiet_ms += FRAME_MS * u64::from(is_quiet);
        stats.tap_dropped_frames += self.copy(TapSide::Received, frame, now);
        if let Some(watch) = &mut self.watch {
            watch.receive(leg, self.received.newest(frame), now, out);
        }
    }

    /// The peer is sent this, so loud.
    pub fn sent(&mut self, frame: &[i16], level_dbfs: f64, now: Duration, stats: &mut LegStats) {
        stats.send_level_dbfs = level_dbfs;
        stats.send_quiet_ms += FRAME_MS * u64::from(level_dbfs < QUIET_BELOW_DBFS);
        stats.tap_dropped_frames += self.copy(TapSide::Sent, frame, now);
    }

    /// Copies to taps and recordings alone; returns how many frames were lost.
    pub fn copy(&mut self, side: TapSide, frame: &[i16], now: Duration) -> u64 {
        if self.is_empty() {
            return 0;
        }
        let frame = match side {
            TapSide::Received => self.received.frame(frame),
            TapSide::Sent => self.sent.frame(frame),
        };
        let frame = frame.try_into().expect("a narrow-band frame");
        let mut dropped = 0;
        for tap in self.taps.iter().filter(|tap| tap.side == side) {
            dropped += u64::from(tap.push(frame));
        }
        for feed in &mut self.recordings {
            dropped += u64::from(feed.push(side, now, frame));
        }
        dropped
    }
}

#[cfg(test)]
mod tests {
    use mediacore_audio::{SILENCE, ToneSource};

    use super::*;
    use crate::outlet::recording::Recorder;

    const LEG: LegId = LegId(5);

    struct Ear {
        listeners: Listeners,
        stats: LegStats,
        out: Recorder,
        now: Duration,
    }

    impl Ear {
        fn watching(frequencies_hz: &[f64]) -> Ear {
            let mut listeners = Listeners::default();
            listeners.watch(Some(Box::new(ToneWatch::new(frequencies_hz))));
            Ear {
                listeners,
                stats: LegStats::default(),
                out: Recorder::default(),
                now: Duration::from_secs(9),
            }
        }

        fn hears(&mut self, tone: &mut ToneSource, frames: usize) {
            for _ in 0..frames {
                let mut frame = SILENCE;
                tone.fill(&mut frame);
                self.listeners
                    .receive(LEG, &frame, self.now, &mut self.stats, &mut self.out);
                self.now += Duration::from_millis(20);
            }
        }
    }

    fn sine(hz: f64) -> ToneSource {
        ToneSource::sine(hz, -12.0, None, 8000)
    }

    #[test]
    fn a_tone_is_told_of_once_with_its_level_and_again_when_it_ends() {
        let mut ear = Ear::watching(&[440.0, 1000.0]);
        ear.hears(&mut sine(440.0), 50);
        ear.hears(&mut sine(2000.0), 10);
        let [
            Event::ToneStarted { hz, level_dbfs, .. },
            Event::ToneEnded { lasted, .. },
        ] = ear.out.events[..]
        else {
            panic!("{:?}", ear.out.events);
        };
        assert_eq!(hz, 440.0);
        assert!((level_dbfs + 12.0).abs() < 0.5, "{level_dbfs}");
        assert_eq!(lasted, Duration::from_secs(1));
        assert!((ear.stats.receive_level_dbfs + 12.0).abs() < 0.1);
        assert_eq!(
            (ear.stats.receive_clipped_ms, ear.stats.receive_quiet_ms),
            (0, 0)
        );
    }

    #[test]
    fn what_is_clipped_and_what_is_quiet_is_measured() {
        let mut ear = Ear::watching(&[440.0]);
        ear.hears(&mut ToneSource::sine(440.0, 3.0, None, 8000), 5);
        ear.hears(&mut ToneSource::sine(440.0, -70.0, None, 8000), 10);
        assert_eq!(ear.stats.receive_clipped_ms, 100);
        assert_eq!(ear.stats.receive_quiet_ms, 200);
    }

    #[test]
    fn one_tone_after_another_is_two_tones() {
        let mut ear = Ear::watching(&[440.0, 1000.0]);
        ear.hears(&mut sine(440.0), 20);
        ear.hears(&mut sine(1000.0), 20);
        let kinds: Vec<(bool, f64)> = ear
            .out
            .events
            .iter()
            .map(|event| match event {
                Event::ToneStarted { hz, .. } => (true, *hz),
                Event::ToneEnded { hz, .. } => (false, *hz),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(kinds, [(true, 440.0), (false, 440.0), (true, 1000.0)]);
    }

    #[test]
    fn a_block_without_the_tone_does_not_end_it() {
        let mut ear = Ear::watching(&[440.0]);
        let mut tone = sine(440.0);
        ear.hears(&mut tone, 20);
        ear.hears(&mut sine(3000.0), 2);
        ear.hears(&mut tone, 20);
        assert_eq!(ear.out.events.len(), 1, "{:?}", ear.out.events);
    }

    #[test]
    fn silence_is_no_tone() {
        let mut ear = Ear::watching(&[440.0]);
        ear.hears(&mut ToneSource::sine(440.0, -90.0, None, 8000), 100);
        assert!(ear.out.events.is_empty());
    }

    #[test]
    fn taps_copy_their_side_alone_and_are_limited() {
        let mut listeners = Listeners::default();
        let (feed, received) =
            crate::tap::tap(TapId(1), TapSide::Received, 4).expect("a descriptor");
        assert!(listeners.add_tap(feed).is_ok());
        let mut stats = LegStats::default();
        listeners.sent(&SILENCE, -127.0, Duration::ZERO, &mut stats);
        assert!(received.read().is_empty());
        listeners.receive(
            LEG,
            &SILENCE,
            Duration::ZERO,
            &mut stats,
            &mut Recorder::default(),
        );
        assert_eq!(received.read().len(), SILENCE.len());
        for id in 2..=TAPS_MAX {
            let (feed, _) =
                crate::tap::tap(TapId(id as u64), TapSide::Sent, 1).expect("a descriptor");
            assert!(listeners.add_tap(feed).is_ok());
        }
        let (feed, _) = crate::tap::tap(TapId(99), TapSide::Sent, 1).expect("a descriptor");
        assert!(listeners.add_tap(feed).is_err());
        assert!(listeners.remove_tap(TapId(1)).is_some());
        assert!(!listeners.is_empty());
    }
}
