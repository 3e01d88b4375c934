//! All legs of one media thread and the frame clock: datagrams and `now` come in, transmissions and events go to an
//! [`Outlet`], the next timeout comes out. Holds no socket and reads no clock.
//!
//! The frame of 20 ms is cut into ten ticks of 2 ms, and every leg that needs the frame clock belongs to one of them: so
//! the work of many legs is spread, and legs that hear each other are served together.

mod conferences;

use std::net::SocketAddr;
use std::time::Duration;

use mediacore_rtp::is_rtcp;

use crate::conference::{Conference, Heard, Seat};
use crate::frame::FRAME_TIME;
use crate::graph::{self, Role};
use crate::ids::LegId;
use crate::leg::{Leg, Moment};
use crate::outlet::{Channel, Outlet};

/// Ticks in a frame.
const PHASES: usize = 10;

/// How long a tick is.
pub const TICK: Duration = Duration::from_millis(2);

/// Ticks that are made up for when the thread was late: 100 ms. What is older is left out, and counted.
const CATCH_UP_TICKS: u64 = 50;

/// Timers of reports, silence and time-outs are looked at no more often than this.
const TIMERS_EVERY: Duration = Duration::from_millis(10);

/// Legs, their connections and their clock.
#[derive(Debug)]
pub struct Core {
    legs: Vec<Option<Box<Leg>>>,
    ids: Vec<Option<LegId>>,
    // The legs of each tick.
    phases: [Vec<usize>; PHASES],
    conferences: Vec<Option<Box<Conference>>>,
    // The conferences of each tick.
    conference_phases: [Vec<usize>; PHASES],
    next_phase: usize,
    next_tick: u64,
    timers_at: Option<Duration>,
    dirty: Vec<usize>,
    // Legs whose last sound or digit has ended in this tick, or that have digits to send since.
    changed: Vec<usize>,
    // CLOCK_MONOTONIC to the wall: NTP times in reports only need to be consistent.
    unix_offset: Duration,
    late_ticks: u64,
}

impl Core {
    /// No legs. `unix_offset` is the wall clock's time at the zero of the monotonic clock.
    #[must_use]
    pub fn new(unix_offset: Duration) -> Core {
        Core {
            legs: Vec::new(),
            ids: Vec::new(),
            phases: Default::default(),
            conferences: Vec::new(),
            conference_phases: Default::default(),
            next_phase: 0,
            next_tick: 0,
            timers_at: None,
            dirty: Vec::new(),
            changed: Vec::new(),
            unix_offset,
            late_ticks: 0,
        }
    }

    /// Takes a leg in, and says where. It is connected to nobody.
    pub fn attach(&mut self, mut leg: Box<Leg>, now: Duration) -> usize {
        let slot = self
            .legs
            .iter()
            .position(Option::is_none)
            .unwrap_or(self.legs.len());
        if slot == self.legs.len() {
            self.legs.push(None);
            self.ids.push(None);
        }
        leg.slot = slot;
        leg.is_dirty = false;
        leg.phase = self.take_phase();
        self.ids[slot] = Some(leg.id);
        self.legs[slot] = Some(leg);
        // Room for every leg, so that the packet path never allocates.
        self.dirty.reserve(self.legs.len());
        self.changed.reserve(2 * self.legs.len());
        self.timers_at = Some(now);
        self.decide(slot, now);
        slot
    }

    /// Lets a leg go; whoever heard it hears nobody.
    pub fn detach(&mut self, slot: usize, now: Duration) -> Option<Box<Leg>> {
        self.disconnect(slot, now);
        self.set_role(slot, Role::default(), now);
        self.ids[slot] = None;
        self.legs[slot].take()
    }

    /// Where a leg is.
    #[must_use]
    pub fn slot_of(&self, id: LegId) -> Option<usize> {
        self.ids.iter().position(|other| *other == Some(id))
    }

    /// A leg, to be changed; afterwards call `decide`.
    pub fn leg_mut(&mut self, slot: usize) -> Option<&mut Leg> {
        self.legs.get_mut(slot)?.as_deref_mut()
    }

    /// Lets two legs hear each other, and nobody else; a leg and itself is an echo.
    pub fn connect(&mut self, a: usize, b: usize, now: Duration) {
        self.disconnect(a, now);
        self.disconnect(b, now);
        let phase = self.leg_mut(a).map(|leg| leg.phase);
        for (slot, peer) in [(a, b), (b, a)] {
            // A phase of another tick would be a frame of delay now and then: both get the same.
            self.set_phase(slot, phase);
            if let Some(leg) = self.leg_mut(slot) {
                leg.switch_peer(Some(peer), None);
            }
        }
        self.decide(a, now);
    }

