//! Digits of a leg: those that its peer presses, and those that are sent to it, as telephone-events (RFC 4733), as tones
//! in the sound, or by the signalling.
//!
//! | comes from one leg | goes to its peer that has telephone-events | to one with digits in band |
//! |---|---|---|
//! | as events | packet by packet | made anew, as tones |
//! | as tones | made anew, as events | as the sound that it is |
//! | by the signalling | made anew, as events | made anew, as tones |

use std::collections::VecDeque;
use std::time::Duration;

use mediacore_audio::dtmf::digit_partials;
use mediacore_audio::{DtmfNotice, ToneSource};
use mediacore_rtp::event::{EventPacket, SendStep};
use mediacore_rtp::{DigitNotice, DigitSender, EventReceiver};

use super::Leg;
use crate::event::Event;
use crate::format::Format;
use crate::ids::{Place, SoundId};
use crate::in_band::InBand;
use crate::incoming::Accepted;
use crate::outlet::Outlet;
use crate::params::DigitUse;
use crate::transport::Kind;

/// Strings of digits that wait for one leg at the same time; one more is refused.
pub const DIALLED_MAX: usize = 4;

/// Digits of another leg that wait to be made anew for this one; the next ones are left out, and counted.
const PASSED_MAX: usize = 32;

/// A digit that is made anew, and the pause behind it: short, for the next one may come after 80 ms.
const PASSED_MS: u32 = 60;

/// Frames in a second.
const FRAMES_PER_S: u32 = 1000 / mediacore_audio::FRAME_MS;

/// Ticks in a second that a [`DigitSender`] is made for; another clock is the leg's own business.
pub const DIGITS_CLOCK_HZ: u32 = 8_000;

/// Why digits are not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DialRefusal {
    /// No telephone-event was agreed, or none with the clock of the stream (RFC 4733 2.1), and tones will not do.
    NoTelephoneEvent,
    /// `DIALLED_MAX` wait already.
    TooMany,
}

/// Both directions of one leg.
#[derive(Debug)]
pub(super) struct Digits {
    /// What the peer presses.
    pub heard: EventReceiver,
    /// Ticks in a second of what it says of that.
    heard_clock_hz: u32,
    /// The newest frame's time belongs to a digit that is sent: nothing else is sent in it.
    pub is_sounding: bool,
    /// That digit goes out as sound: its tone, or (false) the pause behind it.
    pub as_tone: Option<bool>,
    /// The tone of that digit.
    pub tone: Option<ToneSource>,
    /// Looks for digits in the peer's sound.
    pub in_band: Option<Box<InBand>>,
    /// Digits of the peer that did not come as events.
    pub heard_otherwise: u64,
    dialled: VecDeque<Dialled>,
    // Those of the peer that another leg has not been told of.
    passing: VecDeque<Passing>,
}

/// How a digit came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Telephone-events.
    Events,
    /// In the sound.
    Tones,
    /// By SIP INFO, or whatever the signalling has.
    Signalling,
}

/// A digit on its way to the leg that hears this one.
#[derive(Debug, Clone, Copy)]
pub struct Passing {
    /// Which.
    pub digit: char,
    /// How it came.
    pub way: Way,
}

impl Digits {
    pub fn new(digits: DigitUse) -> Digits {
        Digits {
            in_band: InBand::new(digits),
            ..Digits::default()
        }
    }

    fn pass(&mut self, digit: char, way: Way) {
        // Taken out before the next packet or frame is looked at: there are never more than one of these brings.
        if self.passing.len() < PASSED_MAX {
            self.passing.push_back(Passing { digit, way });
        }
    }
}

#[derive(Debug)]
struct Dialled {
    // None: it was stopped, and nobody wants to know of its end.
    sound: Option<SoundId>,
    sender: DigitSender,
    // Of what `sender` says.
    clock_rate_hz: u32,
}

impl Default for Digits {
    fn default() -> Digits {
        Digits {
            heard: EventReceiver::default(),
            heard_clock_hz: DIGITS_CLOCK_HZ,
            is_sounding: false,
            as_tone: None,
            tone: None,
            in_band: None,
            heard_otherwise: 0,
            dialled: VecDeque::with_capacity(DIALLED_MAX + PASSED_MAX),
            passing: VecDeque::with_capacity(PASSED_MAX),
        }
    }
}

impl Leg {
    /// Hears what a telephone-event of the peer says.
    pub fn receive_event(
        &mut self,
        datagram: &[u8],
        accepted: &Accepted,
        now: Duration,
        out: &mut impl Outlet,
    ) {
        let payload = &datagram[accepted.start..accepted.start + accepted.octets];
        self.digits.heard_clock_hz = accepted.format.clock_rate_hz;
        self.digits.heard.receive(&accepted.header, payload, now);
        self.tell_digits(now, out);
    }

