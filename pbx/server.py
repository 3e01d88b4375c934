"""The composition root: the only module that knows everybody. Puts the parts together and runs them; decides nothing.

Each part can be handed in, so that the same server runs over real sockets and the native engine, and over a simulated
network under a virtual clock.
"""

import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog
import trio
from msgspec import Struct

from pbx.announcer import Announcer, AnnouncerStats
from pbx.apps.announcement import announcement
from pbx.apps.conference import Conference
from pbx.apps.echo import echo
from pbx.apps.menu import menu
from pbx.apps.voicemail import Voicemail, VoicemailStats
from pbx.blobs.interface import Blobs
from pbx.call.call import Prompts, Services
from pbx.call.directory import CallDirectory
from pbx.call.state import CallState, decode_state
from pbx.config.load import Config
from pbx.events.message_counts import MessageCounts
from pbx.front import Front
from pbx.media.interface import MediaEngine
from pbx.registrar.edge import RegistrarEdge
from pbx.registrar.message_waiting import MessageWaiting, MessageWaitingStats
from pbx.registrar.policy import RegistrarPolicy
from pbx.registrar.registrar import Registrar, RegistrarStats
from pbx.routing.application import mailbox_number
from pbx.security.pin import verify_pin
from pbx.sip.auth import DigestServer
from pbx.sip.stack import SipStack, StackStats
from pbx.spool import Spool, SpoolStats
from pbx.spool.shipper import Shipper, ShipperStats
from pbx.store.interface import Store
from pbx.tenants.directory import TenantDirectory
from pbx.tenants.scope import TenantScope
from pbx.tenants.tenant import Tenant
from pbx.transport.endpoint import DatagramSocket, Endpoint

log = structlog.get_logger()


def random_token() -> str:
    """An id that nobody can guess: tags, Call-IDs and call ids are all that keeps strangers out of a dialog."""
    return secrets.token_hex(8)


@dataclass(frozen=True)
class Parts:
    """What a server works with. `wall` gives unix seconds and should not jump."""

    socket: DatagramSocket
    media: MediaEngine
    spool: Spool
    store: Store
    wall: Callable[[], float]
    prompts: Prompts
    blobs: Blobs
    folder: Path  # for what is being recorded
    token: Callable[[], str] = random_token
    in_thread: Callable[..., Awaitable[Any]] = trio.to_thread.run_sync  # runs what blocks
    died_at: float | None = None  # unix seconds: when the process before this one was last seen alive


class ServerStats(Struct, frozen=True):
    """One moment: what is open now, and beside it what was counted since the start."""

    calls: int
    calls_started: int
    calls_refused_full: int
    media_legs: int
    dialogs: int
    receivers: int
    tasks: int
    mistakes: int
    socket_failures: int
    inbox_dropped: int
    saves_failed: int
    saves_late: int
    records_lost: int
    refused: dict[str, int]
    sip: StackStats
    registrar: RegistrarStats
    spool: SpoolStats
    shipper: ShipperStats
    voicemail: VoicemailStats
    message_waiting: MessageWaitingStats
    announcer: AnnouncerStats


