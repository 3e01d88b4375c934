"""What the CLI of the same machine can ask a running server, over the Bus of its data folder.

| command        | answers with                                                              |
|----------------|---------------------------------------------------------------------------|
| `calls.list`   | the live calls of the asking scope, or of all tenants, as JSON            |
| `server.stats` | what is open now and what was counted since the start, as JSON            |
"""

from contextlib import AsyncExitStack
from pathlib import Path

import msgspec
import trio

from pbx.bus.folder import serve_in
from pbx.bus.interface import EVERY_TENANT
from pbx.bus.memory import MemoryBus
from pbx.server import Server
from pbx.tenants.scope import TenantScope


async def serve_control(folder: Path, server: Server, *, task_status: trio.TaskStatus[None]) -> None:
    """Answers until cancelled."""

    async def list_calls(scope: TenantScope, payload: bytes) -> bytes:
        return msgspec.json.encode(server.calls.live(None if scope.tenant == EVERY_TENANT else scope))

    async def stats(scope: TenantScope, payload: bytes) -> bytes:
        return msgspec.json.encode(server.stats())

    bus = MemoryBus()
    async with AsyncExitStack() as handlers:
        await handlers.enter_async_context(bus.handle("calls.list", list_calls))
        await handlers.enter_async_context(bus.handle("server.stats", stats))
        await serve_in(folder, bus, task_status=task_status)
