//! Concealment for decoders that have none of their own: a concealer for each channel of interleaved samples.

use crate::Concealer;

/// Longer payloads and holes than this go through in pieces.
const PIECE_MS: u32 = 20;

#[derive(Clone, Debug)]
pub struct Patch {
    concealers: Box<[Concealer]>,
    /// One channel of a piece.
    lane: Box<[i16]>,
    is_spliced: bool,
}

impl Patch {
    pub fn new(sample_rate_hz: u32, channels: u8) -> Self {
        Self {
            concealers: vec![Concealer::new(sample_rate_hz); channels.into()].into(),
            lane: vec![0; (sample_rate_hz / 1000 * PIECE_MS) as usize].into(),
            is_spliced: false,
        }
    }

    pub fn receive(&mut self, out: &mut [i16]) {
        let is_spliced = self.is_spliced && !out.is_empty();
        self.is_spliced = false;
        self.each(out, |concealer, lane, is_first| {
            match is_spliced && is_first {
                true => concealer.receive_discontinuous(lane),
                false => concealer.receive(lane),
            }
        });
    }

    pub fn conceal(&mut self, out: &mut [i16]) {
        self.each(out, |concealer, lane, _| concealer.conceal(lane));
    }

    /// What a concealment that is under way would go on with, in the first channel.
    pub fn ahead(&self, samples: &mut [i16]) {
        self.concealers[0].ahead(samples);
    }

    pub fn splice(&mut self) {
        self.is_spliced = true;
    }

    pub fn reset(&mut self) {
        for concealer in &mut self.concealers {
            concealer.reset();
        }
        self.is_spliced = false;
    }

    /// Calls `then` for each channel of each piece, and whether it is the first piece.
    fn each(&mut self, out: &mut [i16], mut then: impl FnMut(&mut Concealer, &mut [i16], bool)) {
        if let [concealer] = &mut *self.concealers {
            return then(concealer, out, true);
        }
        let channels = self.concealers.len();
        for (number, piece) in out.chunks_mut(self.lane.len() * channels).enumerate() {
            let lane = &mut self.lane[..piece.len() / channels];
            for (channel, concealer) in self.concealers.iter_mut().enumerate() {
                let own = piece.iter().skip(channel).step_by(channels);
                lane.iter_mut().zip(own).for_each(|(to, from)| *to = *from);
                then(concealer, lane, number == 0);
                let own = piece.iter_mut().skip(channel).step_by(channels);
                own.zip(&*lane).for_each(|(to, from)| *to = *from);
            }
        }
    }
}
