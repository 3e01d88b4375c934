"""Answers REGISTER requests: the registrar decides, the spool keeps, then the 200 leaves. Decides nothing itself.

A binding that a phone was told of is on the disk: it survives kill -9. What is in memory is what is on the disk, or
will be dropped from the disk with the next sweep.
"""

import secrets
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol
from zlib import crc32

import msgspec
import trio
from msgspec import Struct

from pbx.registrar.binding import Binding, decode_binding, encode_binding
from pbx.registrar.registrar import Outcome, Registrar
from pbx.registrar.turns import TooManyWaiting, Turns
from pbx.sip.flow import Flow
from pbx.sip.message import Request, Response
from pbx.spool import Change, PutBinding, RemoveBinding, SavedBinding, SpoolError, SpoolFull
from pbx.tenants.scope import TenantScope

# Requests for one address-of-record that wait for the one before; beyond: 503. A phone has one or two under way.
WAITING_PER_AOR_MAX = 8

# Seconds. Each Call-ID is told a number of its own, or all that were turned away together would come back together.
RETRY_AFTER_MIN_S, RETRY_AFTER_MAX_S = 2, 10

SWEEP_MIN_S = 1.0  # seconds between sweeps at least, so that bindings which run out together go together
SWEEP_MAX_S = 30.0  # and at most: something may have been registered meanwhile that runs out sooner


class BindingSpool(Protocol):
    """What is needed of the spool."""

    async def commit(self, *changes: Change) -> None: ...


class RegistrarEdgeStats(Struct, frozen=True):
    """Counts since the start."""

    answered: dict[int, int]  # responses by status
    sweeps_failed: int  # expired bindings still in the file; the next start drops them
    unreadable: int  # saved bindings that could not be restored


class RegistrarEdge:
    """The registrar at work. `run` sweeps out what expires; `handle` may be called by many tasks at once."""

    def __init__(
        self,
        registrar: Registrar,
        spool: BindingSpool,
        wall: Callable[[], float],
        *,
        token: Callable[[], str] = lambda: secrets.token_hex(8),
    ) -> None:
        """`wall` gives unix seconds and should not jump (`SteadyWall`); `token` makes the To tags of responses."""
        self.registrar = registrar
        # Told of each address-of-record whose bindings were added, refreshed, removed or have expired, before the phone
        # is. They only note it: a REGISTER waits for them.
        self.observers: list[Callable[[TenantScope, str], None]] = []
        self._spool = spool
        self._wall = wall
        self._token = token
        self._turns = Turns(WAITING_PER_AOR_MAX)  # one request per address-of-record from plan to apply
        self._answered: dict[int, int] = {}
        self._sweeps_failed = 0
        self._unreadable = 0

    def restore(self, saved: Iterable[SavedBinding]) -> None:
        """Takes over `spool.load_bindings()` before the first request."""
        self.registrar.restore(self._readable(saved))

    async def handle(self, request: Request, flow: Flow, scope: TenantScope, aor: str) -> Response:
        """The response to a REGISTER that may register `aor`; what it changes is on the disk when this returns."""
        outcome = await self._carry_out(request, flow, scope, aor)
        headers = list(outcome.headers)
        if outcome.status == 503:
            headers.append(("Retry-After", str(_retry_after_s(request))))
        self._answered[outcome.status] = self._answered.get(outcome.status, 0) + 1
        return request.response(outcome.status, outcome.reason or None, to_tag=self._token(), headers=headers)

    async def run(self) -> None:
        """Forgets expired bindings until cancelled."""
        while True:
            due_s = self.registrar.next_timeout() - self._wall()
            await trio.sleep(min(max(due_s, SWEEP_MIN_S), SWEEP_MAX_S))
            while self.registrar.next_timeout() <= self._wall():
                await self._sweep()

    def stats(self) -> RegistrarEdgeStats:
        """What was answered, and what went wrong."""
        return RegistrarEdgeStats(self._answered.copy(), self._sweeps_failed, self._unreadable)

    # -- insides -------------------------------------------------------------------------------------------------------

    async def _carry_out(self, request: Request, flow: Flow, scope: TenantScope, aor: str) -> Outcome:
        try:
            await self._turns.take((scope, aor))
        except TooManyWaiting:
            return Outcome(scope, aor, 503)
        try:
            outcome = self.registrar.plan(request, scope, aor, flow, self._wall())
            if changes := _changes(outcome):
                # Shielded, or a cancelled task would leave the disk and the memory apart. The disk sets the bound.
                with trio.CancelScope(shield=True):
                    await self._spool.commit(*changes)
            self.registrar.apply(outcome)
            if changes:
                self._tell(scope, aor)
        except SpoolFull:
            return Outcome(scope, aor, 503)
        except SpoolError:
            return Outcome(scope, aor, 500, "Registration Could Not Be Kept")  # RFC 3261 10.3 step 7, the last sentence
        finally:
            self._turns.give_back((scope, aor))
        return outcome

    async def _sweep(self) -> None:
        wall_now = self._wall()
        expired = self.registrar.handle_timeout(wall_now)
        for scope, aor in dict.fromkeys((e.scope, e.aor) for e in expired):
            self._tell(scope, aor)
        try:
            await self._spool.commit(*(RemoveBinding(e.scope, e.aor, e.contact, expired_by=wall_now) for e in expired))
        except SpoolError:
            self._sweeps_failed += 1

    def _tell(self, scope: TenantScope, aor: str) -> None:
        for observer in self.observers:
            observer(scope, aor)

    def _readable(self, saved: Iterable[SavedBinding]) -> Iterator[tuple[TenantScope, str, Binding]]:
        for row in saved:
            try:
                yield row.scope, row.aor, decode_binding(row.record)
            except (msgspec.MsgspecError, UnicodeDecodeError):
                self._unreadable += 1


def _changes(outcome: Outcome) -> list[Change]:
    scope, aor = outcome.scope, outcome.aor
    removals = [RemoveBinding(scope, aor, contact) for contact in outcome.removed]
    return [*removals, *(PutBinding(scope, aor, b.contact, b.expires_at, encode_binding(b)) for b in outcome.put)]


def _retry_after_s(request: Request) -> int:
    call_id = request.headers.first("Call-ID") or ""
    spread_s = RETRY_AFTER_MAX_S - RETRY_AFTER_MIN_S + 1
    return RETRY_AFTER_MIN_S + crc32(call_id.encode("utf-8", "replace")) % spread_s
