"""What changes, as it changes, for everybody who has the portal open (server-sent events).

Signals may be lost or doubled, so they only say that it is time to look again; every LOOK_AGAIN_S it is time anyway.
What was found goes to a client only if it differs from before, and always whole: a client that is slow, or was away,
has missed nothing that the newest list does not say. One look serves all clients of a tenant.

| event           | data                                    |
|-----------------|-----------------------------------------|
| `connection`    | {"call_process": "up"} or "down"        |
| `calls`         | all live calls                          |
| `registrations` | all extensions with their contacts      |
| `voicemail`     | all messages                            |
| `cdrs`          | {"id": …} of the newest CDR             |
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TypeAlias

import anyio
import msgspec
import structlog
from msgspec import Struct

from pbx.bus.interface import BusError, CommandFailed, Signal
from pbx.store.interface import StoreError
from pbx.tenants.scope import TenantScope
from pbx.web.call_process import CallProcess

LOOK_AGAIN_S = 5.0
LOOK_PAUSE_S = 0.1  # between looks: a hundred calls that begin in one second are ten looks, not a hundred
LOOKS_AT_ONCE = 16  # of all tenants: one whose mailboxes take long must not hold up the others
COMMENT_EVERY_S = 15.0  # so that proxies and browsers know that the line is alive, and we that the client is
LISTENERS_MAX = 200  # clients of this process; the next one is told 503
LISTENERS_OF_TENANT_MAX = 100  # so that the browsers of one tenant cannot take everybody's place

Look: TypeAlias = Callable[[TenantScope], Awaitable[object]]

log = structlog.get_logger()


class LiveStats(Struct, frozen=True):
    """`listeners` is of now, the others count since the start."""

    listeners: int
    looks: int
    looks_failed: int
    coalesced: int  # events that a slow client was spared, because a newer one came before it took them


class Listener:
    """One client's queue: at most one event of each kind, the newest. Filling it never waits."""

    def __init__(self) -> None:
        self.coalesced = 0
        self._waiting: dict[str, bytes] = {}
        self._changed = anyio.Event()
        self._is_closed = False

    def put(self, topic: str, data: bytes) -> None:
        """Queues an event, in place of an older one of its kind."""
        self.coalesced += self._waiting.pop(topic, None) is not None
        self._waiting[topic] = data
        self._changed.set()

    def close(self) -> None:
        """There will be nothing more."""
        self._is_closed = True
        self._changed.set()

    async def next(self) -> tuple[str, bytes] | None:
        """The next event; None at the end."""
        while not self._waiting and not self._is_closed:
            self._changed = anyio.Event()
            await self._changed.wait()
        if self._is_closed:
            return None
        topic = next(iter(self._waiting))
        return topic, self._waiting.pop(topic)


class _Audience:
    """The clients of one tenant, and what they know."""

    def __init__(self) -> None:
        self.listeners: list[Listener] = []
        self.known: dict[str, bytes] = {}

    def tell(self, topic: str, data: bytes) -> None:
        if self.known.get(topic) != data:
            self.known[topic] = data
            for listener in self.listeners:
                listener.put(topic, data)


