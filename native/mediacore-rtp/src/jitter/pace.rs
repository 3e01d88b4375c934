//! Whether what is played next should be made shorter or longer, so that the delay comes back to its target without a packet
//! being dropped or waited for. Decides only; samples are somebody else's.
//!
//! Packets are popped at the decoder's ticks, one frame apart. What is decoded but not played yet, less than a frame, is
//! delay that is good for nothing: the next packet must be there at the same tick with it or without it. So delay comes in
//! steps of a frame, and *excess* is what may go without the next packet being popped before its target.
//!
//! | delay of the next packet | wanted |
//! |---|---|
//! | below the target | longer, until it is popped a tick later |
//! | a frame or more above it | shorter, by whole frames in the end, and what is left decoded |
//! | between | shorter, by what is left decoded |

use std::time::Duration;

/// An excess must have lasted so long: a packet or two that came early are no reason.
const EXCESS_LASTS_NS: i64 = 100_000_000;
/// The least of an excess is that of so long at the most: what was little a second ago may have grown.
const EXCESS_WINDOW_NS: i64 = 500_000_000;
/// A lack must have lasted so long. Shorter, since the next packet may already be too late.
const LACK_LASTS_NS: i64 = 40_000_000;
/// A delay this little above the target counts as at it: the least transit moves by as much from second to second.
const HYSTERESIS_NS: i64 = 5_000_000;
/// Changed at most so much of each second; more than NetEq's listeners noticed, less than a drawl.
const PART_PER_MILLE: i64 = 150;
/// And so much where the delay is off by [`HURRY_NS`] or more: one hears the haste, but the other waits too long for an answer.
const HURRIED_PART_PER_MILLE: i64 = 400;
const HURRY_NS: i64 = 80_000_000;
/// Less than this no period is: 400 Hz.
const CHANGE_MIN_NS: i64 = 2_500_000;
/// After samples that bear no change, others are looked at so much later.
const REFUSED_FOR: Duration = Duration::from_millis(40);
/// What may be saved up of that: the longest period twice.
const SAVED_MAX_NS: i64 = 30_000_000;
/// An excess that the samples would not give up for so long (music, noise, two voices) is taken back by skipping a packet.
const GIVE_UP_NS: i64 = 2_000_000_000;

/// What to do with the audio that is decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Advice {
    /// Play it as it is.
    Keep,
    /// Take out a period, if one repeats.
    Shorten {
        /// No more than this.
        at_most: Duration,
    },
    /// Put in a period, if one repeats.
    Lengthen,
}

/// One moment as the decoder sees it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    pub now: Duration,
    /// Delay at which the next packet will be popped, less the target.
    pub above_target_ns: i64,
    /// What will still be decoded and not played then.
    pub left_ns: i64,
    /// From one tick to the next.
    pub frame_ns: i64,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Pace {
    last_at: Option<Duration>,
    /// Since when there was too much, as far back as is looked, and the least of it since then.
    excess: Option<(Duration, i64)>,
    lack_since: Option<Duration>,
    saved_ns: i64,
    not_before: Duration,
    /// Since when too much is there and nothing gives.
    stuck_since: Option<Duration>,
}

impl Pace {
    /// What to do at this tick; advice, since the samples have the last word.
    pub fn advise(&mut self, moment: Moment) -> Advice {
        let Moment { now, .. } = moment;
        let excess_ns = excess_ns(moment);
        let lack_ns = (-moment.above_target_ns).max(0);
        self.save(now, excess_ns.max(lack_ns) >= HURRY_NS);
        self.excess = (excess_ns > 0).then(|| match self.excess {
            Some((since, least_ns)) if lasted_ns(now, since) < EXCESS_WINDOW_NS => {
                (since, least_ns.min(excess_ns))
            }
            Some(_) | None => (now, excess_ns),
        });
        self.lack_since = (lack_ns > 0).then(|| self.lack_since.unwrap_or(now));
        let is_much = excess_ns >= moment.frame_ns;
        self.stuck_since = is_much.then(|| self.stuck_since.unwrap_or(now));
        if self.saved_ns <= 0 || now < self.not_before {
            return Advice::Keep;
        }
        if let Some((since, least_ns)) = self.excess
            && lasted_ns(now, since) >= EXCESS_LASTS_NS
            && least_ns >= CHANGE_MIN_NS
        {
            let at_most = Duration::from_nanos(least_ns.unsigned_abs());
            return Advice::Shorten { at_most };
        }
        match self.lack_since {
            Some(since) if lasted_ns(now, since) >= LACK_LASTS_NS => Advice::Lengthen,
            Some(_) | None => Advice::Keep,
        }
    }

    /// So much was taken out (above zero) or put in.
    pub fn changed(&mut self, by_ns: i64, now: Duration) {
        self.saved_ns -= by_ns.abs();
        if let Some((_, least_ns)) = &mut self.excess {
            *least_ns -= by_ns;
        }
        if by_ns > 0 {
            self.stuck_since = self.stuck_since.map(|_| now);
        }
    }

    /// The samples did not bear what was advised.
    pub fn refused(&mut self, now: Duration) {
        self.not_before = now + REFUSED_FOR;
    }

    /// Whether a packet may be skipped: nobody shortens what is played, or it does not let itself be shortened.
    pub fn may_skip(&self, now: Duration) -> bool {
        self.last_at.is_none()
            || self
                .stuck_since
                .is_some_and(|since| lasted_ns(now, since) >= GIVE_UP_NS)
    }

    /// What went before has nothing to do with what comes.
    pub fn begin_anew(&mut self) {
        self.excess = None;
        self.lack_since = None;
        self.stuck_since = None;
    }

    fn save(&mut self, now: Duration, is_hurried: bool) {
        let since_ns = self.last_at.map_or(0, |last_at| lasted_ns(now, last_at));
        let per_mille = match is_hurried {
            true => HURRIED_PART_PER_MILLE,
            false => PART_PER_MILLE,
        };
        let saved_ns = since_ns.min(1_000_000_000) * per_mille / 1000;
        self.saved_ns = (self.saved_ns + saved_ns).min(SAVED_MAX_NS);
        self.last_at = Some(now);
    }
}

fn excess_ns(moment: Moment) -> i64 {
    let Moment {
        above_target_ns,
        left_ns,
        frame_ns,
        ..
    } = moment;
    if above_target_ns < 0 {
        return 0;
    }
    let whole_frames = (above_target_ns - HYSTERESIS_NS).max(0) / frame_ns;
    left_ns + whole_frames * frame_ns
}

fn lasted_ns(now: Duration, since: Duration) -> i64 {
    now.saturating_sub(since).as_nanos() as i64
}
