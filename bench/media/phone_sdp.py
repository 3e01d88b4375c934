"""The SDP of the generator's phones, and the one thing wanted of the answers: where to send."""

import re

from bench.media.generator import Address

PCMU = "0 PCMU/8000"
PCMA = "8 PCMA/8000"


def phone_sdp(phone: Address, codec: str = PCMU) -> bytes:
    """A phone that speaks one codec, "0 PCMU/8000", and nothing else."""
    host, port = phone
    return (
        f"v=0\r\no=- {port} 1 IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\n"
        f"m=audio {port} RTP/AVP {codec.split()[0]}\r\na=rtpmap:{codec}\r\na=ptime:20\r\na=sendrecv\r\n"
    ).encode()


def media_address(sdp: bytes) -> Address:
    """Where an SDP wants its audio."""
    port = re.search(rb"^m=audio (\d+) ", sdp, re.MULTILINE)
    host = re.search(rb"^c=IN IP4 ([0-9.]+)", sdp, re.MULTILINE)
    if port is None or host is None:
        raise ValueError(f"no audio in this SDP: {sdp!r}")
    return host[1].decode(), int(port[1])
