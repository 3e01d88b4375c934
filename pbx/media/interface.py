"""What a call needs of a media engine, in the words of SDP. Knows no SIP and no engine.

Every verb returns at once: the engine's own threads do the work, and what happens there comes back as events.
"""

from typing import Literal, Protocol

import msgspec

Direction = Literal["sendrecv", "sendonly", "recvonly", "inactive"]
Address = tuple[str, int]


class NoMediaPorts(Exception):
    """Every port of the range is in use: the call is answered 503, and a wider `rtp.ports` would do."""


class Stream(msgspec.Struct, frozen=True):
    """What two sides agreed for one leg's audio; part of a call's saved state.

    `codecs` are "PT NAME/RATE" in order of preference for sending, `receive_codecs` what may come, under our payload
    types; `direction` is ours towards the phone.
    """

    remote: Address | None  # None: nothing may be sent there (0.0.0.0)
    remote_rtcp: Address | None
    codecs: tuple[str, ...]
    direction: Direction = "sendrecv"
    ptime_ms: int = 20
    rtcp_mux: bool = False
    receive_codecs: tuple[str, ...] = ()
    signalling_host: str | None = (
        None  # audio may come from there too: a phone behind a NAT knows only its private address
    )


class MediaQuality(msgspec.Struct, frozen=True):
    """What a leg's audio was like, both ways, up to the moment of asking."""

    codec: str = ""
    packets_sent: int = 0
    packets_received: int = 0
    packets_forwarded: int = 0  # of those received: handed to another leg undecoded
    packets_decoded: int = 0
    lost_ratio: float = 0.0
    jitter_ms: float = 0.0
    mos: float | None = None
    deaf_because: str | None = None  # why nothing usable comes from the phone, in words


class MediaLeg(Protocol):
    """One RTP stream each way with one peer, on a port of ours."""

    @property
    def id(self) -> int:
        """The engine's number for this leg."""

    @property
    def local(self) -> Address:
        """Address and port that our SDP names."""

    def update(self, stream: Stream) -> None:
        """Takes over what was agreed; again after each re-offer. Numbering goes on where it was."""

    def quality(self) -> MediaQuality:
        """What was measured so far."""

    def close(self) -> None:
        """Gives the ports back; a second call does nothing."""


class MediaEngine(Protocol):
    """Legs, and who hears whom."""

    def open_leg(self, *, local: Address | None = None) -> MediaLeg:
        """A leg on a free port, or on the port of a call that is being restored. Raises NoMediaPorts."""

    def bridge(self, a: MediaLeg, b: MediaLeg) -> None:
        """The two hear each other, and nobody else."""

    def unbridge(self, leg: MediaLeg) -> None:
        """`leg` hears nothing and is heard by nobody."""

    def echo(self, leg: MediaLeg) -> None:
        """`leg` hears itself."""

    def legs_open(self) -> int:
        """How many legs hold ports now."""
