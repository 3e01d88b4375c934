"""Nonces that need no memory until somebody has used one rightly, and the bounded memory of how often each was used.

A nonce carries its number, its time and a keyed hash over them, the realm and the source: to have sent a challenge
costs nothing. The table of counts holds only nonces that came back with a right digest, so a stranger cannot fill it.

| a nonce that is          | counts as                                        |
|--------------------------|--------------------------------------------------|
| not ours, or not for you | stale                                            |
| older than its lifetime  | stale                                            |
| forgotten by the table   | stale: it must never be taken for an unused one  |
| used with this count     | replayed                                         |
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from enum import Enum
from hashlib import blake2s

import msgspec

_NUMBER_BYTES = 6
_TIME_BYTES = 6  # milliseconds
_PLAIN_BYTES = _NUMBER_BYTES + _TIME_BYTES
_MAC_BYTES = 12
NONCE_CHARS = (_PLAIN_BYTES + _MAC_BYTES) * 4 // 3  # a multiple of three bytes: base64 without padding

# Counts may overtake each other on UDP: one that is late by less than this is still known to be new or not.
WINDOW = 64


class Use(Enum):
    """What a nonce and its count are worth."""

    FRESH = "fresh"
    STALE = "stale"
    REPLAYED = "replayed"


class Issued(msgspec.Struct, frozen=True):
    """What a nonce of ours says about itself."""

    number: int
    at_ms: int


class NonceMint:
    """Makes and recognises nonces. `secret` should live as long as the process: the counts do not live longer."""

    def __init__(self, secret: bytes) -> None:
        self._key = blake2s(secret).digest()
        self._number = 0

    def mint(self, realm: str, source: str, now: float) -> str:
        """A nonce that no one else has, for a challenge to `source` in `realm`."""
        self._number += 1
        number = self._number.to_bytes(_NUMBER_BYTES, "big")
        at = _ms(now).to_bytes(_TIME_BYTES, "big")
        plain = number + at
        return urlsafe_b64encode(plain + self._mac(plain, realm, source)).decode("ascii")

    def recognise(self, nonce: str, realm: str, source: str) -> Issued | None:
        """None for a nonce that this mint did not make for that realm and source."""
        if len(nonce) != NONCE_CHARS:
            return None
        try:
            data = urlsafe_b64decode(nonce.encode("ascii"))
        except ValueError:
            return None
        plain, mac = data[:_PLAIN_BYTES], data[_PLAIN_BYTES:]
        if not hmac.compare_digest(mac, self._mac(plain, realm, source)):
            return None
        return Issued(int.from_bytes(plain[:_NUMBER_BYTES], "big"), int.from_bytes(plain[_NUMBER_BYTES:], "big"))

    def _mac(self, plain: bytes, realm: str, source: str) -> bytes:
        bound_to = f"{realm}\0{source}".encode("utf-8", "surrogateescape")
        # BLAKE2 has a key of its own (RFC 7693 2.9): a third of HMAC's time, twice for each request that is challenged.
        return blake2s(plain + bound_to, key=self._key, digest_size=_MAC_BYTES).digest()


class NonceCounts:
    """Which counts of which nonces were used. Beyond `limit` the nonce used first is evicted, counted, and stale."""

    def __init__(self, *, lifetime_s: float, limit: int) -> None:
        self.evicted = 0
        self._lifetime_ms = lifetime_s * 1000
        self._limit = limit
        self._uses: dict[int, _Counts] = {}  # by number, in the order of first use
        self._floor = 0  # of numbers up to here those that are not in the table are stale

    def __len__(self) -> int:
        return len(self._uses)

    def use(self, nonce: Issued, count: int, now: float) -> Use:
        """Takes the count; the same one is REPLAYED from then on. Only for a right digest."""
        now_ms = _ms(now)
        if self._is_expired(nonce.at_ms, now_ms):
            return Use.STALE
        counts = self._uses.get(nonce.number)
        if counts is None:
            if nonce.number <= self._floor:
                return Use.STALE
            counts = self._remember(nonce, now_ms)
        return Use.FRESH if counts.take(count) else Use.REPLAYED

    def _remember(self, nonce: Issued, now_ms: int) -> _Counts:
        while self._uses:
            number, oldest = next(iter(self._uses.items()))
            is_expired = self._is_expired(oldest.at_ms, now_ms)
            if not is_expired and len(self._uses) < self._limit:
                break
            del self._uses[number]
            self._floor = max(self._floor, number)
            self.evicted += not is_expired
        counts = self._uses[nonce.number] = _Counts(nonce.at_ms)
        return counts

    def _is_expired(self, at_ms: int, now_ms: int) -> bool:
        # A nonce from the future means that the clock was set back: a challenge more does no harm, a locked door does.
        return abs(now_ms - at_ms) > self._lifetime_ms


def _ms(now: float) -> int:
    """On a circle, so that no clock, however wrong, makes a number that does not fit."""
    return int(now * 1000) % (1 << 8 * _TIME_BYTES)


class _Counts:
    """The counts of one nonce: the highest, and which of the WINDOW below it were used (as RFC 6479 does it)."""

    __slots__ = ("_highest", "_used", "at_ms")

    def __init__(self, at_ms: int) -> None:
        self.at_ms = at_ms
        self._highest = 0
        self._used = 0  # bit i: the count `highest - i`

    def take(self, count: int) -> bool:
        """False if the count was used before, or is too old to tell."""
        if count > self._highest:
            ahead = count - self._highest
            self._used = 1 if ahead >= WINDOW else ((self._used << ahead) | 1) & ((1 << WINDOW) - 1)
            self._highest = count
            return True
        behind = self._highest - count
        if count < 1 or behind >= WINDOW or self._used >> behind & 1:
            return False
        self._used |= 1 << behind
        return True
