"""Which entry of a plan's numbers a dialled number belongs to.

`x` stands for one digit, a `*` at the end for the rest (one character or more); everything else, a `*` elsewhere too
(`*97`), stands for itself. An exact number comes before any pattern. Of two patterns the more specific wins: read from
the left, at the first place where they differ in kind a written character beats `x`, and `x` beats `*`. Two different
patterns that match the same number always differ so, hence the order in the file never matters.
"""

import re
from collections.abc import Iterable, Mapping

_WELL_FORMED = re.compile(r"\+?[0-9x*#]+")
_WRITTEN, _DIGIT, _REST = range(3)


def is_pattern(number: str) -> bool:
    """Whether an entry stands for more than one number."""
    return "x" in number or (len(number) > 1 and number.endswith("*"))


def mistake_in(number: str) -> str | None:
    """What is wrong with an entry, as a remedy; None: nothing."""
    if _WELL_FORMED.fullmatch(number):
        return None
    if not number:
        return "write the number that is dialled"
    if any(c in number for c in " -.()/"):
        return "write it without spaces and punctuation"
    if "X" in number:
        return "write a small x for a digit"
    return "use digits, a leading +, # and *, x for any digit, and * at the end for the rest"


def matches(entry: str, dialled: str) -> bool:
    """Whether an entry, exact or pattern, is for this number."""
    if not is_pattern(entry):
        return entry == dialled
    written = entry[:-1] if entry.endswith("*") else entry
    length_fits = len(dialled) > len(written) if entry.endswith("*") else len(dialled) == len(written)
    return length_fits and all(_place_fits(place, c) for place, c in zip(written, dialled, strict=False))


def find(numbers: Iterable[str], dialled: str) -> str | None:
    """The entry for a dialled number: exact before pattern, then the most specific; None where there is none."""
    if isinstance(numbers, Mapping) and dialled in numbers and not is_pattern(dialled):
        return dialled
    return min((entry for entry in numbers if matches(entry, dialled)), key=specificity, default=None)


def specificity(entry: str) -> tuple[bool, tuple[int, ...], str]:
    """A sort key: the more specific entry first."""
    return is_pattern(entry), tuple(_kinds(entry)), entry


def covers(wide: str, narrow: str) -> bool:
    """Whether every number that `narrow` matches is matched by `wide` too."""
    if _has_rest(narrow) and not _has_rest(wide):
        return False
    fits = _lengths_fit(wide, narrow)
    return fits and all(_place_covers(w, n) for w, n in zip(_places(wide), _places(narrow), strict=False))


def overlap(one: str, other: str) -> str | None:
    """A number that both match, or None. The number has as many digits as the longer of the two needs."""
    length = max(_shortest(one), _shortest(other))
    if not (_can_be(one, length) and _can_be(other, length)):
        return None
    common = [_common(a, b) for a, b in zip(_stretched(one, length), _stretched(other, length), strict=True)]
    return None if None in common else "".join(c for c in common if c is not None)


def _place_fits(place: str, char: str) -> bool:
    return char in "0123456789" if place == "x" else place == char


def _kinds(entry: str) -> Iterable[int]:
    for i, place in enumerate(entry):
        if place == "x":
            yield _DIGIT
        elif place == "*" and i == len(entry) - 1 and i > 0:
            yield _REST
        else:
            yield _WRITTEN


def _has_rest(entry: str) -> bool:
    return len(entry) > 1 and entry.endswith("*")


def _places(entry: str) -> str:
    return entry[:-1] if _has_rest(entry) else entry


def _shortest(entry: str) -> int:
    return len(entry)  # the rest is one character at least, just what its `*` takes up


def _can_be(entry: str, length: int) -> bool:
    return _has_rest(entry) or len(entry) == length


def _lengths_fit(wide: str, narrow: str) -> bool:
    return _shortest(narrow) >= _shortest(wide) if _has_rest(wide) else len(narrow) == len(wide)


def _place_covers(wide: str, narrow: str) -> bool:
    return wide == narrow or (wide == "x" and narrow in "0123456789")


def _stretched(entry: str, length: int) -> list[str]:
    places = list(_places(entry))
    return places + ["any"] * (length - len(places))


def _common(one: str, other: str) -> str | None:
    """A character that fits both places ("any" fits everything), or None."""
    if one == "any":
        return "0" if other in ("any", "x") else other
    if other == "any":
        return _common(other, one)
    if one == "x" and other == "x":
        return "0"
    if one == "x" or other == "x":
        written = other if one == "x" else one
        return written if written in "0123456789" else None
    return one if one == other else None
