"""A phone's ear and mouth made of mediacore: real sockets, tones out, tones found."""

from time import monotonic
from typing import Self

import trio

import mediacore
from mediacore import sdp
from pbx.testphone.measuring import Heard, Measured

EVENTS_MAX = 64


class EngineLeg:
    """One call's audio. After `close` it still tells what was measured last."""

    def __init__(self, audio: "EngineAudio", leg: mediacore.Leg) -> None:
        self.leg = leg
        self.local = leg.local
        self._audio = audio
        self._last: Measured | None = None

    def connect(self, agreed: sdp.AgreedMedia) -> None:
        """Takes over what was negotiated."""
        self.leg.update(mediacore.RtpParams.agreed(agreed))

    def play_tone(self, hz: float, level_dbfs: float) -> float:
        """Starts a tone; returns when (seconds, monotonic)."""
        now = monotonic()  # the engine's clock; trio's begins elsewhere
        self.leg.play_tone(hz, level_dbfs=level_dbfs)
        return now

    async def wait_tone(self, hz: float) -> Heard:
        """Returns once the tone is heard."""
        self.leg.watch_tones(hz)
        while True:
            event = await self._audio.next_event(self.leg)
            if isinstance(event, mediacore.ToneStarted) and event.hz == hz:
                return Heard(event.hz, event.level_dbfs, event.at)

    def measured(self) -> Measured:
        """What was counted so far."""
        if not self.leg.is_closed:
            stats = self.leg.stats()
            self._last = Measured(
                packets_sent=stats.send.packets,
                packets_received=stats.receive.packets,
                lost_ratio=stats.receive.lost_ratio if stats.receive.packets else None,
                concealed_ratio=stats.receive.concealed_ratio,
                level_dbfs=stats.receive.level_dbfs,
                mos=stats.mos,
                deaf_because=mediacore.why_deaf(stats),
            )
        assert self._last is not None, "an open leg was measured"
        return self._last

    def close(self) -> None:
        """Gives the ports back."""
        if not self.leg.is_closed:
            self.measured()
            self.leg.close()
            self._audio.forget(self.leg)


class EngineAudio:
    """An engine for phones; `run()` hands out its events while they talk."""

    def __init__(self, address: str, ports: range) -> None:
        self._engine = mediacore.Engine(address=address, ports=ports, threads=1)
        self._inboxes: dict[int, Inbox] = {}

    def open_leg(self) -> EngineLeg:
        """A leg on free ports."""
        leg = self._engine.leg()
        self._inboxes[leg.id] = Inbox()
        return EngineLeg(self, leg)

    async def next_event(self, leg: mediacore.Leg) -> mediacore.Event:
        """What happens to `leg` next."""
        return await self._inboxes[leg.id].receive.receive()

    def forget(self, leg: mediacore.Leg) -> None:
        """The leg is closed."""
        self._inboxes.pop(leg.id, None)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await trio.lowlevel.wait_readable(self._engine.fileno())
            for event in self._engine.poll_events():
                inbox = None if event.leg is None else self._inboxes.get(event.leg.id)
                if inbox is not None:
                    inbox.put(event)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._engine.close()


class Inbox:
    """Events of one leg that nobody has looked at; beyond EVENTS_MAX the newest are dropped: a phone waits for one."""

    def __init__(self) -> None:
        self._send, self.receive = trio.open_memory_channel[mediacore.Event](EVENTS_MAX)

    def put(self, event: mediacore.Event) -> None:
        """Adds one."""
        try:
            self._send.send_nowait(event)
        except trio.WouldBlock:
            return
