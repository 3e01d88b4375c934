"""A flood from one address: answered with 503, and nobody else's call notices."""

from pbx.config.server import Limits
from pbx.sip.message import Headers, Request
from tests.support.world import PBX, open_world

FLOOD = 2000


def stranger_invite(number: int, host: str) -> bytes:
    """An INVITE without credentials, each a call of its own."""
    headers = Headers(
        [
            ("Via", f"SIP/2.0/UDP {host}:5060;rport;branch=z9hG4bKflood{number}"),
            ("Max-Forwards", "70"),
            ("From", f"<sip:100@acme.example>;tag=f{number}"),
            ("To", "<sip:102@acme.example>"),
            ("Call-ID", f"flood-{number}"),
            ("CSeq", "1 INVITE"),
            ("Contact", f"<sip:100@{host}>"),
        ]
    )
    return Request("INVITE", "sip:102@acme.example", headers).encode()


async def test_a_flood_is_refused_and_registered_phones_call_on(autojump_clock):
    async with open_world(limits=Limits(calls_per_s=20)) as world:
        alice, bob = await world.phone("101"), await world.phone("102")
        stranger = world.socket()
        before = len(world.network.ladder)
        for number in range(FLOOD):
            stranger.send(stranger_invite(number, stranger.local[0]), PBX)
        call = alice.dial("102")
        (await bob.incoming.receive()).answer()
        assert await call.wait_answered()
        answers = [s.start_line for s in world.network.ladder[before:] if s.destination == stranger.local]
        assert len(answers) == FLOOD
        assert {line.split()[1] for line in answers} == {"401", "503"}
        assert sum(line.startswith("SIP/2.0 503") for line in answers) > FLOOD * 0.9
        call.hang_up()
        await call.ended.wait()
        await world.settle()
        world.assert_nothing_left()
