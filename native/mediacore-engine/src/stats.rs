//! What is measured. A leg's record is a row of 64-bit words, so that it can stand in a sequence lock and cross the
//! boundary to Python in one copy; the list below is the only place that knows its columns.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use mediacore_rtp::quality::{CodecQuality, Path};

use crate::seqlock::SeqLock;

/// How a word is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An unsigned integer.
    Count,
    /// A double; NaN says "not known".
    Real,
}

macro_rules! record {
    ($($(#[$doc:meta])* $name:ident: $type:ident,)*) => {
        /// One leg, measured. Directions are ours: "receive" is what came from the peer.
        #[derive(Debug, Clone, Copy, PartialEq)]
        pub struct LegStats {
            $($(#[$doc])* pub $name: $type,)*
        }

        /// The columns of a row, in order.
        pub const COLUMNS: &[(&str, Kind)] = &[$((stringify!($name), kind!($type)),)*];

        /// Words in a row.
        pub const WORDS: usize = COLUMNS.len();

        impl Default for LegStats {
            fn default() -> LegStats {
                LegStats { $($name: unknown!($type),)* }
            }
        }

        impl LegStats {
            /// The row of this record.
            #[must_use]
            pub fn to_words(&self) -> [u64; WORDS] {
                [$(to_word!($type, self.$name),)*]
            }

            /// The record of a row.
            #[must_use]
            pub fn from_words(words: &[u64; WORDS]) -> LegStats {
                let mut words = words.iter();
                LegStats { $($name: from_word!($type, *words.next().expect("as many words as columns")),)* }
            }
        }
    };
}

macro_rules! kind {
    (u64) => {
        Kind::Count
    };
    (f64) => {
        Kind::Real
    };
}
macro_rules! unknown {
    (u64) => {
        0
    };
    (f64) => {
        f64::NAN
    };
}
macro_rules! to_word {
    (u64, $value:expr) => {
        $value
    };
    (f64, $value:expr) => {
        $value.to_bits()
    };
}
macro_rules! from_word {
    (u64, $word:expr) => {
        $word
    };
    (f64, $word:expr) => {
        f64::from_bits($word)
    };
}

record! {
    /// The leg's number.
    leg: u64,
    /// Bits 0 and 1: the agreed direction lets us send, receive; 2 and 3: muted towards the peer, from the peer;
    /// 4: an address of the peer is known; 5: in a conference; 6: talking there; 7: SRTP; 8: the newest packet of the peer was comfort noise.
    flags: u64,
    /// Moment of this record, seconds of CLOCK_MONOTONIC.
    measured_at_s: f64,
    /// Seconds since the leg was opened.
    age_s: f64,
    /// Packets handed to a peer undecoded.
    forwarded_packets: u64,
    /// Packets decoded.
    decoded_packets: u64,
    /// Address that packets are sent to, upper half of its IPv6 form.
    remote_high: u64,
    /// Lower half.
    remote_low: u64,
    /// Its port; 0: nobody is sent to.
    remote_port: u64,
    /// 1 when that address was learned from packets.
    is_latched: u64,
    /// Round trip to the peer by RTCP (RFC 3550 6.4.1).
    rtt_ms: f64,
    /// Accepted RTP packets.
    receive_packets: u64,
    /// Their payload octets.
    receive_octets: u64,
    /// Expected but never come (RFC 3550 A.3).
    receive_lost: u64,
    /// `receive_lost` over what was expected.
    receive_lost_ratio: f64,
    /// Mean run of lost packets over that of random loss (ITU-T G.107 BurstR).
    receive_burst_ratio: f64,
    /// Part of the packets of bursts that were lost (RFC 3611 4.7.2).
    receive_burst_density: f64,
    /// The same for gaps.
    receive_gap_density: f64,
    /// Mean length of a burst.
    receive_burst_ms: f64,
    /// Mean length of a gap.
    receive_gap_ms: f64,
    /// Interarrival jitter (RFC 3550 6.4.1).
    receive_jitter_ms: f64,
    /// Twice the same sequence number.
    receive_duplicates: u64,
    /// Overtaken by a later one.
    receive_reordered: u64,
    /// Came after their moment to be played.
    receive_late: u64,
    /// Lost, and made again from the packet after (Opus with FEC).
    receive_recovered: u64,
    /// Of a codec that was agreed, and yet no packets of it.
    receive_undecodable: u64,
    /// Changes of the peer's SSRC.
    receive_ssrc_changes: u64,
    /// Changes of the codec in what was decoded.
    receive_codec_changes: u64,
    /// Digits that the peer pressed (RFC 4733).
    receive_digits: u64,
    /// Digits that came faster than anybody presses them, and were left out.
    receive_digits_refused: u64,
    /// Payload type of the newest packet.
    receive_payload_type: u64,
    /// Its codec's number; 0: none yet.
    receive_codec: u64,
    /// RMS level of the newest frames that were decoded.
    receive_level_dbfs: f64,
    /// Of what was decoded, frames with samples at the end of the scale.
    receive_clipped_ms: u64,
    /// Of what was decoded, frames without a voice: below -60 dBFS.
    receive_quiet_ms: u64,
    /// Audio played out of the jitter buffer.
    played_ms: f64,
    /// Of that, made up in place of what was missing, or silence once that had faded.
    concealed_ms: f64,
    /// Taken out of what was played, to shorten the delay.
    shortened_ms: f64,
    /// Put into it, to lengthen the delay.
    lengthened_ms: f64,
    /// Delay that the jitter buffer aims at.
    buffer_ms: f64,
    /// Delay that it has, behind the fastest packet.
    playout_delay_ms: f64,
    /// Since the last accepted packet; or since the leg listens.
    silent_ms: f64,
    /// Not RTP or RTCP at all.
    rejected_malformed: u64,
    /// From a host that nobody named.
    rejected_host: u64,
    /// From another port of the right host.
    rejected_port: u64,
    /// Before a peer was known.
    rejected_no_peer: u64,
    /// Well-formed, but of a payload type that was not agreed.
    rejected_payload_type: u64,
    /// The payload type that was refused last.
    rejected_payload_type_last: u64,
    /// Not sealed with the agreed keys: another key, plain RTP, or not from the peer (SRTP).
    rejected_unauthenticated: u64,
    /// RTP among these since the last packet that was genuine.
    unauthenticated_run: u64,
    /// Sealed with the agreed keys, but taken before or too old (RFC 3711 3.3.2).
    rejected_replayed: u64,
    /// From more sources than a leg follows.
    rejected_ssrcs: u64,
    /// Taken and then dropped, because the direction, a mute or the peer of the bridge does not want them.
    unheard_packets: u64,

    /// RTP packets sent.
    send_packets: u64,
    /// Their payload octets.
    send_octets: u64,
    /// The system refused to send.
    send_errors: u64,
    /// Had nowhere to go: no address is known.
    send_nowhere: u64,
    /// Digits of another leg that were left out, since too many waited already.
    send_digits_refused: u64,
    /// Codec sent last.
    send_codec: u64,
    /// RMS level of the newest frames that we made.
    send_level_dbfs: f64,
    /// Of what we made, frames below -60 dBFS.
    send_quiet_ms: u64,
    /// Lost on the way to the peer, by its last RTCP report.
    send_lost: u64,
    /// Fraction lost in that report's interval.
    send_lost_ratio: f64,
    /// Jitter at the peer, by that report.
    send_jitter_ms: f64,
    /// Came too late for the peer to play, by its extended report (RFC 3611).
    send_discarded_ratio: f64,
    /// Part of the packets of bursts that were lost on the way to the peer, by that report.
    send_burst_density: f64,
    /// MOS of the conversation, as the peer reckons it.
    send_reported_mos: f64,
    /// RTCP packets taken.
    rtcp_received: u64,
    /// RTCP packets sent.
    rtcp_sent: u64,
    /// Frames that taps and recordings had to drop.
    tap_dropped_frames: u64,
}

/// Milliseconds of speech in a packet, which must be spoken before it can be sent.
const PACKET_MS: f64 = 20.0;

fn path(one_way_delay_ms: f64, lost_ratio: f64, burst_ratio: f64) -> Path {
    Path {
        one_way_delay_ms,
        lost_ratio,
        burst_ratio,
        codec: CodecQuality::G711_CONCEALED,
    }
}

/// Where a leg's media thread leaves its record, and everybody else finds it.
pub type StatsCell = Arc<SeqLock<WORDS>>;

impl LegStats {
    /// Estimate from mouth to ear of what is heard here, ms: half the round trip (none, as long as nobody reported),
    /// one packet and the jitter buffer.
    #[must_use]
    pub fn one_way_delay_ms(&self) -> f64 {
        let or_zero = |ms: f64| if ms.is_nan() { 0.0 } else { ms };
        or_zero(self.rtt_ms) / 2.0 + PACKET_MS + or_zero(self.buffer_ms)
    }

    /// Part of the audio played that was made up, 0 to 1; NaN when none was played here.
    #[must_use]
    pub fn concealed_ratio(&self) -> f64 {
        if self.played_ms > 0.0 {
            self.concealed_ms / self.played_ms
        } else {
            f64::NAN
        }
    }

    /// Mean opinion score of what is heard here (ITU-T G.107), 1 to 4.5; NaN when nothing was. Reckoned by who reads the
    /// record: the media thread has better things to do.
    #[must_use]
    pub fn mos(&self) -> f64 {
        if self.receive_packets == 0 {
            return f64::NAN;
        }
        self.receive_path().mos()
    }

    /// The transmission rating R of the same, 0 to 93.2.
    #[must_use]
    pub fn rating(&self) -> f64 {
        self.receive_path().rating()
    }

    fn receive_path(&self) -> Path {
        // What came too late was not played either.
        let lost_ratio = self.receive_lost_ratio.max(self.concealed_ratio());
        let burst_ratio = self.receive_burst_ratio.max(1.0);
        path(self.one_way_delay_ms(), lost_ratio, burst_ratio)
    }

    /// The same score for what the peer hears, by its last report; NaN without one.
    #[must_use]
    pub fn send_mos(&self) -> f64 {
        if self.send_lost_ratio.is_nan() {
            return f64::NAN;
        }
        path(self.one_way_delay_ms(), self.send_lost_ratio, 1.0).mos()
    }

    /// Notes where packets are sent.
    pub fn set_remote(&mut self, remote: Option<SocketAddr>) {
        let bits = match remote.map(|address| address.ip()) {
            Some(IpAddr::V4(host)) => host.to_ipv6_mapped().to_bits(),
            Some(IpAddr::V6(host)) => host.to_bits(),
            None => 0,
        };
        self.remote_high = (bits >> 64) as u64;
        self.remote_low = bits as u64;
        self.remote_port = remote.map_or(0, |address| u64::from(address.port()));
    }

    /// Where packets are sent.
    #[must_use]
    pub fn remote(&self) -> Option<SocketAddr> {
        let port = u16::try_from(self.remote_port)
            .ok()
            .filter(|port| *port != 0)?;
        let bits = u128::from(self.remote_high) << 64 | u128::from(self.remote_low);
        Some(SocketAddr::new(
            IpAddr::V6(Ipv6Addr::from_bits(bits)).to_canonical(),
            port,
        ))
    }
}

/// The whole engine, at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct EngineStats {
    /// Legs that are not closed.
    pub legs: usize,
    /// Bridges and echoes that are not closed.
    pub bridges: usize,
    /// Conferences that are not closed.
    pub conferences: usize,
    /// Ports taken from the range, two a leg.
    pub ports_in_use: usize,
    /// Pairs of ports in the range.
    pub port_pairs: usize,
    /// UDP sockets open.
    pub sockets: usize,
    /// Media threads.
    pub threads: usize,
    /// Processor time used by media threads.
    pub busy_s: f64,
    /// Times that media threads were woken.
    pub wakes: u64,
    /// Frame ticks that came more than a frame late.
    pub late_ticks: u64,
    /// Reports dropped because nobody fetched events.
    pub events_dropped: u64,
    /// Commands refused because a media thread did not take them in time.
    pub commands_refused: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_survives_the_way_through_words() {
        let mut record = LegStats {
            leg: 7,
            receive_lost_ratio: 0.05,
            rtt_ms: 12.5,
            ..LegStats::default()
        };
        record.set_remote(Some("192.0.2.7:4000".parse().expect("an address")));
        let back = LegStats::from_words(&record.to_words());
        assert_eq!(back.remote(), record.remote());
        assert_eq!(
            (back.leg, back.receive_lost_ratio, back.rtt_ms),
            (7, 0.05, 12.5)
        );
        assert!(back.send_jitter_ms.is_nan(), "not known yet");
    }

    #[test]
    fn the_score_falls_with_loss_and_is_unknown_without_packets() {
        assert!(LegStats::default().mos().is_nan());
        let at = |receive_lost_ratio: f64| {
            LegStats {
                receive_packets: 1000,
                receive_lost_ratio,
                receive_burst_ratio: 1.0,
                ..LegStats::default()
            }
            .mos()
        };
        assert!(at(0.0) > 4.3 && at(0.05) < at(0.0) - 0.3 && at(0.2) < at(0.05) - 0.8);
        let late = LegStats {
            receive_packets: 1000,
            receive_lost_ratio: 0.0,
            played_ms: 1000.0,
            concealed_ms: 200.0,
            ..LegStats::default()
        };
        assert!(late.mos() < 3.0, "what came too late was not heard");
    }

    #[test]
    fn remote_addresses_keep_their_family() {
        for text in ["192.0.2.7:4000", "[2001:db8::7]:4000"] {
            let mut record = LegStats::default();
            record.set_remote(Some(text.parse().expect("an address")));
            assert_eq!(record.remote().expect("it was set").to_string(), text);
        }
        assert_eq!(LegStats::default().remote(), None);
    }
}
