"""Queues for those who listen. Filling one never waits; reading one waits for what comes.

Signals: bounded, and rather without the oldest than late with the newest. State: the last change of each key.
"""

from collections import deque
from typing import Generic, Self, TypeVar

import anyio

from pbx.bus.interface import Entry, Signal

T = TypeVar("T")


class _Queue(Generic[T]):
    """Iterates over what `poll_nowait` gives, and waits in between. (No generator: a reader may leave at any point.)"""

    def __init__(self) -> None:
        self._changed = anyio.Event()
        self._end: Exception | None = None

    def close(self, reason: Exception) -> None:
        """What is queued can still be read; then `reason` is raised."""
        self._end = reason
        self.wake()

    def wake(self) -> None:
        """Has the reader look again."""
        self._changed.set()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T:
        while (item := self.poll_nowait()) is None:
            if self._end is not None:
                raise self._end
            self._changed = anyio.Event()
            await self._wait()
        return item

    def poll_nowait(self) -> T | None:
        """What is next if it waits already."""
        raise NotImplementedError

    async def _wait(self) -> None:
        await self._changed.wait()


class SignalQueue(_Queue[Signal]):
    """A Subscription."""

    def __init__(self, queue_max: int) -> None:
        super().__init__()
        self.dropped_before = 0  # by whoever fills it
        self._dropped_here = 0
        self._signals: deque[Signal] = deque()
        self._queue_max = queue_max

    @property
    def dropped(self) -> int:
        """Signals that the reader was too slow for."""
        return self.dropped_before + self._dropped_here

    def put(self, signal: Signal) -> None:
        """Queues the signal; where the queue is full, the oldest goes."""
        if len(self._signals) >= self._queue_max:
            self._signals.popleft()
            self._dropped_here += 1
        self._signals.append(signal)
        self.wake()

    def poll_nowait(self) -> Signal | None:
        """The oldest signal, if one waits."""
        return self._signals.popleft() if self._signals else None


class ChangeQueue(_Queue[Entry]):
    """Entries as they change; one that changes again before it was read comes once, as it is then."""

    def __init__(self) -> None:
        super().__init__()
        self._unseen: dict[str, Entry] = {}

    def put(self, entry: Entry) -> None:
        """Queues the entry at the end, in place of an older one of its key."""
        self._unseen.pop(entry.key, None)
        self._unseen[entry.key] = entry
        self.wake()

    def poll_nowait(self) -> Entry | None:
        """The entry whose change is the oldest, if one waits."""
        return self._unseen.pop(next(iter(self._unseen))) if self._unseen else None
