"""Where the Bus of a data folder's server is found: a Unix socket and the token for it, both the owner's alone."""

import os
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import anyio
import anyio.abc

from pbx.bus.interface import Bus, BusUnavailable
from pbx.bus.unix_client import UnixBus, connect_bus
from pbx.bus.unix_server import serve_bus

SOCKET_FILE = "bus.sock"
TOKEN_FILE = "server.token"


async def serve_in(
    folder: Path, bus: Bus, *, task_status: anyio.abc.TaskStatus[None] = anyio.TASK_STATUS_IGNORED
) -> None:
    """Opens `bus` to whoever can read the folder, until cancelled; with a new token each time."""
    token = _write_token(folder / TOKEN_FILE)
    with _short(folder) as here:
        await serve_bus(bus, here / SOCKET_FILE, token, task_status=task_status)


@asynccontextmanager
async def connect_in(folder: Path) -> AsyncIterator[UnixBus]:
    """The Bus of the server that runs on `folder`. Raises BusUnavailable where none does."""
    if not (folder / SOCKET_FILE).exists():  # a server removes it when it stops
        raise BusUnavailable(f"no server runs on {folder}")
    try:
        token = (folder / TOKEN_FILE).read_text()
    except OSError as error:
        raise BusUnavailable(f"{folder / TOKEN_FILE} cannot be read: {error.strerror}") from error
    with _short(folder) as here:
        async with connect_bus(here / SOCKET_FILE, token) as bus:
            yield bus


@contextmanager
def _short(folder: Path) -> Iterator[Path]:
    """The folder under a name that is short whatever its own is: a Unix socket's path has 107 bytes at most."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield Path(f"/proc/self/fd/{descriptor}")
    finally:
        os.close(descriptor)


def _write_token(path: Path) -> str:
    token = secrets.token_urlsafe(24)
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(token)
    return token
