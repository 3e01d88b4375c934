"""What legs and conferences have in common for those who wait: sounds that are awaited to their end, recordings."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Generic, Literal, TypeVar

from mediacore.conference import Conference
from mediacore.errors import EngineClosed
from mediacore.events import Event, PlayFinished, RecordEnd, RecordFinished
from mediacore.leg import Leg
from mediacore.live_audio import WaitingSource
from mediacore.recorder import Beep, Recorder, RecordFormat
from mediacore.sound import SAMPLE_RATE_HZ, Player
from mediacore.tone import LEVEL_DBFS, Tone
from mediacore.waiting import Mailroom, Subscription

Found = TypeVar("Found", bound=Event)
Place = TypeVar("Place", bound=Leg | Conference)


class WaitingPlace(Generic[Place]):
    """A leg or a conference; what takes time is awaited, and cancelling it stops the sound."""

    def __init__(self, plain: Place, mailroom: Mailroom) -> None:
        self.plain: Place = plain
        self._mailroom = mailroom

    @property
    def id(self) -> int:
        """The number of the leg or the conference."""
        return self.plain.id

    def source(self, *, rate_hz: int = SAMPLE_RATE_HZ, buffer_ms: int = 2000) -> WaitingSource:
        """Plays what is written to it; see `mediacore.Leg.source`."""
        return WaitingSource(self.plain.source(rate_hz=rate_hz, buffer_ms=buffer_ms), self._mailroom.loop)

    async def play_tone(self, hz: float, *, duration_ms: int, level_dbfs: float = -10.0) -> None:
        """Plays a sine to its end; cancelling this stops it."""
        await self._play(lambda: self.plain.play_tone(hz, level_dbfs=level_dbfs, duration_ms=duration_ms))

    async def play_tones(self, tone: Tone, *, level_dbfs: float = LEVEL_DBFS) -> None:
        """Plays a tone in time to its end, if it has one; cancelling this stops it."""
        await self._play(lambda: self.plain.play_tones(tone, level_dbfs=level_dbfs))

    async def play(
        self,
        *paths: str | os.PathLike[str],
        times: int | None = 1,
        start_ms: int = 0,
        gain_db: float = 0.0,
    ) -> bool:
        """Plays files to their end; cancelling this stops it. False: not all was read. See `mediacore.Engine.play`."""
        engine = self.plain.engine
        return await self._play(
            lambda: engine.play(*paths, to=self.plain, times=times, start_ms=start_ms, gain_db=gain_db)
        )

    def record(
        self,
        path: str | os.PathLike[str],
        *,
        format: RecordFormat | None = None,
        channels: Literal["stereo", "mixed"] | None = None,
        max_s: float | None = None,
        max_bytes: int | None = None,
        max_silence_s: float | None = None,
        pauses: Literal["left-out", "silent"] = "left-out",
        beep: Beep | None = None,
    ) -> Recorder:
        """Records what is heard here; leaving the recorder's `with` ends it. See `mediacore.Engine.record`."""
        return self.plain.engine.record(
            self.plain,
            path,
            format=format,
            channels=channels,
            max_s=max_s,
            max_bytes=max_bytes,
            max_silence_s=max_silence_s,
            pauses=pauses,
            beep=beep,
        )

    async def wait_recorded(self, recorder: Recorder, *, timeout_s: float | None = None) -> RecordEnd:
        """Waits until a recording has ended, by a limit or by whatever else; raises TimeoutError after `timeout_s`."""
        with self._mailroom.subscribe(self._wants(RecordFinished)) as finished:
            if recorder.reason is None:
                ended = self._first(finished, RecordFinished, lambda event: event.recorder == recorder.id)
                return (await self._mailroom.loop.within(timeout_s, ended)).reason
            return recorder.reason

    async def _play(self, start: Callable[[], Player]) -> bool:
        with self._mailroom.subscribe(self._wants(PlayFinished)) as finished:
            with start() as player:
                return (await self._first(finished, PlayFinished, lambda event: event.player == player.id)).completed

    async def _first(self, subscription: Subscription, kind: type[Found], wants: Callable[[Found], bool]) -> Found:
        while True:
            event = await self._mailroom.next_event(subscription)
            if event is None:
                raise EngineClosed
            if isinstance(event, kind) and wants(event):
                return event

    def _wants(self, kind: type[object]) -> Callable[[Event], bool]:
        return lambda event: isinstance(event, kind) and self._is_here(event)

    def _is_here(self, event: Event) -> bool:
        return event.leg is self.plain or getattr(event, "room", None) is self.plain
