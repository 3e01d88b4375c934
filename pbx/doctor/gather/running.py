"""The server of this data folder: which process it is, and what it counts, asked over its Bus."""

import os
import socket
import struct
from pathlib import Path

import msgspec
import trio

from pbx.bus.folder import SOCKET_FILE, connect_in
from pbx.bus.interface import EVERY_TENANT, BusError
from pbx.doctor.facts import Running, ServerFigures
from pbx.supervise import URL_FILE
from pbx.tenants.scope import TenantScope

PATIENCE_S = 5.0

_CREDENTIALS = struct.Struct("3i")  # pid, uid, gid (unix(7))


def see_running(folder: Path, region: str) -> Running:
    """Asks the server, if there is one."""
    pid = _listener(folder)
    if pid is None:
        return Running()
    try:
        answer = trio.run(_ask, folder, TenantScope(EVERY_TENANT, region))
        return Running(pid, msgspec.json.decode(answer, type=ServerFigures))
    except (BusError, msgspec.DecodeError) as error:
        return Running(pid, error=str(error))


def portal_url(folder: Path) -> str | None:
    """Where a server of this data folder says that its portal is, or said, if it was killed."""
    try:
        return (folder / URL_FILE).read_text().strip() or None
    except OSError:
        return None


async def _ask(folder: Path, scope: TenantScope) -> bytes:
    async with connect_in(folder) as bus:
        return await bus.request(scope, "server.stats", timeout_s=PATIENCE_S)


def _listener(folder: Path) -> int | None:
    """The process that listens on the Bus' socket, 0 where it is of another container; None: none does."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)  # a socket's own path has 107 bytes at most
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            probe.settimeout(PATIENCE_S)
            probe.connect(f"/proc/self/fd/{descriptor}/{SOCKET_FILE}")
            credentials = probe.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    except OSError:
        return None  # none was ever there, or it was killed and left its socket
    finally:
        os.close(descriptor)
    return int(_CREDENTIALS.unpack(credentials)[0])
