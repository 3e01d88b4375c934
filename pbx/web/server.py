"""The web process: what it works with, opened; its socket; its end. The composition root of `pbx.web`.

It ends with SIGTERM, and when its standard input closes: that is held by the process that started it, so that it
never outlives that one, whatever became of it.
"""

import json
import os
import socket
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import anyio
import structlog
import uvicorn

from pbx.blobs.local import LocalBlobs
from pbx.bus.folder import connect_in
from pbx.bus.interface import Bus
from pbx.config.load import Config
from pbx.store.sqlite import SqliteStore
from pbx.web.app import build_app
from pbx.web.auth.passwords import Passwords
from pbx.web.auth.sign_in import Places, SignIn
from pbx.web.call_process import CallProcess
from pbx.web.connection import Connection
from pbx.web.live import LiveFeed
from pbx.web.portal_files import PortalFiles
from pbx.web.services import Services
from pbx.web.views import Views

STORE_FILE = "store.sqlite"
BLOBS_FOLDER = "blobs"

BACKLOG = 128  # connections that wait to be accepted
CONNECTIONS_MAX = 512  # at once, streams of live events among them; the next one is told 503
STOP_S = 2.0  # what answers are under way may take after the order to stop

log = structlog.get_logger()


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 is any that is free. Raises OSError."""
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    listener = socket.socket(family, kind, protocol)
    try:
        # The next process, after a kill, must not wait for the connections of the last one to be forgotten.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
    except BaseException:
        listener.close()
        raise
    return listener


async def serve(config: Config, host: str, listener: socket.socket) -> None:
    """Serves until it is told to stop; prints where, as one line of JSON, once it does."""
    with SqliteStore(config.folder / STORE_FILE) as store:
        services = open_services(config, store)
        server = _Server(build_app(services, host=host), on_up=lambda: _say_where(host, listener))
        _stop_with_stdin(server.stop)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(services.live.run)
            tasks.start_soon(anyio.to_thread.run_sync, services.sign_in.passwords.prepare)
            server.before_end = services.live.close
            await server.serve(sockets=[listener])
            tasks.cancel_scope.cancel()


def open_services(config: Config, store: SqliteStore) -> Services:
    """What the handlers work with, on this machine."""

    @asynccontextmanager
    async def connect() -> AsyncIterator[Bus]:
        async with connect_in(config.folder) as bus:
            yield bus

    blobs = LocalBlobs(config.folder / BLOBS_FOLDER)
    call_process = CallProcess(connect, region=config.server.region)
    views = Views(store, blobs, call_process)
    looks = {
        "calls": views.calls,
        "registrations": views.registrations,
        "voicemail": views.messages,
        "cdrs": views.newest_cdr,
    }
    places = Places(config.server.region, config.server.default_tenant)
    return Services(
        store=store,
        blobs=blobs,
        sign_in=SignIn(store.accounts, Passwords(), places, wall=time.time, clock=time.monotonic),
        views=views,
        live=LiveFeed(call_process, looks),
        portal=PortalFiles(),
    )


class _Server(uvicorn.Server):
    """uvicorn, told what to do when it is up, and before it waits for the last answers."""

    def __init__(self, app: object, *, on_up: Callable[[], None]) -> None:
        super().__init__(
            uvicorn.Config(
                app,  # type: ignore[arg-type]  # an ASGI application, whatever uvicorn calls its type
                loop="asyncio",
                http=Connection,
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,  # nobody is believed about who they are
                backlog=BACKLOG,
                limit_concurrency=CONNECTIONS_MAX,
                timeout_graceful_shutdown=int(STOP_S),
            )
        )
        self.before_end: Callable[[], None] = lambda: None
        self._on_up = on_up

    def stop(self) -> None:
        """Soon, and from any thread."""
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn's."""
        await super().startup(sockets)
        if self.started:
            self._on_up()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn's, which would wait in vain for streams that have no end of their own."""
        self.before_end()
        await super().shutdown(sockets)


def _say_where(host: str, listener: socket.socket) -> None:
    name = f"[{host}]" if ":" in host else host
    url = f"http://{name}:{listener.getsockname()[1]}"
    log.info("the portal is up", url=url)
    sys.stdout.write(json.dumps({"web": url}) + "\n")
    sys.stdout.flush()


def _stop_with_stdin(stop: Callable[[], None]) -> None:
    def wait_end() -> None:
        while os.read(0, 4096):
            pass
        stop()

    # A daemon thread: a read of standard input cannot be cancelled, and nobody waits for it.
    threading.Thread(target=wait_end, name="stdin", daemon=True).start()
