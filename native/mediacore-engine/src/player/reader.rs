//! The thread that reads files for all legs of an engine.

use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::filters::Filters;
use super::playback::{Playback, Progress, Shared};
use super::playlist::Playlist;
use super::position::PlayPosition;
use crate::error::EngineError;
use crate::frame::Rate;
use crate::ids::SoundId;
use crate::source::SourceReader;

/// How often the rings are filled up again.
const REFILL_EVERY: Duration = Duration::from_millis(100);

/// And when somebody waits for samples: after a seek.
const HURRY_EVERY: Duration = Duration::from_millis(5);

/// What the thread is asked for.
enum Message {
    Add(SoundId, Box<Playback>),
    Seek(SoundId, PlayPosition),
    Finish,
}

/// The thread, seen from outside.
#[derive(Debug)]
pub struct FileReader {
    filters: Arc<Filters>,
    // None once the engine is closed, which ends the thread. It is not waited for: it may hang on a disk.
    inbox: Mutex<Option<Sender<Message>>>,
}

/// A list that plays, seen by the one who asked for it. Dropping it does not end it.
#[derive(Debug)]
pub struct Player {
    sound: SoundId,
    shared: Arc<Shared>,
    inbox: Mutex<Option<Sender<Message>>>,
}

impl Player {
    /// Goes on from there, within a tenth of a second; nothing happens when the end was read, or there is no such file.
    pub fn seek(&self, to: PlayPosition) {
        if let Some(inbox) = &*self.inbox.lock().expect("no panic holds this lock") {
            // Fails only when the engine is closed.
            let _ = inbox.send(Message::Seek(self.sound, to));
        }
    }

    /// What is heard now; after the end, the end.
    #[must_use]
    pub fn position(&self) -> PlayPosition {
        self.shared.position()
    }
}

impl FileReader {
    /// Starts the thread.
    pub fn start() -> io::Result<FileReader> {
        let (inbox, messages) = channel();
        std::thread::Builder::new()
            .name("media-play".to_owned())
            .spawn(move || run(&messages))?;
        Ok(FileReader {
            filters: Arc::default(),
            inbox: Mutex::new(Some(inbox)),
        })
    }

    /// Opens a list in the calling thread, for one who can hear `best` and no more.
    pub fn open(
        &self,
        list: Playlist,
        best: Rate,
    ) -> Result<(Box<Playback>, SourceReader), EngineError> {
        Playback::open(list, &self.filters, best)
    }

    /// Reads on for as long as it plays.
    pub fn add(&self, sound: SoundId, playback: Box<Playback>) -> Player {
        let inbox = self.inbox.lock().expect("no panic holds this lock").clone();
        let shared = playback.shared();
        if let Some(inbox) = &inbox {
            // Fails only when the thread is gone: then the sound goes on for a second and starves.
            let _ = inbox.send(Message::Add(sound, playback));
        }
        Player {
            sound,
            shared,
            inbox: Mutex::new(inbox),
        }
    }

    /// Ends the thread; a second call does nothing.
    pub fn finish(&self) {
        if let Some(inbox) = self.inbox.lock().expect("no panic holds this lock").take() {
            // Said, since players hold the way in too.
            let _ = inbox.send(Message::Finish);
        }
    }
}

fn run(messages: &Receiver<Message>) {
    let mut playing: Vec<(SoundId, Box<Playback>)> = Vec::new();
    let mut pause = REFILL_EVERY;
    loop {
        let next = if playing.is_empty() {
            messages.recv().map_err(|_| RecvTimeoutError::Disconnected)
        } else {
            messages.recv_timeout(pause)
        };
        match next {
            Ok(Message::Add(sound, playback)) => playing.push((sound, playback)),
            Ok(Message::Seek(sound, to)) => {
                if let Some((_, playback)) = playing.iter_mut().find(|(other, _)| *other == sound) {
                    playback.seek(to);
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
            // The legs are closed too: nobody hears anything.
            Ok(Message::Finish) | Err(RecvTimeoutError::Disconnected) => return,
        }
        pause = REFILL_EVERY;
        playing.retain_mut(|(_, playback)| {
            let progress = playback.fill();
            if progress == Progress::Hungry {
                pause = HURRY_EVERY;
            }
            progress != Progress::Done
        });
    }
}
