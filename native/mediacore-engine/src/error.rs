//! What can go wrong on the control side. Media threads count instead.

use std::fmt;
use std::io;
use std::ops::Range;
use std::path::PathBuf;

use mediacore_audio::{AudioError, BadCadence, LIVE_RATES_HZ};
use mediacore_rtp::DigitsError;

use crate::ids::{ConferenceId, LegId, Place};

/// Why the engine did not do what it was asked.
#[derive(Debug)]
pub enum EngineError {
    /// It is closed.
    Closed,
    /// No such leg, or it is closed.
    NoSuchLeg(LegId),
    /// No such conference, or it is closed.
    NoSuchConference(ConferenceId),
    /// As many members as it may have.
    ConferenceFull {
        /// Which.
        conference: ConferenceId,
        /// So many.
        members_max: usize,
    },
    /// The leg is not in this conference.
    NotAMember {
        /// Who.
        leg: LegId,
        /// Where.
        conference: ConferenceId,
    },
    /// Every pair of the range is in use.
    PortsExhausted(Range<u16>),
    /// One thing more than a limit allows.
    TooMany {
        /// What there are too many of.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
    /// A file that cannot be played, or recorded to.
    AudioFile {
        /// Which.
        path: PathBuf,
        /// Why not.
        error: AudioError,
    },
    /// Not digits, or not so long.
    BadDigits(DigitsError),
    /// No tone in time.
    BadCadence(BadCadence),
    /// Live audio has another rate.
    BadRate(u32),
    /// Nothing was agreed with the peer that digits could be sent in.
    NoTelephoneEvent(LegId),
    /// A media thread, or the thread that writes files, did not answer in time.
    Stalled,
    /// The system refused.
    Os(io::Error),
}

impl fmt::Display for EngineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EngineError::Closed => f.write_str("the engine is closed"),
            EngineError::NoSuchLeg(leg) => write!(f, "leg {} is closed", leg.0),
            EngineError::NoSuchConference(conference) => {
                write!(f, "conference {} is closed", conference.0)
            }
            EngineError::ConferenceFull {
                conference,
                members_max,
            } => write!(
                f,
                "conference {} has {members_max} members, as many as it may",
                conference.0
            ),
            EngineError::NotAMember { leg, conference } => {
                write!(f, "leg {} is not in conference {}", leg.0, conference.0)
            }
            EngineError::PortsExhausted(range) => {
                write!(
                    f,
                    "every port of {}-{} is in use",
                    range.start,
                    range.end.saturating_sub(1)
                )
            }
            EngineError::TooMany { what, limit } => write!(f, "more than {limit} {what}"),
            EngineError::AudioFile { path, error } => write!(f, "{}: {error}", path.display()),
            EngineError::BadDigits(error) => error.fmt(f),
            EngineError::BadCadence(error) => error.fmt(f),
            EngineError::BadRate(rate_hz) => {
                write!(f, "{rate_hz} Hz; possible are {LIVE_RATES_HZ:?}")
            }
            EngineError::NoTelephoneEvent(leg) => {
                write!(f, "the peer of leg {} takes no telephone-event", leg.0)
            }
            EngineError::Stalled => f.write_str("a thread of the engine did not answer in time"),
            EngineError::Os(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for EngineError {}

impl EngineError {
    /// What is not there.
    #[must_use]
    pub fn no_such(place: Place) -> EngineError {
        match place {
            Place::Leg(leg) => EngineError::NoSuchLeg(leg),
            Place::Conference(conference) => EngineError::NoSuchConference(conference),
        }
    }
}

impl From<DigitsError> for EngineError {
    fn from(error: DigitsError) -> EngineError {
        EngineError::BadDigits(error)
    }
}

impl From<BadCadence> for EngineError {
    fn from(error: BadCadence) -> EngineError {
        EngineError::BadCadence(error)
    }
}

impl From<io::Error> for EngineError {
    fn from(error: io::Error) -> EngineError {
        EngineError::Os(error)
    }
}
