"""A whole route in words: what would become of a call, given these facts and outcomes.

It walks the very function that routes live calls, so it cannot disagree with them. Where the facts end, it says
"unknown" and stops; it never assumes that somebody answers.
"""

from collections.abc import Sequence

from msgspec import Struct

from pbx.routing.plan import Plan
from pbx.routing.step import (
    Action,
    Event,
    Facts,
    Finished,
    HangUp,
    Reason,
    Reject,
    Ring,
    RouteState,
    RunApp,
    Start,
    step,
)


class Explanation(Struct, frozen=True):
    """Every step with its reason, and the action that the call was left with."""

    steps: tuple[Reason, ...]
    result: Action
    unused: int = 0  # outcomes given that the route never came to


def explain(plan: Plan, facts: Facts, outcomes: Sequence[Event] = ()) -> Explanation:
    """Routes `facts.to_number`; `outcomes` are what came of each ringing and of each application, in order."""
    state, action, steps = step(plan, RouteState(), facts, Start(facts.to_number))
    left = list(outcomes)
    while left and not state.done and _can_follow(action, left[0]):
        state, action, more = step(plan, state, facts, left.pop(0))
        steps += more
    if outcomes and isinstance(action, Ring):
        steps += (Reason(state.node, "unknown", "what came of it is not recorded"),)
    return Explanation(steps, action, len(left))


def _can_follow(action: Action, event: Event) -> bool:
    return isinstance(action, RunApp) if isinstance(event, Finished) else isinstance(action, Ring)


def in_words(action: Action) -> str:
    """An action as people say it: "ring 101, 102 for 30 s"."""
    match action:
        case Ring(targets, ring_s):
            return f"ring {', '.join(targets)} for {ring_s} s"
        case RunApp(name):
            return f"run {name}"
        case Reject(status, reason):
            return f"reject {status} {reason}"
        case HangUp():
            return "hang up"
        case _:
            return "connect"
