"""The media engine of mediacore behind the interface: converts, calls, returns. Knows neither SIP nor calls."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Self

import mediacore.trio
import structlog
import trio

import mediacore
from pbx.media.interface import (
    Address,
    Digits,
    MediaLeg,
    MediaQuality,
    NoMediaPorts,
    RoomIsFull,
    SrtpKey,
    SrtpKeys,
    Stream,
)

CLOSE_TRIES = 10  # the engine waits two seconds for the disk; then what is in the file by now has to do

log = structlog.get_logger()


class NativeLeg:
    """One mediacore leg."""

    def __init__(self, leg: mediacore.trio.Leg, advertised_address: str | None) -> None:
        self.leg = leg
        host, port = leg.local
        self.local: Address = (advertised_address or host, port)
        self.bridge: mediacore.Bridge | None = None

    @property
    def id(self) -> int:
        """The engine's number for it."""
        return self.leg.id

    def update(self, stream: Stream) -> None:
        """Takes over what was agreed."""
        self.leg.update(_params(stream))

    def quality(self) -> MediaQuality:
        """What was measured so far; of a closed leg, what was measured last."""
        stats = self.leg.stats()
        return MediaQuality(
            codec=stats.receive.codec or stats.send.codec,
            packets_sent=stats.send.packets,
            packets_received=stats.receive.packets,
            packets_forwarded=stats.forwarded_packets,
            packets_decoded=stats.decoded_packets,
            lost_ratio=stats.receive.lost_ratio,
            jitter_ms=stats.receive.jitter_ms,
            mos=stats.mos,
            deaf_because=mediacore.why_deaf(stats),
        )

    async def play(self, path: Path) -> bool:
        """The phone hears a file; a file that cannot be read is logged, for the call goes on."""
        return await _play(self.leg, path)

    async def play_tone(self, hz: float, *, duration_ms: int) -> None:
        """The phone hears a sine."""
        await self.leg.play_tone(hz, duration_ms=duration_ms)

    @contextmanager
    def listening(self) -> Iterator[Digits]:
        """What the phone presses."""
        with self.leg.listening() as digits:
            yield digits

    def press(self, digit: str, *, duration_ms: int) -> None:
        """The signalling says that the phone pressed this."""
        self.leg.press(digit, duration_ms=duration_ms)

    @asynccontextmanager
    async def recording(
        self, path: Path, *, max_s: float, max_silence_s: float | None = None
    ) -> AsyncIterator["NativeRecording"]:
        """Both directions into one channel."""
        try:
            recorder = self.leg.record(path, format="wav", channels="mixed", max_s=max_s, max_silence_s=max_silence_s)
        except mediacore.BadAudioFile as error:
            raise OSError(str(error)) from error
        try:
            yield NativeRecording(self.leg, recorder)
        finally:
            # In a thread: the rest of the recording is written to a disk, which may hang for longer than a phone waits.
            with trio.CancelScope(shield=True):  # bounded: CLOSE_TRIES, each of two seconds
                await trio.to_thread.run_sync(_close, recorder)

    def close(self) -> None:
        """Gives the ports back."""
        self.leg.close()


class NativeRecording:
    """One mediacore recorder."""

    def __init__(self, leg: mediacore.trio.Leg, recorder: mediacore.Recorder) -> None:
        self._leg = leg
        self._recorder = recorder

    @property
    def duration_s(self) -> float:
        """How much is in the file."""
        return self._recorder.duration_ms / 1000

    async def wait_ended(self) -> None:
        """Until one of its limits, or a full disk."""
        await self._leg.wait_recorded(self._recorder)


