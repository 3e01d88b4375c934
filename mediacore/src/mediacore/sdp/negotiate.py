"""The answerer's half of offer/answer (RFC 3264 6): given an offer and what we can do, the answer. Pure.

Every m= line of the offer gets one in the answer, in order. The first audio stream that we can have is accepted,
every other stream is refused with port 0. Telephony needs no second one, and Capabilities has one port.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2s
from typing import Literal

from mediacore.sdp import attributes
from mediacore.sdp.agreement import AgreedMedia, Answer, Capabilities, Rejected
from mediacore.sdp.codec import Codec
from mediacore.sdp.crypto import SECURE_PROTOCOLS
from mediacore.sdp.description import Direction, MediaDescription, Origin, SessionDescription
from mediacore.sdp.errors import NoCommonCodec, shown
from mediacore.sdp.local import accepted_section, description, refused_section
from mediacore.sdp.remote import Pair, agreed_media, in_order, unreachable, wants_none
from mediacore.sdp.security import choose

Prefer = Literal["offerer", "ours"]

# RTP with the marker bit set looks like RTCP here, so such numbers and rtcp-mux exclude each other (RFC 5761 4).
_RTCP_LOOKALIKES = range(64, 96)


def answer(
    offer: SessionDescription,
    ours: Capabilities,
    *,
    prefer: Prefer = "offerer",
    session_id: int | None = None,
    version: int = 1,
    previous: SessionDescription | None = None,
) -> Answer:
    """The answer to `offer`; raises NoCommonCodec where no audio stream can be accepted.

    `prefer` says whose order of codecs counts. `previous` is our last description of this session, offer or answer:
    its o= line is continued, the version one higher where anything changed. Without it `session_id` and `version`
    start one; an id of None is derived from the offer's origin, so that the same question has the same answer.
    """
    verdicts = _verdicts(offer, ours, prefer)
    if not any(isinstance(verdict, AgreedMedia) for verdict in verdicts):
        raise _no_common_codec(offer, ours, verdicts)
    return Answer(
        description(
            ours,
            [_section(media, verdict, ours) for media, verdict in zip(offer.media, verdicts, strict=True)],
            session_id=_derived_id(offer.origin, ours) if session_id is None else session_id,
            version=version,
            times=offer.times,  # RFC 3264 6: the answer's t= equals the offer's
            previous=previous,
        ),
        tuple(verdicts),
    )


def _verdicts(offer: SessionDescription, ours: Capabilities, prefer: Prefer) -> list[AgreedMedia | Rejected]:
    verdicts: list[AgreedMedia | Rejected] = []
    is_taken = False
    for media in offer.media:
        verdict = Rejected("a second audio stream") if is_taken and _is_open_audio(media) else None
        verdicts.append(verdict or _judge(offer, media, ours, prefer))
        is_taken = is_taken or isinstance(verdicts[-1], AgreedMedia)
    return verdicts


def _is_open_audio(media: MediaDescription) -> bool:
    return media.kind == "audio" and media.port != 0


def _judge(
    offer: SessionDescription, media: MediaDescription, ours: Capabilities, prefer: Prefer
) -> AgreedMedia | Rejected:
    """What becomes of one offered stream."""
    if media.kind != "audio":
        return Rejected(f"medium {shown(media.kind)} is not supported")
    if media.port == 0:
        return Rejected("offered with port 0")
    if media.protocol not in ours.protocols and media.protocol not in SECURE_PROTOCOLS:
        return Rejected(f"protocol {shown(media.protocol)} is not supported")
    if isinstance(chosen := choose(media, ours), Rejected):
        return chosen
    if (why := unreachable(offer, media)) is not None:
        return Rejected(why)
    pairs = _common(attributes.codecs(media), ours.codecs, prefer)
    if not any(pair.send.is_primary for pair in pairs):
        return Rejected("no common codec")
    return agreed_media(
        offer,
        media,
        pairs,
        direction=_direction(offer, media, ours),
        held=wants_none(offer, media),
        ptime_ms=ours.ptime_ms,
        ptimes_ms=ours.ptimes_ms,
        rtcp_mux=ours.rtcp_mux and media.has("rtcp-mux") and not any(map(_looks_like_rtcp, pairs)),
        srtp=None if chosen is None else chosen.keys,
    )


def _common(offered: Sequence[Codec], ours: Sequence[Codec], prefer: Prefer) -> tuple[Pair, ...]:
    """The codecs of both sides under the offerer's payload types (RFC 3264 6.1: the same numbers both ways)."""
    mine = {codec.identity: codec for codec in ours}
    pairs: dict[object, Pair] = {}
    for theirs in offered:
        match = mine.get(theirs.identity)
        if match is not None:
            # fmtp is each side's word on what it receives, so ours goes with the number of theirs.
            receive = Codec(
                theirs.name,
                theirs.clock_rate,
                channels=theirs.channels,
                payload_type=theirs.payload_type,
                fmtp=match.fmtp,
            )
            pairs.setdefault(theirs.identity, Pair(theirs, receive))
    chosen = list(pairs.values())
    if prefer == "ours":
        rank = {codec.identity: index for index, codec in reversed(list(enumerate(ours)))}
        chosen.sort(key=lambda pair: rank[pair.send.identity])
    return in_order(chosen)


def _looks_like_rtcp(pair: Pair) -> bool:
    return pair.send.payload_type in _RTCP_LOOKALIKES


def _direction(offer: SessionDescription, media: MediaDescription, ours: Capabilities) -> Direction:
    """RFC 3264 6.1: the offer's, seen from our end, as far as we want it; and never towards 0.0.0.0."""
    allowed = attributes.direction(offer, media).reversed
    sends = allowed.sends and not wants_none(offer, media)
    return Direction.of(sends=sends, receives=allowed.receives).within(ours.direction)


def _section(media: MediaDescription, verdict: AgreedMedia | Rejected, ours: Capabilities) -> MediaDescription:
    chosen = choose(media, ours)
    if isinstance(verdict, Rejected) or isinstance(chosen, Rejected):
        return refused_section(media)
    return accepted_section(
        ours,
        verdict.receive_codecs,
        verdict.direction,
        protocol=media.protocol,
        rtcp_mux=verdict.rtcp_mux,
        rtcp_port=not verdict.rtcp_mux,
        crypto=() if chosen is None else (chosen.line,),
    )


def _no_common_codec(
    offer: SessionDescription, ours: Capabilities, verdicts: Sequence[AgreedMedia | Rejected]
) -> NoCommonCodec:
    offered = [codec for media in offer.media if media.kind == "audio" for codec in attributes.codecs(media)]
    reasons = [verdict.reason for verdict in verdicts if isinstance(verdict, Rejected)]
    return NoCommonCodec(offered, ours.codecs, reasons)


def _derived_id(origin: Origin, ours: Capabilities) -> int:
    # Without the offer's version, so that a re-offer finds the same session; 62 bits: some peers read a signed number.
    name = f"{origin.username} {origin.session_id} {origin.address} {ours.address}"
    return int.from_bytes(blake2s(name.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big") >> 2
