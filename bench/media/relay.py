"""What relaying a G.711 packet costs: ours, a relay that does nothing else, and the peers, in turns on one machine.

One call is 100 packets a second. Each sample is a fresh process with its calls set up, silence until then, SETTLE_S of
speech that does not count, and MEASURE_S that do; the subjects take turns (A B C D, A B C D …), so that what disturbs
the machine for a minute disturbs all of them. docs/benchmarks.md says what the figures mean and what they do not.

`python -m bench.media.relay [--calls N …] [--subjects NAME …] [--runs N] [--measure-s S]` prints the tables alone.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.media.generator import Outcome, phones
from bench.media.processes import Usage, beside_the_generator, process_s
from bench.media.subjects import SUBJECTS, peer_versions
from bench.row import Missing, Row, show_all
from bench.turns import in_turns, present

WORKS = ("relay-g711-20", "relay-g711-100", "relay-g711-400", "relay-g711-800")
WORK = "relay-g711-{calls}"
COMMAND = "python -m bench.media.relay --calls {calls}"
LOADS = (20, 100, 400, 800)
RUNS = 3
SETTLE_S = 3.5  # rtpengine learns addresses for three seconds; everybody is beyond its beginnings then
MEASURE_S = 5.0
BROKEN_PERCENT = 1.0  # of the packets lost: a load at which one subject loses so much is the last one
QUIET_CORES = 0.1
AGAIN_MAX = 2  # a sample that the generator spoilt is taken again so often; then it counts, and the row says so


@dataclass(frozen=True, slots=True)
class Sample:
    """One subject under one load, once."""

    outcome: Outcome
    subject_us: float  # of processor time for each packet that was relayed
    machine_us: float
    others_cores: float  # kept busy by whatever else ran: above QUIET_CORES it drowns what machine_us is to show


def sample(subject: str, calls: int, *, settle_s: float = SETTLE_S, measure_s: float = MEASURE_S) -> Sample:
    """Measures once. Raises Missing where the subject is not on this machine."""
    with (
        tempfile.TemporaryDirectory(prefix="bench-relay-") as name,
        beside_the_generator() as core,
        phones(calls, core=core, settle_s=settle_s, measure_s=measure_s, log=Path(name) / "generator.log") as ready,
        SUBJECTS[subject](ready.addresses, Path(name)) as relaying,
    ):
        moments: dict[str, Usage] = {}

        def note(event: str) -> None:
            moments[event] = Usage.now(subject_s=process_s(relaying.pid), generator_s=process_s(ready.pid))

        outcome = ready.talk(relaying.targets, note)
        return reckon(outcome, moments["measuring"], moments["measured"])


def reckon(outcome: Outcome, before: Usage, after: Usage) -> Sample:
    """What each relayed packet cost between two moments."""
    packets = max(1, outcome.received)
    return Sample(
        outcome,
        (after.subject_s - before.subject_s) / packets * 1e6,
        after.busy_s_since(before) / packets * 1e6,
        after.others_cores_since(before),
    )


def steady_sample(subject: str, calls: int, measure_s: float) -> Sample:
    """A sample with a generator that kept its times, if there is one to be had."""
    for _ in range(AGAIN_MAX):
        found = sample(subject, calls, measure_s=measure_s)
        if not found.outcome.is_limit:
            return found
    return sample(subject, calls, measure_s=measure_s)


def series(subjects: Sequence[str], calls: int, runs: int, measure_s: float) -> dict[str, list[Sample]]:
    """All samples of one load, in turns."""
    return in_turns(WORK.format(calls=calls), subjects, runs, lambda one: steady_sample(one, calls, measure_s))


def rows(subject: str, calls: int, samples: Sequence[Sample]) -> list[Row]:
    """What is told of one subject under one load."""
    outcomes = [taken.outcome for taken in samples]
    figures = {
        "µs CPU/packet": [taken.subject_us for taken in samples],
        "µs machine/packet": [taken.machine_us for taken in samples],
        "ms transit p50": [outcome.transit_p50_ms for outcome in outcomes],
        "ms transit p99": [outcome.transit_p99_ms for outcome in outcomes],
        "% lost": [outcome.lost_percent for outcome in outcomes],
        "% late": [outcome.late_percent for outcome in outcomes],
    }
    return [
        Row.of(
            values,
            work=WORK.format(calls=calls),
            subject=subject,
            unit=unit,
            command=COMMAND.format(calls=calls),
            version=peer_versions().get(subject, ""),
            note=note(samples),
        )
        for unit, values in figures.items()
    ]


def note(samples: Sequence[Sample]) -> str:
    """What a reader of the row has to know."""
    spoilt = sum(taken.outcome.is_limit for taken in samples)
    others = statistics.median(taken.others_cores for taken in samples)
    told = [f"generator late itself in {spoilt} of {len(samples)} runs"] if spoilt else []
    told += [f"{others:.1f} cores busy with other work"] if others > QUIET_CORES else []
    return "; ".join(told)


def is_broken(samples: Sequence[Sample]) -> bool:
    """Whether the load was too much."""
    return statistics.median(taken.outcome.lost_percent for taken in samples) >= BROKEN_PERCENT


def measure(
    loads: Sequence[int] = LOADS,
    subjects: Sequence[str] = tuple(SUBJECTS),
    runs: int = RUNS,
    measure_s: float = MEASURE_S,
) -> list[Row | Missing]:
    """Rows by load, then unit, so that subjects stand side by side; ends with the first load that breaks one."""
    here, gaps = present(subjects, lambda subject: sample(subject, 1, settle_s=0, measure_s=0.1))
    found: list[Row | Missing] = [*gaps]
    for calls in loads:
        taken = series(here, calls, runs, measure_s)
        told = [row for subject in here for row in rows(subject, calls, taken[subject])]
        units = list(dict.fromkeys(row.unit for row in told))
        found += [row for unit in units for row in told if row.unit == unit]
        if any(map(is_broken, taken.values())):
            break
    return found


def run() -> list[Row | Missing]:
    """The rows of this module."""
    return measure()


def main(words: Sequence[str]) -> None:
    """For one's own questions."""
    parser = argparse.ArgumentParser(prog="python -m bench.media.relay")
    parser.add_argument("--calls", type=int, nargs="+", default=LOADS)
    parser.add_argument("--subjects", choices=SUBJECTS, nargs="+", default=tuple(SUBJECTS))
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--measure-s", type=float, default=MEASURE_S)
    given = parser.parse_args(words)
    show_all(measure(given.calls, given.subjects, given.runs, given.measure_s))


if __name__ == "__main__":
    main(sys.argv[1:])