class LiveFeed:
    """`run` it beside the server. `looks` says, by topic, how to find what there is; None: nothing to tell."""

    def __init__(self, call_process: CallProcess, looks: Mapping[str, Look]) -> None:
        self._call_process = call_process
        self._looks = looks
        self._audiences: dict[TenantScope, _Audience] = {}
        self._stale: dict[tuple[TenantScope, str], None] = {}  # bounded: tenants with listeners, times topics
        self._looking: set[tuple[TenantScope, str]] = set()  # at most one of a kind, so that none is overtaken
        self._at_once = anyio.CapacityLimiter(LOOKS_AT_ONCE)
        self._woken = anyio.Event()
        self._is_answering = True
        self._told = b""  # of the connection, to all who are here
        self._is_closed = False
        self._looked = self._looks_failed = self._coalesced_before = 0

    def is_full(self, scope: TenantScope) -> bool:
        """Whether one more client of this tenant would be too many."""
        of_tenant = len(self._audiences[scope].listeners) if scope in self._audiences else 0
        return of_tenant >= LISTENERS_OF_TENANT_MAX or self._listeners() >= LISTENERS_MAX

    def stats(self) -> LiveStats:
        """How it goes."""
        coalesced = sum(each.coalesced for audience in self._audiences.values() for each in audience.listeners)
        return LiveStats(self._listeners(), self._looked, self._looks_failed, self._coalesced_before + coalesced)

    async def run(self) -> None:
        """Looks and tells until cancelled."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._call_process.run, self._hear, self._connection_changed)
            tasks.start_soon(self._look_from_time_to_time)
            while True:
                await self._woken.wait()
                self._woken = anyio.Event()
                for look in [look for look in self._stale if look not in self._looking]:
                    del self._stale[look]
                    self._looking.add(look)
                    tasks.start_soon(self._look_in_turn, *look)
                await anyio.sleep(LOOK_PAUSE_S)

    def close(self) -> None:
        """Ends every client's stream, and those that are still to come."""
        self._is_closed = True
        for audience in self._audiences.values():
            for listener in audience.listeners:
                listener.close()

    async def stream(
        self, scope: TenantScope, is_welcome: Callable[[], Awaitable[bool]]
    ) -> AsyncGenerator[bytes, None]:
        """A client's events as text/event-stream, until it leaves or `is_welcome` (asked now and then) says no."""
        yield b"retry: 1000\n\n"
        with self._listening(scope) as listener:
            ask_at = anyio.current_time() + COMMENT_EVERY_S
            while True:
                event, is_quiet = None, True
                with anyio.move_on_after(COMMENT_EVERY_S):
                    event, is_quiet = await listener.next(), False
                if anyio.current_time() >= ask_at:  # by the clock: on a busy line it is never quiet
                    if not await is_welcome():
                        return
                    ask_at = anyio.current_time() + COMMENT_EVERY_S
                if is_quiet:
                    yield b": still here\n\n"
                elif event is None:
                    return
                else:
                    yield b"event: %s\ndata: %s\n\n" % (event[0].encode(), event[1])

    # -- insides -------------------------------------------------------------------------------------------------------

    @contextmanager
    def _listening(self, scope: TenantScope) -> Iterator[Listener]:
        listener = Listener()
        audience = self._audiences.setdefault(scope, _Audience())
        audience.listeners.append(listener)
        self._call_process.listen(is_wanted=True)
        listener.put("connection", self._connection())
        for topic, data in audience.known.items():
            listener.put(topic, data)
        if self._is_closed:
            listener.close()
        self._expect(scope, *self._looks)
        try:
            yield listener
        finally:
            audience.listeners.remove(listener)
            self._coalesced_before += listener.coalesced
            if not audience.listeners:
                del self._audiences[scope]
                self._call_process.listen(is_wanted=bool(self._audiences))

    def _listeners(self) -> int:
        return sum(len(audience.listeners) for audience in self._audiences.values())

    def _hear(self, signal: Signal) -> None:
        topic = signal.subject.partition(".")[0]
        if topic in self._looks:
            self._expect(signal.scope, topic)

    def _expect(self, scope: TenantScope, *topics: str) -> None:
        if scope in self._audiences:
            self._stale.update(dict.fromkeys((scope, topic) for topic in topics))
            self._woken.set()

    def _expect_everything(self) -> None:
        for scope in self._audiences:
            self._expect(scope, *self._looks)

    async def _look_from_time_to_time(self) -> None:
        while True:
            await anyio.sleep(LOOK_AGAIN_S)
            self._expect_everything()

    async def _look_in_turn(self, scope: TenantScope, topic: str) -> None:
        try:
            async with self._at_once:
                await self._look(scope, topic)
        finally:
            self._looking.discard((scope, topic))
            if self._stale:
                self._woken.set()

    async def _look(self, scope: TenantScope, topic: str) -> None:
        self._looked += 1
        try:
            found = await self._looks[topic](scope)
        except (BusError, StoreError, msgspec.MsgspecError) as error:
            self._looks_failed += 1
            log.debug("a look failed", topic=topic, scope=str(scope), error=str(error))
            # Calls need nothing but the call process; messages may be late because their storage is.
            if topic == "calls" and isinstance(error, BusError) and not isinstance(error, CommandFailed):
                self._answering(False)
            return
        if topic == "calls":
            self._answering(True)
        if found is not None and (audience := self._audiences.get(scope)) is not None:
            audience.tell(topic, msgspec.json.encode(found))

    def _answering(self, is_answering: bool) -> None:
        self._is_answering = is_answering
        # By what was told, not by what changed here: an answer may still arrive when the connection has just gone.
        connection = self._connection()
        if connection != self._told:
            self._told = connection
            for audience in self._audiences.values():
                for listener in audience.listeners:
                    listener.put("connection", connection)

    def _connection_changed(self) -> None:
        self._answering(self._call_process.is_up)
        self._expect_everything()

    def _connection(self) -> bytes:
        # Connected is not enough: a process that hangs has its socket open.
        is_up = self._call_process.is_up and self._is_answering
        return b'{"call_process":"up"}' if is_up else b'{"call_process":"down"}'
