"""The caller's leg: what a received INVITE is told, from ringing to the answer."""

from pbx.call import offer_answer
from pbx.call.call import Call
from pbx.call.leg import Leg
from pbx.call.state import Phase
from pbx.events.call_events import LegAnswered, LegRinging


def tell_progress(call: Call, status: int, *, early_media_from: Leg | None = None) -> None:
    """Passes on that a callee rings (each status once), with its audio if it sends some before the answer."""
    caller = call.caller
    if caller.is_up or (status in caller.state.told and early_media_from is None):
        return
    text = ""
    if early_media_from is not None and caller.state.description.remote:
        text = _description(call, prefer=early_media_from)
        call.services.media.bridge(caller.media, early_media_from.media)
    caller.state.told.append(status)
    caller.state.phase = "ringing"
    call.note(LegRinging(call.services.wall(), caller.id, status))
    caller.respond_invite(status, sdp=text)


async def connect(call: Call) -> None:
    """Answers the caller, who from now on hears the callee that answered; the callee's ACK leaves with that."""
    callee = call.other(call.caller)
    assert callee is not None, "connect follows a callee's answer"
    if call.caller.is_up:  # an application answered before
        call.state.phase = "talking"
        await call.save()
    else:
        await answer(call, prefer=callee, phase="talking")
    callee.acknowledge()
    call.services.media.bridge(call.caller.media, callee.media)


async def answer(call: Call, *, prefer: Leg | None = None, phase: Phase = "application") -> None:
    """Sends the 200; before it leaves, the spool knows that the call is answered. A second answer does nothing."""
    caller = call.caller
    if caller.is_up:
        return
    text = _description(call, prefer=prefer)
    caller.state.phase = "answered"
    call.state.phase = phase
    call.note(LegAnswered(call.services.wall(), caller.id))
    await call.save()
    if caller.is_up:  # an application's caller may hang up meanwhile
        caller.respond_invite(200, sdp=text)


def _description(call: Call, *, prefer: Leg | None) -> str:
    """The SDP for the caller: what an early answer said already, or an answer now, or our offer if it made none."""
    caller, ours = call.caller, call.services.codecs
    standing = caller.state.description
    if standing.local:
        return standing.local
    if standing.remote:
        return offer_answer.answer(caller, standing.remote, ours, other=prefer)
    return offer_answer.make_offer(caller, ours, other=prefer)
