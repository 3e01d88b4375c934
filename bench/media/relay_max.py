"""The largest load that a relay bears: the number of calls is raised step by step until 1 % of the packets are lost.

A subject that broke at a step is tried there once more, since a neighbour may have done it, and no further. What all of
them bear is the load for comparing them; how many one bears alone is also about the core that the generator has.

`python -m bench.media.relay_max [--calls N …] [--subjects NAME …] [--measure-s S]` prints the table alone.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence

from bench.media.relay import BROKEN_PERCENT, sample
from bench.media.subjects import SUBJECTS, peer_versions
from bench.row import Missing, Row, show_all
from bench.turns import present

WORKS = ("relay-g711-max",)
COMMAND = "python -m bench.media.relay_max"
STEPS = (200, 300, 400, 500, 600, 700, 800, 900, 1000)
MEASURE_S = 3.0
TRIES = 2


def bears(subject: str, calls: int, measure_s: float = MEASURE_S) -> bool:
    """Whether it relays so many calls and loses less than BROKEN_PERCENT."""
    print(f"  {WORKS[0]}: {subject}, {calls} calls", file=sys.stderr, flush=True)
    return any(sample(subject, calls, measure_s=measure_s).outcome.lost_percent < BROKEN_PERCENT for _ in range(TRIES))


def largest(subjects: Sequence[str], steps: Sequence[int], is_borne: Callable[[str, int], bool]) -> dict[str, int]:
    """The last step before the one that breaks a subject; 0 for one that the first step breaks. Subjects take turns."""
    found = dict.fromkeys(subjects, 0)
    standing = list(subjects)
    for calls in steps:
        standing = [subject for subject in standing if is_borne(subject, calls)]
        found |= dict.fromkeys(standing, calls)
    return found


def rows(found: dict[str, int], steps: Sequence[int]) -> list[Row]:
    """What each bears, with what all do."""
    common = min(found.values(), default=0)
    return [
        Row.of(
            [calls],
            work=WORKS[0],
            subject=subject,
            unit="calls under 1 % loss",
            command=COMMAND,
            version=peer_versions().get(subject, ""),
            note=f"all bear {common}" + ("; no more were tried" if calls == steps[-1] else ""),
        )
        for subject, calls in found.items()
    ]


def measure(
    steps: Sequence[int] = STEPS, subjects: Sequence[str] = tuple(SUBJECTS), measure_s: float = MEASURE_S
) -> list[Row | Missing]:
    """A row for each subject, and what is missing."""
    here, gaps = present(subjects, lambda subject: sample(subject, 1, settle_s=0, measure_s=0.1))
    found = largest(here, steps, lambda subject, calls: bears(subject, calls, measure_s))
    return [*rows(found, steps), *gaps]


def run() -> list[Row | Missing]:
    """The rows of this module."""
    return measure()


def main(words: Sequence[str]) -> None:
    """For one's own questions."""
    parser = argparse.ArgumentParser(prog="python -m bench.media.relay_max")
    parser.add_argument("--calls", type=int, nargs="+", default=STEPS)
    parser.add_argument("--subjects", choices=SUBJECTS, nargs="+", default=tuple(SUBJECTS))
    parser.add_argument("--measure-s", type=float, default=MEASURE_S)
    given = parser.parse_args(words)
    show_all(measure(given.calls, given.subjects, given.measure_s))


if __name__ == "__main__":
    main(sys.argv[1:])
