//! Bursts and gaps of loss (RFC 3611 4.7.2 and appendix A.2): a burst is a time in which fewer than 16 packets in a row
//! come between two lost ones; what is lost alone belongs to a gap.

/// Packets that must come in a row to end a burst (Gmin).
pub const GAP_MIN: u64 = 16;

/// How loss lay in time.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct BurstGap {
    /// Part of the packets of bursts that were lost, 0 to 1.
    pub burst_density: f64,
    /// The same for gaps.
    pub gap_density: f64,
    /// Mean length of a burst, packets; 0: there was none.
    pub burst_packets: f64,
    /// Mean length of a gap, packets.
    pub gap_packets: f64,
}

/// Sorts losses into bursts and gaps as they are noticed. Eight counters, whatever comes.
#[derive(Clone, Copy, Debug, Default)]
pub struct BurstGapCounter {
    // Packets that came since the last loss.
    run: u64,
    // A burst that is not over: packets from its first to its last loss, and how many of these were lost.
    burst: (u64, u64),
    bursts: u64,
    burst_packets: u64,
    burst_lost: u64,
    gap_packets: u64,
    gap_lost: u64,
}

impl BurstGapCounter {
    /// One more came.
    pub fn receive(&mut self) {
        self.run += 1;
    }

    /// So many in a row are missing.
    pub fn lose(&mut self, lost: u64) {
        if lost == 0 {
            return;
        }
        if self.burst.1 > 0 && self.run < GAP_MIN {
            self.burst.0 += self.run + lost;
            self.burst.1 += lost;
        } else {
            self.close();
            self.gap_packets += self.run;
            self.burst = (lost, lost);
        }
        self.run = 0;
    }

    /// How it was up to now.
    pub fn figures(&self) -> BurstGap {
        let mut now = *self;
        now.close();
        now.gap_packets += now.run;
        let ratio = |part: u64, all: u64| {
            if all == 0 {
                0.0
            } else {
                part as f64 / all as f64
            }
        };
        BurstGap {
            burst_density: ratio(now.burst_lost, now.burst_packets),
            gap_density: ratio(now.gap_lost, now.gap_packets),
            burst_packets: ratio(now.burst_packets, now.bursts),
            gap_packets: ratio(now.gap_packets, now.bursts + 1),
        }
    }

    /// A loss alone was none of a burst.
    fn close(&mut self) {
        let (packets, lost) = std::mem::take(&mut self.burst);
        if lost > 1 {
            self.bursts += 1;
            self.burst_packets += packets;
            self.burst_lost += lost;
        } else {
            self.gap_packets += packets;
            self.gap_lost += lost;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// `.` came, `x` was lost.
    fn figures(text: &str) -> BurstGap {
        let mut counter = BurstGapCounter::default();
        for part in text.split_inclusive('.') {
            let lost = part.bytes().filter(|octet| *octet == b'x').count();
            counter.lose(lost as u64);
            if part.ends_with('.') {
                counter.receive();
            }
        }
        counter.figures()
    }

    #[test]
    fn without_loss_all_is_gap() {
        let figures = figures(&".".repeat(100));
        assert_eq!((figures.gap_density, figures.burst_density), (0.0, 0.0));
        assert_eq!((figures.gap_packets, figures.burst_packets), (100.0, 0.0));
    }

    #[test]
    fn one_lost_alone_belongs_to_a_gap() {
        let figures = figures(&format!("{}x{}", ".".repeat(50), ".".repeat(49)));
        assert_eq!(figures.burst_density, 0.0);
        assert_eq!(figures.gap_density, 0.01);
    }

    #[test]
    fn losses_with_fewer_than_sixteen_between_them_are_one_burst() {
        let text = format!("{0}x{1}x{0}", ".".repeat(100), ".".repeat(15));
        let close = figures(&text);
        assert_eq!(close.burst_packets, 17.0);
        assert_eq!(close.burst_density, 2.0 / 17.0);
        assert_eq!((close.gap_density, close.gap_packets), (0.0, 100.0));
        let apart = figures(&format!("{0}x{1}x{0}", ".".repeat(100), ".".repeat(16)));
        assert_eq!(apart.burst_packets, 0.0);
        assert_eq!(apart.gap_density, 2.0 / 218.0);
    }

    #[test]
    fn several_in_a_row_are_a_burst() {
        let figures = figures(&format!("{0}xxxxx{0}", ".".repeat(40)));
        assert_eq!((figures.burst_packets, figures.burst_density), (5.0, 1.0));
    }

    proptest! {
        /// Nothing is counted twice or left out.
        #[test]
        fn bursts_and_gaps_are_all_there_is(text in "[.x]{0,400}") {
            let mut counter = BurstGapCounter::default();
            let (mut all, mut lost) = (0, 0);
            for octet in text.bytes() {
                all += 1;
                if octet == b'x' {
                    lost += 1;
                    counter.lose(1);
                } else {
                    counter.receive();
                }
            }
            counter.close();
            prop_assert_eq!(counter.burst_packets + counter.gap_packets + counter.run, all);
            prop_assert_eq!(counter.burst_lost + counter.gap_lost, lost);
            let figures = counter.figures();
            prop_assert!((0.0..=1.0).contains(&figures.burst_density));
            prop_assert!((0.0..=1.0).contains(&figures.gap_density));
        }
    }
}
