//! Sequence numbers: sixteen bits on the wire, laid out on a 64-bit line that never wraps.
//!
//! A number is placed nearest to the highest one seen (RFC 3711 3.3.1). One far away from it is not believed until
//! the next number follows it (RFC 3550 A.1): a stray packet must not look like 30,000 lost ones, and a sender that
//! restarted must not be ignored for ever.

/// Further ahead than this is a restart rather than loss (RFC 3550 A.1): a minute of 20 ms packets.
pub const DROPOUT_MAX: u64 = 3000;
/// Further behind than this is a restart rather than reordering (RFC 3550 A.1).
pub const MISORDER_MAX: u64 = 100;

/// The line begins one lap in, so that packets from just before the first one have a place too.
const FIRST_LAP: u64 = 1 << 16;

/// Where a packet stands in its stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The first packet of a stream.
    First,
    /// Ahead of all others; `skipped` numbers between were not seen (yet).
    Ahead {
        /// Numbers between the highest so far and this one.
        skipped: u64,
    },
    /// Behind (or equal to) the highest: reordered, or a duplicate.
    Behind {
        /// How many numbers behind the highest; zero is the highest itself again.
        by: u64,
    },
    /// Far away from the others and alone so far: not to be used.
    Stray,
    /// The second in a row far away from the others: the sender restarted, and this is the new beginning. The packet
    /// before it was a [`Step::Stray`].
    Restart,
}

/// Follows one source's sequence numbers.
#[derive(Clone, Debug, Default)]
pub struct SequenceTracker {
    highest: Option<u64>,
    /// The number that would confirm a restart.
    expected_after_stray: Option<u16>,
}

impl SequenceTracker {
    /// Takes the next packet's number; returns its place on the line and what it means. The place of a
    /// [`Step::Stray`] is only a guess.
    pub fn receive(&mut self, sequence: u16) -> (u64, Step) {
        let Some(highest) = self.highest else {
            return (self.begin(FIRST_LAP, sequence), Step::First);
        };
        let extended = nearest(highest, sequence);
        if extended > highest && extended - highest <= DROPOUT_MAX {
            self.highest = Some(extended);
            self.expected_after_stray = None;
            return (
                extended,
                Step::Ahead {
                    skipped: extended - highest - 1,
                },
            );
        }
        if extended <= highest && highest - extended <= MISORDER_MAX {
            return (
                extended,
                Step::Behind {
                    by: highest - extended,
                },
            );
        }
        if self.expected_after_stray == Some(sequence) {
            // A new lap: nothing of the restarted stream may fall on numbers that were used before.
            let next_lap = (highest & !0xffff) + 2 * FIRST_LAP;
            return (self.begin(next_lap, sequence), Step::Restart);
        }
        self.expected_after_stray = Some(sequence.wrapping_add(1));
        (extended, Step::Stray)
    }

    /// The highest number so far on the 64-bit line.
    pub fn highest(&self) -> Option<u64> {
        self.highest
    }

    fn begin(&mut self, lap: u64, sequence: u16) -> u64 {
        let extended = lap | u64::from(sequence);
        self.highest = Some(extended);
        self.expected_after_stray = None;
        extended
    }
}

/// The number on the line nearest to `reference` that ends in `sequence`; of two equally near ones the lower.
pub fn nearest(reference: u64, sequence: u16) -> u64 {
    let ahead = sequence.wrapping_sub(reference as u16);
    if ahead < 0x8000 {
        reference.wrapping_add(u64::from(ahead))
    } else {
        reference.wrapping_sub(u64::from(ahead.wrapping_neg()))
    }
}

/// Whether `a` comes after `b` on the 16-bit circle (RFC 1982).
pub fn is_newer(a: u16, b: u16) -> bool {
    a != b && a.wrapping_sub(b) < 0x8000
}
