"""mediacore for asyncio: the same nouns, with verbs that wait. Cancelling a task stops the sound.

async with mediacore.asyncio.Engine(address="127.0.0.1") as engine, engine.leg(params) as leg:
    await leg.play_tone(440, duration_ms=500)
    await leg.wait_tone(1000, timeout_s=5)
    extension = await leg.collect_digits(count=4, timeout_s=8, until="#")
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from contextlib import suppress
from typing import TypeVar

from mediacore.engine import DEFAULT_PORTS
from mediacore.waiting_conference import WaitingConference
from mediacore.waits import WaitingEngine, WaitingLeg

Leg = WaitingLeg
Conference = WaitingConference
T = TypeVar("T")


class AsyncioLoop:
    """What the waiting parts need of asyncio."""

    async def wait_readable(self, descriptor: int) -> None:
        """Waits until `descriptor` can be read."""
        loop = asyncio.get_running_loop()
        readable = asyncio.Event()
        loop.add_reader(descriptor, readable.set)
        try:
            await readable.wait()
        finally:
            loop.remove_reader(descriptor)

    async def until_readable(self, descriptor: int, *, timeout_s: float) -> None:
        """Waits until `descriptor` can be read, or the time is over."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self.wait_readable(descriptor)

    async def sleep(self, seconds: float) -> None:
        """Waits so long."""
        await asyncio.sleep(seconds)

    def signal(self) -> asyncio.Event:
        """A signal that is not set."""
        return asyncio.Event()

    async def within(self, timeout_s: float | None, waiting: Awaitable[T]) -> T:
        """What `waiting` comes to; raises TimeoutError when that takes longer."""
        async with asyncio.timeout(timeout_s):
            return await waiting


class Engine(WaitingEngine):
    """An engine for asyncio tasks; see `mediacore.Engine` for the parameters."""

    def __init__(
        self,
        *,
        address: str = "127.0.0.1",
        ports: range = DEFAULT_PORTS,
        threads: int | None = None,
        advertised: str | None = None,
        codecs: Sequence[str] | None = None,
    ) -> None:
        super().__init__(
            AsyncioLoop(), address=address, ports=ports, threads=threads, advertised=advertised, codecs=codecs
        )
