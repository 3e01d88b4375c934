//! Ogg pages (RFC 3533): packets of one logical stream out of them, and into them. Our own, since a file may not make us hold
//! more than a packet, and a writer must know where each page ends, so that a full disk leaves whole ones.

use std::io::Read;

use super::{AudioError, fill};

/// What every page begins with.
pub const CAPTURE: &[u8; 4] = b"OggS";

/// More of a packet is not kept: no Opus packet is longer (RFC 7845 6), and of a comment nothing is wanted.
const PACKET_OCTETS_MAX: usize = 61_440;

/// Pages of other streams in a row: a file that has more of them is none for listening.
const FOREIGN_PAGES_MAX: usize = 10_000;

/// Octets before the table of segments.
const HEADER_OCTETS: usize = 27;

const CONTINUED: u8 = 1;
const FIRST: u8 = 2;
const LAST: u8 = 4;

/// No packet ends on this page.
const NO_POSITION: u64 = u64::MAX;

/// One page's header.
#[derive(Debug, Clone, Copy)]
struct Header {
    flags: u8,
    position: u64,
    serial: u32,
}

/// Takes the packets of the stream that begins first out of a file.
pub struct PacketReader<R> {
    source: R,
    serial: Option<u32>,
    page: Header,
    // The page's table of segments and its body, and how far each was read.
    segments: Vec<u8>,
    next_segment: usize,
    body: Vec<u8>,
    next_octet: usize,
    packet: Vec<u8>,
    // Pages with at least one whole packet, so far.
    pages: u64,
    before: u64,
}

/// Where the packet that was read last stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Grows with every page.
    pub page: u64,
    /// On the stream's last page: ticks that its packets may last.
    pub ticks_max: Option<u64>,
}

impl<R: Read> PacketReader<R> {
    /// Reads from the first page on.
    pub fn new(source: R) -> PacketReader<R> {
        PacketReader {
            source,
            serial: None,
            page: Header {
                flags: 0,
                position: 0,
                serial: 0,
            },
            segments: Vec::new(),
            next_segment: 0,
            body: Vec::new(),
            next_octet: 0,
            packet: Vec::new(),
            pages: 0,
            before: 0,
        }
    }

    /// The next packet, its end missing if it is longer than any should be; none at the end, and where the file was cut off.
    pub fn next(&mut self) -> Result<Option<&[u8]>, AudioError> {
        self.packet.clear();
        loop {
            if self.next_segment == self.segments.len() {
                if self.is_over() || !self.read_page()? {
                    return Ok(None);
                }
                continue;
            }
            if self.take_segment() {
                return Ok(Some(&self.packet));
            }
        }
    }

    /// Where the packet that was read last stands.
    pub fn place(&self) -> Place {
        let is_last = self.page.flags & LAST != 0 && self.page.position != NO_POSITION;
        Place {
            page: self.pages,
            ticks_max: is_last.then(|| self.page.position.saturating_sub(self.before)),
        }
    }

    fn is_over(&self) -> bool {
        self.serial.is_some() && self.page.flags & LAST != 0
    }

    /// True when the packet ends with it.
    fn take_segment(&mut self) -> bool {
        let octets = self.segments[self.next_segment];
        self.next_segment += 1;
        let piece = &self.body[self.next_octet..][..usize::from(octets)];
        self.next_octet += piece.len();
        let room = PACKET_OCTETS_MAX - self.packet.len();
        self.packet
            .extend_from_slice(&piece[..piece.len().min(room)]);
        octets < 255
    }

    /// The next page of our stream; false when there is none, or not all of it.
    fn read_page(&mut self) -> Result<bool, AudioError> {
        for _ in 0..FOREIGN_PAGES_MAX {
            let Some(header) = self.read_any_page()? else {
                return Ok(false);
            };
            let serial = *self.serial.get_or_insert(header.serial);
            if header.serial != serial {
                continue;
            }
            if self.page.position != NO_POSITION {
                self.before = self.page.position;
            }
            self.page = header;
            self.pages += 1;
            let is_begun = !self.packet.is_empty();
            if header.flags & CONTINUED == 0 {
                // The rest of what was begun is missing.
                self.packet.clear();
            } else if !is_begun {
                // The beginning of what is ended here is.
                while self.next_segment < self.segments.len() && !self.take_segment() {}
                self.packet.clear();
            }
            return Ok(true);
        }
        Err(AudioError::Malformed("an Ogg file of too many streams"))
    }

