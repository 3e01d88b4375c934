//! The two packets that an Opus stream in Ogg begins with (RFC 7845 5.1, 5.2).

use super::AudioError;

/// Ticks of the 48 kHz clock that positions count.
pub const TICKS_PER_S: u32 = 48_000;

/// "OpusHead".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpusHead {
    /// 1 or 2.
    pub channels: u8,
    /// Ticks to be left out at the beginning.
    pub pre_skip: u16,
    /// Of what was encoded; 0: unknown.
    pub sample_rate_hz: u32,
    /// To be applied when it is played, in 256ths of a decibel.
    pub gain_q8_db: i16,
}

impl OpusHead {
    /// Reads it.
    pub fn parse(packet: &[u8]) -> Result<OpusHead, AudioError> {
        if !packet.starts_with(b"OpusHead") {
            return Err(AudioError::Unsupported("Ogg without Opus".to_owned()));
        }
        let Some(fields) = packet.get(8..19) else {
            return Err(AudioError::Malformed("an Opus file with a broken head"));
        };
        let (version, channels, family) = (fields[0], fields[1], fields[10]);
        // Other major versions may be anything.
        if version >> 4 != 0 {
            return Err(AudioError::Unsupported(format!(
                "version {version} of Ogg Opus"
            )));
        }
        let is_plain =
            family == 0 || packet.get(19..21) == Some(&[1, channels.saturating_sub(1)][..]);
        if !matches!(channels, 1 | 2) || !is_plain {
            let what = format!("Opus of {channels} channels in family {family}");
            return Err(AudioError::Unsupported(what));
        }
        Ok(OpusHead {
            channels,
            pre_skip: u16::from_le_bytes([fields[2], fields[3]]),
            sample_rate_hz: u32::from_le_bytes([fields[4], fields[5], fields[6], fields[7]]),
            gain_q8_db: i16::from_le_bytes([fields[8], fields[9]]),
        })
    }

    /// As it stands in a file.
    #[must_use]
    pub fn to_octets(self) -> [u8; 19] {
        let mut octets = [0; 19];
        octets[..8].copy_from_slice(b"OpusHead");
        (octets[8], octets[9]) = (1, self.channels);
        octets[10..12].copy_from_slice(&self.pre_skip.to_le_bytes());
        octets[12..16].copy_from_slice(&self.sample_rate_hz.to_le_bytes());
        octets[16..18].copy_from_slice(&self.gain_q8_db.to_le_bytes());
        octets
    }
}

/// "OpusTags" that name the writer and nothing else.
#[must_use]
pub fn opus_tags() -> Vec<u8> {
    let vendor = concat!("mediacore ", env!("CARGO_PKG_VERSION"));
    let length = (vendor.len() as u32).to_le_bytes();
    [b"OpusTags", &length[..], vendor.as_bytes(), &[0; 4]].concat()
}
