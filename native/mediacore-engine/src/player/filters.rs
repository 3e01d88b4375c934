//! Resamplers, by the rate of the file and the one that is heard: to reckon one takes milliseconds, and a clone shares it.

use std::sync::Mutex;

use mediacore_audio::{AudioError, Resampler};

use crate::frame::Rate;

/// Filters that are kept for the next file of the same rate; there are no more common rates than that.
const FILTERS_MAX: usize = 16;

/// All that are known.
#[derive(Debug, Default)]
pub struct Filters {
    known: Mutex<Vec<((u32, Rate), Resampler)>>,
}

impl Filters {
    /// One that has not been used.
    pub fn resampler(&self, rate_hz: u32, to: Rate) -> Result<Resampler, AudioError> {
        let mut known = self.known.lock().expect("no panic holds this lock");
        if let Some((_, resampler)) = known.iter().find(|(other, _)| *other == (rate_hz, to)) {
            return Ok(resampler.clone());
        }
        let resampler = Resampler::new(rate_hz, to.hz())
            .map_err(|_| AudioError::Unsupported(format!("{rate_hz} Hz")))?;
        if known.len() < FILTERS_MAX {
            known.push(((rate_hz, to), resampler.clone()));
        }
        Ok(resampler)
    }
}
