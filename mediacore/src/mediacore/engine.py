"""The engine: native media threads, the legs on them, and what they tell."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator, Sequence
from time import monotonic
from types import TracebackType
from typing import Any, Literal, Self, cast

from mediacore import _native, fork, sdp
from mediacore.bridge import Bridge
from mediacore.conference import LOUDEST_MAX, Conference, gain
from mediacore.errors import BadOffer
from mediacore.events import BY_NAME, Event, PlayFinished, RecordFinished, Report, VerdictCleared, VerdictRaised
from mediacore.leg import Leg
from mediacore.params import Address, RtpParams
from mediacore.recorder import Beep, Recorder, RecordFormat, RecordOptions
from mediacore.sound import FilePlayer
from mediacore.stats import EngineStats, LegStatsTable

DEFAULT_PORTS = range(20_000, 40_000)

Sockets = tuple[socket.socket, socket.socket | None]


class Engine:
    """Legs on native threads.

    address     the IP address that sockets are opened on
    ports       where RTP and RTCP take their pairs from
    threads     media threads; None: one for each core but one
    advertised  the address that our SDP names, where it is not `address` (behind a NAT); None: `address`
    codecs      what we offer and accept in SDP, best first; None: Opus, G.722, G.711, digits
    srtp        in SDP: "off", "optional" (where the peer wants it too), "required"
    srtp_suites crypto suites that we offer and accept, best first
    dscp        the differentiated services code point of what is sent, 0 to 63 (46: expedited forwarding, RFC 4594);
                sockets that are handed in keep their own
    """

    def __init__(
        self,
        *,
        address: str = "127.0.0.1",
        ports: range = DEFAULT_PORTS,
        threads: int | None = None,
        advertised: str | None = None,
        codecs: Sequence[str] | None = None,
        srtp: sdp.SrtpUse = "optional",
        srtp_suites: Sequence[str] = sdp.DEFAULT_SUITES,
        dscp: int = 46,
    ) -> None:
        if not 0 <= dscp <= 63:
            raise ValueError(f"dscp={dscp}: 0 to 63; 46 is expedited forwarding")
        if ports.step != 1 or not 0 < ports.start < ports.stop <= 65_536:
            raise ValueError(f"no port range: {ports}; range(20000, 40000) would do")
        self._codecs = sdp.CODECS if codecs is None else tuple(sdp.Codec.parse(text) for text in codecs)
        self._advertised = advertised or address
        self._srtp = srtp
        self.srtp_suites = () if srtp == "off" else tuple(srtp_suites)
        self._legs: dict[int, Leg] = {}
        self._conferences: dict[int, Conference] = {}
        # Until their end was told of, which may be after that of their leg or conference.
        self._recorders: dict[int, Recorder] = {}
        self.is_closed = False
        # 65535 is odd: it could only be the RTCP port of a pair, and the native range is sixteen bits wide.
        self.native = _native.Engine(address, ports.start, min(ports.stop, 65_535), threads, dscp=dscp)
        fork.watch(self)

    def leg(
        self,
        params: RtpParams | None = None,
        *,
        offer: str | None = None,
        port: int | None = None,
        sockets: Sockets | None = None,
        near: Leg | None = None,
    ) -> Leg:
        """A leg with free ports; from what was agreed (`params`), from the peer's SDP (`offer`), or from both: then
        `params` gives what SDP does not say. Raises PortsExhausted, BadOffer, NoCommonCodec.

        `port` asks for this very (even) port. `sockets` hands in bound UDP sockets for RTP and RTCP, which stay the
        caller's to close. `near` is a leg that this one will be bridged with: both go on one media thread.
        """
        given = params or RtpParams()
        descriptors = None
        if sockets is not None:
            rtp, rtcp = sockets
            descriptors = (rtp.fileno(), None if rtcp is None else rtcp.fileno())
        number, local, local_rtcp = self.native.open_leg(
            given.native(), port=port, descriptors=descriptors, near=None if near is None else near.id
        )
        leg = self._legs[number] = Leg(self, number, local, local_rtcp, given)
        if offer is not None:
            try:
                leg.reoffer(offer)
            except BaseException:
                leg.close()
                raise
        return leg

    def bridge(self, a: Leg, b: Leg) -> Bridge:
        """The two hear each other and nobody else: packets are forwarded where both have the codec and nothing needs
        the audio, and transcoded otherwise. Each leaves the bridge that it is in.
        """
        return Bridge(self, self.native.bridge(a.id, b.id), (a, b))

    def echo(self, leg: Leg) -> Bridge:
        """The leg hears itself."""
        return Bridge(self, self.native.bridge(leg.id, leg.id), (leg,))

    def conference(self, *, max_members: int = 1000, loudest: int | None = None, near: Leg | None = None) -> Conference:
        """A room where every member hears the sum of the others, for at most `max_members`.

        `loudest`: so many are mixed at once, 1 to 16; None: everybody, and of more than 16 who talk the loudest 8.
        `near` is a leg that will be in it: the conference goes on its media thread. Other legs are brought there.
        """
        if max_members < 1:
            raise ValueError(f"max_members={max_members}: at least 1")
        if loudest is not None and not 1 <= loudest <= LOUDEST_MAX:
            raise ValueError(f"loudest={loudest}: 1 to {LOUDEST_MAX}, or None")
        native = _native.Conference(self.native, max_members, loudest, None if near is None else near.id)
        room = self._conferences[native.id()] = Conference(self, native, max_members)
        return room

    def play(
        self,
        *paths: str | os.PathLike[str],
        to: Leg | Conference,
        times: int | None = 1,
        start_ms: int = 0,
        gain_db: float = 0.0,
    ) -> FilePlayer:
        """Plays WAV, FLAC, Ogg Opus and MP3 files one after the other to a leg or to all of a conference, mixed down to
        mono; PlayFinished tells of the end. Raises BadAudioFile for the first; what else cannot be read is left out.

        `times`: how often all of them are played, None: until it is stopped; `start_ms`: where the first one begins;
        `gain_db`: so much louder, -72 to 20.
        """
        if not paths:
            raise ValueError("nothing to play")
        if times is not None and times < 1:
            raise ValueError(f"times={times}: at least 1, or None for ever")
        files = [os.fspath(path) for path in paths]
        number, native = self.native.play_files(to.open_number(), files, times, start_ms, gain(gain_db))
        return FilePlayer(to, number, native)

    def record(
        self,
        place: Leg | Conference,
        path: str | os.PathLike[str],
        *,
        format: RecordFormat | None = None,
        channels: Literal["stereo", "mixed"] | None = None,
        max_s: float | None = None,
        max_bytes: int | None = None,
        max_silence_s: float | None = None,
        pauses: Literal["left-out", "silent"] = "left-out",
        beep: Beep | None = None,
    ) -> Recorder:
        """Records into a file, which is replaced if it exists. Raises BadAudioFile. Several at once are possible.

        `format`: "wav", 16 bits at 8 kHz, or "opus", Ogg Opus of 24 kbit/s for each channel; None: as the name of the
        file says. Of a leg: what its peer says on the left, what it is sent on the right, or both `mixed`. Of a
        conference: the mix of all, in one channel.

        At `max_s`, at a file of `max_bytes`, when nobody has spoken for `max_silence_s`, or when the disk is full, the
        recording ends and the call goes on; RecordFinished tells why. Without limits a WAV file ends at 4 GiB, 37 hours
        of stereo. `pauses` are left out of the file, or silence in it; `beep` tells those who are recorded.
        """
        options = RecordOptions(format, channels, max_s, max_bytes, max_silence_s, pauses, beep)
        native_options = options.native(path, has_sides=not isinstance(place, Conference))
        number, native = self.native.record(place.open_number(), path, native_options)
        recorder = self._recorders[number] = Recorder(place, number, native, os.fspath(path))
        return recorder

    # Events.

    def events(self, *, timeout_s: float | None = None) -> Iterator[Event]:
        """Events as they come; ends when none came for `timeout_s` (None: never), or when the engine is closed."""
        while not self.is_closed:
            if not self._wait(timeout_s):
                return
            yield from self.poll_events()

    def poll_events(self) -> list[Event]:
        """All events since the last time, possibly none; of what is closed only RecordFinished. Never waits."""
        found: list[Event] = []
        for name, number, *fields in self.native.poll_events():
            event = self._event(name, number, fields)
            if isinstance(event, Report):
                found += _verdicts(event.leg)
            if event is not None:
                found.append(event)
        return found

    def _event(self, name: str, number: int, fields: list[Any]) -> Event | None:
        place: Leg | Conference | None = self._legs.get(number) or self._conferences.get(number)
        if name == "RecordFinished" and (recorder := self._recorders.pop(fields[0], None)) is not None:
            place = recorder.place
        if name == "TalkerChanged":
            fields[0] = self._conferences.get(fields[0])
        if place is None or None in fields:
            return None
        if isinstance(place, Conference):
            return _event_in(place, name, fields)
        return BY_NAME[name](place, *fields)

    def fileno(self) -> int:
        """A descriptor that is readable while events wait: for `select` and event loops."""
        return self.native.fileno()

    def _wait(self, timeout_s: float | None) -> bool:
        ends_at = float("inf") if timeout_s is None else monotonic() + timeout_s
        # By the second, so that a signal is noticed even where it does not interrupt the wait (another thread's).
        while not self.native.wait_events(min(1.0, ends_at - monotonic())):
            if monotonic() >= ends_at:
                return False
        return True

    # Figures.

    def stats(self) -> EngineStats:
        """The whole engine now."""
        return EngineStats(**self.native.stats())

    def leg_stats(self) -> LegStatsTable:
        """All legs now, by their numbers."""
        return LegStatsTable(self.native.all_leg_stats(), self.native.codec_name)

    # For legs and conferences.

    def capabilities(
        self, local: Address, local_rtcp: Address, crypto: tuple[sdp.SrtpKey, ...] = ()
    ) -> sdp.Capabilities:
        """What a leg that receives there can do, as SDP says it."""
        if sdp.Connection.of(self._advertised).ip is None:
            raise BadOffer(self._advertised, "no address to put into SDP; give Engine(advertised=…)")
        return sdp.Capabilities(
            address=self._advertised,
            port=local[1],
            codecs=self._codecs,
            rtcp_port=local_rtcp[1],
            srtp=self._srtp,
            crypto=crypto,
        )

    def session_id(self, leg: Leg) -> int:
        """The number of a leg's SDP session (RFC 8866 5.2)."""
        return leg.id

    def forget(self, leg: Leg) -> None:
        """A leg was closed."""
        self._legs.pop(leg.id, None)
        self.native.close_leg(leg.id)

    def leg_by_id(self, number: int) -> Leg | None:
        """An open leg."""
        return self._legs.get(number)

    def forget_conference(self, room: Conference) -> None:
        """A conference was closed."""
        self._conferences.pop(room.id, None)
        room.native.close()

    def close(self) -> None:
        """Closes all legs, with a goodbye to each peer, and ends the threads; a second call does nothing."""
        self.is_closed = True
        for room in self._conferences.values():
            room.retire()
        self._conferences.clear()
        for leg in self._legs.values():
            leg.retire()
        self._legs.clear()
        self.native.close()

    def leave_behind(self, elsewhere: fork.ElsewhereNative) -> None:
        """Called in a process that was forked off: from now on everything but `close()` raises EngineForked."""
        if self.is_closed:
            return
        self.native.leave_behind()
        self.native = cast("_native.Engine", elsewhere)
        for room in self._conferences.values():
            room.native = cast("_native.Conference", elsewhere)
            room.is_closed = True
        for leg in self._legs.values():
            leg.is_closed = True
        self._conferences.clear()
        self._legs.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _verdicts(leg: Leg) -> Iterator[Event]:
    raised, cleared = leg.look()
    for verdict in raised:
        yield VerdictRaised(leg, verdict)
    for verdict in cleared:
        yield VerdictCleared(leg, verdict)


def _event_in(room: Conference, name: str, fields: list[Any]) -> Event:
    if name == "PlayFinished":
        player, completed = fields
        return PlayFinished(None, player, completed, room)
    recorder, reason, duration_ms = fields
    return RecordFinished(None, recorder, reason, duration_ms, room)
