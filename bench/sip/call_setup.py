"""What a call costs: set up through a server with a digest, answered, and hung up; ours and the peers' in turns.

SIPp calls, and SIPp is called. Each sample is a fresh server: the callee registers, calls for SETTLE_S do not count,
those of MEASURE_S do; then HELD calls are held at a time for what they take of memory. No media flows: ours and
Asterisk anchor it all the same, Kamailio is a proxy and has none. docs/benchmarks.md says what the figures mean.

`python -m bench.sip.call_setup [--calls-per-s N] [--subjects NAME …] [--runs N] [--measure-s S]` prints tables alone.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import replace

from bench.media.processes import session_kb
from bench.row import Missing, Row, show_all
from bench.sip.servers import SERVERS, require
from bench.sip.signalling import Loaded, Sample, drain, loaded, reckon, rows, side_by_side
from bench.turns import in_turns, present

WORKS = ("call-setup",)
COMMAND = "python -m bench.sip.call_setup --calls-per-s {calls_per_s:g}"
CALLS_PER_S = 50.0
RUNS = 5
SETTLE_S = 3.0
MEASURE_S = 10.0
HELD = 200
POOLED = ("kamailio",)  # memory taken at the start and shared out later: nothing grows that could be seen from outside
LOOK_AFTER_S = 2.0  # the last one that is to be held is answered by then
TOLD = {"kamailio": "a stateful proxy: no media, no second call"}


def sample(
    subject: str, calls_per_s: float = CALLS_PER_S, *, settle_s: float = SETTLE_S, measure_s: float = MEASURE_S,
    held: int = HELD,
) -> Sample:  # fmt: skip
    """Measures once. Raises Missing where the subject is not on this machine."""
    with loaded(subject) as server, server.sipp.callee():
        server.sipp.call(max(1, round(settle_s * calls_per_s)), calls_per_s=calls_per_s)
        drain()
        wanted = max(1, round(measure_s * calls_per_s))
        before = server.usage()
        totals = server.sipp.call(wanted, calls_per_s=calls_per_s)
        drain()
        found = reckon(wanted, totals, before, server.usage())
        return replace(found, held_kb=held_kb(server, held, calls_per_s)) if held and subject not in POOLED else found


def held_kb(server: Loaded, calls: int, calls_per_s: float) -> float:
    """What `calls` take at a time, each, in kB."""
    before = session_kb(server.leader)
    begun_s = calls / calls_per_s
    with server.sipp.calling(calls, calls_per_s=calls_per_s, hold_ms=round((begun_s + 2 * LOOK_AFTER_S) * 1000)) as run:
        time.sleep(begun_s + LOOK_AFTER_S)
        found = (session_kb(server.leader) - before) / calls
        run.finish(within_s=60)
    return found


def measure(
    calls_per_s: float = CALLS_PER_S,
    subjects: Sequence[str] = tuple(SERVERS),
    runs: int = RUNS,
    measure_s: float = MEASURE_S,
) -> list[Row | Missing]:
    """All rows, subjects side by side, then what is missing."""
    here, gaps = present(subjects, require)
    taken = in_turns(WORKS[0], here, runs, lambda subject: sample(subject, calls_per_s, measure_s=measure_s))
    command = COMMAND.format(calls_per_s=calls_per_s)
    told = [
        row
        for subject in here
        for row in rows(WORKS[0], "call", subject, taken[subject], command=command, told=TOLD.get(subject, ""))
    ]
    return [*side_by_side(told), *gaps]


def run() -> list[Row | Missing]:
    """The rows of this module."""
    return measure()


def main(words: Sequence[str]) -> None:
    """For one's own questions."""
    parser = argparse.ArgumentParser(prog="python -m bench.sip.call_setup")
    parser.add_argument("--calls-per-s", type=float, default=CALLS_PER_S)
    parser.add_argument("--subjects", choices=SERVERS, nargs="+", default=tuple(SERVERS))
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--measure-s", type=float, default=MEASURE_S)
    given = parser.parse_args(words)
    show_all(measure(given.calls_per_s, given.subjects, given.runs, given.measure_s))


if __name__ == "__main__":
    main(sys.argv[1:])
