//! What everybody hears who is not in the mix: one frame, and one stream of packets for each way in which somebody wants it.

use mediacore_audio::dbfs;

use crate::encoding::{Encoding, EncodingParams};
use crate::frame::Rate;

/// Different ways at once; whoever wants one more is encoded for alone.
const STREAMS_MAX: usize = 16;

/// A packet of so much is full with each frame.
const FRAME_MS: u32 = mediacore_audio::FRAME_MS;

/// Streams that nobody took for so many frames are given up: two seconds.
const UNUSED_FRAMES_MAX: u32 = 100;

/// Copies of a stream that are kept for the next one who begins to speak; more do not speak at once (`loudest`).
const SPARES_MAX: usize = 16;

/// Below it a change from one encoder to another is not heard.
const SILENT_DBFS: f64 = -65.0;

/// The mix of all.
#[derive(Debug)]
pub struct SharedMix {
    /// Its samples.
    pub frame: Vec<i16>,
    /// Their level.
    pub level_dbfs: f64,
    /// Frames encoded, for the statistics.
    pub encoded: u64,
    /// Frames handed to a member out of those, for the statistics.
    pub shared: u64,
    streams: Vec<Stream>,
}

#[derive(Debug)]
struct Stream {
    encoding: Box<Encoding>,
    is_made: bool,
    unused_frames: u32,
    #[expect(clippy::vec_box, reason = "the boxes are handed to legs as they are")]
    spares: Vec<Box<Encoding>>,
}

impl Default for SharedMix {
    fn default() -> SharedMix {
        let frame = Rate::default().silence().to_vec();
        SharedMix {
            level_dbfs: dbfs(&frame),
            frame,
            encoded: 0,
            shared: 0,
            streams: Vec::with_capacity(STREAMS_MAX),
        }
    }
}

impl SharedMix {
    /// `frame` has been filled anew.
    pub fn renew(&mut self) {
        self.level_dbfs = dbfs(&self.frame);
        for stream in &mut self.streams {
            stream.unused_frames = if stream.is_made {
                0
            } else {
                stream.unused_frames + 1
            };
            stream.is_made = false;
        }
        self.streams
            .retain(|stream| stream.unused_frames < UNUSED_FRAMES_MAX);
    }

    /// Whether nobody would hear a change of encoders now.
    #[must_use]
    pub fn is_silent(&self) -> bool {
        self.level_dbfs < SILENT_DBFS
    }

    /// The stream with these parameters, the newest frame in it: encoded for the first who asks. None: there are too many.
    pub fn stream(&mut self, params: &EncodingParams) -> Option<&mut Encoding> {
        let index = self.index(params).or_else(|| self.begin(params))?;
        let stream = &mut self.streams[index];
        if !stream.is_made {
            stream.encoding.push(&self.frame);
            stream.is_made = true;
            self.encoded += 1;
        }
        self.shared += 1;
        Some(&mut stream.encoding)
    }

    /// A member may want the stream with these parameters at any moment. One that remembers nothing costs next to nothing, and is
    /// there from now on: whoever falls silent in the middle of a talk must not make its media thread allocate.
    pub fn keep(&mut self, params: &EncodingParams) {
        if !params.is_stateless() || params.packet_ms() != FRAME_MS {
            return;
        }
        match self.index(params) {
            Some(index) => self.streams[index].unused_frames = 0,
            None => {
                self.begin(params);
            }
        }
    }

    /// Audio that waits in the stream with these parameters for its packet to be full; none: there is no such stream.
    #[must_use]
    pub fn waiting_ms(&self, params: &EncodingParams) -> Option<u32> {
        let index = self.index(params)?;
        Some(self.streams[index].encoding.waiting_ms())
    }

    /// The stream with these parameters for one alone, who goes on from where all were. To be asked for before anybody has
    /// taken the newest frame.
    pub fn copy(&mut self, params: &EncodingParams) -> Option<Box<Encoding>> {
        let index = self.index(params)?;
        let stream = &mut self.streams[index];
        let Some(mut copy) = stream.spares.pop() else {
            return Some(stream.encoding.clone());
        };
        copy.copy_state_from(&stream.encoding);
        Some(copy)
    }

