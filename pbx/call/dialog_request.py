"""What a phone may ask inside its dialog at any time, and what it is told: BYE, re-INVITE, ACK, OPTIONS, INFO, else."""

from mediacore import sdp
from pbx.call import digit_relay, hold
from pbx.call.call import Call
from pbx.call.leg import Leg
from pbx.call.offer_answer import sdp_of
from pbx.call.wire_text import readable
from pbx.sip.errors import RemoteProtocolError
from pbx.sip.events import RequestReceived


async def hear_request(call: Call, leg: Leg, event: RequestReceived) -> None:
    """Answers `event`, a request in the leg's dialog, and does what it asks for."""
    request, dialog = event.request, leg.state.dialog
    if dialog is None or not _is_open(leg) or (request.from_.tag or "") != dialog.remote_tag:
        leg.respond(event, 481)
        return
    if request.method == "ACK":
        _acknowledged(call, leg, event)
        return
    try:
        dialog.receive_request(request)
    except RemoteProtocolError as error:
        leg.respond(event, error.status_hint, reason=readable(error.reason))
        return
    match request.method:
        case "BYE":
            leg.respond(event, 200)
            _hung_up(call, leg)
        case "INVITE":
            await hold.hear_reinvite(call, leg, event)
        case "OPTIONS":
            leg.respond(event, 200)
        case "INFO":
            digit_relay.hear_info(leg, event)
        case _:
            leg.respond(event, 405)


def _is_open(leg: Leg) -> bool:
    """Only a caller may use its dialog before the answer (RFC 3261 15): a phone that rings answers or refuses."""
    return leg.is_up or (leg.state.role == "caller" and leg.state.phase != "ended")


def _hung_up(call: Call, leg: Leg) -> None:
    role = leg.state.role
    if leg.is_up:
        call.leg_ended(leg, None, role, "hung up")
        call.end(role, None, f"the {role} hung up")
    else:
        call.end(role, 487, f"the {role} hung up before the answer")  # which the INVITE is still told (15.1.2)


def _acknowledged(call: Call, leg: Leg, event: RequestReceived) -> None:
    """The ACK to our 2xx; it brings the answer where the 2xx brought our offer."""
    if not leg.receive_ack(event.request) or not leg.state.description.is_offer_ours:
        return
    try:
        hold.take_answer(call, leg, sdp_of(event.request))
    except sdp.SdpError as error:
        call.end("system", None, readable(f"no usable answer in the ACK: {error}"))
