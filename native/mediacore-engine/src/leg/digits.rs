//! Digits of a leg (RFC 4733): those that its peer presses, and those that are sent to it.

use std::collections::VecDeque;
use std::time::Duration;

use mediacore_rtp::event::{EventPacket, SendStep};
use mediacore_rtp::{DigitNotice, DigitSender, EventReceiver};

use super::Leg;
use crate::event::Event;
use crate::format::Format;
use crate::ids::{Place, SoundId};
use crate::incoming::Accepted;
use crate::outlet::Outlet;
use crate::transport::Kind;

/// Strings of digits that wait for one leg at the same time; one more is refused.
pub const DIALLED_MAX: usize = 4;

/// Frames in a second.
const FRAMES_PER_S: u32 = 1000 / mediacore_audio::FRAME_MS;

/// Ticks in a second that a [`DigitSender`] is made for; another clock is the leg's own business.
pub const DIGITS_CLOCK_HZ: u32 = 8_000;

/// Why digits are not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DialRefusal {
    /// No telephone-event was agreed, or none with the clock of the stream (RFC 4733 2.1).
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
    dialled: VecDeque<Dialled>,
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
            dialled: VecDeque::with_capacity(DIALLED_MAX),
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
                DigitNotice::Pressed { digit } => Event::DigitPressed { leg, digit, at },
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

    /// Sends digits, after those that are being sent.
    pub fn dial(&mut self, sound: SoundId, sender: DigitSender) -> Result<(), DialRefusal> {
        if self.event_format().is_none() {
            return Err(DialRefusal::NoTelephoneEvent);
        }
        if self.digits.dialled.len() >= DIALLED_MAX {
            return Err(DialRefusal::TooMany);
        }
        self.digits.dialled.push_back(Dialled {
            sound: Some(sound),
            sender,
            clock_rate_hz: DIGITS_CLOCK_HZ,
        });
        Ok(())
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
        if let Some(dialled) = self.digits.dialled.front_mut() {
            dialled.sender.interrupt();
        }
    }

    /// The step of a frame. True when a digit takes the frame's place.
    pub(super) fn send_digits(&mut self, now: Duration, out: &mut impl Outlet) -> bool {
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
