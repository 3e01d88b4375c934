"""The web process without its process: the whole application on a Store in memory, a Bus in memory and a clock of ours.

async with open_web(tmp_path) as web:
    await web.sign_in()
    answer = await web.client.get("/api/calls")
"""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import msgspec
import trio
import trio.testing
from argon2 import PasswordHasher

from pbx.blobs.local import LocalBlobs
from pbx.bus.interface import Bus, BusUnavailable
from pbx.bus.memory import MemoryBus
from pbx.routing.plan import Plan
from pbx.store.sqlite import SqliteStore
from pbx.tenants.scope import TenantScope
from pbx.tenants.tenant import Extension, Tenant
from pbx.web.app import build_app
from pbx.web.auth.passwords import Passwords
from pbx.web.auth.sign_in import Places, SignIn
from pbx.web.auth.sign_in_link import make_sign_in_link
from pbx.web.call_process import CallProcess
from pbx.web.guard import Guard
from pbx.web.live import LiveFeed
from pbx.web.portal_files import PortalFiles
from pbx.web.services import Services
from pbx.web.views import Views

DEMO = TenantScope("demo")
HERONS = TenantScope("herons")
T0 = 1_800_000_000.0
BASE = "http://127.0.0.1:8080"
CHANGING = {"X-Requested-With": "pbx"}
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@dataclass
class Web:
    """What a test plays with. `now` is the time of both clocks; `answers` what the call process says to a command."""

    client: httpx.AsyncClient
    app: Guard
    services: Services
    store: SqliteStore
    blobs: LocalBlobs
    bus: MemoryBus
    call_process: CallProcess
    clock: "Clock"
    answers: dict[str, Callable[[TenantScope, Any], object]]
    line: "Line" = field(repr=False)

    async def sign_in(self, scope: TenantScope = DEMO) -> None:
        """By a link, as its admin."""
        token = await make_sign_in_link(self.store.accounts, scope, at=self.clock.now)
        (await self.client.post("/api/sign-in/link", json={"token": token})).raise_for_status()

    async def set_password(self, password: str) -> None:
        """Of whoever is signed in by link."""
        (await self.client.put("/api/me/password", json={"password": password})).raise_for_status()

    def new_client(self) -> httpx.AsyncClient:
        """Another browser."""
        transport = httpx.ASGITransport(self.app, client=("127.0.0.1", 50_000), raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url=BASE, headers=CHANGING)


@dataclass
class Clock:
    """Stands until a test moves it."""

    now: float = T0

    def __call__(self) -> float:
        return self.now


class Line:
    """The way to the call process, which a test can cut."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._is_cut = False
        self._cut = trio.Event()

    def cut(self) -> None:
        """Whoever is connected finds it broken; nobody can connect."""
        self._is_cut = True
        self._cut.set()

    def mend(self) -> None:
        """It can be connected to again."""
        self._is_cut = False
        self._cut = trio.Event()

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[Bus]:
        """As `connect_in`."""
        if self._is_cut:
            raise BusUnavailable("no server runs here")
        with trio.CancelScope() as scope:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._break, scope)
                yield self._bus
                nursery.cancel_scope.cancel()
        if scope.cancelled_caught:
            raise BusUnavailable("the other end is gone")

    async def _break(self, scope: trio.CancelScope) -> None:
        await self._cut.wait()
        scope.cancel()


def tenant(name: str) -> Tenant:
    """With two extensions."""
    extensions = {number: Extension(number, person) for number, person in (("101", "Ada"), ("102", "Grace"))}
    return Tenant(name, (f"{name}.example",), f"{name}.example", extensions=extensions, plan=Plan())


@asynccontextmanager
async def open_web(folder: Path, *, is_live: bool = False) -> AsyncIterator[Web]:
    """Two tenants, demo and herons; a call process with no calls and no phones. With `is_live` the feed runs."""
    answers: dict[str, Callable[[TenantScope, Any], object]] = {
        "calls.list": lambda scope, asked: [],
        "registrations.list": lambda scope, asked: [],
    }
    async with AsyncExitStack() as stack:
        store = stack.enter_context(SqliteStore(None, inline=True))
        bus, clock = MemoryBus(), Clock()
        for name in ("calls.list", "registrations.list", "voicemail.mark", "voicemail.delete"):
            await stack.enter_async_context(bus.handle(name, _handler(answers, name)))
        for scope in (DEMO, HERONS):
            await store.put_tenant(scope, tenant(scope.tenant), expected_version=0, who="test", why="", at=T0)
        line = Line(bus)
        call_process = CallProcess(line.connect, region="local")
        blobs = LocalBlobs(folder / "blobs", inline=True)
        views = Views(store, blobs, call_process)
        looks = {
            "calls": views.calls,
            "registrations": views.registrations,
            "voicemail": views.messages,
            "cdrs": views.newest_cdr,
        }
        passwords = Passwords(CHEAP)
        services = Services(
            store=store,
            blobs=blobs,
            sign_in=SignIn(store.accounts, passwords, Places("local", "demo"), wall=clock, clock=clock),
            views=views,
            live=LiveFeed(call_process, looks),
            portal=PortalFiles(folder / "static"),
        )
        web = Web(
            client=httpx.AsyncClient(),
            app=build_app(services, host="pbx.example"),
            services=services,
            store=store,
            blobs=blobs,
            bus=bus,
            call_process=call_process,
            clock=clock,
            answers=answers,
            line=line,
        )
        await web.client.aclose()
        async with trio.open_nursery() as nursery, web.new_client() as web.client:
            if is_live:
                nursery.start_soon(services.live.run)
            else:
                nursery.start_soon(call_process.run, lambda signal: None, lambda: None)
            await trio.testing.wait_all_tasks_blocked()
            yield web
            nursery.cancel_scope.cancel()


def _handler(answers: dict[str, Callable[[TenantScope, Any], object]], name: str) -> Any:
    async def handle(scope: TenantScope, payload: bytes) -> bytes:
        return msgspec.json.encode(answers[name](scope, json.loads(payload or b"null")))

    return handle


def problem(answer: httpx.Response) -> dict[str, Any]:
    """The problem that an answer is; complains of one that is none."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    found: dict[str, Any] = answer.json()
    assert set(found) == {"type", "title", "status", "detail"}, found
    assert found["status"] == answer.status_code
    assert found["detail"]
    return found
