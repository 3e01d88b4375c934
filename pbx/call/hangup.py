"""The end of a call: every leg is told, the answers are awaited for a bounded time, and one record is left."""

import structlog
import trio

from pbx.call.call import Call
from pbx.call.leg import Leg
from pbx.call.outbound import settle_cancelled
from pbx.cdr.cdr import build
from pbx.events.call_events import CallEnded
from pbx.sip.events import Event, RequestReceived, ResponseReceived, TimedOut
from pbx.spool import EndCall, SpoolClosed, SpoolError

log = structlog.get_logger()

HANGUP_S = 5.0  # a phone that answers neither BYE nor CANCEL keeps its call (and its ports) no longer than this
RECORD_RETRY_S = 1.0  # while the disk is full
RECORD_TRIES = 60


async def hang_up(call: Call) -> None:
    """Ends every leg that is still there, and gives back all that they held."""
    legs = call.legs.values()
    try:
        for leg in legs:
            if leg.state.phase == "ended":
                leg.close()
            _say_goodbye(call, leg)
        with trio.move_on_after(HANGUP_S):
            while any(leg.state.phase != "ended" for leg in legs):
                leg, event = await call.next()
                _hear(call, leg, event)
        while (left := call.next_nowait()) is not None:
            _hear(call, *left)
    finally:
        for leg in legs:
            if leg.is_up and leg.awaits_ack:
                leg.send_bye()  # it was put off for an ACK that has not come
            call.leg_ended(leg, 408, "system", "no answer when we hung up")
            leg.close()


async def leave_record(call: Call) -> None:
    """Puts the CDR into the spool: the state goes and the record comes, both or neither."""
    state = call.state
    if state.is_interrupted:
        cdr = build(state.history, interrupted_at=state.ended_at)
    else:
        call.note(CallEnded(state.ended_at, state.ended_by, state.end_status, state.end_reason))
        cdr = build(state.history)
    for _ in range(RECORD_TRIES):
        try:
            await call.services.spool.commit(EndCall(state.id, cdr))
            return
        except SpoolClosed:
            return  # the state is still in the spool: the next start leaves the record
        except SpoolError:
            await trio.sleep(RECORD_RETRY_S)
    # The spool may still have the state, and then the next start leaves a record; the one made here is gone.
    call.services.counters.records_lost += 1
    log.error("record lost", call=state.id, scope=str(state.scope), tries=RECORD_TRIES)


def _say_goodbye(call: Call, leg: Leg) -> None:
    state = leg.state
    match state.phase:
        case "answered" if leg.awaits_ack and not call.state.is_interrupted:
            pass  # RFC 3261 15: no BYE before the ACK to our 2xx, which may be lost and would bring the call back
        case "answered":
            leg.acknowledge()  # it answered, and the call ended before anybody was connected
            leg.send_bye()
        case "calling" | "ringing" if state.role == "callee":
            leg.cancel()
        case "calling" | "ringing":
            status = call.state.end_status or 480
            leg.respond_invite(status, reason=call.state.end_reason if call.state.ended_by == "system" else None)
            call.leg_ended(leg, status, call.state.ended_by, call.state.end_reason)


def _hear(call: Call, leg: Leg, event: Event) -> None:
    match event:
        case ResponseReceived(transaction, response) if leg.is_answer_to_bye(transaction):
            if response.status >= 200:
                call.leg_ended(leg, None, call.state.ended_by, call.state.end_reason)
        case ResponseReceived(_, response) if leg.state.phase == "cancelling":
            settle_cancelled(call, leg, response)
        case TimedOut():
            call.leg_ended(leg, 408, "system", "no answer when we hung up")
        case RequestReceived(request=request) if request.method == "ACK":
            if leg.is_up and leg.receive_ack(request):
                leg.send_bye()
        case RequestReceived(request=request) if request.method == "BYE":
            leg.respond(event, 200)  # both hung up at once
            call.leg_ended(leg, None, leg.state.role, "hung up")
        case RequestReceived():
            leg.respond(event, 481)
