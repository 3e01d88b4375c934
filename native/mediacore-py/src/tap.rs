//! `Tap`: the listener's half of a tap.

use std::os::fd::RawFd;
use std::time::Duration;

use pyo3::prelude::*;
use pyo3::types::PyBytes;

/// Gives out frames that were heard.
#[pyclass(frozen, module = "mediacore._native")]
pub struct Tap {
    tap: mediacore_engine::Tap,
}

impl Tap {
    pub fn new(tap: mediacore_engine::Tap) -> Tap {
        Tap { tap }
    }
}

#[pymethods]
impl Tap {
    /// All samples that wait, 16 bits each in the machine's order.
    fn read<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        let octets: Vec<u8> = py.detach(|| {
            self.tap
                .read()
                .into_iter()
                .flat_map(i16::to_ne_bytes)
                .collect()
        });
        PyBytes::new(py, &octets)
    }

    /// Waits until there is a frame; false when the time is over, or a signal came.
    fn wait(&self, py: Python<'_>, timeout_s: f64) -> bool {
        py.detach(|| {
            self.tap
                .wait(Duration::try_from_secs_f64(timeout_s.max(0.0)).unwrap_or(Duration::MAX))
        })
    }

    /// Readable while frames wait.
    fn fileno(&self) -> RawFd {
        self.tap.fd()
    }

    /// Frames that made way for newer ones.
    fn dropped_frames(&self) -> u64 {
        self.tap.dropped_frames()
    }
}
