//! Reads compound packets without copying. `parse` walks and checks every packet of the compound once (RFC 3550 A.2); the iterators
//! after it cannot fail.

use std::fmt;

use super::{
    NtpTime, REPORT_BLOCK_OCTETS, ReportBlock, SenderInfo, VoipMetricsBlocks, packet_type,
};
use crate::packet::{Ssrc, be_u32};

const VERSION: u8 = 2;
const HEADER_OCTETS: usize = 4;
const SENDER_INFO_OCTETS: usize = 20;

/// Why a datagram is not a compound RTCP packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RtcpError {
    /// Ends inside a packet, or is empty.
    Truncated,
    /// A packet in it has another version than 2.
    WrongVersion(u8),
    /// It does not begin with SR or RR, nor is it one packet of another kind alone (reduced size, RFC 5506).
    WrongBeginning(u8),
    /// Padding in a packet that is not the last, or not fitting it.
    BadPadding,
    /// The count in a packet's header says more than its length.
    CountBeyondEnd(u8),
    /// An SDES item or a BYE reason goes past the end of its packet.
    ItemBeyondEnd,
}

impl fmt::Display for RtcpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated => f.write_str("ends inside a packet"),
            Self::WrongVersion(version) => write!(f, "RTCP version {version} instead of {VERSION}"),
            Self::WrongBeginning(kind) => {
                write!(f, "begins with packet type {kind} instead of a report")
            }
            Self::BadPadding => f.write_str("padding where it may not be, or more than the packet"),
            Self::CountBeyondEnd(kind) => write!(f, "packet type {kind} counts more than it holds"),
            Self::ItemBeyondEnd => f.write_str("a text goes beyond the end of its packet"),
        }
    }
}

impl std::error::Error for RtcpError {}

/// A checked compound: iterate over its packets.
#[derive(Clone, Debug)]
pub struct Compound<'a> {
    rest: &'a [u8],
}

/// One packet of a compound.
#[derive(Clone, Debug)]
pub enum Packet<'a> {
    /// SR.
    SenderReport {
        /// Who reports.
        ssrc: Ssrc,
        /// What it sent.
        info: SenderInfo,
        /// What it received.
        reports: ReportBlocks<'a>,
    },
    /// RR.
    ReceiverReport {
        /// Who reports.
        ssrc: Ssrc,
        /// What it received.
        reports: ReportBlocks<'a>,
    },
    /// SDES: names.
    SourceDescription(SdesItems<'a>),
    /// BYE: sources that end.
    Bye {
        /// Which.
        sources: Sources<'a>,
        /// Why; should be UTF-8.
        reason: Option<&'a [u8]>,
    },
    /// XR (RFC 3611).
    ExtendedReport {
        /// Who reports.
        ssrc: Ssrc,
        /// Its VoIP metrics.
        metrics: VoipMetricsBlocks<'a>,
    },
    /// APP, feedback, or something newer.
    Other {
        /// Its packet type.
        packet_type: u8,
        /// The count (or subtype) in its header.
        count: u8,
        /// All after the four octets of its header, padding removed.
        body: &'a [u8],
    },
}

/// One item of an SDES chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SdesItem<'a> {
    /// Whom it describes.
    pub ssrc: Ssrc,
    /// The item type; [`SDES_CNAME`](super::SDES_CNAME) is the one that matters.
    pub kind: u8,
    /// Should be UTF-8.
    pub text: &'a [u8],
}

impl<'a> Compound<'a> {
    /// Checks one datagram.
    ///
    /// # Errors
    /// The first [`RtcpError`] found; then nothing of the datagram should be used. Never a panic, whatever the octets.
    pub fn parse(datagram: &'a [u8]) -> Result<Self, RtcpError> {
        let mut rest = datagram;
        let mut is_first = true;
        loop {
            let (raw, after) = Raw::split(rest)?;
            raw.check(is_first, after.is_empty())?;
            if after.is_empty() {
                return Ok(Self { rest: datagram });
            }
            (rest, is_first) = (after, false);
        }
    }
}

impl<'a> Iterator for Compound<'a> {
    type Item = Packet<'a>;

    fn next(&mut self) -> Option<Packet<'a>> {
        // parse() walked the same octets, so an error here can only be the end.
        let (raw, after) = Raw::split(self.rest).ok()?;
        self.rest = after;
        raw.read()
    }
}

/// A packet cut out of its compound, padding removed, not looked into.
struct Raw<'a> {
    count: u8,
    has_padding: bool,
    packet_type: u8,
    body: &'a [u8],
}

