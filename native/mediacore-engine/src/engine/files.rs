//! What an engine plays from files and records into them. Files are opened by the calling thread, read and written by
//! threads of their own; a media thread meets no file.

use std::collections::HashMap;
use std::path::Path;
use std::sync::MutexGuard;

use super::Engine;
use crate::command::Command;
use crate::error::EngineError;
use crate::event::Event;
use crate::ids::{Place, RecorderId, SoundId};
use crate::listeners::RECORDINGS_MAX;
use crate::player::{Player, Playlist};
use crate::recorder::{Beep, RecordOptions, Recorder};
use crate::sounds::Sound;

/// A beep of a recording, and where it sounds now.
#[derive(Debug)]
pub struct Beeping {
    beep: Beep,
    sounds: Vec<(Place, SoundId)>,
}

impl Engine {
    /// Plays WAV, FLAC, Ogg Opus and MP3 files one after the other, mixed down to mono, at any common rate. The first one is
    /// opened here; of the others those that cannot be read are left out.
    pub fn play_files(
        &self,
        place: Place,
        playlist: Playlist,
    ) -> Result<(SoundId, Player), EngineError> {
        let best = self.registry()?.rate_of(place)?;
        let (playback, source) = self.reader.open(playlist, best)?;
        let sound = self.play(place, Sound::File(source))?;
        Ok((sound, self.reader.add(sound, playback)))
    }

    /// Records into a file, which is created, or replaced if it exists: of a leg what the peer says and is sent, of a
    /// conference the mix, as the only direction of the two.
    pub fn record(
        &self,
        place: Place,
        path: &Path,
        options: &RecordOptions,
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
        if let Some(beep) = &options.beep
            && let Err(error) = self.start_beep(recorder.id, beep.clone())
        {
            // Nobody is recorded who should hear a beep and does not.
            self.close_recorder(place, recorder.id)?;
            return Err(error);
        }
        Ok(recorder)
    }

    /// Leaves out what is heard from now on, or lets it be silence, as the options said; its beep is silent.
    pub fn pause_recorder(&self, recorder: RecorderId) {
        self.writer.pause(recorder);
        self.hush(recorder);
    }

    /// Records again, and beeps again.
    pub fn resume_recorder(&self, recorder: RecorderId) -> Result<(), EngineError> {
        let beep = self
            .beeps()
            .get(&recorder)
            .map(|beeping| beeping.beep.clone());
        if let Some(beep) = beep {
            self.hush(recorder);
            self.start_beep(recorder, beep)?;
        }
        self.writer.resume(recorder);
        Ok(())
    }

    /// Ends a recording, if it has not ended; its file is whole when this returns.
    pub fn close_recorder(&self, place: Place, recorder: RecorderId) -> Result<(), EngineError> {
        self.end_beep(recorder);
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
                self.end_beep(recorder);
                // A leg that is closed, or a media thread that is stuck, feeds nothing anyway.
                let _ = self.stop_feeding(place, recorder);
            }
            events.push(event);
        }
    }

    /// Lets everybody hear the beep who should.
    fn start_beep(&self, recorder: RecorderId, beep: Beep) -> Result<(), EngineError> {
        let mut sounds = Vec::new();
        let mut outcome = Ok(());
        for place in &beep.to {
            match self.play(*place, Sound::Beep(beep.tone.clone())) {
                Ok(sound) => sounds.push((*place, sound)),
                Err(error) => outcome = Err(error),
            }
        }
        self.beeps().insert(recorder, Beeping { beep, sounds });
        outcome
    }

    fn hush(&self, recorder: RecorderId) {
        let beeping = self
            .beeps()
            .get_mut(&recorder)
            .map(|it| std::mem::take(&mut it.sounds));
        for (place, sound) in beeping.into_iter().flatten() {
            // One who has gone hears nothing anyway.
            let _ = self.stop_sound(place, sound);
        }
    }

    fn end_beep(&self, recorder: RecorderId) {
        self.hush(recorder);
        self.beeps().remove(&recorder);
    }

    fn beeps(&self) -> MutexGuard<'_, HashMap<RecorderId, Beeping>> {
        self.beeps.lock().expect("no panic holds this lock")
    }
}
