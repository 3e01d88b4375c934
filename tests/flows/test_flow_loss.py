"""Calls over a network that loses a fifth of all datagrams: they come about, or end with a reason; nothing is left."""

import pytest
import trio

from tests.support.world import open_world

pytestmark = pytest.mark.usefixtures("weather")

SEEDS = range(60)


async def one_call(world) -> bool:
    """Whether it was answered at both ends. Every wait is one that a person's patience, or SIP's timers, would end."""
    alice, bob = await world.phone("101"), await world.phone("102")
    call = alice.dial("102")
    answered = False
    with trio.move_on_after(120):
        incoming = await bob.incoming.receive()
        incoming.ring()
        incoming.answer()
        answered = await call.wait_answered()
        await trio.sleep(5)
        call.hang_up()
        await incoming.ended.wait()
    with trio.move_on_after(120):
        await call.ended.wait()
    return answered and incoming.ended.is_set()


@pytest.mark.parametrize("seed", SEEDS)
async def test_a_call_survives_the_loss_of_a_fifth(autojump_clock, seed):
    async with open_world(delay_s=0.03, loss=0.2, seed=seed) as world:
        assert await one_call(world)
        cdrs = await world.cdrs()
        assert [cdr.disposition for cdr in cdrs] == ["answered"]
        await world.settle()
        world.assert_nothing_left()