    fn read_any_page(&mut self) -> Result<Option<Header>, AudioError> {
        let mut header = [0; HEADER_OCTETS];
        if fill(&mut self.source, &mut header)? < header.len() {
            return Ok(None);
        }
        if &header[..4] != CAPTURE || header[4] != 0 {
            return Err(AudioError::Malformed("an Ogg file with a broken page"));
        }
        let segments = usize::from(header[26]);
        self.segments.resize(segments, 0);
        if fill(&mut self.source, &mut self.segments)? < segments {
            return Ok(self.cut_off());
        }
        let octets = self
            .segments
            .iter()
            .map(|octets| usize::from(*octets))
            .sum();
        self.body.resize(octets, 0);
        if fill(&mut self.source, &mut self.body)? < octets {
            return Ok(self.cut_off());
        }
        let said = u32::from_le_bytes([header[22], header[23], header[24], header[25]]);
        header[22..26].fill(0);
        let found = [&header[..], &self.segments, &self.body]
            .into_iter()
            .fold(0, crc);
        if said != found {
            return Err(AudioError::Malformed("an Ogg file with a broken page"));
        }
        (self.next_segment, self.next_octet) = (0, 0);
        let mut position = [0; 8];
        position.copy_from_slice(&header[6..14]);
        Ok(Some(Header {
            flags: header[5],
            position: u64::from_le_bytes(position),
            serial: u32::from_le_bytes([header[14], header[15], header[16], header[17]]),
        }))
    }

    fn cut_off(&mut self) -> Option<Header> {
        self.segments.clear();
        self.next_segment = 0;
        None
    }
}

/// Puts the packets of one stream on pages.
#[derive(Debug)]
pub struct PageWriter {
    serial: u32,
    sequence: u32,
}

impl PageWriter {
    /// A stream of this number.
    pub fn new(serial: u32) -> PageWriter {
        PageWriter {
            serial,
            sequence: 0,
        }
    }

    /// Adds a page of these whole packets to `out`. `position` is where the last of them ends; `is_last` says that no page follows.
    ///
    /// # Panics
    /// If they need more than 255 segments.
    pub fn write(&mut self, packets: &[&[u8]], position: u64, is_last: bool, out: &mut Vec<u8>) {
        let segments: Vec<u8> = packets.iter().flat_map(|packet| lacing(packet)).collect();
        let count = u8::try_from(segments.len()).expect("a page has at most 255 segments");
        let first = if self.sequence == 0 { FIRST } else { 0 };
        let last = if is_last { LAST } else { 0 };
        let begin = out.len();
        out.extend_from_slice(CAPTURE);
        out.extend([0, first | last]);
        out.extend(position.to_le_bytes());
        out.extend(self.serial.to_le_bytes());
        out.extend(self.sequence.to_le_bytes());
        out.extend([0; 4]);
        out.push(count);
        out.extend(segments);
        packets
            .iter()
            .for_each(|packet| out.extend_from_slice(packet));
        let checksum = crc(0, &out[begin..]);
        out[begin + 22..begin + 26].copy_from_slice(&checksum.to_le_bytes());
        self.sequence = self.sequence.wrapping_add(1);
    }
}

/// A packet's segments: as many of 255 octets as fit, and a shorter one, which may be empty.
fn lacing(packet: &[u8]) -> impl Iterator<Item = u8> {
    let rest = (packet.len() % 255) as u8;
    std::iter::repeat_n(255, packet.len() / 255).chain([rest])
}

/// The checksum of RFC 3533 6, item 7: polynomial 0x04c11db7, highest bit first, nothing inverted.
fn crc(begun: u32, octets: &[u8]) -> u32 {
    octets.iter().fold(begun, |crc, octet| {
        (crc << 8) ^ CRC[usize::from((crc >> 24) as u8 ^ octet)]
    })
}

static CRC: [u32; 256] = crc_table();

const fn crc_table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        let mut crc = (index as u32) << 24;
        let mut bit = 0;
        while bit < 8 {
            crc = (crc << 1) ^ (if crc >> 31 == 1 { 0x04c1_1db7 } else { 0 });
            bit += 1;
        }
        table[index] = crc;
        index += 1;
    }
    table
}
