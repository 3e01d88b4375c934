"""Tells phones how many messages wait for them: a NOTIFY to each contact of an extension, when it is due for one.

What is due is decided in `message_summary`. Here: at most one NOTIFY to a contact is under way, and what changes
meanwhile is looked at when it is over, so a phone always ends with the newest counts and never gets two out of order.
Never subscribes anybody: SUBSCRIBE is answered elsewhere.
"""

from collections.abc import Callable
from functools import partial

import structlog
import trio
from msgspec import Struct

from pbx.events.message_counts import CountMessages, MessageCounts
from pbx.registrar.binding import Binding
from pbx.registrar.message_summary import LastNotify, Result, is_due, make_notify, result_of
from pbx.registrar.registrar import Registrar
from pbx.sip.events import Event, ResponseReceived, TimedOut
from pbx.tenants.directory import TenantDirectory
from pbx.tenants.scope import TenantScope
from pbx.tenants.tenant import Tenant
from pbx.transport.endpoint import Endpoint

# NOTIFYs under way, of all extensions. A phone that is gone holds one for 32 s (RFC 3261 Timer F), so that many phones
# may be gone at once before the others wait; beyond (by one extension's contacts at most), extensions wait in line.
IN_FLIGHT_MAX = 512
# Extensions in line, each once; beyond, one more is dropped and counted. Its phones are told with their next REGISTER.
WAITING_MAX = 65_536
LOOKS_PER_TURN = 32  # extensions looked at before other tasks have their turn

Mailbox = tuple[TenantScope, str]

log = structlog.get_logger()


class MessageWaitingStats(Struct, frozen=True):
    """`in_flight`, `waiting` (extensions) and `contacts` (that we know the lamp of) are of now, the rest counts."""

    in_flight: int
    waiting: int
    contacts: int
    told: int
    refused: int
    not_answered: int
    failed: int
    dropped: int
    mistakes: int  # exceptions of ours; each costs one extension one NOTIFY


class _Line:
    """One contact of an extension, as far as its lamp goes."""

    def __init__(self) -> None:
        self.last: LastNotify | None = None
        self.is_in_flight = False


def own_number(tenant: Tenant, extension: str) -> str:
    """The extension itself: the mailbox's own name, where no number of the plan leads to it."""
    return extension


class MessageWaiting:
    """Say `changed` and `registered` at any time; `run` sends. Nothing here waits for a phone."""

    def __init__(
        self,
        endpoint: Endpoint,
        registrar: Registrar,
        counts: CountMessages,
        *,
        tenants: Callable[[], TenantDirectory],
        wall: Callable[[], float],
        token: Callable[[], str],
        account_number: Callable[[Tenant, str], str] = own_number,
    ) -> None:
        """`account_number` is what a phone of the extension dials to hear its messages. `wall` gives unix seconds."""
        self._endpoint = endpoint
        self._registrar = registrar
        self._counts = counts
        self._tenants = tenants
        self._wall = wall
        self._token = token
        self._account_number = account_number
        self._lines: dict[Mailbox, dict[str, _Line]] = {}
        self._waiting: dict[Mailbox, None] = {}  # in the order they came
        self._news = trio.Event()
        self._in_flight = self._dropped = self._mistakes = 0
        self._results = dict.fromkeys(Result, 0)

    def changed(self, scope: TenantScope, extension: str) -> None:
        """The counts of this extension's mailbox may have changed."""
        self._enqueue((scope, extension))

    def registered(self, scope: TenantScope, extension: str) -> None:
        """What is registered for this extension has changed: a new contact, a refresh, one less."""
        self._enqueue((scope, extension))

    async def run(self) -> None:
        """Sends what is due until cancelled."""
        while True:
            await self._news.wait()
            self._news = trio.Event()
            while self._waiting and self._in_flight < IN_FLIGHT_MAX:
                self._look_at_some()
                await trio.lowlevel.checkpoint()

    def stats(self) -> MessageWaitingStats:
        """What is under way, and what became of the others."""
        return MessageWaitingStats(
            in_flight=self._in_flight,
            waiting=len(self._waiting),
            contacts=sum(map(len, self._lines.values())),
            told=self._results[Result.TOLD],
            refused=self._results[Result.REFUSED],
            not_answered=self._results[Result.NOT_ANSWERED],
            failed=self._results[Result.FAILED],
            dropped=self._dropped,
            mistakes=self._mistakes,
        )

    # -- insides -------------------------------------------------------------------------------------------------------

    def _enqueue(self, mailbox: Mailbox) -> None:
        self._news.set()
        if mailbox not in self._waiting and len(self._waiting) >= WAITING_MAX:
            self._dropped += 1
            return
        self._waiting[mailbox] = None

    def _look_at_some(self) -> None:
        for _ in range(LOOKS_PER_TURN):
            if not self._waiting or self._in_flight >= IN_FLIGHT_MAX:
                return
            mailbox = next(iter(self._waiting))
            del self._waiting[mailbox]
            try:
                self._look_at(mailbox)
            except Exception:
                log.exception("phone not notified", extension=mailbox[1], scope=str(mailbox[0]))
                self._mistakes += 1

    def _look_at(self, mailbox: Mailbox) -> None:
        scope, extension = mailbox
        tenant, counts = self._tenants().named(scope.tenant), self._counts(scope, extension)
        if tenant is None or counts is None:
            self._lines_of(mailbox, ())
            return
        bindings = self._registrar.lookup(scope, extension, self._wall())
        for binding, line in zip(bindings, self._lines_of(mailbox, bindings), strict=True):
            if not line.is_in_flight and is_due(line.last, binding, counts):
                self._notify(mailbox, tenant, line, binding, counts)

    def _lines_of(self, mailbox: Mailbox, bindings: tuple[Binding, ...]) -> list[_Line]:
        """One for each binding. Those of contacts that are gone are forgotten, but not while a NOTIFY is under way: the
        phone may be back within the 32 s, and the old one, sent again, must not come behind a newer one.
        """
        before = self._lines.pop(mailbox, {})
        kept = {contact: line for contact, line in before.items() if line.is_in_flight}
        kept |= {binding.contact: before.get(binding.contact) or _Line() for binding in bindings}
        if kept:
            self._lines[mailbox] = kept
        return [kept[binding.contact] for binding in bindings]

    def _notify(self, mailbox: Mailbox, tenant: Tenant, line: _Line, binding: Binding, counts: MessageCounts) -> None:
        extension = mailbox[1]
        notify = make_notify(
            binding,
            counts,
            extension=extension,
            account_number=self._account_number(tenant, extension),
            domain=next(iter(tenant.domains), binding.flow.local[0]),  # or none at all, as its phones dial
            call_id=self._token(),
            tag=self._token(),
        )
        self._endpoint.request(notify, binding.flow, partial(self._hear, mailbox, line, binding, counts))
        line.is_in_flight = True
        self._in_flight += 1

    def _hear(self, mailbox: Mailbox, line: _Line, binding: Binding, counts: MessageCounts, event: Event) -> None:
        match event:
            case ResponseReceived(_, response) if response.status >= 200:
                self._finish(line, LastNotify(result_of(response.status), binding, counts))
            case TimedOut():
                self._finish(line, LastNotify(Result.NOT_ANSWERED, binding, counts))
            case _:
                return
        self._enqueue(mailbox)

    def _finish(self, line: _Line, last: LastNotify) -> None:
        line.last, line.is_in_flight = last, False
        self._in_flight -= 1
        self._results[last.result] += 1
