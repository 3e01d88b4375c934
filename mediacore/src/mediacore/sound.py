"""What plays to a leg or a conference, and what is copied from it: Player, FilePlayer, Source, Tap.

Samples are 16 bits, mono, at the rate that was asked for: numpy arrays, or bytes in the machine's order.
"""

from __future__ import annotations

from collections.abc import Iterator
from time import monotonic
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt

from mediacore import _native
from mediacore.errors import ConferenceClosed, LegClosed

if TYPE_CHECKING:
    from mediacore.conference import Conference
    from mediacore.leg import Leg

SAMPLE_RATE_HZ = 8000
FRAME_SAMPLES = 160  # 20 ms

Samples = npt.NDArray[np.int16]


def frames_of(buffer_ms: int) -> int:
    """Frames of 20 ms that a buffer holds, at least one."""
    return max(1, buffer_ms * SAMPLE_RATE_HZ // 1000 // FRAME_SAMPLES)


class OnPlace:
    """Something on a leg or a conference (`place`), ended by `close()`, by leaving its `with`, or with the place."""

    def __init__(self, place: Leg | Conference, number: int) -> None:
        self.place = place
        self.id = number

    def close(self) -> None:
        """Ends it; a second call does nothing."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Player(OnPlace):
    """A tone, a file or digits on the way to a leg or a conference; `PlayFinished` with its `id` tells of the end."""

    def close(self) -> None:
        """Stops it: a tone at once, digits with the end of the one that lasts. After the end it does nothing."""
        try:
            self.place.engine.native.stop_sound(self.place.id, self.id)
        except (LegClosed, ConferenceClosed):
            return

    stop = close


class FilePlayer(Player):
    """Files on the way to a leg or a conference; made by `Engine.play()`."""

    def __init__(self, place: Leg | Conference, number: int, native: _native.Player) -> None:
        super().__init__(place, number)
        self._native = native

    def seek(self, at_ms: float, *, item: int | None = None) -> None:
        """Goes on `at_ms` from the beginning of the file that is heard, or of file `item` (from 0 on); after the end it
        does nothing. It takes effect within a tenth of a second.
        """
        here, _ = self._native.position()
        self._native.seek(here if item is None else item, max(0, round(at_ms)))

    @property
    def item(self) -> int:
        """Which of the files is heard, from 0 on."""
        return self._native.position()[0]

    @property
    def position_ms(self) -> float:
        """How far it is from the beginning of that file."""
        return self._native.position()[1]


class Source(OnPlace):
    """Samples from outside that are played to a leg or a conference, as they are written; counts are of `rate_hz`."""

    def __init__(self, place: Leg | Conference, number: int, native: _native.Source, rate_hz: int) -> None:
        super().__init__(place, number)
        self.rate_hz = rate_hz
        self._native = native

    def write(self, samples: npt.NDArray[Any] | bytes | bytearray | memoryview) -> int:
        """Adds samples and says how many found room; the others are counted in `overflowed_samples`. Never waits."""
        return self._native.write(as_samples(samples))

    def clear(self) -> None:
        """Takes back everything that was not played yet: somebody has begun to speak."""
        self._native.clear()

    @property
    def room_samples(self) -> int:
        """Samples that could be written now."""
        return self._native.room()

    @property
    def pending_samples(self) -> int:
        """Samples that were written and are still to be played."""
        return self._native.pending()

    @property
    def played_samples(self) -> int:
        """The position: samples that were played so far."""
        return self._native.played()

    @property
    def overflowed_samples(self) -> int:
        """Samples that found no room."""
        return self._native.overflowed()

    @property
    def starved_samples(self) -> int:
        """Samples of silence that were played for want of written ones."""
        return self._native.starved()

    def close(self) -> None:
        """Ends it; what was not played yet is not played."""
        try:
            self.place.engine.native.stop_sound(self.place.id, self.id)
        except (LegClosed, ConferenceClosed):
            return


class Tap(OnPlace):
    """A copy of what a leg's peer says, or is sent, or of the mix of a conference.

    Whoever listens late misses the oldest frames, never the newest.
    """

    def __init__(self, place: Leg | Conference, number: int, native: _native.Tap, rate_hz: int) -> None:
        super().__init__(place, number)
        self.rate_hz = rate_hz
        self._native = native

    def read_bytes(self) -> bytes:
        """The same as `read()`, as bytes."""
        return self._native.read()

    def read(self) -> Samples:
        """Everything that waits, possibly nothing. Never waits."""
        return np.frombuffer(self._native.read(), dtype=np.int16)

    def read_exactly(self, samples: int, *, timeout_s: float) -> Samples:
        """Waits for so many samples; raises TimeoutError when they have not come in `timeout_s`.

        What came beyond them in the same frame is dropped.
        """
        pieces: list[Samples] = []
        ends_at = monotonic() + timeout_s
        while (missing := samples - sum(map(len, pieces))) > 0:
            if not self._native.wait(ends_at - monotonic()) and monotonic() >= ends_at:
                raise TimeoutError(f"{missing} of {samples} samples did not come within {timeout_s} s")
            pieces.append(self.read())
        return np.concatenate(pieces)[:samples] if pieces else np.zeros(0, dtype=np.int16)

    def __iter__(self) -> Iterator[Samples]:
        """Pieces as they come, until its leg or conference is closed."""
        while not self.place.is_closed:
            self._native.wait(1.0)
            if len(piece := self.read()):
                yield piece

    def fileno(self) -> int:
        """A descriptor that is readable while frames wait."""
        return self._native.fileno()

    @property
    def dropped_frames(self) -> int:
        """Frames of 20 ms that made way for newer ones."""
        return self._native.dropped_frames()

    def close(self) -> None:
        """Ends it."""
        try:
            self.place.engine.native.close_tap(self.place.id, self.id)
        except (LegClosed, ConferenceClosed):
            return


def as_samples(samples: npt.NDArray[Any] | bytes | bytearray | memoryview) -> Samples:
    """As the native module takes them. Raises ValueError for half a sample."""
    if isinstance(samples, bytes | bytearray | memoryview):
        return np.frombuffer(samples, dtype=np.int16)
    return np.ascontiguousarray(samples, dtype=np.int16)
