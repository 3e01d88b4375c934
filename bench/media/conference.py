"""What a member of a conference costs: G.711, everybody talks; ours, Asterisk, and a relay that mixes nothing.

Each sample is a fresh process with one room, all members in it, SETTLE_S of talk that does not count, and MEASURE_S
that do; the subjects take turns. Every member counts what the room sends it, and looks whether there is more than one
voice in it. The floor gets as many packets and sends as many, from one of two to the other: what is left is the mixing.
docs/benchmarks.md says what the figures mean.

`python -m bench.media.conference [--members N …] [--subjects NAME …] [--runs N] [--measure-s S]` prints tables alone.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.media.members import Heard, members
from bench.media.processes import Usage, beside_the_generator, process_s, session_s
from bench.media.relay import AGAIN_MAX, QUIET_CORES
from bench.media.rooms import ROOMS
from bench.media.subjects import peer_versions
from bench.row import Missing, Row, show_all
from bench.turns import in_turns, present

WORKS = ("conference-g711-50",)
WORK = "conference-g711-{members}"
COMMAND = "python -m bench.media.conference --members {members}"
MEMBERS = (50,)
RUNS = 3
SETTLE_S = 3.0
MEASURE_S = 5.0
TOLD = {
    "ours": "of more than 16 who talk the loudest 8 are mixed",
    "asterisk": "all are mixed",
    "floor": "nothing is mixed",
}


@dataclass(frozen=True, slots=True)
class Sample:
    """One subject with one room, once."""

    heard: Heard
    subject_ms: float  # of processor time, for each member and second
    machine_ms: float
    others_cores: float


def sample(subject: str, count: int, *, settle_s: float = SETTLE_S, measure_s: float = MEASURE_S) -> Sample:
    """Measures once. Raises Missing where the subject is not on this machine."""
    with (
        tempfile.TemporaryDirectory(prefix="bench-room-") as name,
        beside_the_generator() as core,
        members(count, core=core, settle_s=settle_s, measure_s=measure_s, log=Path(name) / "generator.log") as ready,
        ROOMS[subject](ready.addresses, Path(name)) as room,
    ):
        moments: dict[str, Usage] = {}

        def note(event: str) -> None:
            moments[event] = Usage.now(subject_s=session_s(room.pid), generator_s=process_s(ready.pid))

        heard = ready.talk(room.targets, note)
        return reckon(heard, moments["measuring"], moments["measured"])


def reckon(heard: Heard, before: Usage, after: Usage) -> Sample:
    """What each member cost in each second between two moments."""
    member_seconds = heard.members * heard.seconds
    return Sample(
        heard,
        (after.subject_s - before.subject_s) / member_seconds * 1e3,
        after.busy_s_since(before) / member_seconds * 1e3,
        after.others_cores_since(before),
    )


def steady_sample(subject: str, count: int, measure_s: float) -> Sample:
    """A sample with a generator that kept its times, if there is one to be had."""
    for _ in range(AGAIN_MAX):
        found = sample(subject, count, measure_s=measure_s)
        if not found.heard.is_limit:
            return found
    return sample(subject, count, measure_s=measure_s)


def series(subjects: Sequence[str], count: int, runs: int, measure_s: float) -> dict[str, list[Sample]]:
    """All samples of one size of room, in turns."""
    work = WORK.format(members=count)
    return in_turns(work, subjects, runs, lambda subject: steady_sample(subject, count, measure_s))


def rows(subject: str, count: int, samples: Sequence[Sample]) -> list[Row]:
    """What is told of one subject with so many members."""
    figures = {
        "ms CPU per member-second": [taken.subject_ms for taken in samples],
        "ms machine per member-second": [taken.machine_ms for taken in samples],
        "ms behind the rhythm p99": [taken.heard.lag_p99_ms for taken in samples],
        "% lost": [taken.heard.lost_percent for taken in samples],
        "% late": [taken.heard.late_percent for taken in samples],
        "% with more than one voice": [taken.heard.mixed_percent for taken in samples],
    }
    return [
        Row.of(
            values,
            work=WORK.format(members=count),
            subject=subject,
            unit=unit,
            command=COMMAND.format(members=count),
            version=peer_versions().get(subject, ""),
            note="; ".join([TOLD[subject], *notes(samples)]),
        )
        for unit, values in figures.items()
    ]


def notes(samples: Sequence[Sample]) -> list[str]:
    """What a reader of the row has to know of how the runs went."""
    spoilt = sum(taken.heard.is_limit for taken in samples)
    others = statistics.median(taken.others_cores for taken in samples)
    told = [f"generator late itself in {spoilt} of {len(samples)} runs"] if spoilt else []
    return told + ([f"{others:.1f} cores busy with other work"] if others > QUIET_CORES else [])


def measure(
    counts: Sequence[int] = MEMBERS,
    subjects: Sequence[str] = tuple(ROOMS),
    runs: int = RUNS,
    measure_s: float = MEASURE_S,
) -> list[Row | Missing]:
    """Rows by size of the room, then unit, so that subjects stand side by side."""
    here, gaps = present(subjects, lambda subject: sample(subject, 4, settle_s=0, measure_s=0.1))
    found: list[Row | Missing] = [*gaps]
    for count in counts:
        taken = series(here, count, runs, measure_s)
        told = [row for subject in here for row in rows(subject, count, taken[subject])]
        units = list(dict.fromkeys(row.unit for row in told))
        found += [row for unit in units for row in told if row.unit == unit]
    return found


def run() -> list[Row | Missing]:
    """The rows of this module."""
    return measure()


def main(words: Sequence[str]) -> None:
    """For one's own questions."""
    parser = argparse.ArgumentParser(prog="python -m bench.media.conference")
    parser.add_argument("--members", type=int, nargs="+", default=MEMBERS)
    parser.add_argument("--subjects", choices=ROOMS, nargs="+", default=tuple(ROOMS))
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--measure-s", type=float, default=MEASURE_S)
    given = parser.parse_args(words)
    show_all(measure(given.members, given.subjects, given.runs, given.measure_s))


if __name__ == "__main__":
    main(sys.argv[1:])
