//! AES in the counter mode of RFC 3711 4.1.1: a key schedule that is kept, and a keystream for each packet.

use std::fmt;

use aes::cipher::consts::U16;
use aes::cipher::{Array, BlockCipherEncrypt, BlockSizeUser, KeyInit};
use aes::{Aes128Enc, Aes192Enc, Aes256Enc};

/// Blocks that are encrypted together: a packet of 20 ms of G.711 has ten, and the processor does as many at once.
const BLOCKS_AT_ONCE: usize = 16;

/// Blocks of many packets that are encrypted together: as many as the widest registers take at a time.
const WIDE: usize = 64;

/// The key schedule of a key of 128, 192 or 256 bits.
#[derive(Clone)]
pub enum CounterMode {
    Aes128(Aes128Enc),
    Aes192(Aes192Enc),
    Aes256(Aes256Enc),
}

impl CounterMode {
    /// # Panics
    /// If `key` is of no length that AES has: suites have no other.
    pub fn new(key: &[u8]) -> CounterMode {
        match key.len() {
            16 => CounterMode::Aes128(schedule(key)),
            24 => CounterMode::Aes192(schedule(key)),
            32 => CounterMode::Aes256(schedule(key)),
            other => panic!("an AES key of {other} octets"),
        }
    }

    /// XORs the keystream that begins at `iv` on to `data`. The last two octets of `iv` count blocks, from zero.
    pub fn apply(&self, iv: [u8; 16], data: &mut [u8]) {
        match self {
            CounterMode::Aes128(aes) => apply(aes, iv, data),
            CounterMode::Aes192(aes) => apply(aes, iv, data),
            CounterMode::Aes256(aes) => apply(aes, iv, data),
        }
    }
}

/// A part of a buffer, and where its keystream begins.
#[derive(Clone, Copy, Default)]
pub struct Span {
    pub iv: [u8; 16],
    pub begin: usize,
    pub end: usize,
}

impl CounterMode {
    /// The same for many parts of one buffer: their blocks are encrypted together, by the widest registers there are.
    pub fn apply_all(&self, buffer: &mut [u8], spans: &[Span]) {
        match self {
            CounterMode::Aes128(aes) => apply_all(aes, buffer, spans),
            CounterMode::Aes192(aes) => apply_all(aes, buffer, spans),
            CounterMode::Aes256(aes) => apply_all(aes, buffer, spans),
        }
    }
}

impl fmt::Debug for CounterMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CounterMode")
    }
}

fn schedule<Aes: KeyInit>(key: &[u8]) -> Aes {
    Aes::new_from_slice(key).expect("new() looked at its length")
}

fn apply<Aes>(aes: &Aes, iv: [u8; 16], data: &mut [u8])
where
    Aes: BlockCipherEncrypt + BlockSizeUser<BlockSize = U16>,
{
    // As numbers: the octets one by one cost as much as the cipher.
    let mut counter = u128::from_be_bytes(iv);
    let mut blocks = [Array::from([0; 16]); BLOCKS_AT_ONCE];
    for part in data.chunks_mut(16 * BLOCKS_AT_ONCE) {
        let blocks = &mut blocks[..part.len().div_ceil(16)];
        for block in blocks.iter_mut() {
            *block = counter.to_be_bytes().into();
            // Two octets count, and 2^16 blocks are a megabyte: no datagram is so long that they would carry over.
            counter = counter.wrapping_add(1);
        }
        aes.encrypt_blocks(blocks);
        xor(part, blocks);
    }
}

fn apply_all<Aes>(aes: &Aes, buffer: &mut [u8], spans: &[Span])
where
    Aes: BlockCipherEncrypt + BlockSizeUser<BlockSize = U16>,
{
    let mut blocks = [Array::from([0; 16]); WIDE];
    let mut places = [(0, 0); WIDE];
    let mut filled = 0;
    for span in spans {
        let mut counter = u128::from_be_bytes(span.iv);
        for begin in (span.begin..span.end).step_by(16) {
            blocks[filled] = counter.to_be_bytes().into();
            places[filled] = (begin, span.end.min(begin + 16));
            counter = counter.wrapping_add(1);
            filled += 1;
            if filled == WIDE {
                aes.encrypt_blocks(&mut blocks);
                xor_all(buffer, &blocks, &places);
                filled = 0;
            }
        }
    }
    let (blocks, places) = (&mut blocks[..filled], &places[..filled]);
    aes.encrypt_blocks(blocks);
    xor_all(buffer, blocks, places);
}

fn xor_all(buffer: &mut [u8], keystream: &[Array<u8, U16>], places: &[(usize, usize)]) {
    for (key, (begin, end)) in keystream.iter().zip(places) {
        xor(&mut buffer[*begin..*end], std::slice::from_ref(key));
    }
}

fn xor(data: &mut [u8], keystream: &[Array<u8, U16>]) {
    let (whole, rest) = data.as_chunks_mut::<16>();
    for (octets, key) in whole.iter_mut().zip(keystream) {
        *octets = (u128::from_ne_bytes(*octets) ^ u128::from_ne_bytes(key.0)).to_ne_bytes();
    }
    if let Some(key) = keystream.get(whole.len()) {
        for (octet, key) in rest.iter_mut().zip(key) {
            *octet ^= key;
        }
    }
}
