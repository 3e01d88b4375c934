//! A descriptor that one thread pokes and another waits on (eventfd).

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::time::Duration;

use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};

/// Pokes are merged: a thousand of them wake the waiting side once.
#[derive(Debug)]
pub struct Wake {
    descriptor: OwnedFd,
}

impl Wake {
    /// A descriptor that has not been poked.
    pub fn new() -> io::Result<Wake> {
        let descriptor = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        Ok(Wake { descriptor })
    }

    /// Makes the descriptor readable. Never waits.
    pub fn poke(&self) {
        // Fails only when 2^64 - 2 pokes were never cleared: the descriptor is readable then, which is all we want.
        let _ = rustix::io::write(&self.descriptor, &1_u64.to_ne_bytes());
    }

    /// Makes the descriptor unreadable until the next poke. Never waits.
    pub fn clear(&self) {
        // "Would block" says that it is clear already.
        let _ = rustix::io::read(&self.descriptor, &mut [0; 8]);
    }

    /// Waits for a poke without clearing it; false when `timeout` passed first.
    pub fn wait(&self, timeout: Duration) -> bool {
        let mut descriptors = [PollFd::new(&self.descriptor, PollFlags::IN)];
        matches!(poll(&mut descriptors, Some(&timespec(timeout))), Ok(1..))
    }

    /// The number to hand to `select`, an event loop or another poller.
    #[must_use]
    pub fn raw(&self) -> RawFd {
        self.descriptor.as_raw_fd()
    }
}

impl AsFd for Wake {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}

/// Never longer than the kernel can express: 10^9 s is 31 years.
pub(super) fn timespec(duration: Duration) -> Timespec {
    Timespec {
        tv_sec: duration.as_secs().min(1_000_000_000).cast_signed(),
        tv_nsec: i64::from(duration.subsec_nanos()),
    }
}
