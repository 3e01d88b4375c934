//! `Recorder`: a recording that goes on, or has ended.

use pyo3::prelude::*;

use crate::event::{end_name, milliseconds};

/// Tells how far a recording is.
#[pyclass(frozen, module = "mediacore._native")]
pub struct Recorder {
    recorder: mediacore_engine::Recorder,
}

impl Recorder {
    pub fn new(recorder: mediacore_engine::Recorder) -> Recorder {
        Recorder { recorder }
    }
}

#[pymethods]
impl Recorder {
    /// Milliseconds in the file.
    fn duration_ms(&self) -> f64 {
        milliseconds(self.recorder.duration())
    }

    /// Why it ended.
    fn end(&self) -> Option<&'static str> {
        self.recorder.end().map(end_name)
    }
}
