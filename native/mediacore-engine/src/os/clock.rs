//! The two clocks that the engine reads. Both only go forward.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// Time since an unspecified moment (CLOCK_MONOTONIC): the same clock as Python's `time.monotonic()`.
#[must_use]
pub fn monotonic() -> Duration {
    read(ClockId::Monotonic)
}

/// Processor time that the calling thread has used, user and system together.
#[must_use]
pub fn thread_cpu_time() -> Duration {
    read(ClockId::ThreadCPUTime)
}

fn read(clock: ClockId) -> Duration {
    let time = clock_gettime(clock);
    let seconds = u64::try_from(time.tv_sec).expect("these clocks start at zero");
    let nanoseconds = u32::try_from(time.tv_nsec).expect("less than a second");
    Duration::new(seconds, nanoseconds)
}
