"""One server on this machine: its parts opened, its configuration kept, its doors to the CLI open. Until cancelled."""

from collections.abc import Sequence

import trio
from msgspec.structs import replace

from pbx.config.load import Config
from pbx.control import serve_control
from pbx.machine import ALIVE_FILE, Alive, open_machine
from pbx.server import Server
from pbx.store.interface import Store
from pbx.tenants.tenant import Tenant


async def run_site(
    config: Config, guests: Sequence[Tenant] = (), *, task_status: trio.TaskStatus[Server] = trio.TASK_STATUS_IGNORED
) -> None:
    """`guests` are tenants of this process alone.

    Raises CannotOpen, SpoolError, StoreError where this machine does not give what the server needs.
    """
    with open_machine(config) as parts:
        await keep_configuration(parts.store, config, who="pbx serve", at=parts.wall())
        server = Server(config, parts, guests=guests)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(Alive(config.folder / ALIVE_FILE).run)
            await nursery.start(server.run)
            await nursery.start(serve_control, config.folder, server)
            task_status.started(server)


async def keep_configuration(store: Store, config: Config, *, who: str, at: float) -> list[str]:
    """Saves each tenant that differs from its newest version in the Store; returns their names."""
    changed: list[str] = []
    for name, tenant in config.tenants.items():
        scope = config.scope(name)
        newest = await store.tenant(scope)
        version = 0 if newest is None else newest.version
        if newest is not None and replace(newest.tenant, version=0) == replace(tenant, version=0):
            continue
        await store.put_tenant(scope, tenant, expected_version=version, who=who, why="changed in its file", at=at)
        changed.append(name)
    return changed
