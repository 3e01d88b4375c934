"""Opening hours as people write them, read once: "Mon-Fri 09:00-12:30, 13:30-17:30; Sat 22:00-02:00 Europe/London".

    hours  = "24/7" | "closed" | part { ";" part } [ zone ]
    part   = [ days ] range { "," range }          without days: every day
    days   = day | day "-" day { "," … }           "Fri-Mon" goes over the weekend
    range  = "09:00-17:30"                         from, inclusive, to, exclusive; "24:00" is the end of the day

A range that ends no later than it begins runs past midnight, and belongs to the day on which it begins. Knows no date
and no clock: `schedule.py` puts hours on a calendar.
"""

import re
from datetime import date
from functools import lru_cache

from msgspec import Struct

from pbx.routing.spelling import did_you_mean

DAY = 24 * 60  # minutes
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")  # as date.weekday() counts them
CLOSED = "closed"
ALWAYS = "24/7"
PARSED_MAX = 4096  # texts kept parsed; past that the one least used is parsed anew when it is asked for

_FULL_NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DAY_NUMBERS = {name: i for names in (map(str.lower, WEEKDAYS), _FULL_NAMES) for i, name in enumerate(names)}
_CLOCK = re.compile(r"([01]?[0-9]|2[0-4]):([0-5][0-9])")
_A_LEAP_YEAR = "2024"


class HoursMistake(Exception):
    """Text that says no hours: what was read, and what would do."""

    def __init__(self, read: str, remedy: str) -> None:
        super().__init__(f"{read} ({remedy})")
        self.read = read
        self.remedy = remedy


class Span(Struct, frozen=True):
    """Open from `start` up to `end`, in minutes of the clock since the midnight that the day begins with."""

    start: int
    end: int  # past DAY: into the day after
    said: str  # as it was written


class Hours(Struct, frozen=True):
    """A week's hours."""

    week: tuple[tuple[Span, ...], ...]  # Monday's first
    zone: str | None = None  # IANA name; None: the tenant's


@lru_cache(PARSED_MAX)
def parse_hours(text: str) -> Hours:
    """The hours of a week. Raises HoursMistake. Whether there is such a zone is not looked at."""
    parts = [part.split() for part in _tidied(text).split(";")]
    if parts == [[]]:
        raise HoursMistake("no hours", 'write some, as in "Mon-Fri 09:00-17:30", or "24/7"')
    whole = parts[0][0].lower() if parts[0] else ""  # of them all, where it stands for a week
    if whole in (ALWAYS, CLOSED):
        zone = _lone_zone(whole, parts)
        spans = (Span(0, DAY, ALWAYS),) if whole == ALWAYS else ()
        return Hours((spans,) * 7, zone)
    week: tuple[list[Span], ...] = tuple([] for _ in WEEKDAYS)
    zone = None
    for i, words in enumerate(parts):
        days, ranges, zone = _part(words, is_last=i == len(parts) - 1)
        for day in _days(days):
            week[day].extend(_spans(ranges, days))
    return Hours(tuple(map(tuple, week)), zone)


@lru_cache(PARSED_MAX)
def parse_day(text: str) -> tuple[Span, ...]:
    """The hours of one date: "closed", or ranges alone. Raises HoursMistake."""
    words = _tidied(text).split()
    if [word.lower() for word in words] == [CLOSED]:
        return ()
    if not words or not all(word[0].isdigit() for word in words) or ALWAYS in words:
        raise HoursMistake(f"no hours of a day: {text!r}", 'write "closed", or times alone, as in "09:00-12:00"')
    return _spans(",".join(words), "")


@lru_cache(PARSED_MAX)
def mistake_in_date(text: str) -> str | None:
    """What is wrong with a date, as a remedy; None: it is "2026-12-25", or "12-25" for every year."""
    whole = f"{_A_LEAP_YEAR}-{text}" if len(text) == len("12-25") else text
    try:
        is_date = date.fromisoformat(whole).isoformat() == whole
    except ValueError:
        is_date = False
    return None if is_date else 'write it as "2026-12-25", or "12-25" for every year'


