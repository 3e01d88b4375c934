//! The media engine: threads, sockets and clocks around legs that know none of them.
//!
//! | part | what it is |
//! |---|---|
//! | [`Engine`] | the control side: gives out ports and numbers, places legs on threads, waits for their answers |
//! | `worker` | one media thread: waits, drains sockets, runs the core |
//! | `core`, `leg`, `graph`, `conference`, `latch` … | what a media thread does, without socket and clock |
//! | [`ManualThread`] | the same legs driven by hand: for simulations |
//! | `player`, `recorder` | two threads beside the media threads: one reads files, one writes them |
//! | `os` | the system calls |
//!
//! A leg belongs to one media thread, which alone touches it. The packet path holds no lock, allocates nothing and
//! writes no log; what it has to tell goes through bounded rings (`event`), and what is measured lies under a
//! sequence lock (`seqlock`).

#![deny(unsafe_code)]

mod command;
mod conference;
mod core;
mod decoder;
mod encoding;
mod engine;
mod error;
mod event;
mod format;
mod frame;
mod graph;
mod ids;
mod in_band;
mod incoming;
mod latch;
mod leg;
mod listeners;
mod live_source;
mod manual;
mod notices;
mod os;
mod outgoing;
mod outlet;
mod pacing;
mod params;
mod player;
mod ports;
mod recorder;
mod registry;
mod reply;
mod resampling;
mod seqlock;
mod sounds;
mod source;
mod stats;
mod stretching;
mod tap;
mod thread;
mod transport;
mod worker;

pub use conference::{ConferenceStats, LOUDEST_MAX, MemberOptions};
pub use engine::{ConferenceOptions, Engine, EngineConfig, OpenedLeg};
pub use error::EngineError;
pub use event::Event;
pub use format::{CodecBook, CodecId, Format, Formats};
pub use frame::Rate;
pub use ids::{BridgeId, ConferenceId, LegId, Place, RecorderId, SoundId, TapId};
pub use leg::{Mutes, Seeds};
pub use live_source::LiveSource;
pub use manual::{ManualThread, Output};
pub use mediacore_audio::codec::opus::OpusParams;
pub use outlet::Channel;
pub use params::{DigitUse, Direction, LegParams};
pub use player::{PlayPosition, Player, Playlist};
pub use recorder::{Beep, RecordChannels, RecordEnd, RecordFormat, RecordOptions, Recorder};
pub use registry::Opening;
pub use stats::{COLUMNS, EngineStats, Kind, LegStats, WORDS};
pub use tap::{Tap, TapSide};
pub use transport::SrtpParams;

/// SRTP alone, without legs.
pub use mediacore_rtp::srtp;

/// What a cadence is made of.
pub use mediacore_audio::{Partial, Step};
