//! One RTP packet: parsed without copying, written as a 12-octet header (RFC 3550 5.1). Every length is checked
//! against the datagram before it is believed.

use std::fmt;

/// Octets of the header that [`RtpHeader::write`] writes: no CSRC, no extension.
pub const HEADER_OCTETS: usize = 12;

const VERSION: u8 = 2;

/// A synchronisation source: names one stream of one sender (RFC 3550 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Ssrc(pub u32);

impl fmt::Display for Ssrc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#010x}", self.0)
    }
}

/// An RTP payload type, 0 to 127.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct PayloadType(pub u8);

impl fmt::Display for PayloadType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The fixed part of an RTP header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RtpHeader {
    /// What the payload is, by the agreement in SDP.
    pub payload_type: PayloadType,
    /// For audio: the first packet after a silence (RFC 3551 4.1).
    pub marker: bool,
    /// Raised by one for each packet, wrapping.
    pub sequence: u16,
    /// Sampling moment of the first sample, in ticks of the codec's RTP clock, wrapping.
    pub timestamp: u32,
    /// Who sent it.
    pub ssrc: Ssrc,
}

impl RtpHeader {
    /// Writes the header to the front of `out` and returns its length, [`HEADER_OCTETS`].
    ///
    /// # Panics
    /// If `out` is shorter than the header: the caller owns the buffer.
    pub fn write(&self, out: &mut [u8]) -> usize {
        out[0] = VERSION << 6;
        out[1] = u8::from(self.marker) << 7 | self.payload_type.0 & 0x7f;
        out[2..4].copy_from_slice(&self.sequence.to_be_bytes());
        out[4..8].copy_from_slice(&self.timestamp.to_be_bytes());
        out[8..HEADER_OCTETS].copy_from_slice(&self.ssrc.0.to_be_bytes());
        HEADER_OCTETS
    }
}

/// A header extension (RFC 3550 5.3.1), not looked into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extension<'a> {
    /// "Defined by profile": 0xBEDE and 0x100x are RFC 8285.
    pub profile: u16,
    /// The words after the extension's own header; a multiple of four octets.
    pub data: &'a [u8],
}

/// A parsed packet; borrows the datagram that it came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RtpPacket<'a> {
    /// The fixed header.
    pub header: RtpHeader,
    /// Contributing sources, four octets each.
    csrcs: &'a [u8],
    /// The header extension, where there is one.
    pub extension: Option<Extension<'a>>,
    /// What the codec gets: without padding.
    pub payload: &'a [u8],
}

/// Why a datagram is not an RTP packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PacketError {
    /// Fewer than [`HEADER_OCTETS`].
    TooShort,
    /// The version is not 2: STUN, DTLS, something else, or nothing.
    WrongVersion(u8),
    /// More contributing sources announced than octets left.
    CsrcsBeyondEnd,
    /// The header extension goes past the end.
    ExtensionBeyondEnd,
    /// The padding count is zero or more than what is left.
    BadPadding(u8),
}

impl fmt::Display for PacketError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooShort => write!(f, "shorter than an RTP header of {HEADER_OCTETS} octets"),
            Self::WrongVersion(version) => write!(f, "RTP version {version} instead of {VERSION}"),
            Self::CsrcsBeyondEnd => {
                f.write_str("contributing sources beyond the end of the packet")
            }
            Self::ExtensionBeyondEnd => {
                f.write_str("header extension beyond the end of the packet")
            }
            Self::BadPadding(octets) => {
                write!(f, "padding of {octets} octets does not fit the packet")
            }
        }
    }
}

impl std::error::Error for PacketError {}

impl<'a> RtpPacket<'a> {
    /// Reads one datagram.
    ///
    /// # Errors
    /// A [`PacketError`] when any announced length goes past the end; never a panic, whatever the octets.
    pub fn parse(datagram: &'a [u8]) -> Result<Self, PacketError> {
        let (fixed, rest) = datagram
            .split_first_chunk::<HEADER_OCTETS>()
            .ok_or(PacketError::TooShort)?;
        let version = fixed[0] >> 6;
        if version != VERSION {
            return Err(PacketError::WrongVersion(version));
        }
        let csrcs_octets = usize::from(fixed[0] & 0x0f) * 4;
        let (csrcs, rest) = rest
            .split_at_checked(csrcs_octets)
            .ok_or(PacketError::CsrcsBeyondEnd)?;
        let (extension, rest) = match fixed[0] & 0x10 {
            0 => (None, rest),
            _ => split_extension(rest).ok_or(PacketError::ExtensionBeyondEnd)?,
        };
        let payload = match fixed[0] & 0x20 {
            0 => rest,
            _ => without_padding(rest)?,
        };
        Ok(Self {
            header: read_header(fixed),
            csrcs,
            extension,
            payload,
        })
    }

    /// The contributing sources (who was mixed in), at most 15.
    pub fn csrcs(&self) -> impl ExactSizeIterator<Item = Ssrc> + 'a {
        self.csrcs
            .chunks_exact(4)
            .map(|octets| Ssrc(be_u32(octets)))
    }
}

/// Whether a datagram on a port shared by RTP and RTCP is RTCP: packet types 192 to 223 stand where RTP has the marker
/// and payload types 64 to 95, which are not used with rtcp-mux for that reason (RFC 5761 4).
pub fn is_rtcp(datagram: &[u8]) -> bool {
    matches!(datagram, [first, 192..=223, ..] if first >> 6 == VERSION)
}

fn read_header(fixed: &[u8; HEADER_OCTETS]) -> RtpHeader {
    RtpHeader {
        payload_type: PayloadType(fixed[1] & 0x7f),
        marker: fixed[1] & 0x80 != 0,
        sequence: u16::from_be_bytes([fixed[2], fixed[3]]),
        timestamp: be_u32(&fixed[4..8]),
        ssrc: Ssrc(be_u32(&fixed[8..12])),
    }
}

fn split_extension(rest: &[u8]) -> Option<(Option<Extension<'_>>, &[u8])> {
    let (head, rest) = rest.split_first_chunk::<4>()?;
    let words = u16::from_be_bytes([head[2], head[3]]);
    let (data, rest) = rest.split_at_checked(usize::from(words) * 4)?;
    let profile = u16::from_be_bytes([head[0], head[1]]);
    Some((Some(Extension { profile, data }), rest))
}

fn without_padding(rest: &[u8]) -> Result<&[u8], PacketError> {
    let count = *rest.last().ok_or(PacketError::BadPadding(0))?;
    // Zero is as wrong as too much: the count includes itself (RFC 3550 5.1).
    match rest.len().checked_sub(usize::from(count)) {
        Some(payload_octets) if count > 0 => Ok(&rest[..payload_octets]),
        _ => Err(PacketError::BadPadding(count)),
    }
}

/// Reads four octets; `octets` has exactly four by the slicing at every call.
pub(crate) fn be_u32(octets: &[u8]) -> u32 {
    u32::from_be_bytes(octets.try_into().expect("the caller slices four octets"))
}
