"""The Bus of another process of this machine, over its Unix socket.

    async with connect_bus(data / "bus.sock", token) as bus:
        reply = await bus.request(scope, "calls.list", timeout_s=2)

When the connection breaks, every call under way, every subscription and every watch raises BusUnavailable; whoever
wants to go on connects again.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from itertools import count
from pathlib import Path

import anyio
import anyio.abc

from pbx.bus.interface import (
    QUEUE_MAX,
    BusUnavailable,
    CommandFailed,
    CommandTimedOut,
    Entry,
    Handler,
    check_name,
    check_pattern,
    check_payload,
)
from pbx.bus.subscription import ChangeQueue, SignalQueue
from pbx.bus.wire import (
    Asked,
    Broke,
    Changed,
    Delete,
    Done,
    Failed,
    Frame,
    FromServer,
    Get,
    Handle,
    Heard,
    Hello,
    Publish,
    Put,
    Replied,
    Request,
    Stop,
    Subscribe,
    Watch,
    Wire,
    error_of,
    from_server,
)
from pbx.tenants.scope import TenantScope

CONNECT_S = 5.0  # for the connection and the answer to the token


@asynccontextmanager
async def connect_bus(path: Path, token: str) -> AsyncIterator["UnixBus"]:
    """Connects while entered. Raises BusUnavailable: nobody is there, or the token is another's."""
    wire = await _open(path, token)
    bus = UnixBus(wire)
    raised: Exception | None = None
    try:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(bus.run, tasks)
            try:
                yield bus
            except Exception as error:  # raised below: the task group would wrap what is no concern of its tasks
                raised = error
            tasks.cancel_scope.cancel()
    finally:
        await wire.aclose()
    if raised is not None:
        raise raised


async def _open(path: Path, token: str) -> Wire:
    try:
        with anyio.fail_after(CONNECT_S):
            wire = Wire(await anyio.connect_unix(path))
    except (OSError, TimeoutError) as error:
        raise BusUnavailable(f"no server answers at {path}") from error
    try:
        with anyio.fail_after(CONNECT_S):
            await wire.send(Hello(0, token))
            await wire.receive()
    except (BusUnavailable, TimeoutError):
        await wire.aclose()
        raise BusUnavailable(f"the server at {path} does not accept this token") from None
    except BaseException:
        await wire.aclose()
        raise
    return wire


class _Call:
    """A call that waits for its Done or Failed."""

    def __init__(self) -> None:
        self.answered = anyio.Event()
        self.frame: Done | Failed | None = None


