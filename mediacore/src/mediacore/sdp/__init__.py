"""Session descriptions (RFC 8866) and offer/answer (RFC 3264), pure: text and values in, text and values out.

    offer = sdp.parse(body)                                       # BadSdp: line, what was read, what is wrong
    ours = sdp.Capabilities(address="192.0.2.1", port=20000)      # Opus, G.722, G.711 and digits by default
    answer = sdp.answer(offer, ours)                              # NoCommonCodec: 488
    body = sdp.write(answer.description)
    answer.audio.remote_address, answer.audio.codecs[0]           # where to send, and what

No socket, clock, thread or random number; nothing is resolved and nothing is sent.
"""

from mediacore.sdp.agreement import PROTOCOLS, PTIME_MS, PTIMES_MS, Agreed, AgreedMedia, Answer, Capabilities, Rejected
from mediacore.sdp.attributes import (
    codecs,
    connection,
    direction,
    max_ptime_ms,
    ptime_ms,
    rtcp_destination,
    ssrcs,
)
from mediacore.sdp.codec import CODECS, G722, OPUS, PCMA, PCMU, TELEPHONE_EVENT, TELEPHONE_EVENT_48, Codec
from mediacore.sdp.crypto import (
    DEFAULT_SUITES,
    KEY_OCTETS,
    SECURE_PROTOCOLS,
    CryptoLine,
    SrtpKey,
    SrtpKeys,
    SrtpUse,
    crypto_lines,
)
from mediacore.sdp.description import (
    Attribute,
    Bandwidth,
    Connection,
    Direction,
    MediaDescription,
    Origin,
    SessionDescription,
    TimeDescription,
)
from mediacore.sdp.errors import BadAnswer, BadSdp, NoCommonCodec, SdpError
from mediacore.sdp.negotiate import answer
from mediacore.sdp.offer import accept_answer, make_offer, offer_codecs_like
from mediacore.sdp.parse import LINES_MAX, MEDIA_MAX, SIZE_MAX, parse
from mediacore.sdp.write import write

__all__ = [
    "CODECS",
    "DEFAULT_SUITES",
    "G722",
    "KEY_OCTETS",
    "LINES_MAX",
    "MEDIA_MAX",
    "OPUS",
    "PCMA",
    "PCMU",
    "PROTOCOLS",
    "PTIMES_MS",
    "PTIME_MS",
    "SECURE_PROTOCOLS",
    "SIZE_MAX",
    "TELEPHONE_EVENT",
    "TELEPHONE_EVENT_48",
    "Agreed",
    "AgreedMedia",
    "Answer",
    "Attribute",
    "BadAnswer",
    "BadSdp",
    "Bandwidth",
    "Capabilities",
    "Codec",
    "Connection",
    "CryptoLine",
    "Direction",
    "MediaDescription",
    "NoCommonCodec",
    "Origin",
    "Rejected",
    "SdpError",
    "SessionDescription",
    "SrtpKey",
    "SrtpKeys",
    "SrtpUse",
    "TimeDescription",
    "accept_answer",
    "answer",
    "codecs",
    "connection",
    "crypto_lines",
    "direction",
    "make_offer",
    "max_ptime_ms",
    "offer_codecs_like",
    "parse",
    "ptime_ms",
    "rtcp_destination",
    "ssrcs",
    "write",
]
