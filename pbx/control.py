"""What other processes of the same machine can ask a running server, over the Bus of its data folder.

| command              | answers with                                                        |
|----------------------|---------------------------------------------------------------------|
| `calls.list`         | the live calls of the asking scope, or of all tenants               |
| `registrations.list` | the registered contacts of the asking tenant, by extension; a page  |
|                      | of them: those behind {"after": EXTENSION}, none behind the last    |
| `server.stats`       | what is open now and what was counted since the start               |
| `voicemail.…`        | see `pbx.apps.voicemail.commands`                                   |

Everything is JSON. Signals that tell of changes: see `announcer.py`.
"""

from collections.abc import AsyncIterator, Collection
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import msgspec
import trio

from pbx.apps.voicemail.commands import VoicemailCommands
from pbx.bus.folder import serve_in
from pbx.bus.interface import EVERY_TENANT, Bus, Handler
from pbx.bus.memory import MemoryBus
from pbx.events.live_registration import LiveRegistration
from pbx.registrar.binding import Binding
from pbx.routing.plan import VoicemailNode
from pbx.server import Server
from pbx.sip.uri import write_hostport
from pbx.tenants.scope import TenantScope
from pbx.tenants.tenant import Tenant

REGISTRATIONS_PAGE = 1000  # contacts in an answer, and the rest of the last extension's: an answer has 1 MiB at most


class PageOfRegistrations(msgspec.Struct):
    """What `registrations.list` is asked for: the extensions behind this one."""

    after: str = ""


async def serve_control(folder: Path, server: Server, *, task_status: trio.TaskStatus[None]) -> None:
    """Answers whoever can read the folder, and tells them what changes, until cancelled."""
    async with open_bus(server) as bus, trio.open_nursery() as nursery:
        nursery.start_soon(server.announcer.run, bus)
        await serve_in(folder, bus, task_status=task_status)


@asynccontextmanager
async def open_bus(server: Server) -> AsyncIterator[Bus]:
    """A Bus that answers every command while entered."""
    bus = MemoryBus()
    async with AsyncExitStack() as handlers:
        for name, handler in call_commands(server).items():
            await handlers.enter_async_context(bus.handle(name, handler))
        await handlers.enter_async_context(voicemail_commands(server).answering(bus))
        yield bus


def call_commands(server: Server) -> dict[str, Handler]:
    """What other processes may ask about calls and phones."""

    async def list_calls(scope: TenantScope, payload: bytes) -> bytes:
        return msgspec.json.encode(server.calls.live(None if scope.tenant == EVERY_TENANT else scope))

    async def list_registrations(scope: TenantScope, payload: bytes) -> bytes:
        after = msgspec.json.decode(payload or b"{}", type=PageOfRegistrations).after
        return msgspec.json.encode(live_registrations(server, scope, after=after))

    async def stats(scope: TenantScope, payload: bytes) -> bytes:
        return msgspec.json.encode(server.stats())

    return {"calls.list": list_calls, "registrations.list": list_registrations, "server.stats": stats}


def voicemail_commands(server: Server) -> VoicemailCommands:
    """What other processes may do with messages: this one alone writes them."""
    return VoicemailCommands(server.voicemail.mailboxes, lambda scope: _boxes(server.tenants.named(scope.tenant)))


def _boxes(tenant: Tenant | None) -> Collection[str]:
    """Every box that a message can be left in: each extension's, and those that the plan names."""
    if tenant is None:
        return ()
    named = {node.box for node in tenant.plan.nodes.values() if isinstance(node, VoicemailNode) and node.box}
    return named.union(tenant.extensions)


def live_registrations(server: Server, scope: TenantScope, *, after: str = "") -> list[LiveRegistration]:
    """A page of a tenant's contacts: extensions in order, all contacts of each, the preferred first."""
    tenant, now = server.tenants.named(scope.tenant), server.parts.wall()
    extensions = {} if tenant is None else tenant.extensions
    page: list[LiveRegistration] = []
    for number in sorted(server.registrar.registered(scope, now)):
        if number <= after:
            continue
        name = extensions[number].name if number in extensions else ""
        page += [_live(number, name, binding) for binding in server.registrar.lookup(scope, number, now)]
        if len(page) >= REGISTRATIONS_PAGE:
            break
    return page


def _live(number: str, name: str, binding: Binding) -> LiveRegistration:
    return LiveRegistration(
        extension=number,
        name=name,
        contact=binding.contact,
        source=write_hostport(*binding.flow.remote),
        user_agent=binding.user_agent,
        registered_at=binding.registered_at,
        expires_at=binding.expires_at,
    )
