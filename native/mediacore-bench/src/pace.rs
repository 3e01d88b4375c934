//! When each packet is due. No socket and no clock.

/// Between two packets of a stream.
pub const FRAME_NS: u64 = 20_000_000;

/// `streams` streams, a packet each in every frame, evenly spread over it: phones know nothing of each other.
#[derive(Debug)]
pub struct Pace {
    streams: u64,
    started_at_ns: u64,
    sent: u64,
}

/// A packet, and when it should leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    pub stream: u32,
    pub number: u32,
    pub at_ns: u64,
}

impl Pace {
    /// The first packet is due at `started_at_ns`.
    pub fn new(streams: u32, started_at_ns: u64) -> Self {
        assert!(streams > 0, "no streams");
        Self {
            streams: u64::from(streams),
            started_at_ns,
            sent: 0,
        }
    }

    /// The packet whose turn is next.
    pub fn next(&self) -> Due {
        let (number, turn) = (self.sent / self.streams, self.sent % self.streams);
        Due {
            stream: u32::try_from(turn).expect("fewer than the streams"),
            number: u32::try_from(number).expect("years of packets"),
            at_ns: self.started_at_ns + number * FRAME_NS + turn * FRAME_NS / self.streams,
        }
    }

    /// It left.
    pub fn advance(&mut self) {
        self.sent += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_take_turns_and_each_keeps_its_twenty_milliseconds() {
        let mut pace = Pace::new(4, 1000);
        let mut dues = Vec::new();
        for _ in 0..6 {
            dues.push(pace.next());
            pace.advance();
        }
        let turns: Vec<_> = dues.iter().map(|due| (due.stream, due.number)).collect();
        assert_eq!(turns, [(0, 0), (1, 0), (2, 0), (3, 0), (0, 1), (1, 1)]);
        assert_eq!(dues[1].at_ns - dues[0].at_ns, FRAME_NS / 4);
        assert_eq!(dues[4].at_ns - dues[0].at_ns, FRAME_NS);
        assert_eq!(dues[5].at_ns - dues[1].at_ns, FRAME_NS);
    }
}
