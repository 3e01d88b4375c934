"""One record per call, with its legs and the path it took through the plan.

Never written twice and never patched: `build` (in `build.py`) makes it from the call's history when the call is over or
was cut off. Times are unix seconds; durations have their unit in their name.
"""

from typing import Literal, TypeAlias

from msgspec import Struct

from pbx.events.call_events import By, LegMedia, Role
from pbx.tenants.scope import TenantScope

Disposition: TypeAlias = Literal[
    "answered",
    "busy",  # 486, 600
    "no-answer",  # it rang, nobody took it
    "unavailable",  # 480 without ringing: no phone registered
    "cancelled",  # the caller gave up
    "declined",  # 603
    "failed",  # anything else: unknown number, no common codec, overload …
    "interrupted",  # the history stops before the call's end: the process died
]


class CdrLeg(Struct, frozen=True):
    """One party's share of the call."""

    leg: str
    role: Role
    party: str
    uri: str
    started_at: float
    ringing_at: float | None = None
    answered_at: float | None = None
    ended_at: float | None = None  # None: still up when the history stops
    status: int | None = None
    ended_by: By | None = None
    reason: str = ""
    held_s: float = 0.0
    media: LegMedia | None = None


class PathStep(Struct, frozen=True):
    """A step of routing."""

    at: float
    node: str
    outcome: str
    reason: str


class Cdr(Struct, frozen=True):
    """The record. `id` is the call's own id, so storing it a second time can be told from a second call."""

    id: str
    scope: TenantScope
    from_number: str
    from_name: str
    to_number: str
    sip_call_id: str
    started_at: float
    ringing_at: float | None
    answered_at: float | None  # when the caller got the 2xx
    ended_at: float
    talk_s: float
    disposition: Disposition
    ended_by: By
    sip_status: int | None
    reason: str
    legs: tuple[CdrLeg, ...] = ()
    path: tuple[PathStep, ...] = ()
