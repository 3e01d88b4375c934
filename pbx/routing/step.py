"""The routing of a call: `step(plan, state, facts, event) -> (state, action, reasons)`, pure.

The same function routes live calls, answers what-if questions and replays. So everything that the world said comes in:
facts are gathered at the edge and kept with the call, events say what became of the last action. Nothing here reads a
clock, looks anything up or draws a number.

| state    | event                                          | next                                        |
|----------|------------------------------------------------|---------------------------------------------|
| new      | Start                                          | the node that the number leads to, or 404   |
| ringing  | Unregistered, Busy, NoAnswer, Declined, Failed | the node that the outcome names, or refused |
| ringing  | Answered                                       | talking                                     |
| with an application | Finished(outcome)                   | the node that the outcome names, or done    |
| any other | Finished                                      | done                                        |
"""

from typing import TypeAlias

from msgspec import Struct, field
from msgspec.structs import replace

from pbx.routing import match as numbers
from pbx.routing.application import APPLICATION_NODES, NoBox, application, edge
from pbx.routing.plan import (
    ApplicationNode,
    ExtensionNode,
    NodeName,
    Plan,
    RejectNode,
    Ringing,
    RingNode,
    ScheduleNode,
)
from pbx.routing.schedule import judge

STEPS_MAX = 32  # nodes that one call may enter; then 482: a plan that turns in a circle must not ring for ever


class Facts(Struct, frozen=True):
    """What the world said about this call. None is "not recorded", which is not the same as nothing."""

    from_number: str
    to_number: str
    at: float | None = None  # unix seconds
    time_zone: str = "UTC"  # the tenant's, IANA name
    registered: frozenset[str] | None = None  # extensions with at least one phone
    seed: int | None = None  # for what is drawn by lot


class RouteState(Struct, frozen=True):
    """Where in its plan a call is; a part of the call's saved state."""

    node: str = ""  # "" before Start
    dialled: str = ""
    steps: int = 0  # nodes entered so far
    turn: int = 0  # of a node that rings in turn: whose it is
    talking: bool = False
    done: bool = False


class Start(Struct, frozen=True, tag_field="event", tag="start"):
    """The caller dialled `to`."""

    to: str


class Answered(Struct, frozen=True, tag_field="event", tag="answered"):
    """One of those rung took the call."""


class Unregistered(Struct, frozen=True, tag_field="event", tag="unregistered"):
    """None of those to ring has a phone."""


class Busy(Struct, frozen=True, tag_field="event", tag="busy"):
    """486 or 600 from one of them, and nobody answered."""


class NoAnswer(Struct, frozen=True, tag_field="event", tag="no_answer"):
    """Nobody took it in `ring_s`."""


class Declined(Struct, frozen=True, tag_field="event", tag="declined"):
    """603 from somebody."""


class Failed(Struct, frozen=True, tag_field="event", tag="failed"):
    """Any other final SIP status."""

    status: int


class Finished(Struct, frozen=True, tag_field="event", tag="finished"):
    """The conversation or the application is over; an application's `outcome` may name another node."""

    outcome: str = ""


Event: TypeAlias = Start | Answered | Unregistered | Busy | NoAnswer | Declined | Failed | Finished
Outcome: TypeAlias = Unregistered | Busy | NoAnswer | Declined | Failed


class Ring(Struct, frozen=True, tag_field="action", tag="ring"):
    """Ring these extensions at once; whoever answers first has the call."""

    targets: tuple[str, ...]
    ring_s: int


class RunApp(Struct, frozen=True, tag_field="action", tag="run_app"):
    """Give the call to an application."""

    name: str
    options: dict[str, str] = field(default_factory=dict)


class Connect(Struct, frozen=True, tag_field="action", tag="connect"):
    """Let the caller talk with the one who answered."""


class Reject(Struct, frozen=True, tag_field="action", tag="reject"):
    """Refuse the call with a SIP status and its reason phrase."""

    status: int
    reason: str


class HangUp(Struct, frozen=True, tag_field="action", tag="hang_up"):
    """End the call."""


Action: TypeAlias = Ring | RunApp | Connect | Reject | HangUp


class Reason(Struct, frozen=True):
    """One step in words: at this node, this came out, because."""

    node: str
    outcome: str
    reason: str


class OutOfOrder(Exception):
    """An event that this state cannot meet: the caller of `step` is at fault, not the plan."""

    def __init__(self, state: RouteState, event: Event) -> None:
        super().__init__(f"{event} does not belong after {state}")
        self.state = state
        self.event = event


Goal: TypeAlias = NodeName | Action  # what a call makes for next
Stepped: TypeAlias = tuple[RouteState, Action, tuple[Reason, ...]]

