"""One line of the bench tables: how a bench module measures, and how a person reads it.

A bench module is a file under bench/ with a function `run() -> list[Row]` (or of Row and Missing, where only some
subjects are missing); `python -m bench` finds it.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table


class Missing(Exception):
    """A bench module's way to say that what it measures is not on this machine, and what would bring it."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(f"{what} is missing: {remedy}")
        self.what = what
        self.remedy = remedy


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What one `subject` paid for one piece of `work`; all figures in `unit`, over `runs` runs."""

    work: str  # "scan a 900-byte INVITE", "relay-g711-100"
    subject: str  # "mediacore-pbx", "asterisk", "floor" …: the same `work` stands side by side
    unit: str  # "µs/message", "ms CPU/call"
    median: float
    min: float
    max: float
    runs: int
    command: str  # repeats this measurement alone
    version: str = ""  # of the subject; empty: the commit that the results file names
    note: str = ""  # what a reader has to know before believing it
    run_id: str = ""  # filled in by `python -m bench`: the rows of one run on one machine share it

    @classmethod
    def of(
        cls,
        samples: Sequence[float],
        *,
        work: str,
        subject: str,
        unit: str,
        command: str,
        version: str = "",
        note: str = "",
    ) -> Row:
        """The row of these `samples`, one per run."""
        return cls(
            work=work,
            subject=subject,
            unit=unit,
            median=statistics.median(samples),
            min=min(samples),
            max=max(samples),
            runs=len(samples),
            command=command,
            version=version,
            note=note,
        )


def page() -> Console:
    """Where tables go: the terminal as wide as it is, a file or a log wide enough for a row on one line."""
    console = Console()
    return console if console.is_terminal else Console(width=140)


def show(rows: Iterable[Row], console: Console | None = None) -> None:
    """Prints `rows` as a table; the first subject of each work and unit is what the others are compared with."""
    table = Table("work", "subject", "median", "min – max", "unit", "ratio", "runs", "note")
    for column in table.columns[2:4] + table.columns[5:7]:
        column.justify = "right"
    firsts: dict[tuple[str, str], Row] = {}
    for row in rows:
        first = firsts.setdefault((row.work, row.unit), row)
        ratio = f"{row.median / first.median:.2f}" if first.median else "–"
        spread = f"{row.min:.3g} – {row.max:.3g}"
        subject = f"{row.subject} {row.version}".rstrip()
        table.add_row(row.work, subject, f"{row.median:.3g}", spread, row.unit, ratio, str(row.runs), row.note)
    (console or page()).print(table)


def show_all(found: Iterable[Row | Missing]) -> None:
    """The table of the rows, then what is not there."""
    told = list(found)
    show(row for row in told if isinstance(row, Row))
    for missing in told:
        if isinstance(missing, Missing):
            print(f"not measured: {missing}")
