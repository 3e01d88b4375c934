"""Runs a call from any state to its end, whatever happens on the way."""

from collections.abc import Awaitable, Callable

import structlog
import trio

from pbx.call.application import run_application
from pbx.call.b2bua import talk
from pbx.call.call import Call
from pbx.call.decision import decide
from pbx.call.hangup import hang_up, leave_record
from pbx.call.outbound import ring

PHASES: dict[str, Callable[[Call], Awaitable[None]]] = {
    "routing": decide,
    "ringing": ring,
    "talking": talk,
    "application": run_application,
}

log = structlog.get_logger()


async def run_call(call: Call) -> None:
    """Returns when all is over: phones told, ports given back, one CDR in the spool."""
    try:
        while call.state.phase != "ended":
            await PHASES[call.state.phase](call)
    except Exception:
        # A mistake of ours in one call must not end everybody's: it is logged with its trace, and this call ends.
        log.exception("call failed", call=call.state.id, scope=str(call.state.scope), phase=call.state.phase)
        call.end("system", 500, "internal error")
    finally:
        with trio.CancelScope(shield=True):  # bounded inside: HANGUP_S
            call.end("system", 503, "the server is stopping")
            try:
                await hang_up(call)
            finally:
                await leave_record(call)
