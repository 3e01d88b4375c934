from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbx.routing.hours import DAY, HoursMistake, Span, mistake_in_date, parse_day, parse_hours


def spans(text: str) -> list[tuple[int, int, int]]:
    """(weekday, start, end) of everything that a text opens, in minutes."""
    return [(day, s.start, s.end) for day, begun in enumerate(parse_hours(text).week) for s in begun]


def test_days_times_and_zone() -> None:
    hours = parse_hours("Mon-Fri 09:00-17:30 Europe/London")
    assert hours.zone == "Europe/London"
    assert hours.week[0] == (Span(540, 1050, "Mon-Fri 09:00-17:30"),)
    assert hours.week[5] == ()
    assert parse_hours("09:00-17:30").zone is None


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("Mon,Wed 09:00-10:00", [(0, 540, 600), (2, 540, 600)]),
        ("Mon 09:00-10:00; Tue 11:00-12:00", [(0, 540, 600), (1, 660, 720)]),
        ("Mon 09:00-10:00, 11:00-12:00", [(0, 540, 600), (0, 660, 720)]),
        ("Mon 9:00 – 10:00", [(0, 540, 600)]),
        ("Sun-Mon 09:00-10:00", [(0, 540, 600), (6, 540, 600)]),
        ("Sat, sunday 09:00-10:00", [(5, 540, 600), (6, 540, 600)]),
        ("Fri 22:00-02:00", [(4, 1320, DAY + 120)]),
        ("Fri 22:00-00:00", [(4, 1320, DAY)]),
        ("Fri 00:00-24:00", [(4, 0, DAY)]),
        ("08:00-09:00", [(day, 480, 540) for day in range(7)]),
        ("24/7", [(day, 0, DAY) for day in range(7)]),
        ("closed", []),
        ("closed Europe/London", []),
    ],
)
def test_every_way_to_write_hours(text: str, means: list[tuple[int, int, int]]) -> None:
    assert spans(text) == means


@pytest.mark.parametrize(
    ("text", "read", "remedy"),
    [
        ("", "no hours", 'write some, as in "Mon-Fri 09:00-17:30", or "24/7"'),
        ("Fir 09:00-17:30", "no day named 'Fir'", "did you mean 'Fri'?"),
        ("Mon-Fir", "no day named 'Fir'", "did you mean 'Fri'?"),
        ("Mon-Fri", "no times after 'Mon-Fri'", "write some, as in Mon-Fri 09:00-17:30"),
        ("Mon-Fri 09:00-17:30; Sun closed", "'Sun closed'", "leave it out: a day that is not named is closed"),
        ("Mon 9am-5pm", "no time of day: '9am'", "write it as 09:00, from 00:00 to 24:00"),
        ("Mon 09:00-25:00", "no time of day: '25:00'", "write it as 09:00, from 00:00 to 24:00"),
        ("Mon 09:00-24:01", "no time of day: '24:01'", "write it as 09:00, from 00:00 to 24:00"),
        ("Mon 09:00", "no range of times: '09:00'", "write from and to, as in 09:00-17:30"),
        ("Mon 24:00-09:00", "a range that begins at the day's end: '24:00-09:00'", "begin it at 00:00"),
        (
            "Mon 09:00-09:00",
            "a range that ends where it begins: '09:00-09:00'",
            "write 00:00-24:00 for a whole day",
        ),
        ("Mon 09:00-10:00;", "nothing beside a semicolon", "remove the semicolon"),
        ("24/7; Mon 09:00-10:00", "'24/7' beside other hours", "write it alone, or take it out"),
        ("closed 09:00-10:00", "'closed' beside other hours", "write it alone, or take it out"),
        ("Mon-Fri 24/7", "'24/7' beside other hours", "write it alone, or 00:00-24:00 after the days"),
        (
            "09:00-17:00 Mon-Fri",
            "'Mon-Fri' after times",
            "write days before their times, and ; before further days",
        ),
        (
            "Mon 09:00-17:00 Tue 09:00-12:00",
            "'Tue' after times",
            "write days before their times, and ; before further days",
        ),
        (
            "Mon 09:00-17:00 UTC; Tue 09:00-12:00",
            "'UTC' in the middle",
            "write one time zone, after everything else",
        ),
        ("Mon 09:00-17:00 UTC GMT", "'UTC' in the middle", "write one time zone, after everything else"),
    ],
)
def test_what_is_no_hours_is_said_with_a_remedy(text: str, read: str, remedy: str) -> None:
    with pytest.raises(HoursMistake) as caught:
        parse_hours(text)
    assert (caught.value.read, caught.value.remedy) == (read, remedy)


def test_the_hours_of_a_date_are_times_alone() -> None:
    assert parse_day("closed") == ()
    assert [(s.start, s.end) for s in parse_day("09:00-12:00, 22:00-01:00")] == [(540, 720), (1320, DAY + 60)]
    for text in ("", "Mon 09:00-12:00", "09:00-12:00 UTC", "24/7", "shut"):
        with pytest.raises(HoursMistake, match="no hours of a day"):
            parse_day(text)


@pytest.mark.parametrize("text", ["2026-12-25", "12-25", "02-29", "2024-02-29"])
def test_a_date_is_of_one_year_or_of_all(text: str) -> None:
    assert mistake_in_date(text) is None


@pytest.mark.parametrize(
    "text", ["", "25.12.2026", "2026-02-29", "13-01", "2026-1-1", "20261225", "2026-W52-5", "Xmas"]
)
def test_what_is_no_date_has_a_remedy(text: str) -> None:
    assert mistake_in_date(text) == 'write it as "2026-12-25", or "12-25" for every year'


WRITTEN = st.text("MonTueSat0123456789:-,;/ –closd", max_size=40) | st.text(max_size=20)


@given(WRITTEN)
def test_any_text_is_hours_or_a_mistake(text: str) -> None:
    for parse in (parse_hours, parse_day):
        with suppress(HoursMistake):
            parse(text)


@given(WRITTEN)
def test_any_text_is_a_date_or_has_a_remedy(text: str) -> None:
    assert mistake_in_date(text) is None or mistake_in_date(text)
