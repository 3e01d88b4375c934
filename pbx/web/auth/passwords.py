"""Passwords: what is accepted, and argon2id (RFC 9106) in worker threads.

A hash costs 64 MiB and some 50 ms of one core by design. So at most HASHES_MAX are made at once, and at most
WAITING_MAX wait for their turn; the next one is refused (TooManyWaiting) and counted.
"""

import secrets
from collections.abc import Callable
from typing import TypeVar

import anyio
import anyio.to_thread
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

T = TypeVar("T")

LENGTH_MIN = 10  # characters
LENGTH_MAX = 256  # more is no stronger, and hashing it is work for whoever sends it
DISTINCT_MIN = 4  # characters that differ: "aaaaaaaaaa" is no password
HASHES_MAX = 2
WAITING_MAX = 16


class TooManyWaiting(Exception):
    """More passwords are being checked than this machine has time for."""


class WeakPassword(Exception):
    """Not accepted; the message says why, to whoever chose it."""


def check_strength(password: str) -> None:
    """Raises WeakPassword."""
    if len(password) < LENGTH_MIN:
        raise WeakPassword(f"a password has at least {LENGTH_MIN} characters, this one has {len(password)}")
    if len(password) > LENGTH_MAX:
        raise WeakPassword(f"a password has at most {LENGTH_MAX} characters, this one has {len(password)}")
    if len(set(password)) < DISTINCT_MIN:
        raise WeakPassword(f"a password has at least {DISTINCT_MIN} different characters")


class Passwords:
    """Makes and checks hashes; one for the whole process."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        # RFC 9106 4, the second recommended option, but for one lane: a sign-in must not take every core from calls.
        self._hasher = hasher or PasswordHasher(time_cost=3, memory_cost=64 * 1024, parallelism=1)
        self._at_work = anyio.CapacityLimiter(HASHES_MAX)
        self._nobodys_hash: str | None = None
        self.refused = 0

    async def hash(self, password: str) -> str:
        """The hash to keep, with its parameters in it. Raises TooManyWaiting."""
        return await self._run(lambda: self._hasher.hash(_encoded(password)))

    async def is_right(self, password: str, kept: str | None) -> bool:
        """Whether `password` is the one of hash `kept`. Raises TooManyWaiting.

        None, of a user who does not exist or has no password, takes as long as any other and is never right: the time
        of the answer tells nobody which names exist.
        """

        def check() -> bool:
            try:
                return self._hasher.verify(kept or self._nobodys(), _encoded(password)) and kept is not None
            except (VerificationError, InvalidHashError):
                return False

        return await self._run(check)

    def prepare(self) -> None:
        """Makes the hash that stands in for missing ones, so that the first such check costs one hash, not two."""
        self._nobodys()

    def _nobodys(self) -> str:
        if self._nobodys_hash is None:
            self._nobodys_hash = self._hasher.hash(secrets.token_bytes(16))
        return self._nobodys_hash

    async def _run(self, work: Callable[[], T]) -> T:
        if self._at_work.statistics().tasks_waiting >= WAITING_MAX:
            self.refused += 1
            raise TooManyWaiting
        return await anyio.to_thread.run_sync(work, limiter=self._at_work)


def _encoded(password: str) -> bytes:
    return password.encode("utf-8", "surrogatepass")  # JSON may hold half a surrogate pair
