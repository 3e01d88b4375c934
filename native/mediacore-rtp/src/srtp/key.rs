//! A master key as signalling gives it: key, salt and, where there are several, the identifier in front of the tag.

use std::fmt;

use zeroize::Zeroize;

use super::suite::Suite;

/// Octets of the longest master key identifier (RFC 4568 6.1).
pub const MKI_OCTETS_MAX: usize = 128;

/// Packets that one master key may protect (RFC 3711 9.2). RTCP ends first, but seldom.
pub const RTP_LIFETIME_PACKETS: u64 = 1 << 48;
/// The same for RTCP.
pub const RTCP_LIFETIME_PACKETS: u64 = 1 << 31;

/// One direction's master key. It never shows its octets in a text, and wipes them when it goes.
#[derive(Clone, PartialEq, Eq)]
pub struct MasterKey {
    suite: Suite,
    // The key, then the salt, as in SDP's `inline:`.
    octets: Box<[u8]>,
    mki: Box<[u8]>,
    lifetime_packets: u64,
}

/// Why a master key is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyError {
    /// Key and salt together have another length than the suite wants.
    Length {
        /// What the suite wants, octets.
        wanted: usize,
        /// What came.
        found: usize,
    },
    /// An identifier longer than [`MKI_OCTETS_MAX`].
    MkiTooLong(usize),
    /// Keys for one direction that are of different suites, or whose identifiers differ in length or are equal.
    Unlike,
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            KeyError::Length { wanted, found } => {
                write!(f, "key and salt of {found} octets instead of {wanted}")
            }
            KeyError::MkiTooLong(octets) => write!(
                f,
                "a master key identifier of {octets} octets, more than {MKI_OCTETS_MAX}"
            ),
            KeyError::Unlike => f.write_str(
                "keys of one direction want one suite, and different identifiers of one length",
            ),
        }
    }
}

impl std::error::Error for KeyError {}

impl MasterKey {
    /// A key of `suite`: `key_and_salt` as SDP's `inline:` has them, one behind the other.
    ///
    /// # Errors
    /// When their length is another than the suite's.
    pub fn new(suite: Suite, key_and_salt: &[u8]) -> Result<MasterKey, KeyError> {
        let wanted = suite.key_octets() + suite.salt_octets();
        if key_and_salt.len() != wanted {
            return Err(KeyError::Length {
                wanted,
                found: key_and_salt.len(),
            });
        }
        Ok(MasterKey {
            suite,
            octets: key_and_salt.into(),
            mki: Box::default(),
            lifetime_packets: RTP_LIFETIME_PACKETS,
        })
    }

    /// The same with an identifier, which then stands in every packet.
    ///
    /// # Errors
    /// When it is longer than [`MKI_OCTETS_MAX`].
    pub fn with_mki(mut self, mki: &[u8]) -> Result<MasterKey, KeyError> {
        if mki.len() > MKI_OCTETS_MAX {
            return Err(KeyError::MkiTooLong(mki.len()));
        }
        self.mki = mki.into();
        Ok(self)
    }

    /// The same for fewer packets than RFC 3711 9.2 allows (`2^20` in SDP); it never allows more.
    #[must_use]
    pub fn with_lifetime(mut self, packets: u64) -> MasterKey {
        self.lifetime_packets = packets.min(RTP_LIFETIME_PACKETS);
        self
    }

    /// What it is for.
    #[must_use]
    pub fn suite(&self) -> Suite {
        self.suite
    }

    /// Its identifier; empty where packets have none.
    #[must_use]
    pub fn mki(&self) -> &[u8] {
        &self.mki
    }

    /// RTP packets that it may protect.
    #[must_use]
    pub fn lifetime_packets(&self) -> u64 {
        self.lifetime_packets
    }

    pub(super) fn key(&self) -> &[u8] {
        &self.octets[..self.suite.key_octets()]
    }

    pub(super) fn salt(&self) -> &[u8] {
        &self.octets[self.suite.key_octets()..]
    }
}

impl Drop for MasterKey {
    fn drop(&mut self) {
        self.octets.zeroize();
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MasterKey")
            .field("suite", &self.suite)
            .field("mki_octets", &self.mki.len())
            .finish_non_exhaustive()
    }
}
