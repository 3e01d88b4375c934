"""Media engine: RTP legs, bridges and audio on native threads, without the GIL."""

try:
    from mediacore import _native
except ImportError as error:  # a checkout that was not built, or a wheel of another machine
    raise ImportError(
        "mediacore's native module is missing: build it with `make dev` in a checkout, or `pip install mediacore`"
    ) from error

from mediacore import sdp
from mediacore.bridge import Bridge
from mediacore.codecs import OpusOptions
from mediacore.conference import Conference, ConferenceStats, MemberStats
from mediacore.country_tones import CountryTones, country_tones, tone_countries
from mediacore.engine import Engine
from mediacore.errors import (
    BadAudioFile,
    BadOffer,
    ConferenceClosed,
    EngineClosed,
    EngineForked,
    LegClosed,
    MediaError,
    NoCommonCodec,
    NotAMember,
    NoTelephoneEvent,
    PortsExhausted,
    RoomFull,
)
from mediacore.events import (
    DigitPressed,
    DigitReleased,
    Event,
    Latched,
    MediaResumed,
    MediaTimeout,
    PlayFinished,
    RecordFinished,
    RemoteBye,
    Report,
    TalkerChanged,
    ToneEnded,
    ToneStarted,
    VerdictCleared,
    VerdictRaised,
)
from mediacore.leg import Leg
from mediacore.params import RtpParams
from mediacore.recorder import Beep, Recorder
from mediacore.sdp import SrtpKey, SrtpKeys
from mediacore.sound import FRAME_SAMPLES, SAMPLE_RATE_HZ, FilePlayer, Player, Source, Tap
from mediacore.srtp import Srtp, SrtpStream, new_key
from mediacore.stats import EngineStats, LegStats, LegStatsTable, ReceiveStats, Rejected, SendStats
from mediacore.tone import Tone, ToneStep
from mediacore.verdict import Verdict, verdicts, why_deaf
from mediacore.verdict_watch import VerdictWatch

__version__ = _native.version()
__all__ = [
    "FRAME_SAMPLES",
    "SAMPLE_RATE_HZ",
    "BadAudioFile",
    "BadOffer",
    "Beep",
    "Bridge",
    "Conference",
    "ConferenceClosed",
    "ConferenceStats",
    "CountryTones",
    "DigitPressed",
    "DigitReleased",
    "Engine",
    "EngineClosed",
    "EngineForked",
    "EngineStats",
    "Event",
    "FilePlayer",
    "Latched",
    "Leg",
    "LegClosed",
    "LegStats",
    "LegStatsTable",
    "MediaError",
    "MediaResumed",
    "MediaTimeout",
    "MemberStats",
    "NoCommonCodec",
    "NoTelephoneEvent",
    "NotAMember",
    "OpusOptions",
    "PlayFinished",
    "Player",
    "PortsExhausted",
    "ReceiveStats",
    "RecordFinished",
    "Recorder",
    "Rejected",
    "RemoteBye",
    "Report",
    "RoomFull",
    "RtpParams",
    "SendStats",
    "Source",
    "Srtp",
    "SrtpKey",
    "SrtpKeys",
    "SrtpStream",
    "TalkerChanged",
    "Tap",
    "Tone",
    "ToneEnded",
    "ToneStarted",
    "ToneStep",
    "Verdict",
    "VerdictCleared",
    "VerdictRaised",
    "VerdictWatch",
    "__version__",
    "country_tones",
    "new_key",
    "sdp",
    "tone_countries",
    "verdicts",
    "why_deaf",
]
