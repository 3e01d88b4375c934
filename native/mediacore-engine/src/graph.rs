//! Who hears whom, and how: decided by pure functions when something changed, never per packet.
//!
//! | hears | what is sent to the leg |
//! |---|---|
//! | nothing | no RTP |
//! | packets | its peer's packets, undecoded, renumbered |
//! | frames | frames of 20 ms made here: its peer decoded, its sounds, or silence |

use crate::format::{CodecId, Formats, Rates};
use crate::frame::Rate;

/// What a codec with a choice of rates is heard and sent at while there is nobody else: prompts and voicemail have no more.
const ALONE: Rate = Rate::Khz16;

/// What the decision needs to know of one leg.
#[derive(Debug, Clone, Copy)]
pub struct Party<'a> {
    /// What was agreed with it.
    pub formats: &'a Formats,
    /// What it sends: the codec of its newest packet, before that its preferred one.
    pub sends: Option<CodecId>,
    /// At which rates it can be heard: those of what it sends.
    pub heard: Rates,
    /// At which rates we can send to it.
    pub sent: Rates,
    /// The agreed direction lets us send.
    pub may_be_sent: bool,
    /// The agreed direction lets it be heard.
    pub may_be_heard: bool,
    /// One of its directions is muted: silence is made in its place.
    pub is_muted: bool,
    /// A tap or a tone watch needs its audio.
    pub is_listened_to: bool,
    /// Tones, sources or digits are sent to it.
    pub has_sounds: bool,
    /// It gets silence when there is nothing else.
    pub wants_silence: bool,
}

/// What is sent to a leg.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Hears {
    /// No RTP.
    #[default]
    Nothing,
    /// The peer's packets.
    Packets,
    /// Frames made here.
    Frames,
}

/// The part that a leg plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Role {
    /// What is sent to it.
    pub hears: Hears,
    /// Whether what it sends is decoded.
    pub is_decoded: bool,
    /// The rate that those who hear it want.
    pub heard_at: Rate,
    /// The rate that frames for it are encoded at.
    pub sent_at: Rate,
}

impl Party<'_> {
    /// The rate of what it says to `listener`: the lower one of what the two can.
    fn rate_to(&self, listener: &Party) -> Rate {
        self.heard.best().min(listener.sent.best())
    }
}

/// A leg that hears nobody else.
#[must_use]
pub fn alone(leg: Party) -> Role {
    Role {
        hears: frames_if(leg, leg.has_sounds || leg.wants_silence),
        is_decoded: leg.is_listened_to,
        heard_at: leg.heard.nearest(ALONE),
        sent_at: leg.sent.nearest(ALONE),
    }
}

/// A leg that hears itself.
#[must_use]
pub fn echo(leg: Party) -> Role {
    pair(leg, leg).0
}

/// A member of a conference that mixes at `mix`: `hears` says whether it hears the others, `is_heard` whether they hear it.
#[must_use]
pub fn member(leg: Party, mix: Rate, hears: bool, is_heard: bool) -> Role {
    Role {
        hears: frames_if(leg, hears || leg.has_sounds || leg.wants_silence),
        is_decoded: leg.may_be_heard && is_heard || leg.is_listened_to,
        heard_at: mix,
        sent_at: leg.sent.nearest(mix),
    }
}

/// Two legs that hear each other. Undecoded when each may be sent what the other sends and nothing needs the audio.
#[must_use]
pub fn pair(a: Party, b: Party) -> (Role, Role) {
    let is_needed =
        |leg: Party| leg.is_listened_to || leg.has_sounds || leg.is_muted || !leg.may_be_heard;
    if !is_needed(a) && !is_needed(b) && can_forward(a, b) && can_forward(b, a) {
        return (forwarded(a), forwarded(b));
    }
    (decoded(a, b), decoded(b, a))
}

fn forwarded(leg: Party) -> Role {
    Role {
        hears: if leg.may_be_sent {
            Hears::Packets
        } else {
            Hears::Nothing
        },
        ..Role::default()
    }
}

