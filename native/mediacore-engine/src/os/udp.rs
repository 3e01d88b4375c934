//! UDP sockets: opened, handed in, read and written. Plain calls; nothing here ever waits.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::{BorrowedFd, RawFd};

use rustix::net::{SocketType, sockopt};

/// A socket on `address` that never waits.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place where sockets are opened"
)]
pub fn bind_udp(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = UdpSocket::bind(address)?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// Marks what the socket sends for those who forward it: a differentiated services code point, 0 to 63 (RFC 2474).
pub fn mark(socket: &UdpSocket, dscp: u8) -> io::Result<()> {
    // The two bits below are congestion notification's (RFC 3168).
    let octet = dscp << 2;
    match socket.local_addr()? {
        SocketAddr::V4(_) => sockopt::set_ip_tos(socket, octet)?,
        SocketAddr::V6(_) => sockopt::set_ipv6_tclass(socket, u32::from(octet))?,
    }
    Ok(())
}

/// The next datagram, if one is there; what does not fit into `buffer` is cut off.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place where datagrams come in"
)]
pub fn receive(socket: &UdpSocket, buffer: &mut [u8]) -> Option<(usize, SocketAddr)> {
    // Nothing there after all, or a port unreachable that came back: the next packet will tell.
    socket.recv_from(buffer).ok()
}

/// Sends one datagram; false when the system refused.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place where datagrams go out"
)]
pub fn send(socket: &UdpSocket, datagram: &[u8], to: SocketAddr) -> bool {
    socket.send_to(datagram, to).is_ok()
}

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
