"""How many per second, of all together or of each source: token buckets. Reads no clock."""

SOURCES_MAX = 10_000  # hosts remembered; beyond, the one unheard for longest is forgotten, and begins anew


class RateLimit:
    """Lets `per_s` events pass each second, and after a pause a burst of two seconds' worth, but at least one."""

    def __init__(self, per_s: float) -> None:
        self.refused = 0
        self._per_s = per_s
        self._burst = max(1.0, 2 * per_s)
        self._tokens = self._burst
        self._at: float | None = None

    def admit(self, now: float) -> bool:
        """Whether one more may pass at `now` (seconds, monotonic); a refusal is counted."""
        if self._at is not None:
            self._tokens = min(self._burst, self._tokens + (now - self._at) * self._per_s)
        self._at = now
        if self._tokens < 1:
            self.refused += 1
            return False
        self._tokens -= 1
        return True


class SourceRateLimit:
    """The same limit for each source by itself: one that floods leaves the others theirs."""

    def __init__(self, per_s: float, *, sources_max: int = SOURCES_MAX) -> None:
        self.refused = 0
        self._per_s = per_s
        self._sources_max = sources_max
        self._limits: dict[str, RateLimit] = {}  # the one heard last stands last

    def admit(self, source: str, now: float) -> bool:
        """Whether one more from `source` may pass at `now`; a refusal is counted."""
        limit = self._limits.pop(source, None) or RateLimit(self._per_s)
        self._limits[source] = limit
        if len(self._limits) > self._sources_max:
            del self._limits[next(iter(self._limits))]
        passes = limit.admit(now)
        self.refused += not passes
        return passes
