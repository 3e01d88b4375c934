//! How loud samples are. 0 dBFS is a full-scale sine: RMS 32767 / √2.

/// What silence and everything below it is said to be (the lowest level of RFC 6464).
pub const SILENCE_DBFS: f64 = -127.0;

/// Mean square of a full-scale sine.
const FULL_SCALE_MEAN_SQUARE: f64 = 32_767.0 * 32_767.0 / 2.0;

/// The level of `samples`, not below [`SILENCE_DBFS`]; of none it is that.
pub fn dbfs(samples: &[i16]) -> f64 {
    mean_square_dbfs(sum_of_squares(samples), samples.len() as u64)
}

/// The level over all samples since the last reading.
#[derive(Clone, Debug, Default)]
pub struct LevelMeter {
    sum_of_squares: u64,
    samples: u64,
    peak: u16,
}

impl LevelMeter {
    /// Takes the next samples. Five years of full scale at 8 kHz do not overflow it.
    pub fn receive(&mut self, samples: &[i16]) {
        self.sum_of_squares += sum_of_squares(samples);
        self.samples += samples.len() as u64;
        self.peak = samples
            .iter()
            .fold(self.peak, |peak, sample| peak.max(sample.unsigned_abs()));
    }

    /// The level since the last [`LevelMeter::take`].
    pub fn level_dbfs(&self) -> f64 {
        mean_square_dbfs(self.sum_of_squares, self.samples)
    }

    /// The largest sample since the last [`LevelMeter::take`], 0 to 32768.
    pub fn peak(&self) -> u16 {
        self.peak
    }

    /// Samples since the last [`LevelMeter::take`].
    pub fn samples(&self) -> u64 {
        self.samples
    }

    /// Gives the level and begins anew.
    pub fn take(&mut self) -> f64 {
        std::mem::take(self).level_dbfs()
    }
}

/// The amplitude of a sine at `level_dbfs`; the peak of full scale is 32767.
pub(crate) fn amplitude(level_dbfs: f64) -> f64 {
    32_767.0 * 10_f64.powf(level_dbfs / 20.0)
}

/// Level of a mean square, relative to the full-scale sine's.
pub(crate) fn power_dbfs(mean_square: f64) -> f64 {
    if mean_square > 0.0 {
        (10.0 * (mean_square / FULL_SCALE_MEAN_SQUARE).log10()).max(SILENCE_DBFS)
    } else {
        SILENCE_DBFS
    }
}

fn mean_square_dbfs(sum_of_squares: u64, samples: u64) -> f64 {
    power_dbfs(sum_of_squares as f64 / samples.max(1) as f64)
}

pub(crate) fn sum_of_squares(samples: &[i16]) -> u64 {
    samples
        .iter()
        .map(|&sample| (i32::from(sample) * i32::from(sample)) as u64)
        .sum()
}
