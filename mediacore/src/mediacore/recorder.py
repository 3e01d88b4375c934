"""Recordings of legs and conferences, in WAV and Ogg Opus files."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, cast

from mediacore import _native
from mediacore.country_tones import RECORDING
from mediacore.events import RecordEnd
from mediacore.sound import OnPlace
from mediacore.tone import Tone

if TYPE_CHECKING:
    from mediacore.conference import Conference
    from mediacore.leg import Leg

RecordFormat = Literal["wav", "opus"]

_RECORDING = Tone.parse(RECORDING)

OPUS_SUFFIXES = (".opus", ".ogg", ".oga")


@dataclass(frozen=True, slots=True)
class Beep:
    """A tone that tells of a recording while it goes on. `tone` comes again and again; `to` hears it.

    `country_tones("us").recording` is a country's. To let both sides of a bridge hear it, name both legs.
    """

    to: Sequence[Leg | Conference]
    tone: Tone = _RECORDING
    level_dbfs: float = -23.0


@dataclass(frozen=True, slots=True)
class RecordOptions:
    """How to record; see `Engine.record()`."""

    format: RecordFormat | None = None
    channels: Literal["stereo", "mixed"] | None = None
    max_s: float | None = None
    max_bytes: int | None = None
    max_silence_s: float | None = None
    pauses: Literal["left-out", "silent"] = "left-out"
    beep: Beep | None = None

    def native(self, path: str | os.PathLike[str], *, has_sides: bool) -> _native.RecordOptions:
        """For the native module. Raises ValueError for what does not exist."""
        if self.channels not in ("stereo", "mixed", None):
            raise ValueError(f"channels={self.channels!r}: 'stereo' or 'mixed'")
        if self.channels == "stereo" and not has_sides:
            raise ValueError("channels='stereo': a conference has one direction; 'mixed', or nothing")
        if self.pauses not in ("left-out", "silent"):
            raise ValueError(f"pauses={self.pauses!r}: 'left-out' or 'silent'")
        return _native.RecordOptions(
            format=self.format or format_of(path),
            mixed=self.channels == "mixed" or not has_sides,
            max_ms=_milliseconds(self.max_s),
            max_bytes=self.max_bytes,
            max_silence_ms=_milliseconds(self.max_silence_s),
            keeps_pauses=self.pauses == "silent",
            beep=None if self.beep is None else _native_beep(self.beep),
        )


class Recorder(OnPlace):
    """Both directions of a leg, or the mix of a conference, on the way into a file; made by `Engine.record()`.

    It ends with `close()`, when its `with` is left, with its leg or conference, or at a limit; `RecordFinished` with
    its `id` tells of that. If the process dies the file holds all but the last 200 ms, and every program plays it.
    """

    def __init__(self, place: Leg | Conference, number: int, native: _native.Recorder, path: str) -> None:
        super().__init__(place, number)
        self.path = path
        self._native = native

    def pause(self) -> None:
        """What is heard from now on is left out of the file, or is silence there; its beep is silent."""
        self.place.engine.native.pause_recorder(self.id)

    def resume(self) -> None:
        """Records again, right behind what was recorded before the pause, and beeps again."""
        self.place.engine.native.resume_recorder(self.id)

    @property
    def duration_ms(self) -> float:
        """How much is in the file."""
        return self._native.duration_ms()

    @property
    def reason(self) -> RecordEnd | None:
        """Why it ended; None: it goes on."""
        return cast("RecordEnd | None", self._native.end())

    def close(self) -> None:
        """Ends it: the file is whole when this returns. A second call does nothing."""
        self.place.engine.native.close_recorder(self.place.id, self.id)


def format_of(path: str | os.PathLike[str]) -> RecordFormat:
    """What a file of this name holds: Ogg Opus if it says so, else WAV."""
    return "opus" if os.fspath(path).lower().endswith(OPUS_SUFFIXES) else "wav"


def _native_beep(beep: Beep) -> tuple[list[tuple[list[tuple[float, float]], int | None]], list[int]]:
    return beep.tone.native(beep.level_dbfs), [place.open_number() for place in beep.to]


def _milliseconds(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * 1000)
