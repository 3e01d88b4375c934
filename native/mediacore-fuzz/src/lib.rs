//! What comes from strangers, and everything that reads it: each parser as a function of any octets, which must return.
//!
//! | part | what it is |
//! |---|---|
//! | [`TARGETS`] | the parsers, each with inputs to begin from; a broken promise panics |
//! | [`Mutator`] | from these inputs to others, from a seed: what CI runs (`tests/seeded.rs`), and the program for millions |
//! | `fuzz/` | the same targets under cargo-fuzz, which looks for new paths; a workspace of its own, for it needs a nightly compiler |
//!
//! Installed nowhere. SDP is read in Python: `tests/unit/mediacore_sdp/test_sdp_fuzz.py`.
#![forbid(unsafe_code)]

mod mutator;
mod sample;
mod target;

pub use mutator::Mutator;
pub use target::{TARGETS, Target};

/// Longer than any datagram that a media thread takes; files are cut here too, to keep a run short.
pub const INPUT_OCTETS_MAX: usize = 4096;
