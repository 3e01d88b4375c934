"""An INVITE as long as we read: written down for another process it would be one line longer, and is still answered."""

import pytest
from structlog.testing import capture_logs

from pbx.call.state import encode_state
from pbx.sip.dialog import Dialog
from pbx.spool import PutCall
from tests.support.bare_phone import BarePhone, offer_text
from tests.support.world import World, open_world

pytestmark = pytest.mark.usefixtures("weather")

HEADERS_MAX = 256
OWN_HEADERS = 9  # of a BarePhone's INVITE with credentials and a body, without Content-Length


def full_phone(world: World) -> BarePhone:
    """Its INVITEs have as many header lines as there may be, and no Content-Length."""
    phone = BarePhone(world, "101")
    phone.extra_headers = [("X-Filler", str(number)) for number in range(HEADERS_MAX - OWN_HEADERS)]
    carry = world.network.carry

    def carry_full(data: bytes, source: tuple[str, int], destination: tuple[str, int]) -> None:
        if source == phone.local and data.startswith(b"INVITE"):
            head, empty, body = data.partition(b"\r\n\r\n")
            lines = [line for line in head.split(b"\r\n") if not line.startswith(b"Content-Length")]
            data = b"\r\n".join(lines) + empty + body
        carry(data, source, destination)

    world.network.carry = carry_full
    return phone


async def test_it_is_answered_and_hung_up_like_any_other(autojump_clock):
    with capture_logs() as logs:
        async with open_world() as world:
            alice = full_phone(world)
            _, invite = await alice.dial("600", body=offer_text())
            answer = await alice.final()
            assert answer.status == 200
            assert len(list(invite.headers.items())) == HEADERS_MAX
            dialog = Dialog.from_response(invite, answer, alice.flow)
            alice.send_ack(dialog, invite.cseq.number)
            alice.send(dialog.make_request("BYE"))
            assert (await world.only_cdr()).disposition == "answered"
            await world.settle()
            world.assert_nothing_left()
    assert not [entry for entry in logs if entry["log_level"] == "error"]


@pytest.mark.parametrize("is_answered", [True, False])
async def test_a_call_that_it_began_is_ended_by_the_next_process(autojump_clock, is_answered):
    with capture_logs() as logs:
        async with open_world() as world:
            alice, bob = full_phone(world), BarePhone(world, "102")
            await alice.dial("102", body=offer_text())
            incoming = await bob.request("INVITE")
            bob.respond(incoming, 180)
            await alice.provisional(180)
            if is_answered:
                bob.respond(incoming, 200, body=offer_text())
                await alice.final()
            (call,) = world.server.calls
            change = PutCall(call.state.id, call.state.scope, encode_state(call.state), call.state.epoch)
            await world.crash()
            await world.spool.commit(change)
            await world.start()
            if is_answered:
                bob.respond(await bob.request("BYE"), 200)
                alice.respond(await alice.request("BYE"), 200)
            assert (await world.only_cdr()).disposition == "interrupted"
    assert not [entry for entry in logs if entry["log_level"] == "error"]
