"""A seam in bad weather: calls arrive late, twice, or not at all; answers get lost; writes stall for 9 s; links part.

`Hostile(backend, weather, Unavailable)` has the backend's own async methods. `Patient` is the caller that the seams
ask for: it makes a call again until it is answered. A test that passes through both shows that repeating is harmless.
Seeded, and made for a virtual clock: a stall costs no real time.
"""

import inspect
import random
from collections.abc import Awaitable, Callable
from typing import Any

import trio

STALL_S = 9.0
PATIENCE_TRIES = 500


class Weather:
    """Decides what befalls each call, by a seed. `calm()` ends it, so that a test can look at what is left."""

    def __init__(
        self,
        seed: int,
        *,
        delay_max_s: float = 0.5,
        request_lost_ratio: float = 0.1,
        reply_lost_ratio: float = 0.1,
        duplicate_ratio: float = 0.15,
        stall_ratio: float = 0.05,
        partition_every_s: float = 20.0,
        partition_max_s: float = 15.0,
    ) -> None:
        self.random = random.Random(seed)
        self.delay_max_s = delay_max_s
        self.request_lost_ratio = request_lost_ratio
        self.reply_lost_ratio = reply_lost_ratio
        self.duplicate_ratio = duplicate_ratio
        self.stall_ratio = stall_ratio
        self._partition_every_s = partition_every_s
        self._partition_max_s = partition_max_s
        self._parts_at = self._joins_at = 0.0
        self.is_calm = False
        self.befallen = 0  # calls that something happened to

    def calm(self) -> None:
        """From now on every call goes through at once."""
        self.is_calm = True

    def falls(self, ratio: float) -> bool:
        """Whether something that happens this often happens now."""
        fell = not self.is_calm and self.random.random() < ratio
        self.befallen += fell
        return fell

    def is_parted(self) -> bool:
        """Whether the link is down at this moment."""
        now = trio.current_time()
        while self._joins_at <= now:
            self._parts_at = self._joins_at + self.random.uniform(0, 2 * self._partition_every_s)
            self._joins_at = self._parts_at + self.random.uniform(0, self._partition_max_s)
        return not self.is_calm and self._parts_at <= now

    async def blow(self) -> None:
        """The delay, and sometimes the stall, of one way."""
        if not self.is_calm:
            stall_s = STALL_S if self.falls(self.stall_ratio) else 0.0
            await trio.sleep(stall_s + self.random.uniform(0, self.delay_max_s))


class Hostile:
    """Stands where `backend` stood."""

    def __init__(
        self, backend: Any, weather: Weather, unavailable: type[Exception], *, late_duplicates: bool = False
    ) -> None:
        """`unavailable` is what the seam raises when it cannot be reached.

        With `late_duplicates` a call may also come a second time after later ones, for seams that promise to bear it.
        """
        self.backend = backend
        self.weather = weather
        self._unavailable = unavailable
        self._late: list[Callable[[], Awaitable[Any]]] = []
        self._bears_late = late_duplicates

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.backend, name)
        if not inspect.iscoroutinefunction(method):
            return method

        async def carry(*args: Any, **kwargs: Any) -> Any:
            return await self._carry(lambda: method(*args, **kwargs))

        return carry

    async def _carry(self, call: Callable[[], Awaitable[Any]]) -> Any:
        weather = self.weather
        await weather.blow()
        if weather.is_parted() or weather.falls(weather.request_lost_ratio):
            raise self._unavailable("lost on the way there")
        while self._late and weather.falls(0.5):
            await self._swallow(self._late.pop(weather.random.randrange(len(self._late))))
        result = await call()
        if weather.falls(weather.duplicate_ratio):
            await self._swallow(call)
        if self._bears_late and weather.falls(weather.duplicate_ratio):
            self._late.append(call)
        await weather.blow()
        if weather.is_parted() or weather.falls(weather.reply_lost_ratio):
            raise self._unavailable("lost on the way back")
        return result

    async def _swallow(self, call: Callable[[], Awaitable[Any]]) -> None:
        try:
            await call()
        except Exception:
            self.weather.befallen += 1  # nobody waits for this answer


class Patient:
    """Makes each call again, a second apart, until it is answered."""

    def __init__(self, hostile: Any, unavailable: type[Exception]) -> None:
        self.hostile = hostile
        self._unavailable = unavailable

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.hostile, name)
        if not inspect.iscoroutinefunction(method):
            return method

        async def insist(*args: Any, **kwargs: Any) -> Any:
            for _ in range(PATIENCE_TRIES):
                try:
                    return await method(*args, **kwargs)
                except self._unavailable:
                    await trio.sleep(1)
            raise AssertionError(f"{name} was not answered in {PATIENCE_TRIES} tries")

        return insist
