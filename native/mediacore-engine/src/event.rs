//! What media threads tell the rest of the world, and what happens when nobody listens.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

use crate::ids::{ConferenceId, LegId, Place, RecorderId, SoundId};
use crate::recorder::RecordEnd;

/// Something happened to a leg. Moments (`at`) are those of CLOCK_MONOTONIC.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Event {
    /// Packets from `remote` are taken, and ours go there.
    Latched {
        /// Whose.
        leg: LegId,
        /// The address that was learned.
        remote: SocketAddr,
    },
    /// Nothing was taken for `silent` although the leg should hear something. Once until something comes.
    MediaTimeout {
        /// Whose.
        leg: LegId,
        /// Since the last packet, or since the leg began to listen.
        silent: Duration,
    },
    /// The first packet after a `MediaTimeout`.
    MediaResumed {
        /// Whose.
        leg: LegId,
    },
    /// A tone that the leg was told to watch for is heard.
    ToneStarted {
        /// From whom it is heard.
        leg: LegId,
        /// The frequency watched for.
        hz: f64,
        /// Of the tone alone, 0 dBFS being a full-scale sine.
        level_dbfs: f64,
        /// When its first window was played.
        at: Duration,
    },
    /// It is heard no longer.
    ToneEnded {
        /// From whom it was heard.
        leg: LegId,
        /// The frequency watched for.
        hz: f64,
        /// Between the first and the last window in which it was heard.
        lasted: Duration,
        /// When the first window without it was played.
        at: Duration,
    },
    /// The peer presses a digit (RFC 4733). Once for each, however often its packets come.
    DigitPressed {
        /// Who pressed it.
        leg: LegId,
        /// 0-9, *, #, A-D.
        digit: char,
        /// When the first of its packets came.
        at: Duration,
    },
    /// It is over: at its end, with the next digit, or when nothing more is heard of it.
    DigitReleased {
        /// Who pressed it.
        leg: LegId,
        /// Which.
        digit: char,
        /// As its packets say.
        lasted: Duration,
        /// When that was known.
        at: Duration,
    },
    /// A tone, a file, or digits that were sent came to an end, or were stopped.
    PlayFinished {
        /// To whom it was played.
        place: Place,
        /// Which.
        sound: SoundId,
        /// False: it was stopped before its end, or the file could not be read further.
        completed: bool,
    },
    /// A recording has ended, and its file is whole.
    RecordFinished {
        /// Whose.
        place: Place,
        /// Which.
        recorder: RecorderId,
        /// Why.
        reason: RecordEnd,
        /// Of what was written.
        duration: Duration,
    },
    /// A member of a conference has begun to talk, or has not talked for a while. One who leaves, too, talks no more.
    TalkerChanged {
        /// Where.
        conference: ConferenceId,
        /// Who.
        leg: LegId,
        /// Begun, or ended.
        is_talking: bool,
        /// When.
        at: Duration,
    },
    /// The peer said goodbye in RTCP (RFC 3550 6.6). The leg stays open: the signalling decides.
    RemoteBye {
        /// Whose.
        leg: LegId,
    },
    /// The leg's statistics are worth a look; sent every `report_every` of the leg.
    Report {
        /// Whose.
        leg: LegId,
    },
}

impl Event {
    /// Whether it may be lost when the queue is full: the figures say the same and more.
    #[must_use]
    pub fn is_droppable(&self) -> bool {
        matches!(self, Event::Report { .. } | Event::TalkerChanged { .. })
    }
}

/// Events that wait for their ring to have room again; beyond it the oldest droppable one makes way and is counted.
pub const EVENTS_MAX: usize = 4096;

/// What one media thread has not yet been able to hand over.
#[derive(Debug)]
pub struct EventQueue {
    waiting: VecDeque<Event>,
    dropped: u64,
}

impl Default for EventQueue {
    fn default() -> EventQueue {
        EventQueue {
            waiting: VecDeque::with_capacity(EVENTS_MAX),
            dropped: 0,
        }
    }
}

impl EventQueue {
    /// Puts `event` last. Only a queue full of events that must arrive grows beyond `EVENTS_MAX`: losing a digit or an
    /// end costs more than memory, and nobody sends millions of them to a listener that has died.
    pub fn push(&mut self, event: Event) {
        if self.waiting.len() >= EVENTS_MAX {
            if let Some(oldest) = self.waiting.iter().position(Event::is_droppable) {
                self.waiting.remove(oldest);
                self.dropped += 1;
            } else if event.is_droppable() {
                self.dropped += 1;
                return;
            }
        }
        self.waiting.push_back(event);
    }

    /// The oldest one.
    pub fn pop(&mut self) -> Option<Event> {
        self.waiting.pop_front()
    }

    /// Puts back what `pop` took.
    pub fn unpop(&mut self, event: Event) {
        self.waiting.push_front(event);
    }

    /// How many droppable events were lost so far.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.dropped
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPORT: Event = Event::Report { leg: LegId(7) };

    fn bye(leg: usize) -> Event {
        Event::RemoteBye {
            leg: LegId(leg as u64),
        }
    }

    #[test]
    fn events_come_out_in_the_order_they_went_in() {
        let mut queue = EventQueue::default();
        queue.push(bye(1));
        queue.push(REPORT);
        assert_eq!(
            (queue.pop(), queue.pop(), queue.pop()),
            (Some(bye(1)), Some(REPORT), None)
        );
    }

    #[test]
    fn at_the_limit_the_oldest_report_makes_way_and_is_counted() {
        let mut queue = EventQueue::default();
        queue.push(bye(0));
        queue.push(REPORT);
        for leg in 2..=EVENTS_MAX {
            queue.push(bye(leg));
        }
        assert_eq!(queue.dropped(), 1);
        let left: Vec<Event> = std::iter::from_fn(|| queue.pop()).collect();
        assert_eq!(left.len(), EVENTS_MAX);
        assert!(!left.contains(&REPORT));
    }

    #[test]
    fn what_must_arrive_is_never_dropped_and_a_report_is_refused_by_a_queue_full_of_it() {
        let mut queue = EventQueue::default();
        for leg in 0..EVENTS_MAX + 10 {
            queue.push(bye(leg));
        }
        queue.push(REPORT);
        assert_eq!(queue.dropped(), 1);
        assert_eq!(std::iter::from_fn(|| queue.pop()).count(), EVENTS_MAX + 10);
    }

    #[test]
    fn an_event_that_found_no_room_keeps_its_place() {
        let mut queue = EventQueue::default();
        queue.push(bye(1));
        queue.push(bye(2));
        let first = queue.pop().expect("two wait");
        queue.unpop(first);
        assert_eq!(queue.pop(), Some(bye(1)));
    }
}
