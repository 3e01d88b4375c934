"""Live audio for those who wait: a tap that is awaited, a source that is awaited until it has room."""

from __future__ import annotations

from collections.abc import AsyncIterator
from types import TracebackType
from typing import Any, Self

import numpy.typing as npt

from mediacore.errors import EngineClosed, LegClosed
from mediacore.sound import Samples, Source, Tap, as_samples
from mediacore.waiting import Loop

FRAME_S = 0.02
"""The engine takes samples in frames: to look more often finds nothing new."""


class WaitingTap:
    """A tap whose pieces are awaited; `plain` is the tap that waits for nobody."""

    def __init__(self, tap: Tap, loop: Loop) -> None:
        self.plain = tap
        self._loop = loop

    @property
    def rate_hz(self) -> int:
        """Samples per second."""
        return self.plain.rate_hz

    @property
    def dropped_frames(self) -> int:
        """Frames of 20 ms that made way for newer ones."""
        return self.plain.dropped_frames

    async def read(self) -> Samples:
        """What has come, at least a frame. Raises LegClosed, EngineClosed when nothing more can come."""
        while not len(samples := self.plain.read()):
            if self.plain.place.engine.is_closed:
                raise EngineClosed
            if self.plain.place.is_closed:
                raise LegClosed(self.plain.place.id)
            await self._loop.until_readable(self.plain.fileno(), timeout_s=1.0)
        return samples

    async def read_bytes(self) -> bytes:
        """The same as bytes, 16 bits a sample in the machine's order."""
        return (await self.read()).tobytes()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Bytes as they come, until its leg or conference is closed."""
        while True:
            try:
                yield await self.read_bytes()
            except (LegClosed, EngineClosed):
                return

    def close(self) -> None:
        """Ends it."""
        self.plain.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class WaitingSource:
    """A source that is awaited while it is full; `plain` is the source that waits for nobody."""

    def __init__(self, source: Source, loop: Loop) -> None:
        self.plain = source
        self._loop = loop

    @property
    def rate_hz(self) -> int:
        """Samples per second."""
        return self.plain.rate_hz

    @property
    def played_samples(self) -> int:
        """The position: samples that were played so far."""
        return self.plain.played_samples

    async def write(self, samples: npt.NDArray[Any] | bytes | bytearray | memoryview) -> None:
        """Adds all samples, in pieces as there is room. Raises LegClosed when its leg or conference is closed."""
        rest = as_samples(samples)
        while len(rest):
            # Not more than fits: what does not would be counted as lost.
            if room := self.plain.room_samples:
                rest = rest[self.plain.write(rest[:room]) :]
            else:
                await self._pause()

    async def wait_played(self) -> None:
        """Waits until everything that was written was played, or cleared."""
        while self.plain.pending_samples:
            await self._pause()

    def clear(self) -> None:
        """Takes back everything that was not played yet: somebody has begun to speak."""
        self.plain.clear()

    async def _pause(self) -> None:
        if self.plain.place.is_closed:
            raise LegClosed(self.plain.place.id)
        await self._loop.sleep(FRAME_S)

    def close(self) -> None:
        """Ends it; what was not played yet is not played."""
        self.plain.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
