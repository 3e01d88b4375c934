//! What an engine plays to legs and conferences, and copies from them.

use std::time::Duration;

use mediacore_audio::{Cadence, Step, ToneSource};
use mediacore_rtp::event::EventCode;
use mediacore_rtp::{DigitSender, DigitsError};

use super::Engine;
use crate::command::Command;
use crate::error::EngineError;
use crate::ids::{LegId, Place, SoundId, TapId};
use crate::leg::{DIALLED_MAX, DIGITS_CLOCK_HZ, DialRefusal, Mutes};
use crate::listeners::{TAPS_MAX, ToneWatch, WATCHED_MAX};
use crate::live_source::{LiveSource, live_source};
use crate::recorder::Beep;
use crate::sounds::{SOUNDS_MAX, Sound, TONE_RATE};
use crate::tap::{Tap, TapSide, tap};

impl Engine {
    /// Mutes or unmutes: `send` is what the peer hears, `receive` what others hear of it; none leaves it as it is.
    pub fn mute(
        &self,
        id: LegId,
        send: Option<bool>,
        receive: Option<bool>,
    ) -> Result<(), EngineError> {
        let mut registry = self.registry()?;
        let entry = registry.entry_mut(id)?;
        let mutes = Mutes {
            send: send.unwrap_or(entry.mutes.send),
            receive: receive.unwrap_or(entry.mutes.receive),
        };
        let done = self.threads[entry.thread].ask(|reply| Command::Mute(id, mutes, reply))?;
        entry.mutes = mutes;
        done.ok_or(EngineError::NoSuchLeg(id))
    }

    /// Plays a sine of `hz` at `level_dbfs`, for `duration_ms` or until it is stopped.
    pub fn play_tone(
        &self,
        place: Place,
        hz: f64,
        level_dbfs: f64,
        duration_ms: Option<u32>,
    ) -> Result<SoundId, EngineError> {
        self.play(
            place,
            Sound::Tone(ToneSource::sine(
                hz,
                level_dbfs,
                duration_ms,
                TONE_RATE.hz(),
            )),
        )
    }

    /// Plays a cadence to its end, or until it is stopped.
    pub fn play_cadence(
        &self,
        place: Place,
        steps: Vec<Step>,
        repeat_from: Option<usize>,
    ) -> Result<SoundId, EngineError> {
        let cadence = Cadence::new(steps, repeat_from, TONE_RATE.hz())?;
        self.play(place, Sound::Cadence(cadence))
    }

    /// A beep for `RecordOptions`, of these steps over and over.
    pub fn beep(steps: Vec<Step>, to: Vec<Place>) -> Result<Beep, EngineError> {
        let tone = Cadence::new(steps, Some(0), TONE_RATE.hz())?;
        Ok(Beep { tone, to })
    }

    /// Plays what is written to the source in samples of this rate, and holds at most `buffer`.
    pub fn play_source(
        &self,
        place: Place,
        sample_rate_hz: u32,
        buffer: Duration,
    ) -> Result<(SoundId, LiveSource), EngineError> {
        let best = self.registry()?.rate_of(place)?;
        let (writer, reader) = live_source(sample_rate_hz, best, buffer)?;
        Ok((self.play(place, Sound::Source(reader))?, writer))
    }

    pub(super) fn play(&self, place: Place, playing: Sound) -> Result<SoundId, EngineError> {
        let sound = SoundId(self.next_id());
        self.ask(place, |reply| {
            Command::Play(place, sound, Box::new(playing), reply)
        })?
        .map_err(|_| EngineError::TooMany {
            what: "sounds at once to one leg or conference",
            limit: SOUNDS_MAX,
        })?;
        Ok(sound)
    }

    /// Sends digits (0-9, *, #, A-D) as telephone-events, or as tones where digits are in band, of `duration_ms`, with pauses of `gap_ms` and at least 40 ms.
    pub fn send_digits(
        &self,
        id: LegId,
        digits: &str,
        duration_ms: u32,
        gap_ms: u32,
    ) -> Result<SoundId, EngineError> {
        let digits = DigitSender::new(digits, duration_ms, gap_ms, DIGITS_CLOCK_HZ)?;
        let sound = SoundId(self.next_id());
        self.ask(id, |reply| Command::Dial(id, sound, digits, reply))?
            .map_err(|refusal| match refusal {
                DialRefusal::NoTelephoneEvent => EngineError::NoTelephoneEvent(id),
                DialRefusal::TooMany => EngineError::TooMany {
                    what: "strings of digits at once to one leg",
                    limit: DIALLED_MAX,
                },
            })?;
        Ok(sound)
    }

    /// Tells of a digit that the signalling says the peer pressed (SIP INFO), as of one that came as sound.
    pub fn press(&self, id: LegId, digit: char, lasted: Duration) -> Result<(), EngineError> {
        let digit = EventCode::of_digit(digit)
            .and_then(EventCode::digit)
            .ok_or(DigitsError::NotADigit(digit))?;
        self.ask(id, |reply| Command::Press(id, digit, lasted, reply))
    }

    /// Stops a sound or digits; true when there was still something to stop.
    pub fn stop_sound(&self, place: Place, sound: SoundId) -> Result<bool, EngineError> {
        Ok(self
            .ask(place, |reply| Command::Stop(place, sound, reply))?
            .is_some())
    }

    /// Copies what the peer says, or is sent, or the mix of a conference (`TapSide::Received`), to a tap that holds at most
    /// `frames_max` frames of 20 ms and gives them out at `sample_rate_hz`.
    pub fn tap(
        &self,
        place: Place,
        side: TapSide,
        frames_max: usize,
        sample_rate_hz: u32,
    ) -> Result<(TapId, Tap), EngineError> {
        let number = TapId(self.next_id());
        let (feed, tap) = tap(number, side, frames_max)?;
        let tap = tap.at(sample_rate_hz)?;
        self.ask(place, |reply| Command::AddTap(place, feed, reply))?
            .map_err(|_| EngineError::TooMany {
                what: "taps on one leg or conference",
                limit: TAPS_MAX,
            })?;
        Ok((number, tap))
    }

    /// Ends a tap; one that has ended already needs nothing.
    pub fn close_tap(&self, place: Place, tap: TapId) -> Result<(), EngineError> {
        self.ask(place, |reply| Command::RemoveTap(place, tap, reply))
            .map(drop)
    }

    /// Watches for these tones in what the peer says, instead of what was watched for; none of them: no longer.
    pub fn watch_tones(&self, id: LegId, frequencies_hz: &[f64]) -> Result<(), EngineError> {
        if frequencies_hz.len() > WATCHED_MAX {
            return Err(EngineError::TooMany {
                what: "frequencies watched for on one leg",
                limit: WATCHED_MAX,
            });
        }
        let watch = (!frequencies_hz.is_empty()).then(|| Box::new(ToneWatch::new(frequencies_hz)));
        self.ask(id, |reply| Command::Watch(id, watch, reply))
            .map(drop)
    }
}
