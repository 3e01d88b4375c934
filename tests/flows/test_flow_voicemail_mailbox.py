"""The owner of a mailbox dials in, in whole calls: the PIN, the counts, every key, and the greeting of one's own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trio

from pbx.media.fake import FakeLeg
from pbx.testphone.phone import Phone
from pbx.testphone.phone_call import PhoneCall
from tests.support.voicemail_world import (
    BOX,
    COLLECT,
    LEAVE,
    PIN,
    SCOPE,
    assert_no_voicemail_left,
    dial,
    leave,
    messages,
    open_voicemail_world,
    wait_heard,
)
from tests.support.world import World

pytestmark = pytest.mark.usefixtures("weather")


@asynccontextmanager
async def with_messages(*lengths_s: float) -> AsyncIterator[tuple[World, Phone]]:
    """A world with so many messages in the box, the eldest first, and the phone of its owner; nothing is left of it."""
    async with open_voicemail_world() as world:
        caller, owner = await world.phone("101"), await world.phone(BOX)
        for length_s in lengths_s:
            await leave(world, caller, speak_s=length_s)
        yield world, owner
        await world.settle()
        world.assert_nothing_left()
        assert_no_voicemail_left(world)


async def dial_in(world: World, owner: Phone, pin: str = PIN) -> tuple[PhoneCall, FakeLeg]:
    """A call to the mailbox that has given the PIN."""
    call, leg = await dial(world, owner, COLLECT)
    await wait_heard(leg, "vm-enter-pin")
    leg.press(f"{pin}#")
    return call, leg


def heard_by_id(leg: FakeLeg, message_id: str) -> int:
    """How often a message was played."""
    return sum(name.startswith(message_id) for name in leg.heard)


async def hang_up(call: PhoneCall) -> None:
    call.hang_up()
    await call.ended.wait()
    await trio.sleep(1)


async def test_a_message_is_played_back_and_is_heard_then(autojump_clock):
    async with with_messages(5) as (world, owner):
        (message,) = await messages(world)
        call, leg = await dial_in(world, owner)
        await wait_heard(leg, "vm-menu")
        assert leg.heard[:4] == ["vm-enter-pin", "vm-you-have", "new-message-one", "vm-message-from"]
        assert leg.heard[4:9] == ["number-1", "number-0", "number-1", "vm-received", "today"]
        assert leg.heard[-2].startswith(message.id)
        assert (await messages(world))[0].heard
        leg.press("2")
        await wait_heard(leg, "vm-last-menu")
        assert leg.heard[-2] == "vm-no-more-messages"
        leg.press("#")
        await call.ended.wait()
        assert call.ended_by == "them"


async def test_new_messages_come_before_old_ones_each_oldest_first(autojump_clock):
    async with with_messages(2, 3, 4) as (world, owner):
        first, second, third = [message.id for message in await messages(world)]
        await world.server.voicemail.mailboxes.mark(SCOPE, BOX, first, heard=True)
        call, leg = await dial_in(world, owner)
        for played in (1, 2, 3):
            await wait_heard(leg, "vm-menu", times=played)
            leg.press("2")
        await wait_heard(leg, "vm-no-more-messages")
        played_ids = [name.rpartition("-")[0] for name in leg.heard if name[0].isdigit()]
        assert played_ids == [second, third, first]
        assert "new-messages-many" in leg.heard or "new-message-many" in leg.heard
        await hang_up(call)


async def test_no_messages_is_said_and_that_is_all(autojump_clock):
    async with with_messages() as (world, owner):
        call, leg = await dial_in(world, owner)
        await call.ended.wait()
        assert leg.heard == ["vm-enter-pin", "vm-no-messages", *["vm-last-menu"] * 3, "goodbye"]


async def test_one_plays_the_message_again(autojump_clock):
    async with with_messages(4) as (world, owner):
        (message,) = await messages(world)
        call, leg = await dial_in(world, owner)
        await wait_heard(leg, "vm-menu")
        leg.press("1")
        await wait_heard(leg, "vm-menu", times=2)
        assert heard_by_id(leg, message.id) == 2
        await hang_up(call)


async def test_three_deletes_the_message(autojump_clock):
    async with with_messages(2, 3) as (world, owner):
        first, second = await messages(world)
        call, leg = await dial_in(world, owner)
        await wait_heard(leg, first.id)
        leg.press("3")
        await wait_heard(leg, second.id)
        assert "vm-deleted" in leg.heard
        assert [message.id for message in await messages(world)] == [second.id]
        assert [info.key for info in await world.blobs.list(SCOPE) if first.id in info.key] == []
        await hang_up(call)


async def test_a_key_that_is_pressed_while_a_deed_is_told_counts(autojump_clock):
    async with with_messages(2) as (world, owner):
        call, leg = await dial_in(world, owner)
        await wait_heard(leg, "vm-menu")
        leg.press("3")
        await wait_heard(leg, "vm-deleted")
        leg.press("#")  # hangs up: nobody has to wait for the words to end
        await call.ended.wait()
        assert "vm-last-menu" not in leg.heard
        assert await messages(world) == []


async def test_four_keeps_the_message_as_new(autojump_clock):
    async with with_messages(4) as (world, owner):
        call, leg = await dial_in(world, owner)
        await wait_heard(leg, "vm-menu")
        assert (await messages(world))[0].heard
        leg.press("4")
        await wait_heard(leg, "vm-kept")
        assert not (await messages(world))[0].heard
        await hang_up(call)


async def test_a_key_that_means_nothing_brings_the_menu_again(autojump_clock):
    async with with_messages(4) as (world, owner):
        call, leg = await dial_in(world, owner)
        await wait_heard(leg, "vm-menu")
        leg.press("7")
        await wait_heard(leg, "vm-menu", times=2)
        assert leg.heard[-2] == "menu-invalid"
        await hang_up(call)


async def test_who_presses_nothing_at_last_hears_goodbye(autojump_clock):
    async with with_messages(4) as (world, owner):
        call, leg = await dial_in(world, owner)
        await call.ended.wait()
        assert leg.heard[-4:] == ["vm-menu", "vm-menu", "vm-menu", "goodbye"]


async def test_a_message_skipped_at_once_stays_new_and_after_three_seconds_is_heard(autojump_clock, monkeypatch):
    monkeypatch.setattr("pbx.media.fake.PLAY_S", 6.0)
    async with with_messages(8, 9) as (world, owner):
        first, second = await messages(world)
        call, leg = await dial_in(world, owner)
        await wait_heard(leg, first.id)
        await trio.sleep(2)
        leg.press("2")
        await wait_heard(leg, second.id)
        await trio.sleep(4)
        leg.press("2")
        await wait_heard(leg, "vm-no-more-messages")
        assert [message.heard for message in await messages(world)] == [False, True]
        await hang_up(call)


async def test_a_message_deleted_in_the_portal_meanwhile_is_left_out(autojump_clock):
    async with with_messages(2, 3, 4) as (world, owner):
        first, second, third = await messages(world)
        call, leg = await dial_in(world, owner)
        await wait_heard(leg, first.id)
        await world.server.voicemail.mailboxes.delete(SCOPE, BOX, second.id)
        leg.press("2")
        await wait_heard(leg, third.id)
        assert heard_by_id(leg, second.id) == 0
        await hang_up(call)


@pytest.mark.parametrize("second", range(0, 44, 2))
async def test_a_hang_up_at_any_moment_leaves_nothing_and_loses_no_message(autojump_clock, second):
    async with with_messages(4) as (world, owner):
        call, leg = await dial(world, owner, COLLECT)
        await trio.sleep(0.5)
        leg.press(f"{PIN}#")
        with trio.move_on_after(second + 0.3):
            await call.ended.wait()
        await hang_up(call)
        (message,) = await messages(world)
        assert message.heard == ("vm-menu" in leg.heard)


# -- PIN


async def test_the_right_pin_may_come_after_a_wrong_one(autojump_clock):
    async with with_messages() as (world, owner):
        call, leg = await dial_in(world, owner, "1111")
        await wait_heard(leg, "vm-enter-pin", times=2)
        leg.press(f"{PIN}#")
        await wait_heard(leg, "vm-no-messages")
        await hang_up(call)


async def test_a_pin_is_asked_for_three_times(autojump_clock):
    async with with_messages() as (world, owner):
        call, leg = await dial_in(world, owner, "1111")
        for times in (2, 3):
            await wait_heard(leg, "vm-enter-pin", times=times)
            leg.press("1111#")
        await call.ended.wait()
        assert leg.heard == ["vm-enter-pin", "vm-wrong-pin"] * 2 + ["vm-enter-pin", "vm-too-many-tries"]


async def test_who_enters_nothing_has_not_tried(autojump_clock):
    async with with_messages() as (world, owner):
        for _ in range(3):
            call, leg = await dial(world, owner, COLLECT)
            await call.ended.wait()
            assert leg.heard[-1] == "vm-too-many-tries"
        call, leg = await dial_in(world, owner)
        await wait_heard(leg, "vm-no-messages")
        await hang_up(call)


async def test_after_five_wrong_pins_the_right_one_is_refused_for_a_quarter_of_an_hour(autojump_clock):
    async with with_messages() as (world, owner):
        for wrong in (3, 2):
            call, leg = await dial_in(world, owner, "1111")
            for times in range(2, wrong + 1):
                await wait_heard(leg, "vm-enter-pin", times=times)
                leg.press("1111#")
            await trio.sleep(1)
            await hang_up(call)
        call, leg = await dial_in(world, owner)
        await call.ended.wait()
        assert leg.heard == ["vm-enter-pin", "vm-too-many-tries"]
        assert world.server.stats().voicemail.pins_refused == 1
        await trio.sleep(900)
        call, leg = await dial_in(world, owner)
        await wait_heard(leg, "vm-no-messages")
        await hang_up(call)


async def test_who_begins_the_pin_while_the_last_one_is_said_to_be_wrong_loses_no_digit(autojump_clock):
    async with with_messages() as (world, owner):
        call, leg = await dial_in(world, owner, "1111")
        await wait_heard(leg, "vm-wrong-pin")
        leg.press(PIN[:2])
        await trio.sleep(3)
        leg.press(f"{PIN[2:]}#")
        await wait_heard(leg, "vm-no-messages")
        await hang_up(call)


async def test_an_extension_without_a_pin_has_no_mailbox_to_dial_into(autojump_clock):
    async with with_messages() as (world, _):
        call, leg = await dial(world, await world.phone("101"), COLLECT)
        await call.ended.wait()
        assert leg.heard == ["vm-no-mailbox", "goodbye"]


# -- greeting


async def record_greeting(world: World, owner: Phone, keys: str) -> PhoneCall:
    """Records six seconds and presses `keys`, each in its menu."""
    call, leg = await dial_in(world, owner)
    await wait_heard(leg, "vm-last-menu")
    leg.press("9")
    await wait_heard(leg, "beep")
    await trio.sleep(2 + 6)
    leg.press("#")
    for times, key in enumerate(keys, start=1):
        await wait_heard(leg, "vm-greeting-menu", times=times)
        leg.press(key)
        await trio.sleep(1)
    return call


async def test_callers_hear_the_greeting_that_the_owner_recorded(autojump_clock):
    async with with_messages() as (world, owner):
        call = await record_greeting(world, owner, "1")
        await hang_up(call)
        caller, leg = await dial(world, await world.phone("101"), LEAVE)
        await wait_heard(leg, "beep")
        assert [name.rpartition("-")[0] for name in leg.heard[:-1]] == ["greeting"]
        await hang_up(caller)
        assert await messages(world) == []


@pytest.mark.parametrize("keys", ["*", "2*"])
async def test_a_greeting_that_was_not_accepted_is_none(autojump_clock, keys):
    async with with_messages() as (world, owner):
        await hang_up(await record_greeting(world, owner, keys))
        assert await world.server.voicemail.mailboxes.greeting(SCOPE, BOX) is None


async def test_zero_brings_the_usual_greeting_back(autojump_clock):
    async with with_messages() as (world, owner):
        for keys, is_own in (("1", True), ("0", False)):
            await hang_up(await record_greeting(world, owner, keys))
            assert (await world.server.voicemail.mailboxes.greeting(SCOPE, BOX) is not None) == is_own


async def test_three_records_the_greeting_again(autojump_clock):
    async with with_messages() as (world, owner):
        call, leg = await dial_in(world, owner)
        await wait_heard(leg, "vm-last-menu")
        leg.press("9")
        for times in (1, 2):
            await wait_heard(leg, "beep", times=times)
            await trio.sleep(2 + 3 * times)
            leg.press("#")
            await wait_heard(leg, "vm-greeting-menu", times=times)
            leg.press("3" if times == 1 else "1")
        await wait_heard(leg, "vm-greeting-saved")
        greeting = await world.server.voicemail.mailboxes.greeting(SCOPE, BOX)
        assert greeting is not None
        assert len(greeting) == pytest.approx(44 + 6 * 16_000, abs=4000)
        await hang_up(call)
