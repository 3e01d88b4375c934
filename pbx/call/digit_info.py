"""Digits in INFO requests (RFC 6086; as telephones have sent them since before it): bodies read and written. Pure.

| media type | body | who sends it |
|---|---|---|
| application/dtmf-relay | lines `Signal=5` and `Duration=160` (milliseconds) | nearly everybody |
| application/dtmf | the digit alone | some |

A number from 10 to 16 is an event code of RFC 4733 there: *, #, A to D and the hook flash, which is no digit.
"""

import re

import msgspec

RELAY = "application/dtmf-relay"
PLAIN = "application/dtmf"
MEDIA_TYPES = (RELAY, PLAIN)

DIGITS = "0123456789*#ABCD"  # in the order of their codes (RFC 4733 3.2)
DURATION_MS = 100  # where none is said
DURATION_MAX_MS = 5000  # longer than anybody presses; more is cut
BODY_OCTETS_MAX = 256

_LINE = re.compile(r"\s*(?P<name>[A-Za-z-]+)\s*=\s*(?P<value>.*?)\s*")


class BadDigit(ValueError):
    """An INFO body that says no digit."""


class InfoDigit(msgspec.Struct, frozen=True):
    """One digit that was pressed, and for how long."""

    digit: str
    duration_ms: int = DURATION_MS


def read_digit(media_type: str, body: bytes) -> InfoDigit:
    """The digit of a body of one of MEDIA_TYPES. Raises BadDigit."""
    if len(body) > BODY_OCTETS_MAX:
        raise BadDigit(f"{len(body)} octets instead of a digit")
    text = body.decode("ascii", errors="replace")
    if media_type == PLAIN and "=" not in text:
        return InfoDigit(_digit(text))
    return _read_relay(text)


def write_digit(digit: InfoDigit) -> bytes:
    """A body of application/dtmf-relay."""
    return f"Signal={digit.digit}\r\nDuration={digit.duration_ms}\r\n".encode()


def _read_relay(text: str) -> InfoDigit:
    fields: dict[str, str] = {}
    for line in text.splitlines():
        found = _LINE.fullmatch(line)
        if found is not None:
            fields.setdefault(found["name"].lower(), found["value"])
    if "signal" not in fields:
        raise BadDigit("no Signal= in the body")
    return InfoDigit(_digit(fields["signal"]), _duration(fields.get("duration", "")))


def _digit(text: str) -> str:
    text = text.strip().upper()
    if re.fullmatch(r"1[0-5]", text):
        return DIGITS[int(text)]
    if len(text) != 1 or text not in DIGITS:
        raise BadDigit(f"{text[:8]!r} is no digit")
    return text


def _duration(text: str) -> int:
    """What is no number, or none at all, is the usual length: the digit counts all the same."""
    if not re.fullmatch(r"[0-9]{1,9}", text):
        return DURATION_MS
    return min(max(int(text), 1), DURATION_MAX_MS)
