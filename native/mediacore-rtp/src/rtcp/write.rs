//! Writes compound packets into a buffer of the caller. A packet that does not fit is left out whole, and said so.

use super::{REPORT_BLOCKS_MAX, ReportBlock, SDES_CNAME, SenderInfo, VoipMetrics, packet_type};
use crate::packet::Ssrc;

const VERSION_BITS: u8 = 2 << 6;

/// Longest text of an SDES item or a BYE reason; what is longer is cut at a character.
const TEXT_OCTETS_MAX: usize = 255;

/// Appends packets to one compound; each verb says whether there was room.
#[derive(Debug)]
pub struct CompoundWriter<'a> {
    out: &'a mut [u8],
    written: usize,
}

impl<'a> CompoundWriter<'a> {
    /// Begins at the front of `out`.
    pub fn new(out: &'a mut [u8]) -> Self {
        Self { out, written: 0 }
    }

    /// SR: what we sent and received. Blocks after the 31st are left out.
    pub fn sender_report(
        &mut self,
        ssrc: Ssrc,
        info: &SenderInfo,
        reports: &[ReportBlock],
    ) -> bool {
        let reports = &reports[..reports.len().min(REPORT_BLOCKS_MAX)];
        self.packet(packet_type::SENDER_REPORT, reports.len(), |body| {
            body.put(&ssrc.0.to_be_bytes())?;
            body.put(&info.ntp.0.to_be_bytes())?;
            body.put(&info.rtp_timestamp.to_be_bytes())?;
            body.put(&info.packet_count.to_be_bytes())?;
            body.put(&info.octet_count.to_be_bytes())?;
            reports.iter().try_for_each(|report| body.put_block(report))
        })
    }

    /// RR: what we received, when we sent nothing. Blocks after the 31st are left out.
    pub fn receiver_report(&mut self, ssrc: Ssrc, reports: &[ReportBlock]) -> bool {
        let reports = &reports[..reports.len().min(REPORT_BLOCKS_MAX)];
        self.packet(packet_type::RECEIVER_REPORT, reports.len(), |body| {
            body.put(&ssrc.0.to_be_bytes())?;
            reports.iter().try_for_each(|report| body.put_block(report))
        })
    }

    /// SDES with our canonical name, which every compound has (RFC 3550 6.1).
    pub fn cname(&mut self, ssrc: Ssrc, cname: &str) -> bool {
        let text = cut(cname);
        self.packet(packet_type::SOURCE_DESCRIPTION, 1, |body| {
            body.put(&ssrc.0.to_be_bytes())?;
            body.put(&[SDES_CNAME, text.len() as u8])?;
            body.put(text.as_bytes())?;
            // The item list ends with a null octet even where the words end by themselves.
            body.put(&[0])
        })
    }

    /// XR with VoIP metrics about one source (RFC 3611 4.7).
    pub fn voip_metrics(&mut self, ssrc: Ssrc, metrics: &VoipMetrics) -> bool {
        self.packet(packet_type::EXTENDED_REPORT, 0, |body| {
            body.put(&ssrc.0.to_be_bytes())?;
            body.put(&metrics.octets())
        })
    }

    /// BYE: our source ends. An empty reason is left out.
    pub fn bye(&mut self, ssrc: Ssrc, reason: &str) -> bool {
        let text = cut(reason);
        self.packet(packet_type::BYE, 1, |body| {
            body.put(&ssrc.0.to_be_bytes())?;
            if text.is_empty() {
                return Some(());
            }
            body.put(&[text.len() as u8])?;
            body.put(text.as_bytes())
        })
    }

    /// Octets of the compound.
    pub fn finish(self) -> usize {
        self.written
    }

    fn packet(
        &mut self,
        kind: u8,
        count: usize,
        write: impl FnOnce(&mut Body<'_>) -> Option<()>,
    ) -> bool {
        let mut body = Body {
            out: &mut self.out[self.written..],
            written: 0,
        };
        let fits = body
            .put(&[VERSION_BITS | count as u8, kind, 0, 0])
            .and_then(|()| write(&mut body));
        if fits.and_then(|()| body.pad_to_words()).is_none() {
            return false;
        }
        // The length field counts words after the first; 255 octets of text and 31 blocks stay far below its limit.
        let words = (body.written / 4 - 1) as u16;
        body.out[2..4].copy_from_slice(&words.to_be_bytes());
        self.written += body.written;
        true
    }
}

/// One packet being written; `None` means no room.
struct Body<'a> {
    out: &'a mut [u8],
    written: usize,
}

impl Body<'_> {
    fn put(&mut self, octets: &[u8]) -> Option<()> {
        let end = self.written + octets.len();
        self.out.get_mut(self.written..end)?.copy_from_slice(octets);
        self.written = end;
        Some(())
    }

    fn put_block(&mut self, block: &ReportBlock) -> Option<()> {
        let lost = block.cumulative_lost.clamp(-0x80_0000, 0x7f_ffff) as u32 & 0xff_ffff;
        self.put(&block.ssrc.0.to_be_bytes())?;
        self.put(&(u32::from(block.fraction_lost) << 24 | lost).to_be_bytes())?;
        self.put(&block.extended_highest_sequence.to_be_bytes())?;
        self.put(&block.jitter_ticks.to_be_bytes())?;
        self.put(&block.last_sr.to_be_bytes())?;
        self.put(&block.delay_since_last_sr.to_be_bytes())
    }

    fn pad_to_words(&mut self) -> Option<()> {
        let nulls = self.written.next_multiple_of(4) - self.written;
        self.put(&[0; 3][..nulls])
    }
}

fn cut(text: &str) -> &str {
    let fits = |end: &usize| *end <= TEXT_OCTETS_MAX;
    let ends = text
        .char_indices()
        .map(|(begin, character)| begin + character.len_utf8());
    &text[..ends.take_while(fits).last().unwrap_or(0)]
}
