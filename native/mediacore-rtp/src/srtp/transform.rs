//! Seals and opens one packet with the keys of a session. Knows where each suite puts its tag, RTCP's index and the
//! master key identifier; knows nothing of streams and replays.
//!
//! | | counter mode (RFC 3711 3.1, 3.4) | AEAD (RFC 7714 7, 9) |
//! |---|---|---|
//! | RTP | body, MKI, tag | body, tag, MKI |
//! | RTCP | body, E and index, MKI, tag | body, tag, E and index, MKI |

use aes::{Aes128Enc, Aes256Enc};
use aes_gcm::AesGcm;
use aes_gcm::aead::consts::U12;
use aes_gcm::aead::{AeadInOut, KeyInit};
use subtle::ConstantTimeEq;

use super::authenticator::Authenticator;
use super::counter_mode::{CounterMode, Span};
use super::derive::{SessionKey, Usage};
use super::key::MasterKey;
use super::lanes::LANES;
use super::suite::Suite;
use crate::packet::Ssrc;

/// RTCP's fixed header, which stays readable (RFC 3711 3.4).
pub const RTCP_HEADER_OCTETS: usize = 8;
/// The E flag and the index behind an RTCP packet.
pub const RTCP_WORD_OCTETS: usize = 4;

/// The E flag: the body is encrypted.
const ENCRYPTED: u32 = 1 << 31;
const GCM_TAG_OCTETS: usize = 16;

/// One direction's way with RTP, or with RTCP.
pub struct Transform {
    cipher: Cipher,
    salt: [u8; 14],
    tag_octets: usize,
}

enum Cipher {
    CounterMode(CounterMode, Authenticator),
    Gcm128(AesGcm<Aes128Enc, U12>),
    Gcm256(AesGcm<Aes256Enc, U12>),
}

/// An RTP packet among others: where it begins, how long its header is, and where its payload ends.
#[derive(Clone, Copy, Default)]
pub struct InBuffer {
    pub begin: usize,
    pub header: usize,
    pub end: usize,
    pub at: Place,
}

/// Packets that are worked on together.
pub const GROUP: usize = 64;

/// Which packet of which stream: together with the key, what no two packets may share.
#[derive(Clone, Copy, Default)]
pub struct Place {
    pub ssrc: Ssrc,
    pub index: u64,
}

impl Transform {
    pub fn new(master: &MasterKey, usage: Usage) -> Transform {
        Transform::with(master.suite(), usage, &SessionKey::derive(master, usage))
    }

    fn with(suite: Suite, usage: Usage, keys: &SessionKey) -> Transform {
        let cipher = match (suite.is_aead(), suite.key_octets()) {
            (false, _) => Cipher::CounterMode(
                CounterMode::new(&keys.encryption),
                Authenticator::new(&keys.authentication),
            ),
            (true, 16) => Cipher::Gcm128(gcm(&keys.encryption)),
            (true, _) => Cipher::Gcm256(gcm(&keys.encryption)),
        };
        Transform {
            cipher,
            salt: keys.salt,
            tag_octets: match usage {
                Usage::Rtp => suite.rtp_tag_octets(),
                Usage::Rtcp => suite.rtcp_tag_octets(),
            },
        }
    }

    /// Octets that an RTP packet grows by, without the identifier.
    pub fn tag_octets(&self) -> usize {
        self.tag_octets
    }

