"""Bad weather and calls: no delay of the Bus and the Store reaches one, and what people ask for is done all the same.

The tests of every application run in bad weather too (`weather` in conftest.py); here is what only a comparison shows.
"""

import re
from collections import Counter
from functools import partial

import msgspec
import pytest
import trio
from msgspec.structs import replace

from pbx.blobs.interface import BlobUnavailable
from pbx.bus.interface import BusUnavailable, CommandTimedOut
from pbx.control import open_bus
from pbx.events.live_call import LiveCall
from pbx.events.voicemail_message import Message
from pbx.routing.plan import AnnouncementNode, ConferenceNode, MenuNode, RingNode
from pbx.testphone.phone import Phone
from tests.support.bad_weather import weather_of
from tests.support.hostile import Patient, Weather
from tests.support.hostile_blobs import HostileBlobs
from tests.support.hostile_bus import HostileBus
from tests.support.voicemail_world import (
    BOX,
    COLLECT,
    LEAVE_GREETED,
    PIN,
    SCOPE,
    assert_no_voicemail_left,
    dial,
    leave,
    voicemail_tenant,
)
from tests.support.world import World, open_world

TOKEN = re.compile(r"\bt\d+@")  # in our Contacts; which one is chance too
NUMBERS = {"600": "echo", "601": "welcome", "602": "room", "603": "everybody"}
NODES = {
    "welcome": MenuNode(prompt="menu-demo", digits={"1": "everybody", "2": "bye"}, tries=2, timeout="bye"),
    "everybody": RingNode(who=("102", "103")),
    "room": ConferenceNode(room="room"),
    "bye": AnnouncementNode(prompt="goodbye"),
}


def office_tenant():
    """A tenant with every application."""
    tenant = voicemail_tenant()
    plan = replace(tenant.plan, numbers={**tenant.plan.numbers, **NUMBERS}, nodes={**tenant.plan.nodes, **NODES})
    return replace(tenant, plan=plan)


async def hang_up(call) -> None:
    call.hang_up()
    await call.ended.wait()
    await trio.sleep(1)


async def live_a_day(world: World) -> None:
    """Every application once and more. Nothing here waits for anything but phones, and for the clock at odd moments."""
    ada, bob, cleo = [await world.phone(number) for number in ("101", "102", "103")]
    await _talk_and_hold(ada, bob)
    call, _ = await dial(world, ada, "600")
    await trio.sleep(2)
    await hang_up(call)
    call, leg = await dial(world, ada, "601")
    await trio.sleep(1.013)
    leg.press("1")
    for phone in (bob, cleo):
        (await phone.incoming.receive()).ring()
    await trio.sleep(3)
    await hang_up(call)
    call = ada.dial("603")
    ringing = [await phone.incoming.receive() for phone in (bob, cleo)]
    ringing[1].answer()
    assert await call.wait_answered()
    await hang_up(call)
    inside = [(await dial(world, phone, "602"))[0] for phone in (ada, bob, cleo)]
    await trio.sleep(10)
    for call in inside:
        await hang_up(call)
    call, _ = await dial(world, ada, LEAVE_GREETED)
    await trio.sleep(8.013)
    await hang_up(call)
    call, leg = await dial(world, bob, COLLECT)
    await trio.sleep(1.013)
    leg.press(f"{PIN}#")
    await trio.sleep(40)
    assert "vm-menu" in leg.heard
    await hang_up(call)


async def _talk_and_hold(ada: Phone, bob: Phone) -> None:
    call = ada.dial("102")
    incoming = await bob.incoming.receive()
    incoming.ring()
    await trio.sleep(2)
    incoming.answer()
    assert await call.wait_answered()
    for side in (call, incoming):
        await trio.sleep(2)
        side.hold()
        await side.renegotiated(is_holding=True)
        await trio.sleep(2)
        side.resume()
        await side.renegotiated(is_holding=False)
    incoming.hang_up()
    await call.ended.wait()


