"""An INVITE without SDP: our 200 makes the offer and the ACK answers (RFC 3261 13.2.1), at first and in mid-call."""

import pytest
import trio

from mediacore import sdp
from pbx.sip.dialog import Dialog
from pbx.sip.message import Request, Response
from tests.support.bare_phone import BarePhone, offer_text
from tests.support.world import open_world

pytestmark = pytest.mark.usefixtures("weather")


def acknowledge(phone: BarePhone, invite: Request, answer: Response, *, body: bytes = b"") -> Dialog:
    dialog = Dialog.from_response(invite, answer, phone.flow)
    phone.send_ack(dialog, answer.cseq.number, body=body)
    return dialog


async def test_the_answer_in_the_ack_connects_the_audio(autojump_clock):
    async with open_world() as world:
        alice, bob = BarePhone(world, "101"), await world.phone("102")
        _, invite = await alice.dial("102")
        incoming = await bob.incoming.receive()
        incoming.answer()
        answer = await alice.final()
        offered = sdp.codecs(sdp.parse(answer.body).media[0])
        assert offered[0].name == "PCMU"
        (call,) = world.server.calls
        assert call.state.caller.stream is None
        dialog = acknowledge(alice, invite, answer, body=offer_text(port=4002))
        await trio.sleep(1)
        assert call.state.caller.stream.remote == ("198.51.100.200", 4002)
        assert len(world.media.hears) == 2
        alice.send(dialog.make_request("BYE"))
        assert (await world.only_cdr()).reason == "the caller hung up"


async def test_early_audio_waits_for_an_offer_that_can_carry_it(autojump_clock):
    async with open_world() as world:
        alice, bob = BarePhone(world, "101"), await world.phone("102")
        _, invite = await alice.dial("102")
        incoming = await bob.incoming.receive()
        incoming.ring(status=183, with_audio=True)
        assert (await alice.provisional(183)).body == b""
        assert not world.media.hears
        incoming.answer()
        dialog = acknowledge(alice, invite, await alice.final(), body=offer_text())
        assert len(world.media.hears) == 2
        alice.send(dialog.make_request("BYE"))
        assert (await world.only_cdr()).reason == "the caller hung up"


async def test_an_ack_without_an_answer_ends_the_call(autojump_clock):
    async with open_world() as world:
        alice, bob = BarePhone(world, "101"), await world.phone("102")
        _, invite = await alice.dial("102")
        incoming = await bob.incoming.receive()
        incoming.answer()
        acknowledge(alice, invite, await alice.final())
        alice.respond(await alice.request("BYE"), 200)
        await incoming.ended.wait()
        assert (await world.only_cdr()).reason.startswith("no usable answer in the ACK")


async def test_the_echo_hears_a_caller_that_made_no_offer(autojump_clock):
    async with open_world() as world:
        alice = BarePhone(world, "101")
        _, invite = await alice.dial("600")
        dialog = acknowledge(alice, invite, await alice.final(), body=offer_text())
        assert all(a == b for a, b in world.media.hears.items())
        alice.send(dialog.make_request("BYE"))
        assert (await world.only_cdr()).reason == "the caller hung up"


async def test_a_reinvite_without_sdp_gets_the_session_as_it_is_and_its_ack_changes_it(autojump_clock):
    async with open_world() as world:
        alice, bob = BarePhone(world, "101"), await world.phone("102")
        _, invite = await alice.dial("102", body=offer_text())
        incoming = await bob.incoming.receive()
        incoming.answer()
        first = await alice.final()
        dialog = acknowledge(alice, invite, first)
        alice.responses.clear()
        alice.send(dialog.make_request("INVITE"))
        offer = await alice.final()
        offered_session, agreed_session = sdp.parse(offer.body), sdp.parse(first.body)
        (offered,), (agreed,) = offered_session.media, agreed_session.media
        assert offered.port == agreed.port
        assert sdp.direction(offered_session, offered) == sdp.direction(agreed_session, agreed)
        agreed_codecs = sdp.codecs(agreed)  # keep their numbers; what else we can may join (RFC 6337 5.2.5)
        assert [codec for codec in sdp.codecs(offered) if codec in agreed_codecs] == list(agreed_codecs)
        (call,) = world.server.calls
        assert call.state.caller.stream.remote == ("198.51.100.200", 4000)
        alice.send_ack(dialog, offer.cseq.number, body=offer_text(port=4010, direction="sendonly"))
        await trio.sleep(1)
        assert call.state.caller.stream.remote == ("198.51.100.200", 4010)
        assert call.state.caller.is_held
        alice.send(dialog.make_request("BYE"))
        assert (await world.only_cdr()).reason == "the caller hung up"
