#![no_main]
mediacore_fuzz_targets::target!("decoders");
