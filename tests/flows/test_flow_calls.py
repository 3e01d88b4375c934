"""Whole calls, signalling only, in virtual time: what each phone sees, and the one record that is left."""

from tests.support.world import EPOCH, open_world, wall


async def test_a_call_is_answered_talked_and_ended_by_the_caller(autojump_clock):
    async with open_world() as world:
        alice, bob = await world.phone("101"), await world.phone("102")
        call = alice.dial("102")
        ringing = await bob.incoming.receive()
        ringing.ring()
        await call.ringing.wait()
        assert ringing.remote_number == "101"
        ringing.answer()
        assert await call.wait_answered()
        answered_at = wall()
        assert len(world.media.hears) == 2
        call.hang_up()
        await call.ended.wait()
        await ringing.ended.wait()
        assert (call.ended_by, ringing.ended_by) == ("us", "them")
        (cdr,) = await world.cdrs()
        assert cdr.disposition == "answered"
        assert (cdr.from_number, cdr.to_number, cdr.ended_by) == ("101", "102", "caller")
        assert cdr.answered_at == answered_at >= EPOCH
        await world.settle()
        world.assert_nothing_left()
