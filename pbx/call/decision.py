"""Asks the tenant's plan what to do next, and does the part of it that needs no waiting."""

from pbx.call import inbound
from pbx.call.call import Call
from pbx.events.call_events import Routed
from pbx.routing.step import Connect, HangUp, Reject, Ring, RunApp, step


async def decide(call: Call) -> None:
    """One step of the plan: its reasons go into the history, its action into the call's next phase."""
    state = call.state
    state.route, action, reasons = step(call.tenant.plan, state.route, state.facts, state.next_event)
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
