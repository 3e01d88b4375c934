//! Conferences of an engine: legs come to the thread of their conference, and leave whatever they were in before.

use std::sync::Arc;

use super::Engine;
use crate::command::Command;
use crate::conference::{Conference, ConferenceCell, ConferenceStats, MemberOptions};
use crate::error::EngineError;
use crate::ids::{ConferenceId, LegId};
use crate::registry::{ConferenceEntry, Registry};

/// What a conference is made of.
#[derive(Debug, Clone, Copy)]
pub struct ConferenceOptions {
    /// So many members, and no more.
    pub members_max: usize,
    /// So many are mixed at once, the loudest, at most `LOUDEST_MAX`; none: up to 16 all of them, and of more 8.
    pub loudest: Option<usize>,
}

impl Engine {
    /// Opens a conference, on the thread of `near` if that is given, else on the one with the fewest legs.
    pub fn open_conference(
        &self,
        options: ConferenceOptions,
        near: Option<LegId>,
    ) -> Result<ConferenceId, EngineError> {
        let mut registry = self.registry()?;
        let thread = match near {
            Some(near) => registry.entry(near)?.thread,
            None => registry.least_loaded(self.threads.len()),
        };
        let id = ConferenceId(self.next_id());
        let cell = ConferenceCell::default();
        let conference = Conference::new(id, options.loudest, Arc::clone(&cell));
        let conference = Box::new(conference);
        self.threads[thread].ask(|reply| Command::OpenConference(conference, reply))?;
        let entry = ConferenceEntry {
            thread,
            cell,
            members_max: options.members_max,
            members: Vec::new(),
        };
        registry.conferences.insert(id, entry);
        Ok(id)
    }

    /// Ends a conference; its members stay open and hear nobody. Of one that is closed already nothing is left to do.
    pub fn close_conference(&self, id: ConferenceId) -> Result<(), EngineError> {
        let Ok(mut registry) = self.registry() else {
            return Ok(());
        };
        let Some(entry) = registry.conferences.remove(&id) else {
            return Ok(());
        };
        for (leg, _) in &entry.members {
            if let Ok(member) = registry.entry_mut(*leg) {
                member.conference = None;
            }
        }
        self.threads[entry.thread]
            .ask(|reply| Command::CloseConference(id, reply))
            .map(drop)
    }

    /// Lets a leg hear and be heard by the members. It leaves the bridge or conference that it is in; one that is a
    /// member already gets other options.
    pub fn join(
        &self,
        id: ConferenceId,
        leg: LegId,
        options: MemberOptions,
    ) -> Result<(), EngineError> {
        let mut registry = self.registry()?;
        let entry = registry.conference(id)?;
        let (thread, members, members_max) = (entry.thread, entry.members.len(), entry.members_max);
        if registry.entry(leg)?.conference != Some(id) {
            if members >= members_max {
                return Err(EngineError::ConferenceFull {
                    conference: id,
                    members_max,
                });
            }
            self.leave_all(&mut registry, leg)?;
            self.bring(&mut registry, leg, thread)?;
        }
        self.seat(&mut registry, id, leg, options)
    }

    /// Changes what is wished for a member; none leaves it as it is.
    pub fn change_member(
        &self,
        id: ConferenceId,
        leg: LegId,
        is_muted: Option<bool>,
        is_deaf: Option<bool>,
        gain_db: Option<f64>,
    ) -> Result<(), EngineError> {
        let mut registry = self.registry()?;
        registry.entry(leg)?;
        let members = &registry.conference(id)?.members;
        let member = members.iter().find(|(other, _)| *other == leg);
        let (_, options) = *member.ok_or(EngineError::NotAMember {
            leg,
            conference: id,
        })?;
        let options = MemberOptions {
            is_muted: is_muted.unwrap_or(options.is_muted),
            is_deaf: is_deaf.unwrap_or(options.is_deaf),
            gain_db: gain_db.unwrap_or(options.gain_db),
        };
        self.seat(&mut registry, id, leg, options)
    }

    /// Lets a leg hear nobody again; one that is no member, or closed, needs nothing.
    pub fn leave(&self, id: ConferenceId, leg: LegId) -> Result<(), EngineError> {
        let mut registry = self.registry()?;
        registry.conference(id)?;
        match registry.legs.get(&leg) {
            Some(entry) if entry.conference == Some(id) => self.leave_all(&mut registry, leg),
            _ => Ok(()),
        }
    }

    /// Who is in it, in the order in which they came.
    pub fn members(&self, id: ConferenceId) -> Result<Vec<(LegId, MemberOptions)>, EngineError> {
        Ok(self.registry()?.conference(id)?.members.clone())
    }

    /// A conference's figures, not older than its newest frame but one.
    pub fn conference_stats(&self, id: ConferenceId) -> Result<ConferenceStats, EngineError> {
        let registry = self.registry()?;
        let words = registry.conference(id)?.cell.read();
        Ok(ConferenceStats::from_words(&words))
    }

    fn seat(
        &self,
        registry: &mut Registry,
        id: ConferenceId,
        leg: LegId,
        options: MemberOptions,
    ) -> Result<(), EngineError> {
        let thread = registry.conference(id)?.thread;
        self.threads[thread]
            .ask(|reply| Command::Join(id, leg, options, reply))?
            .ok_or(EngineError::NoSuchLeg(leg))?;
        registry.entry_mut(leg)?.conference = Some(id);
        let members = &mut registry.conference_mut(id)?.members;
        match members.iter_mut().find(|(other, _)| *other == leg) {
            Some((_, kept)) => *kept = options,
            None => members.push((leg, options)),
        }
        Ok(())
    }
}
