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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tone::ToneSource;

    fn sine(level_dbfs: f64) -> Vec<i16> {
        let mut samples = vec![0; 8_000];
        ToneSource::sine(1_000.0, level_dbfs, None, 8_000).fill(&mut samples);
        samples
    }

    #[test]
    fn a_full_scale_sine_is_zero_and_a_square_three_more() {
        assert!(dbfs(&sine(0.0)).abs() < 0.01);
        let square: Vec<i16> = [32_767, -32_767].repeat(100);
        assert!((dbfs(&square) - 3.01).abs() < 0.01);
    }

    #[test]
    fn silence_and_nothing_have_a_number() {
        assert_eq!(dbfs(&[0; 160]), SILENCE_DBFS);
        assert_eq!(dbfs(&[]), SILENCE_DBFS);
        assert!(
            dbfs(&[1; 160]) > SILENCE_DBFS,
            "the least that is not silence"
        );
    }

    #[test]
    fn a_meter_takes_all_frames_together_and_begins_anew() {
        let mut meter = LevelMeter::default();
        let samples = sine(-20.0);
        samples.chunks(160).for_each(|frame| meter.receive(frame));
        assert!((meter.level_dbfs() - -20.0).abs() < 0.01);
        assert_eq!((meter.samples(), meter.peak()), (8_000, 3_277));
        assert_eq!(meter.take(), dbfs(&samples));
        assert_eq!((meter.samples(), meter.level_dbfs()), (0, SILENCE_DBFS));
    }

    #[test]
    fn the_lowest_sample_has_a_peak_too() {
        let mut meter = LevelMeter::default();
        meter.receive(&[i16::MIN]);
        assert_eq!(meter.peak(), 32_768);
    }
}
