"""A world whose phones leave messages and hear them: what tests of voicemail share."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from typing import Any

import trio
from msgspec.structs import replace

from pbx.events.voicemail_message import Message
from pbx.media.fake import FakeLeg
from pbx.routing.plan import Plan, VoicemailNode
from pbx.security.pin import hash_pin
from pbx.tenants.scope import TenantScope
from pbx.tenants.tenant import Tenant, VoicemailBox
from pbx.testphone.phone import Phone
from pbx.testphone.phone_call import PhoneCall
from tests.support.world import World, make_tenant, open_world

SCOPE = TenantScope("acme")
PIN = "2580"
BOX = "102"
LEAVE, LEAVE_GREETED, LEAVE_UNGREETED, COLLECT = "8102", "9102", "7102", "*97"  # what the phones of this world dial
NUMBERS = ("101", BOX, "103")


@cache
def pin_hash() -> str:
    """Of PIN; made once, for it takes its time."""
    return hash_pin(PIN)


def voicemail_tenant() -> Tenant:
    """101 and 103 have no mailbox to dial into, 102 has."""
    plan = Plan(
        numbers={
            "1xx": "extension",
            LEAVE: "box",
            LEAVE_GREETED: "greeted",
            LEAVE_UNGREETED: "ungreeted",
            COLLECT: "mailbox",
        },
        nodes={
            "box": VoicemailNode(box=BOX),
            "greeted": VoicemailNode(box=BOX, greeting="nobody-available"),
            "ungreeted": VoicemailNode(box=BOX, greeting=""),
        },
        extensions=dict.fromkeys(NUMBERS),
    )
    tenant = make_tenant("acme", plan=plan, numbers=NUMBERS)
    owner = replace(tenant.extensions[BOX], voicemail=VoicemailBox(pin_hash()))
    return replace(tenant, extensions={**tenant.extensions, BOX: owner})


@asynccontextmanager
async def open_voicemail_world(**options: Any) -> AsyncIterator[World]:
    """A world with that tenant."""
    async with open_world(voicemail_tenant(), **options) as world:
        yield world


def media_of(world: World, call: PhoneCall) -> FakeLeg:
    """Our side of a phone's audio."""
    agreed = call.agreed
    assert agreed is not None, "the call was not answered"
    assert agreed.remote_address is not None, "we sent no address"
    return world.media.leg_at((agreed.remote_address, agreed.remote_port))


async def dial(world: World, phone: Phone, number: str) -> tuple[PhoneCall, FakeLeg]:
    """An answered call, and our side of its audio."""
    call = phone.dial(number)
    assert await call.wait_answered()
    return call, media_of(world, call)


async def wait_heard(leg: FakeLeg, sound: str, *, times: int = 1) -> None:
    """Until the phone has begun to hear a sound so many times."""
    with trio.fail_after(600):
        while sum(name.startswith(sound) for name in leg.heard) < times:  # noqa: ASYNC110
            await trio.sleep(0.05)  # virtual


async def leave(world: World, phone: Phone, *, speak_s: float, number: str = LEAVE_GREETED) -> PhoneCall:
    """Leaves a message of that length and hangs up."""
    call, leg = await dial(world, phone, number)
    await wait_heard(leg, "beep")
    await trio.sleep(2.0 + speak_s)  # the beep takes 2 s here
    call.hang_up()
    await call.ended.wait()
    await trio.sleep(1)
    return call


async def messages(world: World, box: str = BOX) -> list[Message]:
    """What is in a mailbox."""
    assert world.server is not None
    return await world.server.voicemail.mailboxes.messages(SCOPE, box)


def incoming_files(world: World) -> list[str]:
    """What has not been delivered."""
    folder = world.folder / "voicemail-incoming"
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def assert_no_voicemail_left(world: World) -> None:
    """Nothing on its way, and no file that somebody heard."""
    assert world.server is not None
    assert incoming_files(world) == []
    assert world.server.voicemail.incoming.stats().waiting == 0
    assert [path.name for path in (world.folder / "voicemail-audio").glob("*")] == []
