"""A media engine that moves no audio: hands out ports, remembers who hears whom, and takes its time by the clock.

For calls under a virtual clock. A file plays for PLAY_S whatever is in it, a recording is as long as it lasted, and
what a phone presses is what a test says it does.
"""

import wave
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from math import inf
from pathlib import Path

import trio

from pbx.media.interface import Address, MediaLeg, MediaQuality, NoMediaPorts, RoomIsFull, Stream

PLAY_S = 2.0
RATE_HZ = 8000


class FakeDigits:
    """What a test presses, while somebody listens."""

    def __init__(self) -> None:
        self._pressed: deque[str] = deque()
        self._news = trio.Event()

    def press(self, digit: str) -> None:
        """One more."""
        self._pressed.append(digit)
        self._news.set()

    async def next(self, *, timeout_s: float | None = None) -> str:
        """See Digits."""
        with trio.move_on_after(float("inf") if timeout_s is None else timeout_s):
            while not self._pressed:
                self._news = trio.Event()
                await self._news.wait()
            return self._pressed.popleft()
        raise TimeoutError(f"not within {timeout_s} s")

    async def collect(
        self,
        *,
        count: int | None = None,
        timeout_s: float | None = None,
        until: str = "",
        between_s: float | None = None,
    ) -> str:
        """See Digits."""
        pressed = ""
        with trio.move_on_after(float("inf") if timeout_s is None else timeout_s):
            while count is None or len(pressed) < count:
                try:
                    digit = await self.next(timeout_s=between_s if pressed else None)
                except TimeoutError:
                    break
                if digit in until:
                    break
                pressed += digit
        return pressed


