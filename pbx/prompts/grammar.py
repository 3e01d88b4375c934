"""What a language must know to put prompts together into sentences; its numbers are whole and not negative."""

from datetime import date, datetime, time
from enum import Enum
from typing import Literal, Protocol

NUMBER_MAX = 9_999  # larger ones are spelled digit by digit

# The categories of Unicode CLDR, and the ends of the names of prompts that follow a number.
Plural = Literal["one", "few", "many"]


class Gender(Enum):
    """The gender of what is counted, for languages whose numbers have one."""

    MASCULINE = "masculine"
    FEMININE = "feminine"
    NEUTER = "neuter"


class Grammar(Protocol):
    """One language's rules: numbers, plurals, days and times as names of prompts."""

    def number(self, n: int, gender: Gender) -> list[str]:
        """A number from 0 to NUMBER_MAX, as one counts."""

    def plural(self, n: int) -> Plural:
        """Which form follows the number `n`."""

    def caller(self, digits: list[str]) -> list[str]:
        """Whom a message is from, after "message from"."""

    def day(self, day: date) -> list[str]:
        """When, by weekday, day and month: "on Monday the first of June"."""

    def clock(self, clock: time) -> list[str]:
        """At what time of the day, to the minute."""


def days_before(moment: datetime, now: datetime) -> int:
    """Midnights between the two, in the zone that both are in."""
    return (now.date() - moment.date()).days
