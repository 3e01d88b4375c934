//! A conference on its media thread: every member hears the sum of the others. Lives whole on one thread, as its members
//! do; without socket and clock, and a tick allocates nothing.
//!
//! | a member who | hears | costs |
//! |---|---|---|
//! | is in the mix | the sum minus itself | a subtraction and an encoding |
//! | is silent, muted, or not among the loudest of a crowd | the sum | a copy of what is encoded once for all of them |
//! | is deaf | silence | an encoding |
//!
//! | part | what it is |
//! |---|---|
//! | `member` | one leg's seat: muted, deaf, gain |
//! | `voice` | whether a member can be heard, and whether it talks |
//! | `loudest` | who of those who can be heard is mixed |
//! | `rows` | the frames that are mixed |
//! | `shared` | the mix of all, encoded once for each codec |

mod loudest;
mod member;
mod rows;
mod shared;
mod stats;
mod voice;

use std::time::Duration;

use mediacore_audio::{Gain, Mixer, fade_samples};

pub use loudest::ALL_UP_TO as LOUDEST_MAX;
pub use member::{Member, MemberOptions};
pub use shared::SharedMix;
pub use stats::{ConferenceCell, ConferenceStats};

use crate::event::Event;
use crate::frame::Rate;
use crate::ids::{ConferenceId, LegId, Place};
use crate::leg::Leg;
use crate::listeners::Listeners;
use crate::outlet::Outlet;
use crate::sounds::Sounds;
use crate::tap::TapSide;
use loudest::Loudest;
use rows::Rows;

/// The legs of a thread, by their places.
pub type Legs = [Option<Box<Leg>>];

/// What a member hears.
#[derive(Debug)]
pub enum Heard<'a> {
    /// Nobody.
    Silence,
    /// This, and nobody else does.
    Frame(&'a [i16]),
    /// The same as many others.
    Shared(&'a mut SharedMix),
}

impl Heard<'_> {
    /// Its samples; none in silence.
    #[must_use]
    pub fn frame(&self) -> Option<&[i16]> {
        match self {
            Heard::Silence => None,
            Heard::Frame(frame) => Some(frame),
            Heard::Shared(mix) => Some(&mix.frame),
        }
    }
}

/// Where a leg sits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seat {
    /// The place of the conference on its thread.
    pub conference: usize,
    /// The member's number there; changes when others leave.
    pub member: usize,
}

/// One conference.
#[derive(Debug)]
pub struct Conference {
    /// Its number.
    pub id: ConferenceId,
    /// Which of the ticks of a frame is its own, and its members'.
    pub phase: usize,
    /// What plays to all.
    pub sounds: Sounds,
    /// Who listens to the mix.
    pub listeners: Listeners,
    /// Its figures have changed since they were published.
    pub is_dirty: bool,
    members: Vec<Member>,
    loudest: Loudest,
    rows: Rows,
    mixer: Mixer,
    shared: SharedMix,
    rate: Rate,
    own: Vec<i16>,
    stats: ConferenceStats,
    cell: ConferenceCell,
}

impl Conference {
    /// Nobody is in it. At most `loudest` are mixed at once; none: as many as can be followed.
    #[must_use]
    pub fn new(id: ConferenceId, loudest: Option<usize>, cell: ConferenceCell) -> Conference {
        Conference {
            id,
            phase: 0,
            sounds: Sounds::default(),
            listeners: Listeners::default(),
            is_dirty: true,
            members: Vec::new(),
            loudest: Loudest::new(loudest),
            rows: Rows::new(Rate::default()),
            mixer: Mixer::default(),
            shared: SharedMix::default(),
            rate: Rate::default(),
            own: Vec::new(),
            stats: ConferenceStats::default(),
            cell,
        }
    }

    /// Those who are in it, in the order of their numbers.
    #[must_use]
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// The rate of the mix.
    #[must_use]
    pub fn rate(&self) -> Rate {
        self.rate
    }

    /// Mixes at this rate from the next tick on: what is said goes over to it in a short fade.
    pub fn set_rate(&mut self, rate: Rate) {
        if rate == self.rate {
            return;
        }
        self.rate = rate;
        self.rows.set_rate(rate);
        self.mixer.resize(rate.frame_samples());
        for member in &mut self.members {
            member.row = None;
            member.is_ending = false;
        }
        for frame in [&mut self.shared.frame, &mut self.own] {
            *frame = rate.silence().to_vec();
        }
    }

    /// Other wishes for a member.
    pub fn set_options(&mut self, member: usize, options: MemberOptions) {
        self.members[member].set_options(options);
    }

    /// One more; returns its number.
    pub fn join(&mut self, slot: usize, leg: LegId, options: MemberOptions) -> usize {
        self.members.push(Member::new(slot, leg, options));
        self.loudest.reserve(self.members.len());
        self.is_dirty = true;
        self.members.len() - 1
    }

    /// One less. The last one gets its number: returns the place of that one's leg, if there is one.
    pub fn leave(&mut self, member: usize) -> Option<usize> {
        let gone = self.members.swap_remove(member);
        if let Some(row) = gone.row {
            self.rows.leave(row, gone.is_ending);
        }
        self.is_dirty = true;
        self.members.get(member).map(|moved| moved.slot)
    }

