//! The control side's account of what is open: which leg is on which thread, with which port, in which bridge.
//! Asks no thread for anything.

use std::collections::HashMap;
use std::ops::Range;
use std::os::fd::RawFd;

use crate::conference::{ConferenceCell, MemberOptions};
use crate::error::EngineError;
use crate::frame::Rate;
use crate::ids::{BridgeId, ConferenceId, LegId, Place};
use crate::leg::Mutes;
use crate::os::adopt_udp_socket;
use crate::ports::{PortError, Ports, Sockets};
use crate::stats::StatsCell;

/// Where a leg's sockets come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Opening {
    /// The next free pair of the range.
    #[default]
    AnyPort,
    /// The pair that begins at this port.
    Port(u16),
    /// Sockets that somebody else opened and keeps: RTP and, unless it is multiplexed, RTCP.
    Descriptors(RawFd, Option<RawFd>),
}

/// What is known of an open leg.
#[derive(Debug)]
pub struct LegEntry {
    /// The media thread that it lives on.
    pub thread: usize,
    /// Where its figures are.
    pub cell: StatsCell,
    /// The port to give back to the range; none for sockets that were handed in.
    pub port: Option<u16>,
    /// How many sockets it has.
    pub sockets: usize,
    /// The bridge that it is in.
    pub bridge: Option<BridgeId>,
    /// The conference that it is in; then it is in no bridge.
    pub conference: Option<ConferenceId>,
    /// What is muted.
    pub mutes: Mutes,
    /// The highest rate that it can be sent.
    pub rate: Rate,
}

/// What is known of an open conference.
#[derive(Debug)]
pub struct ConferenceEntry {
    /// The media thread that it lives on, with all its members.
    pub thread: usize,
    /// Where its figures are.
    pub cell: ConferenceCell,
    /// So many members, and no more.
    pub members_max: usize,
    /// Who is in it, in the order in which they came.
    pub members: Vec<(LegId, MemberOptions)>,
}

/// Everything that is open.
#[derive(Debug)]
pub struct Registry {
    /// Free and taken ports.
    pub ports: Ports,
    /// Open legs.
    pub legs: HashMap<LegId, LegEntry>,
    /// Bridges, echoes among them, with their legs.
    pub bridges: HashMap<BridgeId, (LegId, LegId)>,
    /// Conferences, with their members.
    pub conferences: HashMap<ConferenceId, ConferenceEntry>,
    /// Nothing opens any more.
    pub is_closed: bool,
}

impl Registry {
    /// An open leg.
    pub fn entry(&self, id: LegId) -> Result<&LegEntry, EngineError> {
        self.legs.get(&id).ok_or(EngineError::NoSuchLeg(id))
    }

    /// An open leg, to be changed.
    pub fn entry_mut(&mut self, id: LegId) -> Result<&mut LegEntry, EngineError> {
        self.legs.get_mut(&id).ok_or(EngineError::NoSuchLeg(id))
    }

    /// An open conference.
    pub fn conference(&self, id: ConferenceId) -> Result<&ConferenceEntry, EngineError> {
        let entry = self.conferences.get(&id);
        entry.ok_or(EngineError::NoSuchConference(id))
    }

    /// An open conference, to be changed.
    pub fn conference_mut(
        &mut self,
        id: ConferenceId,
    ) -> Result<&mut ConferenceEntry, EngineError> {
        let entry = self.conferences.get_mut(&id);
        entry.ok_or(EngineError::NoSuchConference(id))
    }

    /// The media thread that something is on.
    pub fn thread_of(&self, place: Place) -> Result<usize, EngineError> {
        match place {
            Place::Leg(leg) => self.entry(leg).map(|entry| entry.thread),
            Place::Conference(id) => self.conference(id).map(|entry| entry.thread),
        }
    }

    /// The highest rate that can be heard there.
    pub fn rate_of(&self, place: Place) -> Result<Rate, EngineError> {
        match place {
            Place::Leg(leg) => self.entry(leg).map(|entry| entry.rate),
            Place::Conference(id) => {
                let members = self.conference(id)?.members.iter();
                let rates = members.filter_map(|(leg, _)| Some(self.legs.get(leg)?.rate));
                Ok(rates.max().unwrap_or_default())
            }
        }
    }

    /// A leg is in no conference any more.
    pub fn forget_member(&mut self, leg: LegId) {
        let entry = self.legs.get_mut(&leg);
        let Some(id) = entry.and_then(|entry| entry.conference.take()) else {
            return;
        };
        if let Some(conference) = self.conferences.get_mut(&id) {
            conference.members.retain(|(other, _)| *other != leg);
        }
    }

    /// The thread with the fewest legs.
    pub fn least_loaded(&self, threads: usize) -> usize {
        let legs = |thread: usize| {
            self.legs
                .values()
                .filter(|entry| entry.thread == thread)
                .count()
        };
        (0..threads).min_by_key(|thread| legs(*thread)).unwrap_or(0)
    }

    /// Sockets for a leg, and the port to give back later.
    pub fn open(
        &mut self,
        opening: Opening,
        with_rtcp: bool,
        range: &Range<u16>,
    ) -> Result<(Sockets, Option<u16>), EngineError> {
        let sockets = match opening {
            Opening::AnyPort => self.ports.open(with_rtcp).map_err(|error| match error {
                PortError::NoFreePair => EngineError::PortsExhausted(range.clone()),
                PortError::Refused(error) => EngineError::Os(error),
            })?,
            Opening::Port(port) => self.ports.open_at(port, with_rtcp)?,
            Opening::Descriptors(rtp, rtcp) => {
                let rtcp = rtcp.map(adopt_udp_socket).transpose()?;
                return Ok((
                    Sockets {
                        rtp: adopt_udp_socket(rtp)?,
                        rtcp,
                    },
                    None,
                ));
            }
        };
        let port = sockets.rtp.local_addr()?.port();
        Ok((sockets, Some(port)))
    }

    /// A leg's port is free again.
    pub fn give_back(&mut self, port: Option<u16>) {
        if let Some(port) = port {
            self.ports.release(port);
        }
    }

    /// A bridge has ended.
    pub fn forget_bridge(&mut self, bridge: BridgeId) {
        if let Some((a, b)) = self.bridges.remove(&bridge) {
            for leg in [a, b] {
                if let Some(entry) = self.legs.get_mut(&leg) {
                    entry.bridge = None;
                }
            }
        }
    }
}
