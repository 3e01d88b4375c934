//! Events as tuples: the name of the class in `mediacore.events`, the number of the leg (or the conference), then the class's other fields in order.

use std::time::Duration;

use mediacore_engine::{Event, RecordEnd};
use pyo3::prelude::*;
use pyo3::types::PyTuple;

/// One event's tuple.
pub fn to_python<'py>(py: Python<'py>, event: Event) -> PyResult<Bound<'py, PyTuple>> {
    match event {
        Event::Latched { leg, remote } => {
            ("Latched", leg.0, (remote.ip().to_string(), remote.port())).into_pyobject(py)
        }
        Event::MediaTimeout { leg, silent } => {
            ("MediaTimeout", leg.0, silent.as_secs_f64()).into_pyobject(py)
        }
        Event::MediaResumed { leg } => ("MediaResumed", leg.0).into_pyobject(py),
        Event::ToneStarted {
            leg,
            hz,
            level_dbfs,
            at,
        } => ("ToneStarted", leg.0, hz, level_dbfs, at.as_secs_f64()).into_pyobject(py),
        Event::ToneEnded {
            leg,
            hz,
            lasted,
            at,
        } => (
            "ToneEnded",
            leg.0,
            hz,
            milliseconds(lasted),
            at.as_secs_f64(),
        )
            .into_pyobject(py),
        Event::DigitPressed { leg, digit, at } => {
            ("DigitPressed", leg.0, digit, at.as_secs_f64()).into_pyobject(py)
        }
        Event::DigitReleased {
            leg,
            digit,
            lasted,
            at,
        } => (
            "DigitReleased",
            leg.0,
            digit,
            milliseconds(lasted),
            at.as_secs_f64(),
        )
            .into_pyobject(py),
        Event::PlayFinished {
            place,
            sound,
            completed,
        } => ("PlayFinished", place.number(), sound.0, completed).into_pyobject(py),
        Event::RecordFinished {
            place,
            recorder,
            reason,
            duration,
        } => (
            "RecordFinished",
            place.number(),
            recorder.0,
            end_name(reason),
            milliseconds(duration),
        )
            .into_pyobject(py),
        Event::TalkerChanged {
            conference,
            leg,
            is_talking,
            at,
        } => (
            "TalkerChanged",
            leg.0,
            conference.0,
            is_talking,
            at.as_secs_f64(),
        )
            .into_pyobject(py),
        Event::RemoteBye { leg } => ("RemoteBye", leg.0).into_pyobject(py),
        Event::Report { leg } => ("Report", leg.0).into_pyobject(py),
    }
}

/// The words of `mediacore.events.RecordEnd`.
pub fn end_name(end: RecordEnd) -> &'static str {
    match end {
        RecordEnd::Closed => "closed",
        RecordEnd::LegClosed => "leg-closed",
        RecordEnd::MaxDuration => "max-duration",
        RecordEnd::MaxOctets => "max-bytes",
        RecordEnd::MaxSilence => "max-silence",
        RecordEnd::DiskFull => "disk-full",
        RecordEnd::WriteFailed => "write-failed",
    }
}

/// Of a span of time.
pub fn milliseconds(span: Duration) -> f64 {
    span.as_secs_f64() * 1000.0
}
