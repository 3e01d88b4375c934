"""A codec as SDP names it, and the payload types that RFC 3551 fixed. Knows no samples: those are the engine's."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache

PAYLOAD_TYPE_MAX = 127  # seven bits of the RTP header
DYNAMIC_PAYLOAD_TYPES = range(96, 128)  # RFC 3551 3

# Formats that go beside a codec and cannot carry a conversation alone.
_BESIDE = frozenset({"telephone-event", "cn", "tone", "red", "ulpfec", "flexfec", "rtx"})

# Two entries of one name are different encodings where these parameters differ; the value is the default.
_DISTINGUISHING = {
    "amr": {"octet-align": "0"},  # RFC 4867 8.1
    "amr-wb": {"octet-align": "0"},  # RFC 4867 8.2
    "g7221": {"bitrate": "24000"},  # RFC 5577 4.1
}

# Each leg of each call writes its few codecs as text and has them read, twice and more.
_KEPT_MAX = 256  # texts
_KEPT_LENGTH_MAX = 64  # characters; longer ones are read anew each time

_TEXT = re.compile(r"(?:(\d{1,3}) +)?([!-.0-~]+)/(\d{1,9})(?:/(\d{1,3}))?(?: +(\S.*))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Codec:
    """One entry of an m= line: `name` as in rtpmap, RTP `clock_rate` in Hz, and the payload type that it has there."""

    name: str
    clock_rate: int
    channels: int = field(default=1, kw_only=True)
    payload_type: int = field(kw_only=True)
    fmtp: str | None = field(default=None, kw_only=True)

    @classmethod
    def parse(cls, text: str) -> Codec:
        """`"PCMU/8000"`, `"opus/48000/2"` or, with its payload type, `"101 telephone-event/8000"`.

        What follows after a space is its fmtp: `"96 opus/48000/2 useinbandfec=1"`. Without a number the payload type is
        RFC 3551's, or the first dynamic one. Raises ValueError.
        """
        return _parse_kept(text) if len(text) <= _KEPT_LENGTH_MAX else _parse(text)

    def same_as(self, other: Codec) -> bool:
        """Whether both name one encoding; the payload type and the receiver's wishes in fmtp do not matter."""
        return self.identity == other.identity

    @property
    def identity(self) -> tuple[object, ...]:
        """What makes two entries the same encoding: usable as a key."""
        name = self.name.lower()  # RFC 4855 3: encoding names are case-insensitive
        defaults = _DISTINGUISHING.get(name)
        if defaults is None:
            return name, self.clock_rate, self.channels
        said = self.parameters
        return name, self.clock_rate, self.channels, *(said.get(key, default) for key, default in defaults.items())

    @property
    def parameters(self) -> dict[str, str]:
        """fmtp read as `key=value;…`, keys in lower case; a bare word is a key with an empty value."""
        pairs = (part.strip().partition("=") for part in (self.fmtp or "").split(";"))
        return {key.strip().lower(): value.strip() for key, _, value in pairs if key.strip()}

    @property
    def is_primary(self) -> bool:
        """Whether it carries the medium itself, rather than going beside it (telephone-event, comfort noise)."""
        return self.name.lower() not in _BESIDE

    @property
    def is_telephone_event(self) -> bool:
        """Whether it is RFC 4733's format for DTMF digits."""
        return self.name.lower() == "telephone-event"

    @property
    def is_opus(self) -> bool:
        """Whether it is RFC 7587's format."""
        return self.name.lower() == "opus"

    @property
    def text(self) -> str:
        """As `parse` takes it: `101 telephone-event/8000`; of Opus with the fmtp, which says how to encode it."""
        return f"{self.payload_type} {self.rtpmap}" + (f" {self.fmtp}" if self.is_opus and self.fmtp else "")

    @property
    def rtpmap(self) -> str:
        """The value of its a=rtpmap line, after the payload type: `PCMU/8000`, `opus/48000/2`."""
        return f"{self.name}/{self.clock_rate}" + (f"/{self.channels}" if self.channels != 1 else "")

    def __str__(self) -> str:
        return self.rtpmap


