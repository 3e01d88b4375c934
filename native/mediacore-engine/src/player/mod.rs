//! Playing files: one thread reads, decodes and resamples ahead of time, for all legs of an engine; media threads find
//! samples in a ring and never wait for a disk.
//!
//! | part | what it is |
//! |---|---|
//! | `playlist` | what to play: files, how often, from where, how loud |
//! | `playback` | one list on its way into a ring |
//! | `position` | which file is heard, and where in it |
//! | `filters` | resamplers, shared |
//! | `reader` | the thread |

mod filters;
mod playback;
mod playlist;
mod position;
mod reader;

pub use playlist::Playlist;
pub use position::PlayPosition;
pub use reader::{FileReader, Player};
