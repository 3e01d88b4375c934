"""What a registration with a digest costs: REGISTER, 401, REGISTER, 200; ours and the peers' in turns.

Each sample is a fresh server that knows all users; the first of them register for SETTLE_S, then others, each once, at
the same rate for MEASURE_S. Ours has a registration on the disk before its 200 leaves (a commit for all that wait, so a
higher rate has fewer of them for each); Asterisk writes its database behind the 200, Kamailio keeps all in memory.
docs/benchmarks.md says what the figures mean.

`python -m bench.sip.register_digest [--registrations-per-s N] [--subjects NAME …] [--runs N]` prints the table alone.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from bench.row import Missing, Row, show_all
from bench.sip.servers import SERVERS, require
from bench.sip.signalling import Sample, drain, loaded, reckon, rows, side_by_side
from bench.sip.users import NUMBERS
from bench.turns import in_turns, present

WORKS = ("register-digest",)
COMMAND = "python -m bench.sip.register_digest --registrations-per-s {rate:g}"
REGISTRATIONS_PER_S = 200.0
RUNS = 5
SETTLE_S = 2.0
MEASURE_S = 8.0
TOLD = {
    "ours": "on the disk before the 200",
    "asterisk": "on the disk later",
    "kamailio": "in memory alone",
}


def sample(
    subject: str, rate: float = REGISTRATIONS_PER_S, *, settle_s: float = SETTLE_S, measure_s: float = MEASURE_S
) -> Sample:
    """Measures once. Raises Missing where the subject is not on this machine."""
    settling = max(1, round(settle_s * rate))
    wanted = min(max(1, round(measure_s * rate)), len(NUMBERS) - settling)
    with loaded(subject) as server:
        server.sipp.register(NUMBERS[:settling], registrations_per_s=rate)
        drain()
        before = server.usage()
        totals = server.sipp.register(NUMBERS[settling : settling + wanted], registrations_per_s=rate)
        drain()
        return reckon(wanted, totals, before, server.usage())


def measure(
    rate: float = REGISTRATIONS_PER_S, subjects: Sequence[str] = tuple(SERVERS), runs: int = RUNS
) -> list[Row | Missing]:
    """All rows, subjects side by side, then what is missing."""
    here, gaps = present(subjects, require)
    taken = in_turns(WORKS[0], here, runs, lambda subject: sample(subject, rate))
    command = COMMAND.format(rate=rate)
    told = [
        row
        for subject in here
        for row in rows(WORKS[0], "registration", subject, taken[subject], command=command, told=TOLD[subject])
    ]
    return [*side_by_side(told), *gaps]


def run() -> list[Row | Missing]:
    """The rows of this module."""
    return measure()


def main(words: Sequence[str]) -> None:
    """For one's own questions."""
    parser = argparse.ArgumentParser(prog="python -m bench.sip.register_digest")
    parser.add_argument("--registrations-per-s", type=float, default=REGISTRATIONS_PER_S)
    parser.add_argument("--subjects", choices=SERVERS, nargs="+", default=tuple(SERVERS))
    parser.add_argument("--runs", type=int, default=RUNS)
    given = parser.parse_args(words)
    show_all(measure(given.registrations_per_s, given.subjects, given.runs))


if __name__ == "__main__":
    main(sys.argv[1:])
