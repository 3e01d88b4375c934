"""Phones that speak real codecs, for what cannot be measured by marked packets: a process with an engine of ours.

`python -m bench.media.speaking CODEC CODEC`, then lines of JSON: how many calls there are, which it answers with the
phones' addresses; where each is to send, answered with `true`; and any line more, answered with how many packets all of
them have received and lost.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.media.generator import Address
from bench.media.processes import running
from mediacore import Engine, RtpParams

ROOT = Path(__file__).parents[2]
PORTS = range(36_000, 40_000)
TALK_DBFS = -20.0


class Speakers:
    """The phones of calls, two in turn, seen from the one who measures."""

    def __init__(self, process: subprocess.Popen[str], calls: int) -> None:
        self._process = process
        self.pid = process.pid
        self.addresses: list[Address] = [(host, port) for host, port in self._ask(calls)]

    def talk(self, targets: Sequence[Address]) -> None:
        """All begin to speak, each to its target."""
        self._ask([list(target) for target in targets])

    def received(self) -> tuple[int, int]:
        """Packets that came to all phones so far, and those that got lost."""
        received, lost = self._ask(None)
        return received, lost

    def _ask(self, question: object) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps(question), file=self._process.stdin, flush=True)
        return json.loads(self._process.stdout.readline())


@contextmanager
def speakers(calls: int, codecs: tuple[str, str], *, core: int, log: Path) -> Iterator[Speakers]:
    """The phones of so many calls, from a process on a core of its own."""
    with running([sys.executable, "-m", "bench.media.speaking", *codecs], log, cwd=ROOT) as process:
        os.sched_setaffinity(process.pid, {core})
        yield Speakers(process, calls)


def main(codecs: Sequence[str]) -> None:
    """The other process: each phone says a tone of its own."""
    with Engine(ports=PORTS, threads=1) as engine:
        calls = json.loads(sys.stdin.readline())
        legs = [engine.leg(RtpParams(codecs=[codecs[at % 2]], rtcp_mux=True)) for at in range(2 * calls)]
        for at, leg in enumerate(legs):
            leg.play_tone(300.0 + 10 * (at % 200), level_dbfs=TALK_DBFS)
        print(json.dumps([leg.local for leg in legs]), flush=True)
        for leg, (host, port) in zip(legs, json.loads(sys.stdin.readline()), strict=True):
            leg.update(RtpParams(remote=(host, port), codecs=leg.params.codecs, rtcp_mux=True))
        print("true", flush=True)
        for _ in sys.stdin:
            received = [leg.stats().receive for leg in legs]
            counts = sum(one.packets for one in received), sum(one.lost for one in received)
            print(json.dumps(counts), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