    /// Where the identifier of the master key stands in a sealed packet that has one.
    pub fn mki<'a>(&self, packet: &'a [u8], mki_octets: usize) -> Option<&'a [u8]> {
        let behind = match self.cipher {
            Cipher::CounterMode(..) => self.tag_octets,
            _ => 0,
        };
        let end = packet.len().checked_sub(behind)?;
        packet.get(end.checked_sub(mki_octets)?..end)
    }

    /// Encrypts what follows the header of the `octets` in `buffer`, and adds identifier and tag; returns the new length.
    pub fn seal_rtp(
        &self,
        buffer: &mut [u8],
        header: usize,
        octets: usize,
        mki: &[u8],
        at: Place,
    ) -> usize {
        let total = octets + mki.len() + self.tag_octets;
        match &self.cipher {
            Cipher::CounterMode(aes, authenticator) => {
                aes.apply(self.counter_iv(at), &mut buffer[header..octets]);
                let tag = authenticator.tag((&buffer[..octets], &roll_overs(at)));
                let (mki_at, tag_at) = (octets, octets + mki.len());
                buffer[mki_at..tag_at].copy_from_slice(mki);
                buffer[tag_at..total].copy_from_slice(&tag[..self.tag_octets]);
            }
            gcm => {
                let (head, body) = buffer[..octets].split_at_mut(header);
                let tag = gcm.seal(self.nonce(at), head, body);
                let mki_at = octets + GCM_TAG_OCTETS;
                buffer[octets..mki_at].copy_from_slice(&tag);
                buffer[mki_at..total].copy_from_slice(mki);
            }
        }
        total
    }

    /// Opens an RTP packet and returns its length without what sealed it; none when it is not genuine, and then it is
    /// left as it came.
    pub fn open_rtp(
        &self,
        packet: &mut [u8],
        header: usize,
        mki_octets: usize,
        at: Place,
    ) -> Option<usize> {
        let end = packet.len().checked_sub(self.tag_octets + mki_octets)?;
        if end < header {
            return None;
        }
        match &self.cipher {
            Cipher::CounterMode(aes, authenticator) => {
                let (body, behind) = packet.split_at_mut(end);
                let signed = (&*body, &roll_overs(at)[..]);
                if !authenticator.verifies(signed, &behind[mki_octets..]) {
                    return None;
                }
                aes.apply(self.counter_iv(at), &mut body[header..]);
            }
            gcm => {
                let (sealed, behind) = packet.split_at_mut(end);
                let (head, body) = sealed.split_at_mut(header);
                let tag = behind.first_chunk()?;
                gcm.open(self.nonce(at), head, body, tag)?;
            }
        }
        Some(end)
    }

    /// Seals RTP packets that lie in one buffer; there is room behind each.
    pub fn seal_rtp_all(&self, buffer: &mut [u8], packets: &[InBuffer], mki: &[u8]) {
        let Cipher::CounterMode(aes, authenticator) = &self.cipher else {
            for it in packets {
                let room = &mut buffer[it.begin..it.end + self.tag_octets + mki.len()];
                self.seal_rtp(room, it.header, it.end - it.begin, mki, it.at);
            }
            return;
        };
        self.encrypt_all(aes, buffer, packets);
        for packets in packets.chunks(LANES) {
            let tags = self.tags(authenticator, buffer, packets);
            for (it, tag) in packets.iter().zip(tags) {
                let tag_at = it.end + mki.len();
                buffer[it.end..tag_at].copy_from_slice(mki);
                buffer[tag_at..tag_at + self.tag_octets].copy_from_slice(&tag[..self.tag_octets]);
            }
        }
    }

    /// Opens sealed RTP packets that lie in one buffer, each without what sealed it (`end` is where that begins);
    /// says which were genuine. The others are left as they came.
    pub fn open_rtp_all(
        &self,
        buffer: &mut [u8],
        packets: &[InBuffer],
        mki_octets: usize,
    ) -> [bool; GROUP] {
        assert!(packets.len() <= GROUP, "{} packets", packets.len());
        let mut genuine = [false; GROUP];
        let Cipher::CounterMode(aes, authenticator) = &self.cipher else {
            for (it, genuine) in packets.iter().zip(&mut genuine) {
                let sealed = &mut buffer[it.begin..it.end + self.tag_octets + mki_octets];
                *genuine = self
                    .open_rtp(sealed, it.header, mki_octets, it.at)
                    .is_some();
            }
            return genuine;
        };
        for (packets, genuine) in packets.chunks(LANES).zip(genuine.chunks_mut(LANES)) {
            let tags = self.tags(authenticator, buffer, packets);
            for ((it, tag), genuine) in packets.iter().zip(tags).zip(genuine) {
                let tag_at = it.end + mki_octets;
                let found = &buffer[tag_at..tag_at + self.tag_octets];
                *genuine = tag[..self.tag_octets].ct_eq(found).into();
            }
        }
        let mut taken = [InBuffer::default(); GROUP];
        let mut count = 0;
        for (it, _) in packets.iter().zip(genuine).filter(|(_, genuine)| *genuine) {
            taken[count] = *it;
            count += 1;
        }
        self.encrypt_all(aes, buffer, &taken[..count]);
        genuine
    }

    fn encrypt_all(&self, aes: &CounterMode, buffer: &mut [u8], packets: &[InBuffer]) {
        let mut spans = [Span::default(); GROUP];
        for (span, it) in spans.iter_mut().zip(packets) {
            *span = Span {
                iv: self.counter_iv(it.at),
                begin: it.begin + it.header,
                end: it.end,
            };
        }
        aes.apply_all(buffer, &spans[..packets.len()]);
    }

    fn tags(
        &self,
        authenticator: &Authenticator,
        buffer: &[u8],
        packets: &[InBuffer],
    ) -> [[u8; 20]; LANES] {
        let mut trailers = [[0; 4]; LANES];
        for (trailer, it) in trailers.iter_mut().zip(packets) {
            *trailer = roll_overs(it.at);
        }
        let mut signed: [(&[u8], &[u8]); LANES] = [(&[], &[]); LANES];
        for ((signed, it), trailer) in signed.iter_mut().zip(packets).zip(&trailers) {
            *signed = (&buffer[it.begin..it.end], trailer);
        }
        authenticator.tags(&signed[..packets.len()])
    }

    /// Encrypts an RTCP packet behind its fixed header, and adds index, identifier and tag; returns the new length.
    pub fn seal_rtcp(&self, buffer: &mut [u8], octets: usize, mki: &[u8], at: Place) -> usize {
        let word = (ENCRYPTED | at.index as u32).to_be_bytes();
        let total = octets + RTCP_WORD_OCTETS + mki.len() + self.tag_octets;
        match &self.cipher {
            Cipher::CounterMode(aes, authenticator) => {
                aes.apply(self.counter_iv(at), &mut buffer[RTCP_HEADER_OCTETS..octets]);
                let tag = authenticator.tag((&buffer[..octets], &word));
                let mki_at = octets + RTCP_WORD_OCTETS;
                buffer[octets..mki_at].copy_from_slice(&word);
                buffer[mki_at..mki_at + mki.len()].copy_from_slice(mki);
                buffer[mki_at + mki.len()..total].copy_from_slice(&tag[..self.tag_octets]);
            }
            gcm => {
                let (head, body) = buffer[..octets].split_at_mut(RTCP_HEADER_OCTETS);
                let tag = gcm.seal(self.nonce(at), &clear_part(head, word), body);
                let word_at = octets + GCM_TAG_OCTETS;
                buffer[octets..word_at].copy_from_slice(&tag);
                buffer[word_at..word_at + RTCP_WORD_OCTETS].copy_from_slice(&word);
                buffer[word_at + RTCP_WORD_OCTETS..total].copy_from_slice(mki);
            }
        }
        total
    }

    /// The index of a sealed RTCP packet, as it says itself.
    pub fn rtcp_index(&self, packet: &[u8], mki_octets: usize) -> Option<u64> {
        let (_, word) = self.rtcp_word(packet, mki_octets)?;
        Some(u64::from(word & !ENCRYPTED))
    }

    /// Opens an RTCP packet and returns its length without what sealed it; none when it is not genuine, and then it is
    /// left as it came. One that was only signed (E is 0) is taken as it is (RFC 3711 3.4).
    pub fn open_rtcp(&self, packet: &mut [u8], mki_octets: usize, at: Place) -> Option<usize> {
        let (end, word) = self.rtcp_word(packet, mki_octets)?;
        let is_encrypted = word & ENCRYPTED != 0;
        let word = word.to_be_bytes();
        match &self.cipher {
            Cipher::CounterMode(aes, authenticator) => {
                let (body, behind) = packet.split_at_mut(end);
                let tag = &behind[RTCP_WORD_OCTETS + mki_octets..];
                if !authenticator.verifies((body, &word), tag) {
                    return None;
                }
                if is_encrypted {
                    aes.apply(self.counter_iv(at), &mut body[RTCP_HEADER_OCTETS..]);
                }
            }
            gcm => {
                let (sealed, behind) = packet.split_at_mut(end);
                let tag: [u8; GCM_TAG_OCTETS] = *behind.first_chunk()?;
                if is_encrypted {
                    let (head, body) = sealed.split_at_mut(RTCP_HEADER_OCTETS);
                    gcm.open(self.nonce(at), &clear_part(head, word), body, &tag)?;
                } else {
                    // All of it is signed in clear, and the index with it, which stands behind the tag: for a moment
                    // it stands in the tag's place (RFC 7714 9.3).
                    let signed = &mut packet[..end + RTCP_WORD_OCTETS];
                    signed[end..].copy_from_slice(&word);
                    let is_genuine = gcm.open(self.nonce(at), signed, &mut [], &tag).is_some();
                    packet[end..end + RTCP_WORD_OCTETS].copy_from_slice(&tag[..RTCP_WORD_OCTETS]);
                    if !is_genuine {
                        return None;
                    }
                }
            }
        }
        Some(end)
    }

    /// Where the body of a sealed RTCP packet ends, and its E flag and index.
    fn rtcp_word(&self, packet: &[u8], mki_octets: usize) -> Option<(usize, u32)> {
        let behind = RTCP_WORD_OCTETS + mki_octets + self.tag_octets;
        let end = packet.len().checked_sub(behind)?;
        if end < RTCP_HEADER_OCTETS {
            return None;
        }
        let word_at = match self.cipher {
            Cipher::CounterMode(..) => end,
            _ => end + GCM_TAG_OCTETS,
        };
        let word = packet.get(word_at..)?.first_chunk()?;
        Some((end, u32::from_be_bytes(*word)))
    }

    /// RFC 3711 4.1.1: (salt · 2^16) XOR (SSRC · 2^64) XOR (index · 2^16).
    fn counter_iv(&self, at: Place) -> [u8; 16] {
        let mut iv = [0; 16];
        iv[..14].copy_from_slice(&self.salt);
        xor(&mut iv[4..8], &at.ssrc.0.to_be_bytes());
        xor(&mut iv[8..14], &at.index.to_be_bytes()[2..]);
        iv
    }

    /// RFC 7714 8.1 and 9.1: two octets of zero, SSRC, index, XORed with the salt.
    fn nonce(&self, at: Place) -> [u8; 12] {
        let mut nonce = [0; 12];
        nonce.copy_from_slice(&self.salt[..12]);
        xor(&mut nonce[2..6], &at.ssrc.0.to_be_bytes());
        xor(&mut nonce[6..], &at.index.to_be_bytes()[2..]);
        nonce
    }
}

