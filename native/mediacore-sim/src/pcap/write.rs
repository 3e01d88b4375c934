//! Writes captures: raw IP, nanoseconds.

use std::io::Write;
use std::net::SocketAddr;
use std::time::Duration;

use super::datagram::ip_packet;
use super::{CAPTURED_MAX, PcapError};

/// Little-endian with nanoseconds; what reads it finds the order of octets out by this.
const MAGIC_NANOSECONDS: u32 = 0xa1b2_3c4d;

/// Packets begin with an IP header.
const LINK_RAW: u32 = 101;

/// Writes one capture.
#[derive(Debug)]
pub struct PcapWriter<W> {
    out: W,
}

impl<W: Write> PcapWriter<W> {
    /// Begins a capture.
    ///
    /// # Errors
    /// When `out` cannot be written.
    pub fn new(mut out: W) -> Result<Self, PcapError> {
        let mut header = MAGIC_NANOSECONDS.to_le_bytes().to_vec();
        header.extend_from_slice(&2_u16.to_le_bytes());
        header.extend_from_slice(&4_u16.to_le_bytes());
        header.extend_from_slice(&[0; 8]);
        header.extend_from_slice(&CAPTURED_MAX.to_le_bytes());
        header.extend_from_slice(&LINK_RAW.to_le_bytes());
        out.write_all(&header)?;
        Ok(Self { out })
    }

    /// Adds a datagram; `at` is since the Unix epoch, and beyond the year 2106 begins anew there.
    ///
    /// # Errors
    /// When `out` cannot be written, or the datagram could not be sent.
    pub fn write(
        &mut self,
        at: Duration,
        from: SocketAddr,
        to: SocketAddr,
        payload: &[u8],
    ) -> Result<(), PcapError> {
        let packet =
            ip_packet(from, to, payload).ok_or(PcapError::NotADatagram(from, to, payload.len()))?;
        let octets = (packet.len() as u32).to_le_bytes();
        self.out.write_all(&(at.as_secs() as u32).to_le_bytes())?;
        self.out.write_all(&at.subsec_nanos().to_le_bytes())?;
        self.out.write_all(&octets)?;
        self.out.write_all(&octets)?;
        self.out.write_all(&packet)?;
        Ok(())
    }

    /// What was written to.
    pub fn into_inner(self) -> W {
        self.out
    }

    /// What was written to.
    pub fn get_ref(&self) -> &W {
        &self.out
    }
}
