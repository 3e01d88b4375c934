"""A hundred thousand legs opened and closed, five thousand at a time: what memory, descriptors and ports are like then.

`python -m bench.media.legs [--legs N] [--at-once N]` prints the table alone.
"""

from __future__ import annotations

import argparse
import os
import resource
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import mediacore
from bench.row import Row, show_all

WORKS = ("legs-100000",)
COMMAND = "python -m bench.media.legs"
LEGS = 100_000
AT_ONCE = 5_000
PORTS = (20_000, 60_000)
SETTLE_S = 0.5  # for threads to give back what they were told to


@dataclass(frozen=True, slots=True)
class Held:
    """What the process has at one moment."""

    memory_kb: int
    descriptors: int
    ports: int

    @classmethod
    def now(cls, engine: mediacore.Engine) -> Held:
        """This process."""
        time.sleep(SETTLE_S)
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
        memory = next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))
        return cls(memory, len(os.listdir("/proc/self/fd")), engine.stats().ports_in_use)


def churn(legs: int, at_once: int) -> Iterator[tuple[Held, Held]]:
    """For each round what is held while all are open, and after; the first round is what caches and pools grow by."""
    need = 2 * at_once + 1_000
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < need:
        resource.setrlimit(resource.RLIMIT_NOFILE, (need, max(hard, need)))
    with mediacore.Engine(address="127.0.0.1", ports=range(*PORTS)) as engine:
        for _ in range(legs // at_once):
            opened = [engine.leg() for _ in range(at_once)]
            # In pairs that would be transcoded: they hold buffers and decoders as well.
            for a, b in zip(opened[::2], opened[1::2], strict=True):
                engine.bridge(a, b)
            full = Held.now(engine)
            for leg in opened:
                leg.close()
            opened.clear()
            yield full, Held.now(engine)


def run(legs: int = LEGS, at_once: int = AT_ONCE) -> list[Row]:
    """For `python -m bench`."""
    rounds = list(churn(legs, at_once))
    first, rest = rounds[0][1], [after for _, after in rounds[1:]]
    figures = {
        "kB/leg open": [full.memory_kb / at_once for full, _ in rounds],
        "kB grown since the first round": [float(after.memory_kb - first.memory_kb) for after in rest],
        "descriptors more than after the first round": [float(after.descriptors - first.descriptors) for after in rest],
        "ports in use after": [float(after.ports) for after in rest],
    }
    work = f"legs-{legs}"
    return [
        Row.of(samples, work=work, subject="mediacore", unit=unit, command=COMMAND) for unit, samples in figures.items()
    ]


def main() -> None:
    """The table alone."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--legs", type=int, default=LEGS)
    parser.add_argument("--at-once", type=int, default=AT_ONCE)
    arguments = parser.parse_args()
    show_all(run(arguments.legs, arguments.at_once))


if __name__ == "__main__":
    main()
