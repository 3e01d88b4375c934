"""Rooms: who is in them, who may enter, and that nothing is left of them."""

import pytest
import trio

from pbx.media.fake import FakeLeg, FakeRoom
from pbx.routing.plan import AnnouncementNode, ConferenceNode, Plan
from pbx.security.pin_guard import REFUSED_S
from pbx.testphone.phone_call import PhoneCall
from tests.support.world import NUMBERS, World, make_tenant, open_world

pytestmark = pytest.mark.usefixtures("weather")

PEOPLE = ("101", "102", "103")
NODES = {
    "open": ConferenceNode(room="open"),
    "board": ConferenceNode(pin="2580"),
    "pair": ConferenceNode(members_max=2, full="sorry"),
    "sorry": AnnouncementNode(prompt="nobody-available"),
}


def world():
    numbers = {**NUMBERS, "602": "open", "603": "board", "604": "pair"}
    return open_world(make_tenant("acme", plan=Plan(numbers, NODES, extensions=dict.fromkeys(PEOPLE))))


def leg_of(here: World, number: str) -> FakeLeg:
    """The media leg of the call that an extension made."""
    (call,) = [call for call in here.server.calls if call.state.facts.from_number == number]
    assert isinstance(call.caller.media, FakeLeg)
    return call.caller.media


async def enter(here: World, number: str, room: str) -> PhoneCall:
    """Dials a room, and is in it unless there is a PIN to give."""
    call = (await here.phone(number)).dial(room)
    assert await call.wait_answered()
    await trio.sleep(5)
    return call


def only_room(here: World) -> FakeRoom:
    (room,) = here.media.rooms
    return room


async def test_all_who_dial_a_room_are_in_it_until_they_hang_up(autojump_clock):
    async with world() as here:
        calls = [await enter(here, number, "602") for number in PEOPLE]
        room = only_room(here)
        assert set(room.members) == {leg_of(here, number).id for number in PEOPLE}
        assert leg_of(here, "101").heard == ["conf-welcome", "conf-only-you"]
        assert leg_of(here, "102").heard == ["conf-welcome"]
        assert room.heard == ["conf-joined"] * 3
        calls[0].hang_up()
        await trio.sleep(5)
        assert set(room.members) == {leg_of(here, number).id for number in PEOPLE[1:]}
        assert room.heard[3:] == ["conf-left"]
        for call in calls[1:]:
            call.hang_up()
        assert {cdr.disposition for cdr in await here.cdrs()} == {"answered"}
        await here.settle()
        here.assert_nothing_left()
        assert here.media.rooms == []


async def test_rooms_are_apart(autojump_clock):
    async with world() as here:
        await enter(here, "101", "602")
        await enter(here, "102", "604")
        assert [len(room.members) for room in here.media.rooms] == [1, 1]


async def test_a_star_mutes_and_unmutes(autojump_clock):
    async with world() as here:
        await enter(here, "101", "602")
        leg, room = leg_of(here, "101"), only_room(here)
        leg.press("*")
        await trio.sleep(3)
        assert room.members[leg.id] is True
        leg.press("5*")
        await trio.sleep(3)
        assert room.members[leg.id] is False
        assert leg.heard[-2:] == ["conf-muted", "conf-unmuted"]


async def test_stars_in_a_row_are_heeded_at_once_and_not_one_prompt_after_the_other(autojump_clock):
    async with world() as here:
        await enter(here, "101", "602")
        leg, room = leg_of(here, "101"), only_room(here)
        leg.press("*" * 41)
        await trio.sleep(0.5)
        assert room.members[leg.id] is True
        leg.press("*")
        await trio.sleep(0.5)
        assert room.members[leg.id] is False


@pytest.mark.parametrize("typed", ["2580#", "2580"])  # without the hash after a pause
async def test_the_pin_opens_the_room(autojump_clock, typed):
    async with world() as here:
        await enter(here, "101", "603")
        leg_of(here, "101").press(typed)
        await trio.sleep(20)
        assert leg_of(here, "101").id in only_room(here).members


