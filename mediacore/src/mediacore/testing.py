"""For tests of programs that use mediacore: tones to speak with, ears to hear them, and a path that loses packets.

    with testing.Path(to=bob.local, loss_ratio=0.05, delay_ms=40, seed=7) as path:
        alice.update(RtpParams(remote=path.address, rtcp_mux=True))    # what Alice sends reaches Bob by a bad path,
        bob.update(RtpParams(remote=path.address, rtcp_mux=True))      # and what he sends reaches her
        alice.play_tone(1000)
        assert testing.dominant_hz(tap.read_exactly(1600, timeout_s=5)) == pytest.approx(1000, abs=10)

A path is real: sockets on loopback, and real time. Which packets are lost and how late each is comes from the seed and
the order of packets alone; how late the machine is besides is its own.
"""

from __future__ import annotations

import heapq
import random
import select
import socket
import threading
from dataclasses import dataclass
from time import monotonic
from types import TracebackType
from typing import Self

import numpy as np

from mediacore.params import Address, address_of
from mediacore.sound import SAMPLE_RATE_HZ, Samples

__all__ = ["Path", "PathStats", "dominant_hz", "level_dbfs", "silence", "tone", "tone_dbfs"]

FULL_SCALE = 32_767
SILENCE_DBFS = -100.0
DATAGRAM_OCTETS = 2048

# So many packets are on their way at most, ten seconds of forty calls; what comes beyond is lost, and counted as such.
UNDER_WAY_MAX = 20_000
STOPS_IN_S = 5.0


# Samples.


