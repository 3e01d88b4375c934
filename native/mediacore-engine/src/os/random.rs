//! Numbers that nobody can guess: SSRCs, first sequence numbers and timestamps (RFC 3550 5.1).

use std::io;

use rustix::rand::{GetRandomFlags, getrandom};

/// Fills `octets` from the kernel's generator.
pub fn fill_random(octets: &mut [u8]) -> io::Result<()> {
    let mut filled = 0;
    while filled < octets.len() {
        filled += getrandom(&mut octets[filled..], GetRandomFlags::empty())?;
    }
    Ok(())
}
