"""Many phones for one call: groups, chains of nodes, more phones than we ring, fewer ports than phones."""

import pytest
import trio
from structlog.testing import capture_logs

from pbx.call.outbound import FORKS_MAX
from pbx.media.fake import FakeEngine
from pbx.routing.plan import Plan, RingNode
from tests.support.bare_phone import BarePhone
from tests.support.world import NUMBERS, World, make_tenant, open_world

pytestmark = pytest.mark.usefixtures("weather")

EXTENSIONS = ("101", "102", "103", "104")


def plan(**nodes: RingNode) -> Plan:
    """200 leads to the node `first`."""
    return Plan(numbers={**NUMBERS, "200": "first"}, nodes=nodes, extensions=dict.fromkeys(EXTENSIONS))


def world_with(**nodes: RingNode):
    return open_world(make_tenant("acme", plan=plan(**nodes), numbers=EXTENSIONS))


async def restart_with_ports(world: World, legs_max: int) -> None:
    """The same PBX with an engine that has no more ports than that."""
    await world.stop()
    world.media = FakeEngine(legs_max=legs_max)
    await world.start()


async def test_all_of_a_group_ring_and_the_first_to_answer_has_the_call(autojump_clock):
    async with world_with(first=RingNode(who=("102", "103", "104"))) as world:
        alice, *group = [await world.phone(number) for number in EXTENSIONS]
        call = alice.dial("200")
        ringing = [await phone.incoming.receive() for phone in group]
        ringing[1].answer()
        assert await call.wait_answered()
        await ringing[0].ended.wait()
        await ringing[2].ended.wait()
        await trio.sleep(0.1)
        assert [r.ended_by for r in ringing] == ["cancelled", None, "cancelled"]
        assert world.media.legs_open() == 2
        call.hang_up()
        cdr = await world.only_cdr()
        assert [leg.party for leg in cdr.legs if leg.answered_at] == ["101", "103"]


async def test_a_phone_that_is_in_a_group_twice_rings_once(autojump_clock):
    async with world_with(first=RingNode(who=("102", "102", "103"))) as world:
        alice, bob, carol = [await world.phone(number) for number in EXTENSIONS[:3]]
        call = alice.dial("200")
        await carol.incoming.receive()
        (await bob.incoming.receive()).answer()
        assert await call.wait_answered()
        await trio.sleep(1)
        assert len(bob.calls) == 1
        call.hang_up()
        assert len((await world.only_cdr()).legs) == 3


@pytest.mark.parametrize(
    ("who_ends_it", "reason"),
    [("a colleague", 'SIP;cause=200;text="Call completed elsewhere"'), ("the caller", None), ("time", None)],
)
async def test_a_phone_is_told_that_a_colleague_took_the_call_and_of_no_other_end(autojump_clock, who_ends_it, reason):
    async with world_with(first=RingNode(who=("102", "103"), ring_s=10)) as world:
        alice, bob = await world.phone("101"), await world.phone("102")
        carol = BarePhone(world, "103")
        call = alice.dial("200")
        incoming, invite = await bob.incoming.receive(), await carol.request("INVITE")
        carol.respond(invite, 180)
        await trio.sleep(1)
        if who_ends_it == "a colleague":
            incoming.answer()
        elif who_ends_it == "the caller":
            call.cancel()
        await trio.sleep(10)
        assert carol.cancel_reasons == [reason]
        carol.respond(invite, 487)
        if call.answered.is_set():
            call.hang_up()
        await world.only_cdr()


async def test_the_outcome_of_a_group_leads_to_the_next_one(autojump_clock):
    first = RingNode(who=("102", "103"), ring_s=10, no_answer="second", busy="second")
    async with world_with(first=first, second=RingNode(who=("104",))) as world:
        alice, bob, carol, dave = [await world.phone(number) for number in EXTENSIONS]
        call = alice.dial("200")
        (await bob.incoming.receive()).refuse(486)
        unanswered = await carol.incoming.receive()
        last = await dave.incoming.receive()
        assert trio.current_time() == 10
        last.answer()
        assert await call.wait_answered()
        assert unanswered.ended_by == "cancelled"
        call.hang_up()
        cdr = await world.only_cdr()
        assert [step.outcome for step in cdr.path] == ["first", "ring", "no_answer", "ring", "answered"]


