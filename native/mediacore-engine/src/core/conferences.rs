//! The conferences of a media thread: who sits where, and when each is mixed.

use std::time::Duration;

use super::{Core, ticks_until};
use crate::conference::{Conference, MemberOptions, Seat};
use crate::frame::Rate;
use crate::graph;
use crate::ids::ConferenceId;
use crate::leg::Leg;

impl Core {
    /// Takes a conference in.
    pub fn open_conference(&mut self, mut conference: Box<Conference>) {
        conference.phase = self.take_phase();
        let free = self.conferences.iter().position(Option::is_none);
        let slot = free.unwrap_or(self.conferences.len());
        if slot == self.conferences.len() {
            self.conferences.push(None);
        }
        conference.publish();
        self.conferences[slot] = Some(conference);
    }

    /// Lets a conference go; its members hear nobody.
    pub fn close_conference(&mut self, slot: usize, now: Duration) -> Option<Box<Conference>> {
        let members = self.conferences.get(slot)?.as_ref()?.members();
        for leg in members.iter().map(|member| member.slot).collect::<Vec<_>>() {
            self.disconnect(leg, now);
        }
        let conference = self.conferences[slot].take()?;
        self.conference_phases[conference.phase].retain(|other| *other != slot);
        Some(conference)
    }

    /// Where a conference is.
    #[must_use]
    pub fn conference_of(&self, id: ConferenceId) -> Option<usize> {
        let is_it = |conference: &Option<Box<Conference>>| {
            conference
                .as_ref()
                .is_some_and(|conference| conference.id == id)
        };
        self.conferences.iter().position(is_it)
    }

    /// A conference, to be changed; afterwards call `decide_conference`.
    pub fn conference_mut(&mut self, slot: usize) -> Option<&mut Conference> {
        self.conferences.get_mut(slot)?.as_deref_mut()
    }

    /// Gives a leg a seat, or other options to one who sits there already.
    pub fn join(&mut self, conference: usize, slot: usize, options: MemberOptions, now: Duration) {
        let seat = self.leg_mut(slot).and_then(|leg| leg.seat);
        match seat.filter(|seat| seat.conference == conference) {
            Some(seat) => {
                if let Some(conference) = self.conference_mut(conference) {
                    conference.set_options(seat.member, options);
                }
            }
            None => self.sit_down(conference, slot, options, now),
        }
        self.decide(slot, now);
        self.decide_conference(conference, now);
    }

    /// Works out anew whether the frame clock has work with a conference.
    pub fn decide_conference(&mut self, slot: usize, now: Duration) {
        let is_idle = self.is_idle();
        let Some(conference) = self.conferences.get(slot).and_then(Option::as_ref) else {
            return;
        };
        let listed = &mut self.conference_phases[conference.phase];
        let index = listed.iter().position(|other| *other == slot);
        match (index, conference.is_ticking()) {
            (None, true) => listed.push(slot),
            (Some(index), false) => {
                listed.swap_remove(index);
            }
            _ => {}
        }
        if is_idle {
            self.next_tick = self.next_tick.max(ticks_until(now));
        }
    }

    /// Works out anew who a member hears, and who hears it.
    pub(super) fn decide_member(&mut self, slot: usize, seat: Seat, now: Duration) {
        let (Some(leg), Some(conference)) = (&self.legs[slot], &self.conferences[seat.conference])
        else {
            return;
        };
        let options = conference.members()[seat.member].options;
        let is_heard = !options.is_muted && !leg.mutes.receive;
        let role = graph::member(leg.party(), conference.rate(), !options.is_deaf, is_heard);
        self.set_role(slot, role, now);
        self.timers_at = Some(now);
    }

    /// Lets a conference mix at the highest rate in use among its members.
    pub(super) fn decide_rate(&mut self, slot: usize, now: Duration) {
        let Some(conference) = self.conferences[slot].as_ref() else {
            return;
        };
        let members = conference.members().iter();
        let members: Vec<usize> = members.map(|member| member.slot).collect();
        let legs = members
            .iter()
            .filter_map(|member| self.legs[*member].as_deref());
        let rate = legs.map(Leg::best_rate).max().unwrap_or(Rate::default());
        if rate == conference.rate() {
            return;
        }
        if let Some(conference) = self.conference_mut(slot) {
            conference.set_rate(rate);
        }
        for member in members {
            if let Some(seat) = self.leg_mut(member).and_then(|leg| leg.seat) {
                self.decide_member(member, seat, now);
            }
        }
    }

    fn sit_down(&mut self, conference: usize, slot: usize, options: MemberOptions, now: Duration) {
        self.disconnect(slot, now);
        let id = self.ids[slot];
        let (Some(id), Some(room)) = (id, self.conference_mut(conference)) else {
            return;
        };
        let phase = room.phase;
        let member = room.join(slot, id, options);
        self.set_phase(slot, Some(phase));
        if let Some(leg) = self.leg_mut(slot) {
            leg.switch_peer(None, Some(Seat { conference, member }));
        }
    }

    /// The seat is free again; whoever sat on the last one gets its number.
    pub(super) fn stand_up(&mut self, slot: usize, seat: Seat, now: Duration) {
        let moved = self
            .conference_mut(seat.conference)
            .and_then(|conference| conference.leave(seat.member));
        if let Some(leg) = moved.and_then(|moved| self.leg_mut(moved)) {
            leg.seat = Some(seat);
        }
        if let Some(leg) = self.leg_mut(slot) {
            leg.switch_peer(None, None);
        }
        self.decide(slot, now);
        self.decide_rate(seat.conference, now);
        self.decide_conference(seat.conference, now);
    }
}
