"""How many per second: a token bucket. Reads no clock."""


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