async def test_a_phone_that_is_busy_gives_its_port_to_the_next_one(autojump_clock):
    first = RingNode(who=("102",), busy="second")
    async with world_with(first=first, second=RingNode(who=("103",))) as world:
        await restart_with_ports(world, 2)
        alice, bob, carol = [await world.phone(number) for number in EXTENSIONS[:3]]
        call = alice.dial("200")
        (await bob.incoming.receive()).refuse(486)
        (await carol.incoming.receive()).answer()
        assert await call.wait_answered()
        call.hang_up()
        await world.only_cdr()


async def test_as_many_of_a_group_ring_as_there_are_ports(autojump_clock):
    async with world_with(first=RingNode(who=("102", "103", "104"))) as world:
        await restart_with_ports(world, 3)
        alice, *group = [await world.phone(number) for number in EXTENSIONS]
        call = alice.dial("200")
        await trio.sleep(1)
        assert [len(phone.calls) for phone in group] == [1, 1, 0]
        group[0].calls[0].answer()
        assert await call.wait_answered()
        call.hang_up()
        await world.only_cdr()


@pytest.mark.parametrize(("legs_max", "status"), [(0, 503), (1, 500)])
async def test_without_a_port_the_call_is_refused_and_leaves_nothing(autojump_clock, legs_max, status):
    async with open_world() as world:
        await restart_with_ports(world, legs_max)
        alice = await world.phone("101")
        await world.phone("102")
        call = alice.dial("102")
        await call.ended.wait()
        assert call.status == status
        await world.cdrs()
        await world.settle()
        world.assert_nothing_left()


async def test_of_forty_phones_of_one_extension_the_newest_ring(autojump_clock):
    async with open_world() as world:
        alice, many = await world.phone("101"), BarePhone(world, "102", is_registered=False)
        for line in range(40):
            many.register(str(line))
        call = alice.dial("102")
        ringing = [await many.request("INVITE") for _ in range(FORKS_MAX)]
        await trio.sleep(0.4)
        assert many.pending() == []
        for event in ringing:
            many.respond(event, 486)
        await call.ended.wait()
        assert call.status == 486
        assert len((await world.only_cdr()).legs) == 1 + FORKS_MAX


@pytest.mark.parametrize(
    ("refusals", "status"),
    [
        ((302,), 480),
        ((401,), 480),
        ((407,), 480),
        ((404,), 404),
        ((503,), 500),
        ((606,), 606),
        ((486, 302), 486),
        ((603, 486), 603),
        ((408, 480), 480),
    ],
)
async def test_what_phones_refuse_with_comes_to_one_answer(autojump_clock, refusals, status):
    async with open_world() as world:
        alice, phones = await world.phone("101"), BarePhone(world, "102", is_registered=False)
        for line in range(len(refusals)):
            phones.register(str(line))
        call = alice.dial("102")
        events = [await phones.request("INVITE") for _ in refusals]
        for event, refusal in zip(events, refusals, strict=True):
            phones.respond(event, refusal)
        await call.ended.wait()
        assert call.status == status
        await world.only_cdr()


async def test_a_6xx_ends_the_ringing_of_this_partys_other_phones_and_not_of_the_groups(autojump_clock):
    async with world_with(first=RingNode(who=("102", "103"))) as world:
        alice = await world.phone("101")
        desk, mobile, carol = await world.phone("102"), await world.phone("102"), await world.phone("103")
        call = alice.dial("200")
        on_desk, on_mobile = await desk.incoming.receive(), await mobile.incoming.receive()
        incoming = await carol.incoming.receive()
        on_desk.refuse(603)
        await on_mobile.ended.wait()
        assert not incoming.ended.is_set()
        incoming.answer()
        assert await call.wait_answered()
        call.hang_up()
        await world.only_cdr()


async def test_a_registration_that_runs_out_in_mid_call_ends_nothing(autojump_clock):
    with capture_logs() as logs:
        async with open_world() as world:
            alice, bob = await world.phone("101"), await world.phone("102", register=False)
            await bob.register(expires_s=60)
            call = alice.dial("102")
            incoming = await bob.incoming.receive()
            await trio.sleep(20)
            incoming.answer()
            assert await call.wait_answered()
            await trio.sleep(400)
            assert world.server.registrar.stats().bindings == 0
            call.hold()
            await call.renegotiated(is_holding=True)
            incoming.hang_up()
            await call.ended.wait()
            await world.only_cdr()
    assert not [entry for entry in logs if entry["log_level"] == "error"]
