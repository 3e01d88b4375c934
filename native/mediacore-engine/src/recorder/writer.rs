//! The thread that writes all recordings of an engine. It looks by itself every `WRITE_EVERY`: what a killed process
//! loses is no more than that.

use std::io;
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mediacore_audio::SAMPLE_RATE_HZ;

use super::feed::{RecordFeed, feed};
use super::recording::{RecordEnd, RecordOptions, Recorder, Recording};
use super::sound_file::SoundFile;
use crate::error::EngineError;
use crate::event::Event;
use crate::ids::{Place, RecorderId};
use crate::notices::Notices;
use crate::os::monotonic;
use crate::reply::{Reply, reply};

/// How often the files are brought up to date.
const WRITE_EVERY: Duration = Duration::from_millis(200);

/// A disk that takes so long is stuck, and the caller is told.
const ANSWER_MAX: Duration = Duration::from_secs(2);

/// What the thread is asked for.
#[derive(Debug)]
pub enum Message {
    /// Write this one too.
    Add(Box<Recording>),
    /// Leave out what comes after that moment.
    Pause(RecorderId, Duration),
    /// Record from that moment on.
    Resume(RecorderId, Duration),
    /// End it, and answer when its file is whole.
    Close(RecorderId, Reply<()>),
    /// End all, answer, and end the thread.
    Finish(Reply<()>),
}

/// The thread, seen from outside.
#[derive(Debug)]
pub struct FileWriter {
    inbox: Mutex<Sender<Message>>,
}

impl FileWriter {
    /// Starts the thread, which tells of ends by `notices`.
    pub fn start(notices: Arc<Notices>) -> io::Result<FileWriter> {
        let (inbox, messages) = channel();
        std::thread::Builder::new()
            .name("media-record".to_owned())
            .spawn(move || run(&messages, &notices))?;
        Ok(FileWriter {
            inbox: Mutex::new(inbox),
        })
    }

    /// Creates the file: what is to be fed, what is to be written (`add`), and what the caller gets.
    pub fn open(
        &self,
        (id, place): (RecorderId, Place),
        path: &Path,
        options: &RecordOptions,
    ) -> io::Result<(RecordFeed, Box<Recording>, Recorder)> {
        let (channels, octets_max) = (options.channel_count(), options.max_octets);
        let octets_max = octets_max.unwrap_or(u64::MAX);
        let file = SoundFile::create(path, options.format, SAMPLE_RATE_HZ, channels, octets_max)?;
        let (feed, frames) = feed(id);
        let (recording, status) = Recording::new((id, place), frames, file, options, monotonic());
        let recorder = Recorder { id, place, status };
        Ok((feed, Box::new(recording), recorder))
    }

    /// Writes from now on.
    pub fn add(&self, recording: Box<Recording>) {
        self.send(Message::Add(recording));
    }

    /// Leaves out what is heard from now on.
    pub fn pause(&self, id: RecorderId) {
        self.send(Message::Pause(id, monotonic()));
    }

    /// Records again.
    pub fn resume(&self, id: RecorderId) {
        self.send(Message::Resume(id, monotonic()));
    }

    /// Ends a recording, if it has not ended; its file is whole when this returns.
    pub fn close(&self, id: RecorderId) -> Result<(), EngineError> {
        self.ask(|reply| Message::Close(id, reply))
    }

    /// Ends all recordings and the thread.
    pub fn finish(&self) {
        // A disk that is stuck is left behind rather than waited for.
        let _ = self.ask(Message::Finish);
    }

    fn ask(&self, message: impl FnOnce(Reply<()>) -> Message) -> Result<(), EngineError> {
        let (reply, answer) = reply();
        self.send(message(reply));
        answer.wait(ANSWER_MAX).map_err(|_| EngineError::Stalled)
    }

    fn send(&self, message: Message) {
        // Fails only when the thread has ended, and every recording with it.
        let inbox = self.inbox.lock().expect("no panic holds this lock");
        let _ = inbox.send(message);
    }
}

fn run(messages: &Receiver<Message>, notices: &Notices) {
    let mut recordings: Vec<Recording> = Vec::new();
    let mut next_at = Duration::ZERO;
    loop {
        let message = if recordings.is_empty() {
            messages.recv().map_err(|_| RecvTimeoutError::Disconnected)
        } else {
            messages.recv_timeout(next_at.saturating_sub(monotonic()))
        };
        // Answered when the ends were told of: who asked finds the event already there.
        let mut answer = None;
        match message {
            Ok(Message::Add(recording)) => recordings.push(*recording),
            Ok(Message::Pause(id, at)) => {
                with(&mut recordings, id, |recording| recording.pause(at))
            }
            Ok(Message::Resume(id, at)) => {
                with(&mut recordings, id, |recording| recording.resume(at))
            }
            Ok(Message::Close(id, reply)) => {
                with(&mut recordings, id, |recording| {
                    recording.close(RecordEnd::Closed)
                });
                answer = Some(reply);
            }
            Ok(Message::Finish(reply)) => {
                for recording in &mut recordings {
                    recording.close(RecordEnd::LegClosed);
                }
                tell_of_ends(&mut recordings, notices);
                return reply.send(());
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        let now = monotonic();
        if now >= next_at {
            next_at = now + WRITE_EVERY;
            for recording in &mut recordings {
                recording.write(now);
            }
        }
        tell_of_ends(&mut recordings, notices);
        if let Some(reply) = answer {
            reply.send(());
        }
    }
}

fn with(recordings: &mut [Recording], id: RecorderId, change: impl FnOnce(&mut Recording)) {
    if let Some(recording) = recordings.iter_mut().find(|recording| recording.id == id) {
        change(recording);
    }
}

fn tell_of_ends(recordings: &mut Vec<Recording>, notices: &Notices) {
    recordings.retain(|recording| {
        let Some((reason, duration)) = recording.ended() else {
            return true;
        };
        notices.push(Event::RecordFinished {
            place: recording.place,
            recorder: recording.id,
            reason,
            duration,
        });
        false
    });
}
