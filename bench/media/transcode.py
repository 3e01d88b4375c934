"""What a packet costs that is decoded and encoded anew: PCMU to G.722 and to Opus, ours and Asterisk, in turns.

The phones are an engine of ours on the machine's last core, and speak tones; the subject has the other cores. Each
sample is a fresh process with its calls set up, SETTLE_S of speech that does not count, and MEASURE_S that do. A packet
is one that a phone received; one call is 100 of them a second, half of each codec.

`python -m bench.media.transcode [--work NAME …] [--calls N] [--subjects NAME …] [--runs N]` prints the table alone.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bench.media.asterisk import asterisk_calls
from bench.media.generator import Address
from bench.media.processes import Usage, beside_the_generator, cores, process_s, running
from bench.media.relay import QUIET_CORES
from bench.media.speaking import speakers
from bench.media.subjects import LIMIT, PEERS, ROOT, Relaying, ask, peer_versions, require_peers
from bench.row import Missing, Row, show_all
from bench.turns import in_turns, present

WORKS = ("pcmu-opus-50", "pcmu-g722-50")
COMMAND = "python -m bench.media.transcode --work {work} --calls {calls}"
CALLS = 50
RUNS = 3
SETTLE_S = 3.0
MEASURE_S = 5.0


@dataclass(frozen=True, slots=True)
class Pair:
    """The codecs of callers and callees, and Asterisk's names for them."""

    codecs: tuple[str, str]
    allow: str


# Asterisk numbers Opus 107 in its offers.
PAIRS = {
    "pcmu-opus": Pair(("0 PCMU/8000", "107 opus/48000/2"), "ulaw,opus"),
    "pcmu-g722": Pair(("0 PCMU/8000", "9 G722/8000"), "ulaw,g722"),
}


@dataclass(frozen=True, slots=True)
class Sample:
    """One subject with one pair of codecs, once."""

    packet_us: float  # processor time of the subject for each packet that a phone received
    lost_percent: float
    others_cores: float


@contextmanager
def ours(pair: Pair, phones: Sequence[Address], folder: Path) -> Iterator[Relaying]:
    """A process with a mediacore Engine and nothing else."""
    command = [sys.executable, "-m", "bench.media.our_relay", str(len(cores()[0])), *pair.codecs]
    with running(command, folder / "ours.log", cwd=ROOT) as process:
        yield Relaying(process.pid, ask(process, json.dumps(phones)))


@contextmanager
def asterisk(pair: Pair, phones: Sequence[Address], folder: Path) -> Iterator[Relaying]:
    """Asterisk between two SIP phones for each call."""
    require_peers()
    with asterisk_calls(phones, [*LIMIT, PEERS, "exec"], folder, codecs=pair.codecs, allow=pair.allow) as (
        pid,
        targets,
    ):
        yield Relaying(pid, targets)


SUBJECTS: dict[str, Callable[[Pair, Sequence[Address], Path], AbstractContextManager[Relaying]]] = {
    "ours": ours,
    "asterisk": asterisk,
}


def sample(subject: str, work: str, calls: int, *, settle_s: float = SETTLE_S, measure_s: float = MEASURE_S) -> Sample:
    """Measures once. Raises Missing where the subject is not on this machine."""
    pair = PAIRS[work]
    with (
        tempfile.TemporaryDirectory(prefix="bench-transcode-") as name,
        beside_the_generator() as core,
        speakers(calls, pair.codecs, core=core, log=Path(name) / "phones.log") as phones,
        SUBJECTS[subject](pair, phones.addresses, Path(name)) as relaying,
    ):

        def look() -> tuple[Usage, int, int]:
            usage = Usage.now(subject_s=process_s(relaying.pid), generator_s=process_s(phones.pid))
            return usage, *phones.received()

        phones.talk(relaying.targets)
        time.sleep(settle_s)
        before = look()
        time.sleep(measure_s)
        return reckon(before, look())


def reckon(before: tuple[Usage, int, int], after: tuple[Usage, int, int]) -> Sample:
    """What each packet cost between two moments: usage, packets received, packets lost."""
    received, lost = after[1] - before[1], after[2] - before[2]
    if received == 0:
        raise RuntimeError("nothing came to any phone")
    return Sample(
        (after[0].subject_s - before[0].subject_s) / received * 1e6,
        100 * lost / (received + lost),
        after[0].others_cores_since(before[0]),
    )


def rows(subject: str, work: str, calls: int, samples: Sequence[Sample]) -> list[Row]:
    """What is told of one subject."""
    figures = {
        "µs CPU/packet": [taken.packet_us for taken in samples],
        "% lost": [taken.lost_percent for taken in samples],
    }
    others = statistics.median(taken.others_cores for taken in samples)
    return [
        Row.of(
            values,
            work=f"{work}-{calls}",
            subject=subject,
            unit=unit,
            command=COMMAND.format(work=work, calls=calls),
            version=peer_versions().get(subject, ""),
            note=f"{others:.1f} cores busy with other work" if others > QUIET_CORES else "",
        )
        for unit, values in figures.items()
    ]


def measure(
    works: Sequence[str] = tuple(PAIRS),
    calls: int = CALLS,
    subjects: Sequence[str] = tuple(SUBJECTS),
    runs: int = RUNS,
) -> list[Row | Missing]:
    """Rows by work, then unit, so that subjects stand side by side."""
    found: list[Row | Missing] = []
    here, gaps = present(subjects, lambda subject: sample(subject, works[0], 1, settle_s=1.0, measure_s=0.5))
    found += gaps
    for work in works:
        taken = in_turns(f"{work}-{calls}", here, runs, partial(sample, work=work, calls=calls))
        told = [row for subject in here for row in rows(subject, work, calls, taken[subject])]
        units = list(dict.fromkeys(row.unit for row in told))
        found += [row for unit in units for row in told if row.unit == unit]
    return found


def run() -> list[Row | Missing]:
    """The rows of this module."""
    return measure()


def main(words: Sequence[str]) -> None:
    """For one's own questions."""
    parser = argparse.ArgumentParser(prog="python -m bench.media.transcode")
    parser.add_argument("--work", choices=PAIRS, nargs="+", default=tuple(PAIRS))
    parser.add_argument("--calls", type=int, default=CALLS)
    parser.add_argument("--subjects", choices=SUBJECTS, nargs="+", default=tuple(SUBJECTS))
    parser.add_argument("--runs", type=int, default=RUNS)
    given = parser.parse_args(words)
    show_all(measure(given.work, given.calls, given.subjects, given.runs))


if __name__ == "__main__":
    main(sys.argv[1:])
