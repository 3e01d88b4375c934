//! Shorter and longer without a change of pitch, for a play-out buffer that holds too much or too little: one period of the voice
//! is taken out or put in, cross-faded (in the manner of WSOLA, and of NetEq's accelerate and preemptive expand). Holds no audio
//! between calls: what goes in comes out, but for the period.
//!
//! | the piece is | it is changed |
//! |---|---|
//! | periodic: neighbouring periods are alike | by one period, or several short ones |
//! | no louder than the background | by any lag, its level kept |
//! | neither: a consonant, an onset, two voices | not; the caller tries the next one |

use crate::level::dbfs;
use crate::pitch;

/// Shortest period looked for: 400 Hz.
const PERIOD_MIN_US: u32 = 2_500;
/// Longest period looked for: 66 Hz.
const PERIOD_MAX_US: u32 = 15_000;
/// Over what periods are compared when they are looked for.
const WINDOW_MAX_US: u32 = 12_500;
/// More of a piece than this is not looked at.
const LOOK_MAX_US: u32 = 30_000;
/// Rate at which is looked first.
const SEARCH_RATE_HZ: u32 = 4_000;
/// Periods are alike from here on (NetEq's figure).
const LIKENESS_MIN: f32 = 0.9;
/// A period whose power is so many times the other's is an onset or an end: 6 dB.
const POWER_RATIO_MAX: f32 = 4.0;
/// So much above the background still is the background.
const BACKGROUND_MARGIN_DB: f64 = 3.0;

/// What came of a piece.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stretch {
    /// Samples taken out or put in; 0 if it was refused.
    pub samples: usize,
    /// How alike the two halves of the cross-fade were, -1 to 1.
    pub likeness: f32,
    /// Why it was changed, or not.
    pub reason: Reason,
}

/// Why a piece was changed, or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Changed: periodic.
    Periodic,
    /// Changed: there is nothing but background.
    Background,
    /// Refused: no period repeats.
    Aperiodic,
    /// Refused: the level changes.
    Transient,
    /// Refused: shorter than [`PIECE_MIN_MS`], or less was to go than any period is.
    TooShort,
}

/// The shortest piece that can be changed; 30 ms are better, since they hold two periods of a deep voice.
pub const PIECE_MIN_MS: u32 = 10;

/// The two kernels with the room that they work in. Nothing allocates but `new`.
#[derive(Clone, Debug)]
pub struct TimeStretch {
    sample_rate_hz: u32,
    piece: Box<[f32]>,
    room: Box<[f32]>,
}

impl TimeStretch {
    /// For mono samples of this rate.
    ///
    /// # Panics
    /// If the rate is below 8 kHz: there is no such telephony.
    pub fn new(sample_rate_hz: u32) -> Self {
        assert!(sample_rate_hz >= 8_000, "a stream of {sample_rate_hz} Hz");
        let longest = samples(sample_rate_hz, LOOK_MAX_US);
        Self {
            sample_rate_hz,
            piece: vec![0.0; longest].into(),
            room: vec![0.0; longest].into(),
        }
    }

    /// Takes a period out of `audio`: its first `audio.len() - samples` are what is left. `background_dbfs` is the level of
    /// the stream's noise (as [`crate::Vad`] tells it).
    pub fn accelerate(&mut self, audio: &mut [i16], background_dbfs: f64) -> Stretch {
        self.accelerate_by(audio.len(), audio, background_dbfs)
    }

    /// [`TimeStretch::accelerate`] by no more than `samples_max`.
    pub fn accelerate_by(
        &mut self,
        samples_max: usize,
        audio: &mut [i16],
        background_dbfs: f64,
    ) -> Stretch {
        let (stretch, period) = self.judge(samples_max, audio, background_dbfs);
        if stretch.samples == 0 {
            return stretch;
        }
        let fade = Fade::new(period, stretch.likeness);
        for place in 0..period {
            audio[place] = fade.at(place, audio[place], audio[place + period]);
        }
        audio.copy_within(2 * period.., period);
        stretch
    }

