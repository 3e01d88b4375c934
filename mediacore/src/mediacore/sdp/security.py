"""Whether a stream is protected, and by what: the part of offer/answer that RFC 4568 7 and RFC 8643 add. Pure."""

from __future__ import annotations

from typing import NamedTuple

from mediacore.sdp.agreement import Capabilities, Rejected
from mediacore.sdp.crypto import SECURE_PROTOCOLS, CryptoLine, SrtpKeys, crypto_lines, registered_suite
from mediacore.sdp.description import MediaDescription
from mediacore.sdp.errors import BadAnswer, shown


class Chosen(NamedTuple):
    """An offered line that we take: what we answer, and the keys of both directions."""

    line: CryptoLine
    keys: SrtpKeys


def choose(offered: MediaDescription, ours: Capabilities) -> Chosen | Rejected | None:
    """What protects this offered stream; None: nothing does, and nothing has to.

    Keys beside RTP/AVP are taken as well: a peer that offers them there would rather have SRTP (RFC 8643).
    """
    is_secure = offered.protocol in SECURE_PROTOCOLS
    if ours.srtp == "off":
        return Rejected(f"protocol {shown(offered.protocol)} is not supported") if is_secure else None
    lines = crypto_lines(offered)
    for key in ours.crypto:
        for line in lines:
            if registered_suite(line.suite) == key.suite:
                # The tag and the spelling are the offerer's (RFC 4568 7.1.2); the key is ours.
                return Chosen(CryptoLine(line.tag, line.suite, (key,)), SrtpKeys(key, line.keys))
    if is_secure:
        return Rejected("no common crypto suite" if lines else "no a=crypto line that can be used")
    return Rejected("SRTP is required") if ours.srtp == "required" else None


def offered_lines(ours: Capabilities) -> tuple[CryptoLine, ...]:
    """The lines of our own offers, best first."""
    if ours.srtp == "off":
        return ()
    return tuple(CryptoLine(tag, key.suite, (key,)) for tag, key in enumerate(ours.crypto, start=1))


def offered_protocol(ours: Capabilities, before: MediaDescription | None) -> str:
    """The profile of our offer; `before` is the stream as we described it last.

    One that was agreed stays, or a peer that knows but that one would refuse a mere hold.
    """
    if before is not None and before.port != 0 and _stays(ours, before):
        return before.protocol
    return SECURE_PROTOCOLS[0] if ours.srtp == "required" else ours.protocols[0]


def _stays(ours: Capabilities, before: MediaDescription) -> bool:
    if before.protocol in SECURE_PROTOCOLS:
        return ours.srtp != "off"
    # Keys beside RTP/AVP protect as well as others, where that is how the peer had it.
    return before.protocol in ours.protocols and (ours.srtp != "required" or before.has("crypto"))


def agreed_keys(offered: MediaDescription, answered: MediaDescription, index: int) -> SrtpKeys | None:
    """What an answer made of the lines of our offer; None: nothing protects the stream. Raises BadAnswer."""
    ours = {line.tag: line for line in crypto_lines(offered)}
    said = answered.all("crypto")
    if not ours or not said:
        if offered.protocol in SECURE_PROTOCOLS:
            raise BadAnswer(f"no a=crypto line for {offered.protocol}", index)
        return None
    theirs = crypto_lines(answered)
    line = ours.get(theirs[0].tag) if theirs else None
    if line is None or registered_suite(line.suite) != registered_suite(theirs[0].suite):
        # Not plain instead: the peer may be sending SRTP, by whatever it meant.
        raise BadAnswer("an a=crypto line that answers none of the offer", index)
    return SrtpKeys(line.keys[0], theirs[0].keys)
