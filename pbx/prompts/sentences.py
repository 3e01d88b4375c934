"""Sentences as lists of prompt names: numbers, telephone numbers, counts of messages, days and times.

Pure: a moment's date and time are what its datetime says, so bring it into the tenant's time zone first. The names
belong to the language that they were made for; play them in that one.
"""

from datetime import datetime

from pbx.prompts.english import English
from pbx.prompts.grammar import NUMBER_MAX, Gender, Grammar, days_before
from pbx.prompts.language import ancestry
from pbx.prompts.polish import Polish

GRAMMARS: dict[str, Grammar] = {"en": English(), "pl": Polish()}

_SIGNS = {"+": "plus", "*": "star", "#": "hash", **{digit: f"number-{digit}" for digit in "0123456789"}}


def grammar(language: str) -> Grammar:
    """The rules of "pl-PL", else of "pl", else of English."""
    return next(GRAMMARS[tag] for tag in ancestry(language) if tag in GRAMMARS)


def number(language: str, n: int, gender: Gender = Gender.MASCULINE) -> list[str]:
    """A number as one counts: 0 to 9,999; past that its digits one by one."""
    if n < 0:
        raise ValueError(f"a number that nobody counts to: {n}")
    return grammar(language).number(n, gender) if n <= NUMBER_MAX else digits(str(n))


def digits(text: str) -> list[str]:
    """A telephone number or a PIN, one digit at a time; in any language. Blanks, hyphens and letters are left out."""
    return [_SIGNS[sign] for sign in text if sign in _SIGNS]


def unavailable(extension: str) -> list[str]:
    """The person at extension 1 0 1 is not available; in any language. Without a digit to say: a general greeting."""
    spoken = digits(extension)
    return ["vm-unavailable", *spoken, "vm-is-not-available"] if spoken else ["vm-greeting-default"]


def message_counts(language: str, new: int, old: int) -> list[str]:
    """You have two new messages and one old message; you have no messages."""
    counted = [_messages(language, kind, n) for kind, n in (("new", new), ("old", old)) if n]
    if not counted:
        return ["vm-no-messages"]
    between = ["and"] if len(counted) == 2 else []
    return ["vm-you-have", *counted[0], *between, *(counted[1] if between else [])]


def message_heading(language: str, from_number: str, at: datetime, now: datetime) -> list[str]:
    """Message from 1 0 1, received today at two thirty P. M."""
    spoken = digits(from_number)
    caller = grammar(language).caller(spoken) if spoken else ["vm-unknown-caller"]
    return ["vm-message-from", *caller, "vm-received", *moment(language, at, now)]


def moment(language: str, at: datetime, now: datetime) -> list[str]:
    """Today at two thirty P. M.; yesterday at noon; on Monday the first of June at nine A. M."""
    rules = grammar(language)
    near = {0: ["today"], 1: ["yesterday"]}
    return [*(near.get(days_before(at, now)) or rules.day(at.date())), *rules.clock(at.time())]


def _messages(language: str, kind: str, n: int) -> list[str]:
    form = grammar(language).plural(n)
    # "One new message" is one prompt: in Polish it stands in the accusative, which no other number shows.
    spoken = [] if form == "one" else number(language, n, Gender.FEMININE)
    return [*spoken, f"{kind}-message-{form}"]
