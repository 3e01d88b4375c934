"""A plan's own tests: calls with the steps that they must take. Walks the same function as live calls do."""

from datetime import datetime
from zoneinfo import ZoneInfo

from pbx.routing.explain import Explanation, explain, in_words
from pbx.routing.plan import Plan, PlanTest
from pbx.routing.step import Busy, Declined, Facts, Failed, Finished, NoAnswer, Outcome, Unregistered

PRESS = "press "

OUTCOMES: dict[str, Outcome | Finished] = {
    "unregistered": Unregistered(),
    "busy": Busy(),
    "no_answer": NoAnswer(),
    "declined": Declined(),
    "failed": Failed(500),
    "timeout": Finished("timeout"),
    "invalid": Finished("invalid"),
    "done": Finished(),
    "full": Finished("full"),
    "next": Finished("next"),
}


def moment(text: str, time_zone: str) -> float:
    """Unix seconds of an ISO 8601 time; one without an offset is the tenant's local time. Raises ValueError."""
    at = datetime.fromisoformat(text)
    return (at if at.tzinfo is not None else at.replace(tzinfo=ZoneInfo(time_zone))).timestamp()


def outcome(name: str) -> Outcome | Finished:
    """What the world answers: "busy", "no_answer" … or a SIP status to a ringing, "press 1" or "timeout" to a menu.

    Raises ValueError for any other.
    """
    if name.startswith(PRESS) and name != PRESS:
        return Finished(name.removeprefix(PRESS))
    if name.isascii() and name.isdigit():
        return Failed(int(name))
    if name not in OUTCOMES:
        raise ValueError(f"no outcome named {name!r}")
    return OUTCOMES[name]


def missed(plan: Plan, test: PlanTest, time_zone: str) -> str | None:
    """The first expectation that the route does not meet, in words; None: the test holds."""
    call = test.call
    facts = Facts(
        from_number=call.from_number,
        to_number=call.to_number,
        at=moment(call.at, time_zone) if call.at else None,
        time_zone=time_zone,
        registered=None if call.registered is None else frozenset(call.registered),
    )
    way = lines(explain(plan, facts, [outcome(name) for name in call.outcomes]))
    left = iter(way)
    for expected in test.expect:
        if not any(_meets(line, expected) for line in left):
            return f"expected {expected!r}, but the call goes: {'; '.join(way)}"
    return None


def lines(explanation: Explanation) -> list[str]:
    """A route as `expect` writes it: "node: outcome" for each step, and what the call was left with."""
    return [*(f"{step.node}: {step.outcome}" for step in explanation.steps), in_words(explanation.result)]


def _meets(line: str, expected: str) -> bool:
    # "reception" is met by "reception: closed", "reject" by "reject 404 Not Found": said less, meant the same.
    return line == expected or line.startswith((f"{expected}: ", f"{expected} "))
