//! L16: samples of 16 bits in network byte order (RFC 3551 4.5.11). Nothing is lost and nothing is remembered.

/// Writes each sample of `samples` to the two octets in the same place of `out`; the shorter of the two ends it.
pub fn encode_slice(samples: &[i16], out: &mut [u8]) {
    for (octets, sample) in out.as_chunks_mut::<2>().0.iter_mut().zip(samples) {
        *octets = sample.to_be_bytes();
    }
}

/// Reads each pair of octets of `octets` to the sample in the same place of `out`; the shorter of the two ends it.
pub fn decode_slice(octets: &[u8], out: &mut [i16]) {
    for (sample, octets) in out.iter_mut().zip(octets.as_chunks::<2>().0) {
        *sample = i16::from_be_bytes(*octets);
    }
}
