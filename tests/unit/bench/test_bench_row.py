"""The bench tables: what a row says of its samples, and what stands beside what."""

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from bench import __main__ as bench
from bench.row import Missing, Row, show


def row(subject: str, *samples: float) -> Row:
    return Row.of(samples, work="scan", subject=subject, unit="µs", command="python -m bench.sip.scan")


def test_a_row_tells_the_middle_and_the_spread_of_its_samples() -> None:
    found = row("ours", 3.0, 1.0, 2.0)
    assert (found.median, found.min, found.max, found.runs) == (2.0, 1.0, 3.0, 3)


def test_the_first_subject_of_a_work_is_what_the_others_are_compared_with() -> None:
    page = io.StringIO()
    show([row("ours", 2.0), row("peer", 5.0)], Console(file=page, width=120))
    ours, peer = [line for line in page.getvalue().splitlines() if "scan" in line]
    assert " 1.00 " in ours
    assert " 2.50 " in peer


def test_what_is_missing_is_told_and_what_fails_does_not_stop_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Module:
        def __init__(self, name: str) -> None:
            self.name = name

        def run(self) -> list[Row]:
            if self.name == "bench.absent":
                raise Missing("asterisk", "make peers")
            if self.name == "bench.broken":
                raise ZeroDivisionError
            return [row("ours", 1.0)]

    monkeypatch.setattr(bench, "RESULTS", tmp_path / "out" / "results.json")
    monkeypatch.setattr(bench, "modules", lambda picked: ["bench.absent", "bench.broken", "bench.whole"])
    monkeypatch.setattr(bench.importlib, "import_module", Module)
    assert bench.main([]) == 1
    results = json.loads(bench.RESULTS.read_text())
    assert [line["subject"] for line in results["rows"]] == ["ours"]
    assert results["rows"][0]["run_id"] == results["run_id"]
    assert results["gaps"][0] == "bench.absent: asterisk is missing: make peers"
    assert "ZeroDivisionError" in results["gaps"][1]
    assert "not measured" in capsys.readouterr().out
