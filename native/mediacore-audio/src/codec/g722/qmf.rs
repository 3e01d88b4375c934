//! The quadrature mirror filters that split 16 kHz into two bands of 8 kHz and join them again (ITU-T G.722 3.1, 4.4). 24
//! taps: each way delays by 11 samples of 16 kHz. Filtered by the block, so that several outputs are reckoned at once.

use super::tables::QMF;

/// Pairs of samples before the block that its first output needs.
const PAST: usize = QMF.len() - 1;
/// Pairs in the longest block: 20 ms.
pub const BLOCK_PAIRS: usize = 160;

/// Outputs that are reckoned at once.
const LANES: usize = 8;
/// The block's last lanes may look beyond it, at what is of no use and not put out.
const LENGTH: usize = PAST + BLOCK_PAIRS + LANES;

/// The two phases of a signal: what was before, and a block.
#[derive(Clone, Debug)]
struct Phases {
    first: [i16; LENGTH],
    second: [i16; LENGTH],
}

impl Phases {
    const SILENT: Phases = Phases {
        first: [0; LENGTH],
        second: [0; LENGTH],
    };

    /// The first phase by every second coefficient, the second by those between: the same ones backwards.
    #[inline(always)]
    fn filter(&self, pairs: usize, mut put: impl FnMut(usize, i32, i32)) {
        for begin in (0..pairs).step_by(LANES) {
            let (mut by_first, mut by_second) = ([0; LANES], [0; LANES]);
            for tap in 0..QMF.len() {
                let (forwards, backwards) = (i32::from(QMF[tap]), i32::from(QMF[PAST - tap]));
                let first = &self.first[begin + tap..][..LANES];
                let second = &self.second[begin + tap..][..LANES];
                for lane in 0..LANES {
                    by_first[lane] += forwards * i32::from(first[lane]);
                    by_second[lane] += backwards * i32::from(second[lane]);
                }
            }
            for lane in 0..LANES.min(pairs - begin) {
                put(begin + lane, by_first[lane], by_second[lane]);
            }
        }
    }

    /// What the block's end leaves for the next one.
    fn pass(&mut self, pairs: usize) {
        self.first.copy_within(pairs..pairs + PAST, 0);
        self.second.copy_within(pairs..pairs + PAST, 0);
    }
}

/// Splits.
#[derive(Clone, Debug)]
pub struct Analysis(Phases);

/// Joins.
#[derive(Clone, Debug)]
pub struct Synthesis(Phases);

impl Default for Analysis {
    fn default() -> Self {
        Self(Phases::SILENT)
    }
}

impl Default for Synthesis {
    fn default() -> Self {
        Self(Phases::SILENT)
    }
}

impl Analysis {
    /// Pairs of samples to a sample of 15 bits in each band.
    ///
    /// # Panics
    /// At more than [`BLOCK_PAIRS`], or where a band has no room.
    #[inline(always)]
    pub fn split(&mut self, samples: &[[i16; 2]], low: &mut [i32], high: &mut [i32]) {
        let phases = &mut self.0;
        let block = phases.first[PAST..]
            .iter_mut()
            .zip(&mut phases.second[PAST..]);
        for ((first, second), pair) in block.zip(samples) {
            [*first, *second] = *pair;
        }
        phases.filter(samples.len(), |place, by_first, by_second| {
            low[place] = ((by_second + by_first) >> 14).clamp(-16_384, 16_383);
            high[place] = ((by_second - by_first) >> 14).clamp(-16_384, 16_383);
        });
        phases.pass(samples.len());
    }
}

impl Synthesis {
    /// A sample of 15 bits in each band to a pair of samples.
    ///
    /// # Panics
    /// At more than [`BLOCK_PAIRS`], or where the bands are shorter than `samples`.
    #[inline(always)]
    pub fn join(&mut self, low: &[i32], high: &[i32], samples: &mut [[i16; 2]]) {
        let phases = &mut self.0;
        let block = phases.first[PAST..]
            .iter_mut()
            .zip(&mut phases.second[PAST..]);
        for ((first, second), (low, high)) in block.zip(low.iter().zip(high)) {
            (*first, *second) = ((low + high) as i16, (low - high) as i16);
        }
        let clip = |sum: i32| (sum >> 11).clamp(-32_768, 32_767) as i16;
        let pairs = samples.len();
        phases.filter(pairs, |place, by_first, by_second| {
            samples[place] = [clip(by_second), clip(by_first)];
        });
        phases.pass(pairs);
    }
}
