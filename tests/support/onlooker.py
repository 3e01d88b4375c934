"""The web process of a World in bad weather: the portal's own live feed, and what a browser of each tenant sees."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import trio

from pbx.blobs.interface import Blobs
from pbx.bus.interface import Bus, BusUnavailable
from pbx.store.interface import Store
from pbx.tenants.scope import TenantScope
from pbx.web.call_process import CallProcess
from pbx.web.live import LiveFeed
from pbx.web.views import Views


class Onlooker:
    """`run` it as long as the world lives; `bus` is the server's while there is one."""

    def __init__(self, store: Store, blobs: Blobs, scopes: Sequence[TenantScope]) -> None:
        self.bus: Bus | None = None
        self.seen: dict[TenantScope, dict[str, Any]] = {scope: {} for scope in scopes}  # newest of each topic
        call_process = CallProcess(self._connect, region=scopes[0].region)
        views = Views(store, blobs, call_process)
        looks = {"calls": views.calls, "voicemail": views.messages, "cdrs": views.newest_cdr}
        self._feed = LiveFeed(call_process, {**looks, "registrations": views.registrations})

    async def run(self) -> None:
        """Looks on until cancelled."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._feed.run)
            for scope in self.seen:
                nursery.start_soon(self._browse, scope)

    @asynccontextmanager
    async def _connect(self) -> AsyncIterator[Bus]:
        if self.bus is None:
            raise BusUnavailable("no server runs")
        yield self.bus

    async def _browse(self, scope: TenantScope) -> None:
        async for event in self._feed.stream(scope, _welcome):
            name, _, data = event.decode().partition("\ndata: ")
            if data:
                self.seen[scope][name.removeprefix("event: ")] = msgspec.json.decode(data)


async def _welcome() -> bool:
    await trio.lowlevel.checkpoint()
    return True
