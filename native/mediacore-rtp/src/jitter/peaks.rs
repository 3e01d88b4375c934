//! Stalls that come again and again: a Wi-Fi station that scans, a neighbour that uploads. Too rare for a quantile of
//! packets, too frequent to be heard each time; one that comes alone is not worth a minute of delay.

/// So much above what packets usually lag is a stall.
const ABOVE_NS: i64 = 30_000_000;
/// So many within [`MEMORY_NS`] and they are expected.
const FREQUENT: usize = 3;
const MEMORY_NS: i64 = 12_000_000_000;
/// What comes sooner after a stall belongs to it.
const APART_NS: i64 = 300_000_000;
const KEPT: usize = 8;

#[derive(Clone, Copy, Debug, Default)]
struct Peak {
    at_ns: i64,
    lag_ns: i64,
}

/// The last stalls.
#[derive(Clone, Debug, Default)]
pub(super) struct Peaks {
    kept: [Option<Peak>; KEPT],
    newest: usize,
}

impl Peaks {
    /// Takes what the first packet of a lump lagged, where packets usually lag `usual_ns` at most.
    pub fn note(&mut self, now_ns: i64, lag_ns: i64, usual_ns: i64) {
        if lag_ns < usual_ns + ABOVE_NS {
            return;
        }
        let newest = &mut self.kept[self.newest];
        if let Some(peak) = newest
            && now_ns - peak.at_ns < APART_NS
        {
            peak.lag_ns = peak.lag_ns.max(lag_ns);
            return;
        }
        self.newest = (self.newest + 1) % KEPT;
        self.kept[self.newest] = Some(Peak {
            at_ns: now_ns,
            lag_ns,
        });
    }

    /// How long the longest of them was, where there are many.
    pub fn expected_ns(&self, now_ns: i64) -> Option<i64> {
        let recent = || {
            let kept = self.kept.iter().flatten();
            kept.filter(|peak| now_ns - peak.at_ns < MEMORY_NS)
        };
        let longest = recent().map(|peak| peak.lag_ns).max();
        longest.filter(|_| recent().count() >= FREQUENT)
    }
}
