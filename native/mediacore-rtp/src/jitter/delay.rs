//! How long to hold packets: learned from how far each lags behind the fastest of the last seconds.
//!
//! Lag is transit (arrival less media time) above the least transit. It needs no common clock with the sender; the
//! least transit is taken over two windows of two seconds, so that it follows clock drift and a new route. Lags are kept
//! in a histogram that forgets: all counts are halved every ten seconds. Where the least transit grows (a longer route),
//! what is in the histogram moves down by as much: it lagged behind what is not there any more.
//!
//! A path that stalls delivers a lump: the first packet of it is late, the others come with it and lag less and
//! less. The lump counts once. Counted by packets, one stall of half a second would keep the delay up for a minute.
//! Stalls that come often are waited for all the same (`peaks.rs`).

use std::time::Duration;

use super::peaks::Peaks;

/// Width of a histogram bucket.
const BUCKET_NS: i64 = 5_000_000;
/// Up to 500 ms; what lags more falls into the last.
const BUCKETS: usize = 100;
/// Packets out of a thousand that the target is to be in time for. One late in a hundred costs 3.6 of R with
/// concealment, and ten milliseconds more for all cost 0.3 (ITU-T G.107).
const IN_TIME_PER_MILLE: u32 = 990;
/// Counts are halved so often,
const HALVE_NS: i64 = 10_000_000_000;
/// but not before so many packets came meanwhile: one in silence suppression sends few, and what is known of the path stays true.
const HALVE_PACKETS: u32 = 100;
/// Until this many packets were seen, the target is not below the one to start with.
const LEARN_PACKETS: u32 = 50;
/// The quantile is looked up once in this many packets.
const UPDATE_EVERY: u32 = 10;
/// Half the memory of the least transit.
const WINDOW_NS: i64 = 2_000_000_000;
/// A lag beyond this is a jump of the sender's clock (hold, re-INVITE), not the network.
const JUMP_NS: i64 = 1_000_000_000;

/// Packets closer together than this came in one lump.
const LUMP_NS: i64 = 5_000_000;

/// What a packet's lag was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lag {
    /// Noted.
    Noted,
    /// More than a second either way: the sender's clock jumped. Nothing was noted.
    ClockJumped,
}

#[derive(Clone, Debug)]
pub(super) struct DelayEstimator {
    start_ns: i64,
    min_ns: i64,
    max_ns: i64,
    target_ns: i64,
    histogram: [u32; BUCKETS],
    total: u32,
    seen: u32,
    halve_at_ns: i64,
    halve_at_seen: u32,
    peaks: Peaks,
    /// The quantile when it was looked up last.
    usual_ns: i64,
    /// What the histogram's lags are behind: the least transit, in whole buckets.
    base_ns: i64,
    /// Least transit in this window and in the one before.
    least: Option<(i64, i64)>,
    window_ends_ns: i64,
    last_arrived_ns: i64,
    last_lag_ns: i64,
    /// What the first of the newest lump lagged.
    lump_lag_ns: i64,
}

impl DelayEstimator {
    pub fn new(start_ms: u32, min_ms: u32, max_ms: u32) -> Self {
        let ns = |ms: u32| i64::from(ms) * 1_000_000;
        let start_ns = ns(start_ms.clamp(min_ms, max_ms));
        Self {
            start_ns,
            min_ns: ns(min_ms),
            max_ns: ns(max_ms),
            target_ns: start_ns,
            histogram: [0; BUCKETS],
            total: 0,
            seen: 0,
            halve_at_ns: 0,
            halve_at_seen: HALVE_PACKETS,
            peaks: Peaks::default(),
            usual_ns: start_ns,
            base_ns: i64::MIN,
            least: None,
            window_ends_ns: 0,
            last_arrived_ns: 0,
            last_lag_ns: 0,
            lump_lag_ns: 0,
        }
    }

