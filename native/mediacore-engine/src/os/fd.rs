//! Sockets that somebody else opened.

use std::io;
use std::net::UdpSocket;
use std::os::fd::{BorrowedFd, RawFd};

use rustix::net::{SocketType, sockopt};

/// A UDP socket of the engine's own for the one behind `descriptor`; the caller keeps, and closes, its descriptor.
#[expect(
    unsafe_code,
    reason = "a number from outside becomes a descriptor here"
)]
pub fn adopt_udp_socket(descriptor: RawFd) -> io::Result<UdpSocket> {
    if descriptor < 0 {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("{descriptor} is no descriptor"),
        ));
    }
    // SAFETY: borrowed for the one `dup` below, which refuses a number that is not open; a number that the caller
    // closes at the same time could at worst name another open file, which the checks after it refuse or adopt safely.
    let borrowed = unsafe { BorrowedFd::borrow_raw(descriptor) };
    let socket = UdpSocket::from(rustix::io::fcntl_dupfd_cloexec(borrowed, 0)?);
    if sockopt::socket_type(&socket)? != SocketType::DGRAM {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "not a datagram socket",
        ));
    }
    socket.set_nonblocking(true)?;
    Ok(socket)
}