/// The role of `leg` whose peer is decoded; of two legs in a codec that we cannot decode the packets are all there is.
fn decoded(leg: Party, peer: Party) -> Role {
    if peer.sends.is_some_and(|codec| !codec.is_decodable()) && can_forward(peer, leg) {
        return forwarded(leg);
    }
    Role {
        hears: frames_if(leg, true),
        is_decoded: leg.may_be_heard,
        heard_at: leg.rate_to(&peer),
        sent_at: leg.sent.nearest(peer.rate_to(&leg)),
    }
}

fn frames_if(leg: Party, wanted: bool) -> Hears {
    let is_possible = leg.may_be_sent && leg.formats.encodable().is_some();
    if wanted && is_possible {
        Hears::Frames
    } else {
        Hears::Nothing
    }
}

/// Whether what `from` sends was agreed with `to`.
fn can_forward(from: Party, to: Party) -> bool {
    from.sends
        .is_some_and(|codec| to.formats.by_codec(codec).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::{Format, G722, OPUS, PCMA, PCMU, TELEPHONE_EVENT};

    const G729: CodecId = CodecId(99);

    fn formats(codecs: &[CodecId]) -> Formats {
        let format = |codec: &CodecId| Format {
            payload_type: codec.0 as u8,
            codec: *codec,
            clock_rate_hz: 8000,
        };
        Formats::new(codecs.iter().map(format).collect())
    }

    fn party(formats: &Formats) -> Party<'_> {
        let sends = formats.preferred().map(|format| format.codec);
        Party {
            formats,
            sends,
            heard: sends.map_or(Rates::Only(Rate::Khz8), CodecId::rates),
            sent: sends.map_or(Rates::Only(Rate::Khz8), CodecId::rates),
            may_be_sent: true,
            may_be_heard: true,
            is_muted: false,
            is_listened_to: false,
            has_sounds: false,
            wants_silence: false,
        }
    }

    const FORWARDED: Role = Role {
        hears: Hears::Packets,
        is_decoded: false,
        heard_at: Rate::Khz8,
        sent_at: Rate::Khz8,
    };
    const DECODED: Role = Role {
        hears: Hears::Frames,
        is_decoded: true,
        ..FORWARDED
    };

    #[test]
    fn equal_codecs_are_forwarded() {
        let (a, b) = (formats(&[PCMU, TELEPHONE_EVENT]), formats(&[PCMA, PCMU]));
        let mut b = party(&b);
        b.sends = Some(PCMU);
        assert_eq!(pair(party(&a), b), (FORWARDED, FORWARDED));
    }

    #[test]
    fn a_codec_that_the_other_did_not_agree_to_is_transcoded_both_ways() {
        let (a, b) = (formats(&[PCMU]), formats(&[PCMA]));
        assert_eq!(pair(party(&a), party(&b)), (DECODED, DECODED));
    }

    #[test]
    fn one_that_sends_another_agreed_codec_changes_the_decision() {
        let (a, b) = (formats(&[PCMU, PCMA]), formats(&[PCMU]));
        let mut a = party(&a);
        assert_eq!(pair(a, party(&b)), (FORWARDED, FORWARDED));
        a.sends = Some(PCMA);
        assert_eq!(pair(a, party(&b)), (DECODED, DECODED));
    }

    #[test]
    fn whatever_needs_the_audio_makes_both_decoded() {
        let both = formats(&[PCMU]);
        let listened = Party {
            is_listened_to: true,
            ..party(&both)
        };
        let played_to = Party {
            has_sounds: true,
            ..party(&both)
        };
        assert_eq!(pair(listened, party(&both)), (DECODED, DECODED));
        assert_eq!(pair(party(&both), played_to), (DECODED, DECODED));
    }

    #[test]
    fn a_leg_on_hold_is_sent_nothing_and_its_peer_hears_silence() {
        let both = formats(&[PCMU]);
        let held = Party {
            may_be_sent: false,
            may_be_heard: false,
            ..party(&both)
        };
        let (to_held, to_peer) = pair(held, party(&both));
        assert_eq!(to_held, Role::default());
        assert_eq!(to_peer.hears, Hears::Frames);
    }

    #[test]
    fn one_that_only_talks_is_forwarded_one_way() {
        let both = formats(&[PCMU]);
        let announcer = Party {
            may_be_sent: false,
            ..party(&both)
        };
        let (to_announcer, to_peer) = pair(announcer, party(&both));
        assert_eq!(
            (to_announcer.hears, to_peer.hears),
            (Hears::Nothing, Hears::Packets)
        );
    }

    #[test]
    fn silence_is_made_in_place_of_one_that_is_muted() {
        let both = formats(&[PCMU]);
        let muted = Party {
            is_muted: true,
            ..party(&both)
        };
        assert_eq!(pair(muted, party(&both)), (DECODED, DECODED));
    }

    #[test]
    fn a_codec_that_we_cannot_decode_is_forwarded_even_if_somebody_wanted_to_listen() {
        let both = formats(&[G729]);
        let listened = Party {
            is_listened_to: true,
            ..party(&both)
        };
        assert_eq!(pair(listened, party(&both)), (FORWARDED, FORWARDED));
    }

    #[test]
    fn nothing_is_sent_in_a_codec_that_nobody_agreed_to() {
        let (a, b) = (formats(&[G729]), formats(&[PCMU]));
        let (to_a, to_b) = pair(party(&a), party(&b));
        assert_eq!((to_a.hears, to_b.hears), (Hears::Nothing, Hears::Frames));
    }

    #[test]
    fn one_alone_hears_silence_or_its_sounds_or_nothing() {
        let formats = formats(&[PCMU]);
        let leg = party(&formats);
        assert_eq!(alone(leg), Role::default());
        assert_eq!(
            alone(Party {
                wants_silence: true,
                ..leg
            })
            .hears,
            Hears::Frames
        );
        assert_eq!(
            alone(Party {
                has_sounds: true,
                ..leg
            })
            .hears,
            Hears::Frames
        );
        assert!(
            alone(Party {
                is_listened_to: true,
                ..leg
            })
            .is_decoded
        );
    }

    #[test]
    fn a_member_is_decoded_when_somebody_hears_it_and_sent_frames_when_it_hears_somebody() {
        let formats = formats(&[PCMU]);
        let leg = party(&formats);
        assert_eq!(member(leg, Rate::Khz8, true, true), DECODED);
        assert!(!member(leg, Rate::Khz8, true, false).is_decoded, "muted");
        assert_eq!(
            member(leg, Rate::Khz8, false, true).hears,
            Hears::Nothing,
            "deaf"
        );
        let held = Party {
            may_be_sent: false,
            may_be_heard: false,
            ..leg
        };
        assert_eq!(member(held, Rate::Khz8, true, true), Role::default());
    }

    #[test]
    fn each_direction_has_the_lower_rate_of_the_two() {
        let (wide, narrow) = (formats(&[G722]), formats(&[PCMU]));
        let (wide, narrow) = (party(&wide), party(&narrow));
        let (to_wide, to_narrow) = pair(wide, narrow);
        assert_eq!(
            (to_wide.heard_at, to_wide.sent_at),
            (Rate::Khz8, Rate::Khz16)
        );
        assert_eq!(
            (to_narrow.heard_at, to_narrow.sent_at),
            (Rate::Khz8, Rate::Khz8)
        );
        let full = formats(&[OPUS]);
        let (to_full, to_wide) = pair(party(&full), wide);
        assert_eq!(
            (to_full.heard_at, to_full.sent_at),
            (Rate::Khz16, Rate::Khz16)
        );
        assert_eq!(
            (to_wide.heard_at, to_wide.sent_at),
            (Rate::Khz16, Rate::Khz16)
        );
        assert_eq!(pair(party(&full), narrow).0.sent_at, Rate::Khz8);
    }

    #[test]
    fn a_room_hears_all_at_the_rate_of_its_mix() {
        let (full, narrow) = (formats(&[OPUS]), formats(&[PCMU]));
        let role = member(party(&full), Rate::Khz48, true, true);
        assert_eq!((role.heard_at, role.sent_at), (Rate::Khz48, Rate::Khz48));
        let role = member(party(&narrow), Rate::Khz48, true, true);
        assert_eq!((role.heard_at, role.sent_at), (Rate::Khz48, Rate::Khz8));
    }

    #[test]
    fn an_echo_is_forwarded_unless_its_audio_is_needed() {
        let formats = formats(&[PCMU]);
        assert_eq!(echo(party(&formats)), FORWARDED);
        assert_eq!(
            echo(Party {
                is_listened_to: true,
                ..party(&formats)
            }),
            DECODED
        );
    }
}
