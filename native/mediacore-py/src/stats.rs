//! Statistics as rows of eight-octet words: Rust copies them out, Python reads what it wants of them.

use mediacore_engine::{COLUMNS, EngineStats, Kind, LegStats};
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// Figures that are reckoned from others when a row is read.
const DERIVED: [&str; 4] = ["mos", "send_mos", "one_way_delay_ms", "concealed_ratio"];

/// The names of a row's columns.
pub fn columns() -> Vec<&'static str> {
    COLUMNS
        .iter()
        .map(|(name, _)| *name)
        .chain(DERIVED)
        .collect()
}

/// The format of a row in the words of Python's `struct`.
pub fn format() -> String {
    let letter = |kind: &Kind| match kind {
        Kind::Count => 'Q',
        Kind::Real => 'd',
    };
    let columns: String = COLUMNS.iter().map(|(_, kind)| letter(kind)).collect();
    format!("={columns}{}", "d".repeat(DERIVED.len()))
}

/// One leg's row.
pub fn row(stats: &LegStats) -> Vec<u8> {
    let derived = [
        stats.mos(),
        stats.send_mos(),
        stats.one_way_delay_ms(),
        stats.concealed_ratio(),
    ];
    stats
        .to_words()
        .into_iter()
        .chain(derived.map(f64::to_bits))
        .flat_map(u64::to_ne_bytes)
        .collect()
}

/// The engine's figures by name.
pub fn engine<'py>(py: Python<'py>, stats: &EngineStats) -> PyResult<Bound<'py, PyDict>> {
    let figures = PyDict::new(py);
    figures.set_item("legs", stats.legs)?;
    figures.set_item("bridges", stats.bridges)?;
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
