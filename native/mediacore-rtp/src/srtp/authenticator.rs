//! HMAC-SHA1 (RFC 2104) as RFC 3711 4.2 uses it: the two blocks that depend on the key alone are hashed once for all
//! packets, and a packet is hashed where it lies.

use std::fmt;

use sha1::block_api::compress;
use subtle::ConstantTimeEq;
use zeroize::Zeroize;

use super::lanes::{Blocks, LANES, Words, compress as compress_lanes};

const BLOCK_OCTETS: usize = 64;

/// FIPS 180-4 5.3.1.
const INITIAL: [u32; 5] = [
    0x6745_2301,
    0xefcd_ab89,
    0x98ba_dcfe,
    0x1032_5476,
    0xc3d2_e1f0,
];

/// What is signed: a packet, and the four octets that go with it (the roll-over counter, or none).
pub type Signed<'a> = (&'a [u8], &'a [u8]);

/// The kept state of one key.
#[derive(Clone)]
pub struct Authenticator {
    inner: [u32; 5],
    outer: [u32; 5],
}

impl Authenticator {
    /// # Panics
    /// If `key` is longer than a block: SRTP's has 20 octets.
    pub fn new(key: &[u8]) -> Authenticator {
        assert!(key.len() <= BLOCK_OCTETS, "a key of {} octets", key.len());
        let keyed = |pad: u8| {
            let mut block = [pad; BLOCK_OCTETS];
            for (octet, key) in block.iter_mut().zip(key) {
                *octet ^= key;
            }
            let mut state = INITIAL;
            compress(&mut state, &[block]);
            block.zeroize();
            state
        };
        Authenticator {
            inner: keyed(0x36),
            outer: keyed(0x5c),
        }
    }

    /// The whole tag; packets carry its front.
    pub fn tag(&self, (packet, trailer): Signed<'_>) -> [u8; 20] {
        let mut state = self.inner;
        let (blocks, rest) = packet.as_chunks::<BLOCK_OCTETS>();
        compress(&mut state, blocks);
        let mut tail = [0; 2 * BLOCK_OCTETS];
        let octets = rest.len() + trailer.len();
        tail[..rest.len()].copy_from_slice(rest);
        tail[rest.len()..octets].copy_from_slice(trailer);
        finish(&mut state, tail, octets, packet.len() + trailer.len());
        let mut digest = [0; 2 * BLOCK_OCTETS];
        digest[..20].copy_from_slice(&octets_of(state));
        let mut state = self.outer;
        finish(&mut state, digest, 20, 20);
        octets_of(state)
    }

    /// The tags of up to [`LANES`] packets at once.
    ///
    /// # Panics
    /// If there are more.
    pub fn tags(&self, messages: &[Signed<'_>]) -> [[u8; 20]; LANES] {
        assert!(messages.len() <= LANES, "{} messages", messages.len());
        let mut states = self.inner.map(Words::all);
        let mut blocks = [Words::all(0); 16];
        let mut digests = [Words::all(0); 5];
        let tails: [Tail; LANES] =
            std::array::from_fn(|lane| messages.get(lane).map_or_else(Tail::none, Tail::of));
        let longest = tails.iter().map(Tail::blocks).max().unwrap_or(0);
        for number in 0..longest {
            for (lane, (tail, (packet, _))) in tails.iter().zip(messages).enumerate() {
                if number < tail.blocks() {
                    put(&mut blocks, lane, tail.block(packet, number));
                }
            }
            compress_lanes(&mut states, &mut blocks);
            // A message that is over has its digest taken out; what its lane does from now on is nobody's.
            for (lane, tail) in tails.iter().enumerate() {
                if number + 1 == tail.blocks() {
                    for (digest, state) in digests.iter_mut().zip(&states) {
                        digest.0[lane] = state.0[lane];
                    }
                }
            }
        }
        let mut blocks = [Words::all(0); 16];
        blocks[..5].copy_from_slice(&digests);
        blocks[5] = Words::all(0x8000_0000);
        blocks[15] = Words::all(8 * (BLOCK_OCTETS as u32 + 20));
        let mut states = self.outer.map(Words::all);
        compress_lanes(&mut states, &mut blocks);
        std::array::from_fn(|lane| octets_of(states.map(|words| words.0[lane])))
    }

    /// Whether `tag` is the front of the right one; takes the same time whatever differs.
    pub fn verifies(&self, signed: Signed<'_>, tag: &[u8]) -> bool {
        self.tag(signed)[..tag.len()].ct_eq(tag).into()
    }
}

/// The end of a message, with its padding: one block or two.
struct Tail {
    octets: [u8; 2 * BLOCK_OCTETS],
    whole_blocks: usize,
    blocks: usize,
}

impl Tail {
    fn none() -> Tail {
        Tail {
            octets: [0; 2 * BLOCK_OCTETS],
            whole_blocks: 0,
            blocks: 0,
        }
    }

