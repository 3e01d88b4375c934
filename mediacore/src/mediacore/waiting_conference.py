"""A conference with verbs that wait, for trio and asyncio."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from mediacore.conference import Conference, ConferenceStats
from mediacore.errors import EngineClosed
from mediacore.events import TalkerChanged
from mediacore.leg import Leg
from mediacore.live_audio import WaitingTap
from mediacore.sound import SAMPLE_RATE_HZ
from mediacore.waiting import Mailroom, Subscription
from mediacore.waiting_place import WaitingPlace


class Talkers:
    """Made by `listening()`: who began to talk and who ended, in order."""

    def __init__(self, mailroom: Mailroom, subscription: Subscription) -> None:
        self._mailroom = mailroom
        self._subscription = subscription

    async def next(self, *, timeout_s: float | None = None) -> TalkerChanged:
        """The next beginning or end; raises TimeoutError after `timeout_s`."""
        event = await self._mailroom.loop.within(timeout_s, self._mailroom.next_event(self._subscription))
        if event is None:
            raise EngineClosed
        assert isinstance(event, TalkerChanged), event
        return event


class WaitingConference(WaitingPlace[Conference]):
    """A conference; `play()` waits for the end of a file. Its legs are those that wait, as the engine makes them."""

    def add(self, leg: WaitingPlace[Leg], *, muted: bool = False, deaf: bool = False, gain_db: float = 0.0) -> None:
        """Lets a leg in, see `mediacore.Conference.add`."""
        self.plain.add(leg.plain, muted=muted, deaf=deaf, gain_db=gain_db)

    def remove(self, leg: WaitingPlace[Leg]) -> None:
        """Lets a leg out."""
        self.plain.remove(leg.plain)

    def change(
        self,
        leg: WaitingPlace[Leg],
        *,
        muted: bool | None = None,
        deaf: bool | None = None,
        gain_db: float | None = None,
    ) -> None:
        """Changes how a member hears and is heard; None leaves it as it is."""
        self.plain.change(leg.plain, muted=muted, deaf=deaf, gain_db=gain_db)

    def mute(self, leg: WaitingPlace[Leg]) -> None:
        """Nobody hears it any more."""
        self.plain.mute(leg.plain)

    def unmute(self, leg: WaitingPlace[Leg]) -> None:
        """The others hear it again."""
        self.plain.unmute(leg.plain)

    @property
    def members(self) -> tuple[Leg, ...]:
        """Who is in it: plain legs, `WaitingLeg.plain`, in the order in which they came."""
        return self.plain.members

    def tap(self, *, rate_hz: int = SAMPLE_RATE_HZ, buffer_ms: int = 2000) -> WaitingTap:
        """Copies the mix of all; see `mediacore.Leg.tap`."""
        return WaitingTap(self.plain.tap(rate_hz=rate_hz, buffer_ms=buffer_ms), self._mailroom.loop)

    def stats(self) -> ConferenceStats:
        """What was measured, up to the newest 20 ms."""
        return self.plain.stats()

    @contextmanager
    def listening(self) -> Iterator[Talkers]:
        """Who talks, from now on until the `with` is left."""
        with self._mailroom.subscribe(self._wants(TalkerChanged)) as subscription:
            yield Talkers(self._mailroom, subscription)

    def close(self) -> None:
        """Its members hear nobody, and stay open."""
        self.plain.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
