"""A caller with an application, whose process dies: another one goes on with it from the `CallState` alone."""

import pytest
import trio

from pbx.call.state import decode_state, encode_state
from pbx.media.fake import FakeLeg
from pbx.routing.plan import AnnouncementNode, ConferenceNode, MenuNode, Plan, RingNode
from tests.support.world import NUMBERS, World, make_tenant, open_world

pytestmark = pytest.mark.usefixtures("weather")

NODES = {
    "welcome": MenuNode(prompt="menu-demo", digits={"1": "bob"}, tries=3, timeout="bye"),
    "bob": RingNode(who=("102",)),
    "bye": AnnouncementNode(prompt="goodbye"),
    "room": ConferenceNode(room="room"),
    "board": ConferenceNode(room="board", pin="2580"),
}


def world():
    numbers = {**NUMBERS, "601": "welcome", "602": "room", "603": "board"}
    return open_world(make_tenant("acme", plan=Plan(numbers, NODES, extensions=dict.fromkeys(("101", "102")))))


async def die_and_go_on(here: World) -> FakeLeg:
    """The leg of the only call's caller, in the process that goes on with it."""
    (call,) = here.server.calls
    saved = encode_state(call.state)
    await here.crash()
    server = await here.start()
    restored = server.calls.restore(decode_state(saved), here.tenants[0])
    await trio.sleep(0.01)
    assert isinstance(restored.caller.media, FakeLeg)
    return restored.caller.media


@pytest.mark.parametrize("after_s", [0.5, 3.0, 7.5, 10.0, 15.0, 20.0])
async def test_a_menu_goes_on_with_the_try_that_it_was_at(autojump_clock, after_s):
    async with world() as here:
        alice = await here.phone("101")
        call = alice.dial("601")
        assert await call.wait_answered()
        await trio.sleep(after_s)
        leg = await die_and_go_on(here)
        await call.ended.wait()
        assert leg.heard == ["menu-demo"] * (3 - int(after_s // 7)) + ["goodbye"]
        assert (await here.only_cdr()).disposition == "answered"


async def test_what_is_pressed_after_the_crash_leads_on(autojump_clock):
    async with world() as here:
        alice, bob = await here.phone("101"), await here.phone("102")
        call = alice.dial("601")
        assert await call.wait_answered()
        await trio.sleep(1)
        leg = await die_and_go_on(here)
        leg.press("1")
        incoming = await bob.incoming.receive()
        incoming.answer()
        await trio.sleep(5)
        assert leg.id in here.media.hears
        call.hang_up()
        assert [step.outcome for step in (await here.only_cdr()).path][-2:] == ["ring", "answered"]


async def test_who_rang_for_a_menus_caller_rings_on(autojump_clock):
    async with world() as here:
        alice, bob = await here.phone("101"), await here.phone("102")
        call = alice.dial("601")
        assert await call.wait_answered()
        await trio.sleep(1)
        (pressing,) = here.server.calls
        assert isinstance(pressing.caller.media, FakeLeg)
        pressing.caller.media.press("1")
        incoming = await bob.incoming.receive()
        incoming.ring()
        await trio.sleep(1)
        leg = await die_and_go_on(here)
        await trio.sleep(1)
        assert leg.heard == ["425 Hz"]
        incoming.answer()
        await trio.sleep(5)
        assert leg.id in here.media.hears
        call.hang_up()
        assert (await here.only_cdr()).disposition == "answered"


@pytest.mark.parametrize("is_muted", [False, True])
async def test_a_member_is_back_in_the_room_as_before_without_a_word(autojump_clock, is_muted):
    async with world() as here:
        alice = await here.phone("101")
        call = alice.dial("602")
        assert await call.wait_answered()
        await trio.sleep(6)
        (inside,) = here.server.calls
        assert isinstance(inside.caller.media, FakeLeg)
        inside.caller.media.press("*" * is_muted)
        await trio.sleep(5)
        leg = await die_and_go_on(here)
        (room,) = here.media.rooms
        assert room.members == {leg.id: is_muted}
        await trio.sleep(10)
        assert (leg.heard, room.heard) == ([], [])
        call.hang_up()
        assert (await here.only_cdr()).disposition == "answered"


async def test_tries_at_a_pin_are_not_given_anew(autojump_clock):
    async with world() as here:
        alice = await here.phone("101")
        call = alice.dial("603")
        assert await call.wait_answered()
        for _ in range(2):
            await trio.sleep(1)
            (asked,) = here.server.calls
            assert isinstance(asked.caller.media, FakeLeg)
            asked.caller.media.press("1#")
        await trio.sleep(1)
        leg = await die_and_go_on(here)
        leg.press("1#")
        await call.ended.wait()
        assert leg.heard == ["conf-enter-pin", "conf-wrong-pin", "goodbye"]
