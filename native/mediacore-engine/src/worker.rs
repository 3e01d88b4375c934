//! One media thread: waits for packets, commands and the frame clock, and lets the core do the work.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use rtrb::{Consumer, Producer};

use crate::command::{Command, Placed};
use crate::conference::Conference;
use crate::core::{Core, TICK};
use crate::event::{Event, EventQueue};
use crate::ids::{ConferenceId, LegId, Place};
use crate::leg::{Leg, Stopped};
use crate::listeners::Listeners;
use crate::os::{Poller, Ready, Wake, monotonic, receive, send, thread_cpu_time};
use crate::outlet::{Channel, Outlet};
use crate::pacing::Pacing;
use crate::ports::Sockets;

/// Longer than any datagram that is media on an Ethernet; what is longer is cut off, and is malformed then.
const DATAGRAM_OCTETS: usize = 2048;

/// The poller's number of the descriptor that commands come by; sockets are `slot * 2`, and one more for RTCP.
const WAKE: u64 = u64::MAX;

/// How long one fetch may go on: then commands and the frame clock have their turn, and what is left wakes the thread again.
const FETCH_MAX: Duration = TICK;

/// How often the thread's processor time is asked for: it is a system call.
const BUSY_EVERY: Duration = Duration::from_millis(50);

/// What a media thread shows of itself.
#[derive(Debug, Default)]
pub struct WorkerCounters {
    /// Processor time, nanoseconds.
    pub busy_ns: AtomicU64,
    /// Times that it was woken.
    pub wakes: AtomicU64,
    /// Ticks that came too late to be made up for.
    pub late_ticks: AtomicU64,
    /// Events dropped.
    pub events_dropped: AtomicU64,
    /// Events wait for room in the ring: who fetches some should wake the thread.
    pub has_backlog: AtomicBool,
}

/// The descriptors and rings that tie a media thread to the control side.
#[derive(Debug)]
pub struct Ties {
    /// What is asked of it.
    pub commands: Consumer<Command>,
    /// Poked after a command.
    pub wake: Arc<Wake>,
    /// What it tells.
    pub events: Producer<Event>,
    /// Poked after an event; the same for all threads of an engine.
    pub events_wake: Arc<Wake>,
    /// What it shows of itself.
    pub counters: Arc<WorkerCounters>,
}

/// A media thread's own.
pub struct Worker {
    core: Core,
    io: Io,
    poller: Poller,
    ready: Ready,
    pacing: Pacing,
    ties: Ties,
    busy_asked_at: Duration,
    datagram: Box<[u8; DATAGRAM_OCTETS]>,
}

/// Sockets by slot, and the events that were not handed over yet.
struct Io {
    sockets: Vec<Option<Sockets>>,
    events: EventQueue,
}

impl Outlet for Io {
    fn send(
        &mut self,
        slot: usize,
        channel: Channel,
        datagram: &[u8],
        to: std::net::SocketAddr,
    ) -> bool {
        let Some(sockets) = self.sockets.get(slot).and_then(Option::as_ref) else {
            return false;
        };
        let socket = match (channel, &sockets.rtcp) {
            (Channel::Rtcp, Some(rtcp)) => rtcp,
            _ => &sockets.rtp,
        };
        send(socket, datagram, to)
    }

    fn event(&mut self, event: Event) {
        self.events.push(event);
    }
}

impl Worker {
    /// A thread's worth of work, not begun. `unix_offset` is the wall clock's time at the zero of the monotonic clock.
    pub fn new(ties: Ties, unix_offset: Duration) -> io::Result<Worker> {
        let poller = Poller::new()?;
        poller.add(&*ties.wake, WAKE)?;
        Ok(Worker {
            core: Core::new(unix_offset),
            io: Io {
                sockets: Vec::new(),
                events: EventQueue::default(),
            },
            poller,
            ready: Poller::ready_list(),
            pacing: Pacing::default(),
            ties,
            busy_asked_at: Duration::ZERO,
            datagram: Box::new([0; DATAGRAM_OCTETS]),
        })
    }

    /// Works until it is told to finish, or the engine is gone.
    pub fn run(mut self) {
        loop {
            self.wait();
            let fetched = self.fetch();
            let now = monotonic();
            self.pacing.fetched(fetched, now);
            self.core.handle_timeout(now, &mut self.io);
            // Before the answers, so that who asked finds figures that are not older than the answer.
            self.core.publish(now);
            if !self.take_commands(now) {
                return;
            }
            self.core.publish(now);
            self.hand_over_events();
            self.show_counters(now);
        }
    }