    /// Copies `audio` to the front of `out` with a period put in: `audio.len() + samples` of it.
    ///
    /// # Panics
    /// If `out` is shorter than one and a half times `audio`, the most that may come.
    pub fn expand(&mut self, audio: &[i16], background_dbfs: f64, out: &mut [i16]) -> Stretch {
        assert!(
            2 * out.len() >= 3 * audio.len(),
            "{} samples of room",
            out.len()
        );
        let (stretch, period) = self.judge(audio.len(), audio, background_dbfs);
        if stretch.samples == 0 {
            out[..audio.len()].copy_from_slice(audio);
            return stretch;
        }
        out[..period].copy_from_slice(&audio[..period]);
        let fade = Fade::new(period, stretch.likeness);
        // From the second period, which the first one leads to, back to the first, which leads to the second.
        for place in 0..period {
            out[period + place] = fade.at(place, audio[period + place], audio[place]);
        }
        out[2 * period..][..audio.len() - period].copy_from_slice(&audio[period..]);
        stretch
    }

    fn judge(
        &mut self,
        samples_max: usize,
        audio: &[i16],
        background_dbfs: f64,
    ) -> (Stretch, usize) {
        let refused = |likeness, reason| {
            let samples = 0;
            (
                Stretch {
                    samples,
                    likeness,
                    reason,
                },
                0,
            )
        };
        let is_short = audio.len() < samples(self.sample_rate_hz, PIECE_MIN_MS * 1_000);
        if is_short || samples_max < samples(self.sample_rate_hz, PERIOD_MIN_US) {
            return refused(0.0, Reason::TooShort);
        }
        let length = audio.len().min(self.piece.len());
        let piece = &mut self.piece[..length];
        for (to, from) in piece.iter_mut().zip(audio) {
            *to = f32::from(*from);
        }
        let is_background = dbfs(&audio[..length]) <= background_dbfs + BACKGROUND_MARGIN_DB;
        let longest = longest(piece, self.sample_rate_hz);
        let period = match is_background {
            // Noise has no period, and what goes at once need not be asked for again; but the piece's end stays as it is.
            true => (longest * 3 / 4).min(samples_max),
            false => period(
                piece,
                longest.min(samples_max),
                self.sample_rate_hz,
                &mut self.room,
            ),
        };
        let (first, second) = (&piece[..period], &piece[period..2 * period]);
        let likeness = pitch::likeness(first, second);
        let powers = (pitch::dot(first, first), pitch::dot(second, second));
        let ratio = powers.0.max(powers.1) / powers.0.min(powers.1).max(1.0);
        let reason = match () {
            () if is_background => Reason::Background,
            () if likeness < LIKENESS_MIN => return refused(likeness, Reason::Aperiodic),
            () if ratio > POWER_RATIO_MAX => return refused(likeness, Reason::Transient),
            () => Reason::Periodic,
        };
        let stretch = Stretch {
            samples: period,
            likeness,
            reason,
        };
        (stretch, period)
    }
}

/// The period of what the piece begins with; twice it fits into the piece.
fn period(piece: &[f32], longest: usize, sample_rate_hz: u32, room: &mut [f32]) -> usize {
    let shortest = samples(sample_rate_hz, PERIOD_MIN_US);
    let window = samples(sample_rate_hz, WINDOW_MAX_US).min(piece.len() - longest);
    let factor = (sample_rate_hz / SEARCH_RATE_HZ) as usize;
    pitch::lag_after(piece, window, shortest..=longest, factor, room).0
}

/// The longest period of which the piece holds two.
fn longest(piece: &[f32], sample_rate_hz: u32) -> usize {
    samples(sample_rate_hz, PERIOD_MAX_US).min(piece.len() / 2)
}

/// From one piece to another within a period.
struct Fade {
    length: f32,
    likeness: f32,
}

impl Fade {
    fn new(period: usize, likeness: f32) -> Self {
        Self {
            length: period as f32,
            // Opposites would need more than they have.
            likeness: likeness.clamp(0.0, 1.0),
        }
    }

    /// Alike pieces are added by their weights; of unlike ones that would lose up to 3 dB in the middle, so their power is kept.
    fn at(&self, place: usize, from: i16, to: i16) -> i16 {
        let weight = (place as f32 + 0.5) / self.length;
        let rest = 1.0 - weight;
        let power = weight * weight + rest * rest + 2.0 * self.likeness * weight * rest;
        ((f32::from(from) * rest + f32::from(to) * weight) / power.sqrt()).round() as i16
    }
}

fn samples(sample_rate_hz: u32, us: u32) -> usize {
    (u64::from(sample_rate_hz) * u64::from(us) / 1_000_000) as usize
}
