//! One entry for libFuzzer out of the table of targets.

pub use libfuzzer_sys::fuzz_target;
pub use mediacore_fuzz::TARGETS;

/// The entry of the target of this name.
#[macro_export]
macro_rules! target {
    ($name:literal) => {
        $crate::fuzz_target!(|octets: &[u8]| {
            let target = $crate::TARGETS.iter().find(|target| target.name == $name);
            (target.expect("a target of the table").run)(octets);
        });
    };
}
