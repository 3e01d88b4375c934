//! How long nobody has spoken in a recording. The recording's own beep is nobody.

use mediacore_audio::{ToneDetector, Vad};

/// Blocks that are judged: 40 ms, as long as a tone detector's.
const BLOCKS_PER_S: u32 = 25;

/// The part of a block's power that is the beep's when the block is taken for one.
const BEEP_MIN_PURITY: f64 = 0.5;

/// Listens to both directions.
#[derive(Debug)]
pub struct SilenceMeter {
    block_samples: usize,
    received: Vad,
    sent: Vad,
    beep: Option<ToneDetector>,
    // Less than a block.
    pending: Block,
    // Judged once the next one is known: a beep's first and last samples may be too few to be known by themselves.
    held: Option<Block>,
    is_behind_beep: bool,
    silent_samples: u64,
}

#[derive(Debug, Default)]
struct Block {
    received: Vec<i16>,
    sent: Vec<i16>,
    has_beep: bool,
}

impl SilenceMeter {
    /// Nobody has spoken yet. `beep_hz`: tones in what is sent that are no speech.
    #[must_use]
    pub fn new(sample_rate_hz: u32, beep_hz: &[f64]) -> SilenceMeter {
        let mut beep_hz = beep_hz.to_vec();
        beep_hz.sort_by(f64::total_cmp);
        beep_hz.dedup();
        SilenceMeter {
            block_samples: (sample_rate_hz / BLOCKS_PER_S) as usize,
            received: Vad::new(sample_rate_hz),
            sent: Vad::new(sample_rate_hz),
            beep: (!beep_hz.is_empty()).then(|| ToneDetector::new(&beep_hz, sample_rate_hz)),
            pending: Block::default(),
            held: None,
            is_behind_beep: false,
            silent_samples: 0,
        }
    }

    /// The next sample of each direction.
    pub fn receive(&mut self, received: i16, sent: i16) {
        self.pending.received.push(received);
        self.pending.sent.push(sent);
        if self.pending.sent.len() == self.block_samples {
            let mut block = std::mem::take(&mut self.pending);
            block.has_beep = self.has_beep(&block.sent);
            let has_beep = block.has_beep;
            if let Some(held) = self.held.replace(block) {
                self.judge(held, has_beep);
            }
        }
    }

    /// Samples since somebody spoke, or since the beginning; the newest 80 ms are not known yet.
    #[must_use]
    pub fn silent_samples(&self) -> u64 {
        self.silent_samples
    }

    /// Nobody was listened to for a while: it is counted from here.
    pub fn restart(&mut self) {
        self.silent_samples = 0;
    }

    fn has_beep(&mut self, sent: &[i16]) -> bool {
        let Some(beep) = &mut self.beep else {
            return false;
        };
        beep.receive(sent);
        let purity: f64 = beep.levels().iter().map(|level| level.purity).sum();
        purity >= BEEP_MIN_PURITY
    }

    fn judge(&mut self, mut block: Block, is_before_beep: bool) {
        if self.is_behind_beep || block.has_beep || is_before_beep {
            block.sent.fill(0);
        }
        self.is_behind_beep = block.has_beep;
        let hears_peer = self.received.receive(&block.received);
        let hears_us = self.sent.receive(&block.sent);
        self.silent_samples = match hears_peer || hears_us {
            true => 0,
            false => self.silent_samples + self.block_samples as u64,
        };
    }
}

#[cfg(test)]
mod tests {
    use mediacore_audio::ToneSource;

    use super::*;

    fn tone(hz: f64, duration_ms: u32) -> Vec<i16> {
        let mut samples = vec![0; duration_ms as usize * 8];
        ToneSource::sine(hz, -20.0, None, 8000).fill(&mut samples);
        samples
    }

    fn hear(meter: &mut SilenceMeter, received: &[i16], sent: &[i16]) {
        for (received, sent) in received.iter().zip(sent) {
            meter.receive(*received, *sent);
        }
    }

    #[test]
    fn silence_is_counted_from_the_end_of_whoever_spoke_last() {
        let mut meter = SilenceMeter::new(8000, &[]);
        let (silence, speech) = (vec![0; 8000], tone(300.0, 1000));
        hear(&mut meter, &silence, &silence);
        assert_eq!(meter.silent_samples(), 7680);
        hear(&mut meter, &speech, &silence);
        assert_eq!(meter.silent_samples(), 0);
        hear(&mut meter, &silence, &speech);
        assert_eq!(meter.silent_samples(), 0);
        hear(&mut meter, &silence, &silence);
        // Less the 200 ms after a word that may be its end.
        assert!(
            (5700..=6500).contains(&meter.silent_samples()),
            "{}",
            meter.silent_samples()
        );
    }

    #[test]
    fn a_beep_is_nobody() {
        let mut meter = SilenceMeter::new(8000, &[1400.0]);
        let (silence, beep) = (vec![0; 4000], tone(1400.0, 500));
        hear(&mut meter, &silence, &beep);
        hear(&mut meter, &silence, &silence);
        assert_eq!(meter.silent_samples(), 7680);
        hear(&mut meter, &beep, &silence);
        assert_eq!(meter.silent_samples(), 0, "the peer has none");
    }
}
