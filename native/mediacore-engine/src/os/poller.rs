//! Says which sockets can be read (epoll, level-triggered).

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use rustix::event::epoll;

use super::wake::timespec;

/// Readiness taken out of the kernel in one call; the rest comes with the next one.
const BATCH: usize = 256;

/// A set of descriptors, each with a number of the caller's choice.
#[derive(Debug)]
pub struct Poller {
    epoll: OwnedFd,
}

/// The numbers of descriptors that can be read now.
pub type Ready = Vec<u64>;

impl Poller {
    /// An empty set.
    pub fn new() -> io::Result<Poller> {
        Ok(Poller {
            epoll: epoll::create(epoll::CreateFlags::CLOEXEC)?,
        })
    }

    /// A list long enough for whatever `wait` finds: it never grows afterwards.
    #[must_use]
    pub fn ready_list() -> Ready {
        Vec::with_capacity(BATCH)
    }

    /// Watches `descriptor` until it is closed or removed.
    pub fn add(&self, descriptor: impl AsFd, number: u64) -> io::Result<()> {
        epoll::add(
            &self.epoll,
            descriptor,
            epoll::EventData::new_u64(number),
            epoll::EventFlags::IN,
        )?;
        Ok(())
    }

    /// Watches it no longer.
    pub fn remove(&self, descriptor: impl AsFd) -> io::Result<()> {
        epoll::delete(&self.epoll, descriptor)?;
        Ok(())
    }

    /// Waits until something can be read or `timeout` passed (`None`: for ever), then lists it in `ready`.
    pub fn wait(&self, ready: &mut Ready, timeout: Option<Duration>) {
        ready.clear();
        let mut batch = [const { MaybeUninit::uninit() }; BATCH];
        let limit = timeout.map(timespec);
        // An interrupted wait (EINTR) is a wait that found nothing: the caller comes back.
        if let Ok((events, _)) = epoll::wait(&self.epoll, &mut batch, limit.as_ref()) {
            ready.extend(events.iter().map(|event| event.data.u64()));
        }
    }
}