    fn wait(&mut self) {
        let now = monotonic();
        let left = |at: Duration| at.saturating_sub(now);
        let timeout = self.core.next_timeout().map(left);
        match self.pacing.next_fetch(now) {
            None => self.poller.wait(&mut self.ready, timeout),
            Some(fetch_at) => {
                // Commands still wake it at once; packets lie until the tick.
                let pause = timeout.map_or(left(fetch_at), |timeout| timeout.min(left(fetch_at)));
                self.ties.wake.wait(pause);
                self.poller.wait(&mut self.ready, Some(Duration::ZERO));
            }
        }
        let wakes = &self.ties.counters.wakes;
        wakes.store(wakes.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    }

    /// Takes in what is ready: one datagram of each socket; when they are fetched together, until all are dry.
    fn fetch(&mut self) -> u32 {
        let started_at = monotonic();
        let (mut now, mut packets) = (started_at, 0);
        loop {
            let before = packets;
            for index in 0..self.ready.len() {
                packets += u32::from(self.fetch_from(self.ready[index], now));
            }
            if !self.pacing.is_paced() || packets == before {
                return packets;
            }
            now = monotonic();
            if now >= started_at + FETCH_MAX {
                return packets;
            }
            self.poller.wait(&mut self.ready, Some(Duration::ZERO));
        }
    }

    fn fetch_from(&mut self, number: u64, now: Duration) -> bool {
        if number == WAKE {
            self.ties.wake.clear();
            return false;
        }
        let slot = usize::try_from(number / 2).expect("we gave the number");
        let channel = if number.is_multiple_of(2) {
            Channel::Rtp
        } else {
            Channel::Rtcp
        };
        let Some(sockets) = self.io.sockets.get(slot).and_then(Option::as_ref) else {
            return false;
        };
        let socket = match (channel, &sockets.rtcp) {
            (Channel::Rtcp, Some(rtcp)) => rtcp,
            _ => &sockets.rtp,
        };
        let Some((octets, from)) = receive(socket, &mut self.datagram[..]) else {
            return false;
        };
        self.core.receive(
            slot,
            channel,
            &mut self.datagram[..octets],
            from,
            now,
            &mut self.io,
        );
        true
    }

    /// False when the thread is to end.
    fn take_commands(&mut self, now: Duration) -> bool {
        while let Ok(command) = self.ties.commands.pop() {
            if let Command::Finish(reply) = command {
                self.finish(now);
                reply.send(());
                return false;
            }
            self.perform(command, now);
        }
        // The engine is gone without a word: nobody is left to work for.
        !self.ties.commands.is_abandoned()
    }

    fn perform(&mut self, command: Command, now: Duration) {
        match command {
            Command::Attach(placed, reply) => reply.send(self.attach(*placed, now).err()),
            Command::Detach(id, reply) => reply.send(self.detach(id, now)),
            Command::Close(id, reply) => {
                if let Some(slot) = self.core.slot_of(id) {
                    self.core.bye(slot, now, &mut self.io);
                }
                reply.send(self.detach(id, now));
            }
            Command::Update(id, params, reply) => reply.send(self.change(id, now, |leg| {
                let mut params = params;
                *params = leg.update(std::mem::take(&mut *params), now);
                params
            })),
            Command::Connect(a, b, reply) => {
                let slots = self.core.slot_of(a).zip(self.core.slot_of(b));
                reply.send(slots.map(|(a, b)| self.core.connect(a, b, now)));
            }
            Command::Disconnect(id, reply) => {
                reply.send(
                    self.core
                        .slot_of(id)
                        .map(|slot| self.core.disconnect(slot, now)),
                );
            }
            Command::Mute(id, mutes, reply) => {
                reply.send(self.change(id, now, |leg| leg.mutes = mutes))
            }
            Command::Play(place, sound, playing, reply) => {
                reply.send(match place {
                    Place::Leg(id) => self.change(id, now, |leg| leg.sounds.add(sound, playing)),
                    Place::Conference(id) => {
                        self.change_conference(id, now, |it| it.sounds.add(sound, playing))
                    }
                });
            }
            Command::Dial(id, sound, digits, reply) => {
                reply.send(self.change(id, now, |leg| leg.dial(sound, digits)));
            }
            Command::Press(id, digit, lasted, reply) => {
                let slot = self.core.slot_of(id);
                reply.send(slot.map(|slot| {
                    self.core.press(slot, digit, lasted, now, &mut self.io);
                }));
            }
            Command::Stop(place, sound, reply) => {
                let stopped = match place {
                    Place::Leg(id) => self.change(id, now, |leg| leg.stop(sound)),
                    Place::Conference(id) => self.change_conference(id, now, |it| {
                        it.sounds.remove(sound).map(Stopped::Sound)
                    }),
                };
                if let Some(Some(Stopped::Sound(playing))) = &stopped
                    && playing.has_end()
                {
                    self.io.event(Event::PlayFinished {
                        place,
                        sound,
                        completed: false,
                    });
                }
                reply.send(stopped);
            }
            Command::AddTap(place, tap, reply) => {
                reply.send(self.change_listeners(place, now, |it| it.add_tap(tap)));
            }
            Command::RemoveTap(place, tap, reply) => {
                reply.send(self.change_listeners(place, now, |it| it.remove_tap(tap)));
            }
            Command::AddRecording(place, feed, reply) => {
                reply.send(self.change_listeners(place, now, |it| it.add_recording(feed)));
            }
            Command::RemoveRecording(place, recorder, reply) => {
                reply.send(self.change_listeners(place, now, |it| it.remove_recording(recorder)));
            }
            Command::Watch(id, watch, reply) => {
                reply.send(self.change(id, now, |leg| leg.listeners.watch(watch)))
            }
            Command::OpenConference(conference, reply) => {
                self.core.open_conference(conference);
                reply.send(());
            }
            Command::CloseConference(id, reply) => {
                let slot = self.core.conference_of(id);
                reply.send(slot.and_then(|slot| self.core.close_conference(slot, now)));
            }
            Command::Join(id, leg, options, reply) => {
                let slots = self.core.conference_of(id).zip(self.core.slot_of(leg));
                reply.send(
                    slots.map(|(conference, leg)| self.core.join(conference, leg, options, now)),
                );
            }
            Command::Finish(_) => unreachable!("take_commands() keeps it"),
        }
    }

    /// Changes a leg and lets the graph know.
    fn change<T>(
        &mut self,
        id: LegId,
        now: Duration,
        change: impl FnOnce(&mut Leg) -> T,
    ) -> Option<T> {
        let slot = self.core.slot_of(id)?;
        let answer = change(self.core.leg_mut(slot)?);
        self.core.decide(slot, now);
        Some(answer)
    }

    /// Changes a conference and lets the frame clock know.
    fn change_conference<T>(
        &mut self,
        id: ConferenceId,
        now: Duration,
        change: impl FnOnce(&mut Conference) -> T,
    ) -> Option<T> {
        let slot = self.core.conference_of(id)?;
        let answer = change(self.core.conference_mut(slot)?);
        self.core.decide_conference(slot, now);
        Some(answer)
    }

    fn change_listeners<T>(
        &mut self,
        place: Place,
        now: Duration,
        change: impl FnOnce(&mut Listeners) -> T,
    ) -> Option<T> {
        match place {
            Place::Leg(id) => self.change(id, now, |leg| change(&mut leg.listeners)),
            Place::Conference(id) => {
                self.change_conference(id, now, |conference| change(&mut conference.listeners))
            }
        }
    }

    fn attach(&mut self, placed: Placed, now: Duration) -> Result<(), Box<Placed>> {
        let Placed { leg, sockets } = placed;
        let slot = self.core.attach(leg, now);
        let number = 2 * slot as u64;
        let mut watched = self.poller.add(&sockets.rtp, number);
        if let (Ok(()), Some(rtcp)) = (&watched, &sockets.rtcp) {
            watched = self.poller.add(rtcp, number + 1);
        }
        if self.io.sockets.len() <= slot {
            self.io.sockets.resize_with(slot + 1, || None);
        }
        self.io.sockets[slot] = Some(sockets);
        match watched {
            Ok(()) => Ok(()),
            Err(_) => Err(self.remove(slot, now).expect("it has just been attached")),
        }
    }

    fn detach(&mut self, id: LegId, now: Duration) -> Option<Box<Placed>> {
        let slot = self.core.slot_of(id)?;
        self.remove(slot, now)
    }

    fn remove(&mut self, slot: usize, now: Duration) -> Option<Box<Placed>> {
        let leg = self.core.detach(slot, now)?;
        let sockets = self.io.sockets[slot].take()?;
        // A socket that was not watched needs no more than that.
        let _ = self.poller.remove(&sockets.rtp);
        if let Some(rtcp) = &sockets.rtcp {
            let _ = self.poller.remove(rtcp);
        }
        Some(Box::new(Placed { leg, sockets }))
    }

    fn finish(&mut self, now: Duration) {
        for slot in 0..self.io.sockets.len() {
            self.core.bye(slot, now, &mut self.io);
            drop(self.remove(slot, now));
        }
        self.hand_over_events();
    }

    fn hand_over_events(&mut self) {
        let mut is_new = false;
        while let Some(event) = self.io.events.pop() {
            if let Err(rtrb::PushError::Full(event)) = self.ties.events.push(event) {
                self.io.events.unpop(event);
                // Said before the second try: either that finds room, or who makes room later sees it.
                if self.ties.counters.has_backlog.swap(true, Ordering::SeqCst) {
                    break;
                }
            }
            is_new = true;
        }
        if is_new {
            self.ties.events_wake.poke();
        }
    }

    fn show_counters(&mut self, now: Duration) {
        let counters = &self.ties.counters;
        counters
            .late_ticks
            .store(self.core.late_ticks(), Ordering::Relaxed);
        counters
            .events_dropped
            .store(self.io.events.dropped(), Ordering::Relaxed);
        if now.saturating_sub(self.busy_asked_at) >= BUSY_EVERY {
            self.busy_asked_at = now;
            let busy_ns = u64::try_from(thread_cpu_time().as_nanos()).unwrap_or(u64::MAX);
            counters.busy_ns.store(busy_ns, Ordering::Relaxed);
        }
    }
}