def _parse(text: str) -> Codec:
    found = _TEXT.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"not a codec: {text!r}; 'PCMU/8000' or '96 opus/48000/2' would do")
    number, name, clock_rate, channels, fmtp = found.groups()
    channel_count = int(channels or 1)
    codec = Codec(name, int(clock_rate), channels=channel_count, payload_type=DYNAMIC_PAYLOAD_TYPES[0], fmtp=fmtp)
    if number is None:
        return replace(codec, payload_type=static_payload_type(codec, default=codec.payload_type))
    if int(number) > PAYLOAD_TYPE_MAX:
        raise ValueError(f"payload type {number} in {text!r} is above {PAYLOAD_TYPE_MAX}")
    return replace(codec, payload_type=int(number))


_parse_kept = lru_cache(_KEPT_MAX)(_parse)

PCMU = Codec("PCMU", 8000, payload_type=0)
PCMA = Codec("PCMA", 8000, payload_type=8)
G722 = Codec("G722", 8000, payload_type=9)  # samples at 16 kHz, yet its RTP clock is 8 kHz (RFC 3551 4.5.2)
# Two channels whatever is in it (RFC 7587 7).
OPUS = Codec("opus", 48000, channels=2, payload_type=96, fmtp="useinbandfec=1")
TELEPHONE_EVENT = Codec("telephone-event", 8000, payload_type=101, fmtp="0-16")  # digits, A-D and flash (RFC 4733)
# The same beside Opus: events are on the clock of the stream that they are in (RFC 4733 2.1).
TELEPHONE_EVENT_48 = Codec("telephone-event", 48000, payload_type=110, fmtp="0-16")

# What is offered and taken where nothing else was said: the best first.
CODECS = (OPUS, G722, PCMU, PCMA, TELEPHONE_EVENT, TELEPHONE_EVENT_48)

# RFC 3551 table 4 and table 5. 2 and 19 are reserved there: old phones still send them, with an rtpmap.
STATIC = {
    codec.payload_type: codec
    for codec in (
        PCMU,
        Codec("GSM", 8000, payload_type=3),
        Codec("G723", 8000, payload_type=4),
        Codec("DVI4", 8000, payload_type=5),
        Codec("DVI4", 16000, payload_type=6),
        Codec("LPC", 8000, payload_type=7),
        PCMA,
        G722,
        Codec("L16", 44100, channels=2, payload_type=10),
        Codec("L16", 44100, payload_type=11),
        Codec("QCELP", 8000, payload_type=12),
        Codec("CN", 8000, payload_type=13),
        Codec("MPA", 90000, payload_type=14),
        Codec("G728", 8000, payload_type=15),
        Codec("DVI4", 11025, payload_type=16),
        Codec("DVI4", 22050, payload_type=17),
        Codec("G729", 8000, payload_type=18),
        Codec("CelB", 90000, payload_type=25),
        Codec("JPEG", 90000, payload_type=26),
        Codec("nv", 90000, payload_type=28),
        Codec("H261", 90000, payload_type=31),
        Codec("MPV", 90000, payload_type=32),
        Codec("MP2T", 90000, payload_type=33),
        Codec("H263", 90000, payload_type=34),
    )
}
_STATIC_BY_IDENTITY = {codec.identity: payload_type for payload_type, codec in STATIC.items()}


def static_payload_type(codec: Codec, *, default: int) -> int:
    """The payload type that RFC 3551 gives this encoding, or `default` where it gives none."""
    return _STATIC_BY_IDENTITY.get(codec.identity, default)


def with_payload_types(codecs: Iterable[Codec], *, wishes: Iterable[Codec] = ()) -> tuple[Codec, ...]:
    """The same codecs, each with a payload type of its own.

    A codec found among `wishes` gets the number that it has there, and no other codec gets that number: within a
    session a number must not come to mean another codec (RFC 3264 8.3.2). Else it keeps its own where that is free.
    """
    wished: dict[tuple[object, ...], int] = {}
    for wish in wishes:
        if wish.payload_type not in wished.values():
            wished.setdefault(wish.identity, wish.payload_type)
    return tuple(_assigned(codecs, wished))


def _assigned(codecs: Iterable[Codec], wished: dict[tuple[object, ...], int]) -> Iterator[Codec]:
    used = set(wished.values())
    free = (number for number in DYNAMIC_PAYLOAD_TYPES if number not in used)
    for codec in codecs:
        number = wished.pop(codec.identity, None)
        if number is None:
            number = codec.payload_type if codec.payload_type not in used else next(free, None)
        if number is None:
            raise ValueError(f"no dynamic payload type is left for {codec}")
        used.add(number)
        yield codec if codec.payload_type == number else replace(codec, payload_type=number)
