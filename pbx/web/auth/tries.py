"""How often a password may be tried: a bucket of tries for each source and for each name. Reads no clock.

    if wait_s := tries.wait_s("192.0.2.7", now): …     # too soon; a try is taken otherwise
    tries.give_back("192.0.2.7")                       # the password was right

A bucket that is full again is forgotten, so what is held are those who tried lately, BUCKETS_MAX of them; beyond, the
one that tried longest ago is forgotten early and counted: to get there takes that many sources, not one.
"""

from collections import OrderedDict

BUCKETS_MAX = 10_000


class Tries:
    """`burst` tries at once, then one every `every_s` seconds."""

    def __init__(self, *, burst: int, every_s: float) -> None:
        self.forgotten = 0  # buckets that made room
        self._burst = burst
        self._every_s = every_s
        # When each bucket will be full again, in seconds; the one that tried longest ago first.
        self._full_at: OrderedDict[str, float] = OrderedDict()

    def wait_s(self, who: str, now: float) -> float:
        """Takes a try and returns 0; or takes none, and returns how many seconds too early it is."""
        self._forget_full(now)
        full_at = max(self._full_at.get(who, now), now) + self._every_s
        too_early_s = full_at - now - self._burst * self._every_s
        if too_early_s > 1e-9:
            return too_early_s
        self._full_at[who] = full_at
        self._full_at.move_to_end(who)
        if len(self._full_at) > BUCKETS_MAX:
            self._full_at.popitem(last=False)
            self.forgotten += 1
        return 0.0

    def give_back(self, who: str) -> None:
        """One try that counts for nothing."""
        if who in self._full_at:
            self._full_at[who] -= self._every_s

    def __len__(self) -> int:
        return len(self._full_at)

    def _forget_full(self, now: float) -> None:
        while self._full_at and next(iter(self._full_at.values())) <= now:
            self._full_at.popitem(last=False)
