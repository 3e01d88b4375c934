"""The truth of a call: one versioned value that says all a process needs to go on with it, here or elsewhere.

Everything else in a running call (coroutines, transactions, media legs) is built from this and can be built again.
Fields are only ever added, with defaults: the release before ignores them, the release after fills them in.

| phase       | means                                                         | goes on with             |
|-------------|---------------------------------------------------------------|--------------------------|
| routing     | the plan is about to be asked what follows `next_event`       | `decide`                 |
| ringing     | callees ring until `ring_until`                               | `ring`                   |
| talking     | caller and one callee hear each other                         | `talk`                   |
| application | the caller is with `application`, at its step `step`          | the application's start  |
| ended       | legs are being hung up; nothing else follows                  | `hang_up`                |
"""

from typing import Literal, TypeAlias

import msgspec

from pbx.call.wire_text import all_encodable
from pbx.events.call_events import By, CallEvent, CallStarted, Role
from pbx.media.interface import Address, Stream
from pbx.routing.step import Event as RouteEvent
from pbx.routing.step import Facts, RouteState
from pbx.sip.dialog import Dialog
from pbx.sip.flow import Flow
from pbx.sip.message import Request
from pbx.sip.parse import parse_message
from pbx.tenants.scope import TenantScope
from pbx.tenants.tenant import SrtpUse

Phase: TypeAlias = Literal["routing", "ringing", "talking", "application", "ended"]
LegPhase: TypeAlias = Literal["calling", "ringing", "answered", "cancelling", "ended"]


class ReceivedInviteState(msgspec.Struct):
    """An INVITE from a phone, until it is refused, or answered and acknowledged."""

    message: bytes
    flow: Flow


class SentInviteState(msgspec.Struct):
    """The INVITE of ours that began a leg."""

    message: bytes
    flow: Flow
    ack: bytes = b""  # what we acknowledged its 2xx with, should that come again
    cancel_reason: str = ""  # why it was taken back, as our CANCEL says it


class Description(msgspec.Struct):
    """The SDP that stands on a leg: ours, and theirs."""

    local: str = ""
    remote: str = ""
    is_offer_ours: bool = False  # our offer is out and its answer has not come

    def __repr__(self) -> str:
        # Keys of SRTP stand in SDP in clear: a state in a log or a traceback must not show them.
        return f"Description({len(self.local)} octets, {len(self.remote)} octets, {self.is_offer_ours})"


class LegState(msgspec.Struct):
    """One party: its dialog, its media, and how far it got."""

    id: str
    role: Role
    party: str
    uri: str
    token: str  # our tag in its dialog, and the user part of our Contact
    flow: Flow  # the way that its signalling takes
    phase: LegPhase = "calling"
    dialog: Dialog | None = None
    received: ReceivedInviteState | None = None
    sent: SentInviteState | None = None
    description: Description = msgspec.field(default_factory=Description)
    stream: Stream | None = None
    media_local: Address | None = None
    is_held: bool = False
    srtp: SrtpUse = "off"  # its phone's
    told: list[int] = msgspec.field(default_factory=list)  # provisional statuses that this party got from us


class CallState(msgspec.Struct):
    """See the module. Each process that takes the call over raises `epoch`: a former owner's late write is ignored."""

    id: str
    scope: TenantScope
    tenant_version: int
    facts: Facts
    next_event: RouteEvent
    record_version: int = 1
    hops_left: int = 70  # Max-Forwards of what we send on
    epoch: int = 0
    phase: Phase = "routing"
    route: RouteState = RouteState()
    ring_targets: tuple[str, ...] = ()  # extensions that this round of ringing has still to invite
    ring_until: float = 0.0  # unix seconds
    refusals: list[int] = msgspec.field(default_factory=list)  # final SIP statuses of this round
    application: str = ""
    application_options: dict[str, str] = msgspec.field(default_factory=dict)  # its node's
    step: str = ""
    step_data: dict[str, str] = msgspec.field(default_factory=dict)  # what the step needs, to start again elsewhere
    ended_at: float = 0.0  # unix seconds
    is_interrupted: bool = False  # the process that had it died at `ended_at`
    ended_by: By = "system"
    end_status: int | None = None
    end_reason: str = ""
    legs: list[LegState] = msgspec.field(default_factory=list)
    history: list[CallEvent] = msgspec.field(default_factory=list)

    @property
    def caller(self) -> LegState:
        """The leg of whoever called: always the first."""
        return self.legs[0]

    @property
    def started(self) -> CallStarted:
        """How it began."""
        first = self.history[0]
        assert isinstance(first, CallStarted), "a history begins with CallStarted"
        return first


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(CallState)


def encode_state(state: CallState) -> bytes:
    """As JSON, so that a person can read what a spool holds. Bytes of a peer that are no UTF-8 are replaced."""
    try:
        return _encoder.encode(state)
    except UnicodeEncodeError:
        return _encoder.encode(all_encodable(msgspec.to_builtins(state, builtin_types=(bytes,))))


def decode_state(data: bytes) -> CallState:
    """The inverse. Raises msgspec.ValidationError for what no release wrote."""
    return _decoder.decode(data)


def read_request(data: bytes) -> Request:
    """A request that a state holds: the inverse of its `encode()`. Raises BadMessage."""
    request = parse_message(data)
    assert isinstance(request, Request), "only requests are kept"
    return request
