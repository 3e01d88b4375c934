"""Digits by INFO: they reach applications and the other phone, and one without telephone-events is sent them so."""

import pytest
import trio

from mediacore import sdp
from pbx.call.digit_info import PLAIN, RELAY, InfoDigit, read_digit
from pbx.media.fake import FakeLeg
from pbx.routing.plan import AnnouncementNode, MenuNode, Plan, RingNode
from pbx.sip.dialog import Dialog
from pbx.sip.message import Request, Response
from tests.support.bare_phone import BarePhone
from tests.support.world import NUMBERS, World, make_tenant, open_world

pytestmark = pytest.mark.usefixtures("weather")

NODES = {
    "welcome": MenuNode(prompt="menu-demo", digits={"1": "bob"}, tries=2, timeout="bye"),
    "bob": RingNode(who=("102",)),
    "bye": AnnouncementNode(prompt="goodbye"),
}


def menu_world():
    numbers = {**NUMBERS, "601": "welcome"}
    return open_world(make_tenant("acme", plan=Plan(numbers, NODES, extensions=dict.fromkeys(("101", "102", "103")))))


def offer(*codecs: sdp.Codec) -> bytes:
    ours = sdp.Capabilities(address="198.51.100.200", port=4000, codecs=codecs)
    return sdp.write(sdp.make_offer(ours, session_id=7)).encode()


WITH_EVENTS = offer(sdp.PCMU, sdp.TELEPHONE_EVENT)
WITHOUT_EVENTS = offer(sdp.PCMU)


class Caller:
    """101 in an answered call."""

    def __init__(self, phone: BarePhone, dialog: Dialog) -> None:
        self.phone = phone
        self.dialog = dialog

    async def inform(self, body: bytes, content_type: str = RELAY) -> Response:
        """The answer to an INFO."""
        self.phone.responses.clear()
        self.phone.send(self.dialog.make_request("INFO", body=body, content_type=content_type if body else None))
        return await self.phone.final()


async def dial(world: World, number: str, body: bytes = WITH_EVENTS) -> Caller:
    phone, callee = BarePhone(world, "101"), await world.phone("102") if number == "102" else None
    _, invite = await phone.dial(number, body=body)
    if callee is not None:
        with trio.fail_after(100):
            (await callee.incoming.receive()).answer()
    answer = await phone.final()
    dialog = Dialog.from_response(invite, answer, phone.flow)
    phone.send_ack(dialog, answer.cseq.number)
    await trio.sleep(1)
    return Caller(phone, dialog)


@pytest.mark.parametrize(("content_type", "body"), [(RELAY, b"Signal=1\r\nDuration=160\r\n"), (PLAIN, b"1")])
async def test_a_digit_by_info_reaches_the_application(autojump_clock, content_type, body):
    async with menu_world() as world:
        bob = await world.phone("102")
        caller = await dial(world, "601")
        assert (await caller.inform(body, content_type)).status == 200
        await bob.incoming.receive()


async def test_what_is_no_digit_is_refused_and_the_call_goes_on(autojump_clock):
    async with menu_world() as world:
        bob = await world.phone("102")
        caller = await dial(world, "601")
        assert (await caller.inform(b"Signal=hello")).status == 400
        assert (await caller.inform(b"<media_control/>", "application/media_control+xml")).status == 415
        assert (await caller.inform(b"")).status == 200
        assert (await caller.inform(b"Signal=1")).status == 200
        await bob.incoming.receive()


async def test_an_info_outside_of_any_dialog_is_refused(autojump_clock):
    async with menu_world() as world:
        caller = await dial(world, "601")
        stray = caller.dialog.make_request("INFO", body=b"Signal=1", content_type="application/sdp")
        headers = type(stray.headers)(
            [(name, value) for name, value in stray.headers.items() if name not in ("To", "Call-ID")]
        )
        headers.add("To", "<sip:601@acme.example>")
        headers.add("Call-ID", "another")
        caller.phone.responses.clear()
        caller.phone.send(Request("INFO", "sip:601@acme.example", headers, stray.body))
        assert (await caller.phone.final()).status == 481


async def talking(world: World, *, caller_body: bytes) -> tuple[BarePhone, FakeLeg]:
    """101, which offered this, talking to 102: the bare caller, and the callee's media leg."""
    caller = await dial(world, "102", caller_body)
    (call,) = world.server.calls
    (callee,) = call.callees
    assert isinstance(callee.media, FakeLeg)
    return caller.phone, callee.media


async def test_a_phone_without_events_is_told_by_info_what_the_other_presses(autojump_clock):
    async with open_world() as world:
        phone, callee_media = await talking(world, caller_body=WITHOUT_EVENTS)
        for digit in "4#":
            callee_media.press(digit)
            info = await phone.request("INFO")
            assert info.request.content_type == RELAY
            assert read_digit(RELAY, info.request.body) == InfoDigit(digit)
            phone.respond(info, 200)


async def test_a_phone_with_events_is_told_nothing_by_info(autojump_clock):
    async with open_world() as world:
        phone, callee_media = await talking(world, caller_body=WITH_EVENTS)
        callee_media.press("4")
        await trio.sleep(5)
        assert "INFO" not in phone.pending()


async def test_a_phone_that_refuses_info_keeps_its_call(autojump_clock):
    async with open_world() as world:
        phone, callee_media = await talking(world, caller_body=WITHOUT_EVENTS)
        callee_media.press("4")
        phone.respond(await phone.request("INFO"), 501)
        await trio.sleep(40)  # beyond every timer of a transaction
        (call,) = world.server.calls
        assert call.state.phase == "talking"
