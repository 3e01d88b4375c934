"""A PBX that comes up after kill -9 ends what was interrupted, whatever it finds: taken ports, unreadable rows."""

import pytest
import trio
from structlog.testing import capture_logs

from pbx.call.state import decode_state, encode_state
from pbx.spool import PutCall
from tests.support.bare_phone import BarePhone, offer_text
from tests.support.world import World, open_world

in_any_weather = pytest.mark.usefixtures("weather")


async def kill(world: World) -> None:
    """The process is gone, and the spool has what it had saved of its calls."""
    (call,) = world.server.calls
    change = PutCall(call.state.id, call.state.scope, encode_state(call.state), call.state.epoch)
    await world.crash()
    await world.spool.commit(change)


@in_any_weather
@pytest.mark.parametrize("ports", ["free", "taken", "none"])
async def test_the_phones_of_an_interrupted_call_hear_a_goodbye(autojump_clock, ports):
    with capture_logs() as logs:
        async with open_world() as world:
            alice, bob = await world.phone("101"), await world.phone("102")
            call = alice.dial("102")
            incoming = await bob.incoming.receive()
            incoming.answer()
            assert await call.wait_answered()
            await trio.sleep(5)
            await kill(world)
            squatters = [world.media.open_leg() for _ in range({"free": 0, "taken": 2, "none": 1000}[ports])]
            await world.start()
            if ports != "none":
                await call.ended.wait()
                await incoming.ended.wait()
            for leg in squatters:
                leg.close()
            assert (await world.only_cdr()).disposition == "interrupted"
    assert not [entry for entry in logs if entry["log_level"] == "error"]


async def test_a_saved_call_that_cannot_be_read_keeps_no_other_from_its_end(autojump_clock):
    with capture_logs() as logs:
        async with open_world() as world:
            alice, bob = await world.phone("101"), await world.phone("102")
            call = alice.dial("102")
            (await bob.incoming.receive()).answer()
            assert await call.wait_answered()
            (live,) = world.server.calls
            scope = live.state.scope
            await kill(world)
            await world.spool.commit(PutCall("damaged", scope, b'{"id": 7}', 0), PutCall("empty", scope, b"", 0))
            await world.start()
            await call.ended.wait()
            assert [cdr.disposition for cdr in await world.cdrs()] == ["interrupted"]
    errors = [entry for entry in logs if entry["log_level"] == "error"]
    assert {entry["call"] for entry in errors} == {"damaged", "empty"}


@in_any_weather
async def test_a_phone_that_was_being_cancelled_is_cancelled_by_the_next_process(autojump_clock):
    async with open_world() as world:
        alice, desk, mobile = await world.phone("101"), BarePhone(world, "102"), await world.phone("102")
        call = alice.dial("102")
        on_desk, on_mobile = await desk.request("INVITE"), await mobile.incoming.receive()
        on_mobile.answer()
        assert await call.wait_answered()
        (live,) = world.server.calls
        state = encode_state(live.state)
        assert "cancelling" in {leg.phase for leg in live.state.legs}
        await world.crash()
        desk.respond(on_desk, 180)  # nobody hears it
        server = await world.start()
        server.calls.restore(decode_state(state), world.tenants[0])
        await trio.sleep(1)
        assert on_desk.transaction in desk.cancelled
        desk.respond(on_desk, 487)
        await trio.sleep(5)
        call.hang_up()
        assert (await world.only_cdr()).disposition == "answered"


@in_any_weather
async def test_a_ringing_call_that_was_interrupted_stops_ringing(autojump_clock):
    async with open_world() as world:
        alice, bob = BarePhone(world, "101"), await world.phone("102")
        await alice.dial("102", body=offer_text())
        incoming = await bob.incoming.receive()
        incoming.ring()
        await alice.provisional(180)
        await kill(world)
        await world.start()
        await incoming.ended.wait()
        assert incoming.ended_by == "cancelled"
        assert (await alice.final()).status == 480
        assert (await world.only_cdr()).disposition == "interrupted"
