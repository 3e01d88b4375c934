"""Opens a Bus to other processes of this machine, over a Unix socket and for those who know the token.

Whoever knows it may speak in any scope: it is the key of the data folder's owner. What a connection subscribed to,
watched, handles or waits for ends with it.
"""

import errno
import hmac
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import anyio
import anyio.abc
import structlog

from pbx.bus.interface import Bus, BusError, BusRefused, BusUnavailable, CommandFailed, Signal, Subscription
from pbx.bus.wire import (
    HELLO_MAX_BYTES,
    Asked,
    Broke,
    Changed,
    Delete,
    Done,
    Frame,
    FromClient,
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
    failed,
    from_client,
)
from pbx.tenants.scope import TenantScope

HELLO_S = 5.0  # a connection that has not said the token by then is closed
CONNECTIONS_MAX = 64  # at once; the next one is closed unheard
SEND_TOGETHER_MAX = 16  # signals that wait, in one write: of the largest payloads 16 MiB
CALLS_MAX = 256  # of one connection at once, what it listens to included; the next one is refused

# What keeps us from accepting a connection for a while: too many descriptors, too little memory, one that has left.
PASSING = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.ECONNABORTED})
ACCEPT_AGAIN_S = 0.5

# Of a command that a client handles; the one who asks has an earlier deadline as a rule, and cancels with it.
ASKED_MAX_S = 300.0

log = structlog.get_logger()


async def serve_bus(
    bus: Bus,
    path: Path,
    token: str,
    *,
    task_status: anyio.abc.TaskStatus[None] = anyio.TASK_STATUS_IGNORED,
) -> None:
    """Serves until cancelled. The socket `path` is the owner's alone; one that a dead process left is replaced."""
    listener = await anyio.create_unix_listener(path, mode=0o600)
    seats = anyio.CapacityLimiter(CONNECTIONS_MAX)

    async def receive(stream: anyio.abc.ByteStream) -> None:
        async with stream:
            try:
                seats.acquire_nowait()
            except anyio.WouldBlock:
                return
            try:
                await _Connection(bus, Wire(stream)).run(token)
            except Exception:  # a mistake of ours: it must not end the server, and with it every call
                log.exception("connection to the bus failed")
            finally:
                seats.release()

    try:
        async with listener, anyio.create_task_group() as connections:
            task_status.started()
            while True:
                connections.start_soon(receive, await _accept(listener))
    finally:
        _remove(path)


async def _accept(listener: anyio.abc.SocketListener) -> anyio.abc.SocketStream:
    """The next connection. Raises BrokenResourceError."""
    while True:
        try:
            return await listener.accept()
        except anyio.BrokenResourceError as error:
            cause = error.__cause__
            if not isinstance(cause, OSError) or cause.errno not in PASSING:
                raise
            # It waits in the system's queue until there is room: calls need descriptors more than whoever watches them.
            log.warning("connection not accepted", error=str(cause))
            await anyio.sleep(ACCEPT_AGAIN_S)


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)


def waiting(subscription: Subscription, limit: int) -> Iterator[Signal]:
    """What a subscriber need not wait for, `limit` signals at most."""
    while limit > 0 and (signal := subscription.poll_nowait()) is not None:
        yield signal
        limit -= 1


