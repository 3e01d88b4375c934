"""Reads a session description (RFC 8866 5, 9). Never decides what to do with it, and raises nothing but BadSdp.

Strict where a mistake would change the meaning; tolerant of what phones do: LF alone as line end, no line end or an
empty line at the end, lines out of order within their section, no s= or t=, an empty s=, doubled spaces.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from mediacore.sdp.description import (
    Attribute,
    Bandwidth,
    Connection,
    MediaDescription,
    Origin,
    SessionDescription,
    TimeDescription,
)
from mediacore.sdp.errors import BadSdp

SIZE_MAX = 65_536  # bytes, or characters of a str: what fits a UDP datagram; beyond it nothing is read
LINES_MAX = 1_000  # a browser's offer with every candidate has some 300
MEDIA_MAX = 32  # m= lines; a desk phone has two or three

# Setting up a call reads each description several times. Long ones (a browser's) are read anew each time, so that
# strangers fill no more than a few MB; what is wrong is not remembered.
_REMEMBERED_MAX = 512  # descriptions
_REMEMBERED_SIZE_MAX = 2_048  # bytes

_SESSION_ONCE = frozenset("vosiuck")
_SESSION_LETTERS = _SESSION_ONCE | frozenset("epbtrza")
_MEDIA_ONCE = frozenset("mik")
_MEDIA_LETTERS = _MEDIA_ONCE | frozenset("cba")


class _Line(NamedTuple):
    number: int
    letter: str
    value: str

    def wrong(self, reason: str) -> BadSdp:
        return BadSdp(self.number, f"{self.letter}={self.value}", reason)


def parse(text: str | bytes) -> SessionDescription:
    """The description in `text`; raises BadSdp. Bytes are read as UTF-8, and what is not UTF-8 survives writing."""
    if len(text) > SIZE_MAX:
        raise BadSdp(0, "", f"longer than {SIZE_MAX} bytes")
    return _parse_remembering(text) if len(text) <= _REMEMBERED_SIZE_MAX else _parse(text)


def _parse(text: str | bytes) -> SessionDescription:
    if isinstance(text, bytes):
        text = text.decode("utf-8", "surrogateescape")
    session, *media = _sections(_lines(text))
    return _session(_checked(session, _SESSION_LETTERS, _SESSION_ONCE, "at session level"), media)


_parse_remembering = lru_cache(maxsize=_REMEMBERED_MAX)(_parse)


def _lines(text: str) -> list[_Line]:
    raw = [line.removesuffix("\r") for line in text.split("\n", LINES_MAX + 1)]
    while raw and not raw[-1].strip():
        raw.pop()
    if not raw:
        raise BadSdp(0, "", "empty")
    if len(raw) > LINES_MAX:
        raise BadSdp(0, "", f"more than {LINES_MAX} lines")
    return [_line(number, line) for number, line in enumerate(raw, start=1)]


def _line(number: int, line: str) -> _Line:
    # RFC 8866 9 byte-string. What passed here can be written into our own messages without adding a line to them.
    if "\r" in line or "\0" in line:
        raise BadSdp(number, line, "a bare CR or NUL")
    if line[1:2] != "=":
        raise BadSdp(number, line, "not of the form x=value")
    if line[0] not in "vosiuepcbtrzkam":
        # RFC 8866 5: a description with an unknown type letter is to be refused as a whole.
        raise BadSdp(number, line, f"unknown type {line[0]!r}")
    if line[0] in "mtrz" and not line.isascii():
        # Tokens and numbers by the grammar. An answer repeats them, and must not fail where it is turned into bytes.
        raise BadSdp(number, line, f"{line[0]}= has other characters than ASCII's")
    return _Line(number, line[0], line[2:])


def _sections(lines: list[_Line]) -> list[list[_Line]]:
    """The session's lines, then those of each m= line."""
    if lines[0].letter != "v":
        raise lines[0].wrong("a description starts with v=")
    sections: list[list[_Line]] = [[]]
    for line in lines:
        if line.letter == "m":
            if len(sections) > MEDIA_MAX:
                raise line.wrong(f"more than {MEDIA_MAX} m= lines")
            sections.append([])
        sections[-1].append(line)
    return sections


def _checked(lines: list[_Line], letters: frozenset[str], once: frozenset[str], where: str) -> list[_Line]:
    seen: set[str] = set()
    for line in lines:
        if line.letter not in letters:
            raise line.wrong(f"{line.letter}= has no place {where}")
        if line.letter in seen and line.letter in once:
            raise line.wrong(f"a second {line.letter}= {where}")
        seen.add(line.letter)
    return lines


