//! What plays to one leg, or to a conference: tones, files and sources, mixed.

use mediacore_audio::{Cadence, ToneSource};

use crate::event::Event;
use crate::frame::{Rate, mix_into};
use crate::ids::{Place, SoundId};
use crate::outlet::Outlet;
use crate::resampling::Resampling;
use crate::source::SourceReader;

/// Sounds that play to one leg at the same time; one more is refused.
pub const SOUNDS_MAX: usize = 8;

/// The rate that tones are made at: those of telephones are below 3,400 Hz.
pub const TONE_RATE: Rate = Rate::Khz8;

/// Something that plays.
#[derive(Debug)]
pub enum Sound {
    /// For a while or for ever; gone when it ends.
    Tone(ToneSource),
    /// Tones in time; gone when the last one ends.
    Cadence(Cadence),
    /// The same to tell of a recording: until it is removed, and nothing is told of its end.
    Beep(Cadence),
    /// Until the one who fills it says that this was all; gone then.
    File(SourceReader),
    /// Until it is removed.
    Source(SourceReader),
}

/// All that plays to one leg.
#[derive(Debug)]
pub struct Sounds {
    playing: Vec<(SoundId, Box<Sound>)>,
    // Tones and files that have ended: freed with the next command, since a frame is no time to free anything.
    ended: Vec<(SoundId, Box<Sound>)>,
    // The newest 20 ms of all.
    mix: Vec<i16>,
    // Sounds of other rates than the mix: all of one rate go the same way.
    lanes: Vec<Lane>,
}

#[derive(Debug)]
struct Lane {
    rate: Rate,
    mix: Vec<i16>,
    is_filled: bool,
    resampling: Resampling,
}

impl Default for Sounds {
    fn default() -> Sounds {
        Sounds {
            playing: Vec::with_capacity(SOUNDS_MAX),
            ended: Vec::with_capacity(SOUNDS_MAX),
            mix: Vec::new(),
            lanes: Vec::new(),
        }
    }
}

impl Sounds {
    /// Whether nothing plays.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.playing.is_empty()
    }

    /// Plays `sound` from the next frame on; gives it back when there are too many.
    pub fn add(&mut self, id: SoundId, sound: Box<Sound>) -> Result<(), Box<Sound>> {
        self.ended.clear();
        if self.playing.len() >= SOUNDS_MAX {
            return Err(sound);
        }
        self.playing.push((id, sound));
        Ok(())
    }

    /// Plays it no longer.
    pub fn remove(&mut self, id: SoundId) -> Option<Box<Sound>> {
        let index = self.playing.iter().position(|(other, _)| *other == id)?;
        Some(self.playing.remove(index).1)
    }

    /// The next 20 ms of everything, at this rate; none when nothing plays. What ends here is told of and gone.
    pub fn frame(&mut self, rate: Rate, place: Place, out: &mut impl Outlet) -> Option<&mut [i16]> {
        if self.playing.is_empty() {
            return None;
        }
        self.mix.clear();
        self.mix.resize(rate.frame_samples(), 0);
        let mut frame = [0; Rate::Khz48.frame_samples()];
        for index in (0..self.playing.len()).rev() {
            let sound = &mut self.playing[index].1;
            let sounds_at = sound.rate();
            let frame = &mut frame[..sounds_at.frame_samples()];
            frame.fill(0);
            let end = sound.fill(frame);
            mix_into(self.mix_of(sounds_at, rate), frame);
            if let Some(completed) = end {
                let ended = self.playing.swap_remove(index);
                let sound = ended.0;
                self.ended.push(ended);
                out.event(Event::PlayFinished {
                    place,
                    sound,
                    completed,
                });
            }
        }
        for lane in self.lanes.iter_mut().filter(|lane| lane.is_filled) {
            mix_into(&mut self.mix, lane.resampling.frame(&lane.mix));
            lane.mix.fill(0);
            lane.is_filled = false;
        }
        Some(&mut self.mix)
    }

    /// Where sounds of one rate are summed up for a frame of another.
    fn mix_of(&mut self, rate: Rate, to: Rate) -> &mut [i16] {
        if rate == to {
            return &mut self.mix;
        }
        let index = self.lanes.iter().position(|lane| lane.rate == rate);
        let index = index.unwrap_or_else(|| {
            self.lanes.push(Lane {
                rate,
                mix: rate.silence().to_vec(),
                is_filled: false,
                resampling: Resampling::between(rate, to),
            });
            self.lanes.len() - 1
        });
        let lane = &mut self.lanes[index];
        if lane.resampling.rate() != to {
            lane.resampling = Resampling::between(rate, to);
        }
        lane.is_filled = true;
        &mut lane.mix
    }
}

impl Sound {
    /// Whether its end is told of; a source is ended by who fills it, and a beep by its recording.
    #[must_use]
    pub fn has_end(&self) -> bool {
        !matches!(self, Sound::Source(_) | Sound::Beep(_))
    }

    /// The rate that it was made at.
    #[must_use]
    fn rate(&self) -> Rate {
        match self {
            Sound::Tone(_) | Sound::Cadence(_) | Sound::Beep(_) => TONE_RATE,
            Sound::File(source) | Sound::Source(source) => source.rate(),
        }
    }

