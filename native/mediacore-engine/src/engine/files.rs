//! What an engine plays from files and records into them. Files are opened by the calling thread, read and written by
//! threads of their own; a media thread meets no file.

use std::path::Path;

use super::Engine;
use crate::command::Command;
use crate::error::EngineError;
use crate::event::Event;
use crate::ids::{Place, RecorderId, SoundId};
use crate::listeners::RECORDINGS_MAX;
use crate::recorder::{RecordOptions, Recorder};
use crate::sounds::Sound;

impl Engine {
    /// Plays a WAV or FLAC file, mixed down to mono, at any common rate.
    pub fn play_file(&self, place: Place, path: &Path) -> Result<SoundId, EngineError> {
        let best = self.registry()?.rate_of(place)?;
        let (playback, source) = self.reader.open(path, best)?;
        let sound = self.play(place, Sound::File(source))?;
        self.reader.add(playback);
        Ok(sound)
    }

    /// Records into a WAV file, which is created, or replaced if it exists: of a leg what the peer says and is sent, of a
    /// conference the mix, as the only direction of the two.
    pub fn record(
        &self,
        place: Place,
        path: &Path,
        options: RecordOptions,
    ) -> Result<Recorder, EngineError> {
        // Before the file is touched.
        self.registry()?.thread_of(place)?;
        let recorder = RecorderId(self.next_id());
        let (feed, recording, recorder) = self
            .writer
            .open((recorder, place), path, options)
            .map_err(|error| EngineError::AudioFile {
                path: path.into(),
                error: error.into(),
            })?;
        self.ask(place, |reply| Command::AddRecording(place, feed, reply))?
            .map_err(|_| EngineError::TooMany {
                what: "recordings of one leg or conference",
                limit: RECORDINGS_MAX,
            })?;
        self.writer.add(recording);
        Ok(recorder)
    }

    /// Ends a recording, if it has not ended; its file is whole when this returns.
    pub fn close_recorder(&self, place: Place, recorder: RecorderId) -> Result<(), EngineError> {
        match self.stop_feeding(place, recorder) {
            Ok(()) | Err(EngineError::NoSuchLeg(_) | EngineError::NoSuchConference(_)) => {
                self.writer.close(recorder)
            }
            Err(EngineError::Closed) => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn stop_feeding(&self, place: Place, recorder: RecorderId) -> Result<(), EngineError> {
        self.ask(place, |reply| {
            Command::RemoveRecording(place, recorder, reply)
        })
        .map(drop)
    }

    /// Adds what the threads of files have told to `events`. A recording that has ended by itself needs its leg no longer.
    pub(super) fn fetch_notices(&self, events: &mut Vec<Event>) {
        for event in self.notices.take() {
            if let Event::RecordFinished {
                place, recorder, ..
            } = event
            {
                // A leg that is closed, or a media thread that is stuck, feeds nothing anyway.
                let _ = self.stop_feeding(place, recorder);
            }
            events.push(event);
        }
    }
}
