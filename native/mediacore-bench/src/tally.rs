//! What became of the measured packets: lost, doubled, late, and how long they took. No socket and no clock.

use crate::pace::FRAME_NS;

/// Later than this after the best of its stream, a packet is late: a phone's buffer has given it up.
const LATE_NS: u64 = 20_000_000;
/// The generator itself was the limit when its send times were late by more than this, at the 99th percentile.
pub const LIMIT_NS: u64 = 2_000_000;

/// Counts packets `first` to `end` (exclusive) of each stream; others belong to the settling or the tail.
#[derive(Debug)]
pub struct Tally {
    first: u32,
    end: u32,
    streams: usize,
    /// When each measured packet arrived after it left, by stream and number.
    transits_ns: Vec<Option<u64>>,
    /// How long after it was due each measured packet left.
    send_late_ns: Vec<u64>,
    duplicates: u64,
    strays: u64,
    send_errors: u64,
}

impl Tally {
    pub fn new(streams: u32, first: u32, end: u32) -> Self {
        assert!(first < end, "nothing to measure: {first}..{end}");
        let streams = streams as usize;
        let packets = streams * (end - first) as usize;
        Self {
            first,
            end,
            streams,
            transits_ns: vec![None; packets],
            send_late_ns: Vec::with_capacity(packets),
            duplicates: 0,
            strays: 0,
            send_errors: 0,
        }
    }

    /// A packet left, so long after it was due.
    pub fn sent(&mut self, number: u32, late_ns: u64, accepted: bool) {
        if (self.first..self.end).contains(&number) {
            self.send_late_ns.push(late_ns);
            self.send_errors += u64::from(!accepted);
        }
    }

    /// A packet of this stream arrived where it should.
    pub fn arrived(&mut self, stream: u32, number: u32, transit_ns: u64) {
        if !(self.first..self.end).contains(&number) {
            return;
        }
        let measured = (self.end - self.first) as usize;
        let place = stream as usize * measured + (number - self.first) as usize;
        match &mut self.transits_ns[place] {
            Some(_) => self.duplicates += 1,
            empty => *empty = Some(transit_ns),
        }
    }

    /// Something arrived that nobody sent, or in the wrong place.
    pub fn stray(&mut self) {
        self.strays += 1;
    }

    /// All of it.
    pub fn result(mut self) -> Outcome {
        let measured = (self.end - self.first) as usize;
        let mut late = 0;
        for stream in self.transits_ns.chunks(measured) {
            let best = stream.iter().flatten().min().copied().unwrap_or_default();
            late += stream
                .iter()
                .flatten()
                .filter(|&transit| transit - best > LATE_NS)
                .count();
        }
        let mut transits: Vec<u64> = self.transits_ns.into_iter().flatten().collect();
        transits.sort_unstable();
        self.send_late_ns.sort_unstable();
        let send_late_p99_ns = percentile(&self.send_late_ns, 99);
        Outcome {
            streams: self.streams,
            seconds: measured as f64 * FRAME_NS as f64 / 1e9,
            sent: self.send_late_ns.len(),
            received: transits.len(),
            late,
            duplicates: self.duplicates,
            strays: self.strays,
            send_errors: self.send_errors,
            transit_ns: [50, 99, 100].map(|percent| percentile(&transits, percent)),
            send_late_p99_ns,
            send_late_max_ns: self.send_late_ns.last().copied().unwrap_or_default(),
            is_limit: send_late_p99_ns > LIMIT_NS,
        }
    }
}

/// What a run found.
#[derive(Debug)]
pub struct Outcome {
    pub streams: usize,
    pub seconds: f64,
    pub sent: usize,
    pub received: usize,
    pub late: usize,
    pub duplicates: u64,
    pub strays: u64,
    pub send_errors: u64,
    /// Median, 99th percentile and maximum.
    pub transit_ns: [u64; 3],
    pub send_late_p99_ns: u64,
    pub send_late_max_ns: u64,
    pub is_limit: bool,
}

impl Outcome {
    /// As one line of JSON.
    pub fn json(&self) -> String {
        let [p50, p99, max] = self.transit_ns.map(milliseconds);
        format!(
            "{{\"event\": \"result\", \"streams\": {}, \"seconds\": {}, \"sent\": {}, \"received\": {}, \"lost\": {}, \
             \"late\": {}, \"duplicates\": {}, \"strays\": {}, \"send_errors\": {}, \"transit_p50_ms\": {p50}, \
             \"transit_p99_ms\": {p99}, \"transit_max_ms\": {max}, \"send_late_p99_ms\": {}, \"send_late_max_ms\": {}, \
             \"is_limit\": {}}}",
            self.streams,
            self.seconds,
            self.sent,
            self.received,
            self.sent - self.received,
            self.late,
            self.duplicates,
            self.strays,
            self.send_errors,
            milliseconds(self.send_late_p99_ns),
            milliseconds(self.send_late_max_ns),
            self.is_limit
        )
    }
}

/// The smallest value that so many percent do not exceed; 0 of nothing.
pub fn percentile(sorted: &[u64], percent: usize) -> u64 {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted
        .get(rank.saturating_sub(1))
        .copied()
        .unwrap_or_default()
}

fn milliseconds(nanoseconds: u64) -> f64 {
    nanoseconds as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    #[test]
    fn a_packet_is_late_against_the_best_of_its_own_stream() {
        let mut tally = Tally::new(2, 10, 13);
        for number in 9..14 {
            for stream in 0..2 {
                tally.sent(number, 0, true);
                let base = if stream == 0 { MS } else { 50 * MS };
                tally.arrived(stream, number, base + u64::from(number == 12) * 21 * MS);
            }
        }
        let outcome = tally.result();
        assert_eq!((outcome.sent, outcome.received), (6, 6));
        assert_eq!(outcome.late, 2);
        assert_eq!(outcome.transit_ns, [22 * MS, 71 * MS, 71 * MS]);
        assert!(!outcome.is_limit);
    }

    #[test]
    fn what_came_twice_makes_up_for_nothing_that_was_lost() {
        let mut tally = Tally::new(1, 0, 3);
        for number in 0..3 {
            tally.sent(number, 0, true);
        }
        tally.arrived(0, 1, MS);
        tally.arrived(0, 1, MS);
        tally.stray();
        let outcome = tally.result();
        assert_eq!(
            (outcome.received, outcome.duplicates, outcome.strays),
            (1, 1, 1)
        );
        assert!(outcome.json().contains("\"lost\": 2,"));
    }

    #[test]
    fn a_generator_that_was_late_itself_says_so() {
        let mut tally = Tally::new(1, 0, 100);
        for number in 0..100 {
            tally.sent(number, if number < 2 { 3 * MS } else { 0 }, number > 0);
        }
        let outcome = tally.result();
        assert!(outcome.is_limit);
        assert_eq!(outcome.send_late_max_ns, 3 * MS);
        assert_eq!(outcome.send_errors, 1);
    }
}
