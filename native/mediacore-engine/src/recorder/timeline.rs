//! Two directions on one clock. A direction may be silent for want of packets, of a codec, or of a media thread that was
//! in time; whatever was not heard is silence, so that what was said at the same moment is at the same place.

use std::time::Duration;

use super::feed::Recorded;
use mediacore_audio::SAMPLE_RATE_HZ;

use crate::frame::FRAME_TIME;
use crate::tap::TapSide;

/// A frame may come so much later than its place and is still put right behind the one before: legs that are bridged
/// change their place in the 20 ms, and a silence of that length would be heard.
const SLACK: u64 = samples_in(Duration::from_millis(60));

/// What has not come so long after its moment will not come.
const LATE: Duration = Duration::from_millis(200);

/// Both directions since the beginning, as far as they were not taken yet.
#[derive(Debug)]
pub struct Timeline {
    zero: Duration,
    taken: u64,
    received: Vec<i16>,
    sent: Vec<i16>,
}

impl Timeline {
    /// Begins at `now`.
    #[must_use]
    pub fn new(now: Duration) -> Timeline {
        Timeline {
            zero: now,
            taken: 0,
            received: Vec::new(),
            sent: Vec::new(),
        }
    }

    /// Takes a frame to its place.
    pub fn receive(&mut self, frame: &Recorded) {
        let place = self.place(frame.at.saturating_sub(FRAME_TIME));
        let taken = self.taken;
        let lane = match frame.side {
            TapSide::Received => &mut self.received,
            TapSide::Sent => &mut self.sent,
        };
        if place > taken + lane.len() as u64 + SLACK {
            pad(lane, taken, place);
        }
        lane.extend_from_slice(&frame.samples);
    }

    /// Gives up what should have come long before `now`.
    pub fn advance(&mut self, now: Duration) {
        let place = self.place(now.saturating_sub(LATE));
        pad(&mut self.received, self.taken, place);
        pad(&mut self.sent, self.taken, place);
    }

    /// Gives up the shorter direction: nothing more will come.
    pub fn finish(&mut self) {
        let place = self.taken + self.received.len().max(self.sent.len()) as u64;
        pad(&mut self.received, self.taken, place);
        pad(&mut self.sent, self.taken, place);
    }

    /// What was heard between two moments never was.
    pub fn leave_out(&mut self, span: Duration) {
        self.zero += span;
    }

    /// What is known of both directions and at most `samples_max` of it: received, sent.
    pub fn take(&mut self, samples_max: u64) -> impl ExactSizeIterator<Item = (i16, i16)> {
        let known = self.received.len().min(self.sent.len());
        let count = usize::try_from(samples_max).map_or(known, |max| max.min(known));
        self.taken += count as u64;
        self.received.drain(..count).zip(self.sent.drain(..count))
    }

    /// Samples taken so far.
    #[must_use]
    pub fn taken(&self) -> u64 {
        self.taken
    }

    fn place(&self, at: Duration) -> u64 {
        samples_in(at.saturating_sub(self.zero))
    }
}

const fn samples_in(span: Duration) -> u64 {
    (span.as_micros() * SAMPLE_RATE_HZ as u128 / 1_000_000) as u64
}

/// Silence up to `place`; of what is longer already nothing is taken away.
fn pad(lane: &mut Vec<i16>, taken: u64, place: u64) {
    let length = usize::try_from(place.saturating_sub(taken)).unwrap_or(usize::MAX);
    if length > lane.len() {
        lane.resize(length, 0);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use mediacore_audio::FRAME_SAMPLES;

    const ZERO: Duration = Duration::from_secs(1000);

    fn frame(side: TapSide, at_ms: u64, value: i16) -> Recorded {
        Recorded {
            side,
            at: ZERO + Duration::from_millis(at_ms),
            samples: [value; FRAME_SAMPLES],
        }
    }

    fn all(timeline: &mut Timeline) -> Vec<(i16, i16)> {
        timeline.take(u64::MAX).collect()
    }

    #[test]
    fn two_directions_of_the_same_moment_are_at_the_same_place() {
        let mut timeline = Timeline::new(ZERO);
        for tick in 1..=50 {
            timeline.receive(&frame(TapSide::Received, 20 * tick, 1));
            timeline.receive(&frame(TapSide::Sent, 20 * tick, 2));
        }
        assert_eq!(all(&mut timeline), vec![(1, 2); 8000]);
        assert_eq!(timeline.taken(), 8000);
    }

    #[test]
    fn a_direction_that_never_comes_is_silence_a_little_later() {
        let mut timeline = Timeline::new(ZERO);
        for tick in 1..=50 {
            timeline.receive(&frame(TapSide::Received, 20 * tick, 1));
        }
        assert_eq!(all(&mut timeline), []);
        timeline.advance(ZERO + Duration::from_secs(1));
        assert_eq!(all(&mut timeline), vec![(1, 0); 6400]);
        timeline.finish();
        assert_eq!(all(&mut timeline), vec![(1, 0); 1600]);
    }

    #[test]
    fn one_who_begins_late_begins_at_his_place() {
        let mut timeline = Timeline::new(ZERO);
        timeline.receive(&frame(TapSide::Sent, 20, 1));
        timeline.receive(&frame(TapSide::Received, 1020, 2));
        timeline.finish();
        let taken = all(&mut timeline);
        assert_eq!(taken.len(), 8160);
        assert_eq!(
            (taken[0], taken[7999], taken[8000]),
            ((0, 1), (0, 0), (2, 0))
        );
    }

    #[test]
    fn a_change_of_place_within_the_frame_leaves_no_gap() {
        let mut timeline = Timeline::new(ZERO);
        for at_ms in [20, 40, 60, 98, 118, 122, 142] {
            timeline.receive(&frame(TapSide::Sent, at_ms, 1));
        }
        timeline.finish();
        assert_eq!(all(&mut timeline), vec![(0, 1); 7 * FRAME_SAMPLES]);
    }

    #[test]
    fn a_pause_is_not_in_the_recording() {
        let mut timeline = Timeline::new(ZERO);
        timeline.receive(&frame(TapSide::Sent, 20, 1));
        timeline.leave_out(Duration::from_secs(60));
        timeline.receive(&frame(TapSide::Sent, 60_040, 2));
        timeline.finish();
        assert_eq!(all(&mut timeline).len(), 2 * FRAME_SAMPLES);
    }

    proptest! {
        /// Whatever comes whenever: both directions are as long as the time that passed, but for what is not given up yet.
        #[test]
        fn no_direction_runs_away_from_the_clock(
            gaps_ms in proptest::collection::vec((0_u64..400, any::<bool>(), any::<bool>()), 1..100),
        ) {
            let mut timeline = Timeline::new(ZERO);
            let mut now_ms = 0;
            for (gap_ms, is_received, is_sent) in gaps_ms {
                now_ms += 20 + gap_ms;
                if is_received {
                    timeline.receive(&frame(TapSide::Received, now_ms, 1));
                }
                if is_sent {
                    timeline.receive(&frame(TapSide::Sent, now_ms, 1));
                }
                timeline.advance(ZERO + Duration::from_millis(now_ms));
                prop_assert!(timeline.take(u64::MAX).all(|(received, sent)| received <= 1 && sent <= 1));
                prop_assert!(timeline.taken() <= now_ms * 8);
                prop_assert!(timeline.taken() + samples_in(LATE) >= now_ms * 8);
            }
        }
    }
}
