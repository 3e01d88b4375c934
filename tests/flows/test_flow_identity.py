"""Who calls: nobody as somebody else, nothing a second time, nothing with what another host was given."""

import pytest
import trio

from pbx.sip.message import Request
from pbx.sip.parse import parse_message
from pbx.testphone.audio import NoAudio
from pbx.testphone.phone import Account, Phone, Refused
from tests.support.bare_phone import BarePhone, offer_text
from tests.support.network import Sent
from tests.support.world import PBX, World, open_world, password

pytestmark = pytest.mark.usefixtures("weather")


def sent_invite(world: World) -> Sent:
    """The one that was let in."""
    return next(s for s in world.network.ladder if s.data.startswith(b"INVITE") and b"Authorization" in s.data)


async def answer_to(world: World, phone: BarePhone, data: bytes) -> int:
    """The final status that this datagram gets, sent from the phone's address."""
    seen = len(world.network.ladder)
    world.network.carry(data, phone.local, PBX)
    await trio.sleep(0.1)
    sent = world.network.ladder[seen:]
    return next(int(s.start_line.split()[1]) for s in sent if (s.source, s.destination) == (PBX, phone.local))


def changed(data: bytes, **headers: str) -> bytes:
    """The request with other headers, and a branch of its own."""
    request = parse_message(data)
    assert isinstance(request, Request)
    for name, value in headers.items():
        request.headers.set(name.replace("_", "-"), value)
    return request.encode().replace(b"branch=z9hG4bK", b"branch=z9hG4bKagain")


async def test_nobody_registers_as_somebody_else(autojump_clock):
    async with open_world() as world:
        account = Account("102", password("101"), "acme.example", PBX)
        impostor = Phone(account, world.socket(), NoAudio(), world.token)
        world.nursery.start_soon(impostor.run)
        with pytest.raises(Refused) as refused:
            await impostor.register()
        assert refused.value.status == 403
        assert world.server.registrar.stats().bindings == 0


async def test_the_from_must_name_whose_the_credentials_are(autojump_clock):
    async with open_world() as world:
        alice = BarePhone(world, "101")
        alice.claims = "102"
        await alice.dial("103", body=offer_text())
        assert (await alice.final()).status == 403
        assert world.server.front.refused["identity"] == 1
        assert not len(world.server.calls)


async def test_an_invite_that_was_let_in_is_not_let_in_again(autojump_clock):
    async with open_world() as world:
        alice = BarePhone(world, "101")
        await alice.dial("999", body=offer_text())
        await alice.final()
        again = changed(sent_invite(world).data, Call_ID="another-call")
        assert await answer_to(world, alice, again) == 401
        assert world.server.stats().calls_started == 1