class NativeRoom:
    """One mediacore conference."""

    def __init__(self, room: mediacore.trio.Conference) -> None:
        self._room = room

    def add(self, leg: MediaLeg, *, is_muted: bool = False) -> None:
        """Takes it in, out of its bridge."""
        native = _native(leg)
        try:
            self._room.add(native.leg, muted=is_muted)
        except mediacore.RoomFull as error:
            raise RoomIsFull(str(error)) from error
        native.bridge = None

    def remove(self, leg: MediaLeg) -> None:
        """Lets it go."""
        self._room.remove(_native(leg).leg)

    def mute(self, leg: MediaLeg, *, is_muted: bool) -> None:
        """Whether the others hear it."""
        if is_muted:
            self._room.mute(_native(leg).leg)
        else:
            self._room.unmute(_native(leg).leg)

    async def play(self, path: Path) -> bool:
        """Everybody hears a file; one that cannot be read is logged, for the conference goes on."""
        return await _play(self._room, path)

    def close(self) -> None:
        """Lets all go."""
        self._room.close()


class NativeEngine:
    """A mediacore engine on `address`, with `ports`."""

    def __init__(self, address: str, ports: range, *, advertised_address: str | None = None) -> None:
        self.engine = mediacore.trio.Engine(address=address, ports=ports)
        self._advertised_address = advertised_address

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.engine.close()

    async def run(self) -> None:
        """Fetches events as they come, so that those that nobody waits for do not pile up."""
        async for _ in self.engine.events():
            pass

    def open_leg(self, *, local: Address | None = None) -> NativeLeg:
        """A leg on the next free port, or on the port of `local`. Raises NoMediaPorts, also where that one is taken."""
        try:
            leg = self.engine.leg(mediacore.RtpParams(), port=local[1] if local else None)
        except (mediacore.PortsExhausted, OSError) as error:
            raise NoMediaPorts(str(error)) from error
        return NativeLeg(leg, self._advertised_address)

    def bridge(self, a: MediaLeg, b: MediaLeg) -> None:
        """The two hear each other."""
        one, two = _native(a), _native(b)
        self.unbridge(one)
        self.unbridge(two)
        one.bridge = two.bridge = self.engine.bridge(one.leg, two.leg)

    def unbridge(self, leg: MediaLeg) -> None:
        """Ends whatever it is in."""
        native = _native(leg)
        if native.bridge is not None:
            native.bridge.close()
            native.bridge = None

    def echo(self, leg: MediaLeg) -> None:
        """It hears itself."""
        native = _native(leg)
        self.unbridge(native)
        native.bridge = self.engine.echo(native.leg)

    def open_room(self, *, members_max: int) -> NativeRoom:
        """A room that nobody is in."""
        return NativeRoom(self.engine.conference(max_members=members_max))

    def legs_open(self) -> int:
        """How many legs hold ports."""
        return self.engine.stats().legs


def _close(recorder: mediacore.Recorder) -> None:
    for _ in range(CLOSE_TRIES):
        try:
            return recorder.close()
        except mediacore.MediaError as error:
            log.warning("recording not closed yet", path=recorder.path, error=str(error))
    return None


async def _play(place: mediacore.trio.Leg | mediacore.trio.Conference, path: Path) -> bool:
    try:
        return await place.play(path)
    except mediacore.BadAudioFile as error:
        log.error("cannot play", path=str(path), error=str(error))
        return False


def _native(leg: MediaLeg) -> NativeLeg:
    assert isinstance(leg, NativeLeg), f"a leg of another engine: {leg}"
    return leg


def _params(stream: Stream) -> mediacore.RtpParams:
    return mediacore.RtpParams(
        remote=None if stream.remote is None else _host_port(stream.remote),
        remote_rtcp=None if stream.remote_rtcp is None else _host_port(stream.remote_rtcp),
        codecs=stream.codecs,
        receive_codecs=stream.receive_codecs or stream.codecs,
        direction=stream.direction,
        ptime_ms=stream.ptime_ms,
        rtcp_mux=stream.rtcp_mux,
        signalling_address=stream.signalling_host,
        srtp=_keys(stream.srtp),
    )


def _keys(keys: SrtpKeys | None) -> mediacore.SrtpKeys | None:
    return None if keys is None else mediacore.SrtpKeys(_key(keys.send), tuple(map(_key, keys.receive)))


def _key(key: SrtpKey) -> mediacore.SrtpKey:
    return mediacore.SrtpKey(key.suite, key.key, key.mki, key.lifetime_packets)


def _host_port(address: Address) -> str:
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
