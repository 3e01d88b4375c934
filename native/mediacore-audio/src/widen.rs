//! Runs a kernel by the widest registers that the machine has. A kernel is plain Rust that the compiler vectorises; here it
//! is compiled twice, so the portable twin is the same text.

#![allow(
    unsafe_code,
    reason = "a function for a machine that may lack its instructions"
)]

/// A loop over samples whose `run` is marked `inline(always)`: only what is inlined is compiled twice.
pub trait Kernel {
    /// What comes of it.
    type Output;

    /// Does it.
    fn run(self) -> Self::Output;
}

/// Runs it; which instructions are used makes no difference to whole numbers.
#[inline]
pub fn widen<K: Kernel>(kernel: K) -> K::Output {
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "avx2")]
        fn by_avx2<K: Kernel>(kernel: K) -> K::Output {
            kernel.run()
        }
        if is_x86_feature_detected!("avx2") {
            // SAFETY: the machine has just been asked for these instructions.
            return unsafe { by_avx2(kernel) };
        }
    }
    kernel.run()
}