impl Cipher {
    fn seal(&self, nonce: [u8; 12], clear: &[u8], body: &mut [u8]) -> [u8; GCM_TAG_OCTETS] {
        let (nonce, body) = (nonce.into(), body.into());
        let tag = match self {
            Cipher::Gcm128(gcm) => gcm.encrypt_inout_detached(&nonce, clear, body),
            Cipher::Gcm256(gcm) => gcm.encrypt_inout_detached(&nonce, clear, body),
            Cipher::CounterMode(..) => unreachable!("counter mode has a tag of its own"),
        };
        tag.expect("no datagram is as long as GCM's limit").into()
    }

    fn open(
        &self,
        nonce: [u8; 12],
        clear: &[u8],
        body: &mut [u8],
        tag: &[u8; GCM_TAG_OCTETS],
    ) -> Option<()> {
        let (nonce, body, tag) = (nonce.into(), body.into(), (*tag).into());
        match self {
            Cipher::Gcm128(gcm) => gcm.decrypt_inout_detached(&nonce, clear, body, &tag),
            Cipher::Gcm256(gcm) => gcm.decrypt_inout_detached(&nonce, clear, body, &tag),
            Cipher::CounterMode(..) => unreachable!("counter mode has a tag of its own"),
        }
        .ok()
    }
}

