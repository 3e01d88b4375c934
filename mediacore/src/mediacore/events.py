"""What happens in an engine, as values for `match`. `leg` is the Leg that it happened to, `room` the Conference.

Moments (`at`) are seconds of `time.monotonic()`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

if TYPE_CHECKING:
    from mediacore.conference import Conference
    from mediacore.leg import Leg
    from mediacore.verdict import Verdict

RecordEnd: TypeAlias = Literal[
    "closed", "leg-closed", "max-duration", "max-bytes", "max-silence", "disk-full", "write-failed"
]
"""Why a recording ended: `close()`, the end of its leg or conference, a limit, or trouble with the disk."""


@dataclass(frozen=True, slots=True)
class Latched:
    """Packets from `remote` are taken, and ours go there: the peer's address as it really is."""

    leg: Leg
    remote: tuple[str, int]


@dataclass(frozen=True, slots=True)
class MediaTimeout:
    """Nothing usable has come for `silent_s` although the leg should hear something. Once, until something comes."""

    leg: Leg
    silent_s: float


@dataclass(frozen=True, slots=True)
class MediaResumed:
    """The first packet after a MediaTimeout."""

    leg: Leg


@dataclass(frozen=True, slots=True)
class ToneStarted:
    """A tone that the leg watches for is heard, `level_dbfs` loud (0 dBFS: a full-scale sine)."""

    leg: Leg
    hz: float
    level_dbfs: float
    at: float


@dataclass(frozen=True, slots=True)
class ToneEnded:
    """It is heard no longer, after `duration_ms`."""

    leg: Leg
    hz: float
    duration_ms: float
    at: float


@dataclass(frozen=True, slots=True)
class DigitPressed:
    """The peer presses `digit` (0-9, *, #, A-D), which is told of once: with its first packet (RFC 4733), some 40 ms
    into its tones, or when the signalling says so.
    """

    leg: Leg
    digit: str
    at: float


@dataclass(frozen=True, slots=True)
class DigitReleased:
    """It is over, after `duration_ms` as its packets say; follows each DigitPressed."""

    leg: Leg
    digit: str
    duration_ms: float
    at: float


@dataclass(frozen=True, slots=True)
class PlayFinished:
    """The tone, file or digits numbered `player` came to an end; not `completed`: stopped, or it could not go on.

    It played to `leg`, or to a conference: then that is None, and `room` is it.
    """

    leg: Leg | None
    player: int
    completed: bool
    room: Conference | None = None


@dataclass(frozen=True, slots=True)
class RecordFinished:
    """The recording numbered `recorder` has ended, and its file is whole. Comes even when its leg is closed.

    It was of `leg`, or of a conference: then that is None, and `room` is it.
    """

    leg: Leg | None
    recorder: int
    reason: RecordEnd
    duration_ms: float
    room: Conference | None = None


@dataclass(frozen=True, slots=True)
class TalkerChanged:
    """A member of the conference `room` begins to talk, or has not talked for 600 ms. May be dropped, as Report.

    One who leaves or is removed talks no more either, which is not told of.
    """

    leg: Leg
    room: Conference
    is_talking: bool
    at: float


@dataclass(frozen=True, slots=True)
class RemoteBye:
    """The peer said goodbye in RTCP. The leg stays open: the signalling decides."""

    leg: Leg


@dataclass(frozen=True, slots=True)
class Report:
    """`leg.stats()` is worth a look; comes every `report_every_ms`. May be dropped when nobody fetches events."""

    leg: Leg


@dataclass(frozen=True, slots=True)
class VerdictRaised:
    """Something is wrong with the leg: `verdict` says what, with its evidence and its remedy.

    Comes before the Report with which it was noticed: within 3 s of the cause where `report_every_ms` is 1000 or less.
    """

    leg: Leg
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class VerdictCleared:
    """It is wrong no longer. `verdict` is as it was noticed last."""

    leg: Leg
    verdict: Verdict


Event: TypeAlias = (
    Latched
    | MediaTimeout
    | MediaResumed
    | ToneStarted
    | ToneEnded
    | DigitPressed
    | DigitReleased
    | PlayFinished
    | RecordFinished
    | TalkerChanged
    | RemoteBye
    | Report
    | VerdictRaised
    | VerdictCleared
)

BY_NAME: dict[str, type[Event]] = {kind.__name__: kind for kind in get_args(Event)}
