"""A menu and an announcement: what a caller hears and presses, and where that leads."""

import pytest
import trio

from pbx.call.decision import LAST_WORDS_S
from pbx.media.fake import PLAY_S, FakeLeg
from pbx.routing.plan import AnnouncementNode, MenuNode, Plan, RingNode
from tests.support.world import NUMBERS, World, make_tenant, open_world

pytestmark = pytest.mark.usefixtures("weather")

WAIT_S = 5
GOODBYE_SAID_S = 2 * (PLAY_S + WAIT_S) + PLAY_S  # where nothing is pressed
NODES = {
    "welcome": MenuNode(prompt="menu-demo", digits={"1": "bob", "2": "bye", "21": "carol"}, tries=2, timeout="bye"),
    "bob": RingNode(who=("102",)),
    "carol": RingNode(who=("103",)),
    "bye": AnnouncementNode(prompt="goodbye"),
}


def world():
    numbers = {**NUMBERS, "601": "welcome"}
    return open_world(make_tenant("acme", plan=Plan(numbers, NODES, extensions=dict.fromkeys(("101", "102", "103")))))


async def caller_leg(world: World) -> FakeLeg:
    """The media leg of the only call's caller, a moment after it was answered."""
    await trio.sleep(0.05)
    (call,) = world.server.calls
    assert call.caller.is_up
    assert isinstance(call.caller.media, FakeLeg)
    return call.caller.media


async def test_a_digit_during_the_prompt_leads_to_a_person(autojump_clock):
    async with world() as here:
        alice, bob = await here.phone("101"), await here.phone("102")
        call = alice.dial("601")
        assert await call.wait_answered()
        leg = await caller_leg(here)
        await trio.sleep(PLAY_S / 2)
        leg.press("1")
        incoming = await bob.incoming.receive()
        assert trio.current_time() < PLAY_S
        incoming.ring()
        await trio.sleep(6)
        assert leg.heard == ["menu-demo", "425 Hz", "425 Hz"]  # a ringing tone, for its phone makes none any more
        incoming.answer()
        await trio.sleep(1)
        assert here.media.hears[leg.id] != leg.id
        call.hang_up()
        cdr = await here.only_cdr()
        assert cdr.disposition == "answered"
        assert [(step.node, step.outcome) for step in cdr.path] == [
            ("numbers", "welcome"),
            ("welcome", "menu"),
            ("welcome", "1"),
            ("bob", "ring"),
            ("bob", "answered"),
        ]


async def test_the_longer_choice_is_waited_for(autojump_clock):
    async with world() as here:
        alice, carol = await here.phone("101"), await here.phone("103")
        alice.dial("601")
        await trio.sleep(1)
        leg = await caller_leg(here)
        leg.press("2")
        await trio.sleep(1)
        leg.press("1")
        await carol.incoming.receive()


async def test_a_shorter_choice_counts_after_a_pause(autojump_clock):
    async with world() as here:
        alice = await here.phone("101")
        call = alice.dial("601")
        await trio.sleep(1)
        leg = await caller_leg(here)
        leg.press("2")
        await call.ended.wait()
        assert leg.heard == ["menu-demo", "goodbye"]
        assert (await here.only_cdr()).ended_by == "system"


async def test_a_wrong_digit_is_told_and_the_prompt_comes_again(autojump_clock):
    async with world() as here:
        alice = await here.phone("101")
        call = alice.dial("601")
        await trio.sleep(1)
        leg = await caller_leg(here)
        leg.press("9")
        await call.ended.wait()
        assert leg.heard == ["menu-demo", "menu-invalid", "menu-demo", "goodbye"]


async def test_what_is_pressed_while_the_mistake_is_told_counts(autojump_clock):
    async with world() as here:
        alice, bob = await here.phone("101"), await here.phone("102")
        alice.dial("601")
        await trio.sleep(1)
        leg = await caller_leg(here)
        leg.press("987")
        await trio.sleep(1.5)
        leg.press("1")
        await bob.incoming.receive()
        assert leg.heard[:2] == ["menu-demo", "menu-invalid"]


async def test_who_presses_nothing_is_led_on(autojump_clock):
    async with world() as here:
        alice = await here.phone("101")
        call = alice.dial("601")
        await trio.sleep(1)
        leg = await caller_leg(here)
        await call.ended.wait()
        assert leg.heard == ["menu-demo", "menu-demo", "goodbye"]
        assert trio.current_time() == pytest.approx(GOODBYE_SAID_S + LAST_WORDS_S, abs=0.1)


@pytest.mark.parametrize("after_s", [LAST_WORDS_S / 2, LAST_WORDS_S])
async def test_who_hangs_up_during_the_last_words_is_who_ended_the_call(autojump_clock, after_s):
    async with world() as here:
        alice = await here.phone("101")
        call = alice.dial("601")
        await trio.sleep(GOODBYE_SAID_S + after_s)
        assert not call.ended.is_set()
        call.hang_up()
        cdr = await here.only_cdr()
        assert cdr.ended_by == ("caller" if after_s < LAST_WORDS_S else "system")
        assert cdr.path[-1].node == "bye"


@pytest.mark.parametrize("at_s", [0.0, 0.5, 1.5, 2.5, 5.5, 7.5, 9.5, 12.5, 14.2, 15.5])
@pytest.mark.parametrize("pressed", ["", "2", "9"])
async def test_a_hang_up_at_any_moment_leaves_one_record_and_nothing_else(autojump_clock, at_s, pressed):
    async with world() as here:
        alice = await here.phone("101")
        call = alice.dial("601")
        await trio.sleep(at_s)
        if call.answered.is_set() and not call.ended.is_set():
            (await caller_leg(here)).press(pressed)
        await trio.sleep(0.3)
        if not call.ended.is_set():
            call.hang_up()
        assert (await here.only_cdr()).from_number == "101"
