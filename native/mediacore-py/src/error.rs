//! Engine errors as the exceptions of `mediacore.errors`.

use mediacore_engine::EngineError;
use pyo3::exceptions::{PyOSError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyRange;

/// The exception for `error`.
pub fn to_python(py: Python<'_>, error: EngineError) -> PyErr {
    exception(py, error).unwrap_or_else(|failure| failure)
}

fn exception(py: Python<'_>, error: EngineError) -> PyResult<PyErr> {
    let message = error.to_string();
    let errors = py.import("mediacore.errors")?;
    let value = match error {
        EngineError::Os(os) => return Ok(PyOSError::new_err((os.raw_os_error(), message))),
        EngineError::Closed => errors.getattr("EngineClosed")?.call0()?,
        EngineError::NoSuchLeg(leg) => errors.getattr("LegClosed")?.call1((leg.0,))?,
        EngineError::NoSuchConference(conference) => {
            errors.getattr("ConferenceClosed")?.call1((conference.0,))?
        }
        EngineError::ConferenceFull {
            conference,
            members_max,
        } => errors
            .getattr("RoomFull")?
            .call1((conference.0, members_max))?,
        EngineError::NotAMember { leg, conference } => {
            errors.getattr("NotAMember")?.call1((leg.0, conference.0))?
        }
        EngineError::NoTelephoneEvent(leg) => {
            errors.getattr("NoTelephoneEvent")?.call1((leg.0,))?
        }
        EngineError::BadDigits(_) | EngineError::BadCadence(_) | EngineError::BadRate(_) => {
            return Ok(PyValueError::new_err(message));
        }
        EngineError::PortsExhausted(range) => {
            let ports = PyRange::new(py, range.start as isize, range.end as isize)?;
            errors.getattr("PortsExhausted")?.call1((ports,))?
        }
        EngineError::AudioFile { path, error } => errors
            .getattr("BadAudioFile")?
            .call1((path.to_string_lossy(), error.to_string()))?,
        EngineError::TooMany { .. } | EngineError::Stalled => {
            errors.getattr("MediaError")?.call1((message,))?
        }
    };
    Ok(PyErr::from_value(value))
}