    /// Gives up a digit of which nothing more was heard.
    pub(super) fn time_digits(&mut self, now: Duration, out: &mut impl Outlet) {
        self.digits.heard.handle_timeout(now);
        self.tell_digits(now, out);
    }

    fn tell_digits(&mut self, now: Duration, out: &mut impl Outlet) {
        let (leg, at, clock_rate_hz) = (self.id, now, self.digits.heard_clock_hz);
        while let Some(notice) = self.digits.heard.poll() {
            out.event(match notice {
                DigitNotice::Pressed { digit } => {
                    self.digits.pass(digit, Way::Events);
                    Event::DigitPressed { leg, digit, at }
                }
                DigitNotice::Released {
                    digit,
                    duration_ticks,
                } => Event::DigitReleased {
                    leg,
                    digit,
                    lasted: lasted(duration_ticks, clock_rate_hz),
                    at,
                },
            });
        }
    }

    /// Looks for digits in the peer's newest frame, and takes them out where they are hidden.
    pub(super) fn hear_tones(&mut self, now: Duration, out: &mut impl Outlet) {
        let Some(in_band) = &mut self.digits.in_band else {
            return;
        };
        in_band.process(&mut self.heard);
        while let Some(notice) = self.digits.in_band.as_mut().and_then(|it| it.poll()) {
            // One that sends events as well presses each digit once.
            if !self.params.digits.in_band || self.digits.heard.pressed() > 0 {
                continue;
            }
            let (leg, at) = (self.id, now);
            out.event(match notice {
                DtmfNotice::Pressed { digit } => {
                    self.digits.heard_otherwise += 1;
                    self.digits.pass(digit, Way::Tones);
                    Event::DigitPressed { leg, digit, at }
                }
                DtmfNotice::Released { digit, duration_ms } => Event::DigitReleased {
                    leg,
                    digit,
                    lasted: Duration::from_millis(duration_ms.into()),
                    at,
                },
            });
        }
    }

    /// The signalling says that the peer pressed a digit.
    pub fn press(&mut self, digit: char, lasted: Duration, now: Duration, out: &mut impl Outlet) {
        let (leg, at) = (self.id, now);
        self.digits.heard_otherwise += 1;
        self.digits.pass(digit, Way::Signalling);
        out.event(Event::DigitPressed { leg, digit, at });
        out.event(Event::DigitReleased {
            leg,
            digit,
            lasted,
            at,
        });
    }

    /// Whether `take_passing` has something to say.
    #[must_use]
    pub fn has_passing(&self) -> bool {
        !self.digits.passing.is_empty()
    }

    /// The next digit that whoever hears this leg may have to be sent; none: no more, or nobody may know of it.
    pub fn take_passing(&mut self) -> Option<Passing> {
        let passing = self.digits.passing.pop_front()?;
        let is_kept = self.params.digits.hidden || self.mutes.receive;
        (!is_kept).then_some(passing)
    }

    /// Makes a digit of another leg anew where this one's peer would not understand it as it comes. True when there is
    /// something to send now.
    pub fn pass_on(&mut self, passing: Passing) -> bool {
        let needs_it = match passing.way {
            Way::Events => self.sends_tones(),
            Way::Tones => !self.params.digits.in_band && self.event_format().is_some(),
            Way::Signalling => self.sends_tones() || self.event_format().is_some(),
        };
        if !needs_it {
            return false;
        }
        let mut text = [0; 4];
        let text = passing.digit.encode_utf8(&mut text);
        let sender = DigitSender::new(text, PASSED_MS, 0, DIGITS_CLOCK_HZ);
        if self.digits.dialled.len() >= DIALLED_MAX + PASSED_MAX {
            self.stats.send_digits_refused += 1;
            return false;
        }
        self.enqueue(None, sender.expect("it was heard as a digit"));
        true
    }

    /// Sends digits, after those that are being sent.
    pub fn dial(&mut self, sound: SoundId, sender: DigitSender) -> Result<(), DialRefusal> {
        if self.event_format().is_none() && !self.sends_tones() {
            return Err(DialRefusal::NoTelephoneEvent);
        }
        let is_dialled = |dialled: &&Dialled| dialled.sound.is_some();
        if self.digits.dialled.iter().filter(is_dialled).count() >= DIALLED_MAX {
            return Err(DialRefusal::TooMany);
        }
        self.enqueue(Some(sound), sender);
        Ok(())
    }

    fn enqueue(&mut self, sound: Option<SoundId>, sender: DigitSender) {
        self.digits.dialled.push_back(Dialled {
            sound,
            sender,
            clock_rate_hz: DIGITS_CLOCK_HZ,
        });
    }

