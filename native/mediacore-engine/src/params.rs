//! What was agreed for a leg, as the engine wants it: addresses resolved, codecs numbered.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use mediacore_audio::codec::opus::OpusParams;

use crate::encoding::EncodingParams;
use crate::format::{Formats, Rates};
use crate::frame::Rate;
use crate::outgoing::Speech;
use crate::transport::SrtpParams;

/// Who sends, from our point of view (RFC 3264 6.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Direction {
    /// Both ways.
    #[default]
    SendRecv,
    /// We send only: the peer holds, or listens to us.
    SendOnly,
    /// We listen only.
    RecvOnly,
    /// Neither; RTCP goes on.
    Inactive,
}

impl Direction {
    /// Whether RTP may go to the peer.
    #[must_use]
    pub fn sends(self) -> bool {
        matches!(self, Direction::SendRecv | Direction::SendOnly)
    }

    /// Whether RTP from the peer is wanted.
    #[must_use]
    pub fn receives(self) -> bool {
        matches!(self, Direction::SendRecv | Direction::RecvOnly)
    }
}

impl std::str::FromStr for Direction {
    type Err = ();

    fn from_str(text: &str) -> Result<Direction, ()> {
        match text {
            "sendrecv" => Ok(Direction::SendRecv),
            "sendonly" => Ok(Direction::SendOnly),
            "recvonly" => Ok(Direction::RecvOnly),
            "inactive" => Ok(Direction::Inactive),
            _ => Err(()),
        }
    }
}

/// What is done about digits beside what the formats say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DigitUse {
    /// The peer's digits are tones in its sound, and digits go to it as tones: it agreed to no telephone-event, or
    /// stands behind something that did and does not pass them on.
    pub in_band: bool,
    /// Nobody hears the peer's digits, nor does a recording or a tap, however they come; they are told of alone. What
    /// the peer says comes 60 ms later then.
    pub hidden: bool,
}

/// One leg's agreement; replaced as a whole by an update.
#[derive(Debug, Clone, PartialEq)]
pub struct LegParams {
    /// Where the peer wants RTP; none as long as it has not said.
    pub remote: Option<SocketAddr>,
    /// Where it wants RTCP, when that is neither multiplexed nor one port above.
    pub remote_rtcp: Option<SocketAddr>,
    /// Where the signalling came from: media from that host is taken as well.
    pub signalling_host: Option<IpAddr>,
    /// The opt-in to take the first source, whoever it is.
    pub accept_any_source: bool,
    /// What may be sent, best first, numbered as the peer wants it.
    pub formats: Formats,
    /// What may arrive, numbered as we said; the same as `formats` in nearly every agreement (RFC 3264 5.1).
    pub receive_formats: Formats,
    /// Who sends.
    pub direction: Direction,
    /// Audio in one packet that we make: 10 to 60 ms, by tens.
    pub ptime_ms: u32,
    /// How Opus is encoded for the peer.
    pub opus: OpusParams,
    /// The highest rate that the peer plays Opus at (`maxplaybackrate`, RFC 7587 6.1).
    pub opus_rate: Rate,
    /// RTP and RTCP share a port (RFC 5761).
    pub rtcp_mux: bool,
    /// Keys of both directions; none: plain RTP.
    pub srtp: Option<SrtpParams>,
    /// Send silence when there is nothing else to send, so that NATs and the peer's latch open.
    pub send_silence: bool,
    /// After how long a silent peer is worth a `MediaTimeout`; none: never.
    pub media_timeout: Option<Duration>,
    /// How often a `Report` is wanted; none: never.
    pub report_every: Option<Duration>,
    /// Where digits are, and who may hear them.
    pub digits: DigitUse,
}

impl Default for LegParams {
    fn default() -> LegParams {
        LegParams {
            remote: None,
            remote_rtcp: None,
            signalling_host: None,
            accept_any_source: false,
            formats: Formats::default(),
            receive_formats: Formats::default(),
            direction: Direction::SendRecv,
            ptime_ms: 20,
            opus: OpusParams::default(),
            opus_rate: Rate::Khz48,
            rtcp_mux: false,
            srtp: None,
            send_silence: true,
            media_timeout: Some(Duration::from_secs(30)),
            report_every: None,
            digits: DigitUse::default(),
        }
    }
}

impl LegParams {
    /// Where RTCP goes by the agreement.
    #[must_use]
    pub fn rtcp_address(&self) -> Option<SocketAddr> {
        let above = |rtp: SocketAddr| SocketAddr::new(rtp.ip(), rtp.port().saturating_add(1));
        match (self.rtcp_mux, self.remote_rtcp) {
            (true, _) => self.remote,
            (false, Some(address)) => Some(address),
            (false, None) => self.remote.filter(|rtp| rtp.port() != 0).map(above),
        }
    }

    /// At which rates we can send.
    #[must_use]
    pub fn sent(&self) -> Rates {
        let format = self.formats.encodable();
        match format.map(|format| format.codec.rates()) {
            Some(Rates::UpTo(best)) => Rates::UpTo(best.min(self.opus_rate)),
            Some(only) => only,
            None => Rates::Only(Rate::default()),
        }
    }

    /// How frames go to the peer, encoded at `rate`; none when no codec for it was agreed.
    #[must_use]
    pub fn speech(&self, rate: Rate) -> Option<Speech> {
        let format = self.formats.encodable()?;
        let kind = format.codec.kind()?;
        let encoding = EncodingParams::new(kind, rate, self.ptime_ms, self.opus);
        Some(Speech { format, encoding })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> SocketAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn rtcp_goes_one_port_above_unless_it_is_said_or_multiplexed() {
        let mut params = LegParams {
            remote: Some(at("192.0.2.1:4000")),
            ..LegParams::default()
        };
        assert_eq!(params.rtcp_address(), Some(at("192.0.2.1:4001")));
        params.remote_rtcp = Some(at("192.0.2.2:5555"));
        assert_eq!(params.rtcp_address(), Some(at("192.0.2.2:5555")));
        params.rtcp_mux = true;
        assert_eq!(params.rtcp_address(), Some(at("192.0.2.1:4000")));
    }

    #[test]
    fn directions_are_ours() {
        let both = |text: &str| {
            text.parse::<Direction>()
                .map(|direction| (direction.sends(), direction.receives()))
        };
        assert_eq!(both("sendonly"), Ok((true, false)));
        assert_eq!(both("recvonly"), Ok((false, true)));
        assert_eq!(both("inactive"), Ok((false, false)));
        assert_eq!(both("sendrecv"), Ok((true, true)));
        assert_eq!(both("hold"), Err(()));
    }
}
