//! Packet indices: sixteen bits on the wire, forty-eight by which packets are told apart (RFC 3711 3.3.1), and the
//! window that knows which of them were taken (3.3.2).

/// Indices that are remembered behind the highest; RFC 3711 3.3.2 wants 64 at least.
pub const WINDOW: u64 = 128;

/// Indices end here: then the key is used up.
pub const RTP_INDEX_END: u64 = 1 << 48;
/// The same for RTCP.
pub const RTCP_INDEX_END: u64 = 1 << 31;

/// Why an index is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replay {
    /// It was taken before.
    Seen,
    /// So far behind that nobody knows.
    TooOld,
}

/// Which indices of one stream were taken.
#[derive(Clone, Debug, Default)]
pub struct ReplayWindow {
    highest: Option<u64>,
    // Bit n stands for `highest - n`.
    taken: u128,
}

impl ReplayWindow {
    /// As if all up to `highest` had been taken: for a stream that was followed elsewhere.
    pub fn after(highest: u64) -> ReplayWindow {
        ReplayWindow {
            highest: Some(highest),
            taken: u128::MAX,
        }
    }

    /// The highest index taken.
    pub fn highest(&self) -> Option<u64> {
        self.highest
    }

    /// Whether this index may still be taken.
    pub fn judge(&self, index: u64) -> Result<(), Replay> {
        let Some(highest) = self.highest else {
            return Ok(());
        };
        match highest.checked_sub(index) {
            None => Ok(()),
            Some(behind) if behind >= WINDOW => Err(Replay::TooOld),
            Some(behind) if self.taken >> behind & 1 == 1 => Err(Replay::Seen),
            Some(_) => Ok(()),
        }
    }

    /// Notes an index that was judged, and whose packet proved genuine.
    pub fn take(&mut self, index: u64) {
        let highest = self.highest.unwrap_or(index);
        if index > highest || self.highest.is_none() {
            let ahead = index - highest;
            self.taken = match ahead {
                0..WINDOW => self.taken << ahead | 1,
                _ => 1,
            };
            self.highest = Some(index);
        } else if highest - index < WINDOW {
            self.taken |= 1 << (highest - index);
        }
    }
}

/// The index of a packet by its sequence number, nearest to the highest so far (RFC 3711 A). None: it would lie before
/// the first packet of all, or behind the last one that the key is for.
pub fn nearest(highest: u64, sequence: u16) -> Option<u64> {
    let (roll_overs, last) = (highest >> 16, highest as u16);
    let roll_overs = if last < 0x8000 && sequence > last && sequence - last > 0x8000 {
        roll_overs.checked_sub(1)?
    } else if last >= 0x8000 && last - 0x8000 > sequence {
        roll_overs + 1
    } else {
        roll_overs
    };
    Some(roll_overs << 16 | u64::from(sequence)).filter(|index| *index < RTP_INDEX_END)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashSet;

    #[test]
    fn sequence_numbers_are_placed_nearest_to_the_highest() {
        assert_eq!(nearest(0, 65_535), None, "before the first packet of all");
        assert_eq!(nearest(65_535, 0), Some(65_536));
        assert_eq!(nearest(65_536, 65_535), Some(65_535));
        assert_eq!(nearest(3 << 16 | 40_000, 100), Some(4 << 16 | 100));
        assert_eq!(nearest(RTP_INDEX_END - 1, 0), None, "the key is used up");
    }

    proptest! {
        #[test]
        fn what_is_less_than_half_a_lap_away_is_found(highest in 40_000..RTP_INDEX_END - 40_000, step in -32_767i64..=32_767) {
            let index = highest.checked_add_signed(step).expect("far from both ends");
            prop_assert_eq!(nearest(highest, index as u16), Some(index));
        }

        #[test]
        fn each_index_is_taken_once(steps in prop::collection::vec(0u64..400, 1..500)) {
            let (mut window, mut model) = (ReplayWindow::default(), HashSet::new());
            let mut front = 1000u64;
            for step in steps {
                let index = (front + step).saturating_sub(200);
                let highest = model.iter().max().copied();
                let is_known = model.contains(&index);
                let is_old = highest.is_some_and(|highest: u64| highest >= index + WINDOW);
                let verdict = window.judge(index);
                let expected = match (is_old, is_known) {
                    (true, _) => Err(Replay::TooOld),
                    (false, true) => Err(Replay::Seen),
                    (false, false) => Ok(()),
                };
                prop_assert_eq!(verdict, expected);
                if verdict.is_ok() {
                    window.take(index);
                    model.insert(index);
                    front = front.max(index);
                }
            }
        }
    }
}
