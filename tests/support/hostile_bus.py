"""A Bus in bad weather: like `hostile.py`, and its subscriptions break while the link is down."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import trio

from pbx.bus.interface import BusUnavailable, CommandTimedOut, Handler
from pbx.bus.memory import MemoryBus
from pbx.bus.subscription import SignalQueue
from pbx.tenants.scope import TenantScope
from tests.support.hostile import Hostile, Weather

LOOK_S = 1.0  # between looks at whether the link is down


class HostileBus(Hostile):
    """Stands where the MemoryBus stood. `run` it, for its subscriptions to break when links part."""

    def __init__(self, backend: MemoryBus, weather: Weather) -> None:
        super().__init__(backend, weather, BusUnavailable, late_duplicates=True)
        self._queues: list[SignalQueue] = []
        self._is_closed = False

    async def request(self, scope: TenantScope, name: str, payload: bytes = b"", *, timeout_s: float) -> bytes:
        """As any call is carried, but by its deadline it is over."""
        with trio.move_on_after(timeout_s):
            reply: bytes = await self._carry(lambda: self.backend.request(scope, name, payload, timeout_s=timeout_s))
            return reply
        raise CommandTimedOut(f"no answer to {name!r} in {timeout_s} s")

    @asynccontextmanager
    async def subscribe(self, scope: TenantScope, pattern: str, **options: Any) -> AsyncIterator[SignalQueue]:
        """Raises BusUnavailable while the link is down, and ends when it goes down."""
        if self._is_closed or self.weather.is_parted():
            raise BusUnavailable("the link is down")
        async with self.backend.subscribe(scope, pattern, **options) as queue:
            self._queues.append(queue)
            try:
                yield queue
            finally:
                self._queues.remove(queue)

    @asynccontextmanager
    async def handle(self, name: str, handler: Handler) -> AsyncIterator[None]:
        """As the backend's."""
        async with self.backend.handle(name, handler):
            yield

    async def run(self) -> None:
        """Until cancelled; then whoever listens hears that this is the end."""
        try:
            while True:
                await trio.sleep(LOOK_S)
                if self.weather.is_parted():
                    self._break("the link is down")
        finally:
            self._is_closed = True
            self._break("the server is gone")

    def _break(self, why: str) -> None:
        for queue in self._queues:
            queue.close(BusUnavailable(why))
