"""The callees' legs: whom to ring, what their phones say, and what came of a round of ringing."""

from contextlib import suppress

import trio

from mediacore import sdp
from pbx.call import inbound, offer_answer
from pbx.call.call import Call
from pbx.call.dialog_request import hear_request
from pbx.call.invite import make_invite
from pbx.call.leg import Leg
from pbx.call.wire_text import readable
from pbx.events.call_events import LegAnswered, LegRinging
from pbx.media.interface import NoMediaPorts
from pbx.routing.step import Answered, Busy, Declined, Failed, NoAnswer, Outcome, Unregistered
from pbx.sip.errors import BadMessage
from pbx.sip.events import AckTimedOut, CancelReceived, Event, RequestReceived, ResponseReceived, TimedOut
from pbx.sip.message import Response

TRYING = 100
RINGING_TONE_HZ, RINGING_TONE_MS, RINGING_PAUSE_S = 425.0, 1000, 4.0  # ITU-T E.180, as most of Europe hears it
# So that a phone lists no missed call where a colleague took it (RFC 3326 has this very example).
ANSWERED_ELSEWHERE = 'SIP;cause=200;text="Call completed elsewhere"'
FORKS_MAX = 32  # phones rung by one round; beyond, those that registered first stay silent


async def ring(call: Call) -> None:
    """Until one callee answers, all have refused, time is up, or the caller gives up."""
    if call.state.ring_targets:
        await start_ringing(call)
    time_left_s = max(0.0, call.state.ring_until - call.services.wall())
    async with trio.open_nursery() as nursery:
        if call.caller.is_up:  # by a menu, say: its phone makes no ringing tone of its own any more
            nursery.start_soon(_play_ringing, call.caller)
        with trio.move_on_after(time_left_s) as scope:
            while call.state.phase == "ringing":
                leg, event = await call.next()
                await _hear(call, leg, event)
        nursery.cancel_scope.cancel()
    if scope.cancelled_caught and call.state.phase == "ringing":
        _over(call, NoAnswer())


async def _play_ringing(caller: Leg) -> None:
    while True:
        await caller.media.play_tone(RINGING_TONE_HZ, duration_ms=RINGING_TONE_MS)
        await trio.sleep(RINGING_PAUSE_S)


async def start_ringing(call: Call) -> None:
    """Sends an INVITE to each phone of each target. The spool knows of each before it leaves: none rings unrecorded."""
    services, state = call.services, call.state
    targets, state.ring_targets = state.ring_targets, ()
    now = services.wall()
    phones = [(who, binding) for who in targets for binding in services.bindings.lookup(state.scope, who, now)]
    for who, binding in phones[:FORKS_MAX]:
        try:
            leg = call.add_leg("callee", who, readable(binding.contact), binding.flow)
        except NoMediaPorts:
            state.refusals.append(503)
            break
        leg.prepare_invite(make_invite(call, leg, binding))
    await call.save()
    for leg in _ringing(call):
        leg.send_invite()
    if not _ringing(call):
        _over(call, outcome_of(state.refusals) if phones else Unregistered())


def outcome_of(refusals: list[int]) -> Outcome:
    """What a round of ringing came to, from the final statuses of all its phones."""
    if any(status in (486, 600) for status in refusals):
        return Busy()
    if any(status in (603, 607, 608) for status in refusals):
        return Declined()
    rest = [status for status in refusals if status not in (408, 480, 487)]
    return Failed(min(rest)) if rest else NoAnswer()


async def _hear(call: Call, leg: Leg, event: Event) -> None:
    match event:
        case ResponseReceived(_, response) if leg.state.role == "callee":
            await hear_response(call, leg, response)
        case TimedOut() if leg.state.role == "callee":
            await _refused(call, leg, 408, "no answer to our INVITE")
        case CancelReceived():
            call.end("caller", 487, "the caller hung up before the answer")
        case RequestReceived(request=request):
            await hear_request(call, leg, event)
            if request.method == "BYE" and leg in _ringing(call):
                _gave_up(call, leg)
        case AckTimedOut():
            call.end("system", None, "the caller never acknowledged our answer")


