"""Whether a schedule is open at a moment, why, and until when. Reads no clock: the moment is a fact of the call.

The wall clock of the schedule's zone decides, whatever the zone does to it. A time that a change of clocks skips never
comes: what would open in the gap opens right after it. A time that comes twice is open, or closed, both times.

A date's hours take the place of the whole range of hours that *begin* on that date; what began the evening before runs
on (decision 0008).
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from math import floor
from typing import Literal, TypeAlias

from msgspec import Struct

from pbx.routing.hours import DAY, WEEKDAYS, HoursMistake, Span, mistake_in_date, parse_day, parse_hours
from pbx.routing.plan import ScheduleNode
from pbx.routing.time_zone import UnknownTimeZone, time_zone

AT_MAX = 2.0**37  # unix seconds: the year 6325. Calendars end at 9999, and a look ahead must not fall off the edge
LOOK_AHEAD_S = 400 * 86_400  # a change further off than this is not told
# Weeks repeat: after two without a change (one may have lost its only hour to a change of clocks) only a date helps.
QUIET_S = 15 * 86_400

Outcome: TypeAlias = Literal["open", "closed", "holiday", "unknown"]


class Verdict(Struct, frozen=True):
    """What a schedule says of a moment, and why."""

    outcome: Outcome  # "unknown" is to be taken as closed
    reason: str


class Schedule:
    """A node's hours and dates in its zone. Raises HoursMistake or UnknownTimeZone where they cannot be read."""

    def __init__(self, node: ScheduleNode, tenant_zone: str) -> None:
        self._hours = parse_hours(node.hours)
        self._dates = node.dates
        for day, text in node.dates.items():
            remedy = mistake_in_date(day)
            if remedy is not None:
                raise HoursMistake(f"no date: {day!r}", remedy)
            parse_day(text)
        zone = self._hours.zone or tenant_zone
        self._zone = time_zone(zone)
        self._zone_said = "" if zone == tenant_zone else f" {zone}"

    def local(self, at: float) -> datetime:
        """The clock's time there."""
        return datetime.fromtimestamp(at, self._zone)

    def is_listed(self, day: date) -> bool:
        """Whether a date has hours of its own."""
        return self._listed(day) is not None

    def spans_on(self, day: date) -> tuple[Span, ...]:
        """What begins on a date."""
        text = self._listed(day)
        return self._hours.week[day.weekday()] if text is None else parse_day(text)

    def span_at(self, at: float) -> Span | None:
        """What is open at a moment; None: nothing is."""
        local = self.local(at)
        day, minute = local.date(), local.hour * 60 + local.minute
        for span in self.spans_on(day):
            if span.start <= minute < span.end:
                return span
        return next((span for span in self.spans_on(day - timedelta(1)) if minute + DAY < span.end), None)

    def next_change(self, at: float) -> float | None:
        """When it opens or closes next, in unix seconds; None: not within LOOK_AHEAD_S."""
        was_open = self.span_at(at) is not None
        moment = floor(at)
        quiet_after = moment + QUIET_S
        while moment < at + LOOK_AHEAD_S:
            moment = self._next_edge(moment)
            if (self.span_at(moment) is not None) != was_open:
                return float(moment)
            if moment > quiet_after:
                listed = self._next_listed(self.local(moment).date())
                if listed is None:
                    return None
                eve = datetime.combine(listed - timedelta(1), datetime.min.time(), self._zone)
                moment = max(moment, floor(eve.timestamp()))
                quiet_after = moment + QUIET_S + 2 * 86_400
        return None

    def in_words(self, at: float, seen_from: float | None = None) -> str:
        """A moment there: "Mon 09:00"; on the day of `seen_from` "09:00", a week later "Mon 2026-12-07 09:00"."""
        local = self.local(at)
        if seen_from is not None:
            days = (local.date() - self.local(seen_from).date()).days
            if days == 0:
                return f"{local:%H:%M}"
            if days >= 7:
                return f"{WEEKDAYS[local.weekday()]} {local:%Y-%m-%d %H:%M}"
        return f"{WEEKDAYS[local.weekday()]} {local:%H:%M}"

    def verdict(self, at: float, *, has_holiday: bool) -> Verdict:
        """The outcome at a moment, with its reason; "holiday" only for a node that tells it from closed."""
        local = self.local(at)
        day, span, change = local.date(), self.span_at(at), self.next_change(at)
        now = f"{WEEKDAYS[local.weekday()]} {local:%Y-%m-%d %H:%M}{self._zone_said}"
        if not self.is_listed(day):
            now = self.in_words(at) + self._zone_said
        if span is not None:
            until = "" if change is None else f"; closes {self.in_words(change, at)}"
            return Verdict("open", f"{now} is within {span.said}{until}")
        until = "" if change is None else f"; opens {self.in_words(change, at)}"
        if not self.is_listed(day):
            return Verdict("closed", f"{now} is outside the hours{until}")
        if own := self.spans_on(day):
            hours = ", ".join(span.said for span in own)
            return Verdict("closed", f"{now} is outside the hours of that date, {hours}{until}")
        return Verdict("holiday" if has_holiday else "closed", f"{now} is on a date listed as closed{until}")

    def _listed(self, day: date) -> str | None:
        written = day.isoformat()
        return self._dates.get(written, self._dates.get(written[5:]))

    def _next_edge(self, moment: int) -> int:
        """The next moment at which something may change: an hour that begins or ends, midnight, a change of clocks."""
        local = self.local(moment)
        second = local.hour * 3600 + local.minute * 60 + local.second
        edge = next(edge for edge in self._edges(local.date()) if edge * 60 > second)
        reached = moment + edge * 60 - second
        if self.local(reached).utcoffset() == local.utcoffset():
            return reached
        return self._clock_change(moment, reached)

    def _edges(self, day: date) -> list[int]:
        def edges() -> Iterator[int]:
            yield DAY
            for span in self.spans_on(day):
                yield from (span.start, min(span.end, DAY))
            for span in self.spans_on(day - timedelta(1)):
                yield span.end - DAY  # before this day, and harmless, unless it ran past midnight

        return sorted(set(edges()))

    def _clock_change(self, before: int, after: int) -> int:
        """The first second with another offset from UTC than `before` has; `after` has one."""
        offset = self.local(before).utcoffset()
        while after - before > 1:
            middle = (before + after) // 2
            if self.local(middle).utcoffset() == offset:
                before = middle
            else:
                after = middle
        return after

    def _next_listed(self, after: date) -> date | None:
        exact = [date.fromisoformat(day) for day in self._dates if len(day) > 5 and day > after.isoformat()]
        yearly = [
            date.fromisoformat(f"{year}-{day}")
            for day in self._dates
            if len(day) == 5
            for year in (after.year, after.year + 1)
            if mistake_in_date(f"{year}-{day}") is None and f"{year}-{day}" > after.isoformat()
        ]
        return min([*exact, *yearly], default=None)


def judge(node: ScheduleNode, at: float | None, tenant_zone: str) -> Verdict:
    """What the schedule says at `at` (unix seconds; None: not recorded). Never raises: what is in doubt is unknown."""
    if at is None:
        return Verdict("unknown", "the time of the call is not recorded, which is taken as closed")
    if not 0 <= at < AT_MAX:
        return Verdict("unknown", f"the time {at:g} is in no calendar, which is taken as closed")
    try:
        return Schedule(node, tenant_zone).verdict(at, has_holiday=node.holiday is not None)
    except (HoursMistake, UnknownTimeZone) as mistake:  # a draft, or a plan that a newer release wrote
        return Verdict("unknown", f"the hours cannot be read, {mistake.read}, which is taken as closed")
