"""A call goes on in a process that has nothing but its `CallState`: taken at any moment, written, read, restored."""

import pytest
import trio

from pbx.call.state import CallState, decode_state, encode_state
from pbx.testphone.phone import Phone
from pbx.testphone.phone_call import PhoneCall
from tests.support.world import World, open_world

pytestmark = pytest.mark.usefixtures("weather")

MOMENTS = range(28)  # after each datagram of the call; it has 25, so the last ones see no crash


async def live_a_life(alice: Phone, bob: Phone, hangs_up: str) -> tuple[PhoneCall, PhoneCall]:
    """Rings, answers, holds and resumes from both sides, hangs up. Each step waits for what a person would wait for."""
    call = alice.dial("102")
    incoming = await bob.incoming.receive()
    await trio.sleep(1)
    incoming.ring()
    await trio.sleep(1)
    incoming.answer()
    assert await call.wait_answered()
    for side in (call, incoming):
        await trio.sleep(5)
        side.hold()
        await side.renegotiated(is_holding=True)
        await trio.sleep(5)
        side.resume()
        await side.renegotiated(is_holding=False)
    await trio.sleep(5)
    (call if hangs_up == "caller" else incoming).hang_up()
    await call.ended.wait()
    await incoming.ended.wait()
    return call, incoming


async def crash_after(world: World, datagrams: int) -> CallState | None:
    """Waits for that many datagrams after the call began, then takes its state and lets the PBX die."""
    seen, reached = 0, trio.Event()

    def count() -> None:
        nonlocal seen
        seen += len(world.server.calls) > 0
        if seen > datagrams:
            reached.set()

    world.network.on_carried = count
    await reached.wait()
    world.network.on_carried = lambda: None
    calls = list(world.server.calls)
    if not calls:
        return None
    saved = encode_state(calls[0].state)
    await world.crash()
    return decode_state(saved)


@pytest.mark.parametrize("hangs_up", ["caller", "callee"])
@pytest.mark.parametrize("moment", MOMENTS)
async def test_a_call_goes_on_elsewhere_from_any_moment(autojump_clock, moment, hangs_up):
    async with open_world(delay_s=0.02) as world:
        alice, bob = await world.phone("101"), await world.phone("102")
        over = trio.Event()

        async def go_on() -> None:
            state = await crash_after(world, moment)
            if state is not None:
                server = await world.start()
                server.calls.restore(state, world.tenants[0])

        async def live() -> None:
            call, incoming = await live_a_life(alice, bob, hangs_up)
            assert {call.ended_by, incoming.ended_by} <= {"us", "them"}
            over.set()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(go_on)
            nursery.start_soon(live)
            await over.wait()
            await trio.sleep(1)  # a PBX that died with the last datagram comes up again
            nursery.cancel_scope.cancel()
        (cdr,) = await world.cdrs()
        assert (cdr.disposition, cdr.ended_by) == ("answered", hangs_up)
        assert {leg.role for leg in cdr.legs if leg.held_s > 4} == {"caller", "callee"}
        await world.settle()
        world.assert_nothing_left()
