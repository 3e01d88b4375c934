"""A running call: its state, its legs, and one inbox that everything about it comes through, in order.

One coroutine reads the inbox (`run.py`), so nothing in a call happens at the same time as anything else in it: but for
an application, whose coroutine runs beside the reader until either ends (`application.py`).
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import trio

from mediacore import sdp
from pbx.call.leg import Leg
from pbx.call.state import CallState, LegState, encode_state
from pbx.events.call_events import By, CallEvent, CallStarted, LegEnded, LegHeld, LegMedia, LegResumed, LegStarted, Role
from pbx.media.interface import Address, MediaEngine
from pbx.registrar.binding import Binding
from pbx.routing.step import Facts, Start
from pbx.sip.events import Event, RequestReceived
from pbx.sip.flow import Flow
from pbx.spool import PutCall, Spool, SpoolError
from pbx.tenants.scope import TenantScope
from pbx.tenants.tenant import Tenant
from pbx.transport.endpoint import Endpoint

SAVE_S = 1.0  # how long a phone waits for the disk; a group commit takes some milliseconds
HISTORY_MAX = 1000  # events; the whole history is written with each save
INBOX_MAX = 256  # events of one call; beyond, the newest is dropped and counted, and a request is told 500

# Started with an `ApplicationCall`, returns its outcome ("" ends the call); the caller's hang-up cancels it.
Application = Callable[[Any], Awaitable[str]]


@dataclass
class CallCounters:
    """What went on in all calls together."""

    started: int = 0
    ended: int = 0
    inbox_dropped: int = 0
    saves_failed: int = 0
    saves_late: int = 0
    records_lost: int = 0


class Prompts(Protocol):
    """Where the words are that applications say."""

    def path(self, scope: TenantScope, language: str, name: str) -> Path:
        """The file of a prompt, the tenant's own before ours. Raises LookupError for one that there is not."""


class Bindings(Protocol):
    """What a call asks the registrar."""

    def lookup(self, scope: TenantScope, aor: str, wall_now: float) -> tuple[Binding, ...]:
        """Where an extension's phones are, the preferred first."""

    def registered(self, scope: TenantScope, wall_now: float) -> frozenset[str]:
        """The extensions that have a phone now."""


@dataclass(frozen=True)
class Services:
    """What every call of a process shares. `wall` gives unix seconds, `token` an id that carries its owner."""

    endpoint: Endpoint
    media: MediaEngine
    spool: Spool
    bindings: Bindings
    wall: Callable[[], float]
    token: Callable[[], str]
    applications: Mapping[str, Application]
    prompts: Prompts
    codecs: tuple[sdp.Codec, ...] = sdp.CODECS
    product: str = "mediacore-pbx"
    counters: CallCounters = field(default_factory=CallCounters)
    # Told of every change that people can see in a call. They only note it: the call waits for them.
    observers: list[Callable[["Call"], None]] = field(default_factory=list)


