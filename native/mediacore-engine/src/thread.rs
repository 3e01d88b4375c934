//! The control side's hold on one media thread: its command ring, its event ring, its counters.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use rtrb::{Consumer, Producer, PushError, RingBuffer};

use crate::command::{COMMANDS_MAX, Command};
use crate::error::EngineError;
use crate::event::{EVENTS_MAX, Event};
use crate::os::{Wake, monotonic};
use crate::reply::{Reply, reply};
use crate::worker::{Ties, Worker, WorkerCounters};

/// A media thread answers within a tick; one that takes so long is stuck, and the caller is told.
const ANSWER_MAX: Duration = Duration::from_secs(2);

/// One media thread, seen from outside.
#[derive(Debug)]
pub struct MediaThread {
    /// What it shows of itself.
    pub counters: Arc<WorkerCounters>,
    /// Commands that it did not take in time.
    pub refused: AtomicU64,
    commands: Mutex<Producer<Command>>,
    events: Mutex<Consumer<Event>>,
    wake: Arc<Wake>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl MediaThread {
    /// Starts the thread number `index`.
    pub fn start(
        index: usize,
        events_wake: Arc<Wake>,
        unix_offset: Duration,
    ) -> io::Result<MediaThread> {
        let (commands, commands_out) = RingBuffer::new(COMMANDS_MAX);
        let (events_in, events) = RingBuffer::new(EVENTS_MAX);
        let wake = Arc::new(Wake::new()?);
        let counters = Arc::new(WorkerCounters::default());
        let ties = Ties {
            commands: commands_out,
            wake: Arc::clone(&wake),
            events: events_in,
            events_wake,
            counters: Arc::clone(&counters),
        };
        let worker = Worker::new(ties, unix_offset)?;
        let thread = std::thread::Builder::new()
            .name(format!("media-{index}"))
            .spawn(move || worker.run())?;
        Ok(MediaThread {
            counters,
            refused: AtomicU64::new(0),
            commands: Mutex::new(commands),
            events: Mutex::new(events),
            wake,
            thread: Mutex::new(Some(thread)),
        })
    }

    /// Asks the thread and waits for its answer.
    pub fn ask<T>(&self, command: impl FnOnce(Reply<T>) -> Command) -> Result<T, EngineError> {
        let (reply, answer) = reply();
        self.push(command(reply))?;
        self.wake.poke();
        answer.wait(ANSWER_MAX).map_err(|_| {
            self.refused.fetch_add(1, Ordering::Relaxed);
            EngineError::Stalled
        })
    }

    fn push(&self, command: Command) -> Result<(), EngineError> {
        let deadline = monotonic() + ANSWER_MAX;
        let mut commands = self.commands.lock().expect("no panic holds this lock");
        let mut command = command;
        while let Err(PushError::Full(refused)) = commands.push(command) {
            if monotonic() >= deadline {
                self.refused.fetch_add(1, Ordering::Relaxed);
                return Err(EngineError::Stalled);
            }
            command = refused;
            self.wake.poke();
            std::thread::yield_now();
        }
        Ok(())
    }

    /// Adds what the thread has told to `events`.
    pub fn fetch_events(&self, events: &mut Vec<Event>) {
        let mut ring = self.events.lock().expect("no panic holds this lock");
        while let Ok(event) = ring.pop() {
            events.push(event);
        }
        if self.counters.has_backlog.swap(false, Ordering::SeqCst) {
            self.wake.poke();
        }
    }

    /// Lets every peer know, and waits for the end of the thread. A second call does nothing.
    pub fn finish(&self) {
        let thread = self.thread.lock().expect("no panic holds this lock").take();
        if let Some(thread) = thread {
            let is_finishing = self.ask(Command::Finish).is_ok();
            // A thread that is stuck is left behind rather than waited for.
            if is_finishing {
                let _ = thread.join();
            }
        }
    }
}