def _tidied(text: str) -> str:
    return re.sub(r"\s*([-,])\s*", r"\1", text.replace("–", "-")).strip()


def _lone_zone(whole: str, parts: list[list[str]]) -> str | None:
    words = parts[0][1:]
    if len(parts) > 1 or len(words) > 1 or any(_is_days(word) or word[0].isdigit() for word in words):
        raise HoursMistake(f"{whole!r} beside other hours", "write it alone, or take it out")
    return words[0] if words else None


def _part(words: list[str], *, is_last: bool) -> tuple[str, str, str | None]:
    """Days, ranges and zone of what stands between two semicolons, as texts."""
    if not words:
        raise HoursMistake("nothing beside a semicolon", "remove the semicolon")
    first = next((i for i, word in enumerate(words) if word[0].isdigit()), len(words))
    rest = next((i for i, word in enumerate(words) if i > first and not word[0].isdigit()), len(words))
    days, ranges, after = ",".join(words[:first]), ",".join(words[first:rest]), words[rest:]
    if not ranges:
        raise _no_times(words)
    if ALWAYS in words:
        raise HoursMistake(f"{ALWAYS!r} beside other hours", "write it alone, or 00:00-24:00 after the days")
    if after and _is_days(after[0]):
        raise HoursMistake(f"{after[0]!r} after times", "write days before their times, and ; before further days")
    if len(after) > 1 or (after and not is_last):
        raise HoursMistake(f"{after[0]!r} in the middle", "write one time zone, after everything else")
    return days, ranges, after[0] if after else None


def _no_times(words: list[str]) -> HoursMistake:
    if words[-1].lower() == CLOSED:
        return HoursMistake(repr(" ".join(words)), "leave it out: a day that is not named is closed")
    _days(words[0])  # "Mun" is the nearer mistake
    return HoursMistake(f"no times after {' '.join(words)!r}", "write some, as in Mon-Fri 09:00-17:30")


def _is_days(word: str) -> bool:
    return all(name.lower() in _DAY_NUMBERS for name in re.split("[-,]", word))


def _days(text: str) -> list[int]:
    """Numbers of the days, in order and each once; all of them for ""."""
    if not text:
        return list(range(7))
    found: set[int] = set()
    for item in text.split(","):
        first, dash, last = item.partition("-")
        start = _day(first)
        length = (_day(last) - start) % 7 if dash else 0
        found.update((start + i) % 7 for i in range(length + 1))
    return sorted(found)


def _day(name: str) -> int:
    number = _DAY_NUMBERS.get(name.lower())
    if number is None:
        raise HoursMistake(f"no day named {name!r}", did_you_mean(name, WEEKDAYS))
    return number


def _spans(ranges: str, days: str) -> tuple[Span, ...]:
    return tuple(_span(text, f"{days} {text}".strip()) for text in ranges.split(","))


def _span(text: str, said: str) -> Span:
    first, dash, last = text.partition("-")
    if not dash:
        raise HoursMistake(f"no range of times: {text!r}", "write from and to, as in 09:00-17:30")
    start, end = _minutes(first), _minutes(last)
    if start == DAY:
        raise HoursMistake(f"a range that begins at the day's end: {text!r}", "begin it at 00:00")
    if start == end:
        raise HoursMistake(f"a range that ends where it begins: {text!r}", "write 00:00-24:00 for a whole day")
    return Span(start, end if end > start else end + DAY, said)


def _minutes(text: str) -> int:
    clock = _CLOCK.fullmatch(text)
    minutes = int(clock[1]) * 60 + int(clock[2]) if clock else DAY + 1
    if minutes > DAY:
        raise HoursMistake(f"no time of day: {text!r}", "write it as 09:00, from 00:00 to 24:00")
    return minutes
