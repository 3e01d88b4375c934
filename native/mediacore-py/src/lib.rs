//! The Python module `mediacore._native`: converts, releases the GIL, calls the engine, returns.

use pyo3::prelude::*;

#[pymodule(gil_used = false)]
mod _native {
    use super::*;

    /// The engine's version, the same as the wheel's.
    #[pyfunction]
    fn version() -> &'static str {
        env!("CARGO_PKG_VERSION")
    }
}
