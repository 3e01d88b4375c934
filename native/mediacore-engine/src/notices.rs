//! Events of the threads that read and write files: few, and none of them on the packet path.

use std::sync::{Arc, Mutex};

use crate::event::Event;
use crate::os::Wake;

/// Events on their way to whoever polls the engine. Bounded by what is told: one for each recording that was begun.
#[derive(Debug)]
pub struct Notices {
    waiting: Mutex<Vec<Event>>,
    wake: Arc<Wake>,
}

impl Notices {
    /// None yet. `wake` is poked after each.
    #[must_use]
    pub fn new(wake: Arc<Wake>) -> Notices {
        Notices {
            waiting: Mutex::default(),
            wake,
        }
    }

    /// Tells what happened.
    pub fn push(&self, event: Event) {
        self.waiting
            .lock()
            .expect("no panic holds this lock")
            .push(event);
        self.wake.poke();
    }

    /// All events since the last time.
    #[must_use]
    pub fn take(&self) -> Vec<Event> {
        std::mem::take(&mut *self.waiting.lock().expect("no panic holds this lock"))
    }
}
