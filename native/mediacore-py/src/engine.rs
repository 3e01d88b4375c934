//! `Engine`: legs and bridges by number; `mediacore` gives them names.

use std::net::SocketAddr;
use std::os::fd::RawFd;
use std::path::PathBuf;
use std::time::Duration;

use mediacore_engine::{
    BridgeId, CodecId, EngineConfig, EngineError, LegId, Opening, Playlist, RecorderId, SoundId,
    TapId, TapSide,
};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyMemoryView, PyTuple};

use crate::cadence::{NativeStep, steps_of};
use crate::error::to_python;
use crate::params::{LegParams, host};
use crate::player::Player;
use crate::record_options::RecordOptions;
use crate::recorder::Recorder;
use crate::source::Source;
use crate::tap::Tap;
use crate::{event, stats};

type Address = (String, u16);

/// Media threads and their legs.
#[pyclass(frozen, module = "mediacore._native")]
pub struct Engine {
    pub(crate) engine: mediacore_engine::Engine,
    spare: stats::Spare,
}

#[pymethods]
impl Engine {
    #[new]
    #[pyo3(signature = (address, first_port, end_port, threads, dscp=0))]
    fn new(
        py: Python<'_>,
        address: &str,
        first_port: u16,
        end_port: u16,
        threads: Option<usize>,
        dscp: u8,
    ) -> PyResult<Engine> {
        let config = EngineConfig {
            address: host(address)?,
            ports: first_port..end_port,
            threads,
            dscp,
        };
        let engine = call(py, || mediacore_engine::Engine::start(config))?;
        Ok(Engine {
            engine,
            spare: stats::Spare::default(),
        })
    }

    /// Opens a leg: its number, where it takes RTP, where it takes RTCP.
    #[pyo3(signature = (params, *, port=None, descriptors=None, near=None))]
    fn open_leg(
        &self,
        py: Python<'_>,
        params: &LegParams,
        port: Option<u16>,
        descriptors: Option<(RawFd, Option<RawFd>)>,
        near: Option<u64>,
    ) -> PyResult<(u64, Address, Address)> {
        let params = params.numbered(self.engine.codecs())?;
        let opening = match (port, descriptors) {
            (_, Some((rtp, rtcp))) => Opening::Descriptors(rtp, rtcp),
            (Some(port), None) => Opening::Port(port),
            (None, None) => Opening::AnyPort,
        };
        let leg = call(py, || {
            self.engine.open_leg(params, opening, near.map(LegId))
        })?;
        Ok((leg.id.0, address(leg.local), address(leg.local_rtcp)))
    }

    /// Closes a leg; its ports are free when this returns.
    fn close_leg(&self, py: Python<'_>, leg: u64) -> PyResult<()> {
        call(py, || self.engine.close_leg(LegId(leg)))
    }

    /// Replaces a leg's agreement.
    fn update_leg(&self, py: Python<'_>, leg: u64, params: &LegParams) -> PyResult<()> {
        let params = params.numbered(self.engine.codecs())?;
        call(py, || self.engine.update_leg(LegId(leg), params))
    }

    /// Lets two legs hear each other; a leg and itself is an echo.
    fn bridge(&self, py: Python<'_>, a: u64, b: u64) -> PyResult<u64> {
        call(py, || self.engine.bridge(LegId(a), LegId(b))).map(|bridge| bridge.0)
    }

    /// Ends a bridge.
    fn close_bridge(&self, py: Python<'_>, bridge: u64) -> PyResult<()> {
        call(py, || self.engine.close_bridge(BridgeId(bridge)))
    }

    /// Mutes what the peer hears (send) and what others hear of it (receive); None leaves it.
    fn mute(
        &self,
        py: Python<'_>,
        leg: u64,
        send: Option<bool>,
        receive: Option<bool>,
    ) -> PyResult<()> {
        call(py, || self.engine.mute(LegId(leg), send, receive))
    }

    /// Plays a sine, and returns its number.
    fn play_tone(
        &self,
        py: Python<'_>,
        place: u64,
        hz: f64,
        level_dbfs: f64,
        duration_ms: Option<u32>,
    ) -> PyResult<u64> {
        call(py, || {
            self.engine
                .play_tone(self.engine.place_of(place), hz, level_dbfs, duration_ms)
        })
        .map(|sound| sound.0)
    }

    /// Plays steps of tones: for each its frequencies and levels, and its milliseconds; returns their number.
    fn play_cadence(
        &self,
        py: Python<'_>,
        place: u64,
        steps: Vec<NativeStep>,
        repeat_from: Option<usize>,
    ) -> PyResult<u64> {
        call(py, || {
            self.engine
                .play_cadence(self.engine.place_of(place), steps_of(steps), repeat_from)
        })
        .map(|sound| sound.0)
    }

    /// Plays files one after the other: their number, and how to get on with them.
    fn play_files(
        &self,
        py: Python<'_>,
        place: u64,
        paths: Vec<PathBuf>,
        rounds: Option<u32>,
        start_ms: u64,
        gain_db: f64,
    ) -> PyResult<(u64, Player)> {
        let list = Playlist {
            paths,
            rounds,
            start: Duration::from_millis(start_ms),
            gain_db,
        };
        let (sound, player) = call(py, || {
            self.engine.play_files(self.engine.place_of(place), list)
        })?;
        Ok((sound.0, Player::new(player)))
    }

    /// Records both directions into a file: the recording's number, and the recording.
    fn record(
        &self,
        py: Python<'_>,
        place: u64,
        path: PathBuf,
        options: &RecordOptions,
    ) -> PyResult<(u64, Recorder)> {
        let recorder = call(py, || {
            let options = options.native(|number| self.engine.place_of(number))?;
            self.engine
                .record(self.engine.place_of(place), &path, &options)
        })?;
        Ok((recorder.id.0, Recorder::new(recorder)))
    }

