//! Statistics as rows of eight-octet words: Rust copies them out, Python reads what it wants of them.

use mediacore_engine::{COLUMNS, EngineStats, Kind, LegStats, WORDS};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

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

/// Rows of legs, one after the other.
pub fn rows<'py>(py: Python<'py>, legs: &[[u64; WORDS]]) -> PyResult<Bound<'py, PyBytes>> {
    let words = legs.as_flattened();
    PyBytes::new_with(py, words.len() * 8, |octets| {
        for (octets, word) in octets.as_chunks_mut().0.iter_mut().zip(words) {
            *octets = word.to_ne_bytes();
        }
        Ok(())
    })
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
