import pytest

from pbx.routing.explain import explain, in_words
from pbx.routing.plan import CallToTry, Plan, PlanTest, RingNode
from pbx.routing.step import Answered, Busy, Connect, Facts, Failed, Finished, HangUp, NoAnswer, Reject, Ring, RunApp
from pbx.routing.trial import missed, moment, outcome

PLAN = Plan(
    numbers={"1xx": "extension", "200": "desk", "600": "echo"},
    nodes={"desk": RingNode(who=("101",), no_answer="second"), "second": RingNode(who=("102",))},
    extensions={"101": None, "102": None},
)


def test_a_route_stops_where_the_facts_end() -> None:
    route = explain(PLAN, Facts("101", "102"))
    assert [(s.node, s.outcome) for s in route.steps] == [("numbers", "extension"), ("extension", "unknown")]
    assert route.result == Ring(("102",), 30)


def test_recorded_outcomes_carry_it_on() -> None:
    facts = Facts("9", "200", registered=frozenset({"101", "102"}))
    route = explain(PLAN, facts, [NoAnswer(), Busy()])
    assert [(s.node, s.outcome) for s in route.steps] == [
        ("numbers", "desk"),
        ("desk", "ring"),
        ("desk", "no_answer"),
        ("second", "ring"),
        ("second", "busy"),
    ]
    assert route.result == Reject(486, "Busy Here")


def test_a_replay_that_runs_out_of_outcomes_says_unknown() -> None:
    route = explain(PLAN, Facts("9", "200", registered=frozenset({"101", "102"})), [NoAnswer()])
    assert route.steps[-1].outcome == "unknown"
    assert route.result == Ring(("102",), 30)


def test_outcomes_that_no_ringing_asked_for_are_counted() -> None:
    assert explain(PLAN, Facts("9", "600"), [Busy()]).unused == 1
    assert explain(PLAN, Facts("9", "101"), [Answered(), Busy()]).unused == 1


@pytest.mark.parametrize(
    ("action", "words"),
    [
        (Ring(("101", "102"), 30), "ring 101, 102 for 30 s"),
        (RunApp("echo"), "run echo"),
        (Reject(404, "Not Found"), "reject 404 Not Found"),
        (HangUp(), "hang up"),
        (Connect(), "connect"),
    ],
)
def test_actions_have_words(action: Ring, words: str) -> None:
    assert in_words(action) == words


def a_test(*expect: str, to: str = "200", outcomes: tuple[str, ...] = (), at: str = "") -> PlanTest:
    return PlanTest(call=CallToTry("9", to, at, ("101", "102"), outcomes), expect=expect)


@pytest.mark.parametrize(
    "test",
    [
        a_test("desk"),
        a_test("desk: ring", "ring 101"),
        a_test("desk: no_answer", "second", "reject 486", outcomes=("no_answer", "busy")),
        a_test("reject 603", to="101", outcomes=("declined",), at="2026-11-28T19:00"),
    ],
)
def test_a_plans_test_holds_where_its_steps_come_in_order(test: PlanTest) -> None:
    assert missed(PLAN, test, "Europe/London") is None


@pytest.mark.parametrize("test", [a_test("second"), a_test("ring 101", "desk"), a_test("des"), a_test("hang up")])
def test_a_plans_test_that_fails_says_how_the_call_goes(test: PlanTest) -> None:
    said = missed(PLAN, test, "Europe/London")
    assert said is not None
    assert "numbers: desk; desk: ring; ring 101 for 30 s" in said


def test_a_time_without_an_offset_is_the_tenants() -> None:
    assert moment("2026-07-01T12:00", "Europe/London") == moment("2026-07-01T11:00+00:00", "Asia/Tokyo")


@pytest.mark.parametrize("text", ["", "noon", "2026-13-01T00:00"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        moment(text, "UTC")


def test_outcomes_have_names() -> None:
    assert outcome("no_answer") == NoAnswer()
    assert outcome("503") == Failed(503)
    for wrong in ("finished", "²", ""):
        with pytest.raises(ValueError, match="no outcome named"):
            outcome(wrong)
    assert Finished() not in [outcome("busy")]