class _Connection:
    def __init__(self, bus: Bus, wire: Wire) -> None:
        self._bus = bus
        self._wire = wire
        self._calls: dict[int, anyio.CancelScope] = {}
        self._asked: dict[int, _Reply] = {}
        self._asked_ids = count(1)

    async def run(self, token: str) -> None:
        try:
            with anyio.fail_after(HELLO_S):
                hello = from_client(await self._wire.receive(size_max=HELLO_MAX_BYTES))
            if not isinstance(hello, Hello) or not hmac.compare_digest(hello.token.encode(), token.encode()):
                return
            await self._wire.send(Done(hello.id))
            async with anyio.create_task_group() as tasks:
                try:
                    while True:
                        await self._receive(from_client(await self._wire.receive()), tasks)
                finally:
                    tasks.cancel_scope.cancel()
        except* (BusUnavailable, TimeoutError):
            pass  # gone, silent, or speaking of what we do not know: the connection is closed, which says it all
        finally:
            for reply in self._asked.values():
                reply.give_up()

    async def _receive(self, frame: FromClient, tasks: anyio.abc.TaskGroup) -> None:
        match frame:
            case Replied(call) | Broke(call):
                if (reply := self._asked.get(call)) is not None:
                    reply.set(frame)
            case Stop(call):
                if (scope := self._calls.get(call)) is not None:
                    scope.cancel()
            case _ if frame.id in self._calls or len(self._calls) >= CALLS_MAX:
                why = f"call {frame.id} is under way already, or {CALLS_MAX} others are"
                await self._wire.send(failed(frame.id, BusRefused(why)))
            case _:
                self._calls[frame.id] = anyio.CancelScope()
                tasks.start_soon(self._carry_out, frame)

    async def _carry_out(self, frame: FromClient) -> None:
        try:
            with self._calls[frame.id]:
                await self._wire.send(await self._answer(frame))
        except BusUnavailable:
            pass  # the client is gone, and its connection ends by itself
        finally:
            del self._calls[frame.id]

    async def _answer(self, frame: FromClient) -> Frame:
        bus, call = self._bus, frame.id
        try:
            match frame:
                case Publish(_, scope, subject, payload):
                    await bus.publish(scope, subject, payload)
                case Request(_, scope, name, payload, timeout_s):
                    return Done(call, payload=await bus.request(scope, name, payload, timeout_s=timeout_s))
                case Put(_, scope, key, value, ttl_s, expected):
                    revision = await bus.put(scope, key, value, ttl_s=ttl_s, expected_revision=expected)
                    return Done(call, revision=revision)
                case Get(_, scope, key):
                    return Done(call, entry=await bus.get(scope, key))
                case Delete(_, scope, key, expected):
                    await bus.delete(scope, key, expected_revision=expected)
                case Subscribe():
                    await self._subscribe(frame)
                case Watch():
                    await self._watch(frame)
                case Handle():
                    await self._handle(frame)
        except BusError as error:
            return failed(call, error)
        return Done(call)

    async def _subscribe(self, frame: Subscribe) -> None:
        async with self._bus.subscribe(frame.scope, frame.pattern, queue_max=frame.queue_max) as subscription:
            await self._wire.send(Done(frame.id))
            async for signal in subscription:
                signals = [signal, *waiting(subscription, SEND_TOGETHER_MAX - 1)]
                await self._wire.send(*(Heard(frame.id, each, subscription.dropped) for each in signals))

    async def _watch(self, frame: Watch) -> None:
        async with self._bus.watch(frame.scope, frame.prefix) as changes:
            await self._wire.send(Done(frame.id))
            async for entry in changes:
                await self._wire.send(Changed(frame.id, entry))

    async def _handle(self, frame: Handle) -> None:
        async def ask(scope: TenantScope, payload: bytes) -> bytes:
            return await self._ask(frame.id, scope, payload)

        async with self._bus.handle(frame.name, ask):
            await self._wire.send(Done(frame.id))
            await anyio.sleep_forever()

    async def _ask(self, handle: int, scope: TenantScope, payload: bytes) -> bytes:
        """Has the client carry out a command; runs in the task of whoever asks, not in the connection's."""
        asked = next(self._asked_ids)
        reply = self._asked[asked] = _Reply()
        left_s = min(anyio.current_effective_deadline() - anyio.current_time(), ASKED_MAX_S)
        try:
            await self._wire.send(Asked(asked, handle, scope, payload, left_s))
            return await reply.wait()
        finally:
            del self._asked[asked]


class _Reply:
    """What a client's handler will have answered."""

    def __init__(self) -> None:
        self._arrived = anyio.Event()
        self._frame: Replied | Broke = Broke(0, "the process that handles it is gone")

    def set(self, frame: Replied | Broke) -> None:
        self._frame = frame
        self._arrived.set()

    def give_up(self) -> None:
        self._arrived.set()

    async def wait(self) -> bytes:
        await self._arrived.wait()
        if isinstance(self._frame, Broke):
            raise CommandFailed(self._frame.message)
        return self._frame.payload