class FakeRecording:
    """Silence, as long as it lasts; taken for speech until the phone falls silent."""

    def __init__(self, path: Path, max_s: float, max_silence_s: float, silence: trio.Event) -> None:
        self._path = path
        self._max_s = max_s
        self._max_silence_s = max_silence_s
        self._silence = silence
        self._began_at = trio.current_time()
        self._ended_at = inf
        self._write(0.0)  # there from the start, as the real one is

    @property
    def duration_s(self) -> float:
        """Until now, or the limit."""
        return min(trio.current_time() - self._began_at, self._max_s, self._ended_at - self._began_at)

    async def wait_ended(self) -> None:
        """Until a limit."""
        with trio.move_on_at(self._began_at + self._max_s):
            await self._silence.wait()
            await trio.sleep(self._max_silence_s)
        self._ended_at = trio.current_time()

    def close(self) -> None:
        """The file is whole."""
        self._write(self.duration_s)

    def _write(self, duration_s: float) -> None:
        with wave.open(str(self._path), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(RATE_HZ)
            file.writeframes(bytes(2 * round(duration_s * RATE_HZ)))


class FakeLeg:
    """Remembers what it was told."""

    def __init__(self, engine: "FakeEngine", number: int, local: Address) -> None:
        self.id = number
        self.local = local
        self.stream: Stream | None = None
        self.is_closed = False
        self.heard: list[str] = []  # files by name without suffix, tones as "1000 Hz"
        self._engine = engine
        self._listeners: list[FakeDigits] = []
        self._silence = trio.Event()

    def update(self, stream: Stream) -> None:
        """Remembers the newest agreement."""
        self.stream = stream

    def quality(self) -> MediaQuality:
        """A flawless leg that carried nothing."""
        return MediaQuality(codec=self.stream.codecs[0] if self.stream else "")

    async def play(self, path: Path) -> bool:
        """Takes PLAY_S."""
        assert not self.is_closed, "a closed leg plays nothing"
        self.heard.append(path.stem)
        await trio.sleep(PLAY_S)
        return True

    async def play_tone(self, hz: float, *, duration_ms: int) -> None:
        """Takes its time."""
        assert not self.is_closed, "a closed leg plays nothing"
        self.heard.append(f"{hz:g} Hz")
        await trio.sleep(duration_ms / 1000)

    @contextmanager
    def listening(self) -> Iterator[FakeDigits]:
        """Hears what `press` says meanwhile."""
        digits = FakeDigits()
        self._listeners.append(digits)
        try:
            yield digits
        finally:
            self._listeners.remove(digits)

    def press(self, digits: str, *, duration_ms: int = 100) -> None:
        """The phone presses these; a test calls it, or a call that was told so by INFO."""
        for digit in digits:
            for listener in self._listeners:
                listener.press(digit)

    def fall_silent(self) -> None:
        """The phone says nothing any more; a test calls it."""
        self._silence.set()

    @asynccontextmanager
    async def recording(
        self, path: Path, *, max_s: float, max_silence_s: float | None = None
    ) -> AsyncIterator[FakeRecording]:
        """Silence into a file."""
        recording = FakeRecording(path, max_s, inf if max_silence_s is None else max_silence_s, self._silence)
        try:
            yield recording
        finally:
            recording.close()

    def close(self) -> None:
        """Gives the port back."""
        self.is_closed = True
        self._engine.forget(self)


class FakeRoom:
    """Remembers who is in it."""

    def __init__(self, engine: "FakeEngine", members_max: int) -> None:
        self.members: dict[int, bool] = {}  # leg → is muted
        self.heard: list[str] = []
        self._engine = engine
        self._members_max = members_max

    def add(self, leg: MediaLeg, *, is_muted: bool = False) -> None:
        """Takes it in."""
        if len(self.members) >= self._members_max:
            raise RoomIsFull(f"{self._members_max} members")
        self._engine.unbridge(leg)
        self.members[leg.id] = is_muted

    def remove(self, leg: MediaLeg) -> None:
        """Lets it go."""
        self.members.pop(leg.id, None)

    def mute(self, leg: MediaLeg, *, is_muted: bool) -> None:
        """Remembers it."""
        self.members[leg.id] = is_muted

    async def play(self, path: Path) -> bool:
        """Takes PLAY_S."""
        self.heard.append(path.stem)
        await trio.sleep(PLAY_S)
        return True

    def close(self) -> None:
        """Lets all go."""
        self.members.clear()
        if self in self._engine.rooms:
            self._engine.rooms.remove(self)


class FakeEngine:
    """Ports from `first_port` upwards, two apart; `hears` says which leg's audio goes to which."""

    def __init__(self, *, address: str = "192.0.2.10", first_port: int = 20_000, legs_max: int = 1000) -> None:
        self.hears: dict[int, int] = {}
        self.rooms: list[FakeRoom] = []
        self._address = address
        self._first_port = first_port
        self._legs_max = legs_max
        self._legs: dict[int, FakeLeg] = {}
        self._last_id = 0

    async def run(self) -> None:
        """It tells nothing."""
        await trio.sleep_forever()

    def leg_at(self, local: Address) -> FakeLeg:
        """The open leg whose address an SDP named."""
        return next(leg for leg in self._legs.values() if leg.local == local)

    def open_leg(self, *, local: Address | None = None) -> FakeLeg:
        """A leg on the lowest free port, or on `local`."""
        taken = {leg.local[1] for leg in self._legs.values()}
        ports = range(self._first_port, self._first_port + 2 * self._legs_max, 2)
        port = local[1] if local else next((p for p in ports if p not in taken), None)
        if port is None or port in taken:
            raise NoMediaPorts(f"{len(taken)} of {self._legs_max} ports in use")
        self._last_id += 1
        leg = FakeLeg(self, self._last_id, (self._address, port))
        self._legs[leg.id] = leg
        return leg

    def bridge(self, a: MediaLeg, b: MediaLeg) -> None:
        """Notes that each hears the other."""
        self.unbridge(a)
        self.unbridge(b)
        self.hears[a.id] = b.id
        self.hears[b.id] = a.id

    def unbridge(self, leg: MediaLeg) -> None:
        """Notes that nobody hears it and it hears nobody."""
        other = self.hears.pop(leg.id, None)
        if other is not None:
            self.hears.pop(other, None)

    def echo(self, leg: MediaLeg) -> None:
        """Notes that it hears itself."""
        self.unbridge(leg)
        self.hears[leg.id] = leg.id

    def open_room(self, *, members_max: int) -> FakeRoom:
        """A room that nobody is in."""
        room = FakeRoom(self, members_max)
        self.rooms.append(room)
        return room

    def legs_open(self) -> int:
        """How many legs are not closed."""
        return len(self._legs)

    def forget(self, leg: FakeLeg) -> None:
        """Called by a leg that closes."""
        self.unbridge(leg)
        for room in self.rooms:
            room.remove(leg)
        self._legs.pop(leg.id, None)
