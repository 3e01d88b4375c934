"""The Bus inside one process. Nothing here waits for anybody but a command for its handler."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import anyio.lowlevel
from msgspec import Struct

from pbx.bus.interface import (
    QUEUE_MAX,
    BusRefused,
    CommandFailed,
    CommandTimedOut,
    Entry,
    Handler,
    NoHandler,
    Signal,
    check_name,
    check_pattern,
    check_payload,
    check_tenant,
    hears,
    matches,
)
from pbx.bus.state import KeyedState
from pbx.bus.subscription import ChangeQueue, SignalQueue
from pbx.tenants.scope import TenantScope


class MemoryBusStats(Struct, frozen=True):
    """Counts since the start; `subscribers` is of now."""

    subscribers: int
    published: int
    dropped: int  # signals that subscribers were too slow for
    requests: int
    handlers_broken: int  # commands whose handler raised something else than CommandFailed


class MemoryBus:
    """A Bus; see `interface.py` for what each call does."""

    def __init__(self) -> None:
        self._subscribers: list[tuple[TenantScope, str, SignalQueue]] = []
        self._handlers: dict[str, Handler] = {}
        self._state = KeyedState()
        self._published = self._dropped_before = self._requests = self._handlers_broken = 0

    def stats(self) -> MemoryBusStats:
        """How much went over it."""
        return MemoryBusStats(
            subscribers=len(self._subscribers),
            published=self._published,
            dropped=self._dropped_before + sum(queue.dropped for _, _, queue in self._subscribers),
            requests=self._requests,
            handlers_broken=self._handlers_broken,
        )

    # -- signals -------------------------------------------------------------------------------------------------------

    async def publish(self, scope: TenantScope, subject: str, payload: bytes) -> None:
        """See Signals."""
        signal = Signal(check_tenant(scope), check_name(subject), check_payload(payload))
        self._published += 1
        for listener, pattern, queue in self._subscribers:
            if hears(listener, scope) and matches(pattern, subject):
                queue.put(signal)
        await anyio.lowlevel.checkpoint_if_cancelled()  # no turn of the event loop for each signal of a burst

    @asynccontextmanager
    async def subscribe(
        self, scope: TenantScope, pattern: str, *, queue_max: int = QUEUE_MAX
    ) -> AsyncIterator[SignalQueue]:
        """See Signals."""
        subscriber = (scope, check_pattern(pattern), SignalQueue(queue_max))
        self._subscribers.append(subscriber)
        try:
            yield subscriber[2]
        finally:
            self._subscribers = [other for other in self._subscribers if other is not subscriber]
            self._dropped_before += subscriber[2].dropped

    # -- commands ------------------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def handle(self, name: str, handler: Handler) -> AsyncIterator[None]:
        """See Commands."""
        if check_name(name) in self._handlers:
            raise BusRefused(f"{name!r} has its handler already")
        self._handlers[name] = handler
        try:
            yield
        finally:
            del self._handlers[name]

    async def request(self, scope: TenantScope, name: str, payload: bytes = b"", *, timeout_s: float) -> bytes:
        """See Commands. The handler runs in the caller's task and is cancelled at the deadline."""
        handler = self._handlers.get(check_name(name))
        check_payload(payload)
        if handler is None:
            raise NoHandler(f"nobody answers to {name!r}")
        self._requests += 1
        with anyio.move_on_after(timeout_s):
            return await self._answer(handler, scope, name, payload)
        raise CommandTimedOut(f"no answer to {name!r} in {timeout_s} s")

    async def _answer(self, handler: Handler, scope: TenantScope, name: str, payload: bytes) -> bytes:
        await anyio.lowlevel.checkpoint()
        try:
            return check_payload(await handler(scope, payload))
        except CommandFailed:
            raise
        except Exception as error:  # whatever it is, it is the handler's fault and the caller has to hear of it
            self._handlers_broken += 1
            raise CommandFailed(f"{name!r} broke: {type(error).__name__}") from error

    # -- state ---------------------------------------------------------------------------------------------------------

    async def put(
        self,
        scope: TenantScope,
        key: str,
        value: bytes,
        *,
        ttl_s: float | None = None,
        expected_revision: int | None = None,
    ) -> int:
        """See State."""
        await anyio.lowlevel.checkpoint()
        check_payload(value)
        return self._state.put(
            check_tenant(scope),
            check_name(key),
            value,
            anyio.current_time(),
            ttl_s=ttl_s,
            expected_revision=expected_revision,
        )

    async def get(self, scope: TenantScope, key: str) -> Entry | None:
        """See State."""
        await anyio.lowlevel.checkpoint()
        return self._state.get(check_tenant(scope), check_name(key), anyio.current_time())

    async def delete(self, scope: TenantScope, key: str, *, expected_revision: int | None = None) -> None:
        """See State."""
        await anyio.lowlevel.checkpoint()
        now = anyio.current_time()
        self._state.delete(check_tenant(scope), check_name(key), now, expected_revision=expected_revision)

    @asynccontextmanager
    async def watch(self, scope: TenantScope, prefix: str = "") -> AsyncIterator[AsyncIterator[Entry]]:
        """See State."""
        watcher = _Watcher(self._state, check_tenant(scope), prefix)
        self._state.watch(watcher, anyio.current_time())
        try:
            yield watcher
        finally:
            self._state.unwatch(watcher)


class _Watcher(ChangeQueue):
    def __init__(self, state: KeyedState, scope: TenantScope, prefix: str) -> None:
        super().__init__()
        self.scope = scope
        self.prefix = prefix
        self._state = state

    def poll_nowait(self) -> Entry | None:
        # Values run out without anybody's doing: whoever watches is who notices.
        self._state.handle_timeout(anyio.current_time())
        return super().poll_nowait()

    async def _wait(self) -> None:
        with anyio.CancelScope(deadline=self._state.next_timeout()):
            await super()._wait()
