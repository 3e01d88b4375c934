//! An answer from a media thread to the one thread that waits for it: a ring of one, so that the media thread
//! neither locks nor allocates when it answers.

use std::thread::{self, Thread};
use std::time::Duration;

use rtrb::{Consumer, Producer, RingBuffer};

use crate::os::monotonic;

/// The media thread's half. Dropped unanswered, it wakes the waiting side too.
#[derive(Debug)]
pub struct Reply<T> {
    slot: Option<Producer<T>>,
    waiter: Thread,
}

/// The waiting thread's half.
#[derive(Debug)]
pub struct Answer<T> {
    slot: Consumer<T>,
}

/// The media thread did not answer in time, or is gone.
#[derive(Debug, PartialEq, Eq)]
pub struct Unanswered;

/// Both halves; the second one is for the calling thread.
#[must_use]
pub fn reply<T>() -> (Reply<T>, Answer<T>) {
    let (producer, consumer) = RingBuffer::new(1);
    (
        Reply {
            slot: Some(producer),
            waiter: thread::current(),
        },
        Answer { slot: consumer },
    )
}

impl<T> Reply<T> {
    /// Answers. Never waits.
    pub fn send(mut self, value: T) {
        if let Some(slot) = &mut self.slot {
            // Room for one, and this is the only one: `send` takes `self`. A waiter that gave up has dropped its half.
            let _ = slot.push(value);
        }
    }
}

impl<T> Drop for Reply<T> {
    fn drop(&mut self) {
        // First the slot, so that the waiter finds it abandoned if it is empty.
        self.slot = None;
        self.waiter.unpark();
    }
}

impl<T> Answer<T> {
    /// Waits for the answer, at most for `limit`.
    pub fn wait(mut self, limit: Duration) -> Result<T, Unanswered> {
        let deadline = monotonic() + limit;
        loop {
            // Asked before the slot is looked at: an answer that comes in between is found all the same.
            let is_last_look = self.slot.is_abandoned() || monotonic() >= deadline;
            match self.slot.pop() {
                Ok(value) => return Ok(value),
                Err(_) if is_last_look => return Err(Unanswered),
                Err(_) => thread::park_timeout(deadline.saturating_sub(monotonic())),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_reaches_the_one_who_waits() {
        let (reply, answer) = reply();
        let worker = thread::spawn(move || reply.send(7));
        assert_eq!(answer.wait(Duration::from_secs(10)), Ok(7));
        worker.join().expect("it only answers");
    }

    #[test]
    fn a_reply_that_is_dropped_ends_the_wait_at_once() {
        let (reply, answer) = reply::<u32>();
        drop(reply);
        assert_eq!(answer.wait(Duration::from_secs(3600)), Err(Unanswered));
    }

    #[test]
    fn nobody_waits_longer_than_the_limit() {
        let (_kept, answer) = reply::<u32>();
        assert_eq!(answer.wait(Duration::from_millis(1)), Err(Unanswered));
    }
}
