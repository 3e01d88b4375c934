//! Numbers that the engine gives out. Each is given once in an engine's life.

/// One leg.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LegId(pub u64);

/// One bridge, echoes among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BridgeId(pub u64);

/// One tone, file or source that plays to a leg or a conference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SoundId(pub u64);

/// One tap on a leg or a conference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TapId(pub u64);

/// One recording of a leg or a conference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecorderId(pub u64);

/// One conference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConferenceId(pub u64);

/// What a sound plays to, a recording records, a tap copies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Place {
    /// One leg.
    Leg(LegId),
    /// All members of a conference.
    Conference(ConferenceId),
}

impl From<LegId> for Place {
    fn from(leg: LegId) -> Place {
        Place::Leg(leg)
    }
}

impl From<ConferenceId> for Place {
    fn from(conference: ConferenceId) -> Place {
        Place::Conference(conference)
    }
}

impl Place {
    /// Its number: no leg has that of a conference.
    #[must_use]
    pub fn number(self) -> u64 {
        match self {
            Place::Leg(leg) => leg.0,
            Place::Conference(conference) => conference.0,
        }
    }
}