PHRASES = {  # RFC 3261 21: what routing says of itself, and what it passes on
    403: "Forbidden",
    404: "Not Found",
    410: "Gone",
    413: "Request Entity Too Large",
    414: "Request-URI Too Long",
    415: "Unsupported Media Type",
    480: "Temporarily Unavailable",
    482: "Loop Detected",
    484: "Address Incomplete",
    486: "Busy Here",
    488: "Not Acceptable Here",
    493: "Undecipherable",
    500: "Server Internal Error",
    600: "Busy Everywhere",
    603: "Decline",
    604: "Does Not Exist Anywhere",
    606: "Not Acceptable",
}
_STATUS = {"unregistered": 480, "busy": 486, "no_answer": 480, "declined": 603}


def step(plan: Plan, state: RouteState, facts: Facts, event: Event) -> Stepped:
    """What to do next, and why. Raises OutOfOrder for an event that the state cannot meet."""
    _must_be_in_order(state, event)
    match event:
        case Start(to):
            return _start(plan, replace(state, dialled=to), facts)
        case Answered():
            talking = replace(state, talking=True)
            return talking, Connect(), (Reason(state.node, "answered", "one of those rung took the call"),)
        case Finished(outcome):
            target, why = _finished(plan, state, outcome)
            if target is not None:
                return _walk(plan, state, facts, target, [why])
            return replace(state, done=True), HangUp(), (why,)
        case _ if (then := _next_in_turn(plan, state, facts, event)) is not None:
            return then
        case _:
            goal, why = _leave(plan, state, event)
            return _walk(plan, state, facts, goal, [why])


def reject(status: int, reason: str = "") -> Reject:
    """A Reject with the status' own phrase where none is given."""
    return Reject(status, reason or PHRASES.get(status, "Rejected"))


def _must_be_in_order(state: RouteState, event: Event) -> None:
    is_new = state.node == ""
    is_late = state.talking and not isinstance(event, Finished)
    if state.done or is_late or isinstance(event, Start) != is_new:
        raise OutOfOrder(state, event)


def _start(plan: Plan, state: RouteState, facts: Facts) -> Stepped:
    entry = numbers.find(plan.numbers, state.dialled)
    if entry is None:
        why = Reason("numbers", "unknown number", f"no number or pattern matches {state.dialled!r}")
        return _walk(plan, state, facts, reject(404), [why])
    name = plan.numbers[entry]
    how = f"matches {entry!r}" if numbers.is_pattern(entry) else "is listed"
    return _walk(plan, state, facts, name, [Reason("numbers", name, f"{state.dialled} {how}")])


def _walk(plan: Plan, state: RouteState, facts: Facts, goal: Goal, reasons: list[Reason]) -> Stepped:
    """From node to node, until one leaves something to do or the call is refused."""
    while isinstance(goal, str):
        if state.steps >= STEPS_MAX:
            reasons.append(Reason(goal, "loop", f"the call has been at {STEPS_MAX} nodes already"))
            goal = reject(482)
        else:
            state = replace(state, node=goal, steps=state.steps + 1, turn=0)
            goal, why = _arrive(plan, state, facts)
            reasons.append(why)
    return replace(state, done=isinstance(goal, Reject)), goal, tuple(reasons)


def _arrive(plan: Plan, state: RouteState, facts: Facts) -> tuple[Goal, Reason]:
    """What a node does with a call that comes to it: something, or it leads on at once."""
    name = state.node
    match plan.node(name):
        case ExtensionNode() as node if state.dialled in plan.extensions:
            ring_s = node.ring_s or plan.extensions[state.dialled] or plan.ring_s
            return _ring(plan, state, facts, (state.dialled,), ring_s)
        case ExtensionNode():
            return reject(404), Reason(name, "unknown extension", f"there is no extension {state.dialled!r}")
        case RingNode() as node if node.order == "in_turn":
            return _ring(plan, state, facts, _in_turn(node, facts)[:1] or node.who, node.ring_s or plan.ring_s)
        case RingNode() as node:
            return _ring(plan, state, facts, node.who, node.ring_s or plan.ring_s)
        case ScheduleNode() as node:
            return _by_the_clock(name, node, facts)
        case RejectNode() as node:
            refusal = reject(node.status, node.reason)
            return refusal, Reason(name, "reject", f"{refusal.status} {refusal.reason}")
        case None:
            return reject(500), _no_such_node(name)
        case node:
            return _run(plan, state, facts, node)


def _run(plan: Plan, state: RouteState, facts: Facts, node: ApplicationNode) -> tuple[Goal, Reason]:
    try:
        name, options, why = application(node, plan, dialled=state.dialled, from_number=facts.from_number)
    except NoBox as error:
        return reject(404), Reason(state.node, "no mailbox", str(error))
    return RunApp(name, options), Reason(state.node, name, why)


