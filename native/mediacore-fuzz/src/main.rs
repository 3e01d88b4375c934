//! Millions of inputs: `cargo run --release -p mediacore-fuzz -- INPUTS [SEED]`. Says of each target how many inputs it took, how
//! fast, and by how much the process grew. What panics is printed with its octets.

use std::process::ExitCode;
use std::time::Instant;

use mediacore_fuzz::{Mutator, TARGETS, Target};

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1).map(|text| text.parse::<u64>());
    let (Some(Ok(inputs)), Ok(seed)) = (arguments.next(), arguments.next().unwrap_or(Ok(1))) else {
        eprintln!(
            "usage: mediacore-fuzz INPUTS [SEED]; INPUTS over all targets, for example 10000000"
        );
        return ExitCode::from(2);
    };
    let each = inputs.div_ceil(TARGETS.len() as u64);
    println!(
        "{:<16} {:>10} {:>9} {:>10}",
        "target", "inputs", "seconds", "grew, kB"
    );
    for target in TARGETS {
        run(target, each, seed);
    }
    ExitCode::SUCCESS
}

fn run(target: &Target, inputs: u64, seed: u64) {
    let mut mutator = Mutator::new(target, seed);
    // The allocator's own pools fill up first.
    let warm_up = (inputs / 10).min(10_000);
    let mut rss_kb = 0;
    let began = Instant::now();
    for number in 0..inputs {
        if number == warm_up {
            rss_kb = resident_kb();
        }
        let input = mutator.next_input();
        let guard = Shown(target.name, &input);
        (target.run)(&input);
        std::mem::forget(guard);
    }
    let grown_kb = resident_kb() - rss_kb;
    let seconds = began.elapsed().as_secs_f64();
    println!(
        "{:<16} {inputs:>10} {seconds:>9.1} {grown_kb:>10}",
        target.name
    );
}

/// Prints an input while a panic unwinds past it.
struct Shown<'a>(&'a str, &'a [u8]);

impl Drop for Shown<'_> {
    fn drop(&mut self) {
        eprintln!("{}: {:02x?}", self.0, self.1);
    }
}

fn resident_kb() -> i64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let figure = line.and_then(|rest| rest.split_whitespace().next());
    figure.and_then(|text| text.parse().ok()).unwrap_or(0)
}