    /// Sends no more of these digits; one that lasts is brought to its end. True when there was something to stop.
    pub fn stop_dialling(&mut self, sound: SoundId) -> bool {
        let is_it = |dialled: &&mut Dialled| dialled.sound == Some(sound);
        let Some(dialled) = self.digits.dialled.iter_mut().find(is_it) else {
            return false;
        };
        dialled.sound = None;
        dialled.sender.stop();
        true
    }

    /// Whether digits wait to be sent, or are being sent.
    #[must_use]
    pub fn is_dialling(&self) -> bool {
        !self.digits.dialled.is_empty()
    }

    /// Nothing may be sent: time stands still for the digits that wait, and one that lasts is cut off.
    pub(super) fn interrupt_digit(&mut self) {
        self.digits.is_sounding = false;
        self.digits.as_tone = None;
        if let Some(dialled) = self.digits.dialled.front_mut() {
            dialled.sender.interrupt();
        }
    }

    /// The step of a frame. True when a digit takes the frame's place.
    pub(super) fn send_digits(&mut self, now: Duration, out: &mut impl Outlet) -> bool {
        self.digits.as_tone = None;
        if self.sends_tones() {
            return self.send_tones(now, out);
        }
        let Some(format) = self.event_format() else {
            self.give_up_dialling(out);
            return false;
        };
        if self.route(now).to.is_none() {
            self.interrupt_digit();
            return false;
        }
        let frame_ticks = format.clock_rate_hz / FRAMES_PER_S;
        let update_ticks = format.clock_rate_hz / 1000 * self.params.ptime_ms;
        while let Some(dialled) = self.digits.dialled.front_mut() {
            let clock_rate_hz = std::mem::replace(&mut dialled.clock_rate_hz, format.clock_rate_hz);
            if clock_rate_hz != format.clock_rate_hz {
                dialled
                    .sender
                    .change_clock(clock_rate_hz, format.clock_rate_hz);
            }
            if dialled.sender.begins_next() {
                self.outgoing.make_way(now);
            }
            let timestamp = self.outgoing.sender.state().next_timestamp;
            match dialled.sender.step(frame_ticks, update_ticks, timestamp) {
                SendStep::Digit(packet) => {
                    self.send_event(packet, format, now, out);
                    self.outgoing.sender.skip(frame_ticks);
                    return true;
                }
                SendStep::Pause(packet) => {
                    self.send_event(packet, format, now, out);
                    return false;
                }
                SendStep::Over => self.end_dialled(true, out),
            }
        }
        false
    }

    /// The same where digits are tones: the pauses between them are silent, too, so that the far end tells them apart.
    fn send_tones(&mut self, now: Duration, out: &mut impl Outlet) -> bool {
        if self.route(now).to.is_none() {
            self.interrupt_digit();
            return false;
        }
        while let Some(dialled) = self.digits.dialled.front_mut() {
            let begun = match dialled.sender.begins_next() {
                true => dialled.sender.current().and_then(digit_partials),
                false => None,
            };
            let frame_ticks = dialled.clock_rate_hz / FRAMES_PER_S;
            let step = dialled.sender.step(frame_ticks, frame_ticks, 0);
            if let Some(partials) = begun {
                let tone = ToneSource::new(&partials, None, self.role.sent_at.hz());
                self.digits.tone = Some(tone);
            }
            if step == SendStep::Over {
                self.end_dialled(true, out);
                continue;
            }
            self.digits.as_tone = Some(matches!(step, SendStep::Digit(_)));
            return true;
        }
        false
    }

    fn send_event(
        &mut self,
        packet: Option<EventPacket>,
        format: Format,
        now: Duration,
        out: &mut impl Outlet,
    ) {
        let route = self.route(now);
        if let Some(packet) = packet {
            let out = &mut self.transport.outlet(Kind::Rtp, out);
            self.outgoing
                .send_event(&packet, format, route, &mut self.stats, out);
        }
    }

    /// A new agreement has no telephone-event any more.
    fn give_up_dialling(&mut self, out: &mut impl Outlet) {
        while self.is_dialling() {
            self.end_dialled(false, out);
        }
    }

    fn end_dialled(&mut self, completed: bool, out: &mut impl Outlet) {
        let ended = self.digits.dialled.pop_front();
        if let Some(sound) = ended.and_then(|dialled| dialled.sound) {
            out.event(Event::PlayFinished {
                place: Place::Leg(self.id),
                sound,
                completed,
            });
        }
    }

    /// Whether digits go to the peer as sound.
    fn sends_tones(&self) -> bool {
        self.params.digits.in_band && self.params.formats.encodable().is_some()
    }

    /// What digits are sent in: events on the clock of the stream (RFC 4733 2.1).
    fn event_format(&self) -> Option<Format> {
        self.params
            .formats
            .events(self.outgoing.sender.clock_rate_hz())
    }
}

fn lasted(duration_ticks: u32, clock_rate_hz: u32) -> Duration {
    Duration::from_secs(duration_ticks.into()) / clock_rate_hz
}