    /// Lets a leg hear nobody, and nobody hear it.
    pub fn disconnect(&mut self, slot: usize, now: Duration) {
        if let Some(seat) = self.leg_mut(slot).and_then(|leg| leg.seat) {
            return self.stand_up(slot, seat, now);
        }
        let Some(peer) = self.leg_mut(slot).and_then(|leg| leg.peer) else {
            return;
        };
        for slot in [slot, peer] {
            if let Some(leg) = self.leg_mut(slot) {
                leg.switch_peer(None, None);
            }
        }
        self.decide(slot, now);
        self.decide(peer, now);
    }

    /// Works out anew who hears what, after something about this leg has changed.
    pub fn decide(&mut self, slot: usize, now: Duration) {
        let Some(leg) = &self.legs[slot] else {
            return;
        };
        if let Some(seat) = leg.seat {
            self.decide_member(slot, seat, now);
            self.decide_rate(seat.conference, now);
            return;
        }
        match leg.peer {
            None => self.set_role(slot, graph::alone(leg.party()), now),
            Some(same) if same == slot => self.set_role(slot, graph::echo(leg.party()), now),
            Some(peer) => {
                let Some(other) = &self.legs[peer] else {
                    return;
                };
                let (role, peers_role) = graph::pair(leg.party(), other.party());
                self.set_role(slot, role, now);
                self.set_role(peer, peers_role, now);
            }
        }
        self.timers_at = Some(now);
    }

    /// Takes one datagram. It is overwritten when it is forwarded.
    pub fn receive(
        &mut self,
        slot: usize,
        channel: Channel,
        datagram: &mut [u8],
        from: SocketAddr,
        now: Duration,
        out: &mut impl Outlet,
    ) {
        let moment = self.moment(now);
        self.mark_dirty(slot);
        let Some(leg) = self.leg_mut(slot) else {
            return;
        };
        if channel == Channel::Rtcp || is_rtcp(datagram) {
            if leg.receive_rtcp(channel, datagram, from, moment, out) {
                self.decide(slot, now);
            }
            return;
        }
        let Some(accepted) = leg.receive_rtp(datagram, from, now, out) else {
            return;
        };
        if leg.notice_codec(accepted.format.codec) || accepted.has_latched {
            self.decide(slot, now);
        }
        let Some(leg) = self.leg_mut(slot) else {
            return;
        };
        leg.hold_for_decoding(datagram, &accepted, now);
        let is_event = accepted.format.codec.is_event();
        let is_kept = leg.mutes.receive || is_event && leg.params.digits.hidden;
        let listener = leg.peer.filter(|_| !is_kept);
        if is_event {
            leg.receive_event(datagram, &accepted, now, out);
            // A digit that begins wants to be looked after sooner than all else.
            let leg_next = leg.next_timeout();
            self.timers_at = Some(self.timers_at.map_or(leg_next, |at| at.min(leg_next)));
        }
        let was_forwarded = listener.is_some_and(|peer| {
            self.mark_dirty(peer);
            self.leg_mut(peer)
                .is_some_and(|peer| peer.forward(datagram, &accepted, now, out))
        });
        if let Some(leg) = self.leg_mut(slot) {
            leg.count_delivery(was_forwarded);
        }
        if is_event && let Some(peer) = self.pass_digits(slot) {
            self.decide(peer, now);
        }
    }

    /// The signalling says that a leg's peer pressed a digit, for so long.
    pub fn press(
        &mut self,
        slot: usize,
        digit: char,
        lasted: Duration,
        now: Duration,
        out: &mut impl Outlet,
    ) {
        if let Some(leg) = self.leg_mut(slot) {
            leg.press(digit, lasted, now, out);
        }
        if let Some(peer) = self.pass_digits(slot) {
            self.decide(peer, now);
        }
    }

    /// When `handle_timeout` wants to be called; none: never, as long as nothing comes.
    #[must_use]
    pub fn next_timeout(&self) -> Option<Duration> {
        let tick = (0..PHASES as u64)
            .map(|ahead| self.next_tick + ahead)
            .find(|tick| self.has_work_in(*tick));
        let tick_at = tick.map(tick_time);
        match (tick_at, self.timers_at) {
            (Some(tick_at), Some(timers_at)) => Some(tick_at.min(timers_at)),
            (tick_at, timers_at) => tick_at.or(timers_at),
        }
    }

