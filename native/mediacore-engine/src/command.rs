//! What the control side asks of a media thread. Whatever was made for a leg comes back when it is no longer needed, so
//! that nothing is freed on a media thread either.

use std::time::Duration;

use mediacore_rtp::DigitSender;

use crate::conference::{Conference, MemberOptions};
use crate::ids::{ConferenceId, LegId, Place, RecorderId, SoundId, TapId};
use crate::leg::{DialRefusal, Leg, Mutes, Stopped};
use crate::listeners::ToneWatch;
use crate::params::LegParams;
use crate::ports::Sockets;
use crate::recorder::RecordFeed;
use crate::reply::Reply;
use crate::sounds::Sound;
use crate::tap::TapFeed;

/// Commands that wait for one media thread; when they are so many, the next one is refused after a while.
pub const COMMANDS_MAX: usize = 256;

/// A leg with its sockets, on its way to or from a media thread.
#[derive(Debug)]
pub struct Placed {
    /// The leg.
    pub leg: Box<Leg>,
    /// Its sockets.
    pub sockets: Sockets,
}

/// One thing to do, and where to answer. A leg or a conference that is not there gives `None`.
#[derive(Debug)]
pub enum Command {
    /// Take a leg in. The leg comes back when its sockets cannot be watched.
    Attach(Box<Placed>, Reply<Option<Box<Placed>>>),
    /// Let a leg go, to another thread.
    Detach(LegId, Reply<Option<Box<Placed>>>),
    /// Say goodbye to its peer and let it go for good.
    Close(LegId, Reply<Option<Box<Placed>>>),
    /// Replace the agreement; the old one comes back.
    Update(LegId, Box<LegParams>, Reply<Option<Box<LegParams>>>),
    /// Let two legs hear each other; a leg and itself is an echo.
    Connect(LegId, LegId, Reply<Option<()>>),
    /// Let a leg hear nobody, and nobody hear it: it leaves its peer or its conference.
    Disconnect(LegId, Reply<Option<()>>),
    /// Mute and unmute.
    Mute(LegId, Mutes, Reply<Option<()>>),
    /// Play a sound; it comes back when there are too many.
    Play(
        Place,
        SoundId,
        Box<Sound>,
        Reply<Option<Result<(), Box<Sound>>>>,
    ),
    /// Send digits.
    Dial(
        LegId,
        SoundId,
        DigitSender,
        Reply<Option<Result<(), DialRefusal>>>,
    ),
    /// The signalling says that the peer pressed a digit, for so long.
    Press(LegId, char, Duration, Reply<Option<()>>),
    /// Stop a sound or digits, and tell of its end if it has one; what was stopped comes back.
    Stop(Place, SoundId, Reply<Option<Option<Stopped>>>),
    /// Copy to a tap; it comes back when there are too many.
    AddTap(Place, TapFeed, Reply<Option<Result<(), TapFeed>>>),
    /// Copy no longer.
    RemoveTap(Place, TapId, Reply<Option<Option<TapFeed>>>),
    /// Copy both directions to a recording; the feed comes back when there are too many.
    AddRecording(Place, RecordFeed, Reply<Option<Result<(), RecordFeed>>>),
    /// Record no longer.
    RemoveRecording(Place, RecorderId, Reply<Option<Option<RecordFeed>>>),
    /// Watch for tones, or for nothing; the watch before comes back.
    Watch(
        LegId,
        Option<Box<ToneWatch>>,
        Reply<Option<Option<Box<ToneWatch>>>>,
    ),
    /// Take a conference in.
    OpenConference(Box<Conference>, Reply<()>),
    /// Let a conference go; its members hear nobody.
    CloseConference(ConferenceId, Reply<Option<Box<Conference>>>),
    /// Give a leg a seat, or other options.
    Join(ConferenceId, LegId, MemberOptions, Reply<Option<()>>),
    /// Say goodbye to every peer and end the thread.
    Finish(Reply<()>),
}
