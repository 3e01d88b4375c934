//! Paced RTP streams to measure a relay or a conference with, and the relay that does nothing else, as the floor.
//!
//! ```text
//! mediacore-bench generate --calls N --first-port P --core C --settle S --measure S < targets
//! mediacore-bench confer --members N --first-port P --core C --settle S --measure S < targets
//! mediacore-bench relay --calls N --phones-from P --seconds S
//! ```
//!
//! All tell of themselves in JSON, a line for each event, and all end by themselves. None of it is installed anywhere:
//! `bench/media/generator.py` builds and drives them.
#![forbid(unsafe_code)]

mod confer;
mod generate;
mod hearing;
mod machine;
mod options;
mod pace;
mod relay;
mod stamp;
mod tally;
mod voice;

use std::process::ExitCode;

use options::Options;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let verb = arguments.next().unwrap_or_default();
    let done = Options::parse(arguments).and_then(|options| match verb.as_str() {
        "generate" => generate::run(&options),
        "confer" => confer::run(&options),
        "relay" => relay::run(&options),
        _ => Err(format!("'{verb}' is no command: generate, confer or relay")),
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(complaint) => {
            eprintln!("mediacore-bench: {complaint}");
            ExitCode::from(2)
        }
    }
}