def tone(hz: float, *, level_dbfs: float = -10.0, duration_ms: int = 1000) -> Samples:
    """A sine for `Source.write`; 0 dBFS is a full-scale sine."""
    moments_s = np.arange(duration_ms * SAMPLE_RATE_HZ // 1000) / SAMPLE_RATE_HZ
    sine = np.sin(2 * np.pi * hz * moments_s) * FULL_SCALE * 10 ** (level_dbfs / 20)
    return np.clip(np.rint(sine), -FULL_SCALE - 1, FULL_SCALE).astype(np.int16)


def silence(*, duration_ms: int = 1000) -> Samples:
    """Nothing, for so long."""
    return np.zeros(duration_ms * SAMPLE_RATE_HZ // 1000, dtype=np.int16)


def level_dbfs(samples: Samples) -> float:
    """RMS; -100 for digital silence, or none."""
    if not samples.any():
        return SILENCE_DBFS
    rms = float(np.sqrt(np.mean(samples.astype(np.float64) ** 2)))
    return max(SILENCE_DBFS, 20 * float(np.log10(rms * np.sqrt(2) / FULL_SCALE)))


def tone_dbfs(samples: Samples, hz: float) -> float:
    """The level of one frequency alone: of anything else 10 periods of it away, next to nothing is counted."""
    if not len(samples):
        return SILENCE_DBFS
    window = np.hanning(len(samples))
    turning = np.exp(-2j * np.pi * hz * np.arange(len(samples)) / SAMPLE_RATE_HZ)
    amplitude = 2 * abs(np.sum(samples * window * turning)) / max(float(np.sum(window)), 1.0)
    return max(SILENCE_DBFS, 20 * float(np.log10(max(float(amplitude) / FULL_SCALE, 1e-9))))


def dominant_hz(samples: Samples) -> float:
    """The loudest frequency, to about a twentieth of what so few samples resolve; 0 in silence."""
    if len(samples) < 3 or not samples.any():
        return 0.0
    magnitudes = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    peak = int(np.argmax(magnitudes[1:-1])) + 1
    # A parabola through the logarithms of three neighbours: the window's main lobe is nearly one.
    below, at, above = np.log(magnitudes[peak - 1 : peak + 2] + 1e-9)
    curve = below - 2 * at + above
    shift = 0.5 * (below - above) / curve if curve else 0.0
    return float((peak + shift) * SAMPLE_RATE_HZ / len(samples))


# Paths.


@dataclass(frozen=True, slots=True)
class PathStats:
    """What went over a path so far."""

    taken: int = 0
    lost: int = 0
    """By the dice, for want of room (20,000 packets under way), or with nobody to go back to."""
    sent: int = 0
    under_way: int = 0


class Path:
    """A network between whoever sends to `address` and one destination, both ways alike.

    What the destination sends back goes to the one who sent last. There is one port: for reports, `rtcp_mux=True`.

    to          where packets go in the end, "192.0.2.7:4000" or ("192.0.2.7", 4000)
    loss_ratio  the share of packets that is lost, each by itself, 0 to 1
    delay_ms    how long each is under way at the least
    jitter_ms   how much longer at the most, each by itself: beyond the distance of packets they overtake one another
    seed        the same seed loses the same packets, of each way by itself
    """

    def __init__(
        self,
        *,
        to: str | Address,
        loss_ratio: float = 0.0,
        delay_ms: float = 0.0,
        jitter_ms: float = 0.0,
        seed: int = 0,
    ) -> None:
        if not 0 <= loss_ratio <= 1 or delay_ms < 0 or jitter_ms < 0:
            raise ValueError(
                f"loss_ratio={loss_ratio} (0 to 1), delay_ms={delay_ms}, jitter_ms={jitter_ms} (0 or more)"
            )
        destination = address_of(to)
        if destination is None:
            raise ValueError("to=None: a path leads somewhere")
        self._to = destination
        self._loss_ratio = loss_ratio
        self._delay_s, self._jitter_s = delay_ms / 1000, jitter_ms / 1000
        self._sender: Address | None = None
        self._dice = {"there": random.Random(seed), "back": random.Random(f"{seed} back")}
        self._under_way: list[tuple[float, int, bytes, Address]] = []
        self._taken = self._lost = self._sent = 0
        family = socket.AF_INET6 if ":" in destination[0] else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.bind(("::1" if family == socket.AF_INET6 else "127.0.0.1", 0))
        self._stop_in, self._stop_out = socket.socketpair()
        host, port = self._socket.getsockname()[:2]
        self.address: Address = (host, port)
        """Where to send to."""
        self._thread = threading.Thread(target=self._carry, name=f"path to {self._to}", daemon=True)
        self._thread.start()

    def stats(self) -> PathStats:
        """What went over it so far."""
        return PathStats(self._taken, self._lost, self._sent, len(self._under_way))

    def _carry(self) -> None:
        """The thread: takes, waits, hands over."""
        while True:
            left_s = None if not self._under_way else max(0.0, self._under_way[0][0] - monotonic())
            readable, _, _ = select.select([self._socket, self._stop_in], [], [], left_s)
            if self._stop_in in readable:
                return
            if self._socket in readable:
                self._take(monotonic())
            self._hand_over(monotonic())

    def _take(self, now: float) -> None:
        try:
            datagram, (host, port, *_) = self._socket.recvfrom(DATAGRAM_OCTETS)
        except OSError:  # a port unreachable that came back
            return
        self._taken += 1
        way, to = ("back", self._sender) if (host, port) == self._to else ("there", self._to)
        if way == "there":
            self._sender = (host, port)
        # Both dice for each packet, so that what happens to one does not depend on what happened to others.
        dice = self._dice[way]
        is_lost, late_s = dice.random() < self._loss_ratio, dice.random() * self._jitter_s
        if is_lost or to is None or len(self._under_way) >= UNDER_WAY_MAX:
            self._lost += 1
            return
        heapq.heappush(self._under_way, (now + self._delay_s + late_s, self._taken, datagram, to))

    def _hand_over(self, now: float) -> None:
        while self._under_way and self._under_way[0][0] <= now:
            _, _, datagram, to = heapq.heappop(self._under_way)
            try:
                self._socket.sendto(datagram, to)
                self._sent += 1
            except OSError:  # who was there is gone
                self._lost += 1

    def close(self) -> None:
        """Nothing is taken any more, and what is under way is lost; a second call does nothing."""
        if self._thread.is_alive():
            self._stop_out.send(b"!")
            self._thread.join(STOPS_IN_S)
        for each in (self._socket, self._stop_in, self._stop_out):
            each.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
