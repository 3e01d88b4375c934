//! The last things that happened in a run, for who has to find out why it went wrong.

use std::collections::VecDeque;
use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use mediacore_engine::Event;
use mediacore_rtp::{RtpPacket, is_rtcp};

/// Entries that are kept; the oldest makes way. About half a second of a call between two.
pub const ENTRIES_MAX: usize = 60;

/// One thing that happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Entry {
    /// A datagram was given to a link; what became of it.
    Sent {
        /// By whom.
        from: SocketAddr,
        /// To whom.
        to: SocketAddr,
        /// What it was.
        what: Digest,
        /// When it arrives; none: never.
        arrives_at: Option<Duration>,
    },
    /// A datagram came to the engine from somebody without a link.
    Intruded {
        /// Whom.
        from: SocketAddr,
        /// What it was.
        what: Digest,
    },
    /// The engine told of something.
    Told(Event),
    /// The test said something.
    Note(String),
}

/// What a datagram is, in short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Digest {
    /// RTP.
    Rtp {
        /// Its payload type.
        payload_type: u8,
        /// Its sequence number.
        sequence: u16,
        /// Its timestamp.
        timestamp: u32,
        /// Its payload's octets.
        octets: usize,
    },
    /// RTCP of so many octets.
    Rtcp(usize),
    /// Something else of so many octets.
    Other(usize),
}

impl Digest {
    /// Of this datagram.
    #[must_use]
    pub fn of(datagram: &[u8]) -> Self {
        match RtpPacket::parse(datagram) {
            _ if is_rtcp(datagram) => Self::Rtcp(datagram.len()),
            Ok(packet) => Self::Rtp {
                payload_type: packet.header.payload_type.0,
                sequence: packet.header.sequence,
                timestamp: packet.header.timestamp,
                octets: packet.payload.len(),
            },
            Err(_) => Self::Other(datagram.len()),
        }
    }
}

/// The newest entries.
#[derive(Clone, Debug)]
pub struct Timeline {
    seed: u64,
    began_at: Duration,
    entries: VecDeque<(Duration, Entry)>,
    left_out: u64,
}

impl Timeline {
    /// Of a run of this seed that begins at this moment.
    #[must_use]
    pub fn new(seed: u64, began_at: Duration) -> Self {
        Self {
            seed,
            began_at,
            entries: VecDeque::with_capacity(ENTRIES_MAX),
            left_out: 0,
        }
    }

    /// Adds what happened.
    pub fn push(&mut self, now: Duration, entry: Entry) {
        if self.entries.len() >= ENTRIES_MAX {
            self.entries.pop_front();
            self.left_out += 1;
        }
        self.entries.push_back((now, entry));
    }
}

impl fmt::Display for Timeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "seed {}; {} entries before these:",
            self.seed, self.left_out
        )?;
        for (at, entry) in &self.entries {
            let since = at.saturating_sub(self.began_at).as_secs_f64();
            writeln!(f, "{since:>11.6} s  {}", Line(*at, entry))?;
        }
        Ok(())
    }
}

/// An entry and its moment.
struct Line<'a>(Duration, &'a Entry);

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.1 {
            Entry::Sent {
                from,
                to,
                what,
                arrives_at: Some(arrives_at),
            } => {
                let ms = (*arrives_at - self.0).as_secs_f64() * 1000.0;
                write!(f, "{from} -> {to}  {what}, {ms:.1} ms")
            }
            Entry::Sent { from, to, what, .. } => write!(f, "{from} -> {to}  {what}, LOST"),
            Entry::Intruded { from, what } => write!(f, "{from} !> engine  {what}"),
            Entry::Told(event) => write!(f, "engine: {event:?}"),
            Entry::Note(note) => f.write_str(note),
        }
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rtp {
                payload_type,
                sequence,
                timestamp,
                octets,
            } => write!(
                f,
                "RTP type {payload_type} number {sequence} time {timestamp}, {octets} octets"
            ),
            Self::Rtcp(octets) => write!(f, "RTCP, {octets} octets"),
            Self::Other(octets) => write!(f, "{octets} octets"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_the_seed_and_the_newest_entries() {
        let mut timeline = Timeline::new(42, Duration::from_secs(1000));
        let from = "192.0.2.1:4000".parse().expect("an address");
        let what = Digest::of(&[0x80, 0, 0, 7, 0, 0, 0, 160, 0, 0, 0, 1, 0xff]);
        for n in 0..ENTRIES_MAX as u64 {
            let now = Duration::from_secs(1000) + Duration::from_millis(20 * n);
            let arrives_at = (n > 0).then_some(now + Duration::from_millis(30));
            timeline.push(
                now,
                Entry::Sent {
                    from,
                    to: from,
                    what,
                    arrives_at,
                },
            );
        }
        let text = timeline.to_string();
        assert!(text.starts_with("seed 42; 0 entries"), "{text}");
        assert!(text.contains("0.000000 s  192.0.2.1:4000 -> 192.0.2.1:4000"));
        assert!(text.contains("RTP type 0 number 7 time 160, 1 octets, LOST"));
        assert!(text.contains("1 octets, 30.0 ms"));
        timeline.push(Duration::from_secs(1002), Entry::Note("the end".to_owned()));
        let text = timeline.to_string();
        assert!(text.contains("1 entries before"), "{text}");
        assert!(text.ends_with("2.000000 s  the end\n"), "{text}");
    }
}
