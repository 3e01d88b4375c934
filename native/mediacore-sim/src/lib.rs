//! The media engine without sockets, threads and time: its own core, driven over simulated links from a seed.
//!
//! | part | what it is |
//! |---|---|
//! | [`Scene`] | a run: phones, links and the engine's core under one clock |
//! | [`Phone`] | a [`Talker`], a [`Listener`] and their RTCP |
//! | [`Link`] | one direction of a path: delay, jitter, loss, reordering, duplicates, a queue that is too long |
//! | [`Trace`] | a path with a name, on which play-out is judged |
//! | [`pcap`] | captures, so that a run can be opened in Wireshark, and a capture be sent through a run |
//! | [`Timeline`] | the last things that happened, printed with the seed when a test fails |
//!
//! The same seed gives the same run, octet by octet (on one machine: logarithms may differ in the last digit elsewhere).
//! Nothing here is on a packet path: it may allocate, and keeps what it saw as long as the run lasts.
#![forbid(unsafe_code)]

pub mod clock;
pub mod link;
pub mod listener;
pub mod pcap;
pub mod phone;
pub mod random;
pub mod scene;
pub mod talker;
pub mod timeline;
pub mod traces;
pub mod voice;
pub mod wire;

pub use clock::{DriftingClock, ManualClock};
pub use link::{
    Bottleneck, CrossTraffic, Jitter, Link, LinkConfig, LinkStats, Loss, Passage, RouteChange,
};
pub use listener::{Heard, Listener, ListenerConfig, ToneHeard, mouth_to_ear};
pub use pcap::{Captured, PcapError, PcapReader, PcapWriter};
pub use phone::{Phone, PhoneConfig};
pub use random::Random;
pub use scene::{PhoneId, Scene};
pub use talker::{Talker, TalkerConfig, TalkerStats};
pub use timeline::{Digest, Entry, Timeline};
pub use traces::Trace;
pub use voice::Voice;
pub use wire::{WireLog, WirePacket};
