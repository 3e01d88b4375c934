//! 200,000 inputs over all parsers, from a seed: no panic, no loop, no forgery taken.

use mediacore_fuzz::{Mutator, TARGETS};

const INPUTS: usize = 200_000;
const SEED: u64 = 4;

#[test]
fn no_octets_break_a_parser() {
    for target in TARGETS {
        let mut mutator = Mutator::new(target, SEED);
        for number in 0..INPUTS.div_ceil(TARGETS.len()) {
            let input = mutator.next_input();
            let run = std::panic::catch_unwind(|| (target.run)(&input));
            assert!(run.is_ok(), "{}, input {number}: {input:02x?}", target.name);
        }
    }
}

#[test]
fn every_sample_is_taken_as_it_is() {
    for target in TARGETS {
        let samples = (target.samples)();
        assert!(!samples.is_empty(), "{}", target.name);
        samples.iter().for_each(|sample| (target.run)(sample));
    }
}
