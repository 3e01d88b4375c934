//! The control side: gives out ports and numbers, places legs on media threads, and keeps account of both.

mod conference;
mod files;
mod sound;

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::ops::Range;
use std::os::fd::RawFd;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

pub use conference::ConferenceOptions;
use files::Beeping;

use crate::command::{Command, Placed};
use crate::error::EngineError;
use crate::event::Event;
use crate::format::CodecBook;
use crate::ids::{BridgeId, ConferenceId, LegId, Place, RecorderId};
use crate::leg::{Leg, Mutes, Seeds};
use crate::notices::Notices;
use crate::os::{Wake, fill_random, monotonic, wall_clock};
use crate::params::LegParams;
use crate::player::FileReader;
use crate::ports::{Ports, Sockets};
use crate::recorder::FileWriter;
use crate::registry::{LegEntry, Opening, Registry};
use crate::reply::Reply;
use crate::stats::{EngineStats, StatsCell, WORDS};
use crate::thread::MediaThread;

/// What an engine is made of.
#[derive(Debug, Clone)]
pub struct EngineConfig {
    /// The address that sockets are opened on.
    pub address: IpAddr,
    /// Ports for RTP and RTCP.
    pub ports: Range<u16>,
    /// Media threads; none: one for each core but one, at least one.
    pub threads: Option<usize>,
    /// What is sent is marked so, for those who forward it: a code point of 0 to 63 (RFC 2474). Sockets that are handed in keep
    /// their own.
    pub dscp: u8,
}

/// A leg as it was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenedLeg {
    /// Its number.
    pub id: LegId,
    /// Where it takes RTP.
    pub local: SocketAddr,
    /// Where it takes RTCP.
    pub local_rtcp: SocketAddr,
}

/// Legs on media threads. Every call waits for the thread's answer, at most two seconds and as a rule some tens of
/// microseconds: what was asked is in force when it returns.
#[derive(Debug)]
pub struct Engine {
    config: EngineConfig,
    threads: Vec<MediaThread>,
    registry: Mutex<Registry>,
    codecs: CodecBook,
    reader: FileReader,
    writer: FileWriter,
    notices: Arc<Notices>,
    beeps: Mutex<HashMap<RecorderId, Beeping>>,
    events_wake: Arc<Wake>,
    last_id: AtomicU64,
    cname: String,
}

