"""Recordings of legs and conferences in WAV files."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from mediacore import _native
from mediacore.events import RecordEnd
from mediacore.sound import OnPlace

if TYPE_CHECKING:
    from mediacore.conference import Conference
    from mediacore.leg import Leg


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
        """What is heard from now on is left out of the file."""
        self._native.pause()

    def resume(self) -> None:
        """Records again, right behind what was recorded before the pause."""
        self._native.resume()

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