class Server:
    """A PBX at work; `run` is all of its life. The attributes are for statistics and for tests."""

    def __init__(self, config: Config, parts: Parts, *, guests: Sequence[Tenant] = ()) -> None:
        """`guests` are tenants of this process alone, such as the self-test's."""
        self.config = config
        self.parts = parts
        limits, timers = config.server.limits, config.server.timers
        self.tenants = TenantDirectory(
            [*config.tenants.values(), *guests], default=config.server.default_tenant, region=config.server.region
        )
        self.registrar = Registrar(
            RegistrarPolicy(
                expires_min_s=timers.register_min_s,
                expires_max_s=timers.register_max_s,
                contacts_max=limits.contacts_max,
                bindings_max=limits.registrations_max,
            )
        )
        self.registrar_edge = RegistrarEdge(self.registrar, parts.spool, parts.wall, token=parts.token)
        self.front = Front(
            tenants=lambda: self.tenants,
            digest=DigestServer(secrets.token_bytes(32), nonce_lifetime_s=timers.nonce_s),
            registrar=self.registrar_edge,
            wall=parts.wall,
            registrations_per_s=limits.registrations_per_s,
            calls_per_s=limits.calls_per_s,
        )
        stack = SipStack(token=parts.token, transactions_max=limits.transactions_max)
        self.endpoint = Endpoint(
            stack, parts.socket, self.front.receive, advertised_host=config.server.advertised_address
        )
        self.voicemail = Voicemail(parts.blobs, parts.folder, verify_pin=verify_pin, in_thread=parts.in_thread)
        self.calls = CallDirectory(
            Services(
                endpoint=self.endpoint,
                media=parts.media,
                spool=parts.spool,
                bindings=self.registrar,
                wall=parts.wall,
                token=parts.token,
                applications={
                    "announcement": announcement,
                    "conference": Conference(),
                    "echo": echo,
                    "mailbox": self.voicemail.mailbox,
                    "menu": menu,
                    "voicemail": self.voicemail.leave_message,
                },
                prompts=parts.prompts,
            ),
            calls_max=limits.calls_max,
        )
        self.shipper = Shipper(parts.spool, parts.store)
        self.message_waiting = MessageWaiting(
            self.endpoint,
            self.registrar,
            self._count_messages,
            tenants=lambda: self.tenants,
            wall=parts.wall,
            token=parts.token,
            account_number=lambda tenant, extension: mailbox_number(tenant.plan, extension),
        )
        self.announcer = Announcer()
        self.calls.services.observers.append(self.announcer.call_changed)
        self.registrar_edge.observers.append(self.announcer.registrations_changed)
        self.registrar_edge.observers.append(self.message_waiting.registered)
        self.shipper.observers.append(self.announcer.cdrs_added)
        self.voicemail.mailboxes.on_changed.append(self._messages_changed)

    def _count_messages(self, scope: TenantScope, extension: str) -> MessageCounts | None:
        tenant = self.tenants.named(scope.tenant)
        mailbox = tenant.extensions[extension].voicemail if tenant and extension in tenant.extensions else None
        if mailbox is None:
            return None
        return self.voicemail.mailboxes.counts(scope, extension)

    def _messages_changed(self, scope: TenantScope, box: str, new: int, old: int) -> None:
        self.message_waiting.changed(scope, box)
        self.announcer.messages_changed(scope, box, new, old)

    def stats(self) -> ServerStats:
        """What is open now, and what was counted since the start."""
        counters = self.calls.services.counters
        return ServerStats(
            calls=len(self.calls),
            calls_started=counters.started,
            calls_refused_full=self.calls.refused_full,
            media_legs=self.parts.media.legs_open(),
            dialogs=len(self.endpoint.dialogs),
            receivers=self.endpoint.receivers_open(),
            tasks=trio.lowlevel.current_statistics().tasks_living,
            mistakes=self.endpoint.mistakes,
            socket_failures=self.endpoint.socket_failures,
            inbox_dropped=counters.inbox_dropped,
            saves_failed=counters.saves_failed,
            saves_late=counters.saves_late,
            records_lost=counters.records_lost,
            refused=dict(self.front.refused),
            sip=self.endpoint.stack.stats(),
            registrar=self.registrar.stats(),
            spool=self.parts.spool.stats(),
            shipper=self.shipper.stats(),
            voicemail=self.voicemail.stats(),
            message_waiting=self.message_waiting.stats(),
            announcer=self.announcer.stats(),
        )

    async def run(self, *, task_status: trio.TaskStatus["Server"] = trio.TASK_STATUS_IGNORED) -> None:
        """Serves until cancelled; then every phone hears a goodbye before the socket falls silent."""
        wire = trio.CancelScope(shield=True)
        async with trio.open_nursery() as outer:
            outer.start_soon(self._run_wire, wire)
            outer.start_soon(self.parts.media.run)
            outer.start_soon(self.registrar_edge.run)
            outer.start_soon(self.shipper.run)
            outer.start_soon(self.voicemail.run)
            outer.start_soon(self.message_waiting.run)
            try:
                async with trio.open_nursery() as nursery:
                    self.front.open(self.endpoint, self.calls, nursery)
                    self.calls.open(nursery)
                    self.registrar_edge.restore(self.parts.spool.load_bindings())
                    self._end_interrupted()
                    task_status.started(self)
                    await trio.sleep_forever()
            finally:
                wire.cancel()

    async def _run_wire(self, scope: trio.CancelScope) -> None:
        with scope:
            await self.endpoint.run()

    def _end_interrupted(self) -> None:
        """Calls that an earlier process left by dying: their phones get a BYE, and each leaves its one CDR."""
        for saved in self.parts.spool.load_calls():
            try:
                self._end_one(decode_state(saved.state))
            except Exception:
                # One call that cannot be read must not keep all others from beginning; its row stays to be looked at.
                log.exception("interrupted call not ended", call=saved.call_id, scope=str(saved.scope))

    def _end_one(self, state: CallState) -> None:
        tenant = self.tenants.named(state.scope.tenant) or Tenant(state.scope.tenant)
        log.warning("interrupted call", call=state.id, scope=str(state.scope), phase=state.phase)
        self.calls.end_interrupted(state, tenant, died_at=self.parts.died_at or state.history[-1].at)
