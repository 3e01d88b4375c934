//! The clocks that the engine reads.

use std::time::{Duration, SystemTime};

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

/// Time since the Unix epoch. It may be wrong and may be set back: for NTP times in reports alone, never for timers.
#[must_use]
#[expect(
    clippy::disallowed_methods,
    reason = "the one place that asks for the wall clock"
)]
pub fn wall_clock() -> Duration {
    SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default()
}

fn read(clock: ClockId) -> Duration {
    let time = clock_gettime(clock);
    let seconds = u64::try_from(time.tv_sec).expect("these clocks start at zero");
    let nanoseconds = u32::try_from(time.tv_nsec).expect("less than a second");
    Duration::new(seconds, nanoseconds)
}
