"""Offers and answers for one leg: SDP in and out, the media leg told of what was agreed (RFC 3264).

Media is anchored here, so each leg negotiates with us alone, and a hold on one side needs no word with the other.
"""

from collections.abc import Iterable
from hashlib import blake2s

from mediacore import sdp
from pbx.call.leg import SDP, Leg
from pbx.call.srtp_keys import keys_for
from pbx.media.interface import SrtpKey, SrtpKeys, Stream
from pbx.sip.message import Message
from pbx.transport.address import is_ip_address


def sdp_of(message: Message) -> str:
    """The session description that a message brings; "" where it brings none, or something else."""
    kind = (message.content_type or SDP).partition(";")[0].strip().lower()
    return message.body.decode(errors="replace") if kind == SDP else ""


def check_offer(offer: str, codecs: tuple[sdp.Codec, ...], srtp: sdp.SrtpUse = "off") -> None:
    """Raises what `answer` would raise, before anybody's phone rings: sdp.SdpError."""
    crypto = keys_for(srtp, None, offering=False)
    ours = sdp.Capabilities(address="192.0.2.1", port=9, codecs=codecs, srtp=srtp, crypto=crypto)
    _check_reachable(sdp.answer(sdp.parse(offer), ours).audio)


def answer(leg: Leg, offer: str, codecs: tuple[sdp.Codec, ...], *, other: Leg | None) -> str:
    """Our answer to the leg's offer, with the codecs that `other` sends first. Raises sdp.SdpError."""
    wishes = _codecs_of(other)
    made = sdp.answer(
        sdp.parse(offer),
        _capabilities(leg, codecs, offering=False).preferring(wishes),
        prefer="ours" if wishes else "offerer",
        previous=_standing(leg),
    )
    _agree(leg, made.audio, local=sdp.write(made.description), remote=offer)
    return leg.state.description.local


def make_offer(leg: Leg, codecs: tuple[sdp.Codec, ...], *, other: Leg | None) -> str:
    """Our offer to the leg, in the order of codecs that `other` offers or sends; its answer goes to `accept`."""
    ours = _capabilities(leg, codecs, offering=True).preferring(_codecs_of(other))
    offer = sdp.make_offer(ours, session_id=_session_id(leg), previous=_standing(leg))
    leg.state.description.local = sdp.write(offer)
    leg.state.description.is_offer_ours = True
    return leg.state.description.local


def accept(leg: Leg, text: str) -> None:
    """Takes the answer to our offer. Raises sdp.SdpError, changing nothing."""
    standing = leg.state.description
    agreed = sdp.accept_answer(sdp.parse(standing.local), sdp.parse(text)).audio
    if agreed is None:
        raise sdp.BadAnswer("every stream was refused")
    if agreed.srtp is None and leg.state.srtp == "required":
        raise sdp.BadAnswer("SRTP is required")  # keys beside RTP/AVP may be left unanswered
    _agree(leg, agreed, local=standing.local, remote=text)


def _agree(leg: Leg, agreed: sdp.AgreedMedia, *, local: str, remote: str) -> None:
    _check_reachable(agreed)
    rtcp = agreed.remote_rtcp
    stream = Stream(
        remote=(agreed.remote_address, agreed.remote_port) if agreed.remote_address else None,
        remote_rtcp=rtcp if rtcp is not None and is_ip_address(rtcp[0]) else None,
        codecs=_texts(agreed.codecs, agreed.telephone_event),
        receive_codecs=_texts(agreed.receive_codecs, None),
        direction=agreed.direction.value,
        ptime_ms=agreed.ptime_ms,
        rtcp_mux=agreed.rtcp_mux,
        signalling_host=leg.state.flow.remote[0],
        srtp=_keys(agreed.srtp),
    )
    leg.media.update(stream)
    state = leg.state
    state.stream, state.is_held = stream, agreed.held
    state.description.local, state.description.remote, state.description.is_offer_ours = local, remote, False


def _check_reachable(agreed: sdp.AgreedMedia) -> None:
    if agreed.remote_address and not is_ip_address(agreed.remote_address):
        raise sdp.BadAnswer(f"c= names a host, {agreed.remote_address[:64]}: write its address")


def _texts(codecs: Iterable[sdp.Codec], digits: sdp.Codec | None) -> tuple[str, ...]:
    return tuple(codec.text for codec in (*codecs, *([digits] if digits else [])))


def _codecs_of(leg: Leg | None) -> tuple[sdp.Codec, ...]:
    """What a leg sends, or offers if nothing is agreed yet: equal codecs are forwarded, others cost a transcoding."""
    if leg is None or not leg.state.description.remote:
        return ()
    media = sdp.parse(leg.state.description.remote).media
    return next((sdp.codecs(audio) for audio in media if audio.kind == "audio" and audio.port), ())


def _keys(agreed: sdp.SrtpKeys | None) -> SrtpKeys | None:
    if agreed is None:
        return None
    return SrtpKeys(_key(agreed.send), tuple(map(_key, agreed.receive)))


def _key(key: sdp.SrtpKey) -> SrtpKey:
    return SrtpKey(key.suite, key.key, key.mki, key.lifetime_packets)


def _capabilities(leg: Leg, codecs: tuple[sdp.Codec, ...], *, offering: bool) -> sdp.Capabilities:
    address, port = leg.sdp_address
    srtp = leg.state.srtp
    crypto = keys_for(srtp, _standing(leg), offering=offering)
    return sdp.Capabilities(address=address, port=port, codecs=codecs, srtp=srtp, crypto=crypto)


def _standing(leg: Leg) -> sdp.SessionDescription | None:
    text = leg.state.description.local
    return sdp.parse(text) if text else None


def _session_id(leg: Leg) -> int:
    """RFC 8866 5.2 asks only that it differ between sessions, and a leg's token does."""
    return int.from_bytes(blake2s(leg.state.token.encode(), digest_size=7).digest(), "big")
