"""What every Bus does, and what it raises. One contract test-suite holds all backends to it.

| kind     | is                             | may be                                    | never                      |
|----------|--------------------------------|-------------------------------------------|----------------------------|
| signals  | publish and subscribe          | lost, late, doubled                       | wait for a slow subscriber |
| commands | request and reply              | carried out although no answer came       | wait beyond the deadline   |
| state    | keyed values, revisions, watch | changed more often than a watcher sees:   | go back                    |
|          |                                | only the last change is certain to come   |                            |

Every call names a scope and reaches nothing outside it; handlers get the caller's scope and answer for it. Payloads
are bytes: what they mean is between the two sides. Any call may raise BusUnavailable; state may safely be put again.
"""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Protocol, TypeAlias

from msgspec import Struct

from pbx.tenants.scope import TenantScope

# The operator's scope has this for its tenant: it hears every tenant's signals of the region, and a command's handler
# decides what it may ask. It has no signals and no state of its own.
EVERY_TENANT = "*"

PAYLOAD_MAX_BYTES = 1024 * 1024  # of a signal, command, reply or value; larger ones are refused
QUEUE_MAX = 1024  # signals that wait for a subscriber; then the oldest is dropped and counted
KEYS_MAX = 100_000  # of state, all tenants together; then new ones are refused

_NAME = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*")
_NAME_LENGTH_MAX = 256

Handler: TypeAlias = Callable[[TenantScope, bytes], Awaitable[bytes]]


class BusError(Exception):
    """Any of the below."""


class BusUnavailable(BusError):
    """Not now: nobody at the other end. Whether anything was done is open."""


class BusRefused(BusError):
    """Never: a name or payload that cannot be, a name that has its handler. Trying again is of no use."""


class NoHandler(BusError):
    """Nobody answers to this command. Nothing was done."""


class CommandFailed(BusError):
    """The handler refused or broke; the message says why. A handler raises it with words for the caller."""


class CommandTimedOut(BusError):
    """No answer by the deadline. Whether anything was done is open."""


class RevisionConflict(BusError):
    """Somebody else changed the value: it is at revision `found` (0: not there)."""

    def __init__(self, found: int) -> None:
        super().__init__(f"the value is at revision {found}")
        self.found = found


class Signal(Struct, frozen=True):
    """Something that happened, for whoever listens."""

    scope: TenantScope
    subject: str
    payload: bytes


class Entry(Struct, frozen=True):
    """A value and its revision, which rises with every change on this bus. `value` None: deleted or run out."""

    key: str
    value: bytes | None
    revision: int


class Subscription(Protocol):
    """Iterate it for signals."""

    @property
    def dropped(self) -> int:
        """Signals that this subscriber was too slow for."""

    def __aiter__(self) -> AsyncIterator[Signal]: ...

    def poll_nowait(self) -> Signal | None:
        """The next signal if one waits already: whoever has been woken for one may take those behind it along."""


class Signals(Protocol):
    """Publish and subscribe."""

    async def publish(self, scope: TenantScope, subject: str, payload: bytes) -> None:
        """Tells those who listen now. Subjects are names joined by dots: `calls.started`."""

    def subscribe(
        self, scope: TenantScope, pattern: str, *, queue_max: int = QUEUE_MAX
    ) -> AbstractAsyncContextManager[Subscription]:
        """Listens while entered. `pattern` is a subject, or `calls.>` for all below it, or `>` for all."""


class Commands(Protocol):
    """Request and reply."""

    def handle(self, name: str, handler: Handler) -> AbstractAsyncContextManager[None]:
        """Answers to `name` while entered. It may be asked again what it did already, by a caller who heard nothing.

        Raises BusRefused if somebody does so already.
        """

    async def request(self, scope: TenantScope, name: str, payload: bytes = b"", *, timeout_s: float) -> bytes:
        """The reply. Raises NoHandler, CommandFailed or CommandTimedOut."""


class State(Protocol):
    """Keyed values. Keys are names joined by dots, as subjects are."""

    async def put(
        self,
        scope: TenantScope,
        key: str,
        value: bytes,
        *,
        ttl_s: float | None = None,
        expected_revision: int | None = None,
    ) -> int:
        """Sets the value, for `ttl_s` seconds or for good, and returns its revision.

        With `expected_revision` (0: not there) only if that is the present one, else RevisionConflict. A put that is
        made again is known by its value and returns the same revision, so a claim has to name its claimant. Putting
        the value that is there renews its time and changes nothing else.
        """

    async def get(self, scope: TenantScope, key: str) -> Entry | None:
        """The value; None if there is none or it has run out."""

    async def delete(self, scope: TenantScope, key: str, *, expected_revision: int | None = None) -> None:
        """Removes the value; one that is not there is no error."""

    def watch(self, scope: TenantScope, prefix: str = "") -> AbstractAsyncContextManager[AsyncIterator[Entry]]:
        """The values whose keys begin with `prefix`, then every change of them, while entered."""


class Bus(Signals, Commands, State, Protocol):
    """All three."""


def check_name(name: str) -> str:
    """A subject, command or key. Raises BusRefused."""
    if len(name) > _NAME_LENGTH_MAX or not _NAME.fullmatch(name):
        raise BusRefused(f"{name[:80]!r} is no name: letters, digits, '_' and '-', in parts joined by dots")
    return name


def check_pattern(pattern: str) -> str:
    """A pattern of subjects. Raises BusRefused."""
    if pattern != ">":
        check_name(pattern.removesuffix(".>"))
    return pattern


def check_payload(payload: bytes) -> bytes:
    """Raises BusRefused for one that is too large."""
    if len(payload) > PAYLOAD_MAX_BYTES:
        raise BusRefused(f"a payload of {len(payload)} bytes; at most {PAYLOAD_MAX_BYTES} are carried")
    return payload


def check_tenant(scope: TenantScope) -> TenantScope:
    """Raises BusRefused for the operator's scope, where one tenant is meant."""
    if scope.tenant == EVERY_TENANT:
        raise BusRefused("this is for one tenant, not for all")
    return scope


def matches(pattern: str, subject: str) -> bool:
    """Whether a subscriber to `pattern` hears of `subject`."""
    return pattern in (">", subject) or (pattern.endswith(".>") and subject.startswith(pattern[:-1]))


def hears(listener: TenantScope, scope: TenantScope) -> bool:
    """Whether a subscriber in scope `listener` may hear what was said in `scope`."""
    return listener == scope or (listener.tenant == EVERY_TENANT and listener.region == scope.region)
