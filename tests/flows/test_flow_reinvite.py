"""In mid-call: a re-INVITE that is refused changes nothing, one from elsewhere moves the phone, and no one leaks."""

from collections import Counter

import pytest
import trio

from pbx.call.call import INBOX_MAX
from pbx.sip.dialog import Dialog
from pbx.sip.flow import Flow
from pbx.sip.message import Request, Response
from pbx.testphone.phone_call import PhoneCall
from tests.support.bare_phone import BarePhone, offer_text
from tests.support.world import PBX, World, open_world

pytestmark = pytest.mark.usefixtures("weather")


class Talk:
    """101, which says what a test wants, in a call with 102."""

    def __init__(self, alice: BarePhone, incoming: PhoneCall, dialog: Dialog) -> None:
        self.alice, self.incoming, self.dialog = alice, incoming, dialog

    async def ask(self, method: str, *, body: bytes = b"", content_type: str = "application/sdp") -> Response:
        """The final response to a request in the dialog, acknowledged if it is an INVITE."""
        request = self.dialog.make_request(method, body=body, content_type=content_type if body else None)
        self.alice.responses.clear()
        self.alice.send(request)
        answer = await self.alice.final()
        if method == "INVITE" and answer.status < 300:
            self.alice.send_ack(self.dialog, answer.cseq.number)
        return answer


async def talk(world: World) -> Talk:
    alice, bob = BarePhone(world, "101"), await world.phone("102")
    _, invite = await alice.dial("102", body=offer_text())
    incoming = await bob.incoming.receive()
    incoming.answer()
    answer = await alice.final()
    dialog = Dialog.from_response(invite, answer, alice.flow)
    alice.send_ack(dialog, answer.cseq.number)
    await incoming.acknowledged.wait()
    await trio.sleep(1)
    return Talk(alice, incoming, dialog)


async def end(world: World, talk: Talk) -> None:
    assert (await talk.ask("BYE")).status == 200
    assert [cdr.disposition for cdr in await world.cdrs()] == ["answered"]
    await world.settle()
    world.assert_nothing_left()


async def test_a_refused_reinvite_leaves_the_session_as_it_was(autojump_clock):
    async with open_world() as world:
        pair = await talk(world)
        (call,) = world.server.calls
        before = call.state.caller.stream
        g729 = offer_text().replace(b" 0 8 ", b" 18 ")
        named = offer_text().replace(b"198.51.100.200", b"phone.example")
        for body, status in ((g729, 488), (b"v=0\r\nrubbish", 400), (named, 400), (b"\x80\x1b[2J\r\x00\n=", 400)):
            assert (await pair.ask("INVITE", body=body)).status == status
        assert (await pair.ask("INVITE", body=b"<x/>", content_type="text/xml")).status == 415
        assert call.state.caller.stream == before
        assert call.state.phase == "talking"
        await end(world, pair)


async def test_a_phone_that_moved_is_hung_up_on_where_it_is_now(autojump_clock):
    async with open_world() as world:
        pair = await talk(world)
        new_home = BarePhone(world, "101", is_registered=False)
        moved = pair.dialog.make_request("INVITE", body=offer_text(), content_type="application/sdp")
        moved.headers.set("Contact", f"<{new_home.contact}>")
        new_home.send(moved)
        answer = await new_home.final()
        assert answer.status == 200
        new_home.send_ack(pair.dialog, answer.cseq.number)
        await trio.sleep(1)
        pair.incoming.hang_up()
        bye = await new_home.request("BYE")
        assert bye.request.uri == new_home.contact
        new_home.respond(bye, 200)
        await pair.incoming.ended.wait()
        await world.settle()
        world.assert_nothing_left()


async def test_a_second_reinvite_before_the_ack_of_the_first_is_491(autojump_clock):
    async with open_world() as world:
        pair = await talk(world)
        pair.alice.send(pair.dialog.make_request("INVITE", body=offer_text(), content_type="application/sdp"))
        pair.alice.responses.clear()
        first = await pair.alice.final()
        assert (await pair.ask("INVITE", body=offer_text())).status == 491
        pair.alice.send_ack(pair.dialog, first.cseq.number)
        assert (await pair.ask("INVITE", body=offer_text())).status == 200
        await end(world, pair)


