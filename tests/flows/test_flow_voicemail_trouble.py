"""Voicemail when things go wrong, in whole calls: blobs out of reach, a process that dies, another that goes on."""

import pytest
import trio

from pbx.blobs.interface import BlobUnavailable
from pbx.call.state import decode_state, encode_state
from pbx.media.fake import FakeLeg, FakeRecording
from tests.support.hostile import Weather
from tests.support.hostile_blobs import HostileBlobs
from tests.support.voicemail_world import (
    BOX,
    COLLECT,
    LEAVE,
    LEAVE_GREETED,
    PIN,
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


class GoneBlobs(HostileBlobs):
    """Out of reach while `is_gone`."""

    def __init__(self, backend) -> None:
        super().__init__(backend, Weather(1), BlobUnavailable)
        self.weather.calm()
        self.is_gone = True

    async def _carry(self, call):
        if self.is_gone:
            await trio.sleep(0.3)
            raise BlobUnavailable("gone")
        return await super()._carry(call)


async def with_gone_blobs(world: World) -> GoneBlobs:
    """From now on the PBX of this world has blobs that are out of reach."""
    await world.stop()
    world.blobs = blobs = GoneBlobs(world.blobs)
    await world.start()
    return blobs


async def die_and_go_on(world: World) -> FakeLeg:
    """The leg of the only call's caller, in the process that goes on with it."""
    (call,) = world.server.calls
    saved = encode_state(call.state)
    await world.crash()
    server = await world.start()
    restored = server.calls.restore(decode_state(saved), world.tenants[0])
    await trio.sleep(0.01)
    assert isinstance(restored.caller.media, FakeLeg)
    return restored.caller.media


async def assert_all_given_back(world: World) -> None:
    await world.settle()
    world.assert_nothing_left()
    assert_no_voicemail_left(world)


# Blobs


async def test_a_message_left_while_the_blobs_are_gone_for_minutes_is_delivered_when_they_are_back(autojump_clock):
    async with open_voicemail_world() as world:
        blobs = await with_gone_blobs(world)
        await leave(world, await world.phone("101"), speak_s=5, number=LEAVE)
        await trio.sleep(600)
        assert len(incoming_files(world)) == 2
        assert world.server.stats().voicemail.incoming.postponed > 10
        blobs.is_gone = False
        await trio.sleep(30)
        (message,) = await messages(world)
        assert message.duration_s == pytest.approx(5, abs=0.2)
        await assert_all_given_back(world)


async def test_blobs_that_are_gone_cost_the_caller_four_seconds_and_no_word(autojump_clock):
    async with open_voicemail_world() as world:
        await with_gone_blobs(world)
        call, leg = await dial(world, await world.phone("101"), LEAVE)
        began_at = trio.current_time()
        await wait_heard(leg, "beep")
        assert leg.heard[0] == "vm-unavailable"
        assert trio.current_time() - began_at < 4 + 6 * 2 + 0.5
        call.hang_up()
        await call.ended.wait()


async def test_an_owner_whose_messages_are_out_of_reach_is_told_so(autojump_clock):
    async with open_voicemail_world() as world:
        await with_gone_blobs(world)
        call, leg = await dial(world, await world.phone(BOX), COLLECT)
        leg.press(f"{PIN}#")
        await call.ended.wait()
        assert leg.heard[-2:] == ["vm-try-later", "goodbye"]
        await assert_all_given_back(world)


async def test_a_folder_that_cannot_be_written_is_told_to_the_caller(autojump_clock):
    async with open_voicemail_world() as world:
        (world.folder / "voicemail-incoming").write_text("in the way")
        call, leg = await dial(world, await world.phone("101"), LEAVE_GREETED)
        await call.ended.wait()
        assert leg.heard[-2:] == ["vm-try-later", "goodbye"]
        assert world.server.stats().voicemail.callers_refused_failed == 1


async def test_a_greeting_that_finds_no_room_on_the_disk_keeps_nobody_from_leaving_a_message(autojump_clock):
    async with open_voicemail_world() as world:
        await world.server.voicemail.mailboxes.put_greeting(SCOPE, BOX, b"RIFF")
        (world.folder / "voicemail-audio").write_text("in the way")
        leaving = await leave(world, await world.phone("101"), speak_s=3, number=LEAVE)
        assert leaving.ended_by == "us"
        assert [round(message.duration_s) for message in await messages(world)] == [3]


async def at_once(_: FakeRecording) -> None:
    """The first write found no room."""
    await trio.lowlevel.checkpoint()


async def test_a_greeting_that_no_disk_takes_is_not_asked_for_for_ever(autojump_clock, monkeypatch):
    async with open_voicemail_world() as world:
        call, leg = await dial(world, await world.phone(BOX), COLLECT)
        leg.press(f"{PIN}#")
        await wait_heard(leg, "vm-last-menu")
        monkeypatch.setattr(FakeRecording, "wait_ended", at_once)
        monkeypatch.setattr(FakeRecording, "duration_s", 0.0)
        leg.press("9")
        await call.ended.wait()
        assert leg.heard.count("beep") == 3
        assert leg.heard[-2:] == ["vm-try-later", "goodbye"]


@pytest.mark.parametrize("seed", range(6))
async def test_in_bad_weather_every_message_arrives_once(autojump_clock, seed):
    async with open_voicemail_world() as world:
        backend = world.blobs
        weather = Weather(seed)
        await world.stop()
        world.blobs = HostileBlobs(backend, weather, BlobUnavailable)
        await world.start()
        phone = await world.phone("101")
        for speak_s in (2, 3, 4):
            await leave(world, phone, speak_s=speak_s)
        await trio.sleep(300)
        weather.calm()
        await trio.sleep(60)
        assert [round(message.duration_s) for message in await messages(world)] == [2, 3, 4]
        assert weather.befallen
        await assert_all_given_back(world)


# A process that dies


@pytest.mark.parametrize("second", range(0, 22, 2))
async def test_a_crash_at_any_moment_loses_nothing_of_what_was_said(autojump_clock, second):
    async with open_voicemail_world() as world:
        _, leg = await dial(world, await world.phone("101"), LEAVE)
        await trio.sleep(second + 0.5)
        spoken_s = max(0.0, second + 0.5 - 14) if "beep" in leg.heard else 0.0  # six prompts and the beep, 2 s each
        await world.crash()
        await world.start()
        await trio.sleep(5)
        found = [message.duration_s for message in await messages(world)]
        assert found == ([pytest.approx(spoken_s, abs=0.3)] if spoken_s > 1 else [])
        assert_no_voicemail_left(world)


@pytest.mark.parametrize("after_s", [0.5, 5.0, 11.0])
async def test_who_heard_the_greeting_hears_it_from_its_start_elsewhere(autojump_clock, after_s):
    async with open_voicemail_world() as world:
        call, _ = await dial(world, await world.phone("101"), LEAVE)
        await trio.sleep(after_s)
        leg = await die_and_go_on(world)
        await wait_heard(leg, "beep")
        assert leg.heard[0] == "vm-unavailable"
        await trio.sleep(2 + 3)
        call.hang_up()
        await call.ended.wait()
        await trio.sleep(1)
        assert [round(message.duration_s) for message in await messages(world)] == [3]
        await assert_all_given_back(world)


async def test_who_was_speaking_hears_a_beep_and_nothing_said_before_or_after_is_lost(autojump_clock):
    async with open_voicemail_world() as world:
        call, leg = await dial(world, await world.phone("101"), LEAVE_GREETED)
        await wait_heard(leg, "beep")
        await trio.sleep(2 + 6)
        leg = await die_and_go_on(world)
        await trio.sleep(2 + 4)
        assert leg.heard == ["beep"]
        leg.press("#")
        await call.ended.wait()
        assert [round(message.duration_s) for message in await messages(world)] == [6, 4]
        await assert_all_given_back(world)


# The mailbox, gone on with elsewhere


async def dial_in(world: World):
    """102 in its mailbox, with two messages in it, and before the PIN."""
    caller, owner = await world.phone("101"), await world.phone(BOX)
    for speak_s in (2, 3):
        await leave(world, caller, speak_s=speak_s)
    return await dial(world, owner, COLLECT)


async def test_tries_at_the_pin_are_not_given_anew(autojump_clock):
    async with open_voicemail_world() as world:
        call, leg = await dial_in(world)
        for times in (1, 2):
            await wait_heard(leg, "vm-enter-pin", times=times)
            leg.press("1111#")
        await wait_heard(leg, "vm-enter-pin", times=3)
        leg = await die_and_go_on(world)
        leg.press("1111#")
        await call.ended.wait()
        assert leg.heard == ["vm-enter-pin", "vm-too-many-tries"]
        await assert_all_given_back(world)


async def test_who_gave_the_pin_need_not_do_so_again(autojump_clock):
    async with open_voicemail_world() as world:
        call, leg = await dial_in(world)
        leg.press(f"{PIN}#")
        await wait_heard(leg, "vm-you-have")
        leg = await die_and_go_on(world)
        await wait_heard(leg, "vm-you-have")
        assert leg.heard[0] == "vm-you-have"
        call.hang_up()
        await assert_all_given_back(world)


async def test_the_message_that_was_playing_is_played_again_and_then_the_others(autojump_clock):
    async with open_voicemail_world() as world:
        call, leg = await dial_in(world)
        second = (await messages(world))[1]
        leg.press(f"{PIN}#")
        await wait_heard(leg, "vm-menu")
        leg.press("2")
        await wait_heard(leg, second.id)
        leg = await die_and_go_on(world)
        await wait_heard(leg, "vm-menu")
        leg.press("2")
        await wait_heard(leg, "vm-no-more-messages")
        assert [name.rpartition("-")[0] for name in leg.heard if name[0].isdigit()] == [second.id]
        assert [message.heard for message in await messages(world)] == [True, True]
        call.hang_up()
        await assert_all_given_back(world)


async def test_who_was_recording_a_greeting_is_asked_to_do_so_again(autojump_clock):
    async with open_voicemail_world() as world:
        call, leg = await dial_in(world)
        leg.press(f"{PIN}#")
        await wait_heard(leg, "vm-message-from")
        leg.press("9")
        await wait_heard(leg, "beep")
        await trio.sleep(4)
        leg = await die_and_go_on(world)
        await wait_heard(leg, "beep")
        assert leg.heard == ["vm-record-greeting", "beep"]
        await trio.sleep(2 + 5)
        leg.press("#")
        await wait_heard(leg, "vm-greeting-menu")
        leg.press("1")
        await wait_heard(leg, "vm-message-from")  # back at the message that was left for it
        assert await world.server.voicemail.mailboxes.greeting(SCOPE, BOX) is not None
        call.hang_up()
        await assert_all_given_back(world)


async def test_who_was_at_the_last_menu_is_there_again(autojump_clock):
    async with open_voicemail_world() as world:
        call, leg = await dial(world, await world.phone(BOX), COLLECT)
        leg.press(f"{PIN}#")
        await wait_heard(leg, "vm-last-menu")
        leg = await die_and_go_on(world)
        await call.ended.wait()
        assert leg.heard == [*["vm-last-menu"] * 3, "goodbye"]
        await assert_all_given_back(world)


# Several at once


async def test_twenty_callers_at_once_leave_twenty_messages(autojump_clock):
    async with open_voicemail_world() as world:
        phones = [await world.phone("101") for _ in range(4)]

        async def call_once(phone, index: int) -> None:
            await trio.sleep(index / 10)
            await leave(world, phone, speak_s=2 + index / 10)

        async with trio.open_nursery() as nursery:
            for index in range(20):
                nursery.start_soon(call_once, phones[index % 4], index)
        found = [message.duration_s for message in await messages(world)]
        assert sorted(found) == [pytest.approx(2 + index / 10, abs=0.2) for index in range(20)]
        await assert_all_given_back(world)
