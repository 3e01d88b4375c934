"""What happened in one call, in order; a call's whole history is `list[CallEvent]`.

The CDR, the timeline that people see and a replay are all made from this list and from nothing else. Records only: no
clock is read here, and `at` is unix time in seconds from the wall clock, which may step backwards between two events.
As JSON each has its name under "event".
"""

from typing import Literal, TypeAlias

from msgspec import Struct

from pbx.tenants.scope import TenantScope

Role: TypeAlias = Literal["caller", "callee"]
By: TypeAlias = Literal["caller", "callee", "system"]


class LegMedia(Struct, frozen=True):
    """What a leg's media came to; both directions as we saw them. Missing measurements are None, not zero."""

    codec: str
    packets_sent: int = 0
    packets_received: int = 0
    packets_forwarded: int = 0  # of those received: handed to the other leg undecoded
    packets_decoded: int = 0  # … and decoded, for a transcoding or an application
    lost_ratio: float | None = None  # of the packets expected from the peer, 0 to 1
    jitter_ms: float | None = None  # RFC 3550 6.4.1
    mos: float | None = None  # 1 to 4.5, by the E-model


class Event(Struct, frozen=True, tag_field="event", tag=True):
    """What all of them share: the moment, in unix seconds."""

    at: float


class CallStarted(Event, frozen=True, tag=True):
    """An INVITE was admitted. Always the first event of a history."""

    call_id: str  # ours, unique
    scope: TenantScope
    from_number: str
    from_name: str
    to_number: str  # as dialled
    sip_call_id: str  # the caller's Call-ID header


class Routed(Event, frozen=True, tag=True):
    """One step of the tenant's plan, with its reason."""

    node: str
    outcome: str
    reason: str


class LegStarted(Event, frozen=True, tag=True):
    """A leg exists: the caller's at once, a callee's with our INVITE to it."""

    leg: str
    role: Role
    party: str  # extension, number or application
    uri: str


class LegRinging(Event, frozen=True, tag=True):
    """A provisional response above 100 (180, 183 …) came from, or went to, this leg."""

    leg: str
    status: int


class LegAnswered(Event, frozen=True, tag=True):
    """A 2xx came from, or went to, this leg."""

    leg: str


class LegHeld(Event, frozen=True, tag=True):
    """The party on this leg put the other on hold."""

    leg: str


class LegResumed(Event, frozen=True, tag=True):
    """… and took it back."""

    leg: str


class LegEnded(Event, frozen=True, tag=True):
    """The leg is gone. `status` is the final SIP status where a response ended it; None after a BYE."""

    leg: str
    status: int | None
    by: By
    reason: str
    media: LegMedia | None = None


class CallEnded(Event, frozen=True, tag=True):
    """The call is gone. Always the last event; a history without it was cut off. `status` is what the caller got."""

    by: By
    status: int | None
    reason: str


CallEvent: TypeAlias = (
    CallStarted | Routed | LegStarted | LegRinging | LegAnswered | LegHeld | LegResumed | LegEnded | CallEnded
)
