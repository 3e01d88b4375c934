//! The Python module `mediacore._native`: converts, releases the GIL, calls the engine, returns.

mod cadence;
mod conference;
mod engine;
mod error;
mod event;
mod params;
mod player;
mod record_options;
mod recorder;
mod source;
mod srtp;
mod stats;
mod tap;

use pyo3::prelude::*;

#[pymodule(gil_used = false)]
mod _native {
    use super::*;

    #[pymodule_export]
    use super::conference::Conference;
    #[pymodule_export]
    use super::engine::Engine;
    #[pymodule_export]
    use super::params::LegParams;
    #[pymodule_export]
    use super::player::Player;
    #[pymodule_export]
    use super::record_options::RecordOptions;
    #[pymodule_export]
    use super::recorder::Recorder;
    #[pymodule_export]
    use super::source::Source;
    #[pymodule_export]
    use super::srtp::Srtp;
    #[pymodule_export]
    use super::tap::Tap;

    /// The engine's version, the same as the wheel's.
    #[pyfunction]
    fn version() -> &'static str {
        env!("CARGO_PKG_VERSION")
    }

    /// What is reckoned from a row when somebody looks at it.
    #[pyfunction]
    fn derived_stats(row: &[u8]) -> PyResult<(f64, f64, f64, f64)> {
        stats::derived(row)
    }

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("STATS_COLUMNS", stats::columns())?;
        module.add("STATS_FORMAT", stats::format())
    }
}
