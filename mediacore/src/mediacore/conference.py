"""Many legs that hear each other: every member hears the sum of the others."""

from __future__ import annotations

from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Self

from mediacore import _native
from mediacore.errors import ConferenceClosed
from mediacore.sound import SAMPLE_RATE_HZ, Player, Source, Tap, frames_of
from mediacore.tone import LEVEL_DBFS, Tone

if TYPE_CHECKING:
    from mediacore.engine import Engine
    from mediacore.leg import Leg

LOUDEST_MAX = 16
GAIN_MAX_DB = 20.0
GAIN_MIN_DB = -72.0  # below it nothing is left


@dataclass(frozen=True, slots=True)
class MemberStats:
    """One member at one moment."""

    leg: Leg
    is_muted: bool
    is_deaf: bool
    gain_db: float
    is_talking: bool
    level_dbfs: float | None
    """RMS of its newest 20 ms, before the gain; None while nobody needs what it says."""


@dataclass(frozen=True, slots=True)
class ConferenceStats:
    """A conference at one moment."""

    members: tuple[MemberStats, ...] = ()
    """In the order in which they came."""
    mixed: int = 0
    """Members who are heard now: not muted, not silent, and in a crowd among the loudest."""
    talking: int = 0
    frames: int = 0
    """Frames of 20 ms mixed so far."""
    limited_frames: int = 0
    """Of them, turned down because they would have been too loud."""
    shared_encodings: int = 0
    """Encodings of the mix that all share who are not in it."""
    shared_frames: int = 0
    """Frames that members were sent out of those."""
    tap_dropped_frames: int = 0
    """Frames that taps and recordings of the room had to drop."""

    @property
    def talkers(self) -> tuple[Leg, ...]:
        """Those who talk."""
        return tuple(member.leg for member in self.members if member.is_talking)


class Conference:
    """Made by `Engine.conference()`; ends with `close()`, or when its `with` is left. Its members stay open then.

    A leg is in one conference or bridge at a time: coming here it leaves the other. It goes to the conference's media
    thread, and what its peer says meanwhile is not lost.
    """

    def __init__(self, engine: Engine, native: _native.Conference, max_members: int) -> None:
        self.engine = engine
        self.native = native
        self.id = native.id()
        self.max_members = max_members
        self.is_closed = False
        self._last_stats = ConferenceStats()

    def add(self, leg: Leg, *, muted: bool = False, deaf: bool = False, gain_db: float = 0.0) -> None:
        """Lets a leg in; of one who is in it, changes how. Raises RoomFull, LegClosed, ConferenceClosed.

        `muted`: nobody hears it; `deaf`: it hears nobody; `gain_db`: so much louder for the others, -72 to 20.
        """
        self.native.join(leg.id, muted, deaf, gain(gain_db))

    def remove(self, leg: Leg) -> None:
        """Lets a leg out: it hears nobody. One that is not here needs nothing."""
        self.native.leave(leg.id)

    def change(
        self, leg: Leg, *, muted: bool | None = None, deaf: bool | None = None, gain_db: float | None = None
    ) -> None:
        """Changes how a member hears and is heard; None leaves it as it is. Raises NotAMember."""
        self.native.change(leg.id, muted, deaf, None if gain_db is None else gain(gain_db))

    def mute(self, leg: Leg) -> None:
        """Nobody hears it any more. Raises NotAMember."""
        self.change(leg, muted=True)

    def unmute(self, leg: Leg) -> None:
        """The others hear it again. Raises NotAMember."""
        self.change(leg, muted=False)

    @property
    def members(self) -> tuple[Leg, ...]:
        """Who is in it, in the order in which they came."""
        if self.is_closed:
            return ()
        return tuple(leg for number, *_ in self.native.members() if (leg := self.engine.leg_by_id(number)) is not None)

    def __contains__(self, leg: object) -> bool:
        return leg in self.members

    def play_tone(self, hz: float, *, level_dbfs: float = -10.0, duration_ms: int | None = None) -> Player:
        """Plays a sine to all, until it is stopped or `duration_ms` are over; then PlayFinished comes."""
        return Player(self, self.engine.native.play_tone(self.open_number(), hz, level_dbfs, duration_ms))

    def play_tones(self, tone: Tone, *, level_dbfs: float = LEVEL_DBFS) -> Player:
        """Plays a tone in time to all, see `mediacore.Leg.play_tones`."""
        return Player(
            self, self.engine.native.play_cadence(self.open_number(), tone.native(level_dbfs), tone.repeat_from)
        )

    def source(self, *, rate_hz: int = SAMPLE_RATE_HZ, buffer_ms: int = 2000) -> Source:
        """Plays to all what is written to it, see `mediacore.Leg.source`."""
        number, native = self.engine.native.play_source(self.open_number(), rate_hz, buffer_ms)
        return Source(self, number, native, rate_hz)

    def tap(self, *, rate_hz: int = SAMPLE_RATE_HZ, buffer_ms: int = 2000) -> Tap:
        """Copies the mix of all, see `mediacore.Leg.tap`."""
        number, native = self.engine.native.tap(self.open_number(), False, frames_of(buffer_ms), rate_hz)
        return Tap(self, number, native, rate_hz)

    def stats(self) -> ConferenceStats:
        """What was measured, up to the newest 20 ms; of a closed conference, what was measured last."""
        if self.is_closed:
            return self._last_stats
        table = self.engine.leg_stats()
        members = [
            MemberStats(leg, is_muted, is_deaf, gain_db, table[number].is_talking, table[number].receive.level_dbfs)
            for number, is_muted, is_deaf, gain_db in self.native.members()
            if (leg := self.engine.leg_by_id(number)) is not None and number in table
        ]
        return ConferenceStats(members=tuple(members), **self.native.stats())

    def close(self) -> None:
        """Its members hear nobody, and stay open; a second call does nothing."""
        if not self.is_closed:
            self.retire()
            self.engine.forget_conference(self)

    def retire(self) -> None:
        """Called by an engine that closes: keeps the last figures."""
        self._last_stats = self.stats()
        self.is_closed = True

    def open_number(self) -> int:
        """For the native module, which cannot tell a closed conference from a closed leg. Raises ConferenceClosed."""
        if self.is_closed:
            raise ConferenceClosed(self.id)
        return self.id

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Conference {self.id}{' closed' if self.is_closed else ''}>"


def gain(gain_db: float) -> float:
    """For the native module. Raises ValueError for more than GAIN_MAX_DB."""
    if not gain_db <= GAIN_MAX_DB:  # not a number is refused too
        raise ValueError(f"gain_db={gain_db}: at most {GAIN_MAX_DB:g}")
    return max(gain_db, GAIN_MIN_DB)
