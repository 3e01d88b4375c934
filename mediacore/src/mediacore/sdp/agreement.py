"""What we bring into a negotiation and what comes out of it. Values; `negotiate` and `offer` make and read them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from mediacore.sdp.codec import CODECS, DYNAMIC_PAYLOAD_TYPES, Codec, with_payload_types
from mediacore.sdp.crypto import SrtpKey, SrtpKeys, SrtpUse
from mediacore.sdp.description import Connection, Direction, SessionDescription

PTIME_MS = 20  # RFC 3551 4.2: the default packet length for audio
PTIMES_MS = (10, 20, 30, 40, 50, 60)  # packet lengths that the engine makes

# Profiles that we can answer in. AVPF without feedback messages sends what AVP sends (RFC 4585 5); SAVP and SAVPF come
# on top of them where there are keys.
PROTOCOLS = ("RTP/AVP", "RTP/AVPF")


@dataclass(frozen=True, slots=True)
class Capabilities:
    """One audio stream as we can have it: where we receive it, and the codecs in our order of preference.

    `ptime_ms` is what we ask for, `ptimes_ms` are the packet lengths that we can send; `rtcp_port` is for a peer
    without rtcp-mux (None: the port after `port`). `address` is what the peer is to send to, not what we bind.

    `srtp` says whether media is protected, by `crypto`: our keys, one for each suite that we can, best first.
    """

    address: str
    port: int
    codecs: tuple[Codec, ...] = CODECS
    direction: Direction = Direction.SENDRECV
    ptime_ms: int = PTIME_MS
    ptimes_ms: tuple[int, ...] = PTIMES_MS
    rtcp_mux: bool = True
    rtcp_port: int | None = None
    protocols: tuple[str, ...] = PROTOCOLS
    username: str = "-"
    session_name: str = "-"
    srtp: SrtpUse = "off"
    crypto: tuple[SrtpKey, ...] = ()

    def __post_init__(self) -> None:
        if self.srtp != "off" and not self.crypto:
            raise ValueError(f"srtp={self.srtp!r} without a key")
        if len({key.suite for key in self.crypto}) != len(self.crypto):
            raise ValueError(f"a crypto suite is given twice: {[key.suite for key in self.crypto]}")
        if not any(codec.is_primary for codec in self.codecs):
            raise ValueError("capabilities without an audio codec can agree on nothing")
        if len({codec.payload_type for codec in self.codecs}) != len(self.codecs):
            raise ValueError(f"a payload type is given twice: {[(c.payload_type, str(c)) for c in self.codecs]}")
        if not 0 < self.port <= 65_535:
            raise ValueError(f"no port to receive on: {self.port}")
        where = Connection.of(self.address)
        if where.host is None:
            raise ValueError(f"neither an address nor a host name: {self.address!r}")
        if where.ip is not None and where.ip.is_unspecified:
            raise ValueError(f"{self.address} in an offer means: send nothing; give the address that peers can reach")
        if not self.protocols:
            raise ValueError("capabilities without a protocol can offer nothing")

    def preferring(self, codecs: Iterable[Codec]) -> Capabilities:
        """The same with our codecs in the order of these, then the rest of ours in our order.

        Dynamic payload types are taken from `codecs` too, so that packets can be passed on with the number they have.
        """
        wishes = tuple(codecs)
        rank = {codec.identity: index for index, codec in reversed(list(enumerate(wishes)))}
        ordered = sorted(self.codecs, key=lambda codec: (not codec.is_primary, rank.get(codec.identity, len(wishes))))
        dynamic = {codec.identity for codec in ordered if codec.payload_type in DYNAMIC_PAYLOAD_TYPES}
        shared = (wish for wish in wishes if wish.identity in dynamic and wish.payload_type in DYNAMIC_PAYLOAD_TYPES)
        return replace(self, codecs=with_payload_types(ordered, wishes=shared))


@dataclass(frozen=True, slots=True)
class AgreedMedia:
    """A stream that both sides agreed on, seen from ours.

    `remote_address` (an IP address, or a host name yet to be resolved) is None where the peer gave 0.0.0.0: nothing
    may be sent. `remote_rtcp` is None where there is no place for RTCP. `codecs` are those to send with, best first,
    under the peer's payload types; `receive_codecs` is all that may arrive, under ours. `telephone_event` is for
    sending digits. `held`: the peer asked us to stop sending. `srtp`: the keys of both directions; None: plain RTP.
    """

    remote_address: str | None
    remote_port: int
    remote_rtcp: tuple[str, int] | None
    codecs: tuple[Codec, ...]
    direction: Direction
    ptime_ms: int
    rtcp_mux: bool
    telephone_event: Codec | None
    held: bool
    receive_codecs: tuple[Codec, ...]
    kind: str = "audio"
    srtp: SrtpKeys | None = None


@dataclass(frozen=True, slots=True)
class Rejected:
    """A stream that does not come about, and why, in words."""

    reason: str


@dataclass(frozen=True, slots=True)
class Agreed:
    """What an answer made of our offer: one entry per m= line, in order."""

    media: tuple[AgreedMedia | Rejected, ...]

    @property
    def audio(self) -> AgreedMedia | None:
        """The first audio stream that came about; None where the peer wants none now."""
        return _first_audio(self.media)


@dataclass(frozen=True, slots=True)
class Answer:
    """Our answer, and what is agreed once it is sent: one entry per m= line, in order."""

    description: SessionDescription
    media: tuple[AgreedMedia | Rejected, ...]

    @property
    def audio(self) -> AgreedMedia:
        """The audio stream; there always is one, or there would be no answer but NoCommonCodec."""
        audio = _first_audio(self.media)
        assert audio is not None, self.media
        return audio


def _first_audio(media: Iterable[AgreedMedia | Rejected]) -> AgreedMedia | None:
    return next((entry for entry in media if isinstance(entry, AgreedMedia) and entry.kind == "audio"), None)