async def wire_of_a_day() -> Counter[tuple[float, str, str, str]]:
    """All that went over the wire, each datagram with its moment. In what order those of one moment went is chance."""
    async with open_world(office_tenant(), delay_s=0.02) as world:
        with trio.fail_after(600):
            await live_a_day(world)
        assert world.network.loss == 0
        return Counter(
            (round(sent.at, 6), sent.source[0], sent.destination[0], TOKEN.sub("@", sent.start_line))
            for sent in world.network.ladder
        )


@pytest.mark.parametrize("seed", range(5))
async def test_calls_go_the_same_way_at_the_same_moments_in_any_weather(autojump_clock, seed):
    began_at = trio.current_time()
    fair = await wire_of_a_day()
    shift_s = trio.current_time() - began_at
    assert len(fair) > 100
    with weather_of(seed):
        bad = await wire_of_a_day()
    moved = Counter({(round(at - shift_s, 6), *what): count for (at, *what), count in bad.items()})
    assert moved == fair


@pytest.mark.parametrize("seed", range(4))
async def test_whoever_asks_again_until_there_is_an_answer_gets_done_what_was_asked_for(autojump_clock, seed):
    """Commands come late, twice and again after others: messages are marked and deleted once, and no other is."""
    weather = Weather(seed)
    async with open_world(office_tenant()) as world, open_bus(world.server) as memory:
        bus = Patient(HostileBus(memory, weather), (BusUnavailable, CommandTimedOut))
        ask = partial(bus.request, SCOPE, timeout_s=3.0)
        for index in range(6):
            message = Message(f"m{index}", BOX, "101", "Ada", 1e9 + index, 3.0, heard=False)
            await world.server.voicemail.mailboxes.deliver(SCOPE, message, b"RIFF")
        for index in (0, 1, 2):
            await ask("voicemail.mark", msgspec.json.encode({"box": BOX, "id": f"m{index}", "heard": True}))
        for index in (2, 3):
            await ask("voicemail.delete", msgspec.json.encode({"box": BOX, "id": f"m{index}"}))
        answer = await ask("voicemail.list", msgspec.json.encode({"box": BOX}))
        found = {each.id: each.heard for each in msgspec.json.decode(answer, type=list[Message])}
        assert found == {"m0": True, "m1": True, "m4": False, "m5": False}
        assert msgspec.json.decode(await ask("calls.list", b""), type=list[LiveCall]) == []
        assert weather.befallen


@pytest.mark.parametrize("seed", range(6))
async def test_with_blobs_in_bad_weather_too_every_message_arrives_once_and_lights_its_lamp(autojump_clock, seed):
    weather = Weather(seed)
    with weather_of(seed):
        async with open_world(office_tenant()) as world:
            await world.stop()
            world.blobs = HostileBlobs(world.blobs, weather, BlobUnavailable)
            await world.start()
            owner = await world.phone(BOX)
            caller = await world.phone("101")
            for speak_s in (2, 3):
                await leave(world, caller, speak_s=speak_s)
            await trio.sleep(300)
            counts = [notify.body.decode().splitlines()[2] for notify in owner.notified]
            assert counts[-1] == "Voice-Message: 2/0 (0/0)"
            assert counts.count(counts[-1]) == 1
            assert_no_voicemail_left(world)
            weather.calm()


async def test_a_phone_that_registers_while_the_blobs_are_gone_has_its_lamp_when_they_are_back(autojump_clock):
    gone = Weather(1, request_lost_ratio=1.0)
    async with open_world(office_tenant()) as world:
        await leave(world, await world.phone("101"), speak_s=3)
        await world.stop()
        world.blobs = HostileBlobs(world.blobs, gone, BlobUnavailable)
        await world.start()
        owner = await world.phone(BOX)
        await trio.sleep(60)
        assert not owner.notified
        gone.calm()
        await trio.sleep(20)
        assert [notify.body.decode().splitlines()[2] for notify in owner.notified] == ["Voice-Message: 1/0 (0/0)"]