impl<'a> Raw<'a> {
    fn split(octets: &'a [u8]) -> Result<(Self, &'a [u8]), RtcpError> {
        let (head, rest) = octets
            .split_first_chunk::<HEADER_OCTETS>()
            .ok_or(RtcpError::Truncated)?;
        if head[0] >> 6 != VERSION {
            return Err(RtcpError::WrongVersion(head[0] >> 6));
        }
        let body_octets = usize::from(u16::from_be_bytes([head[2], head[3]])) * 4;
        let (body, after) = rest
            .split_at_checked(body_octets)
            .ok_or(RtcpError::Truncated)?;
        let has_padding = head[0] & 0x20 != 0;
        let body = if has_padding {
            without_padding(body)?
        } else {
            body
        };
        Ok((
            Self {
                count: head[0] & 0x1f,
                has_padding,
                packet_type: head[1],
                body,
            },
            after,
        ))
    }

    fn check(&self, is_first: bool, is_last: bool) -> Result<(), RtcpError> {
        let is_report = matches!(
            self.packet_type,
            packet_type::SENDER_REPORT | packet_type::RECEIVER_REPORT
        );
        let is_reduced_size = is_last && matches!(self.packet_type, 203..=207);
        if is_first && !is_report && !is_reduced_size {
            return Err(RtcpError::WrongBeginning(self.packet_type));
        }
        if self.has_padding && !is_last {
            return Err(RtcpError::BadPadding);
        }
        if self.body.len() < self.octets_counted() {
            return Err(RtcpError::CountBeyondEnd(self.packet_type));
        }
        match self.packet_type {
            packet_type::SOURCE_DESCRIPTION => check_sdes(self.count, self.body),
            packet_type::BYE => check_reason(&self.body[self.octets_counted()..]),
            _ => Ok(()),
        }
    }

    /// Octets that the count in the header promises, where its meaning is fixed.
    fn octets_counted(&self) -> usize {
        let count = usize::from(self.count);
        match self.packet_type {
            packet_type::SENDER_REPORT => 4 + SENDER_INFO_OCTETS + count * REPORT_BLOCK_OCTETS,
            packet_type::RECEIVER_REPORT => 4 + count * REPORT_BLOCK_OCTETS,
            packet_type::BYE => count * 4,
            _ => 0,
        }
    }

    /// None only if `check` was not called before.
    fn read(&self) -> Option<Packet<'a>> {
        let reports_octets = usize::from(self.count) * REPORT_BLOCK_OCTETS;
        Some(match self.packet_type {
            packet_type::SENDER_REPORT => {
                let (fixed, rest) = self
                    .body
                    .split_first_chunk::<{ 4 + SENDER_INFO_OCTETS }>()?;
                let reports = ReportBlocks(rest.get(..reports_octets)?);
                Packet::SenderReport {
                    ssrc: Ssrc(be_u32(&fixed[..4])),
                    info: read_sender_info(&fixed[4..]),
                    reports,
                }
            }
            packet_type::RECEIVER_REPORT => {
                let (ssrc, rest) = self.body.split_first_chunk::<4>()?;
                let reports = ReportBlocks(rest.get(..reports_octets)?);
                Packet::ReceiverReport {
                    ssrc: Ssrc(be_u32(ssrc)),
                    reports,
                }
            }
            packet_type::SOURCE_DESCRIPTION => Packet::SourceDescription(SdesItems {
                chunks_left: self.count,
                chunk: None,
                rest: self.body,
            }),
            packet_type::BYE => {
                let (sources, rest) = self.body.split_at_checked(self.octets_counted())?;
                Packet::Bye {
                    sources: Sources(sources),
                    reason: reason(rest),
                }
            }
            packet_type::EXTENDED_REPORT if self.body.len() >= 4 => {
                let (ssrc, blocks) = self.body.split_first_chunk::<4>()?;
                Packet::ExtendedReport {
                    ssrc: Ssrc(be_u32(ssrc)),
                    metrics: VoipMetricsBlocks(blocks),
                }
            }
            packet_type => Packet::Other {
                packet_type,
                count: self.count,
                body: self.body,
            },
        })
    }
}

/// The blocks of one report.
#[derive(Clone, Debug)]
pub struct ReportBlocks<'a>(&'a [u8]);

