"""A network that damages datagrams, and strangers that send rubbish: the PBX answers, forgets nothing and goes on."""

import os
from random import Random

import pytest
import trio
from structlog.testing import capture_logs

from pbx.testphone.phone import Refused
from tests.support.sip_corpus import seeds
from tests.support.world import PBX, open_world

SEEDS = range(40)
RUBBISH = int(os.environ.get("FUZZ_RUNS", "3000"))


async def try_a_call(world) -> None:
    """Whatever comes of it: a person's patience bounds every step."""
    alice, bob = await world.phone("101", register=False), await world.phone("102", register=False)
    for phone in (alice, bob):
        try:
            await phone.register()
        except Refused:
            return
    call = alice.dial("102")
    with trio.move_on_after(60):
        incoming = await bob.incoming.receive()
        incoming.ring()
        incoming.answer()
        if await call.wait_answered():
            call.hold()
            await trio.sleep(3)
            call.hang_up()
            await incoming.ended.wait()


@pytest.mark.parametrize("seed", SEEDS)
async def test_a_fifth_of_all_datagrams_is_damaged_and_nothing_breaks(autojump_clock, seed):
    with capture_logs() as logs:
        async with open_world(delay_s=0.02, seed=seed) as world:
            world.network.corrupt = 0.2
            await try_a_call(world)
            world.network.corrupt = 0.0
            await trio.sleep(200)
            alice, bob = await world.phone("101"), await world.phone("103")
            call = alice.dial("103")
            (await bob.incoming.receive()).answer()
            assert await call.wait_answered()
    assert not [entry for entry in logs if entry["log_level"] == "error"]


async def test_rubbish_from_strangers_is_answered_or_counted_and_never_an_error(autojump_clock):
    random = Random(4475)
    corpus = seeds()
    with capture_logs() as logs:
        async with open_world(seed=4475) as world:
            stranger = world.socket()
            world.network.corrupt = 1.0
            for _ in range(RUBBISH):
                stranger.send(random.choice(corpus), PBX)
                await trio.sleep(0.01)
            world.network.corrupt = 0.0
            await world.settle()
            world.assert_nothing_left()
            stats = world.server.endpoint.stack.stats()
            assert stats.messages_received >= RUBBISH * 0.9
            alice, bob = await world.phone("101"), await world.phone("102")
            call = alice.dial("102")
            (await bob.incoming.receive()).answer()
            assert await call.wait_answered()
    assert not [entry for entry in logs if entry["log_level"] == "error"]
