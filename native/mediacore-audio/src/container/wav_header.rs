//! The header of a WAV file of 16-bit samples (RIFF, Multimedia Programming Interface 1.0, 1991).

/// Octets before the samples.
pub const WAV_HEADER_OCTETS: usize = 44;

/// Octets of samples that the header's 32 bits can tell of: 37 hours of stereo at 8 kHz.
pub const WAV_DATA_OCTETS_MAX: u32 = u32::MAX - WAV_HEADER_OCTETS as u32;

/// The header of `data_octets` of 16-bit samples. It may be written anew while the file grows, so that whatever
/// happens to the writer there is a whole file.
///
/// # Panics
/// If `data_octets` is more than `WAV_DATA_OCTETS_MAX`.
#[must_use]
pub fn wav_header(sample_rate_hz: u32, channels: u16, data_octets: u32) -> [u8; WAV_HEADER_OCTETS] {
    assert!(data_octets <= WAV_DATA_OCTETS_MAX, "{data_octets} octets");
    const PCM: u16 = 1;
    let frame_octets = channels * 2;
    let mut header = [0; WAV_HEADER_OCTETS];
    let fields: [&[u8]; 13] = [
        b"RIFF",
        &(data_octets + WAV_HEADER_OCTETS as u32 - 8).to_le_bytes(),
        b"WAVE",
        b"fmt ",
        &16_u32.to_le_bytes(),
        &PCM.to_le_bytes(),
        &channels.to_le_bytes(),
        &sample_rate_hz.to_le_bytes(),
        &(sample_rate_hz * u32::from(frame_octets)).to_le_bytes(),
        &frame_octets.to_le_bytes(),
        &16_u16.to_le_bytes(),
        b"data",
        &data_octets.to_le_bytes(),
    ];
    let mut rest = &mut header[..];
    for field in fields {
        let (here, after) = rest.split_at_mut(field.len());
        here.copy_from_slice(field);
        rest = after;
    }
    header
}