    /// Leaves out what is heard from now on, or lets it be silence.
    fn pause_recorder(&self, py: Python<'_>, recorder: u64) {
        py.detach(|| self.engine.pause_recorder(RecorderId(recorder)));
    }

    /// Records again.
    fn resume_recorder(&self, py: Python<'_>, recorder: u64) -> PyResult<()> {
        call(py, || self.engine.resume_recorder(RecorderId(recorder)))
    }

    /// Ends a recording; its file is whole when this returns.
    fn close_recorder(&self, py: Python<'_>, place: u64, recorder: u64) -> PyResult<()> {
        call(py, || {
            self.engine
                .close_recorder(self.engine.place_of(place), RecorderId(recorder))
        })
    }

    /// Plays what is written to a source: its number, and the source.
    fn play_source(
        &self,
        py: Python<'_>,
        place: u64,
        rate_hz: u32,
        buffer_ms: u64,
    ) -> PyResult<(u64, Source)> {
        let buffer = Duration::from_millis(buffer_ms);
        let (sound, source) = call(py, || {
            self.engine
                .play_source(self.engine.place_of(place), rate_hz, buffer)
        })?;
        Ok((sound.0, Source::new(source)))
    }

    /// Sends digits, and returns the number of what is being sent.
    fn send_digits(
        &self,
        py: Python<'_>,
        leg: u64,
        digits: &str,
        duration_ms: u32,
        gap_ms: u32,
    ) -> PyResult<u64> {
        call(py, || {
            self.engine
                .send_digits(LegId(leg), digits, duration_ms, gap_ms)
        })
        .map(|sound| sound.0)
    }

    /// Tells of a digit that came by the signalling.
    fn press(&self, py: Python<'_>, leg: u64, digit: char, duration_ms: u32) -> PyResult<()> {
        let lasted = Duration::from_millis(duration_ms.into());
        call(py, || self.engine.press(LegId(leg), digit, lasted))
    }

    /// Stops a sound or digits; true when there was still something to stop.
    fn stop_sound(&self, py: Python<'_>, place: u64, sound: u64) -> PyResult<bool> {
        call(py, || {
            self.engine
                .stop_sound(self.engine.place_of(place), SoundId(sound))
        })
    }

    /// Copies what the peer is sent, or says: the tap's number, and the tap.
    fn tap(
        &self,
        py: Python<'_>,
        place: u64,
        sent: bool,
        frames_max: usize,
        rate_hz: u32,
    ) -> PyResult<(u64, Tap)> {
        let side = if sent {
            TapSide::Sent
        } else {
            TapSide::Received
        };
        let (number, tap) = call(py, || {
            let place = self.engine.place_of(place);
            self.engine.tap(place, side, frames_max, rate_hz)
        })?;
        Ok((number.0, Tap::new(tap)))
    }

    /// Ends a tap.
    fn close_tap(&self, py: Python<'_>, place: u64, tap: u64) -> PyResult<()> {
        call(py, || {
            self.engine
                .close_tap(self.engine.place_of(place), TapId(tap))
        })
    }

    /// Watches for tones; an empty list ends it.
    fn watch_tones(&self, py: Python<'_>, leg: u64, frequencies_hz: Vec<f64>) -> PyResult<()> {
        call(py, || self.engine.watch_tones(LegId(leg), &frequencies_hz))
    }

    /// All events since the last time.
    fn poll_events<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyTuple>>> {
        let events = py.detach(|| self.engine.poll_events());
        events
            .into_iter()
            .map(|event| event::to_python(py, event))
            .collect()
    }

    /// Waits for an event; false when the time is over, or a signal came.
    fn wait_events(&self, py: Python<'_>, timeout_s: f64) -> bool {
        let timeout = Duration::try_from_secs_f64(timeout_s.max(0.0)).unwrap_or(Duration::MAX);
        py.detach(|| self.engine.wait_events(timeout))
    }

    /// Readable while events wait.
    fn fileno(&self) -> RawFd {
        self.engine.events_fd()
    }

    /// One leg's row of figures.
    fn leg_stats<'py>(&self, py: Python<'py>, leg: u64) -> PyResult<Bound<'py, PyBytes>> {
        let row = call(py, || self.engine.leg_stats(LegId(leg)))?;
        stats::row(py, &row)
    }

    /// The rows of all legs, one after the other.
    fn all_leg_stats<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyMemoryView>> {
        self.spare
            .snapshot(py, |rows| self.engine.all_leg_stats(rows))
    }

    /// The engine's own figures, by name.
    fn stats<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let stats = py.detach(|| self.engine.stats());
        stats::engine(py, &stats)
    }

    /// The name of a codec by its number in a row.
    fn codec_name(&self, codec: u16) -> String {
        self.engine.codecs().name(CodecId(codec))
    }

    /// In a process that was forked off: the threads are not here, and nothing may wait for them, not even the end of this object.
    fn leave_behind(slf: Py<Self>) {
        std::mem::forget(slf);
    }

    /// Closes everything; a second call does nothing.
    fn close(&self, py: Python<'_>) {
        py.detach(|| self.engine.close());
    }
}

/// Asks the engine without the GIL.
pub fn call<T: Send>(
    py: Python<'_>,
    ask: impl FnOnce() -> Result<T, EngineError> + Send,
) -> PyResult<T> {
    py.detach(ask).map_err(|error| to_python(py, error))
}

fn address(address: SocketAddr) -> Address {
    (address.ip().to_string(), address.port())
}
