"""Our side of the text: the m= section that we offer or answer with, and the description round it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from mediacore.sdp.agreement import Capabilities
from mediacore.sdp.codec import Codec
from mediacore.sdp.crypto import CryptoLine
from mediacore.sdp.description import (
    Attribute,
    Connection,
    Direction,
    MediaDescription,
    Origin,
    SessionDescription,
    TimeDescription,
)


def accepted_section(
    ours: Capabilities,
    codecs: Sequence[Codec],
    direction: Direction,
    *,
    protocol: str,
    rtcp_mux: bool,
    rtcp_port: bool,
    crypto: Iterable[CryptoLine] = (),
) -> MediaDescription:
    """The audio stream that we receive; `rtcp_port` says whether to name the port for RTCP, if it is not the next."""
    return MediaDescription(
        kind="audio",
        port=ours.port,
        protocol=protocol,
        formats=tuple(str(codec.payload_type) for codec in codecs),
        attributes=(
            *_attributes(ours, codecs, direction, rtcp_mux=rtcp_mux, rtcp_port=rtcp_port),
            *(line.attribute for line in crypto),
        ),
    )


def refused_section(media: MediaDescription) -> MediaDescription:
    """The same stream with port 0 (RFC 3264 6, 8.2). Its formats mean nothing now, but the grammar wants one."""
    return MediaDescription(kind=media.kind, port=0, protocol=media.protocol, formats=media.formats or ("0",))


def description(
    ours: Capabilities,
    media: Iterable[MediaDescription],
    *,
    session_id: int,
    version: int,
    times: tuple[TimeDescription, ...],
    previous: SessionDescription | None,
) -> SessionDescription:
    """The whole text; after a `previous` one it continues that one's o= line (RFC 3264 8)."""
    where = Connection.of(ours.address)
    origin = Origin(ours.username, str(session_id), str(version), "IN", where.address_type, where.address)
    fresh = SessionDescription(
        origin=origin,
        name=ours.session_name,
        connection=where,
        times=times or (TimeDescription(),),
        media=tuple(media),
    )
    return fresh if previous is None else _successor(fresh, previous)


def _successor(fresh: SessionDescription, previous: SessionDescription) -> SessionDescription:
    # The origin is the session's name and stays, whatever our address is now; only the version tells of a change.
    same_origin = replace(fresh, origin=previous.origin)
    if same_origin == previous:
        return previous
    return replace(fresh, origin=replace(previous.origin, version=str(int(previous.origin.version) + 1)))


def _attributes(
    ours: Capabilities, codecs: Sequence[Codec], direction: Direction, *, rtcp_mux: bool, rtcp_port: bool
) -> Iterator[Attribute]:
    for codec in codecs:
        yield Attribute("rtpmap", f"{codec.payload_type} {codec.rtpmap}")
        if codec.fmtp is not None:
            yield Attribute("fmtp", f"{codec.payload_type} {codec.fmtp}")
    yield Attribute("ptime", str(ours.ptime_ms))
    yield Attribute(direction.value)
    if rtcp_port and ours.rtcp_port not in (None, ours.port + 1):
        yield Attribute("rtcp", str(ours.rtcp_port))
    if rtcp_mux:
        yield Attribute("rtcp-mux")