    fn of((packet, trailer): &Signed<'_>) -> Tail {
        let (whole, rest) = packet.as_chunks::<BLOCK_OCTETS>();
        let mut tail = Tail::none();
        let octets = rest.len() + trailer.len();
        tail.octets[..rest.len()].copy_from_slice(rest);
        tail.octets[rest.len()..octets].copy_from_slice(trailer);
        let message_octets = packet.len() + trailer.len();
        tail.blocks = whole.len() + pad(&mut tail.octets, octets, message_octets);
        tail.whole_blocks = whole.len();
        tail
    }

    fn blocks(&self) -> usize {
        self.blocks
    }

    fn block<'a>(&'a self, packet: &'a [u8], number: usize) -> &'a [u8; BLOCK_OCTETS] {
        let whole = packet.as_chunks().0;
        match number.checked_sub(self.whole_blocks) {
            None => &whole[number],
            Some(number) => &self.octets.as_chunks().0[number],
        }
    }
}

fn put(blocks: &mut Blocks, lane: usize, octets: &[u8; BLOCK_OCTETS]) {
    for (words, octets) in blocks.iter_mut().zip(octets.as_chunks::<4>().0) {
        words.0[lane] = u32::from_be_bytes(*octets);
    }
}

impl Drop for Authenticator {
    fn drop(&mut self) {
        self.inner.zeroize();
        self.outer.zeroize();
    }
}

impl fmt::Debug for Authenticator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Authenticator")
    }
}

/// Hashes what is left, with the padding and the length behind it (FIPS 180-4 5.1.1). One block, that of the key, was
/// hashed before the message.
fn finish(
    state: &mut [u32; 5],
    mut tail: [u8; 2 * BLOCK_OCTETS],
    octets: usize,
    message_octets: usize,
) {
    let blocks = pad(&mut tail, octets, message_octets);
    compress(state, &tail.as_chunks::<BLOCK_OCTETS>().0[..blocks]);
}

/// Pads the last `octets` of a message, and says how many blocks they are then.
fn pad(tail: &mut [u8; 2 * BLOCK_OCTETS], octets: usize, message_octets: usize) -> usize {
    tail[octets] = 0x80;
    let blocks = if octets < BLOCK_OCTETS - 8 { 1 } else { 2 };
    let bits = 8 * (BLOCK_OCTETS + message_octets) as u64;
    tail[BLOCK_OCTETS * blocks - 8..BLOCK_OCTETS * blocks].copy_from_slice(&bits.to_be_bytes());
    blocks
}

fn octets_of(state: [u32; 5]) -> [u8; 20] {
    let mut octets = [0; 20];
    for (octets, word) in octets.as_chunks_mut::<4>().0.iter_mut().zip(state) {
        *octets = word.to_be_bytes();
    }
    octets
}

#[cfg(test)]
mod tests {
    use super::*;
    use hmac::{Hmac, KeyInit, Mac};
    use proptest::prelude::*;
    use sha1::Sha1;

    proptest! {
        #[test]
        fn it_is_hmac(key in prop::collection::vec(any::<u8>(), 0..=64), packet in prop::collection::vec(any::<u8>(), 0..300), trailer in prop::collection::vec(any::<u8>(), 0..=4)) {
            let mut oracle = Hmac::<Sha1>::new_from_slice(&key).expect("any length");
            oracle.update(&packet);
            oracle.update(&trailer);
            let tag = oracle.finalize().into_bytes();
            let ours = Authenticator::new(&key);
            prop_assert_eq!(&ours.tag((&packet, &trailer))[..], &tag[..]);
            prop_assert!(ours.verifies((&packet, &trailer), &tag[..10]));
            let many = ours.tags(&[(&packet, &trailer), (&packet[..packet.len() / 2], &[]), (&packet, &trailer)]);
            prop_assert_eq!(&many[0][..], &tag[..]);
            prop_assert_eq!(many[1], ours.tag((&packet[..packet.len() / 2], &[])));
            prop_assert_eq!(many[2], many[0]);
            let mut wrong = tag;
            wrong[9] ^= 1;
            prop_assert!(!ours.verifies((&packet, &trailer), &wrong[..10]));
        }
    }
}
