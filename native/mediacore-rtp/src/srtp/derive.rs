//! From a master key to the keys of a session (RFC 3711 4.3, RFC 6188 4, RFC 7714 11), with a derivation rate of zero:
//! once for the life of the key, as SDP's default has it and every phone.

use zeroize::Zeroize;

use super::counter_mode::CounterMode;
use super::key::MasterKey;

/// Octets of an authentication key (RFC 3711 5.2).
const AUTHENTICATION_KEY_OCTETS: usize = 20;

/// What the keys are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Usage {
    Rtp,
    Rtcp,
}

/// Keys of one usage; wiped when they go.
pub struct SessionKey {
    pub encryption: Vec<u8>,
    pub authentication: [u8; AUTHENTICATION_KEY_OCTETS],
    /// Of fourteen octets the first twelve, where the suite's salt is shorter.
    pub salt: [u8; 14],
}

impl SessionKey {
    pub fn derive(master: &MasterKey, usage: Usage) -> SessionKey {
        let suite = master.suite();
        let first_label = match usage {
            Usage::Rtp => 0,
            Usage::Rtcp => 3,
        };
        let generator = CounterMode::new(master.key());
        let mut encryption = vec![0; suite.key_octets()];
        let (mut authentication, mut salt) = ([0; AUTHENTICATION_KEY_OCTETS], [0; 14]);
        fill(&generator, master, first_label, &mut encryption);
        fill(&generator, master, first_label + 1, &mut authentication);
        let salt_octets = suite.salt_octets();
        fill(
            &generator,
            master,
            first_label + 2,
            &mut salt[..salt_octets],
        );
        SessionKey {
            encryption,
            authentication,
            salt,
        }
    }
}

impl Drop for SessionKey {
    fn drop(&mut self) {
        self.encryption.zeroize();
        self.authentication.zeroize();
        self.salt.zeroize();
    }
}

/// The pseudo-random function of RFC 3711 4.3.3: the keystream at (label · 2^48 XOR salt) · 2^16. A salt of 96 bits
/// stands in the upper ones of the 112 (RFC 7714 11).
fn fill(generator: &CounterMode, master: &MasterKey, label: u8, out: &mut [u8]) {
    let mut iv = [0; 16];
    iv[..master.salt().len()].copy_from_slice(master.salt());
    iv[7] ^= label;
    generator.apply(iv, out);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::srtp::Suite;
    use crate::srtp::testing::octets;

    fn derived(suite: Suite, key: &str, salt: &str) -> SessionKey {
        let master = MasterKey::new(suite, &[octets(key), octets(salt)].concat());
        SessionKey::derive(&master.expect("a key of the suite's length"), Usage::Rtp)
    }

    #[test]
    fn the_example_of_rfc_3711_b_3() {
        let keys = derived(
            Suite::AesCm128HmacSha1_80,
            "E1F97A0D3E018BE0D64FA32C06DE4139",
            "0EC675AD498AFEEBB6960B3AABE6",
        );
        assert_eq!(keys.encryption, octets("C61E7A93744F39EE10734AFE3FF7A087"));
        assert_eq!(keys.salt[..], octets("30CBBC08863D8C85D49DB34A9AE1"));
        assert_eq!(
            keys.authentication[..],
            octets("CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4")
        );
    }

    // The only oracle for 192 bits: libsrtp 2 derives these otherwise, by AES-256 over key and salt.
    #[test]
    fn the_example_of_rfc_6188_7_3() {
        let keys = derived(
            Suite::AesCm192HmacSha1_80,
            "73edc66c4fa15776fb57f9505c17136550ffda71f3e8e5f1",
            "c8522f3acd4ce86d5add78edbb11",
        );
        assert_eq!(
            keys.encryption,
            octets("31874736a8f1143870c26e4857d8a5b2c4a354407faadabb")
        );
        assert_eq!(keys.salt[..], octets("2372b82d639b6d8503a47adc0a6c"));
        assert_eq!(
            keys.authentication[..],
            octets("355b10973cd95b9eacf4061c7e1a7151e7cfbfcb")
        );
    }

    #[test]
    fn the_example_of_rfc_6188_7_4() {
        let keys = derived(
            Suite::AesCm256HmacSha1_80,
            "f0f04914b513f2763a1b1fa130f10e2998f6f6e43e4309d1e622a0e332b9f1b6",
            "3b04803de51ee7c96423ab5b78d2",
        );
        assert_eq!(
            keys.encryption,
            octets("5ba1064e30ec51613cad926c5a28ef731ec7fb397f70a960653caf06554cd8c4")
        );
        assert_eq!(keys.salt[..], octets("fa31791685ca444a9e07c6c64e93"));
        assert_eq!(
            keys.authentication[..],
            octets("fd9c32d39ed5fbb5a9dc96b30818454d1313dc05")
        );
    }

    #[test]
    fn the_keystream_of_rfc_3711_b_2() {
        let mut stream = [0; 48];
        let mut iv = [0; 16];
        iv[..14].copy_from_slice(&octets("F0F1F2F3F4F5F6F7F8F9FAFBFCFD"));
        CounterMode::new(&octets("2B7E151628AED2A6ABF7158809CF4F3C")).apply(iv, &mut stream);
        assert_eq!(stream[..16], octets("E03EAD0935C95E80E166B16DD92B4EB4"));
        assert_eq!(stream[16..32], octets("D23513162B02D0F72A43A2FE4A5F97AB"));
        assert_eq!(stream[32..], octets("41E95B3BB0A2E8DD477901E4FCA894C0"));
    }
}
