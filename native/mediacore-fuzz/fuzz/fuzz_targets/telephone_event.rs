#![no_main]
mediacore_fuzz_targets::target!("telephone_event");
