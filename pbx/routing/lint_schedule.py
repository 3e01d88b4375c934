"""What is wrong with a plan's schedules: hours that cannot be read, and hours that somebody can hardly have meant."""

from collections.abc import Iterator
from datetime import date, timedelta

from pbx.routing.finding import Finding
from pbx.routing.hours import (
    CLOSED,
    DAY,
    WEEKDAYS,
    Hours,
    HoursMistake,
    Span,
    mistake_in_date,
    parse_day,
    parse_hours,
)
from pbx.routing.plan import Plan, ScheduleNode
from pbx.routing.time_zone import UnknownTimeZone, time_zone

WEEK = 7 * DAY  # minutes
Path = tuple[str | int, ...]


def findings(plan: Plan) -> Iterator[Finding]:
    """Mistakes and advice, node by node; advice only on schedules without a mistake."""
    for name, node in plan.nodes.items():
        if not isinstance(node, ScheduleNode):
            continue
        path: Path = ("nodes", name)
        mistakes = [*_bad_hours(path, node), *_bad_dates(path, node)]
        yield from mistakes
        if not mistakes:
            hours = parse_hours(node.hours)
            dates = {day: parse_day(text) for day, text in node.dates.items()}
            yield from _overlapping(path, hours, dates)
            yield from _running_into(path, hours, dates)
            yield from _never_taken(path, node, hours, dates)


def _bad_hours(path: Path, node: ScheduleNode) -> Iterator[Finding]:
    try:
        zone = parse_hours(node.hours).zone
        if zone is not None:
            time_zone(zone)
    except (HoursMistake, UnknownTimeZone) as mistake:
        yield Finding((*path, "hours"), mistake.read, mistake.remedy)


def _bad_dates(path: Path, node: ScheduleNode) -> Iterator[Finding]:
    for day, text in node.dates.items():
        where = (*path, "dates", day)
        remedy = mistake_in_date(day)
        if remedy is not None:
            yield Finding(where, f"no date: {day!r}", remedy)
        try:
            parse_day(text)
        except HoursMistake as mistake:
            yield Finding(where, mistake.read, mistake.remedy)


def _overlapping(path: Path, hours: Hours, dates: dict[str, tuple[Span, ...]]) -> Iterator[Finding]:
    week = _on_a_line(hours)
    around = [*week, *((start + WEEK, end + WEEK, span) for start, end, span in week[:1])]  # Sunday night
    said: set[frozenset[str]] = set()
    for one, other, start in _pairs_that_overlap(around):
        both = frozenset((one.said, other.said))
        if both not in said:
            said.add(both)
            when = f"on {WEEKDAYS[start // DAY % 7]} at {_clock(start)}"
            yield _advice((*path, "hours"), f"{one.said!r} and {other.said!r} overlap {when}", "join them")
    for day, spans in dates.items():
        line = sorted(((span.start, span.end, span) for span in spans), key=lambda item: item[:2])
        for one, other, _ in _pairs_that_overlap(line):
            yield _advice((*path, "dates", day), f"{one.said!r} and {other.said!r} overlap", "join them")


def _pairs_that_overlap(line: list[tuple[int, int, Span]]) -> Iterator[tuple[Span, Span, int]]:
    """Each span that begins before an earlier one has ended, with the one that lasts longest, and where it begins."""
    reached, longest = 0, None
    for start, end, span in line:
        if longest is not None and start < reached:
            yield longest, span, start
        if end > reached:
            reached, longest = end, span


def _running_into(path: Path, hours: Hours, dates: dict[str, tuple[Span, ...]]) -> Iterator[Finding]:
    for day, spans in dates.items():
        if spans or len(day) == len("12-25"):  # with every year the weekday is another
            continue
        before = date.fromisoformat(day) - timedelta(1)
        eve = dates.get(before.isoformat(), dates.get(before.isoformat()[5:], hours.week[before.weekday()]))
        for span in eve:
            if span.end > DAY:
                until, ends_then = _clock(span.end), f"{_clock(span.start)}-24:00"
                yield _advice(
                    (*path, "dates", day),
                    f"closed, and yet open until {until}: {span.said!r} has begun the evening before",
                    f'add "{before}" = "{ends_then}" if that is not meant',
                )


def _never_taken(path: Path, node: ScheduleNode, hours: Hours, dates: dict[str, tuple[Span, ...]]) -> Iterator[Finding]:
    if not any(hours.week) and not any(dates.values()):
        yield _advice((*path, "hours"), "never open", f"lead to {node.closed!r} directly, or name the hours")
    elif _is_always_open(hours) and all(_fills_a_day(spans) for spans in dates.values()):
        yield _advice((*path, "hours"), "never closed", f"lead to {node.open!r} directly, or name the hours")
    elif len(set(node.edges().values())) == 1:
        yield _advice(path, f"leads to {node.open!r} whatever the time", f"lead to {node.open!r} directly")
    if node.holiday is not None and all(dates.values()):
        remedy = f'add the dates that are holidays, as in dates."12-25" = "{CLOSED}"'
        yield _advice((*path, "holiday"), "no date is closed, so that this is never taken", remedy)


def _is_always_open(hours: Hours) -> bool:
    reached = 0
    for start, end, _ in _on_a_line(hours):
        if start > reached:
            return False
        reached = max(reached, end)
    return reached >= WEEK


def _fills_a_day(spans: tuple[Span, ...]) -> bool:
    return any(span.start == 0 and span.end >= DAY for span in spans)


def _on_a_line(hours: Hours) -> list[tuple[int, int, Span]]:
    """Every span as minutes since Monday's midnight, in order."""
    line = [(d * DAY + span.start, d * DAY + span.end, span) for d, spans in enumerate(hours.week) for span in spans]
    return sorted(line, key=lambda item: item[:2])


def _clock(minutes: int) -> str:
    return f"{minutes % DAY // 60:02}:{minutes % 60:02}"


def _advice(path: Path, read: str, remedy: str) -> Finding:
    return Finding(path, read, remedy, is_advice=True)
