//! Where the operating system begins: clocks, descriptors, readiness. Plain calls, one file per noun.
//!
//! Nothing outside this folder asks the kernel for the time, opens a socket, moves a datagram or waits on a descriptor;
//! `clippy.toml` says so to the compiler.

mod clock;
mod poller;
mod random;
mod udp;
mod wake;

pub use clock::{monotonic, thread_cpu_time, wall_clock};
pub use poller::{Poller, Ready};
pub use random::fill_random;
pub use udp::{adopt_udp_socket, bind_udp, mark, receive, send};
pub use wake::Wake;
