"""The peer's side of an agreed stream: whether we can send to it at all, and what is agreed if we do."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from mediacore.sdp import attributes
from mediacore.sdp.agreement import AgreedMedia
from mediacore.sdp.codec import Codec
from mediacore.sdp.crypto import SrtpKeys
from mediacore.sdp.description import Direction, MediaDescription, SessionDescription
from mediacore.sdp.errors import shown


class Pair(NamedTuple):
    """One codec as both sides know it: the peer's entry to send with, ours to receive with."""

    send: Codec
    receive: Codec


def unreachable(session: SessionDescription, media: MediaDescription) -> str | None:
    """Why nothing could be sent to this stream, in words; None where it could."""
    where = attributes.connection(session, media)
    if where is None:
        return "no c= line"
    if attributes.is_shared(where):
        return f"{shown(where.address)} is no single host"
    if where.host is None:
        return f"{shown(where.address)} is neither an address nor a host name"
    return None


def wants_none(session: SessionDescription, media: MediaDescription) -> bool:
    """Whether the peer asks us not to send: by its direction, or the old way by 0.0.0.0."""
    where = attributes.connection(session, media)
    blackhole = where is not None and attributes.is_blackhole(where)
    return blackhole or not attributes.direction(session, media).receives


def in_order(pairs: Sequence[Pair]) -> tuple[Pair, ...]:
    """Audio codecs first; then what goes beside them, as far as it runs on the clock of one of them.

    A telephone-event at a clock that no agreed codec has could not share the stream's timestamps (RFC 4733 2.1); it
    stays only where there is no better one.
    """
    audio = tuple(pair for pair in pairs if pair.send.is_primary)
    beside = tuple(pair for pair in pairs if not pair.send.is_primary)
    rates = {pair.send.clock_rate for pair in audio}
    fitting = tuple(pair for pair in beside if pair.send.clock_rate in rates)
    return audio + (fitting or beside)


def agreed_media(
    session: SessionDescription,
    media: MediaDescription,
    pairs: Sequence[Pair],
    *,
    direction: Direction,
    held: bool,
    ptime_ms: int,
    ptimes_ms: Collection[int],
    rtcp_mux: bool,
    srtp: SrtpKeys | None,
) -> AgreedMedia:
    """What we do from now on, given the peer's `media` and what came out of the offer and the answer."""
    where = attributes.connection(session, media)
    host = None if where is None or attributes.is_blackhole(where) else where.host
    rtp = None if host is None else (host, media.port)
    codecs = tuple(pair.send for pair in pairs if pair.send.is_primary)
    return AgreedMedia(
        remote_address=host,
        remote_port=media.port,
        remote_rtcp=rtp if rtcp_mux else attributes.rtcp_destination(session, media),
        codecs=codecs or tuple(pair.send for pair in pairs),
        direction=direction,
        ptime_ms=_send_ptime_ms(session, media, ptime_ms, ptimes_ms),
        rtcp_mux=rtcp_mux,
        telephone_event=_telephone_event(pairs),
        held=held,
        receive_codecs=tuple(pair.receive for pair in pairs),
        kind=media.kind,
        srtp=srtp,
    )


def _send_ptime_ms(session: SessionDescription, media: MediaDescription, ours: int, possible: Collection[int]) -> int:
    """The length that the peer asks for where we can send it, else ours; never above its maxptime if we can help it."""
    longest = attributes.max_ptime_ms(session, media)
    asked = attributes.ptime_ms(session, media)
    wanted = asked if asked in possible and asked is not None else ours
    if longest is None or wanted <= longest:
        return wanted
    return max((length for length in possible if length <= longest), default=wanted)


def _telephone_event(pairs: Sequence[Pair]) -> Codec | None:
    events = [pair.send for pair in pairs if pair.send.is_telephone_event]
    best = pairs[0].send.clock_rate if pairs else 0
    return next((event for event in events if event.clock_rate == best), events[0] if events else None)
