//! Recording legs into WAV and Ogg Opus files: media threads copy frames into a ring, and one thread writes them.
//!
//! | part | what it is |
//! |---|---|
//! | `feed` | the ring, and the media thread's half of it |
//! | `timeline` | frames with moments become two channels of equal length; what never came is silence |
//! | `silence` | how long nobody has spoken |
//! | `sound_file` | the file, of one kind or the other |
//! | `wav_file` | one whose header is true after every write, so that it is whole whenever the process dies |
//! | `opus_file` | one that grows by whole pages |
//! | `recording` | one recording: its limits, its pauses, its end |
//! | `writer` | the thread |

mod feed;
mod opus_file;
mod recording;
mod silence;
mod sound_file;
mod timeline;
mod wav_file;
mod writer;

pub use feed::RecordFeed;
pub use recording::{Beep, RecordChannels, RecordEnd, RecordOptions, Recorder};
pub use sound_file::RecordFormat;
pub use writer::FileWriter;
