"""A call as people see it while it lasts: what `pbx calls` prints, and the portal will."""

from msgspec import Struct


class LiveCall(Struct, frozen=True):
    """One moment of it. Times are unix seconds."""

    id: str
    tenant: str
    from_number: str
    to_number: str
    phase: str  # "routing", "ringing", "talking", "application", "ended"
    started_at: float
    answered_at: float | None
    parties: tuple[str, ...] = ()  # whom it rings, or talks with