    /// Does what is due: frames, reports, time-outs.
    pub fn handle_timeout(&mut self, now: Duration, out: &mut impl Outlet) {
        self.run_ticks(now, out);
        if self.timers_at.is_some_and(|at| now >= at) {
            self.run_timers(now, out);
        }
    }

    /// Leaves the newest figures of every leg that changed where everybody finds them.
    pub fn publish(&mut self, now: Duration) {
        while let Some(slot) = self.dirty.pop() {
            if let Some(leg) = self.leg_mut(slot) {
                leg.publish(now);
            }
        }
        let dirty = self
            .conferences
            .iter_mut()
            .flatten()
            .filter(|it| it.is_dirty);
        dirty.for_each(|conference| conference.publish());
    }

    /// Says goodbye to a leg's peer.
    pub fn bye(&mut self, slot: usize, now: Duration, out: &mut impl Outlet) {
        let moment = self.moment(now);
        if let Some(leg) = self.leg_mut(slot) {
            leg.bye(moment, out);
        }
    }

    /// Ticks that came too late to be made up for.
    #[must_use]
    pub fn late_ticks(&self) -> u64 {
        self.late_ticks
    }

    fn moment(&self, now: Duration) -> Moment {
        Moment {
            now,
            unix: self.unix_offset + now,
        }
    }

    /// Hands the digits that came from a leg to its peer; that one, if it has something to send now.
    fn pass_digits(&mut self, slot: usize) -> Option<usize> {
        let mut sends = None;
        while let Some(leg) = self.leg_mut(slot).filter(|leg| leg.has_passing()) {
            let peer = leg.peer.filter(|peer| *peer != slot);
            if let (Some(passing), Some(peer)) = (leg.take_passing(), peer)
                && self.leg_mut(peer).is_some_and(|leg| leg.pass_on(passing))
            {
                sends = Some(peer);
            }
        }
        sends
    }

    fn mark_dirty(&mut self, slot: usize) {
        if let Some(leg) = self.legs.get_mut(slot).and_then(Option::as_deref_mut)
            && !std::mem::replace(&mut leg.is_dirty, true)
        {
            self.dirty.push(slot);
        }
    }

    fn set_role(&mut self, slot: usize, role: Role, now: Duration) {
        let is_idle = self.is_idle();
        if let Some(leg) = self.leg_mut(slot) {
            leg.take_role(role);
            let (phase, is_ticking) = (leg.phase, leg.is_ticking());
            self.enlist(slot, phase, is_ticking);
        }
        self.mark_dirty(slot);
        if is_idle {
            // The clock stood still while nobody needed it.
            self.next_tick = self.next_tick.max(ticks_until(now));
        }
    }

    fn set_phase(&mut self, slot: usize, phase: Option<usize>) {
        let (Some(phase), Some(leg)) = (phase, self.leg_mut(slot)) else {
            return;
        };
        let (old, is_ticking) = (std::mem::replace(&mut leg.phase, phase), leg.is_ticking());
        self.enlist(slot, old, false);
        self.enlist(slot, phase, is_ticking);
    }

    fn enlist(&mut self, slot: usize, phase: usize, is_ticking: bool) {
        let legs = &mut self.phases[phase];
        match (legs.iter().position(|other| *other == slot), is_ticking) {
            (None, true) => legs.push(slot),
            (Some(index), false) => {
                legs.swap_remove(index);
            }
            _ => {}
        }
    }

    fn take_phase(&mut self) -> usize {
        let phase = self.next_phase;
        self.next_phase = (phase + 1) % PHASES;
        phase
    }

    fn has_work_in(&self, tick: u64) -> bool {
        let phase = phase_of(tick);
        !self.phases[phase].is_empty() || !self.conference_phases[phase].is_empty()
    }

    /// The frame clock stands still.
    fn is_idle(&self) -> bool {
        let mut phases = self.phases.iter().chain(&self.conference_phases);
        phases.all(Vec::is_empty)
    }

    fn run_ticks(&mut self, now: Duration, out: &mut impl Outlet) {
        if self.is_idle() {
            return;
        }
        let due = ticks_until(now);
        let oldest = due.saturating_sub(CATCH_UP_TICKS);
        if self.next_tick < oldest {
            self.late_ticks += oldest - self.next_tick;
            self.next_tick = oldest;
        }
        while self.next_tick < due {
            self.run_tick(self.next_tick, now, out);
            self.next_tick += 1;
        }
    }

