"""A phone's audio with one thing wrong: mute, a payload type of its own, or a lossy line before it. All seeded."""

import random
import socket
from collections.abc import Callable

import numpy as np
import trio

import mediacore
from mediacore import sdp
from pbx.testphone.engine_audio import EngineAudio, EngineLeg
from pbx.testphone.measuring import Heard, Measured

Impair = Callable[["ImpairedLeg", mediacore.RtpParams], mediacore.RtpParams]


class ImpairedLeg:
    """Behaves as `EngineLeg` does, but what was agreed goes through `impair` first; keeps what it hears in `frames`."""

    def __init__(self, inner: EngineLeg, impair: Impair, line: "LossyLine | None") -> None:
        self.inner = inner
        self.line = line
        self.local = inner.local if line is None else line.attach(inner.local)
        self.tap = inner.leg.tap()
        self.frames: list[np.ndarray] = []
        self._impair = impair

    def connect(self, agreed: sdp.AgreedMedia) -> None:
        """Takes over what was negotiated, impaired."""
        self.inner.leg.update(self._impair(self, mediacore.RtpParams.agreed(agreed)))

    def play_tone(self, hz: float, level_dbfs: float) -> float:
        """As the inner one."""
        return self.inner.play_tone(hz, level_dbfs)

    async def wait_tone(self, hz: float) -> Heard:
        """As the inner one."""
        return await self.inner.wait_tone(hz)

    def measured(self) -> Measured:
        """As the inner one; keeps the audio that came meanwhile."""
        self.frames.append(self.tap.read())
        return self.inner.measured()

    def close(self) -> None:
        """Gives everything back."""
        self.inner.close()


class ImpairedAudio:
    """Legs of `audio` with `impair` done to each, behind `line` if there is one. `legs` are all that were opened."""

    def __init__(self, audio: EngineAudio, impair: Impair, line: "LossyLine | None" = None) -> None:
        self.legs: list[ImpairedLeg] = []
        self._audio = audio
        self._impair = impair
        self._line = line

    def open_leg(self) -> ImpairedLeg:
        """A leg with the fault."""
        self.legs.append(ImpairedLeg(self._audio.open_leg(), self._impair, self._line))
        return self.legs[-1]


def mute(leg: ImpairedLeg, params: mediacore.RtpParams) -> mediacore.RtpParams:
    """The microphone is off."""
    leg.inner.leg.mute(send=True)
    return params


def deaf(leg: ImpairedLeg, params: mediacore.RtpParams) -> mediacore.RtpParams:
    """Understands payload type 96 alone, which nobody agreed to."""
    return mediacore.RtpParams(
        remote=params.remote,
        codecs=params.codecs,
        receive_codecs=["96 PCMU/8000"],
        rtcp_mux=params.rtcp_mux,
        remote_rtcp=params.remote_rtcp,
    )


def wrong_payload_type(leg: ImpairedLeg, params: mediacore.RtpParams) -> mediacore.RtpParams:
    """Sends PCMU as payload type 96, which nobody agreed to."""
    return mediacore.RtpParams(
        remote=params.remote,
        codecs=["96 PCMU/8000"],
        receive_codecs=params.receive_codecs,
        rtcp_mux=params.rtcp_mux,
        remote_rtcp=params.remote_rtcp,
    )


def behind_line(leg: ImpairedLeg, params: mediacore.RtpParams) -> mediacore.RtpParams:
    """Everything goes through the leg's line."""
    assert leg.line is not None, "a leg behind a line has one"
    near = leg.line.lead_to(params.remote)
    return mediacore.RtpParams(
        remote=near, codecs=params.codecs, receive_codecs=params.receive_codecs, rtcp_mux=True, remote_rtcp=None
    )


class LossyLine:
    """Two sockets between a phone and the world: what comes for the phone is lost with probability `loss`.

    The phone names the outer socket in its SDP and sends to the inner one. RTCP passes unharmed.
    """

    def __init__(self, *, loss: float, seed: int) -> None:
        self.lost = self.passed = 0
        self._loss = loss
        self._random = random.Random(seed)
        self._outer, self._inner = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
        for end in (self._outer, self._inner):
            end.bind(("127.0.0.1", 0))
            end.setblocking(False)
        self._phone = self._world = ("127.0.0.1", 9)

    def attach(self, phone: tuple[str, int]) -> tuple[str, int]:
        """The phone's real address; returns the one to put into SDP."""
        self._phone = phone
        address: tuple[str, int] = self._outer.getsockname()
        return address

    def lead_to(self, world: object) -> tuple[str, int]:
        """Where the phone's audio is wanted; returns where it is to send it."""
        assert isinstance(world, tuple), world
        self._world = world
        address: tuple[str, int] = self._inner.getsockname()
        return address

    async def run(self) -> None:
        """Until cancelled; then the sockets are closed."""
        with self._outer, self._inner:
            await self._carry_both_ways()

    async def _carry_both_ways(self) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._carry, self._outer, self._inner, lambda: self._phone, True)
            nursery.start_soon(self._carry, self._inner, self._outer, lambda: self._world, False)

    async def _carry(
        self,
        source: socket.socket,
        way_out: socket.socket,
        destination: Callable[[], tuple[str, int]],
        is_lossy: bool,
    ) -> None:
        while True:
            await trio.lowlevel.wait_readable(source)
            data = source.recv(2048)
            is_rtcp = 192 <= data[1] <= 223
            if is_lossy and not is_rtcp and self._random.random() < self._loss:
                self.lost += 1
                continue
            self.passed += 1
            way_out.sendto(data, destination())
