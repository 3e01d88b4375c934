//! What each member of a conference got: lost, late, and whether it was a mix. No socket and no clock.
//!
//! A room has a stream of its own for each member, so a packet cannot be known by what it carries: it is known by its
//! sequence number, and late by how far it is behind the 20 ms rhythm of its stream's best packet.

use crate::pace::FRAME_NS;

/// Later than this behind the best of its stream, a packet is late: a phone's buffer has given it up.
const LATE_NS: i64 = 20_000_000;
/// At both ends of the measured time together a packet more or less is nothing that was lost.
const EDGES: u64 = 2;

/// What came to one member in the measured time.
#[derive(Clone, Debug, Default)]
struct Heard {
    /// Sequence number of the first packet; the others are counted from it.
    first: Option<u16>,
    /// Extended places that came, with their lag behind the first one's rhythm.
    lags_ns: Vec<(i64, i64)>,
    mixes: u64,
    first_at_ns: u64,
}

/// What all members got in `frames` frames of time.
pub struct Hearing {
    frames: u64,
    members: Vec<Heard>,
    strays: u64,
}

/// What became of it.
#[derive(Debug, PartialEq)]
pub struct HeardOutcome {
    pub expected: u64,
    pub received: u64,
    pub late: u64,
    pub duplicates: u64,
    pub mixes: u64,
    pub strays: u64,
    /// Behind the best packet of its stream: 99th percentile and maximum.
    pub lag_p99_ns: i64,
    pub lag_max_ns: i64,
}

impl Hearing {
    pub fn new(members: u32, frames: u32) -> Self {
        Self {
            frames: u64::from(frames),
            members: vec![Heard::default(); members as usize],
            strays: 0,
        }
    }

    /// A packet came to a member.
    pub fn arrived(&mut self, member: u32, sequence: u16, at_ns: u64, is_mix: bool) {
        let heard = &mut self.members[member as usize];
        let first = *heard.first.get_or_insert(sequence);
        if heard.lags_ns.is_empty() {
            heard.first_at_ns = at_ns;
        }
        // On the 16-bit circle the upper half is the past (RFC 1982): a measured time is far shorter than half of it.
        let place = i64::from(sequence.wrapping_sub(first).cast_signed());
        let due_ns = heard.first_at_ns.cast_signed() + place * FRAME_NS.cast_signed();
        heard.lags_ns.push((place, at_ns.cast_signed() - due_ns));
        heard.mixes += u64::from(is_mix);
    }

    /// Something came that is no audio.
    pub fn stray(&mut self) {
        self.strays += 1;
    }

    /// All of it.
    pub fn result(mut self) -> HeardOutcome {
        let mut told = HeardOutcome {
            expected: 0,
            received: 0,
            late: 0,
            duplicates: 0,
            mixes: 0,
            strays: self.strays,
            lag_p99_ns: 0,
            lag_max_ns: 0,
        };
        let mut lags = Vec::new();
        for heard in &mut self.members {
            let came = heard.lags_ns.len() as u64;
            heard.lags_ns.sort_unstable();
            heard.lags_ns.dedup_by_key(|&mut (place, _)| place);
            let received = heard.lags_ns.len() as u64;
            told.duplicates += came - received;
            told.received += received;
            told.expected += expected(&heard.lags_ns, self.frames);
            told.mixes += heard.mixes;
            let best = heard.lags_ns.iter().map(|&(_, lag)| lag).min().unwrap_or(0);
            lags.extend(heard.lags_ns.iter().map(|&(_, lag)| lag - best));
        }
        lags.sort_unstable();
        told.late = lags.iter().filter(|&&lag| lag > LATE_NS).count() as u64;
        told.lag_p99_ns = percentile(&lags, 99);
        told.lag_max_ns = lags.last().copied().unwrap_or(0);
        told
    }
}

/// How many should have come: as many as there are numbers, or, from a room that fell behind and skips none, as many as
/// there is time for.
fn expected(sorted: &[(i64, i64)], frames: u64) -> u64 {
    let (Some(first), Some(last)) = (sorted.first(), sorted.last()) else {
        return frames;
    };
    let numbers = u64::try_from(last.0 - first.0 + 1).expect("sorted");
    if numbers + EDGES < frames {
        frames
    } else {
        numbers
    }
}

fn percentile(sorted: &[i64], percent: usize) -> i64 {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted
        .get(rank.saturating_sub(1))
        .copied()
        .unwrap_or_default()
}

impl HeardOutcome {
    /// As one line of JSON, with how late the generator itself sent (99th percentile), and whether it was the limit.
    pub fn json(
        &self,
        members: u32,
        seconds: f64,
        send_late_p99_ns: u64,
        is_limit: bool,
    ) -> String {
        format!(
            "{{\"event\": \"result\", \"members\": {members}, \"seconds\": {seconds}, \"expected\": {}, \
             \"received\": {}, \"late\": {}, \"duplicates\": {}, \"mixes\": {}, \"strays\": {}, \"lag_p99_ms\": {}, \
             \"lag_max_ms\": {}, \"send_late_p99_ms\": {}, \"is_limit\": {is_limit}}}",
            self.expected,
            self.received,
            self.late,
            self.duplicates,
            self.mixes,
            self.strays,
            self.lag_p99_ns as f64 / 1e6,
            self.lag_max_ns as f64 / 1e6,
            send_late_p99_ns as f64 / 1e6,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: u64 = FRAME_NS;

    #[test]
    fn a_stream_that_keeps_its_rhythm_loses_nothing_over_the_wrap_of_its_numbers() {
        let mut hearing = Hearing::new(1, 10);
        for number in 0..10_u16 {
            let at = 1000 + u64::from(number) * FRAME;
            hearing.arrived(0, 65_530_u16.wrapping_add(number), at, true);
        }
        let told = hearing.result();
        assert_eq!((told.expected, told.received, told.mixes), (10, 10, 10));
        assert_eq!((told.late, told.lag_max_ns), (0, 0));
    }

    #[test]
    fn a_hole_is_lost_and_a_packet_behind_the_rhythm_is_late() {
        let mut hearing = Hearing::new(1, 5);
        for (number, at_ms) in [(0, 5), (1, 20), (2, 61), (4, 80)] {
            hearing.arrived(0, number, at_ms * 1_000_000, false);
        }
        let told = hearing.result();
        assert_eq!((told.expected, told.received, told.late), (5, 4, 1));
        assert_eq!(told.lag_max_ns, 21_000_000);
    }

    #[test]
    fn a_room_that_falls_silent_or_behind_has_lost_what_there_was_time_for() {
        let mut hearing = Hearing::new(2, 100);
        for number in 0..50 {
            hearing.arrived(0, number, u64::from(number) * 2 * FRAME, true);
        }
        let told = hearing.result();
        assert_eq!((told.expected, told.received), (200, 50));
    }

    #[test]
    fn what_came_twice_makes_up_for_nothing() {
        let mut hearing = Hearing::new(1, 2);
        hearing.arrived(0, 7, 0, true);
        hearing.arrived(0, 7, FRAME, true);
        hearing.stray();
        let told = hearing.result();
        assert_eq!((told.received, told.duplicates, told.strays), (1, 1, 1));
        let line = told.json(1, 0.04, 1_000_000, false);
        assert!(line.contains("\"received\": 1, "));
        assert!(line.contains("\"is_limit\": false}"));
    }
}
