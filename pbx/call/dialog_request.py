"""What a phone may ask inside its dialog at any time, and what it is told: BYE, re-INVITE, ACK, OPTIONS, all else."""

from mediacore import sdp
from pbx.call import hold
from pbx.call.call import Call
from pbx.call.leg import Leg
from pbx.call.wire_text import readable
from pbx.sip.errors import RemoteProtocolError
from pbx.sip.events import RequestReceived


async def hear_request(call: Call, leg: Leg, event: RequestReceived) -> None:
    """Answers `event`, a request in the leg's dialog, and does what it asks for."""
    request = event.request
    assert leg.state.dialog is not None, "requests reach a leg by its dialog"
    if request.method == "ACK":
        _acknowledged(call, leg, event)
        return
    if leg.state.phase == "ended":
        leg.respond(event, 481)
        return
    try:
        leg.state.dialog.receive_request(request)
    except RemoteProtocolError as error:
        leg.respond(event, error.status_hint, reason=error.reason)
        return
    match request.method:
        case "BYE":
            leg.respond(event, 200)
            call.leg_ended(leg, None, leg.state.role, "hung up")
            call.end(leg.state.role, None, f"the {leg.state.role} hung up")
        case "INVITE":
            await hold.hear_reinvite(call, leg, event)
        case "OPTIONS":
            leg.respond(event, 200)
        case _:
            leg.respond(event, 405)


def _acknowledged(call: Call, leg: Leg, event: RequestReceived) -> None:
    """The ACK to our 2xx; it brings the answer where the 2xx brought our offer."""
    leg.acknowledged()
    if not leg.state.description.is_offer_ours:
        return
    try:
        hold.take_answer(call, leg, event.request.body.decode(errors="replace"))
    except sdp.SdpError as error:
        call.end("system", None, readable(f"no usable answer in the ACK: {error}"))
