"""`pbx serve`: runs the PBX of a data folder until it is told to stop."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import msgspec
import structlog
import trio
from cyclopts import Parameter

from pbx.cli.options import DATA, Data, Json
from pbx.cli.portal_link import is_password_set, new_link
from pbx.cli.stop import Stop
from pbx.cli.trouble import Trouble
from pbx.cli.web_address import WebOption, web_address
from pbx.config.load import Config, load
from pbx.garbage import search_rarely
from pbx.machine import CannotOpen
from pbx.observe.logs import set_up_logs
from pbx.server import Server
from pbx.sip.uri import write_hostport
from pbx.site import run_site
from pbx.spool import SpoolError
from pbx.store.interface import StoreError
from pbx.supervise import run_web

log = structlog.get_logger()

Sip = Annotated[str | None, Parameter(name="--sip", help="HOST:PORT to listen on; port 0 asks for a free one.")]


def serve(*, data: Data = DATA, sip: Sip = None, web: WebOption = None, json: Json = False) -> int:
    """Run the PBX until SIGTERM or Ctrl-C; then every call is ended with a BYE.

    With --json the first line of the output says where it listens, the next one where its portal does.
    """
    config = with_sip_address(load(data), sip)
    portal = web_address(web, config.server.web)
    set_up_logs(level=config.server.log.level, format=config.server.log.format)
    with machine_trouble():
        trio.run(_serve, config, portal, json)
    return 0


async def _serve(config: Config, portal: tuple[str, int] | None, json: bool) -> None:
    async with trio.open_nursery() as nursery:
        stop = Stop(nursery.cancel_scope)
        await nursery.start(stop.at_signal)
        server = await nursery.start(run_site, config)
        search_rarely()
        say_where(server, json=json)
        if portal is not None:
            urls = Urls()
            nursery.start_soon(stop.first, run_web, config.folder, portal, urls.put)
            await say_where_portal(config, await urls.first(), json=json)


@contextmanager
def machine_trouble() -> Iterator[None]:
    """Says what this machine did not give, and what would do."""
    try:
        yield
    except Exception as error:
        match first_cause(error):
            case CannotOpen() as cause:
                raise Trouble(cause.what, cause.next) from error
            case SpoolError() | StoreError() as cause:
                raise Trouble(str(cause), "`pbx calls` shows whether a server runs on this data folder") from error
        raise


def first_cause(error: BaseException) -> BaseException:
    """What a nursery's group of exceptions is about."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def say_where(server: Server, *, json: bool) -> None:
    """Tells people, or a program, what is up."""
    sip = write_hostport(*server.endpoint.local)
    if json:
        facts = {"sip": sip, "tenants": [tenant.name for tenant in server.tenants]}
        sys.stdout.write(msgspec.json.encode(facts).decode() + "\n")
    else:
        print(f"SIP on UDP {sip}; Ctrl-C ends it")
    sys.stdout.flush()


class Urls:
    """Where the web process is. Only its first start is news: it stays there."""

    def __init__(self) -> None:
        self._url = ""
        self._is_known = trio.Event()

    def put(self, url: str) -> None:
        """It is up, at `url`."""
        self._url = url
        self._is_known.set()

    async def first(self) -> str:
        """Where it is, once it is up."""
        await self._is_known.wait()
        return self._url


async def say_where_portal(config: Config, url: str, *, json: bool) -> None:
    """Tells where the portal is; with a link into it while nobody has a password yet."""
    try:
        link = None if await is_password_set(config) else await new_link(config, url)
    except StoreError as error:  # no link now is no reason to have no calls; `pbx link` makes one later
        log.warning("no sign-in link", error=str(error))
        link = None
    if json:
        sys.stdout.write(msgspec.json.encode({"web": url, "portal": link}).decode() + "\n")
    else:
        print(f"portal {url}" if link is None else f"portal {link}")
    sys.stdout.flush()


def with_sip_address(config: Config, sip: str | None) -> Config:
    """The configuration with another address to listen on, if one was given. Raises Trouble."""
    if sip is None:
        return config
    host, colon, port = sip.rpartition(":")
    if not colon or not port.isdecimal() or int(port) > 65_535:
        raise Trouble(f"no address: {sip!r}", "write --sip HOST:PORT, such as --sip 127.0.0.1:5060")
    address = msgspec.structs.replace(config.server.sip, host=host.strip("[]"), port=int(port))
    server = msgspec.structs.replace(config.server, sip=address)
    return Config(config.folder, server, config.tenants, config.domains, config.advice)
