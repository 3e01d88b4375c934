"""Unix time that does not jump: the wall clock read once, then carried on by the monotonic clock.

A machine whose clock is put forward by an hour would otherwise forget every phone at once, and one that is put back
would call phones that are long gone. After a restart the wall clock is believed anew.
"""

from collections.abc import Callable


class SteadyWall:
    """Call it for unix seconds."""

    def __init__(self, wall: Callable[[], float], monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._offset_s = wall() - monotonic()

    def __call__(self) -> float:
        return self._offset_s + self._monotonic()
