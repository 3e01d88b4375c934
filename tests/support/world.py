"""A whole PBX, its phones and its network in memory, under trio's virtual clock. A failure shows the ladder."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import trio

from mediacore import sdp
from pbx.blobs.interface import Blobs
from pbx.blobs.local import LocalBlobs
from pbx.cdr.cdr import Cdr
from pbx.config.load import Config
from pbx.config.server import Limits
from pbx.config.server import Server as ServerConfig
from pbx.media.fake import FakeEngine
from pbx.prompts.tenants import TenantPrompts
from pbx.routing.plan import Plan
from pbx.server import Parts, Server
from pbx.sip.auth import ha1
from pbx.spool import PutBinding, Spool
from pbx.store.interface import Store
from pbx.store.sqlite import SqliteStore
from pbx.tenants.tenant import Extension, Tenant
from pbx.testphone.audio import NoAudio
from pbx.testphone.phone import Account, Phone
from tests.support.bad_weather import SHIPPED_S, BadWeather, weather_now
from tests.support.network import SimNetwork, SimSocket

EPOCH = 1_780_000_000.0  # unix seconds at the virtual clock's zero
PBX = ("192.0.2.10", 5060)
PBX_V6 = ("2001:db8::10", 5060)
NUMBERS = {"1xx": "extension", "600": "echo"}


def wall() -> float:
    """Unix seconds of the virtual clock."""
    return EPOCH + trio.current_time()


def make_tenant(name: str, *, plan: Plan | None = None, numbers: tuple[str, ...] = ("101", "102", "103")) -> Tenant:
    """A tenant with domain `NAME.example` whose phones have the password `secret-NUMBER`."""
    realm = f"{name}.example"
    extensions = {
        number: Extension(number, f"Phone {number}", {a: ha1(number, realm, password(number), a) for a in ALGORITHMS})
        for number in numbers
    }
    plan = plan or Plan(numbers=NUMBERS, extensions=dict.fromkeys(numbers))
    return Tenant(name, (realm,), realm, extensions=extensions, plan=plan)


async def inline(work: Callable[..., Any], *arguments: Any) -> Any:
    """Does what blocks in the caller: the virtual clock would jump ahead of a thread."""
    await trio.lowlevel.checkpoint()
    return work(*arguments)


ALGORITHMS = ("SHA-256", "MD5")


def password(number: str) -> str:
    """What the phone of `number` knows."""
    return f"secret-{number}"


class World:
    """One PBX and as many phones as a test asks for."""

    def __init__(
        self,
        nursery: trio.Nursery,
        network: SimNetwork,
        tenants: tuple[Tenant, ...],
        limits: Limits,
        folder: Path,
        *,
        is_ipv6: bool = False,
    ) -> None:
        self.network = network
        self.nursery = nursery
        self.address = PBX_V6 if is_ipv6 else PBX
        self.media = FakeEngine(address=self.address[0])
        self.spool = Spool(None)
        self.store: Store = SqliteStore(None, inline=True)
        self.folder = folder
        self.blobs: Blobs = LocalBlobs(folder / "blobs", inline=True)
        self.prompts = TenantPrompts(folder / "prompts")
        self.tenants = tenants
        self.server: Server | None = None
        self._limits = limits
        self._hosts = count(101)
        self._tokens = count(1)
        self._life = trio.CancelScope()
        self._stopped = trio.Event()
        weather = weather_now()
        self.bad_weather = None if weather is None else BadWeather(self, weather)

    @property
    def is_up(self) -> bool:
        """Whether there is a PBX now."""
        return not self._life.cancel_called

    def token(self) -> str:
        """Unique, and the same in every run."""
        return f"t{next(self._tokens)}"

    async def start(self) -> Server:
        """Brings a PBX up at the usual address."""
        server_config = ServerConfig(default_tenant=self.tenants[0].name, limits=self._limits)
        config = Config(
            Path(),
            server_config,
            {tenant.name: tenant for tenant in self.tenants},
            {domain: tenant.name for tenant in self.tenants for domain in tenant.domains},
        )
        parts = Parts(
            socket=self.network.socket(*self.address),
            media=self.media,
            spool=self.spool,
            store=self.store if self.bad_weather is None else self.bad_weather.store,
            wall=wall,
            prompts=self.prompts,
            blobs=self.blobs,
            folder=self.folder,
            token=self.token,
            in_thread=inline,
        )
        self.server = await self.nursery.start(self._run, Server(config, parts))
        return self.server

    async def _run(self, server: Server, *, task_status: trio.TaskStatus[Server]) -> None:
        with trio.CancelScope() as self._life:
            async with trio.open_nursery() as nursery:
                if self.bad_weather is not None:
                    nursery.start_soon(self.bad_weather.surround, server)
                await server.run(task_status=task_status)
        self._stopped.set()

    async def stop(self) -> None:
        """Stops the PBX as SIGTERM would; its spool and store stay."""
        self._stopped = trio.Event()
        self._life.cancel()
        await self._stopped.wait()
        self.network.remove(self.address)

    async def crash(self) -> None:
        """The PBX is gone between two datagrams. What it confirmed as registered is kept, and nothing else."""
        self.network.remove(self.address)
        self._life.cancel()
        if self.bad_weather is not None:
            self.bad_weather.crashed()
        bindings = list(self.spool.load_bindings())
        self.spool, self.media = Spool(None), FakeEngine(address=self.address[0])
        await self.spool.commit(*(PutBinding(b.scope, b.aor, b.contact, b.expires_at, b.record) for b in bindings))

    async def phone(
        self, number: str, *, tenant: str = "acme", codecs: tuple[sdp.Codec, ...] | None = None, register: bool = True
    ) -> Phone:
        """A phone at an address of its own, registered."""
        socket = self.socket()
        account = Account(number, password(number), f"{tenant}.example", self.address, f"Phone {number}")
        audio = NoAudio(socket.local[0])
        phone = Phone(account, socket, audio, self.token, **({"codecs": codecs} if codecs else {}))
        self.nursery.start_soon(phone.run)
        if register:
            await phone.register()
        return phone

    def socket(self) -> SimSocket:
        """A place on the network of its own."""
        host = next(self._hosts)
        return self.network.socket(f"198.51.100.{host}" if self.address == PBX else f"2001:db8::{host}")

    async def cdrs(self, tenant: str = "acme") -> list[Cdr]:
        """What the store has, once everything in the spool has been shipped."""
        assert self.server is not None
        with trio.move_on_after(100 if self.bad_weather is None else SHIPPED_S):
            while len(self.server.calls) or self.spool.stats().outbox:  # noqa: ASYNC110
                await trio.sleep(0.1)
        scope = self.server.tenants.scope(next(t for t in self.tenants if t.name == tenant))
        return list((await self.store.cdrs(scope)).cdrs)

    async def only_cdr(self) -> Cdr:
        """The one record, when nothing else is left of the call."""
        (cdr,) = await self.cdrs()
        await self.settle()
        self.assert_nothing_left()
        return cdr

    async def settle(self) -> None:
        """Long enough for every transaction to have ended (64 T1 and more)."""
        await trio.sleep(70)

    def assert_nothing_left(self) -> None:
        """All ports, tasks, transactions and dialogs are given back."""
        assert self.server is not None
        stats = self.server.endpoint.stack.stats()
        left = {
            "calls": len(self.server.calls),
            "legs": self.media.legs_open(),
            "client transactions": stats.client_transactions,
            "server transactions": stats.server_transactions,
            "dialogs": len(self.server.endpoint.dialogs),
            "receivers": self.server.endpoint.receivers_open(),
            "saved calls": len(list(self.spool.load_calls())),
        }
        assert not any(left.values()), left


@asynccontextmanager
async def open_world(
    *tenants: Tenant,
    limits: Limits | None = None,
    delay_s: float = 0.0,
    loss: float = 0.0,
    seed: int = 1,
    is_ipv6: bool = False,
) -> AsyncIterator[World]:
    """A world with its PBX up. The clock must be a virtual one."""
    async with trio.open_nursery() as nursery:
        network = SimNetwork(nursery=nursery, delay_s=delay_s, loss=loss, seed=seed)
        with TemporaryDirectory(prefix="world-") as folder:
            tenants = tenants or (make_tenant("acme"),)
            world = World(nursery, network, tenants, limits or Limits(), Path(folder), is_ipv6=is_ipv6)
            try:
                if world.bad_weather is not None:
                    nursery.start_soon(world.bad_weather.run)
                await world.start()
                yield world
                if world.bad_weather is not None:
                    await world.bad_weather.assert_kept()
            except BaseException as error:
                error.add_note(f"seed {seed}, times are virtual\n{network}")
                raise
        nursery.cancel_scope.cancel()