    /// Takes a packet's arrival and media time.
    pub fn receive(&mut self, now: Duration, media_ns: i64) -> Lag {
        let now_ns = now.as_nanos() as i64;
        let transit_ns = now_ns - media_ns;
        if self.least.is_some() && (transit_ns - self.least_transit_ns()).abs() > JUMP_NS {
            return Lag::ClockJumped;
        }
        self.note_least(now_ns, transit_ns);
        self.move_base();
        let lag_ns = transit_ns - self.least_transit_ns();
        let is_in_lump = now_ns - self.last_arrived_ns < LUMP_NS && lag_ns < self.last_lag_ns;
        if is_in_lump {
            self.peaks.note(now_ns, self.lump_lag_ns, self.usual_ns);
        } else {
            self.lump_lag_ns = lag_ns;
            self.note_lag(now_ns, lag_ns);
        }
        (self.last_arrived_ns, self.last_lag_ns) = (now_ns, lag_ns);
        Lag::Noted
    }

    /// The least transit of the last seconds; it has no meaning but in differences.
    pub fn least_transit_ns(&self) -> i64 {
        self.least.map_or(0, |(this, before)| this.min(before))
    }

    /// How long after the fastest packet would be there a packet is due.
    pub fn target_ns(&self) -> i64 {
        self.target_ns
    }

    /// Forgets the transit, since another source has another clock. What was learned of the network's jitter is kept:
    /// another source of the same peer most often comes the same way.
    pub fn forget_transit(&mut self) {
        self.least = None;
        self.base_ns = i64::MIN;
    }

    fn note_least(&mut self, now_ns: i64, transit_ns: i64) {
        let (this, before) = self.least.unwrap_or((transit_ns, transit_ns));
        self.least = Some(if now_ns < self.window_ends_ns {
            (this.min(transit_ns), before)
        } else {
            self.window_ends_ns = now_ns + WINDOW_NS;
            (transit_ns, this)
        });
    }

    /// Keeps the histogram behind the least transit. A faster route changes nothing in it: what came before was not slower for that.
    fn move_base(&mut self) {
        let least_ns = self.least_transit_ns();
        let is_unknown = self.base_ns == i64::MIN;
        if is_unknown || least_ns < self.base_ns {
            self.base_ns = least_ns;
            return;
        }
        let buckets = (least_ns - self.base_ns) / BUCKET_NS;
        self.base_ns += buckets * BUCKET_NS;
        let buckets = (buckets as usize).min(BUCKETS - 1);
        if buckets > 0 {
            let fallen: u32 = self.histogram[..buckets].iter().sum();
            self.histogram.copy_within(buckets.., 0);
            self.histogram[BUCKETS - buckets..].fill(0);
            self.histogram[0] += fallen;
        }
    }

    fn note_lag(&mut self, now_ns: i64, lag_ns: i64) {
        let bucket = ((lag_ns / BUCKET_NS) as usize).min(BUCKETS - 1);
        self.histogram[bucket] += 1;
        self.total += 1;
        self.seen = self.seen.saturating_add(1);
        if now_ns >= self.halve_at_ns && self.seen >= self.halve_at_seen {
            self.halve(now_ns);
        }
        if self.seen.is_multiple_of(UPDATE_EVERY) || lag_ns > self.target_ns {
            self.update_target(now_ns);
        }
    }

    fn halve(&mut self, now_ns: i64) {
        if self.halve_at_ns > 0 {
            self.histogram.iter_mut().for_each(|count| *count /= 2);
            self.total = self.histogram.iter().sum();
        }
        self.halve_at_ns = now_ns + HALVE_NS;
        self.halve_at_seen = self.seen.saturating_add(HALVE_PACKETS);
    }

    fn update_target(&mut self, now_ns: i64) {
        let least_ns = if self.seen < LEARN_PACKETS {
            self.start_ns
        } else {
            self.min_ns
        };
        self.usual_ns = self.quantile_ns();
        let expected_ns = self.peaks.expected_ns(now_ns).unwrap_or(0);
        let wanted_ns = self.usual_ns.max(expected_ns);
        self.target_ns = wanted_ns.max(least_ns).min(self.max_ns);
    }

    /// The upper edge of the bucket that the quantile falls into.
    fn quantile_ns(&self) -> i64 {
        // Rounded down: of fewer than a hundred, one may be late.
        let wanted = u64::from(self.total) * u64::from(IN_TIME_PER_MILLE) / 1000;
        let mut sum = 0;
        let full = self.histogram.iter().position(|&count| {
            sum += u64::from(count);
            sum >= wanted
        });
        (full.unwrap_or(BUCKETS - 1) as i64 + 1) * BUCKET_NS
    }
}
