"""What a peer's m= section says, read from its lines: codecs, packet length, direction, addresses.

Never raises: a line that cannot be read counts as absent, as RFC 8866 6 wants of attributes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import lru_cache

from mediacore.sdp.codec import PAYLOAD_TYPE_MAX, STATIC, Codec
from mediacore.sdp.description import Connection, Direction, MediaDescription, SessionDescription
from mediacore.sdp.parse import number_in

_CLOCK_RATE_MAX = 1_000_000_000  # Hz; far above any; keeps the numbers small
_CHANNELS_MAX = 255
# Phones name the same few codecs in every description.
_KEPT_MAX = 256  # values of a=rtpmap
_KEPT_LENGTH_MAX = 64  # characters; longer ones are read anew each time

_DIRECTIONS = {direction.value: direction for direction in Direction}


def codecs(media: MediaDescription, *, known: Iterable[Codec] = ()) -> tuple[Codec, ...]:
    """The codecs of an m= line in its order: by rtpmap and fmtp, else as `known`, else by RFC 3551's table.

    Left out: formats of anything but RTP, dynamic payload types that nobody explains, and repeated ones.
    """
    return tuple(_codecs(media, known)) if media.is_rtp else ()


def direction(session: SessionDescription, media: MediaDescription) -> Direction:
    """Who sends, seen from the describing side: the m= section's word, else the session's, else sendrecv."""
    for section in (media, session):
        for attribute in section.attributes:
            if (said := _DIRECTIONS.get(attribute.name.strip())) is not None:
                return said
    return Direction.SENDRECV


def connection(session: SessionDescription, media: MediaDescription) -> Connection | None:
    """The c= line that holds for this m= section: its own first one, else the session's."""
    return media.connections[0] if media.connections else session.connection


def is_blackhole(where: Connection) -> bool:
    """Whether this is 0.0.0.0 or ::, by which RFC 2543 put on hold: nothing may be sent there (RFC 3264 8.4)."""
    return where.ip is not None and where.ip.is_unspecified


def rtcp_destination(session: SessionDescription, media: MediaDescription) -> tuple[str, int] | None:
    """Where the describing side takes RTCP that is not multiplexed: a=rtcp (RFC 3605), else the port after RTP's."""
    where = connection(session, media)
    said = media.first("rtcp")
    if said is None:
        return _destination(where, media.port + 1)
    port, *address = said.split(" ")
    if len(address) == 3:
        where = Connection(*address)
    return _destination(where, number_in(port, 65_535) or 0)


def ptime_ms(session: SessionDescription, media: MediaDescription) -> int | None:
    """The packet length that the describing side would like to receive, in ms; None where it says none."""
    return _milliseconds("ptime", session, media)


def max_ptime_ms(session: SessionDescription, media: MediaDescription) -> int | None:
    """The longest packet that the describing side takes, in ms; None where it says none."""
    return _milliseconds("maxptime", session, media)


def ssrcs(media: MediaDescription) -> tuple[int, ...]:
    """The synchronisation sources announced by a=ssrc (RFC 5576), each once, in order."""
    numbers = (number_in(value.partition(" ")[0], 0xFFFF_FFFF) for value in media.all("ssrc"))
    return tuple(dict.fromkeys(number for number in numbers if number is not None))


def _codecs(media: MediaDescription, known: Iterable[Codec]) -> Iterator[Codec]:
    assumed = STATIC | {codec.payload_type: codec for codec in known}
    rtpmaps = reversed(media.all("rtpmap"))
    read = (_rtpmap(value) if len(value) <= _KEPT_LENGTH_MAX else _read_rtpmap(value) for value in rtpmaps)
    mapped = {codec.payload_type: codec for codec in read if codec}
    fmtps = dict(_numbered(value) for value in reversed(media.all("fmtp")))  # reversed: the first of two wins
    for payload_type in dict.fromkeys(number_in(text, PAYLOAD_TYPE_MAX) for text in media.formats):
        if payload_type is None:
            continue
        codec = mapped.get(payload_type) or assumed.get(payload_type)
        if codec is not None:
            fmtp = fmtps.get(payload_type)
            yield codec if codec.fmtp == fmtp else replace(codec, fmtp=fmtp)


def _read_rtpmap(value: str) -> Codec | None:
    """`101 telephone-event/8000`; None where it cannot be read (RFC 4475's sdp01 has `31 LPC`, without a rate)."""
    payload_type, encoding = _numbered(value)
    name, _, rest = encoding.partition("/")
    rate, slash, channels = rest.partition("/")
    clock_rate = number_in(rate, _CLOCK_RATE_MAX)
    count = number_in(channels, _CHANNELS_MAX) if slash else 1
    if payload_type is None or not name or not name.isascii() or not clock_rate or not count:
        return None
    return Codec(name, clock_rate, channels=count, payload_type=payload_type)


_rtpmap = lru_cache(_KEPT_MAX)(_read_rtpmap)


def _numbered(value: str) -> tuple[int | None, str]:
    """An attribute's payload type and what it says of it."""
    number, _, rest = value.strip(" ").partition(" ")
    return number_in(number, PAYLOAD_TYPE_MAX), rest.strip(" ")


def _milliseconds(name: str, session: SessionDescription, media: MediaDescription) -> int | None:
    said = media.first(name) or session.first(name)  # at session level by error, yet some phones write it there
    if said is None:
        return None
    # `20.0` and `20 ` are met; RFC 8866 6.4 lets fractions through for the sake of some codecs.
    return number_in(said.strip(" ").partition(".")[0], 1_000) or None


def _destination(where: Connection | None, port: int) -> tuple[str, int] | None:
    if where is None or is_blackhole(where) or not 0 < port <= 65_535:
        return None
    host = where.host
    return None if host is None or (where.ip is not None and is_shared(where)) else (host, port)


def is_shared(where: Connection) -> bool:
    """Whether this is a multicast or broadcast address: a call never sends there, whoever asks for it."""
    return where.ip is not None and (where.ip.is_multicast or str(where.ip) == "255.255.255.255")
