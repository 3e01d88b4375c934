"""A World in bad weather: its Bus and its Store are hostile, and a portal looks on through both.

Nothing of that may reach a call. What must hold at the end of any test, whatever it was about, is `assert_kept`: one
record in the Store for each call and none twice, nothing of any call left, and a portal that shows what there is.

    with weather_of(seed):
        async with open_world() as world: ...
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import trio

from pbx.bus.memory import MemoryBus
from pbx.call.call import Call
from pbx.cdr.cdr import Cdr
from pbx.control import open_bus
from pbx.server import Server
from pbx.store.interface import PAGE_MAX, StoreUnavailable
from pbx.tenants.scope import TenantScope
from pbx.web.live import LOOK_AGAIN_S
from tests.support.hostile import Hostile, Weather
from tests.support.hostile_bus import HostileBus
from tests.support.onlooker import Onlooker

if TYPE_CHECKING:
    from tests.support.world import World

_seed: ContextVar[int | None] = ContextVar("weather", default=None)

SHIPPED_S = 3600  # virtual: by then the worst weather has let every record through
LOOKED_S = 60  # virtual: by then a portal that lost its link in the last gust has looked again
LAST_LOOK_S = 2 * LOOK_AGAIN_S  # a registration that ran out since then may still be shown


@contextmanager
def weather_of(seed: int) -> Iterator[None]:
    """Worlds that are opened meanwhile have the bad weather of this seed."""
    token = _seed.set(seed)
    try:
        yield
    finally:
        _seed.reset(token)


def weather_now() -> Weather | None:
    """The weather for a world that is opened now; None: it is fair."""
    seed = _seed.get()
    return None if seed is None else Weather(seed)


class BadWeather:
    """Around every PBX that one World has, one after the other."""

    def __init__(self, world: "World", weather: Weather) -> None:
        self.weather = weather
        self._world = world
        self.store: Any = Hostile(world.store, weather, StoreUnavailable, late_duplicates=True)
        self._scopes = [TenantScope(tenant.name) for tenant in world.tenants]
        self._onlooker = Onlooker(self.store, world.blobs, self._scopes)
        self._calls: dict[str, TenantScope] = {}  # every call that must have its record
        self._ever: set[str] = set()
        self._server: Server | None = None

    async def run(self) -> None:
        """The portal, until cancelled."""
        await self._onlooker.run()

    async def surround(self, server: Server) -> None:
        """The life of one PBX, as other processes see it."""
        self._server = server

        def note(call: Call) -> None:
            if self._server is server:  # a process that crashed has calls that end, but nobody is told so
                self._calls[call.state.id] = call.state.scope
                self._ever.add(call.state.id)

        server.calls.services.observers.append(note)
        for call in server.calls:
            note(call)
        async with open_bus(server) as memory, trio.open_nursery() as nursery:
            assert isinstance(memory, MemoryBus)
            bus = HostileBus(memory, self.weather)
            self._onlooker.bus = bus
            try:
                nursery.start_soon(bus.run)
                await server.announcer.run(bus)
            finally:
                if self._onlooker.bus is bus:
                    self._onlooker.bus = None

    def crashed(self) -> None:
        """The PBX is gone with its spool: calls that nobody goes on with, in this world, have no record."""
        self._server = None
        self._calls.clear()

    async def assert_kept(self) -> None:
        """See the module. Ends the calls that are left, as a server does that is told to stop."""
        world = self._world
        if not world.is_up:
            return
        await world.stop()
        await world.start()
        await self._wait_shipped()
        records = await self.records()
        ids = [cdr.id for cdr in records]
        assert len(set(ids)) == len(ids), "a record twice"
        assert len({cdr.sip_call_id for cdr in records}) == len(ids), "a call with two records"
        assert set(self._calls) <= set(ids), "a call without a record"
        assert set(ids) <= self._ever, "a record without a call"
        self.weather.calm()
        await world.settle()
        await trio.sleep(LOOKED_S)
        registered = self._registered()
        await trio.sleep(LAST_LOOK_S)
        world.assert_nothing_left()
        await self._assert_portal_knows(registered)

    async def records(self) -> list[Cdr]:
        """All tenants', as they are in the Store."""
        return [c for s in self._scopes for c in (await self._world.store.cdrs(s, limit=PAGE_MAX)).cdrs]

    async def _wait_shipped(self) -> None:
        with trio.move_on_after(SHIPPED_S):
            while self._world.spool.stats().outbox:  # noqa: ASYNC110
                await trio.sleep(1)  # virtual
        assert not self._world.spool.stats().outbox, "records that the Store does not get"

    def _registered(self) -> dict[TenantScope, frozenset[str]]:
        assert self._server is not None, "it was just started"
        now = self._server.parts.wall()
        return {scope: self._server.registrar.registered(scope, now) for scope in self._scopes}

    async def _assert_portal_knows(self, before: dict[TenantScope, frozenset[str]]) -> None:
        """`before` are those that were registered when the portal began the last look that is certain."""
        after = self._registered()
        for scope in self._scopes:
            seen, newest = self._onlooker.seen[scope], (await self._world.store.cdrs(scope, limit=1)).cdrs
            assert seen["connection"] == {"call_process": "up"}
            assert seen["calls"] == []
            assert seen.get("cdrs") == ({"id": newest[0].id} if newest else None)
            registered = {each["extension"] for each in seen["registrations"] if each["contacts"]}
            assert before[scope] & after[scope] <= registered <= before[scope] | after[scope]
