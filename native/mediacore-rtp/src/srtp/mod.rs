//! SRTP and SRTCP (RFC 3711, 6188, 7714): packets sealed and opened where they lie, with keys that are expanded once.
//! No socket, clock or thread; where keys come from (SDP, DTLS) is nobody's business here.
//!
//! | part | what it is |
//! |---|---|
//! | [`Suite`] | which algorithms, and the lengths that follow |
//! | [`MasterKey`] | one direction's secret, as signalling gives it |
//! | [`Protector`] | seals what is sent |
//! | [`Unprotector`] | opens what comes: genuine, and never twice |
//!
//! Left out on purpose: key derivation rates other than zero, the null cipher, MIKEY, and encrypted header extensions
//! (RFC 6904); nobody who is met asks for them by SDP.

mod authenticator;
mod counter_mode;
mod derive;
mod index;
mod key;
mod lanes;
mod protector;
mod stream;
mod suite;
#[cfg(test)]
pub(crate) mod testing;
mod transform;
mod unprotector;

pub use index::WINDOW;
pub use key::{KeyError, MKI_OCTETS_MAX, MasterKey, RTCP_LIFETIME_PACKETS, RTP_LIFETIME_PACKETS};
pub use protector::{ProtectError, Protector};
pub use stream::{SSRCS_MAX, StreamState};
pub use suite::{Suite, UnknownSuite};
pub use unprotector::{UnprotectError, Unprotector};

pub use crate::packet::Ssrc;
use crate::packet::{HEADER_OCTETS, be_u32, is_rtcp};
use transform::RTCP_HEADER_OCTETS;

/// Octets by which no packet grows more: the longest tag, RTCP's index, the longest identifier.
pub const OVERHEAD_OCTETS_MAX: usize = 16 + transform::RTCP_WORD_OCTETS + MKI_OCTETS_MAX;

/// Where the part of an RTP packet that is encrypted begins, its sequence number and its source. Padding is not looked
/// at: it is encrypted too.
fn rtp_place(packet: &[u8]) -> Option<(usize, u16, Ssrc)> {
    let fixed: &[u8; HEADER_OCTETS] = packet.first_chunk()?;
    if fixed[0] >> 6 != 2 {
        return None;
    }
    let mut header = HEADER_OCTETS + 4 * usize::from(fixed[0] & 0x0f);
    if fixed[0] & 0x10 != 0 {
        let extension: &[u8; 4] = packet.get(header..)?.first_chunk()?;
        header += 4 + 4 * usize::from(u16::from_be_bytes([extension[2], extension[3]]));
    }
    let sequence = u16::from_be_bytes([fixed[2], fixed[3]]);
    (header <= packet.len()).then_some((header, sequence, Ssrc(be_u32(&fixed[8..]))))
}

/// The source of an RTCP packet: that of its first part.
fn rtcp_ssrc(packet: &[u8]) -> Option<Ssrc> {
    let fixed: &[u8; RTCP_HEADER_OCTETS] = packet.first_chunk()?;
    is_rtcp(packet).then(|| Ssrc(be_u32(&fixed[4..])))
}
