//! `Source`: the filling half of a source.

use std::sync::Mutex;

use mediacore_engine::SourceWriter;
use pyo3::buffer::PyBuffer;
use pyo3::prelude::*;

/// Takes samples to be played.
#[pyclass(frozen, module = "mediacore._native")]
pub struct Source {
    writer: Mutex<SourceWriter>,
}

impl Source {
    pub fn new(writer: SourceWriter) -> Source {
        Source {
            writer: Mutex::new(writer),
        }
    }

    fn with<T>(&self, ask: impl FnOnce(&mut SourceWriter) -> T) -> T {
        ask(&mut self.writer.lock().expect("no panic holds this lock"))
    }
}

#[pymethods]
impl Source {
    /// Adds what fits, and says how many samples that were.
    fn write(&self, py: Python<'_>, samples: PyBuffer<i16>) -> PyResult<usize> {
        let samples = samples.to_vec(py)?;
        Ok(py.detach(|| self.with(|writer| writer.write(&samples))))
    }

    /// Takes back what was not played yet.
    fn clear(&self) {
        self.with(|writer| writer.clear());
    }

    /// Samples that could be written now.
    fn room(&self) -> usize {
        self.with(|writer| writer.room())
    }

    /// Samples played so far.
    fn played(&self) -> u64 {
        self.with(|writer| writer.played())
    }

    /// Samples that found no room.
    fn overflowed(&self) -> u64 {
        self.with(|writer| writer.overflowed())
    }

    /// Samples of silence that were played for want of written ones.
    fn starved(&self) -> u64 {
        self.with(|writer| writer.starved())
    }
}
