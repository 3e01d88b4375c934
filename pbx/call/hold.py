"""Re-INVITE: a phone changes its address, its codecs or its direction (hold).

Media is anchored here, so the other phone need not be asked; it hears what there still is to hear.
"""

from mediacore import sdp
from pbx.call import offer_answer
from pbx.call.call import Call
from pbx.call.leg import Leg
from pbx.call.offer_answer import sdp_of
from pbx.call.wire_text import readable
from pbx.events.call_events import LegHeld, LegResumed
from pbx.sip.events import RequestReceived


async def hear_reinvite(call: Call, leg: Leg, event: RequestReceived) -> None:
    """Answers 200 with our side of it, or an error that leaves everything as it was (RFC 3261 14.2)."""
    if not leg.is_up or leg.received is not None:
        leg.respond(event, 491)
        return
    offer = sdp_of(event.request)
    if event.request.body and not offer:
        leg.respond(event, 415)
        return
    was_held = leg.state.is_held
    codecs, other = call.services.codecs, call.other(leg)
    try:
        if offer:
            text = offer_answer.answer(leg, offer, codecs, other=other)
        else:
            text = offer_answer.make_offer(leg, codecs, other=other)
    except sdp.NoCommonCodec:
        leg.respond(event, 488)
        return
    except sdp.SdpError as error:
        leg.respond(event, 400, reason=readable(f"Bad SDP: {error}"))
        return
    _note_hold(call, leg, was_held)
    leg.receive_reinvite(event)
    await call.save()
    if leg.is_up:
        leg.respond_invite(200, sdp=text)


def take_answer(call: Call, leg: Leg, text: str) -> None:
    """The answer that an ACK brought. Raises sdp.SdpError."""
    was_held = leg.state.is_held
    offer_answer.accept(leg, text)
    _note_hold(call, leg, was_held)


def _note_hold(call: Call, leg: Leg, was_held: bool) -> None:
    if leg.state.is_held != was_held:
        now = call.services.wall()
        call.note(LegHeld(now, leg.id) if leg.state.is_held else LegResumed(now, leg.id))
