"""What a call needs of a media engine, in the words of SDP. Knows no SIP and no engine.

The engine's own threads do the work. Verbs that are not awaited return at once; those that are take as long as what
they do, and cancelling one stops it.
"""

from contextlib import AbstractAsyncContextManager, AbstractContextManager
from pathlib import Path
from typing import Literal, Protocol

import msgspec

Direction = Literal["sendrecv", "sendonly", "recvonly", "inactive"]
Address = tuple[str, int]


class NoMediaPorts(Exception):
    """Every port of the range is in use: the call is answered 503, and a wider `rtp.ports` would do."""


class SrtpKey(msgspec.Struct, frozen=True):
    """One direction's master key and salt, by the name of its suite in SDP."""

    suite: str
    key: bytes
    mki: bytes = b""
    lifetime_packets: int | None = None

    def __repr__(self) -> str:
        return f"SrtpKey({self.suite!r}, …)"  # never the key: this stands in a call's state


class SrtpKeys(msgspec.Struct, frozen=True):
    """What we seal with, and what the phone may seal with."""

    send: SrtpKey
    receive: tuple[SrtpKey, ...]


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
    srtp: SrtpKeys | None = None  # None: plain RTP


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


class RoomIsFull(Exception):
    """The room has as many members as it may: `members_max`."""


class Digits(Protocol):
    """The digits that a phone presses, in order, none missed while the `with` of `listening()` lasts."""

    async def next(self, *, timeout_s: float | None = None) -> str:
        """The next one: 0-9, A-D, "*" or "#". Raises TimeoutError."""

    async def collect(
        self,
        *,
        count: int | None = None,
        timeout_s: float | None = None,
        until: str = "",
        between_s: float | None = None,
    ) -> str:
        """So many; fewer when one of `until` ends them (and is left out), or time is over in all or between two."""


class Recording(Protocol):
    """What is heard and said, on its way into a file that is playable at any moment."""

    @property
    def duration_s(self) -> float:
        """How much is in the file."""

    async def wait_ended(self) -> None:
        """Until a limit or a full disk has ended it; one that just goes on is waited for for ever."""


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

    async def play(self, path: Path) -> bool:
        """The phone hears a WAV or FLAC file to its end. False: the file could not be read to its end."""

    async def play_tone(self, hz: float, *, duration_ms: int) -> None:
        """The phone hears a sine."""

    def listening(self) -> AbstractContextManager[Digits]:
        """What the phone presses, while the `with` lasts."""

    def press(self, digit: str, *, duration_ms: int) -> None:
        """The signalling says that the phone pressed this: whoever listens is told, and a phone that is bridged."""

    def recording(
        self, path: Path, *, max_s: float, max_silence_s: float | None = None
    ) -> AbstractAsyncContextManager[Recording]:
        """Both directions as one channel of a WAV file, while the `with` lasts, for at most `max_s`, and until nobody
        has spoken for `max_silence_s`.

        The file is whole once it is left. Raises OSError where it cannot be made.
        """

    def close(self) -> None:
        """Gives the ports back; a second call does nothing."""


class MediaRoom(Protocol):
    """Where everybody hears everybody else."""

    def add(self, leg: MediaLeg, *, is_muted: bool = False) -> None:
        """Takes the leg in, out of wherever it was. Raises RoomIsFull."""

    def remove(self, leg: MediaLeg) -> None:
        """Lets it go: it hears nothing then. One that is not in it is no error."""

    def mute(self, leg: MediaLeg, *, is_muted: bool) -> None:
        """Whether the others hear it."""

    async def play(self, path: Path) -> bool:
        """Everybody in it hears a file to its end. False: the file could not be read to its end."""

    def close(self) -> None:
        """Lets all go."""


class MediaEngine(Protocol):
    """Legs, and who hears whom."""

    async def run(self) -> None:
        """Takes in what the engine tells, also what nobody waits for; until cancelled."""

    def open_leg(self, *, local: Address | None = None) -> MediaLeg:
        """A leg on a free port, or on the port of a call that is being restored. Raises NoMediaPorts."""

    def bridge(self, a: MediaLeg, b: MediaLeg) -> None:
        """The two hear each other, and nobody else."""

    def unbridge(self, leg: MediaLeg) -> None:
        """`leg` hears nothing and is heard by nobody."""

    def echo(self, leg: MediaLeg) -> None:
        """`leg` hears itself."""

    def open_room(self, *, members_max: int) -> MediaRoom:
        """A room that nobody is in."""

    def legs_open(self) -> int:
        """How many legs hold ports now."""
