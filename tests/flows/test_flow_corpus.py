"""Every message of RFC 4475 and RFC 5118 sent to a whole PBX: it answers, and it goes on working."""

import pytest
import trio

from tests.support.sip_corpus import Torture, rfc4475, rfc5118
from tests.support.world import PBX, World, open_world

MESSAGES = [*rfc4475(), *rfc5118()]

# No answer is right for these: they are responses.
SILENCE = {
    "bigcode": "a response",
    "noreason": "a response",
    "scalarlg": "a response",
    "unreason": "a response",
    "bcast": "a response",
}


async def send_raw(world: World, data: bytes) -> list[str]:
    """Sends `data` from an address of its own; the status lines that came back, wherever its Via wanted them."""
    stranger = world.socket()
    before = len(world.network.ladder)
    stranger.send(data, PBX)
    await trio.sleep(40)  # an INVITE that is refused is resent until its ACK: past the end of that
    answers = [sent.start_line for sent in world.network.ladder[before:] if sent.source == PBX]
    return [line for line in answers if line.startswith("SIP/2.0")]


@pytest.mark.parametrize("torture", MESSAGES, ids=[t.name for t in MESSAGES])
async def test_the_torture_message_is_answered_and_the_pbx_goes_on(autojump_clock, torture: Torture):
    async with open_world() as world:
        answers = await send_raw(world, torture.data)
        assert bool(answers) != (torture.name in SILENCE), answers
        alice, bob = await world.phone("101"), await world.phone("102")
        call = alice.dial("102")
        incoming = await bob.incoming.receive()
        incoming.answer()
        assert await call.wait_answered()
        call.hang_up()
        await call.ended.wait()


async def test_nothing_is_left_of_all_of_them_together(autojump_clock):
    async with open_world() as world:
        for torture in MESSAGES:
            await send_raw(world, torture.data)
        await world.settle()
        world.assert_nothing_left()