async def test_three_wrong_pins_end_the_call(autojump_clock):
    async with world() as here:
        call = (await here.phone("101")).dial("603")
        assert await call.wait_answered()
        leg = leg_of(here, "101")
        for typed in ("1111#", "#", "25801#"):
            await trio.sleep(1)
            leg.press(typed)
        await call.ended.wait()
        assert leg.heard == ["conf-enter-pin", *["conf-wrong-pin"] * 3, "goodbye"]
        assert here.media.rooms == []


async def test_a_caller_who_guesses_is_let_guess_no_more_in_other_calls_either_and_nobody_else_suffers(autojump_clock):
    async with world() as here:
        alice = await here.phone("101")
        for _ in range(2):
            call = alice.dial("603")
            assert await call.wait_answered()
            leg = leg_of(here, "101")
            for _ in range(3):
                await trio.sleep(1)
                leg.press("1111#")
            await call.ended.wait()
            await here.settle()
        call = await enter(here, "101", "603")
        leg_of(here, "101").press("2580#")
        await call.ended.wait()
        assert here.media.rooms == []
        await enter(here, "102", "603")
        leg_of(here, "102").press("2580#")
        await trio.sleep(20)
        assert leg_of(here, "102").id in only_room(here).members
        await trio.sleep(REFUSED_S)
        await enter(here, "101", "603")
        leg_of(here, "101").press("2580#")
        await trio.sleep(20)
        assert len(only_room(here).members) == 2


async def test_who_begins_the_pin_while_the_last_one_is_said_to_be_wrong_loses_no_digit(autojump_clock):
    async with world() as here:
        await enter(here, "101", "603")
        leg = leg_of(here, "101")
        leg.press("1111#")
        await trio.sleep(0.5)
        leg.press("25")
        await trio.sleep(3)
        leg.press("80#")
        await trio.sleep(20)
        assert leg.id in only_room(here).members


async def test_a_full_room_leads_elsewhere(autojump_clock):
    async with world() as here:
        await enter(here, "101", "604")
        await enter(here, "102", "604")
        call = (await here.phone("103")).dial("604")
        assert await call.wait_answered()
        leg = leg_of(here, "103")
        await call.ended.wait()
        assert leg.heard == ["conf-full", "nobody-available"]
        assert len(only_room(here).members) == 2


@pytest.mark.parametrize("verb", ["remove", "close"])
async def test_an_engine_that_fails_as_a_room_ends_leaves_no_dead_room_behind(autojump_clock, monkeypatch, verb):
    async with world() as here:
        call = await enter(here, "101", "604")

        def fail(self, *leg):
            raise RuntimeError("the media thread does not answer")

        with monkeypatch.context() as broken:
            broken.setattr(FakeRoom, verb, fail)
            call.hang_up()
            await here.settle()
        here.media.rooms.clear()
        for number in ("102", "103"):
            await enter(here, number, "604")
        assert set(only_room(here).members) == {leg_of(here, number).id for number in ("102", "103")}


@pytest.mark.parametrize("at_s", [0.0, 0.1, 1.0, 3.0, 4.1, 5.0, 9.0])
@pytest.mark.parametrize("room", ["602", "603"])
async def test_a_hang_up_at_any_moment_leaves_nothing(autojump_clock, at_s, room):
    async with world() as here:
        stays = await enter(here, "102", "602")
        call = (await here.phone("101")).dial(room)
        assert await call.wait_answered()
        await trio.sleep(at_s)
        call.hang_up()
        await trio.sleep(10)
        assert set(only_room(here).members) == {leg_of(here, "102").id}
        stays.hang_up()
        assert len(await here.cdrs()) == 2
        await here.settle()
        here.assert_nothing_left()
        assert here.media.rooms == []