def _session(lines: list[_Line], media: Sequence[list[_Line]]) -> SessionDescription:
    if lines[0].value.strip() != "0":
        raise lines[0].wrong("only version 0 exists")
    if not (origins := _of(lines, "o")):
        raise BadSdp(0, "", "no o= line")
    connections = _connections(lines)
    return SessionDescription(
        origin=_origin(origins[0]),
        name=_text(lines, "s"),
        information=_text(lines, "i"),
        uri=_text(lines, "u"),
        emails=tuple(line.value for line in _of(lines, "e")),
        phones=tuple(line.value for line in _of(lines, "p")),
        connection=connections[0] if connections else None,
        bandwidths=_bandwidths(lines),
        times=_times(lines),
        key=_text(lines, "k"),
        attributes=_attributes(lines),
        media=tuple(_media(_checked(section, _MEDIA_LETTERS, _MEDIA_ONCE, "under an m= line")) for section in media),
    )


def _media(lines: list[_Line]) -> MediaDescription:
    head = lines[0]
    fields = _fields(head.value)
    if len(fields) < 3:
        raise head.wrong("m= needs a medium, a port, a protocol and formats")
    port, slash, count = fields[1].partition("/")
    return MediaDescription(
        kind=fields[0],
        port=_number(head, port, "port", 65_535),
        port_count=_number(head, count, "number of ports", 65_535) if slash else None,
        protocol=fields[2],
        formats=tuple(fields[3:]),  # none is an error that answers with port 0 do have, and it harms nobody
        information=_text(lines, "i"),
        connections=_connections(lines),
        bandwidths=_bandwidths(lines),
        key=_text(lines, "k"),
        attributes=_attributes(lines),
    )


def _origin(line: _Line) -> Origin:
    fields = _fields(line.value)
    if len(fields) != 6:
        raise line.wrong(f"o= has 6 fields, this one {len(fields)}")
    return Origin(*fields)


def _connections(lines: list[_Line]) -> tuple[Connection, ...]:
    return tuple(_connection(line) for line in _of(lines, "c"))


def _connection(line: _Line) -> Connection:
    fields = _fields(line.value)
    if len(fields) != 3:
        raise line.wrong(f"c= has 3 fields, this one {len(fields)}")
    return Connection(*fields)


def _bandwidths(lines: list[_Line]) -> tuple[Bandwidth, ...]:
    return tuple(_bandwidth(line) for line in _of(lines, "b"))


def _bandwidth(line: _Line) -> Bandwidth:
    kind, colon, value = line.value.partition(":")
    if not colon:
        raise line.wrong("b= has a type, a colon and a number")
    return Bandwidth(kind, value)


def _times(lines: list[_Line]) -> tuple[TimeDescription, ...]:
    """The t= lines, each with the r= and z= lines behind it: the one place where order within a section matters."""
    times: list[TimeDescription] = []
    for line in lines:
        if line.letter == "t":
            times.append(TimeDescription(line.value))
        elif line.letter in "rz":
            if not times:
                raise line.wrong(f"{line.letter}= before any t=")
            times[-1] = _extended(times[-1], line)
    return tuple(times)


def _extended(time: TimeDescription, line: _Line) -> TimeDescription:
    if time.zone is not None:
        raise line.wrong("nothing but t= follows z= in a time description")
    if line.letter == "r":
        return TimeDescription(time.active, (*time.repeats, line.value))
    return TimeDescription(time.active, time.repeats, line.value)


def _attributes(lines: list[_Line]) -> tuple[Attribute, ...]:
    return tuple(_attribute(line) for line in _of(lines, "a"))


def _attribute(line: _Line) -> Attribute:
    name, colon, value = line.value.partition(":")
    if not name:
        raise line.wrong("an attribute without a name")
    return Attribute(name, value if colon else None)


def _of(lines: list[_Line], letter: str) -> list[_Line]:
    return [line for line in lines if line.letter == letter]


def _text(lines: list[_Line], letter: str) -> str | None:
    return next((line.value for line in lines if line.letter == letter), None)


def _fields(value: str) -> list[str]:
    # Not str.split(): a user name may hold what Unicode counts as white space.
    return [field for field in value.split(" ") if field]


def _number(line: _Line, text: str, what: str, maximum: int) -> int:
    number = number_in(text, maximum)
    if number is None:
        raise line.wrong(f"the {what} is not a number from 0 to {maximum}")
    return number


def number_in(text: str, maximum: int) -> int | None:
    """A decimal number up to `maximum`, else None. int() alone takes signs, underscores and Thai digits."""
    if not (text.isascii() and text.isdigit()) or len(text) > 20:
        return None
    number = int(text)
    return number if number <= maximum else None
