"""Leaving a message, in whole calls: however the call ends, what was said is in the mailbox, and nothing is left."""

import pytest
import trio

from pbx.apps.voicemail.wav_length import wav_duration_s
from tests.support.voicemail_world import (
    BOX,
    LEAVE,
    LEAVE_GREETED,
    LEAVE_UNGREETED,
    SCOPE,
    assert_no_voicemail_left,
    dial,
    incoming_files,
    leave,
    messages,
    open_voicemail_world,
    wait_heard,
)
from tests.support.world import World

pytestmark = pytest.mark.usefixtures("weather")


async def assert_all_given_back(world: World) -> None:
    await world.settle()
    world.assert_nothing_left()
    assert_no_voicemail_left(world)


async def test_a_message_is_left_listed_and_there_as_audio(autojump_clock):
    async with open_voicemail_world() as world:
        await leave(world, await world.phone("101"), speak_s=7)
        (message,) = await messages(world)
        assert (message.box, message.from_number, message.from_name, message.heard) == (BOX, "101", "Phone 101", False)
        assert message.duration_s == pytest.approx(7, abs=0.2)
        audio = await world.server.voicemail.mailboxes.audio(SCOPE, BOX, message.id)
        assert wav_duration_s(audio) == message.duration_s
        cdr = await world.only_cdr()
        assert (cdr.disposition, cdr.ended_by) == ("answered", "caller")
        await assert_all_given_back(world)


async def test_the_caller_hears_who_is_not_there_then_a_beep(autojump_clock):
    async with open_voicemail_world() as world:
        call, leg = await dial(world, await world.phone("101"), LEAVE)
        await wait_heard(leg, "beep")
        spoken = ["number-1", "number-0", "number-2"]
        assert leg.heard == ["vm-unavailable", *spoken, "vm-is-not-available", "vm-intro", "beep"]
        call.hang_up()
        await call.ended.wait()
        await assert_all_given_back(world)


async def test_a_caller_who_says_nothing_any_more_is_not_recorded_for_ever(autojump_clock):
    async with open_voicemail_world() as world:
        call, leg = await dial(world, await world.phone("101"), LEAVE_GREETED)
        await wait_heard(leg, "beep")
        await trio.sleep(2.0 + 5.0)
        leg.fall_silent()
        await wait_heard(leg, "vm-goodbye")
        await call.ended.wait()
        await trio.sleep(1)
        (message,) = await messages(world)
        assert message.duration_s == pytest.approx(15, abs=0.3)
        await assert_all_given_back(world)


async def test_the_plan_may_name_another_greeting(autojump_clock):
    async with open_voicemail_world() as world:
        call, leg = await dial(world, await world.phone("101"), LEAVE_GREETED)
        await wait_heard(leg, "beep")
        assert leg.heard == ["nobody-available", "beep"]
        call.hang_up()
        await call.ended.wait()


async def test_the_plan_may_name_no_greeting_and_then_the_beep_is_all(autojump_clock):
    async with open_voicemail_world() as world:
        await world.server.voicemail.mailboxes.put_greeting(SCOPE, BOX, b"RIFF")  # not even the owner's
        call, leg = await dial(world, await world.phone("101"), LEAVE_UNGREETED)
        await wait_heard(leg, "beep")
        assert leg.heard == ["beep"]
        call.hang_up()
        await call.ended.wait()


async def test_a_digit_skips_the_greeting(autojump_clock):
    async with open_voicemail_world() as world:
        call, leg = await dial(world, await world.phone("101"), LEAVE)
        await trio.sleep(1)
        leg.press("#")
        await wait_heard(leg, "beep")
        assert leg.heard == ["vm-unavailable", "beep"]
        await trio.sleep(5)
        call.hang_up()
        await trio.sleep(1)
        assert len(await messages(world)) == 1


async def test_hash_ends_the_message_and_the_caller_is_thanked(autojump_clock):
    async with open_voicemail_world() as world:
        call, leg = await dial(world, await world.phone("101"), LEAVE_GREETED)
        await wait_heard(leg, "beep")
        await trio.sleep(2 + 4)
        leg.press("5#")
        await call.ended.wait()
        assert (leg.heard[-1], call.ended_by) == ("vm-goodbye", "them")
        (message,) = await messages(world)
        assert message.duration_s == pytest.approx(4, abs=0.2)
        await assert_all_given_back(world)


async def test_a_message_is_no_longer_than_three_minutes(autojump_clock):
    async with open_voicemail_world() as world:
        call, leg = await dial(world, await world.phone("101"), LEAVE_GREETED)
        await call.ended.wait()
        assert (leg.heard[-1], call.ended_by) == ("vm-goodbye", "them")
        (message,) = await messages(world)
        assert message.duration_s == pytest.approx(180, abs=0.2)
        await assert_all_given_back(world)


async def test_a_message_of_less_than_a_second_is_none(autojump_clock):
    async with open_voicemail_world() as world:
        call, leg = await dial(world, await world.phone("101"), LEAVE_GREETED)
        await wait_heard(leg, "beep")
        await trio.sleep(2 + 0.5)
        leg.press("#")
        await call.ended.wait()
        assert leg.heard[-1] == "vm-too-short"
        assert await messages(world) == []
        assert world.server.stats().voicemail.incoming.dropped_short == 1
        await assert_all_given_back(world)


@pytest.mark.parametrize("second", range(0, 24, 2))
async def test_a_hang_up_at_any_moment_loses_nothing_and_leaves_nothing(autojump_clock, second):
    async with open_voicemail_world(delay_s=0.02) as world:
        call, leg = await dial(world, await world.phone("101"), LEAVE)
        await trio.sleep(second + 0.3)
        recorded_s = world.server.calls.services.wall() - began_at(world) if "beep" in leg.heard else 0.0
        call.hang_up()
        await call.ended.wait()
        await trio.sleep(1)
        found = [message.duration_s for message in await messages(world)]
        assert found == ([pytest.approx(recorded_s, abs=0.2)] if recorded_s > 1 else [])
        await assert_all_given_back(world)


def began_at(world: World) -> float:
    """When the message under way began; now where none has."""
    notes = [name for name in incoming_files(world) if name.endswith(".json")]
    return int(notes[0].split("-")[0]) / 1000 if notes else world.server.calls.services.wall()


async def test_a_full_mailbox_takes_no_more_and_the_caller_hears_so(autojump_clock, monkeypatch):
    monkeypatch.setattr("pbx.apps.voicemail.leave_message.MESSAGES_MAX", 2)
    async with open_voicemail_world() as world:
        phone = await world.phone("101")
        for _ in range(2):
            await leave(world, phone, speak_s=3)
        call, leg = await dial(world, phone, LEAVE_GREETED)
        await call.ended.wait()
        assert leg.heard == ["vm-box-full", "goodbye"]
        assert len(await messages(world)) == 2
        assert world.server.stats().voicemail.callers_refused_full == 1
        await assert_all_given_back(world)


async def test_those_who_are_speaking_count_when_a_mailbox_is_nearly_full(autojump_clock, monkeypatch):
    monkeypatch.setattr("pbx.apps.voicemail.leave_message.MESSAGES_MAX", 1)
    async with open_voicemail_world() as world:
        first, leg = await dial(world, await world.phone("101"), LEAVE_GREETED)
        await wait_heard(leg, "beep")
        await trio.sleep(3)
        second, other_leg = await dial(world, await world.phone("103"), LEAVE_GREETED)
        await second.ended.wait()
        assert other_leg.heard == ["vm-box-full", "goodbye"]
        first.hang_up()
        await assert_all_given_back(world)
