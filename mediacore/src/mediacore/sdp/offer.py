"""The offerer's half of offer/answer (RFC 3264 5, 7, 8): making an offer, and reading what was answered. Pure."""

from __future__ import annotations

from collections.abc import Collection

from mediacore.sdp import attributes
from mediacore.sdp.agreement import PTIME_MS, PTIMES_MS, Agreed, AgreedMedia, Capabilities, Rejected
from mediacore.sdp.codec import with_payload_types
from mediacore.sdp.crypto import SECURE_PROTOCOLS
from mediacore.sdp.description import Direction, MediaDescription, SessionDescription, TimeDescription
from mediacore.sdp.errors import BadAnswer, shown
from mediacore.sdp.local import accepted_section, description, refused_section
from mediacore.sdp.remote import Pair, agreed_media, in_order, unreachable, wants_none
from mediacore.sdp.security import agreed_keys, offered_lines, offered_protocol


def make_offer(
    ours: Capabilities, *, session_id: int, version: int = 1, previous: SessionDescription | None = None
) -> SessionDescription:
    """An offer of one audio stream.

    `previous` is our last description of this session, offer or answer. The new one then keeps its o= line, with the
    version one higher where anything changed (and is `previous` itself where nothing did); its m= lines, in their
    places; and the meaning of its payload types (RFC 3264 8). `session_id` and `version` only start a session.
    """
    slots = previous.media if previous is not None else ()
    place = _place(slots)
    before = slots[place] if place < len(slots) else None
    media = [refused_section(slot) for slot in slots]
    media[place : place + 1] = [_section(ours, before)]
    return description(
        ours,
        media,
        session_id=session_id,
        version=version,
        times=previous.times if previous is not None else (TimeDescription(),),
        previous=previous,
    )


def accept_answer(
    offer: SessionDescription, answer: SessionDescription, *, ptimes_ms: Collection[int] = PTIMES_MS
) -> Agreed:
    """What is agreed now that `answer` came to our `offer`; raises BadAnswer. `ptimes_ms`: what we can send.

    Tolerated, since it does no harm: a direction that goes beyond the offer (cut down to it), rtcp-mux that was not
    offered (ignored), formats that were not offered (never used; RFC 3264 6.1 allows them), other payload types.
    """
    if len(answer.media) != len(offer.media):
        raise BadAnswer(f"{len(answer.media)} m= lines for the {len(offer.media)} of the offer")
    return Agreed(tuple(_accept(offer, answer, index, ptimes_ms) for index in range(len(offer.media))))


def offer_codecs_like(offer: SessionDescription, ours: Capabilities) -> Capabilities:
    """Our capabilities for the far side of a call that came with `offer`, in the caller's order of codecs.

    First what caller and we both can, so that a callee who agrees gets packets passed on undecoded; then the rest of
    ours, for which we transcode.
    """
    possible = ours.protocols if ours.srtp == "off" else (*ours.protocols, *SECURE_PROTOCOLS)
    for media in offer.media:
        if media.kind == "audio" and media.port != 0 and media.protocol in possible:
            return ours.preferring(attributes.codecs(media))
    return ours


def _place(slots: tuple[MediaDescription, ...]) -> int:
    """Where our stream goes: where it is, else into a place that was switched off, else to the end."""
    audio = [index for index, slot in enumerate(slots) if slot.kind == "audio"]
    is_on = [index for index in audio if slots[index].port != 0]
    return (is_on or audio or [len(slots)])[0]


def _section(ours: Capabilities, before: MediaDescription | None) -> MediaDescription:
    codecs = sorted(ours.codecs, key=lambda codec: not codec.is_primary)
    if before is not None and before.port != 0:
        codecs = list(with_payload_types(codecs, wishes=attributes.codecs(before)))
    return accepted_section(
        ours,
        codecs,
        ours.direction,
        protocol=offered_protocol(ours, before),
        rtcp_mux=ours.rtcp_mux,
        rtcp_port=True,
        crypto=offered_lines(ours),
    )


def _accept(
    offer: SessionDescription, answer: SessionDescription, index: int, ptimes_ms: Collection[int]
) -> AgreedMedia | Rejected:
    offered, answered = offer.media[index], answer.media[index]
    if answered.kind != offered.kind:
        raise BadAnswer(f"{shown(answered.kind)} for an offer of {shown(offered.kind)}", index)
    if answered.port == 0:
        return Rejected("offered with port 0" if offered.port == 0 else "refused by the peer")
    if offered.port == 0:
        raise BadAnswer("a port for a stream that was offered with port 0", index)
    if answered.protocol != offered.protocol:
        raise BadAnswer(f"{shown(answered.protocol)} for an offer of {shown(offered.protocol)}", index)
    if (why := unreachable(answer, answered)) is not None:
        raise BadAnswer(why, index)
    return _agree(offer, answer, index, ptimes_ms)


def _agree(
    offer: SessionDescription, answer: SessionDescription, index: int, ptimes_ms: Collection[int]
) -> AgreedMedia:
    offered, answered = offer.media[index], answer.media[index]
    pairs = _common(offered, answered)
    if not any(pair.send.is_primary for pair in pairs):
        raise BadAnswer(f"none of the offered codecs in it: {shown(' '.join(answered.formats))}", index)
    ours = attributes.direction(offer, offered)
    is_refused = wants_none(answer, answered)
    theirs = attributes.direction(answer, answered).reversed
    return agreed_media(
        answer,
        answered,
        pairs,
        direction=Direction.of(sends=theirs.sends and not is_refused, receives=theirs.receives).within(ours),
        held=is_refused and ours.sends,  # where we offered not to send, the peer had no other choice
        ptime_ms=attributes.ptime_ms(offer, offered) or PTIME_MS,
        ptimes_ms=ptimes_ms,
        rtcp_mux=offered.has("rtcp-mux") and answered.has("rtcp-mux"),
        srtp=agreed_keys(offered, answered, index),
    )


def _common(offered: MediaDescription, answered: MediaDescription) -> tuple[Pair, ...]:
    """The codecs of both, in the answer's order: to send under its payload types, to receive under the offer's."""
    ours = attributes.codecs(offered)
    mine = {codec.identity: codec for codec in reversed(ours)}
    pairs: dict[object, Pair] = {}
    # `known`: some phones answer `8 101` without an rtpmap for 101, and mean the offer's.
    for theirs in attributes.codecs(answered, known=ours):
        if theirs.identity in mine:
            pairs.setdefault(theirs.identity, Pair(theirs, mine[theirs.identity]))
    return in_order(tuple(pairs.values()))
