"""The paced generator (native/mediacore-bench): phones that send G.711 to a relay, and count what comes."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from bench.media.processes import running
from bench.row import Missing

ROOT = Path(__file__).parents[2]
FIRST_PORT = 61_000  # above what the kernel hands out by itself
PHONES_MAX = (65_536 - FIRST_PORT) // 2  # RTP and RTCP each
REAL_TIME_PRIORITY = 10

Address = tuple[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What the generator measured, in its own words (native/mediacore-bench/src/tally.rs)."""

    event: str
    streams: int
    seconds: float
    sent: int
    received: int
    lost: int
    late: int
    """More than 20 ms after the best transit of their stream."""
    duplicates: int
    strays: int
    """Arrived, and sent by none of the phones: silence that a relay makes up, reports."""
    send_errors: int
    transit_p50_ms: float
    transit_p99_ms: float
    transit_max_ms: float
    send_late_p99_ms: float
    send_late_max_ms: float
    is_limit: bool
    """The generator could not keep its own times: what it says of delays is about itself."""

    @property
    def lost_percent(self) -> float:
        return 100 * self.lost / self.sent

    @property
    def late_percent(self) -> float:
        return 100 * self.late / self.sent


@cache
def binary() -> Path:
    """Builds the generator where cargo keeps such things. Raises Missing without a cargo that can."""
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    command = ["cargo", "build", "--release", "--locked", "--quiet", "--package", "mediacore-bench"]
    environment = {**os.environ, "CARGO_TARGET_DIR": str(target)}
    try:
        built = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    except FileNotFoundError:
        raise Missing("cargo", "install Rust; the generator is built from native/mediacore-bench") from None
    if built.returncode:
        raise RuntimeError(f"the generator was not built:\n{built.stderr}")
    return target / "release" / "mediacore-bench"


class Streams:
    """A generator whose phones are there, and silent until they are told where to send."""

    def __init__(self, process: subprocess.Popen[str], phones: int) -> None:
        self._process = process
        self.pid = process.pid
        self.addresses: list[Address] = [("127.0.0.1", FIRST_PORT + 2 * phone) for phone in range(phones)]

    def drive(self, targets: Sequence[Address], at: Callable[[str], None]) -> dict[str, Any]:
        """Sends until everything is measured; `at` is called with "measuring" and "measured" when it is so far.

        Returns what the generator says of it at last.
        """
        assert self._process.stdin is not None
        self._process.stdin.write("".join(f"{host}:{port}\n" for host, port in targets))
        self._process.stdin.close()
        while (told := self._next())["event"] != "result":
            at(told["event"])
        return told

    def wait_ready(self) -> None:
        """Until all ports are open."""
        assert self._next()["event"] == "ready"

    def _next(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the generator ended with status {self._process.wait()}; its log says why")
        found: dict[str, Any] = json.loads(line)
        return found


class Phones(Streams):
    """Two in turn are a call."""

    def talk(self, targets: Sequence[Address], at: Callable[[str], None]) -> Outcome:
        """`drive`, and what came of it."""
        return Outcome(**self.drive(targets, at))


@contextmanager
def phones(calls: int, *, core: int, settle_s: float, measure_s: float, log: Path) -> Iterator[Phones]:
    """The phones of so many calls, from a process on a core of its own."""
    command = ["generate", "--calls", str(calls)]
    with generating(command, 2 * calls, core=core, settle_s=settle_s, measure_s=measure_s, log=log) as process:
        found = Phones(process, 2 * calls)
        found.wait_ready()
        yield found


@contextmanager
def generating(
    command: Sequence[str], phones: int, *, core: int, settle_s: float, measure_s: float, log: Path
) -> Iterator[subprocess.Popen[str]]:
    """The generator at work on `command`, for so many phones."""
    if phones > PHONES_MAX:
        raise ValueError(f"{phones} phones: there are ports for {PHONES_MAX}")
    words = [*command, "--first-port", FIRST_PORT, "--core", core, "--settle", settle_s, "--measure", measure_s]
    with running([binary(), *map(str, words)], log) as process:
        # Real time, where that is allowed: it measures others, so nobody should be able to delay it.
        with suppress(PermissionError):
            os.sched_setscheduler(process.pid, os.SCHED_FIFO, os.sched_param(REAL_TIME_PRIORITY))
        yield process
