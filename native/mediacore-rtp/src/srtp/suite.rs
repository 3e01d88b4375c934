//! What protects a stream: the crypto suites of SDP, with the lengths that follow from them (RFC 3711, 4568, 6188, 7714).

use std::fmt;
use std::str::FromStr;

/// A crypto suite, named as SDP names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Suite {
    /// RFC 3711: AES in counter mode, 80 bits of HMAC-SHA1.
    AesCm128HmacSha1_80,
    /// The same with tags of 32 bits for RTP; RTCP keeps 80 (RFC 4568 6.2.2).
    AesCm128HmacSha1_32,
    /// RFC 6188.
    AesCm192HmacSha1_80,
    /// RFC 6188.
    AesCm192HmacSha1_32,
    /// RFC 6188.
    AesCm256HmacSha1_80,
    /// RFC 6188.
    AesCm256HmacSha1_32,
    /// RFC 7714.
    AeadAes128Gcm,
    /// RFC 7714.
    AeadAes256Gcm,
}

impl Suite {
    /// Every suite, as SDP would list them.
    pub const ALL: [Suite; 8] = [
        Suite::AesCm128HmacSha1_80,
        Suite::AesCm128HmacSha1_32,
        Suite::AesCm192HmacSha1_80,
        Suite::AesCm192HmacSha1_32,
        Suite::AesCm256HmacSha1_80,
        Suite::AesCm256HmacSha1_32,
        Suite::AeadAes128Gcm,
        Suite::AeadAes256Gcm,
    ];

    /// Its registered name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Suite::AesCm128HmacSha1_80 => "AES_CM_128_HMAC_SHA1_80",
            Suite::AesCm128HmacSha1_32 => "AES_CM_128_HMAC_SHA1_32",
            Suite::AesCm192HmacSha1_80 => "AES_192_CM_HMAC_SHA1_80",
            Suite::AesCm192HmacSha1_32 => "AES_192_CM_HMAC_SHA1_32",
            Suite::AesCm256HmacSha1_80 => "AES_256_CM_HMAC_SHA1_80",
            Suite::AesCm256HmacSha1_32 => "AES_256_CM_HMAC_SHA1_32",
            Suite::AeadAes128Gcm => "AEAD_AES_128_GCM",
            Suite::AeadAes256Gcm => "AEAD_AES_256_GCM",
        }
    }

    /// Octets of the master key, and of the session keys made of it.
    #[must_use]
    pub fn key_octets(self) -> usize {
        match self {
            Suite::AesCm128HmacSha1_80 | Suite::AesCm128HmacSha1_32 | Suite::AeadAes128Gcm => 16,
            Suite::AesCm192HmacSha1_80 | Suite::AesCm192HmacSha1_32 => 24,
            Suite::AesCm256HmacSha1_80 | Suite::AesCm256HmacSha1_32 | Suite::AeadAes256Gcm => 32,
        }
    }

    /// Octets of the master salt.
    #[must_use]
    pub fn salt_octets(self) -> usize {
        if self.is_aead() { 12 } else { 14 }
    }

    /// Octets of the tag behind an RTP packet.
    #[must_use]
    pub fn rtp_tag_octets(self) -> usize {
        match self {
            Suite::AesCm128HmacSha1_32
            | Suite::AesCm192HmacSha1_32
            | Suite::AesCm256HmacSha1_32 => 4,
            _ => self.rtcp_tag_octets(),
        }
    }

    /// Octets of the tag behind an RTCP packet: a short tag is for RTP alone (RFC 3711 5.2, RFC 4568 6.2.2).
    #[must_use]
    pub fn rtcp_tag_octets(self) -> usize {
        if self.is_aead() { 16 } else { 10 }
    }

    /// Whether one operation encrypts and authenticates (RFC 7714).
    #[must_use]
    pub fn is_aead(self) -> bool {
        matches!(self, Suite::AeadAes128Gcm | Suite::AeadAes256Gcm)
    }
}

impl fmt::Display for Suite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Suite {
    type Err = UnknownSuite;

    fn from_str(name: &str) -> Result<Suite, UnknownSuite> {
        let found = Suite::ALL.into_iter().find(|suite| suite.name() == name);
        found.ok_or(UnknownSuite)
    }
}

/// No suite has this name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownSuite;

impl fmt::Display for UnknownSuite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no crypto suite that is known here")
    }
}

impl std::error::Error for UnknownSuite {}
