"""In which order a server's parts stop: the web process first, which would miss the others, then calls and all else.

async with trio.open_nursery() as nursery:
    stop = Stop(nursery.cancel_scope)
    await nursery.start(stop.at_signal)
    nursery.start_soon(stop.first, run_web, ...)
"""

import signal
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
import trio

# A web process takes a fraction of it. One that takes longer ends beside the calls: no phone waits for a browser.
FIRST_S = 1.0

log = structlog.get_logger()


class Stop:
    """Cancels `everything`, in order."""

    def __init__(self, everything: trio.CancelScope) -> None:
        self._everything = everything
        self._first = trio.CancelScope()
        self._first_ended: trio.Event | None = None  # None: it was never begun

    async def first(self, run: Callable[..., Awaitable[None]], *arguments: Any) -> None:
        """Runs what is to stop before all else."""
        self._first_ended = trio.Event()
        try:
            with self._first:
                await run(*arguments)
        finally:
            self._first_ended.set()

    async def now(self) -> None:
        """Stops everything; returns at the latest after FIRST_S, when the rest has been told."""
        self._first.cancel()
        with trio.move_on_after(FIRST_S):
            if self._first_ended is not None:
                await self._first_ended.wait()
        self._everything.cancel()

    async def at_signal(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Stops everything when the process is told to by SIGTERM or SIGINT."""
        with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
            task_status.started()
            async for number in signals:
                log.info("stopping", signal=signal.Signals(number).name)
                await self.now()
