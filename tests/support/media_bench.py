"""Phones for media tests: legs of a second engine, and bare sockets that send whatever a test wants."""

from __future__ import annotations

import random
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

import mediacore as mc

WAIT_S = 10.0  # for what takes milliseconds: a test that waits so long has failed

FIRST_PORT, END_PORT = 10_000, 20_000  # below the demo's range and the kernel's own choice

Found = TypeVar("Found")
Samples = npt.NDArray[np.int16]


def port_range(count: int) -> range:
    """A range for an engine, most likely nobody else's; ports that are taken all the same are stepped over."""
    first = random.randrange(FIRST_PORT, END_PORT - count, 2)
    return range(first, first + count)


def wait_event(
    engine: mc.Engine,
    kind: type[Found],
    where: Callable[[Found], bool] = lambda event: True,
    *,
    timeout_s: float = WAIT_S,
) -> Found:
    """The next event of this kind; what comes before it is passed over, and shown if it does not come."""
    seen: list[object] = []
    ends_at = monotonic() + timeout_s
    while (left_s := ends_at - monotonic()) > 0:
        for event in engine.events(timeout_s=left_s):
            if isinstance(event, kind) and where(event):
                return event
            seen.append(event)
            if monotonic() >= ends_at:
                break
    raise AssertionError(f"no {kind.__name__} within {timeout_s} s; there were {seen}")


def wait_stats(engine: mc.Engine, leg: mc.Leg, where: Callable[[mc.LegStats], bool]) -> mc.LegStats:
    """The leg's figures once they are so; looked at with every event, so the leg should send reports."""
    stats = leg.stats()
    ends_at = monotonic() + WAIT_S
    while not where(stats):
        assert monotonic() < ends_at, f"never became so: {stats}"
        wait_event(engine, mc.Report, lambda report: report.leg is leg)
        stats = leg.stats()
    return stats


def connect(
    phones: mc.Engine, engine: mc.Engine, *, near: mc.Leg | None = None, **params: Any
) -> tuple[mc.Leg, mc.Leg]:
    """A phone and the leg that talks to it, each with the other's address."""
    phone = phones.leg()
    leg = engine.leg(mc.RtpParams(**{"remote": phone.local, "report_every_ms": 20, **params}), near=near)
    phone.update(mc.RtpParams(remote=leg.local, codecs=params.get("codecs", mc.RtpParams().codecs)))
    return phone, leg


def tone(hz: float, level_dbfs: float, duration_ms: int) -> Samples:
    """A sine; 0 dBFS is full scale."""
    moments = np.arange(duration_ms * 8) / mc.SAMPLE_RATE_HZ
    return (32767 * 10 ** (level_dbfs / 20) * np.sin(2 * np.pi * hz * moments)).astype(np.int16)


def level_dbfs(samples: Samples) -> float:
    """RMS level; 0 dBFS is a full-scale sine."""
    rms = float(np.sqrt(np.mean(np.square(samples.astype(np.float64)))))
    return 20 * float(np.log10(max(rms, 1e-3) / (32767 / np.sqrt(2))))


def loudest_hz(samples: Samples) -> float:
    """The frequency with the most power."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.fft.rfftfreq(len(samples), 1 / mc.SAMPLE_RATE_HZ)[int(np.argmax(spectrum))])


@dataclass(frozen=True)
class Packet:
    """One RTP packet as it came."""

    payload_type: int
    marker: bool
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes


class BarePhone:
    """A socket that speaks RTP by hand."""

    def __init__(self, host: str = "127.0.0.1", *, port: int = 0, payload_type: int = 0) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((host, port))
        self.socket.settimeout(WAIT_S)
        self.local: tuple[str, int] = self.socket.getsockname()
        self.payload_type = payload_type
        self.sequence = 1000
        self.timestamp = 0
        self.ssrc = 0xC0FFEE

    def send(self, to: tuple[str, int], payload: bytes = b"\xff" * 160) -> None:
        """The next packet of its stream."""
        header = struct.pack("!BBHII", 0x80, self.payload_type, self.sequence, self.timestamp, self.ssrc)
        self.socket.sendto(header + payload, to)
        self.sequence = (self.sequence + 1) % 65_536
        self.timestamp += 160

    def receive(self) -> Packet:
        """The next RTP packet that comes; reports are passed over."""
        while True:
            datagram = self.socket.recv(2048)
            if not 192 <= datagram[1] <= 223:
                break
        _, second, sequence, timestamp, ssrc = struct.unpack("!BBHII", datagram[:12])
        return Packet(second & 0x7F, bool(second & 0x80), sequence, timestamp, ssrc, datagram[12:])

    def waiting(self) -> int:
        """How many datagrams have come that nobody took."""
        self.socket.setblocking(False)
        count = 0
        try:
            while True:
                self.socket.recv(2048)
                count += 1
        except BlockingIOError:
            return count
        finally:
            self.socket.settimeout(WAIT_S)

    def close(self) -> None:
        """Gives the port back."""
        self.socket.close()

    def __enter__(self) -> BarePhone:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