impl Iterator for ReportBlocks<'_> {
    type Item = ReportBlock;

    fn next(&mut self) -> Option<ReportBlock> {
        let (block, rest) = self.0.split_first_chunk::<REPORT_BLOCK_OCTETS>()?;
        self.0 = rest;
        Some(ReportBlock {
            ssrc: Ssrc(be_u32(&block[0..4])),
            fraction_lost: block[4],
            // Three octets, signed: shifted up and back down to carry the sign.
            cumulative_lost: (be_u32(&block[4..8]) << 8) as i32 >> 8,
            extended_highest_sequence: be_u32(&block[8..12]),
            jitter_ticks: be_u32(&block[12..16]),
            last_sr: be_u32(&block[16..20]),
            delay_since_last_sr: be_u32(&block[20..24]),
        })
    }
}

/// The sources of a BYE.
#[derive(Clone, Debug)]
pub struct Sources<'a>(&'a [u8]);

impl Iterator for Sources<'_> {
    type Item = Ssrc;

    fn next(&mut self) -> Option<Ssrc> {
        let (source, rest) = self.0.split_first_chunk::<4>()?;
        self.0 = rest;
        Some(Ssrc(be_u32(source)))
    }
}

/// The items of all chunks of an SDES, one after the other.
#[derive(Clone, Debug)]
pub struct SdesItems<'a> {
    chunks_left: u8,
    /// The chunk that is being read: its source, and where its items began (chunks are padded to words from there).
    chunk: Option<(Ssrc, usize)>,
    rest: &'a [u8],
}

impl<'a> SdesItems<'a> {
    /// The next item; `Err` past the end of the packet, `Ok(None)` when all chunks are read.
    fn advance(&mut self) -> Result<Option<SdesItem<'a>>, RtcpError> {
        loop {
            let Some((ssrc, length_at_start)) = self.chunk else {
                if self.chunks_left == 0 {
                    return Ok(None);
                }
                let (source, rest) = self
                    .rest
                    .split_first_chunk::<4>()
                    .ok_or(RtcpError::ItemBeyondEnd)?;
                self.chunk = Some((Ssrc(be_u32(source)), rest.len()));
                self.chunks_left -= 1;
                self.rest = rest;
                continue;
            };
            match *self.rest {
                [] => return Err(RtcpError::ItemBeyondEnd),
                [0, ..] => {
                    // At least one null octet, then on to the next word boundary (RFC 3550 6.5).
                    let octets_read = length_at_start - self.rest.len();
                    let nulls = 4 - octets_read % 4;
                    self.rest = self.rest.get(nulls..).ok_or(RtcpError::ItemBeyondEnd)?;
                    self.chunk = None;
                }
                [kind, octets, ref after @ ..] => {
                    let (text, rest) = after
                        .split_at_checked(usize::from(octets))
                        .ok_or(RtcpError::ItemBeyondEnd)?;
                    self.rest = rest;
                    return Ok(Some(SdesItem { ssrc, kind, text }));
                }
                [_] => return Err(RtcpError::ItemBeyondEnd),
            }
        }
    }
}

impl<'a> Iterator for SdesItems<'a> {
    type Item = SdesItem<'a>;

    fn next(&mut self) -> Option<SdesItem<'a>> {
        self.advance().ok().flatten()
    }
}

fn check_sdes(chunks: u8, body: &[u8]) -> Result<(), RtcpError> {
    let mut items = SdesItems {
        chunks_left: chunks,
        chunk: None,
        rest: body,
    };
    while items.advance()?.is_some() {}
    Ok(())
}

fn check_reason(rest: &[u8]) -> Result<(), RtcpError> {
    match rest {
        [octets, text @ ..] if usize::from(*octets) > text.len() => Err(RtcpError::ItemBeyondEnd),
        _ => Ok(()),
    }
}

fn reason(rest: &[u8]) -> Option<&[u8]> {
    let (octets, text) = rest.split_first()?;
    text.get(..usize::from(*octets))
        .filter(|text| !text.is_empty())
}

fn read_sender_info(octets: &[u8]) -> SenderInfo {
    let ntp = u64::from(be_u32(&octets[0..4])) << 32 | u64::from(be_u32(&octets[4..8]));
    SenderInfo {
        ntp: NtpTime(ntp),
        rtp_timestamp: be_u32(&octets[8..12]),
        packet_count: be_u32(&octets[12..16]),
        octet_count: be_u32(&octets[16..20]),
    }
}

fn without_padding(body: &[u8]) -> Result<&[u8], RtcpError> {
    let count = *body.last().ok_or(RtcpError::BadPadding)?;
    match body.len().checked_sub(usize::from(count)) {
        // A multiple of four (RFC 3550 6.4.1), zero not among them.
        Some(left) if count > 0 && count.is_multiple_of(4) => Ok(&body[..left]),
        _ => Err(RtcpError::BadPadding),
    }
}
