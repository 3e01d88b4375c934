"""Writes a session description in the order of RFC 8866 5, so that write(parse(text)) is `text` with CRLF line ends.

Where the text had its lines out of order, doubled spaces or leading zeros in a port, it comes out put right.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mediacore.sdp.description import (
    Attribute,
    Bandwidth,
    Connection,
    MediaDescription,
    Origin,
    SessionDescription,
    TimeDescription,
)

_FORBIDDEN = frozenset("\r\n\0")


def write(description: SessionDescription) -> str:
    """The description as text, CRLF at every line's end. Raises ValueError for a value that would add a line."""
    lines = list(_session(description))
    for line in lines:
        # A line end in a value is how a caller's name becomes an m= line of its own.
        if not _FORBIDDEN.isdisjoint(line):
            raise ValueError(f"a line end or NUL inside {line!r}")
    return "".join(f"{line}\r\n" for line in lines)


def _session(description: SessionDescription) -> Iterator[str]:
    yield "v=0"
    yield f"o={_origin(description.origin)}"
    yield from _optional("s", description.name)
    yield from _optional("i", description.information)
    yield from _optional("u", description.uri)
    yield from (f"e={email}" for email in description.emails)
    yield from (f"p={phone}" for phone in description.phones)
    yield from _connections(() if description.connection is None else (description.connection,))
    yield from _bandwidths(description.bandwidths)
    for time in description.times:
        yield from _time(time)
    yield from _optional("k", description.key)
    yield from _attributes(description.attributes)
    for media in description.media:
        yield from _media(media)


def _media(media: MediaDescription) -> Iterator[str]:
    port = f"{media.port}" if media.port_count is None else f"{media.port}/{media.port_count}"
    yield f"m={' '.join((media.kind, port, media.protocol, *media.formats))}"
    yield from _optional("i", media.information)
    yield from _connections(media.connections)
    yield from _bandwidths(media.bandwidths)
    yield from _optional("k", media.key)
    yield from _attributes(media.attributes)


def _origin(o: Origin) -> str:
    return f"{o.username} {o.session_id} {o.version} {o.network_type} {o.address_type} {o.address}"


def _time(time: TimeDescription) -> Iterator[str]:
    yield f"t={time.active}"
    yield from (f"r={repeat}" for repeat in time.repeats)
    yield from _optional("z", time.zone)


def _connections(connections: Iterable[Connection]) -> Iterator[str]:
    return (f"c={c.network_type} {c.address_type} {c.address}" for c in connections)


def _bandwidths(bandwidths: Iterable[Bandwidth]) -> Iterator[str]:
    return (f"b={bandwidth.kind}:{bandwidth.value}" for bandwidth in bandwidths)


def _attributes(attributes: Iterable[Attribute]) -> Iterator[str]:
    return (f"a={a.name}" if a.value is None else f"a={a.name}:{a.value}" for a in attributes)


def _optional(letter: str, value: str | None) -> Iterator[str]:
    if value is not None:
        yield f"{letter}={value}"
