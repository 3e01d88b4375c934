"""Who is asked in the signalling benches. Started for one measurement: all users known, none registered."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from bench.media.generator import Address
from bench.media.subjects import LIMIT, PEERS, require_peers
from bench.sip.asterisk_server import asterisk_server
from bench.sip.kamailio import kamailio
from bench.sip.our_server import our_server
from bench.sip.sipp import program

Start = Callable[[Path], AbstractContextManager[tuple[int, Address]]]
"""Of a folder for files and logs: the process that leads the server's session, and where the server speaks SIP."""

LAUNCHER = (*LIMIT, PEERS, "exec")


@contextmanager
def _asterisk(folder: Path) -> Iterator[tuple[int, Address]]:
    with asterisk_server(LAUNCHER, folder) as found:
        yield found


@contextmanager
def _kamailio(folder: Path) -> Iterator[tuple[int, Address]]:
    with kamailio(LAUNCHER, folder) as found:
        yield found


SERVERS: dict[str, Start] = {"ours": our_server, "asterisk": _asterisk, "kamailio": _kamailio}


def require(server: str) -> None:
    """Raises Missing where it, or what is to load it, is not on this machine."""
    program()
    if server != "ours":
        require_peers()
