//! Steps of tones as Python has them.

use mediacore_engine::{Partial, Step};

/// Frequencies and levels that sound together, and milliseconds; none: for ever.
pub type NativeStep = (Vec<(f64, f64)>, Option<u32>);

/// The engine's.
pub fn steps_of(steps: Vec<NativeStep>) -> Vec<Step> {
    let step = |(partials, duration_ms): NativeStep| Step {
        partials: partials
            .into_iter()
            .map(|(hz, level_dbfs)| Partial { hz, level_dbfs })
            .collect(),
        duration_ms,
    };
    steps.into_iter().map(step).collect()
}