async def test_reinvites_leave_no_receiver_behind_while_the_call_lasts(autojump_clock):
    async with open_world() as world:
        pair = await talk(world)
        before = world.server.endpoint.receivers_open()
        for _ in range(50):
            assert (await pair.ask("INVITE", body=offer_text())).status == 200
        await trio.sleep(1)
        assert world.server.endpoint.receivers_open() <= before
        await end(world, pair)


async def test_a_stranger_who_knows_all_but_the_phones_tag_is_told_that_there_is_no_such_dialog(autojump_clock):
    async with open_world() as world:
        pair = await talk(world)
        stranger = BarePhone(world, "103", is_registered=False)
        dialog = Dialog(
            pair.dialog.call_id,
            "guessed",
            pair.dialog.remote_tag,
            pair.dialog.local_uri,
            pair.dialog.remote_uri,
            f"<{stranger.contact}>",
            pair.dialog.remote_target,
            [],
            100,
            None,
            Flow("udp", stranger.local, PBX),
            False,
        )
        for method in ("INVITE", "BYE", "OPTIONS"):
            stranger.responses.clear()
            stranger.send(dialog.make_request(method))
            assert (await stranger.final()).status == 481
        await end(world, pair)


async def test_an_old_cseq_is_500_and_an_unknown_method_405(autojump_clock):
    async with open_world() as world:
        pair = await talk(world)
        assert (await pair.ask("MESSAGE")).status == 405
        pair.dialog.local_seq = 0
        assert (await pair.ask("BYE")).status == 500
        pair.dialog.local_seq = 50
        assert (await pair.ask("OPTIONS")).status == 200
        await end(world, pair)


async def test_a_bye_ends_the_resending_of_the_answer(autojump_clock):
    async with open_world() as world:
        alice, bob = BarePhone(world, "101"), await world.phone("102")
        _, invite = await alice.dial("102", body=offer_text())
        (await bob.incoming.receive()).answer()
        answer = await alice.final()
        await trio.sleep(2)
        alice.send(Dialog.from_response(invite, answer, alice.flow).make_request("BYE"))  # and no ACK, ever
        await trio.sleep(1)
        sent = len(answers_to(invite, world))
        await world.settle()
        assert len(answers_to(invite, world)) == sent
        world.assert_nothing_left()


async def test_a_callee_that_hangs_up_at_once_waits_for_the_callers_ack(autojump_clock):
    async with open_world() as world:
        alice, bob = BarePhone(world, "101"), await world.phone("102")
        _, invite = await alice.dial("102", body=offer_text())
        incoming = await bob.incoming.receive()
        incoming.answer()
        answer = await alice.final()
        incoming.hang_up()
        await trio.sleep(0.4)
        assert alice.pending() == []
        alice.send_ack(Dialog.from_response(invite, answer, alice.flow), answer.cseq.number)
        alice.respond(await alice.request("BYE"), 200)
        await world.settle()
        world.assert_nothing_left()


async def test_a_request_that_comes_with_the_last_goodbye_is_answered_too(autojump_clock):
    async with open_world() as world:
        pair = await talk(world)
        pair.alice.responses.clear()
        pair.alice.send(pair.dialog.make_request("BYE"))
        pair.incoming.hang_up()
        pair.alice.send(pair.dialog.make_request("INVITE", body=offer_text(), content_type="application/sdp"))
        await trio.sleep(1)
        assert sorted(answer.status for answer in pair.alice.responses) == [200, 481]
        await world.settle()
        world.assert_nothing_left()


async def test_a_phone_that_asks_more_than_a_call_can_hold_is_told_so_and_talks_on(autojump_clock):
    async with open_world() as world:
        pair = await talk(world)
        pair.alice.responses.clear()
        for _ in range(INBOX_MAX + 10):
            pair.alice.send(pair.dialog.make_request("OPTIONS"))
        await trio.sleep(1)
        answers = Counter(answer.status for answer in pair.alice.responses)
        assert set(answers) == {200, 500}
        assert answers.total() == INBOX_MAX + 10
        assert world.server.stats().inbox_dropped == answers[500]
        await end(world, pair)


def answers_to(invite: Request, world: World) -> list[str]:
    """The 200s with which the PBX answered it."""
    wanted = f"{invite.cseq}".encode()
    lines = [sent for sent in world.network.ladder if sent.source == PBX and wanted in sent.data]
    return [sent.start_line for sent in lines if sent.start_line.startswith("SIP/2.0 200")]