    /// Whether the frame clock has work with it.
    #[must_use]
    pub fn is_ticking(&self) -> bool {
        !self.members.is_empty() || !self.sounds.is_empty() || !self.listeners.is_empty()
    }

    /// Mixes the newest frames of the members.
    pub fn mix(&mut self, legs: &mut Legs, now: Duration, out: &mut impl Outlet) {
        self.listen(legs, now, out);
        self.choose();
        for member in &mut self.members {
            if let Some(leg) = &legs[member.slot] {
                // One who was not decoded in this tick has said nothing.
                let is_whole = leg.heard.len() == self.rate.frame_samples();
                let heard = if is_whole {
                    &leg.heard
                } else {
                    self.rate.silence()
                };
                take_part(member, heard, &mut self.rows);
            }
        }
        self.sum(out);
        self.shared.renew();
        self.prepare(legs);
        let frame = &self.shared.frame;
        self.stats.tap_dropped_frames += self.listeners.copy(TapSide::Received, frame, now);
        self.count();
    }

    /// What one of the members is to be sent.
    pub fn heard_by(&mut self, member: usize) -> Heard<'_> {
        let member = &self.members[member];
        if member.options.is_deaf {
            return Heard::Silence;
        }
        match member.row {
            Some(row) => {
                self.own.resize(self.rate.frame_samples(), 0);
                self.mixer.without(self.rows.frame(row), &mut self.own);
                Heard::Frame(&self.own)
            }
            None => Heard::Shared(&mut self.shared),
        }
    }

    /// Leaves the newest figures where everybody finds them.
    pub fn publish(&mut self) {
        self.is_dirty = false;
        self.stats.members = self.members.len() as u64;
        self.stats.shared_encodings = self.shared.encoded;
        self.stats.shared_frames = self.shared.shared;
        self.cell.write(&self.stats.to_words());
    }

    /// Who can be heard, and who talks.
    fn listen(&mut self, legs: &mut Legs, now: Duration, out: &mut impl Outlet) {
        for member in &mut self.members {
            let Some(leg) = &mut legs[member.slot] else {
                continue;
            };
            let level_dbfs = leg
                .heard_level_dbfs()
                .filter(|_| !member.options.is_muted)
                .map(|level_dbfs| level_dbfs + member.options.gain_db);
            if member.voice.receive(level_dbfs) {
                leg.is_talking = member.voice.is_talking();
                out.event(Event::TalkerChanged {
                    conference: self.id,
                    leg: member.leg,
                    is_talking: leg.is_talking,
                    at: now,
                });
            }
        }
    }

    fn choose(&mut self) {
        self.loudest.begin();
        for (number, member) in self.members.iter_mut().enumerate() {
            member.is_chosen = false;
            if member.voice.is_audible() {
                let loudness_dbfs = member.voice.loudness_dbfs();
                self.loudest.offer(number, loudness_dbfs, member.is_mixed());
            }
        }
        for number in self.loudest.choose() {
            self.members[number].is_chosen = true;
        }
    }

    /// Those who are to be sent something else than all take their copy of the encoder, while nobody has said this frame.
    fn prepare(&mut self, legs: &mut Legs) {
        for member in &self.members {
            if let Some(leg) = &mut legs[member.slot] {
                leg.prepare(&mut self.shared, member.row.is_some());
            }
        }
    }

    fn sum(&mut self, out: &mut impl Outlet) {
        let mixer = &mut self.mixer;
        mixer.begin();
        self.rows.for_each(|frame| mixer.add(frame));
        if let Some(sounds) = self
            .sounds
            .frame(self.rate, Place::Conference(self.id), out)
        {
            mixer.add(sounds);
        }
        mixer.finish();
        mixer.whole(&mut self.shared.frame);
    }

    fn count(&mut self) {
        let count =
            |is_it: fn(&Member) -> bool| self.members.iter().filter(|it| is_it(it)).count() as u64;
        self.stats.mixed = count(Member::is_mixed);
        self.stats.talking = count(|member| member.voice.is_talking());
        self.stats.frames += 1;
        self.stats.limited_frames += u64::from(self.mixer.is_limiting());
        self.is_dirty = true;
    }
}

/// Brings a member's row up to date: it begins, goes on, comes to its end, or is no more.
fn take_part(member: &mut Member, heard: &[i16], rows: &mut Rows) {
    let wanted = member.wanted_gain;
    let samples = heard.len();
    match (member.is_chosen, member.row) {
        (true, Some(row)) if !member.is_ending => {
            wanted.ramp(member.gain, samples, heard, rows.frame_mut(row));
            member.gain = wanted;
        }
        (true, kept) => {
            member.row = kept.or_else(|| rows.take());
            member.is_ending = false;
            if let Some(row) = member.row {
                wanted.ramp(
                    Gain::NONE,
                    fade_samples(samples),
                    heard,
                    rows.frame_mut(row),
                );
                member.gain = wanted;
            }
        }
        (false, Some(row)) if member.is_ending => {
            rows.give_back(row);
            member.row = None;
            member.is_ending = false;
        }
        (false, Some(row)) => {
            rows.end(row);
            member.is_ending = true;
        }
        (false, None) => {}
    }
}
