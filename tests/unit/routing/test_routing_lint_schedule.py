"""What is said of schedules; how each mistake reads in a file is in test_config_mistakes.py."""

import pytest

from pbx.routing.finding import Finding
from pbx.routing.lint import lint
from pbx.routing.plan import Plan, RejectNode, ScheduleNode

OFFICE = "Mon-Fri 09:00-17:30"


def found(
    hours: str, dates: dict[str, str] | None = None, *, open: str = "echo", holiday: str | None = None
) -> list[Finding]:
    """What lint says of a plan with one schedule that leads to `echo` or to `night`."""
    day = ScheduleNode(hours=hours, dates=dates or {}, open=open, closed="night", holiday=holiday)
    return lint(Plan(numbers={"200": "day"}, nodes={"day": day, "night": RejectNode()}))


def advice(*keys: str, read: str, remedy: str) -> list[Finding]:
    return [Finding(("nodes", "day", *keys), read, remedy, is_advice=True)]


@pytest.mark.parametrize(
    ("hours", "dates"),
    [
        (OFFICE, {}),
        ("Mon-Fri 09:00-12:00, 12:00-17:30; Sat 10:00-12:00 Europe/London", {"2026-12-25": "closed"}),
        ("22:00-06:00", {"12-25": "closed"}),
        ("24/7", {"12-25": "closed"}),
        ("Mon-Sat 00:00-23:59; Sun 00:00-24:00", {}),
        ("24/7", {"12-24": "00:00-12:00"}),
        ("closed", {"2026-12-25": "09:00-12:00"}),
        ("Mon 09:00-12:00; Sun 22:00-09:00", {}),
    ],
)
def test_a_sound_schedule_has_nothing_to_say(hours: str, dates: dict[str, str]) -> None:
    assert found(hours, dates) == []


@pytest.mark.parametrize(
    ("hours", "what"),
    [
        ("Mon-Fri 09:00-17:30; Fri 16:00-20:00", "'Mon-Fri 09:00-17:30' and 'Fri 16:00-20:00' overlap on Fri at 16:00"),
        ("Mon-Tue 22:00-06:00; Tue 05:00-09:00", "'Mon-Tue 22:00-06:00' and 'Tue 05:00-09:00' overlap on Tue at 05:00"),
        ("Sun 22:00-06:00; Mon 05:00-09:00", "'Sun 22:00-06:00' and 'Mon 05:00-09:00' overlap on Mon at 05:00"),
        ("Mon 08:00-12:00; Mon-Sun 09:00-10:00", "'Mon 08:00-12:00' and 'Mon-Sun 09:00-10:00' overlap on Mon at 09:00"),
    ],
)
def test_ranges_that_overlap_are_advice_said_once(hours: str, what: str) -> None:
    assert found(hours) == advice("hours", read=what, remedy="join them")


def test_a_long_range_overlaps_all_that_lie_in_it() -> None:
    assert [f.read.split(" and ")[1] for f in found("Mon 08:00-18:00; Mon 09:00-10:00; Mon 11:00-12:00")] == [
        "'Mon 09:00-10:00' overlap on Mon at 09:00",
        "'Mon 11:00-12:00' overlap on Mon at 11:00",
    ]


def test_a_dates_ranges_that_overlap_are_advice() -> None:
    assert found(OFFICE, {"12-24": "10:00-12:00, 09:00-11:00"}) == advice(
        "dates", "12-24", read="'09:00-11:00' and '10:00-12:00' overlap", remedy="join them"
    )


def test_never_open_is_advice() -> None:
    for dates in ({}, {"12-25": "closed"}):
        assert found("closed", dates) == advice(
            "hours", read="never open", remedy="lead to 'night' directly, or name the hours"
        )


@pytest.mark.parametrize(
    ("hours", "dates"),
    [
        ("24/7", {}),
        ("00:00-24:00", {"12-25": "00:00-24:00"}),
        ("Mon-Sun 00:00-12:00; Mon-Sun 12:00-00:00", {}),
    ],
)
def test_never_closed_is_advice(hours: str, dates: dict[str, str]) -> None:
    assert found(hours, dates) == advice(
        "hours", read="never closed", remedy="lead to 'echo' directly, or name the hours"
    )


def test_a_schedule_that_leads_to_one_node_only_decides_nothing() -> None:
    assert found(OFFICE, open="night") == advice(
        read="leads to 'night' whatever the time", remedy="lead to 'night' directly"
    )


def test_a_holiday_that_never_comes_is_advice() -> None:
    remedy = 'add the dates that are holidays, as in dates."12-25" = "closed"'
    for dates in ({}, {"12-24": "09:00-12:00"}):
        assert found(OFFICE, dates, holiday="echo") == advice(
            "holiday", read="no date is closed, so that this is never taken", remedy=remedy
        )
    assert found(OFFICE, {"12-25": "closed"}, holiday="echo") == []


def test_a_closed_date_that_the_evening_before_runs_into_is_advice() -> None:
    assert found("Thu 22:00-02:00", {"2026-12-25": "closed", "2026-12-26": "closed"}) == advice(
        "dates",
        "2026-12-25",
        read="closed, and yet open until 02:00: 'Thu 22:00-02:00' has begun the evening before",
        remedy='add "2026-12-24" = "22:00-24:00" if that is not meant',
    )
    assert found("Thu 22:00-02:00", {"2026-12-24": "22:00-24:00", "2026-12-25": "closed"}) == []


def test_mistakes_in_hours_and_dates_are_said_together_and_without_advice() -> None:
    dates = {"2026-12-25": "noon", "Xmas": "closed"}
    assert [(f.path[2:], f.read, f.is_advice) for f in found("Mon 9-5", dates, holiday="echo")] == [
        (("hours",), "no time of day: '9'", False),
        (("dates", "2026-12-25"), "no hours of a day: 'noon'", False),
        (("dates", "Xmas"), "no date: 'Xmas'", False),
    ]
