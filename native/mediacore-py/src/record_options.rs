//! `RecordOptions`: how to record.

use std::time::Duration;

use mediacore_engine::{Engine, EngineError, Place, RecordChannels, RecordFormat};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::cadence::{NativeStep, steps_of};

/// Checked and converted once; the numbers of who hears a beep are looked up when it is used.
#[pyclass(frozen, module = "mediacore._native")]
pub struct RecordOptions {
    options: mediacore_engine::RecordOptions,
    beep: Option<(Vec<NativeStep>, Vec<u64>)>,
}

#[pymethods]
impl RecordOptions {
    #[new]
    #[pyo3(signature = (*, format, mixed, max_ms, max_bytes, max_silence_ms, keeps_pauses, beep))]
    fn new(
        format: &str,
        mixed: bool,
        max_ms: Option<u64>,
        max_bytes: Option<u64>,
        max_silence_ms: Option<u64>,
        keeps_pauses: bool,
        beep: Option<(Vec<NativeStep>, Vec<u64>)>,
    ) -> PyResult<RecordOptions> {
        let format = match format {
            "wav" => RecordFormat::Wav,
            "opus" => RecordFormat::OggOpus,
            other => {
                let message = format!("format={other:?}: 'wav' or 'opus'");
                return Err(PyValueError::new_err(message));
            }
        };
        let channels = if mixed {
            RecordChannels::Mixed
        } else {
            RecordChannels::Stereo
        };
        let options = mediacore_engine::RecordOptions {
            format,
            channels,
            max_duration: max_ms.map(Duration::from_millis),
            max_octets: max_bytes,
            max_silence: max_silence_ms.map(Duration::from_millis),
            keeps_pauses,
            beep: None,
        };
        Ok(RecordOptions { options, beep })
    }
}

impl RecordOptions {
    /// The engine's.
    pub fn native(
        &self,
        place_of: impl Fn(u64) -> Place,
    ) -> Result<mediacore_engine::RecordOptions, EngineError> {
        let mut options = self.options.clone();
        if let Some((steps, to)) = &self.beep {
            let to = to.iter().map(|number| place_of(*number)).collect();
            options.beep = Some(Engine::beep(steps_of(steps.clone()), to)?);
        }
        Ok(options)
    }
}