class UnixBus:
    """A Bus; see `interface.py` for what each call does."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._ids = count(1)
        self._is_open = True
        self._calls: dict[int, _Call] = {}
        self._subscriptions: dict[int, SignalQueue] = {}
        self._watches: dict[int, ChangeQueue] = {}
        self._handlers: dict[int, Handler] = {}

    # -- signals -------------------------------------------------------------------------------------------------------

    async def publish(self, scope: TenantScope, subject: str, payload: bytes) -> None:
        """See Signals."""
        await self._call(Publish(next(self._ids), scope, check_name(subject), check_payload(payload)))

    @asynccontextmanager
    async def subscribe(
        self, scope: TenantScope, pattern: str, *, queue_max: int = QUEUE_MAX
    ) -> AsyncIterator[SignalQueue]:
        """See Signals."""
        frame = Subscribe(next(self._ids), scope, check_pattern(pattern), queue_max)
        queue = self._subscriptions[frame.id] = SignalQueue(queue_max)
        try:
            async with self._standing(frame):
                yield queue
        finally:
            del self._subscriptions[frame.id]

    # -- commands ------------------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def handle(self, name: str, handler: Handler) -> AsyncIterator[None]:
        """See Commands."""
        frame = Handle(next(self._ids), check_name(name))
        self._handlers[frame.id] = handler
        try:
            async with self._standing(frame):
                yield
        finally:
            del self._handlers[frame.id]

    async def request(self, scope: TenantScope, name: str, payload: bytes = b"", *, timeout_s: float) -> bytes:
        """See Commands."""
        frame = Request(next(self._ids), scope, check_name(name), check_payload(payload), timeout_s)
        with anyio.move_on_after(timeout_s):  # the server keeps to it too, unless it hangs
            return (await self._call(frame)).payload
        raise CommandTimedOut(f"no answer to {name!r} in {timeout_s} s")

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
        frame = Put(next(self._ids), scope, check_name(key), check_payload(value), ttl_s, expected_revision)
        return (await self._call(frame)).revision

    async def get(self, scope: TenantScope, key: str) -> Entry | None:
        """See State."""
        return (await self._call(Get(next(self._ids), scope, check_name(key)))).entry

    async def delete(self, scope: TenantScope, key: str, *, expected_revision: int | None = None) -> None:
        """See State."""
        await self._call(Delete(next(self._ids), scope, check_name(key), expected_revision))

    @asynccontextmanager
    async def watch(self, scope: TenantScope, prefix: str = "") -> AsyncIterator[AsyncIterator[Entry]]:
        """See State."""
        frame = Watch(next(self._ids), scope, prefix)
        queue = self._watches[frame.id] = ChangeQueue()
        try:
            async with self._standing(frame):
                yield queue
        finally:
            del self._watches[frame.id]

    # -- calls ---------------------------------------------------------------------------------------------------------

    async def _call(self, frame: Frame) -> Done:
        """The answer to `frame`. A call that is cancelled is cancelled at the server too."""
        if not self._is_open:
            raise BusUnavailable("the connection is broken")
        call = self._calls[frame.id] = _Call()
        try:
            await self._wire.send(frame)
            await call.answered.wait()
        except anyio.get_cancelled_exc_class():
            await self._stop(frame.id)
            raise
        finally:
            del self._calls[frame.id]
        if isinstance(call.frame, Done):
            return call.frame
        raise BusUnavailable("the connection broke") if call.frame is None else error_of(call.frame)

    @asynccontextmanager
    async def _standing(self, frame: Frame) -> AsyncIterator[None]:
        """A call that goes on after its Done, until it is stopped."""
        await self._call(frame)
        try:
            yield
        finally:
            await self._stop(frame.id)

    async def _stop(self, call: int) -> None:
        with anyio.CancelScope(shield=True), suppress(BusUnavailable):  # bounded by the wire's SEND_MAX_S
            await self._wire.send(Stop(call))

    # -- what the server says ------------------------------------------------------------------------------------------

    async def run(self, tasks: anyio.abc.TaskGroup) -> None:
        """Hands on what comes, until the connection ends; carries out what is asked in `tasks`."""
        try:
            while True:
                self._receive(from_server(await self._wire.receive()), tasks)
        except BusUnavailable as error:
            reason = error
        finally:
            self._is_open = False
            for call in self._calls.values():
                call.answered.set()
        for subscription in self._subscriptions.values():
            subscription.close(reason)
        for watch in self._watches.values():
            watch.close(reason)

    def _receive(self, frame: FromServer, tasks: anyio.abc.TaskGroup) -> None:
        match frame:
            case Done(call) | Failed(call):
                if (waiting := self._calls.get(call)) is not None:
                    waiting.frame = frame
                    waiting.answered.set()
            case Heard(call, signal, dropped):
                if (subscription := self._subscriptions.get(call)) is not None:
                    subscription.dropped_before = dropped
                    subscription.put(signal)
            case Changed(call, entry):
                if (watch := self._watches.get(call)) is not None:
                    watch.put(entry)
            case Asked():
                tasks.start_soon(self._carry_out, frame)

    async def _carry_out(self, asked: Asked) -> None:
        with suppress(BusUnavailable):
            await self._wire.send(await self._answer(asked))

    async def _answer(self, asked: Asked) -> Replied | Broke:
        handler = self._handlers.get(asked.handle)
        if handler is None:
            return Broke(asked.id, "its handler has just left")
        try:
            with anyio.move_on_after(asked.timeout_s):
                return Replied(asked.id, check_payload(await handler(asked.scope, asked.payload)))
        except CommandFailed as failure:
            return Broke(asked.id, str(failure))
        except Exception as error:  # whatever it is, it is the handler's fault and the caller has to hear of it
            return Broke(asked.id, f"it broke: {type(error).__name__}")
        return Broke(asked.id, "its handler took too long")
