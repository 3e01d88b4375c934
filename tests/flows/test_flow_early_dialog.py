"""Before the answer: what a phone may do in a dialog that is still early, and what it does against the rules."""

import pytest
import trio
from structlog.testing import capture_logs

from pbx.sip.dialog import Dialog
from tests.support.bare_phone import BarePhone, offer_text
from tests.support.world import open_world

pytestmark = pytest.mark.usefixtures("weather")


async def test_a_caller_may_end_its_early_dialog_with_a_bye(autojump_clock):
    async with open_world() as world:
        alice, bob = BarePhone(world, "101"), BarePhone(world, "102")
        _, invite = await alice.dial("102", body=offer_text())
        incoming = await bob.request("INVITE")
        bob.respond(incoming, 180)
        ringing = await alice.provisional(180)
        dialog = Dialog.from_response(invite, ringing, alice.flow)
        alice.send(dialog.make_request("BYE"))
        await trio.sleep(1)
        # RFC 3261 15.1.2: the BYE has its 200, and the INVITE still gets its 487.
        assert sorted(r.status for r in alice.responses if r.status >= 200) == [200, 487]
        bob.respond(incoming, 487)
        assert (await world.only_cdr()).disposition == "cancelled"


async def test_an_ack_to_nothing_leaves_the_callers_invite_open(autojump_clock):
    async with open_world() as world:
        alice, bob = BarePhone(world, "101"), BarePhone(world, "102")
        _, invite = await alice.dial("102", body=offer_text())
        incoming = await bob.request("INVITE")
        bob.respond(incoming, 180)
        ringing = await alice.provisional(180)
        alice.send_ack(Dialog.from_response(invite, ringing, alice.flow), invite.cseq.number)
        await trio.sleep(1)
        bob.respond(incoming, 486)
        assert (await alice.final()).status == 486
        assert (await world.only_cdr()).disposition == "busy"


async def test_an_ack_from_a_ringing_phone_is_nothing(autojump_clock):
    with capture_logs() as logs:
        async with open_world() as world:
            alice, bob = await world.phone("101"), BarePhone(world, "102")
            call = alice.dial("102")
            incoming = await bob.request("INVITE")
            bob.respond(incoming, 180)
            await call.ringing.wait()
            bob.send_ack(bob.dialog_of(incoming), 1)
            await trio.sleep(1)
            call.cancel()
            await call.ended.wait()
            assert call.status == 487
            bob.respond(incoming, 487)
            assert (await world.only_cdr()).disposition == "cancelled"
    assert not [entry for entry in logs if entry["log_level"] == "error"]


async def test_a_phone_that_hangs_up_before_its_answer_came_through_does_not_end_the_others_ringing(autojump_clock):
    async with open_world() as world:
        alice, hasty, calm = await world.phone("101"), BarePhone(world, "102"), await world.phone("102")
        call = alice.dial("102")
        incoming = await hasty.request("INVITE")
        ringing = await calm.incoming.receive()
        hasty.respond(incoming, 180)
        await call.ringing.wait()
        hasty.send(hasty.dialog_of(incoming).make_request("BYE"))
        await trio.sleep(1)
        assert not call.ended.is_set()
        ringing.answer()
        assert await call.wait_answered()
        hasty.respond(incoming, 487)
        call.hang_up()
        assert (await world.only_cdr()).disposition == "answered"


async def test_a_request_before_any_response_is_refused_and_the_call_goes_on(autojump_clock):
    with capture_logs() as logs:
        async with open_world() as world:
            alice, bob = await world.phone("101"), BarePhone(world, "102")
            call = alice.dial("102")
            incoming = await bob.request("INVITE")
            bob.send(bob.dialog_of(incoming).make_request("OPTIONS"))
            assert (await bob.final()).status == 481
            bob.respond(incoming, 200, body=offer_text())
            assert await call.wait_answered()
            call.hang_up()
            bob.respond(await bob.request("BYE"), 200)
            assert (await world.only_cdr()).disposition == "answered"
    assert not [entry for entry in logs if entry["log_level"] == "error"]


async def test_an_answer_without_a_tag_is_an_answer(autojump_clock):
    async with open_world() as world:
        alice, bob = await world.phone("101"), BarePhone(world, "102")
        call = alice.dial("102")
        incoming = await bob.request("INVITE")
        bob.respond(incoming, 200, tag=None, body=offer_text())  # RFC 2543 asked for none
        assert await call.wait_answered()
        await bob.request("ACK")
        call.hang_up()
        bye = await bob.request("BYE")
        assert bye.request.to.tag is None
        bob.respond(bye, 200)
        bob.endpoint.stack.respond(incoming.transaction, incoming.request.response(487), trio.current_time())
        assert (await world.only_cdr()).disposition == "answered"


async def test_of_two_phones_behind_one_binding_that_answer_at_once_one_is_hung_up_on(autojump_clock):
    async with open_world() as world:
        alice, proxy = await world.phone("101"), BarePhone(world, "102")
        call = alice.dial("102")
        incoming = await proxy.request("INVITE")
        for tag in ("one", "two"):
            answer = incoming.request.response(
                200,
                to_tag=tag,
                headers=[("Contact", f"<{proxy.contact}>")],
                body=offer_text(),
                content_type="application/sdp",
            )
            world.network.carry(answer.encode(), proxy.local, incoming.flow.remote)
        assert await call.wait_answered()
        bye = await proxy.request("BYE")
        assert bye.request.to.tag == "two"
        proxy.respond(bye, 200)
        call.hang_up()
        bye = await proxy.request("BYE")
        assert bye.request.to.tag == "one"
        proxy.respond(bye, 200)
        await trio.sleep(1)
        proxy.endpoint.stack.respond(incoming.transaction, incoming.request.response(487), trio.current_time())
        assert (await world.only_cdr()).disposition == "answered"


async def test_the_fork_that_lost_cannot_end_the_call_of_the_one_that_won(autojump_clock):
    async with open_world() as world:
        alice, proxy = await world.phone("101"), BarePhone(world, "102")
        call = alice.dial("102")
        incoming = await proxy.request("INVITE")
        proxy.respond(incoming, 180, tag="lost")
        proxy.respond(incoming, 200, tag="won", body=offer_text())
        assert await call.wait_answered()
        proxy.send(proxy.dialog_of(incoming, tag="lost").make_request("BYE"))
        assert (await proxy.final()).status == 481
        assert not call.ended.is_set()
        call.hang_up()
        proxy.respond(await proxy.request("BYE"), 200)
        assert (await world.only_cdr()).disposition == "answered"


async def test_a_phone_that_answers_long_after_the_call_is_over_is_told_so(autojump_clock):
    async with open_world() as world:
        alice, deaf = await world.phone("101"), BarePhone(world, "102")
        call = alice.dial("102")
        incoming = await deaf.request("INVITE")
        await trio.sleep(1)
        call.cancel()
        await call.ended.wait()
        await trio.sleep(15)  # the call waited for 5 s, and left its record
        deaf.respond(incoming, 200, body=offer_text())
        await deaf.request("ACK")
        deaf.respond(await deaf.request("BYE"), 200)
        assert (await world.only_cdr()).disposition == "cancelled"
