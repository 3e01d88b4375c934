"""One heap for every timer of a stack: a task or a thread per transaction costs many times as much.

Deletion is lazy: a timer that is moved or cancelled leaves its old entry in the heap, which is thrown away when it
comes to the top. Holds no clock: moments are seconds on whatever clock the caller reads.
"""

from __future__ import annotations

from heapq import heapify, heappop, heappush
from math import inf
from typing import Generic, Protocol, TypeVar

K = TypeVar("K")  # hashable

STALE_MIN = 256  # below so many entries a heap full of stale ones is not worth rebuilding


class Timed(Protocol):
    """What a stack keeps in its heap: whoever is called when the moment has come."""

    def handle_timeout(self, now: float) -> None: ...


class TimerHeap(Generic[K]):
    """At most one moment per key; equal moments come in the order in which they were set."""

    def __init__(self) -> None:
        self._current: dict[K, tuple[float, int]] = {}
        self._heap: list[tuple[float, int, K]] = []  # the number is unique, so that keys are never compared
        self._number = 0

    def __len__(self) -> int:
        """How many keys have a timer."""
        return len(self._current)

    def set(self, key: K, at: float) -> None:
        """Moves the key's timer to `at`; infinity cancels it."""
        current = self._current.get(key)
        if current is not None and current[0] == at:
            return
        if at == inf:
            self._current.pop(key, None)
            return
        self._number += 1
        self._current[key] = (at, self._number)
        heappush(self._heap, (at, self._number, key))
        if len(self._heap) > STALE_MIN + 2 * len(self._current):
            self._drop_stale()

    def cancel(self, key: K) -> None:
        """Forgets the key's timer, if it has one."""
        self._current.pop(key, None)

    def next_timeout(self) -> float:
        """The earliest moment, infinity when there is none."""
        heap = self._heap
        while heap and self._is_stale(heap[0]):
            heappop(heap)
        return heap[0][0] if heap else inf

    def pop_due(self, now: float) -> K | None:
        """Takes out the earliest key whose moment has come."""
        if self.next_timeout() > now or not self._heap:
            return None
        key = heappop(self._heap)[2]
        del self._current[key]
        return key

    def _is_stale(self, entry: tuple[float, int, K]) -> bool:
        current = self._current.get(entry[2])
        return current is None or current[1] != entry[1]

    def _drop_stale(self) -> None:
        self._heap = [(at, number, key) for key, (at, number) in self._current.items()]
        heapify(self._heap)
