"""Asks the tenant's plan what to do next, and does the part of it that needs no waiting, but for the last words."""

import trio

from pbx.call import b2bua, inbound
from pbx.call.call import Call
from pbx.events.call_events import Routed
from pbx.routing.step import Connect, HangUp, Reject, Ring, RunApp, step

# What was said last is still in the phone's jitter buffer, which a BYE empties unheard: of "goodbye" baresip's users,
# whose buffer holds 100 ms, heard "goodb". Adaptive buffers on bad links hold twice as much.
LAST_WORDS_S = 0.25


async def decide(call: Call) -> None:
    """One step of the plan: its reasons go into the history, its action into the call's next phase."""
    state = call.state
    route, action, reasons = step(call.tenant.plan, state.route, state.facts, state.next_event)
    if isinstance(action, HangUp):
        await _let_be_heard(call)  # before the plan's state says "done": the call can still be taken up elsewhere
    state.route = route
    at = call.services.wall()
    for reason in reasons:
        call.note(Routed(at, reason.node, reason.outcome, reason.reason))
    match action:
        case Ring(targets, ring_s):
            state.phase, state.ring_targets, state.refusals = "ringing", targets, []
            state.ring_until = at + ring_s
        case Connect():
            await inbound.connect(call)
        case RunApp(name, options):
            state.phase, state.application, state.application_options = "application", name, options
            state.step, state.step_data = "", {}
        case Reject(status, phrase):
            call.end("system", status, phrase)
        case HangUp():
            call.end("system", None, "the plan ends here")


async def _let_be_heard(call: Call) -> None:
    """The caller may hang up first, as ever."""
    with trio.move_on_after(LAST_WORDS_S):
        while call.state.phase != "ended":
            await b2bua.hear(call, *await call.next())
