//! Statistics as rows of eight-octet words: Rust copies them out, Python reads what it wants of them.

use mediacore_engine::{COLUMNS, EngineStats, Kind, LegStats, WORDS};
use std::os::raw::c_int;
use std::sync::{Arc, Mutex};

use pyo3::exceptions::PyValueError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyMemoryView};

/// The names of a row's columns.
pub fn columns() -> Vec<&'static str> {
    COLUMNS.iter().map(|(name, _)| *name).collect()
}

/// The format of a row in the words of Python's `struct`.
pub fn format() -> String {
    let letter = |kind: &Kind| match kind {
        Kind::Count => 'Q',
        Kind::Real => 'd',
    };
    let columns: String = COLUMNS.iter().map(|(_, kind)| letter(kind)).collect();
    format!("={columns}")
}

/// One leg's row.
pub fn row<'py>(py: Python<'py>, leg: &[u64; WORDS]) -> PyResult<Bound<'py, PyBytes>> {
    PyBytes::new_with(py, leg.len() * 8, |octets| {
        for (octets, word) in octets.as_chunks_mut().0.iter_mut().zip(leg) {
            *octets = word.to_ne_bytes();
        }
        Ok(())
    })
}

type Rows = Vec<[u64; WORDS]>;

/// The memory of the last snapshot that nobody looks at any more: fresh memory of this size costs more than filling it.
#[derive(Debug, Default, Clone)]
pub struct Spare(Arc<Mutex<Rows>>);

impl Spare {
    /// Rows that `fill` leaves, to be read in place; without the GIL.
    pub fn snapshot<'py>(
        &self,
        py: Python<'py>,
        fill: impl FnOnce(&mut Rows) + Send,
    ) -> PyResult<Bound<'py, PyMemoryView>> {
        let snapshot = py.detach(|| {
            let mut rows = std::mem::take(&mut *self.0.lock().expect("no panic holds this lock"));
            fill(&mut rows);
            Snapshot {
                rows,
                spare: self.clone(),
            }
        });
        PyMemoryView::from(Bound::new(py, snapshot)?.as_any())
    }
}

/// Rows of all legs, one after the other, behind Python's buffer protocol: never changed again, never copied.
#[pyclass(frozen, module = "mediacore._native")]
struct Snapshot {
    rows: Rows,
    spare: Spare,
}

#[pymethods]
impl Snapshot {
    /// SAFETY of the caller: Python's, which hands in a view that is its own to fill.
    unsafe fn __getbuffer__(
        slf: Bound<'_, Self>,
        view: *mut ffi::Py_buffer,
        flags: c_int,
    ) -> PyResult<()> {
        let words = slf.get().rows.as_flattened();
        let octets = isize::try_from(size_of_val(words)).expect("memory that there is");
        let begin = words.as_ptr().cast_mut().cast();
        // SAFETY: the view is the caller's to fill. The words live as long as `slf`, of which the view keeps a reference, and are
        // shown as octets that may not be written (1): a wish for writable ones is refused by this very call.
        let status = unsafe { ffi::PyBuffer_FillInfo(view, slf.as_ptr(), begin, octets, 1, flags) };
        match status {
            0 => Ok(()),
            _ => Err(PyErr::fetch(slf.py())),
        }
    }
}

impl Drop for Snapshot {
    fn drop(&mut self) {
        // The last view of them is gone.
        if let Ok(mut spare) = self.spare.0.lock() {
            *spare = std::mem::take(&mut self.rows);
        }
    }
}

/// What is reckoned from a row when somebody looks at it: MOS here and there, one-way delay in ms, part concealed.
pub fn derived(row: &[u8]) -> PyResult<(f64, f64, f64, f64)> {
    let octets = WORDS * 8;
    if row.len() != octets {
        return Err(PyValueError::new_err(format!(
            "a row has {octets} octets, not {}",
            row.len()
        )));
    }
    let mut words = [0; WORDS];
    for (word, octets) in words.iter_mut().zip(row.as_chunks().0) {
        *word = u64::from_ne_bytes(*octets);
    }
    let stats = LegStats::from_words(&words);
    Ok((
        stats.mos(),
        stats.send_mos(),
        stats.one_way_delay_ms(),
        stats.concealed_ratio(),
    ))
}

/// The engine's figures by name.
pub fn engine<'py>(py: Python<'py>, stats: &EngineStats) -> PyResult<Bound<'py, PyDict>> {
    let figures = PyDict::new(py);
    figures.set_item("legs", stats.legs)?;
    figures.set_item("bridges", stats.bridges)?;
    figures.set_item("conferences", stats.conferences)?;
    figures.set_item("ports_in_use", stats.ports_in_use)?;
    figures.set_item("port_pairs", stats.port_pairs)?;
    figures.set_item("sockets", stats.sockets)?;
    figures.set_item("threads", stats.threads)?;
    figures.set_item("busy_s", stats.busy_s)?;
    figures.set_item("wakes", stats.wakes)?;
    figures.set_item("late_ticks", stats.late_ticks)?;
    figures.set_item("events_dropped", stats.events_dropped)?;
    figures.set_item("commands_refused", stats.commands_refused)?;
    Ok(figures)
}
