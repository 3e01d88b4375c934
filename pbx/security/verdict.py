"""What a decision about a request comes to."""

from typing import TypeAlias

import msgspec


class Accept(msgspec.Struct, frozen=True):
    """Take it; `number` is the extension that it was proved to come from."""

    number: str


class Challenge(msgspec.Struct, frozen=True):
    """Ask for credentials: one WWW-Authenticate value per algorithm."""

    challenges: tuple[str, ...]


class Reject(msgspec.Struct, frozen=True):
    """Refuse. `cause` is a stable word for counters; `reason` is what the peer reads."""

    status: int
    cause: str
    reason: str
    retry_after_s: int | None = None


Verdict: TypeAlias = Accept | Challenge | Reject
"""Accept, Challenge or Reject."""
