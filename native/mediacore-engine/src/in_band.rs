//! Digits in the sound of a leg's peer: found there, and taken out where nobody may hear them.

use mediacore_audio::{DigitRemover, DtmfDetector, DtmfNotice};

use crate::frame::Rate;
use crate::params::DigitUse;

/// Listens to one peer, frame by frame.
#[derive(Debug)]
pub struct InBand {
    is_hidden: bool,
    rate: Rate,
    ear: Ear,
}

#[derive(Debug)]
enum Ear {
    /// Frames stay as they are.
    Heard(DtmfDetector),
    /// Frames come later, without digits.
    Hidden(DigitRemover),
}

impl Ear {
    fn new(is_hidden: bool, rate: Rate) -> Ear {
        match is_hidden {
            true => Ear::Hidden(DigitRemover::new(rate.hz())),
            false => Ear::Heard(DtmfDetector::new(rate.hz())),
        }
    }
}

impl InBand {
    /// What `digits` asks for; none: the sound needs no look.
    #[must_use]
    pub fn new(digits: DigitUse) -> Option<Box<InBand>> {
        let is_asked_for = digits.in_band || digits.hidden;
        is_asked_for.then(|| {
            Box::new(InBand {
                is_hidden: digits.hidden,
                rate: Rate::default(),
                ear: Ear::new(digits.hidden, Rate::default()),
            })
        })
    }

    /// Takes the next frame, and leaves in its place what may be heard; afterwards `poll` until there is nothing.
    pub fn process(&mut self, frame: &mut [i16]) {
        let rate = Rate::of_frame(frame);
        if rate != self.rate {
            // Rare: another codec. A digit that lasts is lost with what was heard of it.
            self.rate = rate;
            self.ear = Ear::new(self.is_hidden, rate);
        }
        match &mut self.ear {
            Ear::Heard(detector) => detector.receive(frame),
            Ear::Hidden(remover) => remover.process(frame),
        }
    }

    /// The next digit that began or ended.
    pub fn poll(&mut self) -> Option<DtmfNotice> {
        match &mut self.ear {
            Ear::Heard(detector) => detector.poll(),
            Ear::Hidden(remover) => remover.poll(),
        }
    }
}
