//! What is asked of the machine: the clock, a core of one's own, readiness of sockets, an end to everything.

use std::io;
use std::mem::MaybeUninit;
use std::num::NonZeroU64;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, epoll, poll};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::thread::{CpuSet, sched_setaffinity, set_current_timer_slack};
use rustix::time::{ClockId, clock_gettime};

/// Readiness taken out of the kernel in one call.
const BATCH: usize = 256;

/// Nanoseconds since an unspecified moment.
pub fn now_ns() -> u64 {
    let time = clock_gettime(ClockId::Monotonic);
    time.tv_sec.cast_unsigned() * 1_000_000_000 + time.tv_nsec.cast_unsigned()
}

/// Keeps this process on one core.
pub fn pin(core: usize) -> io::Result<()> {
    if core >= CpuSet::MAX_CPU {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("no core {core}"),
        ));
    }
    let mut cores = CpuSet::new();
    cores.set(core);
    Ok(sched_setaffinity(None, &cores)?)
}

/// Lets timed waits end when they are due; by default they may be 50 µs late, which is two packets at 400 calls.
pub fn wake_exactly() -> io::Result<()> {
    Ok(set_current_timer_slack(NonZeroU64::new(1))?)
}

/// As many descriptors as this process may have.
pub fn allow_descriptors() -> io::Result<()> {
    let limit = getrlimit(Resource::Nofile);
    let most = Rlimit {
        current: limit.maximum,
        ..limit
    };
    Ok(setrlimit(Resource::Nofile, most)?)
}

/// Ends this process with status 3 when it still runs after so long: nobody has to come and look for it.
pub fn end_after(limit: Duration) {
    std::thread::spawn(move || {
        std::thread::sleep(limit);
        eprintln!("mediacore-bench: still running after {limit:?}: given up");
        std::process::exit(3);
    });
}

/// Which sockets can be read (epoll, level-triggered).
pub struct Readiness {
    epoll: OwnedFd,
    ready: Vec<usize>,
}

impl Readiness {
    /// Of these sockets, by their place in the list.
    pub fn of<'a, Socket: AsFd + 'a>(
        sockets: impl IntoIterator<Item = &'a Socket>,
    ) -> io::Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        for (place, socket) in sockets.into_iter().enumerate() {
            let data = epoll::EventData::new_u64(place as u64);
            epoll::add(&epoll, socket, data, epoll::EventFlags::IN)?;
        }
        Ok(Self {
            epoll,
            ready: Vec::with_capacity(BATCH),
        })
    }

    /// The places of those that can be read now, or once one can be, within `timeout_ns`; to the millisecond.
    pub fn wait(&mut self, timeout_ns: u64) -> &[usize] {
        self.ready.clear();
        let mut batch = [const { MaybeUninit::uninit() }; BATCH];
        // An interrupted wait is one that found nothing.
        if let Ok((events, _)) = epoll::wait(&self.epoll, &mut batch, Some(&timespec(timeout_ns))) {
            self.ready.extend(
                events
                    .iter()
                    .map(|event| usize::try_from(event.data.u64()).expect("a place in a list")),
            );
        }
        &self.ready
    }

    /// The same to the microsecond. `epoll_wait` counts in milliseconds, and bursts of forty packets every millisecond
    /// would be another load than phones make; `ppoll` counts in nanoseconds.
    pub fn wait_exactly(&mut self, timeout_ns: u64) -> &[usize] {
        let mut waited = [PollFd::new(&self.epoll, PollFlags::IN)];
        // Whatever it says, the look that follows tells.
        let _ = poll(&mut waited, Some(&timespec(timeout_ns)));
        self.wait(0)
    }
}

fn timespec(nanoseconds: u64) -> Timespec {
    Timespec {
        tv_sec: (nanoseconds / 1_000_000_000).cast_signed(),
        tv_nsec: (nanoseconds % 1_000_000_000).cast_signed(),
    }
}