impl Engine {
    /// Starts the media threads, and those that read and write files.
    pub fn start(config: EngineConfig) -> Result<Engine, EngineError> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let count = config.threads.unwrap_or(cores - 1).max(1);
        let events_wake = Arc::new(Wake::new()?);
        let unix_offset = wall_clock().saturating_sub(monotonic());
        let threads: io::Result<Vec<MediaThread>> = (0..count)
            .map(|index| MediaThread::start(index, Arc::clone(&events_wake), unix_offset))
            .collect();
        let registry = Registry {
            ports: Ports::new(config.address, config.ports.clone()).marked(config.dscp),
            legs: Default::default(),
            bridges: Default::default(),
            conferences: Default::default(),
            is_closed: false,
        };
        let notices = Arc::new(Notices::new(Arc::clone(&events_wake)));
        let [low, high] = random_words()?;
        Ok(Engine {
            config,
            threads: threads?,
            registry: Mutex::new(registry),
            codecs: CodecBook::default(),
            reader: FileReader::start()?,
            writer: FileWriter::start(Arc::clone(&notices))?,
            notices,
            beeps: Mutex::default(),
            events_wake,
            last_id: AtomicU64::new(0),
            // 96 random bits that say nothing about anybody (RFC 7022 4.2).
            cname: format!("{low:016x}{:08x}", high >> 32),
        })
    }

    /// The numbers of codecs.
    #[must_use]
    pub fn codecs(&self) -> &CodecBook {
        &self.codecs
    }

    /// What has this number: a conference, or a leg, which may be closed.
    #[must_use]
    pub fn place_of(&self, number: u64) -> Place {
        let conference = ConferenceId(number);
        match self.lock().conferences.contains_key(&conference) {
            true => Place::Conference(conference),
            false => Place::Leg(LegId(number)),
        }
    }

    /// Opens a leg, on the thread of `near` if that is given, else on the one with the fewest legs.
    pub fn open_leg(
        &self,
        params: LegParams,
        opening: Opening,
        near: Option<LegId>,
    ) -> Result<OpenedLeg, EngineError> {
        let mut registry = self.registry()?;
        let thread = match near {
            Some(near) => registry.entry(near)?.thread,
            None => registry.least_loaded(self.threads.len()),
        };
        let (sockets, port) = registry.open(opening, !params.rtcp_mux, &self.config.ports)?;
        let placed = self.place(params, &sockets, thread);
        let (opened, entry, leg) = match placed {
            Ok(placed) => placed,
            Err(error) => {
                registry.give_back(port);
                return Err(error);
            }
        };
        let placed = Box::new(Placed { leg, sockets });
        match self.threads[thread].ask(|reply| Command::Attach(placed, reply)) {
            Ok(None) => {
                registry.legs.insert(opened.id, LegEntry { port, ..entry });
                Ok(opened)
            }
            refused => {
                registry.give_back(port);
                Err(refused.err().unwrap_or_else(unwatched))
            }
        }
    }

    fn place(
        &self,
        params: LegParams,
        sockets: &Sockets,
        thread: usize,
    ) -> Result<(OpenedLeg, LegEntry, Box<Leg>), EngineError> {
        let id = LegId(self.next_id());
        let local = sockets.rtp.local_addr()?;
        let local_rtcp = sockets
            .rtcp
            .as_ref()
            .map_or(Ok(local), |rtcp| rtcp.local_addr())?;
        let (cell, rate) = (StatsCell::default(), params.sent().best());
        let mut leg = Leg::new(
            id,
            params,
            random_seeds()?,
            &self.cname,
            Arc::clone(&cell),
            monotonic(),
        );
        leg.publish(monotonic());
        let entry = LegEntry {
            thread,
            cell,
            port: None,
            sockets: sockets.count(),
            bridge: None,
            conference: None,
            mutes: Mutes::default(),
            rate,
        };
        Ok((
            OpenedLeg {
                id,
                local,
                local_rtcp,
            },
            entry,
            Box::new(leg),
        ))
    }

    /// Says goodbye to the peer and gives the ports back. Of a leg that is closed already nothing is left to do.
    pub fn close_leg(&self, id: LegId) -> Result<(), EngineError> {
        let Ok(mut registry) = self.registry() else {
            return Ok(());
        };
        registry.forget_member(id);
        let Some(entry) = registry.legs.remove(&id) else {
            return Ok(());
        };
        if let Some(bridge) = entry.bridge {
            registry.forget_bridge(bridge);
        }
        let placed = self.threads[entry.thread].ask(|reply| Command::Close(id, reply));
        // The sockets are closed before their port is free.
        drop(placed?);
        registry.give_back(entry.port);
        Ok(())
    }

    /// Replaces a leg's agreement; SSRC, sequence and timestamps go on.
    pub fn update_leg(&self, id: LegId, params: LegParams) -> Result<(), EngineError> {
        let rate = params.sent().best();
        self.ask(id, |reply| Command::Update(id, Box::new(params), reply))?;
        self.registry()?.entry_mut(id)?.rate = rate;
        Ok(())
    }

    /// Lets two legs hear each other, and nobody else; they leave the bridges and conferences that they are in.
    pub fn bridge(&self, a: LegId, b: LegId) -> Result<BridgeId, EngineError> {
        let mut registry = self.registry()?;
        let thread = registry.entry(a)?.thread;
        registry.entry(b)?;
        for leg in [a, b] {
            self.leave_all(&mut registry, leg)?;
        }
        self.bring(&mut registry, b, thread)?;
        self.threads[thread]
            .ask(|reply| Command::Connect(a, b, reply))?
            .ok_or(EngineError::NoSuchLeg(b))?;
        let bridge = BridgeId(self.next_id());
        registry.bridges.insert(bridge, (a, b));
        registry.entry_mut(a)?.bridge = Some(bridge);
        registry.entry_mut(b)?.bridge = Some(bridge);
        Ok(bridge)
    }

    /// Ends a bridge or an echo; one that has ended already needs nothing.
    pub fn close_bridge(&self, bridge: BridgeId) -> Result<(), EngineError> {
        let Ok(mut registry) = self.registry() else {
            return Ok(());
        };
        let Some((leg, _)) = registry.bridges.get(&bridge).copied() else {
            return Ok(());
        };
        self.disconnect(&registry, leg)?;
        registry.forget_bridge(bridge);
        Ok(())
    }

    /// A leg leaves the bridge or the conference that it is in.
    fn leave_all(&self, registry: &mut Registry, leg: LegId) -> Result<(), EngineError> {
        let entry = registry.entry(leg)?;
        let (bridge, conference) = (entry.bridge, entry.conference);
        if bridge.is_some() || conference.is_some() {
            self.disconnect(registry, leg)?;
        }
        if let Some(bridge) = bridge {
            registry.forget_bridge(bridge);
        }
        registry.forget_member(leg);
        Ok(())
    }

    fn disconnect(&self, registry: &Registry, leg: LegId) -> Result<(), EngineError> {
        let thread = registry.entry(leg)?.thread;
        self.threads[thread]
            .ask(|reply| Command::Disconnect(leg, reply))
            .map(drop)
    }

    /// A call, or a conference, lives on one thread. Packets that come during the move wait in the sockets.
    fn bring(&self, registry: &mut Registry, leg: LegId, to: usize) -> Result<(), EngineError> {
        let from = registry.entry(leg)?.thread;
        if from == to {
            return Ok(());
        }
        let placed = self.threads[from]
            .ask(|reply| Command::Detach(leg, reply))?
            .ok_or(EngineError::NoSuchLeg(leg))?;
        registry.entry_mut(leg)?.thread = to;
        match self.threads[to].ask(|reply| Command::Attach(placed, reply))? {
            None => Ok(()),
            Some(placed) => {
                // It stays where it was, and hears nobody.
                registry.entry_mut(leg)?.thread = from;
                self.threads[from].ask(|reply| Command::Attach(placed, reply))?;
                Err(unwatched())
            }
        }
    }

    /// All events since the last time.
    #[must_use]
    pub fn poll_events(&self) -> Vec<Event> {
        // Cleared first: an event that comes meanwhile is either fetched below or pokes again.
        self.events_wake.clear();
        let mut events = Vec::new();
        for thread in &self.threads {
            thread.fetch_events(&mut events);
        }
        self.fetch_notices(&mut events);
        events
    }

    /// Waits until there is an event; false when `timeout` passed first.
    #[must_use]
    pub fn wait_events(&self, timeout: Duration) -> bool {
        self.events_wake.wait(timeout)
    }

    /// Readable while there are events.
    #[must_use]
    pub fn events_fd(&self) -> RawFd {
        self.events_wake.raw()
    }

    /// One leg's row of figures (`LegStats::from_words`); not older than the last packet but one.
    pub fn leg_stats(&self, id: LegId) -> Result<[u64; WORDS], EngineError> {
        let registry = self.registry()?;
        Ok(registry.entry(id)?.cell.read())
    }

    /// Leaves the rows of all legs in `rows`, and nothing else.
    pub fn all_leg_stats(&self, rows: &mut Vec<[u64; WORDS]>) {
        let registry = self.lock();
        rows.clear();
        rows.extend(registry.legs.values().map(|entry| entry.cell.read()));
    }

    /// The engine's own figures.
    #[must_use]
    pub fn stats(&self) -> EngineStats {
        let registry = self.lock();
        let sum = |count: fn(&MediaThread) -> &AtomicU64| {
            self.threads
                .iter()
                .map(|thread| count(thread).load(Ordering::Relaxed))
                .sum::<u64>()
        };
        EngineStats {
            legs: registry.legs.len(),
            bridges: registry.bridges.len(),
            conferences: registry.conferences.len(),
            ports_in_use: registry.ports.in_use(),
            port_pairs: registry.ports.pairs(),
            sockets: registry.legs.values().map(|entry| entry.sockets).sum(),
            threads: if registry.is_closed {
                0
            } else {
                self.threads.len()
            },
            busy_s: Duration::from_nanos(sum(|thread| &thread.counters.busy_ns)).as_secs_f64(),
            wakes: sum(|thread| &thread.counters.wakes),
            late_ticks: sum(|thread| &thread.counters.late_ticks),
            events_dropped: sum(|thread| &thread.counters.events_dropped),
            commands_refused: sum(|thread| &thread.refused),
        }
    }

    /// Closes every leg and ends the threads. A second call does nothing.
    pub fn close(&self) {
        let mut registry = self.lock();
        if std::mem::replace(&mut registry.is_closed, true) {
            return;
        }
        for thread in &self.threads {
            thread.finish();
        }
        let ports: Vec<Option<u16>> = registry.legs.drain().map(|(_, entry)| entry.port).collect();
        ports.into_iter().for_each(|port| registry.give_back(port));
        registry.bridges.clear();
        registry.conferences.clear();
        self.reader.finish();
        // After the media threads: what they heard to the last is in the files.
        self.writer.finish();
        // Whoever waits for events finds out that there will be none.
        self.events_wake.poke();
    }

    fn ask<T>(
        &self,
        place: impl Into<Place>,
        command: impl FnOnce(Reply<Option<T>>) -> Command,
    ) -> Result<T, EngineError> {
        let (registry, place) = (self.registry()?, place.into());
        let thread = registry.thread_of(place)?;
        self.threads[thread]
            .ask(command)?
            .ok_or_else(|| EngineError::no_such(place))
    }

    fn registry(&self) -> Result<MutexGuard<'_, Registry>, EngineError> {
        let registry = self.lock();
        if registry.is_closed {
            Err(EngineError::Closed)
        } else {
            Ok(registry)
        }
    }

    fn lock(&self) -> MutexGuard<'_, Registry> {
        self.registry.lock().expect("no panic holds this lock")
    }

    fn next_id(&self) -> u64 {
        self.last_id.fetch_add(1, Ordering::Relaxed) + 1
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.close();
    }
}

fn unwatched() -> EngineError {
    EngineError::Os(io::Error::other("the sockets cannot be watched"))
}

fn random_seeds() -> Result<Seeds, EngineError> {
    let [first, second] = random_words()?;
    Ok(Seeds {
        ssrc: first as u32,
        // The lower half: what is lost of the first packets does not hide a wrap from SRTP (RFC 3711 3.3.1).
        sequence: (first >> 32) as u16 & 0x7fff,
        timestamp: (second >> 32) as u32,
        reports: second,
    })
}

fn random_words() -> Result<[u64; 2], EngineError> {
    let mut octets = [0; 16];
    fill_random(&mut octets)?;
    let bits = u128::from_ne_bytes(octets);
    Ok([bits as u64, (bits >> 64) as u64])
}