fn gcm<Gcm: KeyInit>(key: &[u8]) -> Gcm {
    Gcm::new_from_slice(key).expect("the suite's length")
}

/// The upper part of the index, which is signed though it is not sent (RFC 3711 4.2).
fn roll_overs(at: Place) -> [u8; 4] {
    ((at.index >> 16) as u32).to_be_bytes()
}

/// What RTCP signs in clear where it is encrypted (RFC 7714 9.2).
fn clear_part(head: &[u8], word: [u8; 4]) -> [u8; RTCP_HEADER_OCTETS + RTCP_WORD_OCTETS] {
    let mut clear = [0; RTCP_HEADER_OCTETS + RTCP_WORD_OCTETS];
    clear[..RTCP_HEADER_OCTETS].copy_from_slice(head);
    clear[RTCP_HEADER_OCTETS..].copy_from_slice(&word);
    clear
}

fn xor(octets: &mut [u8], with: &[u8]) {
    for (octet, with) in octets.iter_mut().zip(with) {
        *octet ^= with;
    }
}

#[cfg(test)]
mod tests {
    //! RFC 7714 16 and 17 give session keys, so the vectors enter here.

    use super::*;
    use crate::srtp::testing::octets;

    const QUID_PRO_QUO: &str = "517569642070726f2071756f";
    const MARS: Ssrc = Ssrc(0x4d61_7273);

    fn transform(suite: Suite, usage: Usage) -> Transform {
        let mut salt = [0; 14];
        salt[..12].copy_from_slice(&octets(QUID_PRO_QUO));
        let keys = SessionKey {
            encryption: (0..).take(suite.key_octets()).collect(),
            authentication: [0; 20],
            salt,
        };
        Transform::with(suite, usage, &keys)
    }

