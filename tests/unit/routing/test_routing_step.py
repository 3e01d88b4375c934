import json
from dataclasses import dataclass

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbx.routing.plan import EchoNode, ExtensionNode, Plan, RejectNode, RingNode
from pbx.routing.step import (
    STEPS_MAX,
    Action,
    Answered,
    Busy,
    Connect,
    Declined,
    Event,
    Facts,
    Failed,
    Finished,
    HangUp,
    NoAnswer,
    OutOfOrder,
    Reason,
    Reject,
    Ring,
    RouteState,
    RunApp,
    Start,
    Unregistered,
    passed_on,
    step,
)

PLAN = Plan(
    numbers={"1xx": "extension", "600": "echo", "200": "desk", "201": "team", "666": "no-thanks", "999": "gone"},
    nodes={
        "desk": RingNode(who=("101",), ring_s=15, busy="team", no_answer="team", unregistered="team", failed="team"),
        "team": RingNode(who=("101", "102"), declined="no-thanks"),
        "no-thanks": RejectNode(status=403, reason="Not Today"),
    },
    extensions={"101": None, "102": 12},
)


@dataclass
class Route:
    """A call on its way through PLAN."""

    to: str
    registered: frozenset[str] | None = None
    plan: Plan = PLAN

    def __post_init__(self) -> None:
        self.facts = Facts("101", self.to, registered=self.registered)
        self.state = RouteState()
        self.reasons: list[Reason] = []

    def meet(self, event: Event) -> Action:
        self.state, action, reasons = step(self.plan, self.state, self.facts, event)
        self.reasons += reasons
        return action

    def start(self) -> Action:
        return self.meet(Start(self.to))


def test_an_extension_rings_for_its_own_time_or_the_plans() -> None:
    assert Route("101").start() == Ring(("101",), 30)
    assert Route("102").start() == Ring(("102",), 12)


def test_a_nodes_time_comes_before_the_extensions() -> None:
    plan = Plan(numbers={"102": "quick"}, nodes={"quick": ExtensionNode(ring_s=5)}, extensions={"102": 12})
    assert Route("102", plan=plan).start() == Ring(("102",), 5)


def test_a_call_that_is_answered_connects_and_hangs_up_when_it_is_over() -> None:
    route = Route("101")
    route.start()
    assert route.meet(Answered()) == Connect()
    assert route.meet(Finished()) == HangUp()
    assert [(r.node, r.outcome) for r in route.reasons] == [
        ("numbers", "extension"),
        ("extension", "unknown"),
        ("extension", "answered"),
        ("extension", "finished"),
    ]


def test_an_unknown_number_is_404() -> None:
    route = Route("31337")
    assert route.start() == Reject(404, "Not Found")
    assert route.reasons == [Reason("numbers", "unknown number", "no number or pattern matches '31337'")]


def test_a_number_that_is_no_extension_is_404_at_an_extension_node() -> None:
    route = Route("177")
    assert route.start() == Reject(404, "Not Found")
    assert route.reasons[-1].outcome == "unknown extension"


@pytest.mark.parametrize(
    ("event", "refusal"),
    [
        (Unregistered(), Reject(480, "Temporarily Unavailable")),
        (NoAnswer(), Reject(480, "Temporarily Unavailable")),
        (Busy(), Reject(486, "Busy Here")),
        (Declined(), Reject(603, "Decline")),
        (Failed(404), Reject(404, "Not Found")),
        (Failed(488), Reject(488, "Not Acceptable Here")),
    ],
)
def test_an_outcome_that_names_no_node_refuses_with_its_status(event: Event, refusal: Reject) -> None:
    route = Route("101")
    route.start()
    assert route.meet(event) == refusal
    assert route.state.done


@pytest.mark.parametrize("event", [Unregistered(), NoAnswer(), Busy(), Failed(500)])
def test_an_outcome_that_names_a_node_goes_on_there(event: Event) -> None:
    route = Route("200")
    assert route.start() == Ring(("101",), 15)
    assert route.meet(event) == Ring(("101", "102"), 30)
    assert route.meet(Declined()) == Reject(403, "Not Today")


def test_nobody_is_rung_without_a_phone() -> None:
    assert Route("201", registered=frozenset({"102"})).start() == Ring(("102",), 30)
    assert Route("101", registered=frozenset({"102"})).start() == Reject(480, "Temporarily Unavailable")


def test_an_unregistered_phone_leads_on_without_ringing() -> None:
    route = Route("200", registered=frozenset({"102"}))
    assert route.start() == Ring(("102",), 30)
    assert [(r.node, r.outcome) for r in route.reasons] == [
        ("numbers", "desk"),
        ("desk", "unregistered"),
        ("team", "ring"),
    ]
    assert "no phone registered: 101" in route.reasons[-1].reason


def test_a_registration_that_is_not_recorded_is_unknown_and_rung() -> None:
    route = Route("101")
    route.start()
    assert route.reasons[-1].outcome == "unknown"
    assert "not recorded" in route.reasons[-1].reason


