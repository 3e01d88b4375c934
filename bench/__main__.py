"""`python -m bench [NAME…]`: runs the bench modules, prints their tables, writes bench/out/results.json.

A bench module is a file under bench/ with `run()`, which gives rows (see row.py). A NAME picks the modules that have it
in their own name, or that say in `WORKS` that they do such work: `call-setup`, `sip.scan`, `media`.
What is missing on this machine is said, never guessed; a module that fails does not stop the others.
"""

from __future__ import annotations

import datetime
import importlib
import json
import os
import platform
import re
import subprocess
import sys
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path

from rich.console import Console

from bench.row import Missing, Row, page, show

HERE = Path(__file__).parent
RESULTS = HERE / "out" / "results.json"


def modules(picked: Sequence[str]) -> Iterator[str]:
    """The names of the bench modules, as `bench.sip.scan`."""
    for path in sorted(HERE.rglob("*.py")):
        name = ".".join(("bench", *path.relative_to(HERE).with_suffix("").parts))
        text = path.read_text(encoding="utf-8")
        if "\ndef run(" in text and (not picked or any(is_meant(part, name, text) for part in picked)):
            yield name


def is_meant(part: str, name: str, text: str) -> bool:
    """Whether `part` picks the module of this name and source. Not imported for this: a broken one stops no other."""
    works = re.search(r"^WORKS = \(([^)]*)\)", text, re.MULTILINE)
    return part in name or (works is not None and f'"{part}' in works[1])


def machine() -> dict[str, str | float]:
    """What the figures were measured on: two tables compare only if these agree."""
    cpu = next((line.partition(":")[2].strip() for line in cpuinfo() if line.startswith("model name")), "unknown")
    return {
        "cpu": cpu,
        "cores": os.cpu_count() or 0,
        "kernel": platform.release(),
        "python": platform.python_version(),
        "load_before": round(os.getloadavg()[0], 2),
    }


def cpuinfo() -> list[str]:
    path = Path("/proc/cpuinfo")
    return path.read_text().splitlines() if path.exists() else []


def commit() -> str:
    told = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=HERE, capture_output=True, text=True)
    return told.stdout.strip() or "unknown"


def measure(names: Sequence[str], console: Console) -> tuple[list[Row], list[str]]:
    """The rows of all modules, and what could not be measured, in words."""
    rows: list[Row] = []
    gaps: list[str] = []
    for name in names:
        console.print(f"[bold]{name}[/bold]")
        try:
            found: list[Row | Missing] = importlib.import_module(name).run()
        except Missing as missing:
            gaps.append(f"{name}: {missing}")
        except Exception:
            gaps.append(f"{name}: failed\n{traceback.format_exc()}")
        else:
            measured = [row for row in found if isinstance(row, Row)]
            show(measured, console)
            rows += measured
            gaps += [f"{name}: {missing}" for missing in found if isinstance(missing, Missing)]
    return rows, gaps


def main(picked: Sequence[str]) -> int:
    console = page()
    names = list(modules(picked))
    if not names:
        wanted = f" with {' or '.join(picked)} in its name" if picked else ""
        print(f"bench: there is no bench module{wanted}", file=sys.stderr)
        return 2
    started_at = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    facts = machine()
    rows, gaps = measure(names, console)
    run_id = f"{commit()} {started_at}"
    results = {
        "run_id": run_id,
        "machine": facts,
        "rows": [asdict(replace(row, run_id=run_id)) for row in rows],
        "gaps": gaps,
    }
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.write_text(json.dumps(results, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    for gap in gaps:
        console.print(f"[yellow]not measured:[/yellow] {gap}")
    console.print(f"{len(rows)} rows of run {run_id} in {RESULTS}")
    return 1 if any(": failed\n" in gap for gap in gaps) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
