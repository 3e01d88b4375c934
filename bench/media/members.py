"""The paced generator as the members of one conference, all of whom talk, and what they say of what they heard."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.media.generator import Address, Streams, generating


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What the members got, in the generator's words (native/mediacore-bench/src/hearing.rs)."""

    event: str
    members: int
    seconds: float
    expected: int
    received: int
    late: int
    """More than 20 ms behind the rhythm of their stream."""
    duplicates: int
    mixes: int
    """Packets with more than one voice in them."""
    strays: int
    lag_p99_ms: float
    lag_max_ms: float
    send_late_p99_ms: float
    is_limit: bool
    """The generator could not keep its own times: what it says of lateness is about itself."""

    @property
    def lost_percent(self) -> float:
        return 100 * (1 - self.received / self.expected)

    @property
    def late_percent(self) -> float:
        return 100 * self.late / self.expected

    @property
    def mixed_percent(self) -> float:
        """Of what was received."""
        return 100 * self.mixes / max(1, self.received)


class Members(Streams):
    """Phones that are in one room."""

    def talk(self, targets: Sequence[Address], at: Callable[[str], None]) -> Heard:
        """`drive`, and what came of it."""
        return Heard(**self.drive(targets, at))


@contextmanager
def members(count: int, *, core: int, settle_s: float, measure_s: float, log: Path) -> Iterator[Members]:
    """So many, from a process on a core of its own."""
    command = ["confer", "--members", str(count)]
    with generating(command, count, core=core, settle_s=settle_s, measure_s=measure_s, log=log) as process:
        found = Members(process, count)
        found.wait_ready()
        yield found