def test_echo_is_an_application() -> None:
    assert Route("600").start() == RunApp("echo")


def test_a_plan_without_the_node_it_names_refuses_and_says_so() -> None:
    route = Route("999")
    assert route.start() == Reject(500, "Server Internal Error")
    assert route.reasons[-1].reason == "the plan has no node named 'gone'"


def test_a_newer_plan_that_lost_the_calls_node_refuses() -> None:
    route = Route("200")
    route.start()
    route.plan = Plan()
    assert route.meet(Busy()) == Reject(500, "Server Internal Error")


@pytest.mark.parametrize("edge", ["unregistered", "busy"])
def test_a_plan_that_turns_in_a_circle_is_stopped(edge: str) -> None:
    around = RingNode(who=("101",), unregistered="a", busy="a")
    plan = Plan(numbers={"1": "a"}, nodes={"a": around}, extensions={"101": None})
    route = Route("1", frozenset() if edge == "unregistered" else None, plan)
    action = route.start()
    rung = 0
    while isinstance(action, Ring):
        rung += 1
        action = route.meet(Busy())
    assert action == Reject(482, "Loop Detected")
    assert rung == (STEPS_MAX if edge == "busy" else 0)


@pytest.mark.parametrize(
    "events",
    [
        [Busy()],  # before Start
        [Finished()],
        [Start("101"), Start("101")],
        [Start("600"), Busy()],  # echo rings nobody
        [Start("101"), Answered(), Busy()],
        [Start("101"), Answered(), Answered()],
        [Start("31337"), Finished()],  # refused already
        [Start("101"), Finished(), Finished()],
    ],
)
def test_an_event_that_does_not_belong_there_is_the_callers_fault(events: list[Event]) -> None:
    route = Route("101")
    for event in events[:-1]:
        route.meet(event)
    with pytest.raises(OutOfOrder):
        route.meet(events[-1])


def test_a_plans_own_node_comes_before_the_built_in_one() -> None:
    plan = Plan(numbers={"1": "extension"}, nodes={"extension": EchoNode()})
    assert Route("1", plan=plan).start() == RunApp("echo")


@pytest.mark.parametrize(
    ("status", "passed"),
    [(486, 486), (603, 603), (606, 606), (488, 488), (503, 500), (401, 480), (302, 480), (408, 480)],
)
def test_only_what_the_caller_can_act_on_is_passed_on(status: int, passed: int) -> None:
    assert passed_on(status) == passed


EVENTS = st.one_of(
    st.sampled_from([Unregistered(), Busy(), NoAnswer(), Declined(), Answered(), Finished()]),
    st.builds(Failed, st.integers(300, 699)),
)
NAMES = st.sampled_from(["a", "b", "c", "extension", "echo", "nowhere"])
EDGE = st.none() | NAMES
NODES = st.one_of(
    st.builds(ExtensionNode, unregistered=EDGE, busy=EDGE, no_answer=EDGE, declined=EDGE, failed=EDGE),
    st.builds(
        RingNode,
        who=st.lists(st.sampled_from(["1", "2", "3"]), min_size=1, max_size=3).map(tuple),
        unregistered=EDGE,
        busy=EDGE,
        no_answer=EDGE,
    ),
    st.just(EchoNode()),
    st.just(RejectNode()),
)
PLANS = st.builds(
    Plan,
    numbers=st.dictionaries(st.sampled_from(["1", "2", "x", "1*"]), NAMES),
    nodes=st.dictionaries(st.sampled_from(["a", "b", "c"]), NODES),
    extensions=st.dictionaries(st.sampled_from(["1", "2"]), st.none() | st.integers(1, 60)),
)


@given(
    PLANS, st.sampled_from(["1", "2", "12", "x"]), st.none() | st.frozensets(st.sampled_from("123")), st.lists(EVENTS)
)
def test_any_plan_and_any_answers_end_with_reasons_and_are_decided_alike_after_a_restore(
    plan: Plan, to: str, registered: frozenset[str] | None, events: list[Event]
) -> None:
    facts = Facts("9", to, registered=registered)
    state = RouteState()
    plan_again = msgspec.json.decode(msgspec.json.encode(plan), type=Plan)
    facts_again = msgspec.json.decode(msgspec.json.encode(facts), type=Facts)
    for event in [Start(to), *events]:
        state_again = msgspec.convert(json.loads(msgspec.json.encode(state)), RouteState)
        try:
            decided = step(plan, state, facts, event)
        except OutOfOrder:
            with pytest.raises(OutOfOrder):
                step(plan_again, state_again, facts_again, event)
            continue
        assert decided == step(plan_again, state_again, facts_again, event)
        state, action, reasons = decided
        assert reasons
        assert all(r.node and r.outcome and r.reason for r in reasons)
        assert state.steps <= STEPS_MAX
        assert state.done == isinstance(action, Reject | HangUp)
