"""What two processes say over a Unix socket: frames of four bytes of length and that much MessagePack.

The client numbers its calls, and every answer carries the number. Both ends speak first of the token.

| client says                 | server answers                            |
|-----------------------------|-------------------------------------------|
| Hello                       | Done, or closes                           |
| Publish Put Get Delete      | Done or Failed                            |
| Request                     | Done or Failed, by the deadline           |
| Subscribe                   | Done, then Heard for each signal          |
| Watch                       | Done, then Changed for each change        |
| Handle                      | Done, then Asked for each command         |
| Replied Broke               | nothing: they answer an Asked             |
| Stop                        | nothing: it ends what has that number     |
"""

from typing import TypeAlias, TypeVar

import anyio
import msgspec
from anyio.abc import ByteStream
from anyio.streams.buffered import BufferedByteReceiveStream
from msgspec import Struct

from pbx.bus.interface import (
    PAYLOAD_MAX_BYTES,
    BusError,
    BusRefused,
    BusUnavailable,
    CommandFailed,
    CommandTimedOut,
    Entry,
    NoHandler,
    RevisionConflict,
    Signal,
)
from pbx.tenants.scope import TenantScope

T = TypeVar("T")

FRAME_MAX_BYTES = PAYLOAD_MAX_BYTES + 4096  # a payload and what stands around it; a longer frame ends the connection
HELLO_MAX_BYTES = 1024  # until the token was right
SEND_MAX_S = 10.0  # a peer that reads nothing for so long is gone


class Frame(Struct, frozen=True, array_like=True, tag=True):
    """`id` is the call's number, the client's; of Asked, Replied and Broke the server's."""

    id: int


class Hello(Frame, frozen=True, tag=True):
    token: str


class Publish(Frame, frozen=True, tag=True):
    scope: TenantScope
    subject: str
    payload: bytes


class Request(Frame, frozen=True, tag=True):
    scope: TenantScope
    name: str
    payload: bytes
    timeout_s: float


class Put(Frame, frozen=True, tag=True):
    scope: TenantScope
    key: str
    value: bytes
    ttl_s: float | None
    expected_revision: int | None


class Get(Frame, frozen=True, tag=True):
    scope: TenantScope
    key: str


class Delete(Frame, frozen=True, tag=True):
    scope: TenantScope
    key: str
    expected_revision: int | None


class Subscribe(Frame, frozen=True, tag=True):
    scope: TenantScope
    pattern: str
    queue_max: int


class Watch(Frame, frozen=True, tag=True):
    scope: TenantScope
    prefix: str


class Handle(Frame, frozen=True, tag=True):
    name: str


class Stop(Frame, frozen=True, tag=True):
    pass


class Replied(Frame, frozen=True, tag=True):
    payload: bytes


class Broke(Frame, frozen=True, tag=True):
    message: str


class Done(Frame, frozen=True, tag=True):
    payload: bytes = b""
    revision: int = 0
    entry: Entry | None = None


class Failed(Frame, frozen=True, tag=True):
    error: str
    message: str
    found: int = 0


class Heard(Frame, frozen=True, tag=True):
    signal: Signal
    dropped: int


class Changed(Frame, frozen=True, tag=True):
    entry: Entry


class Asked(Frame, frozen=True, tag=True):
    handle: int  # the client's number of its Handle
    scope: TenantScope
    payload: bytes
    timeout_s: float


FromClient: TypeAlias = (
    Hello | Publish | Request | Put | Get | Delete | Subscribe | Watch | Handle | Stop | Replied | Broke
)
FromServer: TypeAlias = Done | Failed | Heard | Changed | Asked

_encoder = msgspec.msgpack.Encoder()
_from_client = msgspec.msgpack.Decoder(FromClient)
_from_server = msgspec.msgpack.Decoder(FromServer)

_ERRORS: dict[str, type[BusError]] = {
    error.__name__: error for error in (BusRefused, BusUnavailable, NoHandler, CommandFailed, CommandTimedOut)
}


def from_client(data: bytes) -> FromClient:
    """What a client said. Raises BusUnavailable for what no client says: there is no going on."""
    frame: FromClient = _decoded(_from_client, data)
    return frame


def from_server(data: bytes) -> FromServer:
    """What a server said. Raises BusUnavailable."""
    frame: FromServer = _decoded(_from_server, data)
    return frame


def _decoded(decoder: msgspec.msgpack.Decoder[T], data: bytes) -> T:
    try:
        return decoder.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:  # bad text and depth have their own
        raise BusUnavailable(f"the other end speaks something else: {error}") from error


def failed(call: int, error: BusError) -> Failed:
    """The frame for an error."""
    found = error.found if isinstance(error, RevisionConflict) else 0
    return Failed(call, type(error).__name__, str(error), found)


def error_of(frame: Failed) -> BusError:
    """The error of a frame; of one from a later release the nearest."""
    if frame.error == RevisionConflict.__name__:
        return RevisionConflict(frame.found)
    return _ERRORS.get(frame.error, BusUnavailable)(frame.message)


def _framed(body: bytes) -> bytes:
    return len(body).to_bytes(4, "big") + body


class Wire:
    """One end of a connection. Frames are sent whole, in the order of the calls."""

    def __init__(self, stream: ByteStream) -> None:
        self._stream = stream
        self._incoming = BufferedByteReceiveStream(stream)
        self._sending = anyio.Lock()

    async def send(self, *frames: Frame) -> None:
        """Sends them in one go. Raises BusUnavailable if the other end is gone or reads nothing."""
        data = b"".join([_framed(_encoder.encode(frame)) for frame in frames])
        try:
            with anyio.fail_after(SEND_MAX_S):
                async with self._sending:
                    await self._send_whole(data)
        except (anyio.BrokenResourceError, anyio.ClosedResourceError, TimeoutError) as error:
            raise BusUnavailable("the other end is gone") from error

    async def _send_whole(self, data: bytes) -> None:
        # Half a frame makes nonsense of whatever follows it: who is cancelled halfway sends the rest all the same.
        try:
            with anyio.fail_after(SEND_MAX_S, shield=True):
                await self._stream.send(data)
        except TimeoutError:
            await self._stream.aclose()
            raise

    async def receive(self, *, size_max: int = FRAME_MAX_BYTES) -> bytes:
        """The next frame's MessagePack. Raises BusUnavailable at the end of the connection or of its sense."""
        try:
            size = int.from_bytes(await self._incoming.receive_exactly(4), "big")
            if size > size_max:
                raise BusUnavailable(f"a frame of {size} bytes")
            return await self._incoming.receive_exactly(size)
        except (anyio.IncompleteRead, anyio.BrokenResourceError, anyio.ClosedResourceError) as error:
            raise BusUnavailable("the other end is gone") from error

    async def aclose(self) -> None:
        """Closes the connection."""
        await self._stream.aclose()
