"""Schedules against a naive model of the wall clock, at every minute of a year, and in words."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pbx.routing.hours import WEEKDAYS, Span
from pbx.routing.plan import Plan, ScheduleNode
from pbx.routing.schedule import LOOK_AHEAD_S, Schedule, Verdict, judge
from pbx.routing.step import Facts, Reason, RouteState, RunApp, Start, step
from pbx.routing.trial import moment

OFFICE = "Mon-Fri 09:00-17:30"


def node(hours: str = OFFICE, *, holiday: str | None = None, **dates: str) -> ScheduleNode:
    """A schedule; dates as `d2026_12_25="closed"`."""
    written = {day[1:].replace("_", "-"): text for day, text in dates.items()}
    return ScheduleNode(hours=hours, dates=written, open="echo", closed="reject", holiday=holiday)


def said(at: str, schedule: ScheduleNode, zone: str = "Europe/London") -> tuple[str, str]:
    verdict = judge(schedule, moment(at, zone), zone)
    return verdict.outcome, verdict.reason


@pytest.mark.parametrize(
    ("at", "outcome", "reason"),
    [
        ("2026-11-24T09:00", "open", "Tue 09:00 is within Mon-Fri 09:00-17:30; closes 17:30"),
        ("2026-11-24T17:29:59", "open", "Tue 17:29 is within Mon-Fri 09:00-17:30; closes 17:30"),
        ("2026-11-24T17:30", "closed", "Tue 17:30 is outside the hours; opens Wed 09:00"),
        ("2026-11-24T08:59", "closed", "Tue 08:59 is outside the hours; opens 09:00"),
        ("2026-11-28T19:00", "closed", "Sat 19:00 is outside the hours; opens Mon 09:00"),
    ],
)
def test_a_verdict_says_why_and_until_when(at: str, outcome: str, reason: str) -> None:
    assert said(at, node()) == (outcome, reason)


def test_a_range_past_midnight_belongs_to_the_day_it_begins_on() -> None:
    bar = node("Fri 22:00-02:00")
    assert said("2026-11-28T01:59", bar) == ("open", "Sat 01:59 is within Fri 22:00-02:00; closes 02:00")
    assert said("2026-11-28T02:00", bar)[0] == "closed"
    assert said("2026-11-27T01:00", bar)[0] == "closed"  # Friday, but Thursday's night


def test_ranges_that_touch_are_one_opening() -> None:
    assert said("2026-11-24T09:30", node("Tue 09:00-10:00, 10:00-11:00"))[1].endswith("closes 11:00")
    assert said("2026-11-27T23:00", node("Fri 22:00-24:00; Sat 00:00-03:00"))[1].endswith("closes Sat 03:00")


def test_a_closed_date_is_a_holiday_where_the_node_tells_them_apart() -> None:
    reason = "Fri 2026-12-25 10:00 is on a date listed as closed; opens Mon 09:00"
    assert said("2026-12-25T10:00", node(d2026_12_25="closed")) == ("closed", reason)
    assert said("2026-12-25T10:00", node(d2026_12_25="closed", holiday="echo")) == ("holiday", reason)


def test_a_date_has_hours_of_its_own() -> None:
    eve = node(d2026_12_24="10:00-12:00", holiday="echo")
    assert said("2026-12-24T11:00", eve) == ("open", "Thu 2026-12-24 11:00 is within 10:00-12:00; closes 12:00")
    assert said("2026-12-24T09:30", eve) == (
        "closed",
        "Thu 2026-12-24 09:30 is outside the hours of that date, 10:00-12:00; opens 10:00",
    )


def test_a_date_without_a_year_is_every_years_and_one_with_a_year_comes_first() -> None:
    xmas = node("09:00-17:30", d12_25="closed", d2027_12_25="09:00-10:00")
    assert [said(f"{year}-12-25T09:30", xmas)[0] for year in (2025, 2026, 2027, 2028)] == [
        "closed",
        "closed",
        "open",
        "closed",
    ]


def test_what_began_the_evening_before_a_date_runs_on() -> None:
    bar = node("22:00-02:00", d2026_12_25="closed")
    assert said("2026-12-25T01:00", bar) == ("open", "Fri 2026-12-25 01:00 is within 22:00-02:00; closes 02:00")
    assert said("2026-12-25T23:00", bar)[1].endswith("opens Sat 22:00")
    assert said("2026-12-26T01:00", bar)[0] == "closed"


def test_a_change_a_week_off_or_more_has_its_date() -> None:
    weeks = {f"d2026_12_{day}": "closed" for day in range(21, 32)}
    assert said("2026-12-19T12:00", node(**weeks))[1].endswith("opens Fri 2027-01-01 09:00")


def test_a_schedule_that_never_changes_says_no_time() -> None:
    assert said("2026-11-24T12:00", node("24/7")) == ("open", "Tue 12:00 is within 24/7")
    assert said("2026-11-24T12:00", node("closed")) == ("closed", "Tue 12:00 is outside the hours")


def test_a_date_far_ahead_is_the_next_change_of_what_is_always_open() -> None:
    assert said("2026-01-05T12:00", node("24/7", d12_25="closed"))[1].endswith("closes Fri 2026-12-25 00:00")
    assert said("2026-01-05T12:00", node("24/7", d01_02="closed"))[1].endswith("closes Sat 2027-01-02 00:00")
    assert said("2026-01-05T12:00", node("24/7", d2028_12_25="closed"))[1] == "Mon 12:00 is within 24/7"
    assert said("2026-01-05T12:00", node("24/7", d12_25="00:00-24:00"))[1] == "Mon 12:00 is within 24/7"


def test_the_nodes_own_zone_comes_before_the_tenants() -> None:
    tokyo = node("Mon-Fri 09:00-17:30 Asia/Tokyo")
    assert said("2026-11-24T01:00", tokyo) == (
        "open",
        "Tue 10:00 Asia/Tokyo is within Mon-Fri 09:00-17:30; closes 17:30",
    )
    assert judge(node(), moment("2026-11-24T10:00", "Asia/Tokyo"), "Asia/Tokyo").outcome == "open"


@pytest.mark.parametrize("at", [None, -1.0, 1e18, float("inf"), float("nan")])
def test_an_unknown_time_is_unknown(at: float | None) -> None:
    verdict = judge(node(), at, "UTC")
    assert verdict.outcome == "unknown"
    assert verdict.reason.endswith("which is taken as closed")


@pytest.mark.parametrize(
    ("schedule", "zone"),
    [
        (node("Mun 09:00-17:30"), "UTC"),
        (node(d2026_13_25="closed"), "UTC"),
        (node(d2026_12_25="noon"), "UTC"),
        (node("24/7 Europe/Londn"), "UTC"),
        (node(), "Europe"),
    ],
)
def test_hours_that_cannot_be_read_are_unknown(schedule: ScheduleNode, zone: str) -> None:
    verdict = judge(schedule, 0.0, zone)
    assert verdict.outcome == "unknown"
    assert verdict.reason.startswith("the hours cannot be read, no ")


def test_an_hour_that_the_clocks_skip_opens_right_after_it() -> None:
    night = node("Sun 01:30-05:00")  # London goes from 01:00 to 02:00 on 2026-03-29
    assert said("2026-03-29T00:59", night)[1] == "Sun 00:59 is outside the hours; opens 02:00"
    assert said("2026-03-29T02:00", night)[0] == "open"


def test_a_range_that_the_clocks_skip_whole_does_not_come() -> None:
    night = node("Sun 01:15-01:45")
    assert said("2026-03-29T00:30", night)[1].endswith("opens Sun 2026-04-05 01:15")


def test_an_hour_that_comes_twice_is_open_twice() -> None:
    night = node("Sun 01:30-05:00")  # London goes from 02:00 back to 01:00 on 2026-10-25
    schedule = Schedule(night, "Europe/London")
    first = moment("2026-10-25T01:30+01:00", "UTC")
    assert schedule.next_change(first - 60) == first
    assert schedule.next_change(first) == first + 1800  # 02:00 has become 01:00: not open yet
    assert schedule.next_change(first + 1800) == first + 3600
    assert schedule.next_change(first + 3600) == moment("2026-10-25T05:00", "Europe/London")


@dataclass
class Naive:
    """Opening hours as a list of (days, from, to), asked minute by minute with nothing but the wall clock."""

    zone: str
    ranges: list[tuple[frozenset[int], str, str]]
    dates: dict[str, list[tuple[str, str]]] = field(default_factory=dict)

    @property
    def node(self) -> ScheduleNode:
        parts = [f"{','.join(WEEKDAYS[d] for d in sorted(days))} {a}-{b}" for days, a, b in self.ranges]
        dates = {day: ", ".join(f"{a}-{b}" for a, b in hours) or "closed" for day, hours in self.dates.items()}
        return ScheduleNode(hours=f"{'; '.join(parts) or 'closed'} {self.zone}", dates=dates, open="a", closed="b")

    def begun_on(self, day: date) -> Iterator[tuple[str, str]]:
        for key in (day.isoformat(), f"{day:%m-%d}"):
            if key in self.dates:
                yield from self.dates[key]
                return
        yield from ((a, b) for days, a, b in self.ranges if day.weekday() in days)

    def is_open(self, at: float) -> bool:
        local = datetime.fromtimestamp(at, UTC).astimezone(ZoneInfo(self.zone))
        clock, day = f"{local:%H:%M}", local.date()
        today = any(a <= clock and (clock < b or b <= a) for a, b in self.begun_on(day))
        return today or any(b <= a and clock < b for a, b in self.begun_on(day - timedelta(1)))


WEEK = frozenset(range(7))
YEAR = range(1_767_225_600 - 86_400, 1_798_761_600 + 86_400, 60)  # 2026 in every zone
OF_A_YEAR = [
    Naive("Europe/London", [(frozenset(range(5)), "09:00", "17:30"), (frozenset({6}), "01:15", "01:45")]),
    Naive(
        "America/St_Johns",
        [(frozenset({5, 6}), "22:00", "02:30"), (frozenset({2}), "00:00", "24:00")],
        {"2026-12-25": [], "07-01": [("09:00", "12:00"), ("23:00", "01:00")], "2026-02-28": [("00:00", "24:00")]},
    ),
    Naive("Australia/Lord_Howe", [(WEEK, "01:45", "02:15")], {"10-04": [("01:50", "02:20")]}),
    Naive("America/Santiago", [(WEEK, "23:30", "00:30")], {"2026-04-04": [], "2026-09-06": [("00:10", "01:10")]}),
]


@pytest.mark.parametrize("naive", OF_A_YEAR, ids=[naive.zone for naive in OF_A_YEAR])
def test_every_minute_of_a_year_is_as_the_wall_clock_says(naive: Naive) -> None:
    schedule = Schedule(naive.node, "UTC")
    change = float(YEAR[0])
    was_open = not naive.is_open(YEAR[0])
    for at in YEAR:
        is_open = naive.is_open(at)
        assert (schedule.span_at(at) is not None) == is_open, schedule.local(at)
        if is_open != was_open:
            assert at == change, f"foretold {schedule.local(change)}, came {schedule.local(at)}"
            change, was_open = schedule.next_change(at) or 0.0, is_open
        assert at <= change


CLOCKS = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.sampled_from([0, 1, 15, 30, 59]))
RANGES = st.tuples(CLOCKS, CLOCKS | st.just("24:00")).filter(lambda ab: ab[0] != ab[1])
NEAR = [
    datetime(2026, *day, tzinfo=UTC) for day in ((3, 8), (3, 29), (4, 5), (6, 10), (10, 4), (10, 25), (11, 1), (12, 30))
]
DAYS = st.sampled_from(NEAR).flatmap(
    lambda at: st.integers(-1, 2).map(lambda n: (at + timedelta(n)).date().isoformat())
)
NAIVES = st.builds(
    Naive,
    st.sampled_from(
        ["UTC", "Europe/London", "America/New_York", "Australia/Lord_Howe", "America/Havana", "Asia/Kathmandu"]
    ),
    st.lists(st.tuples(st.frozensets(st.integers(0, 6), min_size=1), RANGES).map(lambda x: (x[0], *x[1])), max_size=4),
    st.dictionaries(DAYS | st.sampled_from(["12-31", "01-01", "03-29"]), st.lists(RANGES, max_size=2), max_size=4),
)
MOMENTS = st.builds(lambda day, s: day.timestamp() + s, st.sampled_from(NEAR), st.integers(-86_400, 2 * 86_400))


@settings(deadline=None, max_examples=60)
@given(NAIVES, MOMENTS)
@example(Naive("America/Havana", [(WEEK, "00:00", "00:30")]), datetime(2026, 11, 1, 4, tzinfo=UTC).timestamp())
def test_the_next_change_is_the_first_minute_that_differs(naive: Naive, at: float) -> None:
    schedule = Schedule(naive.node, "UTC")
    was_open = naive.is_open(at)
    assert (schedule.span_at(at) is not None) == was_open
    minutes = range(int(at // 60 + 1) * 60, int(at) + 3 * 86_400, 60)
    first = next((minute for minute in minutes if naive.is_open(minute) != was_open), None)
    change = schedule.next_change(at)
    if first is not None:
        assert change == first
    else:
        assert change is None or change > minutes[-1]
        assert change is None or naive.is_open(change) != naive.is_open(change - 60) == was_open


@settings(deadline=None)
@given(NAIVES, st.floats())
def test_any_time_is_judged(naive: Naive, at: float) -> None:
    assert isinstance(judge(naive.node, at, "UTC"), Verdict)


def test_a_look_ahead_passes_over_the_weeks_in_which_nothing_can_change() -> None:
    class Counting(Schedule):
        looks = 0

        def span_at(self, at: float) -> Span | None:
            self.looks += 1
            return super().span_at(at)

    schedule = Counting(node("24/7", d12_25="closed"), "UTC")
    assert schedule.next_change(moment("2026-01-05T12:00", "UTC")) == moment("2026-12-25T00:00", "UTC")
    assert schedule.looks < 30


def test_a_look_ahead_ends() -> None:
    always = node("24/7", **{f"d2026_01_{day:02}": "00:00-24:00" for day in range(1, 32)}, d02_29="closed")
    at = moment("2025-12-31T12:00", "UTC")
    assert Schedule(always, "UTC").next_change(at) is None
    assert LOOK_AHEAD_S > 366 * 86_400  # a date of every year is always within sight


PLAN = Plan(
    numbers={"200": "reception"},
    nodes={"reception": node(OFFICE + " Europe/London", d2026_12_25="closed", holiday="feast")},
)


@pytest.mark.parametrize(
    ("at", "outcome", "target"),
    [
        ("2026-11-24T12:00", "open", "echo"),
        ("2026-11-24T20:00", "closed", "reject"),
        ("2026-12-25T12:00", "holiday", "feast"),
        (None, "unknown", "reject"),
    ],
)
def test_a_call_goes_on_by_the_outcome(at: str | None, outcome: str, target: str) -> None:
    plan = Plan(PLAN.numbers, {**PLAN.nodes, "feast": node("24/7")})
    facts = Facts("101", "200", at=moment(at, "Europe/London") if at else None, time_zone="Europe/London")
    _, _, reasons = step(plan, RouteState(), facts, Start("200"))
    assert reasons[1].outcome == outcome
    assert reasons[1].reason.endswith(f": on to {target}")
    assert reasons[2].node == target


def test_a_schedule_takes_a_call_somewhere_at_once() -> None:
    facts = Facts("101", "200", at=moment("2026-11-24T12:00", "Europe/London"))
    state, action, reasons = step(PLAN, RouteState(), facts, Start("200"))
    assert (state.node, state.steps, action) == ("echo", 2, RunApp("echo"))
    assert reasons[1] == Reason(
        "reception",
        "open",
        "Tue 12:00 Europe/London is within Mon-Fri 09:00-17:30; closes 17:30: on to echo",
    )


def test_schedules_that_turn_in_a_circle_end_the_call() -> None:
    plan = Plan({"200": "a"}, {"a": ScheduleNode(hours="24/7", open="a", closed="a")})
    _, action, reasons = step(plan, RouteState(), Facts("101", "200", at=0.0), Start("200"))
    assert action.status == 482  # type: ignore[union-attr]
    assert reasons[-1].outcome == "loop"
