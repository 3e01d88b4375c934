"""What the signalling benches share: one server under SIPp's load, and what each unit of work cost it."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.media.processes import Usage, beside_the_generator, session_s
from bench.media.relay import QUIET_CORES
from bench.media.subjects import peer_versions
from bench.row import Row
from bench.sip.servers import SERVERS
from bench.sip.sipp import Sipp, Totals

DRAIN_S = 1.0  # records are written, and registrations swept, a little after the last message


@dataclass(frozen=True, slots=True)
class Sample:
    """One server under one load, once."""

    wanted: int  # calls or registrations
    totals: Totals
    subject_ms: float  # of processor time, for each one
    machine_ms: float
    others_cores: float
    held_kb: float | None = None  # memory for each call, where calls were held


@dataclass(frozen=True, slots=True)
class Loaded:
    """A server that runs, and SIPp beside it."""

    leader: int
    sipp: Sipp

    def usage(self) -> Usage:
        """Up to now."""
        return Usage.now(subject_s=session_s(self.leader), generator_s=self.sipp.busy_s())


@contextmanager
def loaded(subject: str) -> Iterator[Loaded]:
    """A fresh one, everybody known and nobody registered. Raises Missing where it is not on this machine."""
    with (
        tempfile.TemporaryDirectory(prefix="bench-sip-") as name,
        beside_the_generator() as core,
        SERVERS[subject](Path(name)) as (leader, address),
    ):
        load = Path(name) / "load"
        load.mkdir()
        yield Loaded(leader, Sipp(address, load, core=core))


def drain() -> None:
    """Until what follows the last message is done."""
    time.sleep(DRAIN_S)


def reckon(wanted: int, totals: Totals, before: Usage, after: Usage) -> Sample:
    """What each unit of work cost between two moments."""
    done = max(1, totals.succeeded)
    return Sample(
        wanted,
        totals,
        (after.subject_s - before.subject_s) / done * 1e3,
        after.busy_s_since(before) / done * 1e3,
        after.others_cores_since(before),
    )


def rows(work: str, unit: str, subject: str, samples: Sequence[Sample], *, command: str, told: str = "") -> list[Row]:
    """What is told of one subject; `unit` is "call" or "registration", `told` what is different about this one."""
    figures = {
        f"ms CPU per {unit}": [sample.subject_ms for sample in samples],
        f"ms machine per {unit}": [sample.machine_ms for sample in samples],
        "ms to the 200, mean": [sample.totals.response_ms for sample in samples],
        f"kB per held {unit}": [sample.held_kb for sample in samples if sample.held_kb is not None],
    }
    words = "; ".join(word for word in (told, note(samples, unit)) if word)
    return [
        Row.of(
            values,
            work=work,
            subject=subject,
            unit=each,
            command=command,
            version=peer_versions().get(subject, ""),
            note=words,
        )
        for each, values in figures.items()
        if values
    ]


def note(samples: Sequence[Sample], unit: str) -> str:
    """What a reader of the row has to know of how the runs went."""
    wanted = sum(sample.wanted for sample in samples)
    short = wanted - sum(sample.totals.succeeded for sample in samples)
    again = sum(sample.totals.retransmissions for sample in samples)
    others = statistics.median(sample.others_cores for sample in samples)
    words = [f"{short} of {wanted} {unit}s did not complete"] if short else []
    words += [f"{again} messages sent again"] if again else []
    words += [f"{others:.1f} cores busy with other work"] if others > QUIET_CORES else []
    return "; ".join(words)


def side_by_side(found: Sequence[Row]) -> list[Row]:
    """By unit, so that subjects stand next to each other."""
    units = list(dict.fromkeys(row.unit for row in found))
    return [row for unit in units for row in found if row.unit == unit]
