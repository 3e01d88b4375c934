"""A phone that measures: tones of its own into each call, and what its ear made of what came back.

What its figures mean is judged elsewhere: of calls in `self_test.py`, of a message in `voicemail_call.py`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import trio

from pbx.testphone.audio import Audio, AudioLeg
from pbx.testphone.phone import Account, Phone
from pbx.testphone.phone_call import PhoneCall
from pbx.transport.udp import UdpSocket

SEND_DBFS = -16.0
LEVEL_TOLERANCE_DB = 3.0
STEP_S = 3.0  # a registration, an answer or a tone that takes longer on one machine has failed


@dataclass(frozen=True)
class Heard:
    """A tone as it was found: when its first window was played (seconds, monotonic), and its level."""

    hz: float
    level_dbfs: float
    at: float


@dataclass(frozen=True)
class Measured:
    """What a leg's engine counted. None is "not known"."""

    packets_sent: int
    packets_received: int
    lost_ratio: float | None
    concealed_ratio: float | None
    level_dbfs: float | None  # of the newest audio that was heard
    mos: float | None
    deaf_because: str | None  # the engine's own verdict where nothing usable comes in
    unheard_because: str | None = None  # the PBX's verdict where nothing usable comes from here


class MeasuringLeg(AudioLeg, Protocol):
    """An audio leg that can play and measure."""

    def play_tone(self, hz: float, level_dbfs: float) -> float:
        """Starts a tone; returns when (seconds, monotonic)."""

    async def wait_tone(self, hz: float) -> Heard:
        """Returns once the tone is heard."""

    def measured(self) -> Measured:
        """What was counted so far."""


class MeasuringPhone:
    """A phone with its measuring audio."""

    def __init__(self, account: Account, host: str, audio: Audio, token: Callable[[], str]) -> None:
        self.socket = UdpSocket.bind(host, 0)
        self.phone = Phone(account, self.socket, audio, token)

    @property
    def number(self) -> str:
        """Its extension."""
        return self.phone.account.number


async def hang_up(call: PhoneCall) -> None:
    """Ends a call that we began, wherever it is; returns when the other side has said so, or STEP_S later."""
    with trio.move_on_after(STEP_S):
        if call.answered.is_set() and not call.ended.is_set():
            call.hang_up()
        elif not call.ended.is_set():
            call.cancel()
        await call.ended.wait()
