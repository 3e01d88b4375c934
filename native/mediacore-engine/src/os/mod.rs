//! Where the operating system begins: clocks, descriptors, readiness. Plain calls, one file per noun.
//!
//! Nothing outside this folder asks the kernel for the time or waits on a descriptor.

mod clock;
mod fd;
mod poller;
mod random;
mod wake;

pub use clock::{monotonic, thread_cpu_time};
pub use fd::adopt_udp_socket;
pub use poller::{Poller, Ready};
pub use random::fill_random;
pub use wake::Wake;
