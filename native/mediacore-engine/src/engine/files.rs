//! What an engine plays from files and records into them. Files are opened by the calling thread, read and written by
//! threads of their own; a media thread meets no file.

use std::path::Path;

use super::Engine;
use crate::command::Command;
use crate::error::EngineError;
use crate::event::Event;
use crate::ids::{LegId, RecorderId, SoundId};
use crate::listeners::RECORDINGS_MAX;
use crate::recorder::{RecordOptions, Recorder};
use crate::sounds::Sound;

impl Engine {
    /// Plays a WAV or FLAC file, mixed down to mono, at any common rate.
    pub fn play_file(&self, id: LegId, path: &Path) -> Result<SoundId, EngineError> {
        let (playback, source) = self.reader.open(path)?;
        let sound = self.play(id, Sound::File(source))?;
        self.reader.add(playback);
        Ok(sound)
    }

    /// Records what the peer says and is sent into a WAV file, which is created, or replaced if it exists.
    pub fn record(
        &self,
        id: LegId,
        path: &Path,
        options: RecordOptions,
    ) -> Result<Recorder, EngineError> {
        // Before the file is touched.
        self.registry()?.entry(id)?;
        let recorder = RecorderId(self.next_id());
        let (feed, recording, recorder) =
            self.writer
                .open((recorder, id), path, options)
                .map_err(|error| EngineError::AudioFile {
                    path: path.into(),
                    error: error.into(),
                })?;
        self.ask(id, |reply| Command::AddRecording(id, feed, reply))?
            .map_err(|_| EngineError::TooMany {
                what: "recordings of one leg",
                limit: RECORDINGS_MAX,
            })?;
        self.writer.add(recording);
        Ok(recorder)
    }

    /// Ends a recording, if it has not ended; its file is whole when this returns.
    pub fn close_recorder(&self, id: LegId, recorder: RecorderId) -> Result<(), EngineError> {
        match self.stop_feeding(id, recorder) {
            Ok(()) | Err(EngineError::NoSuchLeg(_)) => self.writer.close(recorder),
            Err(EngineError::Closed) => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn stop_feeding(&self, id: LegId, recorder: RecorderId) -> Result<(), EngineError> {
        self.ask(id, |reply| Command::RemoveRecording(id, recorder, reply))
            .map(drop)
    }

    /// Adds what the threads of files have told to `events`. A recording that has ended by itself needs its leg no longer.
    pub(super) fn fetch_notices(&self, events: &mut Vec<Event>) {
        for event in self.notices.take() {
            if let Event::RecordFinished { leg, recorder, .. } = event {
                // A leg that is closed, or a media thread that is stuck, feeds nothing anyway.
                let _ = self.stop_feeding(leg, recorder);
            }
            events.push(event);
        }
    }
}
