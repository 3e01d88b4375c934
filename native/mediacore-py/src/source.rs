//! `Source`: the filling half of a source.

use std::sync::Mutex;

use mediacore_engine::LiveSource;
use pyo3::buffer::PyBuffer;
use pyo3::prelude::*;

/// Takes samples to be played.
#[pyclass(frozen, module = "mediacore._native")]
pub struct Source {
    source: Mutex<LiveSource>,
}

impl Source {
    pub fn new(source: LiveSource) -> Source {
        Source {
            source: Mutex::new(source),
        }
    }

    fn with<T>(&self, ask: impl FnOnce(&mut LiveSource) -> T) -> T {
        ask(&mut self.source.lock().expect("no panic holds this lock"))
    }
}

#[pymethods]
impl Source {
    /// Adds what fits, and says how many samples that were.
    fn write(&self, py: Python<'_>, samples: PyBuffer<i16>) -> PyResult<usize> {
        let samples = samples.to_vec(py)?;
        Ok(py.detach(|| self.with(|source| source.write(&samples))))
    }

    /// Takes back what was not played yet.
    fn clear(&self) {
        self.with(|source| source.clear());
    }

    /// Samples that could be written now.
    fn room(&self) -> usize {
        self.with(|source| source.room())
    }

    /// Samples that are still to be played.
    fn pending(&self) -> u64 {
        self.with(|source| source.pending())
    }

    /// Samples played so far.
    fn played(&self) -> u64 {
        self.with(|source| source.played())
    }

    /// Samples that found no room.
    fn overflowed(&self) -> u64 {
        self.with(|source| source.overflowed())
    }

    /// Samples of silence that were played for want of written ones.
    fn starved(&self) -> u64 {
        self.with(|source| source.starved())
    }
}
