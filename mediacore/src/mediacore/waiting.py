"""How tasks wait for events over the engine's one descriptor: what `mediacore.trio` and `mediacore.asyncio` share.

There is no task of our own. Of the tasks that wait, one waits for the descriptor and hands out what it finds; when it
leaves, another takes its place.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Protocol, TypeVar

from mediacore.engine import Engine
from mediacore.events import Event, Report, TalkerChanged

T = TypeVar("T")

WAITING_MAX = 4096  # events of one subscriber; then the oldest Report or TalkerChanged makes way, other events never do


class Signal(Protocol):
    """`trio.Event` or `asyncio.Event`."""

    def set(self) -> object:
        """Lets everybody go on who waits, now or later."""

    async def wait(self) -> object:
        """Waits until it is set."""


class Loop(Protocol):
    """What an event loop must bring."""

    async def wait_readable(self, descriptor: int) -> None:
        """Waits until `descriptor` can be read."""

    async def until_readable(self, descriptor: int, *, timeout_s: float) -> None:
        """Waits until `descriptor` can be read, or the time is over."""

    async def sleep(self, seconds: float) -> None:
        """Waits so long."""

    def signal(self) -> Signal:
        """A signal that is not set."""

    async def within(self, timeout_s: float | None, waiting: Awaitable[T]) -> T:
        """What `waiting` comes to; raises TimeoutError when that takes longer. None: as long as it takes."""


class Subscription:
    """The events that one task wants, as long as it wants them."""

    def __init__(self, wants: Callable[[Event], bool]) -> None:
        self.wants = wants
        self.waiting: deque[Event] = deque()
        self.dropped = 0

    def add(self, event: Event) -> None:
        """One more, if it is wanted."""
        if not self.wants(event):
            return
        if len(self.waiting) >= WAITING_MAX:
            self._make_room()
        self.waiting.append(event)

    def _make_room(self) -> None:
        droppable = next((event for event in self.waiting if isinstance(event, Report | TalkerChanged)), None)
        if droppable is not None:
            self.waiting.remove(droppable)
            self.dropped += 1


class Mailroom:
    """Hands an engine's events to those who subscribed."""

    def __init__(self, engine: Engine, loop: Loop) -> None:
        self.engine = engine
        self.loop = loop
        self._subscriptions: list[Subscription] = []
        self._is_somebody_reading = False
        self._handed_out = loop.signal()

    @contextmanager
    def subscribe(self, wants: Callable[[Event], bool]) -> Iterator[Subscription]:
        """Events that are wanted are kept from here on."""
        subscription = Subscription(wants)
        self._subscriptions.append(subscription)
        try:
            yield subscription
        finally:
            self._subscriptions.remove(subscription)

    async def next_event(self, subscription: Subscription) -> Event | None:
        """Waits for the next one that is wanted; None once the engine is closed."""
        while not subscription.waiting:
            if self.engine.is_closed:
                return None
            if self._is_somebody_reading:
                await self._handed_out.wait()
            else:
                await self._read()
        return subscription.waiting.popleft()

    async def _read(self) -> None:
        self._is_somebody_reading = True
        try:
            await self.loop.wait_readable(self.engine.fileno())
            self.hand_out()
        finally:
            self._is_somebody_reading = False
            self._wake_others()

    def hand_out(self) -> None:
        """Fetches what there is. Never waits."""
        if self.engine.is_closed:
            return
        for event in self.engine.poll_events():
            for subscription in self._subscriptions:
                subscription.add(event)

    def close(self) -> None:
        """The engine is closed: whoever waits finds out."""
        self._wake_others()

    def _wake_others(self) -> None:
        done, self._handed_out = self._handed_out, self.loop.signal()
        done.set()