def _gave_up(call: Call, leg: Leg) -> None:
    """A phone hangs up although we know of no answer of its own: that is lost, or still on its way."""
    leg.cancel()
    call.state.refusals.append(480)
    if not _ringing(call):
        _over(call, outcome_of(call.state.refusals))


async def hear_response(call: Call, leg: Leg, response: Response) -> None:
    """A response to an INVITE of ours, while its round lasts."""
    status = response.status
    if leg.state.phase not in ("calling", "ringing") or leg.sent is None or status == TRYING:
        if leg.state.phase == "cancelling":
            settle_cancelled(call, leg, response)
        return
    try:
        leg.receive_response(response)
    except BadMessage as error:
        if status >= 200:  # no ACK can be made of it: the phone gives up by itself
            await _refused(call, leg, 502, readable(f"unreadable answer: {error.reason}"))
        return
    if status < 200:
        _ringing_heard(call, leg, response)
    elif status < 300:
        await _answered(call, leg, response)
    else:
        await _refused(call, leg, status, readable(response.reason))


def settle_cancelled(call: Call, leg: Leg, response: Response) -> None:
    """The end of an INVITE that was taken back; one that was answered all the same is acknowledged and ended."""
    if 200 <= response.status < 300:
        with suppress(BadMessage):
            leg.receive_response(response)
            leg.acknowledge()
            leg.send_bye()
        call.leg_ended(leg, None, "system", "answered after it was cancelled")
    elif response.status >= 300:
        call.leg_ended(leg, response.status, "system", "cancelled")


def cancel_ringing(call: Call, reason: str = "") -> None:
    """Takes back every INVITE that still rings; `reason` is a Reason header for its phone."""
    for leg in _ringing(call):
        leg.cancel(reason)


def _ringing(call: Call) -> list[Leg]:
    return [leg for leg in call.callees if leg.state.phase in ("calling", "ringing")]


def _ringing_heard(call: Call, leg: Leg, response: Response) -> None:
    if leg.state.phase == "calling":
        leg.state.phase = "ringing"
        call.note(LegRinging(call.services.wall(), leg.id, response.status))
    early: Leg | None = None
    text = offer_answer.sdp_of(response)
    if text and leg.state.stream is None:
        try:
            offer_answer.accept(leg, text)
            early = leg
        except sdp.SdpError:
            early = None  # no early audio; the 200 will bring the answer that counts
    inbound.tell_progress(call, 183 if early and response.status != 180 else 180, early_media_from=early)


async def _answered(call: Call, leg: Leg, response: Response) -> None:
    text = offer_answer.sdp_of(response)
    try:
        if text:
            offer_answer.accept(leg, text)
        elif leg.state.stream is None:
            raise sdp.BadAnswer("a 2xx without an answer to our offer")
    except sdp.SdpError as error:
        leg.acknowledge()
        leg.state.phase = "answered"
        leg.send_bye()
        await _refused(call, leg, 488, readable(str(error)))
        return
    leg.state.phase = "answered"
    call.note(LegAnswered(call.services.wall(), leg.id))
    cancel_ringing(call, ANSWERED_ELSEWHERE)
    # Its ACK waits until the spool knows of the answer; that is with the caller's 200, one write for both (`connect`).
    call.state.phase, call.state.next_event = "routing", Answered()


async def _refused(call: Call, leg: Leg, status: int, reason: str) -> None:
    if leg.state.phase not in ("calling", "ringing", "answered"):
        call.leg_ended(leg, status, "callee", reason)
        return
    call.leg_ended(leg, status, "callee", reason)
    call.state.refusals.append(status)
    if status >= 600:  # RFC 3261 16.7: nobody else there either; that is, at this party's other phones
        for sibling in _ringing(call):
            if sibling.state.party == leg.state.party:
                sibling.cancel()
    if not _ringing(call):
        _over(call, outcome_of(call.state.refusals))


def _over(call: Call, outcome: Outcome) -> None:
    cancel_ringing(call)
    call.services.media.unbridge(call.caller.media)
    call.state.phase, call.state.next_event = "routing", outcome
