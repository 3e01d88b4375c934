//! `Conference`: who is in it, and how.

use mediacore_engine::{ConferenceId, ConferenceOptions, EngineError, LegId, MemberOptions};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::engine::{Engine, call};

/// Leg, muted, deaf, gain in decibels.
type Member = (u64, bool, bool, f64);

/// One conference of an engine.
#[pyclass(frozen, module = "mediacore._native")]
pub struct Conference {
    engine: Py<Engine>,
    id: ConferenceId,
}

#[pymethods]
impl Conference {
    #[new]
    #[pyo3(signature = (engine, members_max, loudest, near))]
    fn new(
        py: Python<'_>,
        engine: Py<Engine>,
        members_max: usize,
        loudest: Option<usize>,
        near: Option<u64>,
    ) -> PyResult<Conference> {
        let options = ConferenceOptions {
            members_max,
            loudest,
        };
        let native = &engine.get().engine;
        let id = call(py, || native.open_conference(options, near.map(LegId)))?;
        Ok(Conference { engine, id })
    }

    /// Its number.
    fn id(&self) -> u64 {
        self.id.0
    }

    /// Ends it; its members stay open.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        self.ask(py, |engine| engine.close_conference(self.id))
    }

    /// Lets a leg hear and be heard by the members.
    fn join(
        &self,
        py: Python<'_>,
        leg: u64,
        muted: bool,
        deaf: bool,
        gain_db: f64,
    ) -> PyResult<()> {
        let options = MemberOptions {
            is_muted: muted,
            is_deaf: deaf,
            gain_db,
        };
        self.ask(py, |engine| engine.join(self.id, LegId(leg), options))
    }

    /// Lets a member hear nobody.
    fn leave(&self, py: Python<'_>, leg: u64) -> PyResult<()> {
        self.ask(py, |engine| engine.leave(self.id, LegId(leg)))
    }

    /// Changes what is wished for a member; None leaves it as it is.
    fn change(
        &self,
        py: Python<'_>,
        leg: u64,
        muted: Option<bool>,
        deaf: Option<bool>,
        gain_db: Option<f64>,
    ) -> PyResult<()> {
        self.ask(py, |engine| {
            engine.change_member(self.id, LegId(leg), muted, deaf, gain_db)
        })
    }

    /// Who is in it: leg, muted, deaf, gain in decibels.
    fn members(&self, py: Python<'_>) -> PyResult<Vec<Member>> {
        let members = self.ask(py, |engine| engine.members(self.id))?;
        let member = |(leg, options): (LegId, MemberOptions)| {
            (leg.0, options.is_muted, options.is_deaf, options.gain_db)
        };
        Ok(members.into_iter().map(member).collect())
    }

    /// Its figures, by name.
    fn stats<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let stats = self.ask(py, |engine| engine.conference_stats(self.id))?;
        let figures = PyDict::new(py);
        figures.set_item("mixed", stats.mixed)?;
        figures.set_item("talking", stats.talking)?;
        figures.set_item("frames", stats.frames)?;
        figures.set_item("limited_frames", stats.limited_frames)?;
        figures.set_item("shared_encodings", stats.shared_encodings)?;
        figures.set_item("shared_frames", stats.shared_frames)?;
        figures.set_item("tap_dropped_frames", stats.tap_dropped_frames)?;
        Ok(figures)
    }
}

impl Conference {
    fn ask<T: Send>(
        &self,
        py: Python<'_>,
        ask: impl FnOnce(&mediacore_engine::Engine) -> Result<T, EngineError> + Send,
    ) -> PyResult<T> {
        let engine = &self.engine.get().engine;
        call(py, || ask(engine))
    }
}
