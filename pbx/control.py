"""What other processes of the same machine can ask a running server, over the Bus of its data folder.

| command              | answers with                                                        |
|----------------------|---------------------------------------------------------------------|
| `calls.list`         | the live calls of the asking scope, or of all tenants               |
| `registrations.list` | the registered contacts of the asking tenant, by extension; a page  |
|                      | of them: those behind {"after": EXTENSION}, none behind the last    |
| `voicemail.list`     | the messages of {"box": NUMBER}, or of all boxes of the tenant; the |
|                      | newest MESSAGES_MAX of them, the newest first                       |
| `voicemail.mark`     | the Message {"box", "id"}, made old or new by {"heard": BOOLEAN}    |
| `voicemail.delete`   | {}: the message {"box", "id"} is gone, whether or not it was there  |
| `server.stats`       | what is open now and what was counted since the start               |

Everything is JSON. Signals that tell of changes: see `announcer.py`.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

import msgspec
import trio

from pbx.apps.voicemail.mailboxes import NoSuchMessage
from pbx.bus.folder import serve_in
from pbx.bus.interface import EVERY_TENANT, Bus, CommandFailed, Handler
from pbx.bus.memory import MemoryBus
from pbx.events.live_registration import LiveRegistration
from pbx.registrar.binding import Binding
from pbx.routing.plan import VoicemailNode
from pbx.server import Server
from pbx.sip.uri import write_hostport
from pbx.tenants.scope import TenantScope
from pbx.tenants.tenant import Tenant

REGISTRATIONS_PAGE = 1000  # contacts in an answer, and the rest of the last extension's: an answer has 1 MiB at most


MESSAGES_MAX = 2000  # in an answer; older ones are heard by dialling in, and come once newer ones are deleted


class PageOfRegistrations(msgspec.Struct):
    """What `registrations.list` is asked for: the extensions behind this one."""

    after: str = ""


class WhichBox(msgspec.Struct):
    """What `voicemail.list` is asked for; None: every box."""

    box: str | None = None


class WhichMessage(msgspec.Struct):
    """What `voicemail.mark` and `voicemail.delete` are about."""

    box: str
    id: str
    heard: bool = True


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
        for name, handler in {**call_commands(server), **voicemail_commands(server)}.items():
            await handlers.enter_async_context(bus.handle(name, handler))
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


def voicemail_commands(server: Server) -> dict[str, Handler]:
    """What other processes may do with messages: this one alone writes them."""
    mailboxes = server.voicemail.mailboxes

    async def list_messages(scope: TenantScope, payload: bytes) -> bytes:
        box = msgspec.json.decode(payload or b"{}", type=WhichBox).box
        boxes = _boxes(server.tenants.named(scope.tenant)) if box is None else [box]
        return msgspec.json.encode((await mailboxes.all_messages(scope, boxes))[:MESSAGES_MAX])

    async def mark_message(scope: TenantScope, payload: bytes) -> bytes:
        which = msgspec.json.decode(payload, type=WhichMessage)
        try:
            return msgspec.json.encode(await mailboxes.mark(scope, which.box, which.id, heard=which.heard))
        except NoSuchMessage as error:
            raise CommandFailed(f"there is no message {which.id} in box {which.box}") from error

    async def delete_message(scope: TenantScope, payload: bytes) -> bytes:
        which = msgspec.json.decode(payload, type=WhichMessage)
        with suppress(NoSuchMessage):  # the same as having deleted it
            await mailboxes.delete(scope, which.box, which.id)
        return b"{}"

    return {
        "voicemail.list": list_messages,
        "voicemail.mark": mark_message,
        "voicemail.delete": delete_message,
    }


def _boxes(tenant: Tenant | None) -> list[str]:
    """Every box that a message can be left in: each extension's, and those that the plan names."""
    if tenant is None:
        return []
    named = {node.box for node in tenant.plan.nodes.values() if isinstance(node, VoicemailNode) and node.box}
    return sorted(named.union(tenant.extensions))


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