    fn run_tick(&mut self, tick: u64, now: Duration, out: &mut impl Outlet) {
        let phase = phase_of(tick);
        let slots = std::mem::take(&mut self.phases[phase]);
        // The moment that the tick stands for, so that two that are made up for do not look like one.
        let at = tick_time(tick).min(now);
        for slot in &slots {
            self.mark_dirty(*slot);
            if let Some(leg) = self.leg_mut(*slot) {
                leg.hear(at, out);
            }
            if let Some(peer) = self.pass_digits(*slot) {
                self.changed.push(peer);
            }
        }
        self.mix_conferences(phase, at, now, out);
        for slot in &slots {
            if self.say_to(*slot, at, out) {
                self.changed.push(*slot);
            }
        }
        self.phases[phase] = slots;
        while let Some(slot) = self.changed.pop() {
            self.decide(slot, now);
        }
    }

    fn mix_conferences(
        &mut self,
        phase: usize,
        at: Duration,
        now: Duration,
        out: &mut impl Outlet,
    ) {
        // Backwards: one whose last sound ends has no more work, and leaves the list.
        for index in (0..self.conference_phases[phase].len()).rev() {
            let slot = self.conference_phases[phase][index];
            if let Some(conference) = &mut self.conferences[slot] {
                conference.mix(&mut self.legs, at, out);
                self.decide_conference(slot, now);
            }
        }
    }

    /// Makes a leg's next frame of what it hears. True when the last of its sounds and digits has ended.
    fn say_to(&mut self, slot: usize, at: Duration, out: &mut impl Outlet) -> bool {
        let Some(leg) = self.legs[slot].as_ref().filter(|leg| leg.speaks()) else {
            return false;
        };
        match (leg.seat, leg.peer) {
            (Some(seat), _) => self.say_to_member(slot, seat, at, out),
            (None, Some(peer)) => self.say_to_peer(slot, peer, at, out),
            (None, None) => self.say(slot, Heard::Silence, at, out),
        }
    }

    /// The newest frame of the leg that this one hears.
    fn say_to_peer(
        &mut self,
        slot: usize,
        peer: usize,
        at: Duration,
        out: &mut impl Outlet,
    ) -> bool {
        let speaker = self.legs[peer].as_mut();
        // Taken out for so long: one who hears itself is the same leg.
        let heard = speaker
            .filter(|speaker| speaker.role.is_decoded && !speaker.mutes.receive)
            .map(|speaker| std::mem::take(&mut speaker.heard));
        let frame = heard.as_ref().filter(|frame| !frame.is_empty());
        let frame = frame.map_or(Heard::Silence, |frame| Heard::Frame(frame));
        let has_ended = self.say(slot, frame, at, out);
        if let (Some(heard), Some(speaker)) = (heard, self.legs[peer].as_mut()) {
            speaker.heard = heard;
        }
        has_ended
    }

    fn say_to_member(
        &mut self,
        slot: usize,
        seat: Seat,
        at: Duration,
        out: &mut impl Outlet,
    ) -> bool {
        let conference = self.conferences[seat.conference].as_mut();
        let (Some(conference), Some(leg)) = (conference, self.legs[slot].as_mut()) else {
            return false;
        };
        leg.say(conference.heard_by(seat.member), at, out)
    }

    fn say(&mut self, slot: usize, heard: Heard, at: Duration, out: &mut impl Outlet) -> bool {
        let leg = self.legs[slot].as_mut();
        leg.is_some_and(|leg| leg.say(heard, at, out))
    }

    fn run_timers(&mut self, now: Duration, out: &mut impl Outlet) {
        let moment = self.moment(now);
        let mut next: Option<Duration> = None;
        for slot in 0..self.legs.len() {
            let Some(leg) = self.leg_mut(slot) else {
                continue;
            };
            let is_due = now >= leg.next_timeout();
            if is_due {
                leg.handle_timeout(moment, out);
            }
            let leg_next = leg.next_timeout();
            next = Some(next.map_or(leg_next, |next| next.min(leg_next)));
            if is_due {
                self.mark_dirty(slot);
            }
        }
        self.timers_at = next.map(|next| next.max(now + TIMERS_EVERY));
    }
}

fn tick_time(tick: u64) -> Duration {
    // The end of the tick: at its beginning nothing of it has happened yet.
    Duration::from_nanos((tick + 1) * TICK.as_nanos() as u64)
}

/// The number of ticks that are over at `now`.
fn ticks_until(now: Duration) -> u64 {
    (now.as_nanos() / TICK.as_nanos()) as u64
}

fn phase_of(tick: u64) -> usize {
    const { assert!(PHASES as u128 * TICK.as_nanos() == FRAME_TIME.as_nanos()) };
    (tick % PHASES as u64) as usize
}

#[cfg(test)]
mod tests;