    #[test]
    fn the_rtp_packets_of_rfc_7714_16() {
        let clear = octets(
            "8040f17b8041f8d35501a0b247616c6c696120657374206f6d6e69732064697669736120696e207061727465732074726573",
        );
        let at = Place {
            ssrc: Ssrc(0x5501_a0b2),
            index: 0xf17b,
        };
        for (suite, sealed) in [
            (
                Suite::AeadAes128Gcm,
                "8040f17b8041f8d35501a0b2f24de3a3fb34de6cacba861c9d7e4bcabe633bd50d294e6f42a5f47a51c7d19b36de3adf8833899d7f27beb16a9152cf765ee4390cce",
            ),
            (
                Suite::AeadAes256Gcm,
                "8040f17b8041f8d35501a0b232b1de78a822fe12ef9f78fa332e33aab18012389a58e2f3b50b2a0276ffae0f1ba63799b87b7aa3db36dfffd6b0f9bb7878d7a76c13",
            ),
        ] {
            let transform = transform(suite, Usage::Rtp);
            let mut buffer = clear.clone();
            buffer.resize(clear.len() + 16, 0);
            assert_eq!(
                transform.seal_rtp(&mut buffer, 12, clear.len(), &[], at),
                buffer.len()
            );
            assert_eq!(buffer, octets(sealed), "{suite}");
            assert_eq!(
                transform.open_rtp(&mut buffer, 12, 0, at),
                Some(clear.len())
            );
            assert_eq!(buffer[..clear.len()], clear);
        }
    }

    #[test]
    fn a_tag_over_a_packet_that_is_only_signed_as_in_rfc_7714_16() {
        let signed = octets(
            "8040f17b8041f8d35501a0b247616c6c696120657374206f6d6e69732064697669736120696e207061727465732074726573",
        );
        let nonce = octets("51753c6580c2726f20718414");
        let nonce = nonce.try_into().expect("twelve octets");
        for (suite, tag) in [
            (Suite::AeadAes128Gcm, "22493f82d2bce397e9d79e3b19aa4216"),
            (Suite::AeadAes256Gcm, "a866d5910f887463067ceefec45215d4"),
        ] {
            let cipher = transform(suite, Usage::Rtp).cipher;
            assert_eq!(cipher.seal(nonce, &signed, &mut [])[..], octets(tag));
        }
    }

    #[test]
    fn the_rtcp_packet_of_rfc_7714_17_1() {
        let clear = octets(
            "81c8000d4d6172734e5450314e545032525450200000042a0000e9304c756e61deadbeefdeadbeefdeadbeefdeadbeefdeadbeef",
        );
        let sealed = octets(
            "81c8000d4d61727363e94885dcdab67ca727d7662f6b7e997ff5c0f76c06f32dc676a5f1730d6fda4ce09b4686303ded0bb9275bc84aa45896cf4d2fc5abf87245d9eade800005d4",
        );
        let transform = transform(Suite::AeadAes128Gcm, Usage::Rtcp);
        let at = Place {
            ssrc: MARS,
            index: 0x5d4,
        };
        let mut buffer = clear.clone();
        buffer.resize(sealed.len(), 0);
        transform.seal_rtcp(&mut buffer, clear.len(), &[], at);
        assert_eq!(buffer, sealed);
        assert_eq!(transform.rtcp_index(&buffer, 0), Some(0x5d4));
        assert_eq!(transform.open_rtcp(&mut buffer, 0, at), Some(clear.len()));
        assert_eq!(buffer[..clear.len()], clear);
    }

    #[test]
    fn rtcp_that_is_signed_and_not_encrypted_is_taken_as_it_is() {
        let clear = octets("81c900014d617273");
        let at = Place {
            ssrc: MARS,
            index: 9,
        };
        let word = 9u32.to_be_bytes();
        for suite in Suite::ALL {
            let transform = transform(suite, Usage::Rtcp);
            let mut packet = clear.clone();
            match &transform.cipher {
                Cipher::CounterMode(_, authenticator) => {
                    packet.extend(word);
                    packet.extend(&authenticator.tag((&clear, &word))[..10]);
                }
                gcm => {
                    let signed = [&clear[..], &word].concat();
                    packet.extend(gcm.seal(transform.nonce(at), &signed, &mut []));
                    packet.extend(word);
                }
            }
            let genuine = packet.clone();
            packet[5] ^= 1;
            let broken = packet.clone();
            assert_eq!(transform.open_rtcp(&mut packet, 0, at), None);
            assert_eq!(packet, broken, "{suite}: left as it came");
            packet.copy_from_slice(&genuine);
            assert_eq!(transform.open_rtcp(&mut packet, 0, at), Some(clear.len()));
            assert_eq!(packet[..clear.len()], clear);
        }
    }
}
