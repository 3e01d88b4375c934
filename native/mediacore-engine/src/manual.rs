//! A media thread without its thread: legs that are driven by hand, for simulations and tests of whole calls. Datagrams
//! and `now` come in; transmissions, events and the next timeout come out. Opens no socket and reads no clock.
//!
//! What happens to a datagram is what happens to it on a real media thread: both drive the same `core`. Only where
//! things go differs: to a list here, to sockets and rings there.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use mediacore_rtp::DigitSender;

use crate::core::Core;
use crate::event::Event;
use crate::ids::{LegId, SoundId};
use crate::leg::{Leg, Mutes, Seeds};
use crate::outlet::{Channel, Outlet};
use crate::params::LegParams;
use crate::stats::{LegStats, StatsCell};

/// What a thread would have done.
#[derive(Debug, Clone, PartialEq)]
pub enum Output {
    /// Sent from one of the leg's sockets.
    Transmit {
        /// Whose sockets.
        leg: LegId,
        /// Which of them.
        channel: Channel,
        /// What.
        datagram: Vec<u8>,
        /// Where to.
        to: SocketAddr,
    },
    /// Told the control side.
    Event(Event),
}

/// Legs and their clock, driven by hand. A leg that is not there is a mistake of the caller, and panics.
#[derive(Debug)]
pub struct ManualThread {
    core: Core,
    outbox: Outbox,
    cells: Vec<(LegId, StatsCell)>,
    next_number: u64,
}

#[derive(Debug, Default)]
struct Outbox {
    legs: Vec<LegId>,
    waiting: VecDeque<Output>,
}

impl Outlet for Outbox {
    fn send(&mut self, slot: usize, channel: Channel, datagram: &[u8], to: SocketAddr) -> bool {
        self.waiting.push_back(Output::Transmit {
            leg: self.legs[slot],
            channel,
            datagram: datagram.to_vec(),
            to,
        });
        true
    }

    fn event(&mut self, event: Event) {
        self.waiting.push_back(Output::Event(event));
    }
}

impl ManualThread {
    /// No legs. `unix_offset` is the wall clock's time at the zero of `now`.
    #[must_use]
    pub fn new(unix_offset: Duration) -> ManualThread {
        ManualThread {
            core: Core::new(unix_offset),
            outbox: Outbox::default(),
            cells: Vec::new(),
            next_number: 1,
        }
    }

    /// Opens a leg. Where the engine draws random numbers, `seeds` says them.
    pub fn open(&mut self, params: LegParams, seeds: Seeds, now: Duration) -> LegId {
        let id = LegId(self.number());
        let cell = StatsCell::default();
        let leg = Leg::new(id, params, seeds, "manual", Arc::clone(&cell), now);
        let slot = self.core.attach(Box::new(leg), now);
        self.outbox
            .legs
            .resize(self.outbox.legs.len().max(slot + 1), id);
        self.outbox.legs[slot] = id;
        self.cells.push((id, cell));
        id
    }

    /// Says goodbye to the leg's peer and lets it go.
    pub fn close(&mut self, leg: LegId, now: Duration) {
        let slot = self.slot(leg);
        self.core.bye(slot, now, &mut self.outbox);
        self.core.detach(slot, now);
        self.cells.retain(|(id, _)| *id != leg);
    }

    /// Lets two legs hear each other, and nobody else; a leg and itself is an echo.
    pub fn connect(&mut self, a: LegId, b: LegId, now: Duration) {
        let (a, b) = (self.slot(a), self.slot(b));
        self.core.connect(a, b, now);
    }

    /// Lets a leg hear nobody, and nobody hear it.
    pub fn disconnect(&mut self, leg: LegId, now: Duration) {
        let slot = self.slot(leg);
        self.core.disconnect(slot, now);
    }

    /// Replaces a leg's agreement; SSRC, sequence and timestamps go on.
    pub fn update(&mut self, leg: LegId, params: LegParams, now: Duration) {
        self.change(leg, now, |leg| drop(leg.update(params, now)));
    }

    /// Mutes and unmutes.
    pub fn mute(&mut self, leg: LegId, mutes: Mutes, now: Duration) {
        self.change(leg, now, |leg| leg.mutes = mutes);
    }

    /// Sends digits to a leg's peer; false when it agreed to none, or too many wait already.
    pub fn dial(&mut self, leg: LegId, digits: DigitSender, now: Duration) -> bool {
        let sound = SoundId(self.number());
        self.change(leg, now, |leg| leg.dial(sound, digits).is_ok())
    }

    /// The signalling says that the leg's peer pressed a digit.
    pub fn press(&mut self, leg: LegId, digit: char, lasted: Duration, now: Duration) {
        let slot = self.slot(leg);
        self.core.press(slot, digit, lasted, now, &mut self.outbox);
    }

    /// Takes a datagram that came to one of a leg's sockets.
    pub fn receive(
        &mut self,
        leg: LegId,
        channel: Channel,
        mut datagram: Vec<u8>,
        from: SocketAddr,
        now: Duration,
    ) {
        let slot = self.slot(leg);
        self.core
            .receive(slot, channel, &mut datagram, from, now, &mut self.outbox);
    }

    /// When `handle_timeout` wants to be called; none: never, as long as nothing comes.
    #[must_use]
    pub fn next_timeout(&self) -> Option<Duration> {
        self.core.next_timeout()
    }

    /// Does what is due: frames, reports, time-outs.
    pub fn handle_timeout(&mut self, now: Duration) {
        self.core.handle_timeout(now, &mut self.outbox);
    }

    /// The next thing that was done, oldest first.
    pub fn poll(&mut self) -> Option<Output> {
        self.outbox.waiting.pop_front()
    }

    /// A leg's figures at this moment.
    pub fn stats(&mut self, leg: LegId, now: Duration) -> LegStats {
        let slot = self.slot(leg);
        self.core.publish(now);
        self.core
            .leg_mut(slot)
            .expect("slot() found it")
            .publish(now);
        let cell = self.cells.iter().find(|(id, _)| *id == leg);
        LegStats::from_words(&cell.expect("every leg has one").1.read())
    }

    /// Ticks of the frame clock that came too late to be made up for.
    #[must_use]
    pub fn late_ticks(&self) -> u64 {
        self.core.late_ticks()
    }

    fn change<T>(&mut self, leg: LegId, now: Duration, change: impl FnOnce(&mut Leg) -> T) -> T {
        let slot = self.slot(leg);
        let answer = change(self.core.leg_mut(slot).expect("slot() found it"));
        self.core.decide(slot, now);
        answer
    }

    fn slot(&self, leg: LegId) -> usize {
        let slot = self.core.slot_of(leg);
        slot.unwrap_or_else(|| panic!("{leg:?} is not open"))
    }

    fn number(&mut self) -> u64 {
        let number = self.next_number;
        self.next_number += 1;
        number
    }
}