    /// Fills the front of a silent frame; when this was its end, says whether all of it was played.
    fn fill(&mut self, frame: &mut [i16]) -> Option<bool> {
        match self {
            Sound::Tone(tone) => {
                tone.fill(frame);
                tone.is_finished().then_some(true)
            }
            Sound::Cadence(cadence) => {
                cadence.fill(frame);
                cadence.is_finished().then_some(true)
            }
            Sound::Beep(cadence) => {
                cadence.fill(frame);
                None
            }
            Sound::File(file) => {
                file.read(frame);
                file.end()
            }
            Sound::Source(source) => {
                source.read(frame);
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use mediacore_audio::dbfs;

    use super::*;
    use crate::outlet::recording::Recorder;

    const LEG: Place = Place::Leg(crate::ids::LegId(3));

    fn tone(duration_ms: u32) -> Box<Sound> {
        Box::new(Sound::Tone(ToneSource::sine(
            1000.0,
            -10.0,
            Some(duration_ms),
            8000,
        )))
    }

    #[test]
    fn a_tone_has_its_level_and_tells_of_its_end() {
        let (mut sounds, mut out) = (Sounds::default(), Recorder::default());
        assert!(sounds.add(SoundId(1), tone(40)).is_ok());
        let frame = sounds.frame(Rate::Khz8, LEG, &mut out).expect("it plays");
        assert!((dbfs(frame) + 10.0).abs() < 0.1, "{}", dbfs(frame));
        assert!(out.events.is_empty());
        sounds.frame(Rate::Khz8, LEG, &mut out);
        assert_eq!(
            out.events,
            [Event::PlayFinished {
                place: LEG,
                sound: SoundId(1),
                completed: true
            }]
        );
        assert_eq!(sounds.frame(Rate::Khz8, LEG, &mut out), None);
    }

    #[test]
    fn sounds_are_mixed_and_can_be_stopped() {
        let (mut sounds, mut out) = (Sounds::default(), Recorder::default());
        let (mut writer, reader) = crate::source::source(Rate::Khz8, 1000);
        writer.write(&[100; 400]);
        let (mut other, other_reader) = crate::source::source(Rate::Khz8, 1000);
        other.write(&[20; 400]);
        assert!(
            sounds
                .add(SoundId(1), Box::new(Sound::Source(reader)))
                .is_ok()
        );
        assert!(
            sounds
                .add(SoundId(2), Box::new(Sound::Source(other_reader)))
                .is_ok()
        );
        assert_eq!(
            sounds.frame(Rate::Khz8, LEG, &mut out).expect("both play")[0],
            120
        );
        assert!(sounds.remove(SoundId(1)).is_some());
        assert_eq!(
            sounds.frame(Rate::Khz8, LEG, &mut out).expect("one plays")[0],
            20
        );
        assert!(sounds.remove(SoundId(1)).is_none());
    }

    #[test]
    fn a_file_is_gone_when_all_of_it_was_played_and_says_whether_that_was_all_there_was() {
        for completed in [true, false] {
            let (mut sounds, mut out) = (Sounds::default(), Recorder::default());
            let (mut writer, reader) = crate::source::source(Rate::Khz8, 1000);
            writer.write(&[100; 200]);
            assert!(
                sounds
                    .add(SoundId(1), Box::new(Sound::File(reader)))
                    .is_ok()
            );
            sounds.frame(Rate::Khz8, LEG, &mut out);
            writer.finish(completed);
            assert_eq!(
                sounds.frame(Rate::Khz8, LEG, &mut out).expect("the rest")[39],
                100
            );
            let sound = SoundId(1);
            let finished = Event::PlayFinished {
                place: LEG,
                sound,
                completed,
            };
            assert_eq!(out.events, [finished]);
            assert!(sounds.is_empty());
        }
    }

    #[test]
    fn too_many_are_refused() {
        let mut sounds = Sounds::default();
        let accepted = (0..20)
            .filter(|id| sounds.add(SoundId(*id), tone(1000)).is_ok())
            .count();
        assert_eq!(accepted, SOUNDS_MAX);
    }

    #[test]
    fn sounds_of_any_rates_are_mixed_at_the_one_that_is_wanted() {
        for wanted in [Rate::Khz8, Rate::Khz16, Rate::Khz48] {
            let (mut sounds, mut out) = (Sounds::default(), Recorder::default());
            assert!(sounds.add(SoundId(1), tone(400)).is_ok());
            let (mut writer, reader) = crate::source::source(Rate::Khz16, 16_000);
            let mut high = vec![0; 8000];
            ToneSource::sine(3000.0, -20.0, None, 16_000).fill(&mut high);
            writer.write(&high);
            let source = Box::new(Sound::Source(reader));
            assert!(sounds.add(SoundId(2), source).is_ok());
            let mut detector = mediacore_audio::ToneDetector::new(&[1000.0], wanted.hz());
            let mut levels = Vec::new();
            for _ in 0..20 {
                let frame = sounds.frame(wanted, LEG, &mut out).expect("both play");
                assert_eq!(frame.len(), wanted.frame_samples());
                detector.receive(frame);
                levels.push(dbfs(frame));
            }
            assert!(detector.tone().is_some(), "{wanted:?}");
            let both_dbfs = 10.0 * (0.1_f64 + 0.01).log10();
            assert!((levels[10] - both_dbfs).abs() < 0.3, "{levels:?}");
        }
    }
}
