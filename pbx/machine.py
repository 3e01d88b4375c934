"""Opens what a server needs of this machine (socket, media engine, files) and gives it back in the reverse order."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import structlog
import trio

from pbx.blobs.local import LocalBlobs
from pbx.config.load import Config
from pbx.config.server import Rtp
from pbx.media.interface import NoMediaPorts
from pbx.media.native import NativeEngine
from pbx.prompts.tenants import TenantPrompts
from pbx.registrar.steady_wall import SteadyWall
from pbx.server import Parts
from pbx.spool import Spool
from pbx.store.sqlite import SqliteStore
from pbx.transport.udp import UdpSocket

SPOOL_FILE = "spool.sqlite"
STORE_FILE = "store.sqlite"
BLOBS_FOLDER = "blobs"
PROMPTS_FOLDER = "prompts"
ALIVE_FILE = "alive"
ALIVE_EVERY_S = 1.0


log = structlog.get_logger()


class CannotOpen(Exception):
    """Something that the server needs is taken or missing. `what` happened and what to do `next`."""

    def __init__(self, what: str, next: str) -> None:
        super().__init__(f"{what}: {next}")
        self.what = what
        self.next = next


class Alive:
    """Says in a file's time when a process last lived, for the one that comes after kill -9."""

    def __init__(self, path: Path) -> None:
        self.failures = 0
        self._path = path

    def last_seen_at(self) -> float | None:
        """Unix seconds; None where no process was here before."""
        try:
            return self._path.stat().st_mtime
        except FileNotFoundError:
            return None

    async def run(self) -> None:
        """Notes every ALIVE_EVERY_S that we are alive."""
        while True:
            self._note()
            await trio.sleep(ALIVE_EVERY_S)

    def _note(self) -> None:
        try:
            self._path.touch(mode=0o600)
        except OSError as error:
            # It costs the records of calls that a kill -9 interrupts their right end, and no call its life.
            self.failures += 1
            if self.failures == 1:
                log.warning("cannot note that we live", path=str(self._path), error=str(error))


@contextmanager
def open_machine(config: Config) -> Iterator[Parts]:
    """What `Server` works with, for real. Raises CannotOpen, SpoolError, StoreError."""
    settings = config.server
    with ExitStack() as opened:
        died_at = Alive(config.folder / ALIVE_FILE).last_seen_at()
        spool = opened.enter_context(Spool(config.folder / SPOOL_FILE))
        store = opened.enter_context(SqliteStore(config.folder / STORE_FILE))
        sip_socket = bind_sip(settings.sip.host, settings.sip.port)
        opened.callback(sip_socket.close)
        media = opened.enter_context(open_media(settings.rtp, settings.advertised_address))
        yield Parts(
            socket=sip_socket,
            media=media,
            spool=spool,
            store=store,
            blobs=LocalBlobs(config.folder / BLOBS_FOLDER),
            folder=config.folder,
            prompts=TenantPrompts(config.folder / PROMPTS_FOLDER),
            wall=SteadyWall(time.time, time.monotonic),
            died_at=died_at,
        )


def bind_sip(host: str, port: int) -> UdpSocket:
    """The SIP socket on `host` (a name or an address) and `port`. Raises CannotOpen."""
    try:
        address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM, flags=socket.AI_PASSIVE)[0][4]
        return UdpSocket.bind(str(address[0]), port)
    except OSError as error:
        remedy = f"stop what listens there (`ss -lunp 'sport = :{port}'`), or give another address with --sip HOST:PORT"
        raise CannotOpen(f"SIP cannot listen on UDP {host}:{port}: {error.strerror}", remedy) from error


@contextmanager
def open_media(rtp: Rtp, advertised_address: str | None) -> Iterator[NativeEngine]:
    """The native engine on the configured ports. Raises CannotOpen where not one of them can be had."""
    first, last = rtp.ports
    with NativeEngine(rtp.address, range(first, last + 1), advertised_address=advertised_address) as engine:
        try:
            engine.open_leg().close()
        except NoMediaPorts as error:
            what = f"audio cannot use UDP {rtp.address}:{first}-{last}: {error}"
            raise CannotOpen(what, "give an address of this machine and free ports under [rtp]") from error
        yield engine