    /// Somebody comes back into the stream with these parameters, and needs this no longer.
    pub fn take_back(&mut self, encoding: Box<Encoding>) {
        if let Some(index) = self.index(encoding.params())
            && self.streams[index].spares.len() < SPARES_MAX
        {
            self.streams[index].spares.push(encoding);
        }
    }

    fn index(&self, params: &EncodingParams) -> Option<usize> {
        let is_it = |stream: &Stream| stream.encoding.params() == params;
        self.streams.iter().position(is_it)
    }

    #[cold]
    fn begin(&mut self, params: &EncodingParams) -> Option<usize> {
        if self.streams.len() == STREAMS_MAX {
            return None;
        }
        self.streams.push(Stream {
            encoding: Box::new(Encoding::new(*params, &self.frame)),
            is_made: false,
            unused_frames: 0,
            spares: Vec::with_capacity(SPARES_MAX),
        });
        Some(self.streams.len() - 1)
    }
}

#[cfg(test)]
mod tests {
    use mediacore_audio::codec::CodecKind;
    use mediacore_audio::codec::opus::OpusParams;

    use super::*;

    fn params(kind: CodecKind, rate: Rate) -> EncodingParams {
        EncodingParams::new(kind, rate, 20, OpusParams::default())
    }

    fn payload(encoding: &mut Encoding) -> Vec<u8> {
        encoding.packet(0).0[12..].to_vec()
    }

    #[test]
    fn a_frame_is_encoded_once_for_each_way() {
        let mut mix = SharedMix::default();
        let ways = [
            params(CodecKind::Pcmu, Rate::Khz8),
            params(CodecKind::G722, Rate::Khz16),
        ];
        for value in [1000, 2000] {
            mix.frame.fill(value);
            mix.renew();
            for way in [0, 1, 0, 1] {
                let stream = mix.stream(&ways[way]).expect("there is room");
                let mut alone = Encoding::new(ways[0], &[0; 160]);
                alone.push(&[value; 160]);
                if way == 0 {
                    assert_eq!(payload(stream), payload(&mut alone));
                }
            }
        }
        assert_eq!((mix.encoded, mix.shared), (4, 8));
    }

    #[test]
    fn one_who_leaves_goes_on_where_all_were() {
        let way = params(CodecKind::G722, Rate::Khz16);
        let mut mix = SharedMix::default();
        let mut ramp = 0;
        for _ in 0..3 {
            for _ in 0..20 {
                mix.frame.iter_mut().for_each(|sample| {
                    ramp = (ramp + 777) % 9000;
                    *sample = ramp;
                });
                mix.renew();
                mix.stream(&way).expect("there is room");
            }
            mix.renew();
            let mut copy = mix.copy(&way).expect("somebody listens");
            copy.push(&mix.frame);
            let all = payload(mix.stream(&way).expect("there is room"));
            assert_eq!(payload(&mut copy), all);
            mix.take_back(copy);
        }
    }

    #[test]
    fn a_stream_that_nobody_takes_is_given_up() {
        let way = params(CodecKind::Pcma, Rate::Khz8);
        let mut mix = SharedMix::default();
        mix.stream(&way).expect("there is room");
        for _ in 0..UNUSED_FRAMES_MAX {
            assert!(mix.waiting_ms(&way).is_some());
            mix.renew();
        }
        mix.renew();
        assert_eq!(mix.waiting_ms(&way), None);
        assert!(mix.copy(&way).is_none());
    }

    #[test]
    fn there_are_only_so_many_ways() {
        let mut mix = SharedMix::default();
        let ways = [10, 20, 30, 40, 50, 60].into_iter().flat_map(|ms| {
            [CodecKind::Pcmu, CodecKind::Pcma, CodecKind::G722].map(|kind| {
                let rate = Rate::of_hz(kind.sample_rate_hz()).expect("one of ours");
                EncodingParams::new(kind, rate, ms, OpusParams::default())
            })
        });
        let found = ways.filter(|way| mix.stream(way).is_some()).count();
        assert_eq!(found, STREAMS_MAX);
    }
}
