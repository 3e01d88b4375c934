"""SIPp, the generator of the signalling benches: runs of our scenarios on a core of its own, and what they came to."""

from __future__ import annotations

import csv
import os
import resource
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from bench.media.generator import Address
from bench.media.processes import process_s, running, session_s
from bench.media.subjects import PEERS, peer_versions
from bench.row import Missing
from bench.sip.users import CALLEE, CALLER, DOMAIN, password, write_users

SCENARIOS = Path(__file__).parent / "scenarios"
GRACE_S = 40.0  # beyond the time that its calls take: an INVITE is given up after 32
START_S = 10.0
LIFE_S = 300  # a phone that waits for calls is over then, even if nobody is left to end it


@dataclass(frozen=True, slots=True)
class Totals:
    """What SIPp says of a run that has ended."""

    succeeded: int
    failed: int
    retransmissions: int
    """Messages that it had to send again."""
    response_ms: float
    """From the first INVITE or REGISTER, which is challenged, to the 200: the mean."""


@cache
def program() -> tuple[str | Path, ...]:
    """What starts SIPp: the peers' newest, or else the one of this machine. Raises Missing."""
    if "sipp" in peer_versions():
        return PEERS, "exec", "sipp"
    found = shutil.which("sipp")
    if found is None:
        raise Missing("sipp", "make peers (root), or apt-get install sip-tester")
    return (found,)


class Sipp:
    """Runs scenarios against one server. Each run has a folder of its own under `folder`."""

    def __init__(self, server: Address, folder: Path, *, core: int) -> None:
        self._server = server
        self._folder = folder
        self._core = core
        self._runs = 0
        self._waiting: list[int] = []  # leaders of runs that have not ended

    def call(self, calls: int, *, calls_per_s: float, hold_ms: int = 0) -> Totals:
        """CALLER calls CALLEE so often, and hangs up after `hold_ms`; returns when the last call is over."""
        with self.calling(calls, calls_per_s=calls_per_s, hold_ms=hold_ms) as run:
            return run.finish(within_s=calls / calls_per_s + hold_ms / 1000 + GRACE_S)

    @contextmanager
    def calling(self, calls: int, *, calls_per_s: float, hold_ms: int = 0) -> Iterator[Run]:
        """The same, while it is under way."""
        options = ["-m", str(calls), "-r", str(calls_per_s), "-l", str(calls), "-d", str(hold_ms)]
        options += ["-s", str(CALLEE), "-key", "caller", str(CALLER)]
        options += ["-au", str(CALLER), "-ap", password(CALLER), "-auth_uri", f"{CALLEE}@{DOMAIN}"]
        with self._run("caller", options) as run:
            yield run

    @contextmanager
    def callee(self) -> Iterator[None]:
        """The phone that CALLER calls: registered, and picked up whenever it rings."""
        port = free_port()
        # From the port that it waits on: ours calls a phone back by the way that it registered.
        self.register(range(CALLEE, CALLEE + 1), registrations_per_s=1, port=port)
        with self._run("callee", ["-timeout", f"{LIFE_S}s"], port=port) as run:
            wait_bound(port)
            self._waiting.append(run.process.pid)
            try:
                yield
            finally:
                self._waiting.remove(run.process.pid)

    def register(self, numbers: range, *, registrations_per_s: float, port: int | None = None) -> Totals:
        """Each of `numbers` registers once."""
        count = len(numbers)
        options = ["-m", str(count), "-r", str(registrations_per_s), "-l", str(count), "-auth_uri", DOMAIN]
        with self._run("register", options, port=port, numbers=numbers) as run:
            return run.finish(within_s=count / registrations_per_s + GRACE_S)

    def busy_s(self) -> float:
        """Processor time of all runs, those that have ended and those that wait for calls, and of this process."""
        gone = resource.getrusage(resource.RUSAGE_CHILDREN)
        waiting = sum(session_s(leader) for leader in self._waiting)
        return process_s(os.getpid()) + gone.ru_utime + gone.ru_stime + waiting

    @contextmanager
    def _run(
        self, scenario: str, options: Sequence[str | Path], *, port: int | None = None, numbers: range | None = None
    ) -> Iterator[Run]:
        self._runs += 1
        folder = self._folder / f"{self._runs}-{scenario}"
        folder.mkdir()
        shutil.copy(SCENARIOS / f"{scenario}.xml", folder)  # the peers' root folder has none of our files but /tmp
        command: list[str | Path] = ["taskset", "--cpu-list", str(self._core), *program()]
        command += [f"{self._server[0]}:{self._server[1]}", "-sf", folder / f"{scenario}.xml", "-nostdin"]
        command += ["-i", "127.0.0.1", "-p", str(port or free_port()), "-mi", "127.0.0.1", "-mp", str(free_port())]
        command += ["-key", "domain", DOMAIN, "-trace_stat", "-stf", folder / "statistics.csv", "-fd", "1"]
        command += ["-trace_err", "-error_file", folder / "errors.log", *map(str, options)]
        if numbers is not None:
            command += ["-inf", write_users(folder / "users.csv", numbers)]
        with running(command, folder / "sipp.log", stdout=subprocess.DEVNULL) as process:
            yield Run(process, folder)


class Run:
    """A run of SIPp that has begun."""

    def __init__(self, process: subprocess.Popen[str], folder: Path) -> None:
        self.process = process
        self._folder = folder

    def finish(self, *, within_s: float) -> Totals:
        """What it came to, once all its calls are over. Raises RuntimeError if it did not even begin."""
        self.process.wait(timeout=within_s)
        statistics = self._folder / "statistics.csv"
        if not statistics.exists():
            raise RuntimeError(f"SIPp did not begin:\n{(self._folder / 'sipp.log').read_text(errors='replace')}")
        return totals(statistics.read_text())


def totals(statistics: str) -> Totals:
    """The last line of a statistics file."""
    *_, last = csv.DictReader(statistics.splitlines(), delimiter=";")
    return Totals(
        succeeded=int(last["SuccessfulCall(C)"]),
        failed=int(last["FailedCall(C)"]),
        retransmissions=int(last["Retransmissions(C)"]),
        response_ms=milliseconds(last["ResponseTime1(C)"]),
    )


def milliseconds(told: str) -> float:
    """Of SIPp's `00:00:01:234567`: hours, minutes, seconds, microseconds."""
    hours, minutes, seconds, microseconds = map(int, told.split(":"))
    return (hours * 3600 + minutes * 60 + seconds) * 1000 + microseconds / 1000


def free_port() -> int:
    """A UDP port that nobody has now."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_bound(port: int) -> None:
    """Until somebody listens on it."""
    ends_at = time.monotonic() + START_S
    ours = f":{port:04X}"
    while time.monotonic() < ends_at:
        lines = Path("/proc/net/udp").read_text().splitlines()[1:]
        if any(line.split()[1].endswith(ours) for line in lines):
            return
        time.sleep(0.05)
    raise TimeoutError(f"SIPp did not listen on port {port} within {START_S} s")