class Call:
    """See the module. `tenant` is the snapshot that the call began with: a change of plan meets the next call."""

    def __init__(self, state: CallState, tenant: Tenant, services: Services) -> None:
        self.state = state
        self.tenant = tenant
        self.services = services
        self.legs: dict[str, Leg] = {}
        self._post, self._inbox = trio.open_memory_channel[tuple[str, Event]](INBOX_MAX)

    @property
    def caller(self) -> Leg:
        """The leg of whoever called."""
        return self.legs[self.state.caller.id]

    @property
    def callees(self) -> list[Leg]:
        """Every leg but the caller's, in the order they were rung."""
        return [leg for leg in self.legs.values() if leg.state.role == "callee"]

    def other(self, leg: Leg) -> Leg | None:
        """Whom `leg` talks to, if anyone."""
        return next((other for other in self.legs.values() if other.is_up and other is not leg), None)

    # -- inbox ---------------------------------------------------------------------------------------------------------

    def post(self, leg_id: str, event: Event) -> None:
        """Puts what a leg heard into the inbox."""
        try:
            self._post.send_nowait((leg_id, event))
        except trio.WouldBlock:
            self.services.counters.inbox_dropped += 1
            if isinstance(event, RequestReceived):
                self.legs[leg_id].respond(event, 500)

    async def next(self) -> tuple[Leg, Event]:
        """The next thing that happened, and on which leg."""
        while True:
            leg_id, event = await self._inbox.receive()
            leg = self.legs[leg_id]
            if not leg.refuses_fork(event):
                return leg, event

    def next_nowait(self) -> tuple[Leg, Event] | None:
        """What has happened and was not looked at yet."""
        try:
            leg_id, event = self._inbox.receive_nowait()
        except trio.WouldBlock:
            return None
        return self.legs[leg_id], event

    # -- legs ----------------------------------------------------------------------------------------------------------

    def add_leg(self, role: Role, party: str, uri: str, flow: Flow) -> Leg:
        """A new leg with ports of its own, whose phone is reached by `flow`. Raises NoMediaPorts."""
        media = self.services.media.open_leg()
        prefix = "a" if role == "caller" else "b"
        state = LegState(f"{prefix}{len(self.state.legs)}", role, party, uri, self.services.token(), flow)
        state.media_local = media.local
        state.srtp = self.tenant.srtp_of(party)
        self.state.legs.append(state)
        leg = Leg(state, media, self.services.endpoint, self.post)
        self.legs[state.id] = leg
        self.note(LegStarted(self.services.wall(), state.id, role, party, uri))
        return leg

    def restore_leg(self, state: LegState) -> Leg:
        """The leg of a saved state, on the port that its phone knows. Raises NoMediaPorts if that is taken."""
        local: Address | None = state.media_local
        media = self.services.media.open_leg(local=local)
        if state.stream is not None:
            media.update(state.stream)
        leg = Leg(state, media, self.services.endpoint, self.post)
        self.legs[state.id] = leg
        return leg

    def leg_ended(self, leg: Leg, status: int | None, by: By, reason: str) -> None:
        """Notes a leg's end with what its audio was like, and gives its port back; a second end of it is none.

        The caller's port goes back a moment later, as `hang_up` begins: an application, or the ringing tone, may wake
        together with the reader of the inbox, and play once more before it is cancelled.
        """
        if leg.state.phase == "ended":
            return
        leg.state.phase = "ended"
        is_last = leg.state.role == "callee" or self.state.phase == "ended"
        if is_last:
            leg.media.close()  # first: what was measured last is then read once, not for us and again for itself
        quality = leg.media.quality()
        media = LegMedia(
            codec=quality.codec,
            packets_sent=quality.packets_sent,
            packets_received=quality.packets_received,
            packets_forwarded=quality.packets_forwarded,
            packets_decoded=quality.packets_decoded,
            lost_ratio=quality.lost_ratio,
            jitter_ms=quality.jitter_ms,
            mos=quality.mos,
        )
        if not self.state.is_interrupted:  # else it ended with its process, not with our goodbye
            # Once the call is over, that is the leg's end too, however long its phone takes to say so.
            at = self.state.ended_at if self.state.phase == "ended" else self.services.wall()
            self.note(LegEnded(at, leg.id, status, by, reason, media))
        if is_last:
            leg.close()

    # -- record --------------------------------------------------------------------------------------------------------

    def note(self, event: CallEvent) -> None:
        """Adds to the call's history. Past HISTORY_MAX no further hold is noted: a phone can do that for ever."""
        history = self.state.history
        if len(history) < HISTORY_MAX or not isinstance(event, LegHeld | LegResumed):
            history.append(event)
        self.tell()

    def end(self, by: By, status: int | None, reason: str) -> None:
        """Decides that the call is over, now. Whoever comes second decides nothing."""
        if self.state.phase == "ended":
            return
        self.state.phase = "ended"
        self.state.ended_at = self.services.wall()
        self.state.ended_by, self.state.end_status, self.state.end_reason = by, status, reason
        self.tell()

    async def save(self) -> None:
        """Returns once the spool has the state: what a phone is told afterwards survives this process.

        A disk that is full or slow costs the call its survival, not its life: that is counted, and the call goes on.
        Whoever saves has something to say to a phone next, so nothing but SAVE_S cuts this short.
        """
        self.tell()
        state = self.state
        change = PutCall(state.id, state.scope, encode_state(state), state.epoch)
        try:
            with trio.move_on_after(SAVE_S, shield=True) as scope:
                await self.services.spool.commit(change)
            self.services.counters.saves_late += scope.cancelled_caught
        except SpoolError:
            self.services.counters.saves_failed += 1

    def tell(self) -> None:
        """Tells whoever watches that something about this call may look different now."""
        for observer in self.services.observers:
            observer(self)


def new_state(
    call_id: str, tenant: Tenant, scope: TenantScope, facts: Facts, *, from_name: str, sip_call_id: str
) -> CallState:
    """The state of a call that begins at `facts.at`."""
    state = CallState(call_id, scope, tenant.version, facts, Start(facts.to_number))
    at = facts.at or 0.0
    state.history.append(CallStarted(at, call_id, scope, facts.from_number, from_name, facts.to_number, sip_call_id))
    return state
