"""The test phone's own limits: many calls, unread calls, and an answer that crosses a CANCEL."""

import trio

from pbx.testphone.phone import CALLS_MAX
from tests.support.world import make_tenant, open_world

NUMBERS = ("101", "102")


async def test_calls_that_nobody_takes_are_busy_and_the_phone_goes_on(autojump_clock):
    async with open_world(make_tenant("acme", numbers=NUMBERS)) as world:
        alice, bob = await world.phone("101"), await world.phone("102")
        for _ in range(CALLS_MAX + 2):
            call = alice.dial("102")
            await trio.sleep(1)
            if not call.ended.is_set():
                call.cancel()
            await call.ended.wait()
        assert call.status == 486
        for _ in range(CALLS_MAX):
            assert (await bob.incoming.receive()).ended.is_set()
        call = alice.dial("102")
        (await bob.incoming.receive()).answer()
        assert await call.wait_answered()


async def test_calls_that_ended_are_forgotten(autojump_clock):
    async with open_world(make_tenant("acme", numbers=NUMBERS)) as world:
        alice = await world.phone("101")
        for _ in range(20):
            await alice.dial("999").ended.wait()
        assert len(alice.calls) == 1


async def test_an_answer_that_crosses_a_cancel_is_hung_up_on(autojump_clock):
    async with open_world(make_tenant("acme", numbers=NUMBERS), delay_s=0.1) as world:
        alice, bob = await world.phone("101"), await world.phone("102")
        call = alice.dial("102")
        incoming = await bob.incoming.receive()
        incoming.ring()
        await call.ringing.wait()
        incoming.answer()
        await trio.sleep(0.15)  # the 200 is on its way to the caller
        call.cancel()
        assert not await call.wait_answered()
        assert (call.status, call.ended_by) == (200, "us")
        await incoming.ended.wait()
        assert (await world.only_cdr()).disposition == "answered"
