"""mediacore for trio: the same nouns, with verbs that wait. Cancelling a scope stops the sound.

async with mediacore.trio.Engine(address="127.0.0.1") as engine, engine.leg(params) as leg:
    await leg.play_tone(440, duration_ms=500)
    await leg.wait_tone(1000, timeout_s=5)
    extension = await leg.collect_digits(count=4, timeout_s=8, until="#")
"""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import TypeVar

import trio

from mediacore.engine import DEFAULT_PORTS
from mediacore.waiting_conference import WaitingConference
from mediacore.waits import WaitingEngine, WaitingLeg

Leg = WaitingLeg
Conference = WaitingConference
T = TypeVar("T")


class TrioLoop:
    """What the waiting parts need of trio."""

    async def wait_readable(self, descriptor: int) -> None:
        """Waits until `descriptor` can be read."""
        await trio.lowlevel.wait_readable(descriptor)

    async def until_readable(self, descriptor: int, *, timeout_s: float) -> None:
        """Waits until `descriptor` can be read, or the time is over."""
        with trio.move_on_after(timeout_s):
            await trio.lowlevel.wait_readable(descriptor)

    async def sleep(self, seconds: float) -> None:
        """Waits so long."""
        await trio.sleep(seconds)

    def signal(self) -> trio.Event:
        """A signal that is not set."""
        return trio.Event()

    async def within(self, timeout_s: float | None, waiting: Awaitable[T]) -> T:
        """What `waiting` comes to; raises TimeoutError when that takes longer."""
        try:
            with trio.fail_after(float("inf") if timeout_s is None else timeout_s):
                return await waiting
        except trio.TooSlowError as error:
            raise TimeoutError(f"not within {timeout_s} s") from error


class Engine(WaitingEngine):
    """An engine for trio tasks; see `mediacore.Engine` for the parameters."""

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
            TrioLoop(), address=address, ports=ports, threads=threads, advertised=advertised, codecs=codecs
        )
