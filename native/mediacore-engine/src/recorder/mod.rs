//! Recording legs into WAV files: media threads copy frames into a ring, and one thread writes them.
//!
//! | part | what it is |
//! |---|---|
//! | `feed` | the ring, and the media thread's half of it |
//! | `timeline` | frames with moments become two channels of equal length; what never came is silence |
//! | `wav_file` | a file whose header is true after every write, so that it is whole whenever the process dies |
//! | `recording` | one recording: its limits, its pauses, its end |
//! | `writer` | the thread |

mod feed;
mod recording;
mod timeline;
mod wav_file;
mod writer;

pub use feed::RecordFeed;
pub use recording::{RecordChannels, RecordEnd, RecordOptions, Recorder};
pub use writer::FileWriter;
