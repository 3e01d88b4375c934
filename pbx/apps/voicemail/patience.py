"""Blobs that cannot be had now are asked for again, for a bounded time."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias, TypeVar

import trio

from pbx.blobs.interface import BlobUnavailable

T = TypeVar("T")

# Runs what blocks, as `trio.to_thread.run_sync` does; under a virtual clock, which jumps ahead of threads, the caller.
InThread: TypeAlias = Callable[..., Awaitable[Any]]

PAUSES_S = (0.25, 0.5, 1.0, 2.0)  # a network's hiccup is over by then; an outage is the business of whoever asked


async def patiently(call: Callable[[], Awaitable[T]]) -> T:
    """What `call` comes to, in one of a few tries. Raises BlobUnavailable after the last."""
    for pause_s in PAUSES_S:
        try:
            return await call()
        except BlobUnavailable:
            await trio.sleep(pause_s)
    return await call()
