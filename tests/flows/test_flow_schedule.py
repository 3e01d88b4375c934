"""A number that leads elsewhere by day than by night, in whole calls: the virtual clock is the only one there is."""

from datetime import UTC, datetime

import trio

from pbx.cdr.cdr import Cdr
from pbx.routing.plan import Plan, RingNode, ScheduleNode
from tests.support.world import World, make_tenant, open_world, wall

PLAN = Plan(
    numbers={"200": "reception"},
    nodes={
        "reception": ScheduleNode(
            hours="Mon-Fri 09:00-17:30 UTC", dates={"2026-06-03": "closed"}, open="desk", closed="guard", holiday="echo"
        ),
        "desk": RingNode(who=("102",)),
        "guard": RingNode(who=("103",)),
    },
    extensions={"101": None, "102": None, "103": None},
)


async def sleep_until(text: str) -> None:
    """Until a time of the virtual clock, UTC."""
    await trio.sleep(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() - wall())


async def dial_reception(world: World, *, who_rings: str) -> None:
    """101 dials the number; `who_rings` takes the call, and nobody else is rung."""
    phones = {number: await world.phone(number) for number in ("101", "102", "103")}
    call = phones["101"].dial("200")
    incoming = await phones[who_rings].incoming.receive()
    incoming.ring()
    incoming.answer()
    assert await call.wait_answered()
    call.hang_up()
    await call.ended.wait()
    await incoming.ended.wait()


async def path(world: World) -> list[tuple[str, str]]:
    cdr: Cdr = await world.only_cdr()
    assert cdr.disposition == "answered"
    return [(step.node, step.outcome) for step in cdr.path]


async def test_at_noon_the_desk_rings(autojump_clock):
    async with open_world(make_tenant("acme", plan=PLAN)) as world:
        await sleep_until("2026-06-02T12:00")
        await dial_reception(world, who_rings="102")
        assert await path(world) == [
            ("numbers", "reception"),
            ("reception", "open"),
            ("desk", "ring"),
            ("desk", "answered"),
        ]


async def test_at_night_the_same_number_rings_the_guard(autojump_clock):
    async with open_world(make_tenant("acme", plan=PLAN)) as world:
        await sleep_until("2026-06-01T22:00")
        await dial_reception(world, who_rings="103")
        cdr = await world.only_cdr()
        reception = cdr.path[1]
        assert (reception.node, reception.outcome) == ("reception", "closed")
        assert reception.reason == "Mon 22:00 is outside the hours; opens Tue 09:00: on to guard"


async def test_on_a_holiday_it_is_answered_by_neither(autojump_clock):
    async with open_world(make_tenant("acme", plan=PLAN)) as world:
        await sleep_until("2026-06-03T12:00")
        alice = await world.phone("101")
        call = alice.dial("200")
        assert await call.wait_answered()
        call.hang_up()
        await call.ended.wait()
        assert await path(world) == [("numbers", "reception"), ("reception", "holiday"), ("echo", "echo")]


async def test_a_call_that_began_before_closing_stays_where_it_is(autojump_clock):
    async with open_world(make_tenant("acme", plan=PLAN)) as world:
        await sleep_until("2026-06-02T17:29:50")
        alice, bob = await world.phone("101"), await world.phone("102")
        call = alice.dial("200")
        incoming = await bob.incoming.receive()
        incoming.ring()
        await trio.sleep(15)
        incoming.answer()
        assert await call.wait_answered()
        await trio.sleep(600)
        call.hang_up()
        await call.ended.wait()
        assert ("reception", "open") in await path(world)