def _finished(plan: Plan, state: RouteState, outcome: str) -> tuple[NodeName | None, Reason]:
    node = plan.node(state.node)
    if state.talking or not isinstance(node, APPLICATION_NODES):
        return None, Reason(state.node, "finished", "the conversation or the application is over")
    target = edge(node, outcome)
    if target is None:
        why = f"{outcome!r} names no other node" if outcome else "the application is over"
        return None, Reason(state.node, outcome or "finished", why)
    return target, Reason(state.node, outcome, f"on to {target}")


def _in_turn(node: RingNode, facts: Facts) -> tuple[str, ...]:
    """Those to ring one after the other: all with a phone, or all where that is not recorded."""
    return node.who if facts.registered is None else tuple(number for number in node.who if number in facts.registered)


def _next_in_turn(plan: Plan, state: RouteState, facts: Facts, event: Event) -> Stepped | None:
    """Rings the next of a node that rings in turn, whatever the one before said; None after the last."""
    node = plan.node(state.node)
    if not isinstance(node, RingNode) or node.order != "in_turn":
        return None
    turn, present = state.turn + 1, _in_turn(node, facts)
    if turn >= len(present):
        return None
    ring_s = node.ring_s or plan.ring_s
    before = _in_words(event, present[turn - 1]) if isinstance(event, Outcome) else "over"
    why = f"{before}: {present[turn]} is next, for {ring_s} s"
    return replace(state, turn=turn), Ring((present[turn],), ring_s), (Reason(state.node, "ring", why),)


def _by_the_clock(name: NodeName, node: ScheduleNode, facts: Facts) -> tuple[NodeName, Reason]:
    verdict = judge(node, facts.at, facts.time_zone)
    target = node.edges().get(verdict.outcome, node.closed)
    return target, Reason(name, verdict.outcome, f"{verdict.reason}: on to {target}")


def _ring(plan: Plan, state: RouteState, facts: Facts, who: tuple[str, ...], ring_s: int) -> tuple[Goal, Reason]:
    name = state.node
    who = tuple(dict.fromkeys(who))  # one who is named twice has one phone all the same
    if facts.registered is None:
        why = f"rings {', '.join(who)} for {ring_s} s; whether a phone is registered is not recorded"
        return Ring(who, ring_s), Reason(name, "unknown", why)
    present = tuple(number for number in who if number in facts.registered)
    if not present:
        return _leave(plan, state, Unregistered())
    absent = ", ".join(number for number in who if number not in facts.registered)
    why = f"rings {', '.join(present)} for {ring_s} s" + (f"; no phone registered: {absent}" if absent else "")
    return Ring(present, ring_s), Reason(name, "ring", why)


def _leave(plan: Plan, state: RouteState, event: Outcome) -> tuple[NodeName | Reject, Reason]:
    """Out of a ringing node by one of its outcomes: to the node that it names, or else the call is refused."""
    node = plan.node(state.node)
    if node is None:  # the plan is newer than the call, or a draft that it is replayed against
        return reject(500), _no_such_node(state.node)
    if not isinstance(node, Ringing):
        raise OutOfOrder(state, event)
    outcome = str(event.__struct_config__.tag)  # the name of the field that is its edge
    happened = _in_words(event, ", ".join(node.who) if isinstance(node, RingNode) else state.dialled)
    target = node.edges().get(outcome)
    if target is not None:
        return target, Reason(state.node, outcome, f"{happened}: on to {target}")
    refusal = reject(passed_on(event.status) if isinstance(event, Failed) else _STATUS[outcome])
    why = f"{happened}, and {outcome!r} names no other node: {refusal.status} {refusal.reason}"
    return refusal, Reason(state.node, outcome, why)


def _no_such_node(name: NodeName) -> Reason:
    return Reason(name, "no such node", f"the plan has no node named {name!r}")


def passed_on(status: int) -> int:
    """What the caller gets for a callee's final status.

    A challenge (401, 407) was meant for us; redirections we do not follow; 503 would tell the caller that the whole
    server is overloaded (RFC 3261 16.7 step 6 turns it into 500). 6xx, and what the caller can act on, pass.
    """
    if status == 503:
        return 500
    passes = status in (404, 410, 413, 414, 415, 480, 484, 486, 488, 493, 500) or 600 <= status <= 699
    return status if passes else 480


def _in_words(event: Outcome, who: str) -> str:
    match event:
        case Unregistered():
            return f"no phone is registered for {who}"
        case Busy():
            return "busy"
        case NoAnswer():
            return "nobody answered"
        case Declined():
            return "declined"
        case Failed(status):
            return f"failed with {status}"
