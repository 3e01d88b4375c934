"""The conference bench without a room: what it reckons, what it tells, how Asterisk's room is written down."""

from pathlib import Path

import pytest

from bench.__main__ import modules
from bench.media import conference
from bench.media.asterisk import write_files
from bench.media.asterisk_conference import ROOM
from bench.media.conference import Sample, reckon, rows
from bench.media.members import Heard
from bench.media.processes import Usage
from bench.row import Missing, Row


def heard(*, received: int = 2000, is_limit: bool = False) -> Heard:
    return Heard(
        event="result",
        members=10,
        seconds=4.0,
        expected=2000,
        received=received,
        late=20,
        duplicates=0,
        mixes=received // 2,
        strays=3,
        lag_p99_ms=1.0,
        lag_max_ms=2.0,
        send_late_p99_ms=0.1,
        is_limit=is_limit,
    )


def test_a_member_costs_what_the_session_used_by_members_and_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    before = Usage(at=0.0, subject_s=1.0, generator_s=0.5, idle_s=100.0)
    after = Usage(at=4.0, subject_s=1.04, generator_s=0.9, idle_s=107.52)
    found = reckon(heard(), before, after)
    assert found.subject_ms == pytest.approx(1.0)
    assert found.machine_ms == pytest.approx(2.0)  # 8 s of two cores, 7.52 idle, 0.4 the generator's


def test_what_did_not_come_is_lost_and_what_had_one_voice_is_no_mix() -> None:
    found = heard(received=1900)
    assert found.lost_percent == pytest.approx(5.0)
    assert found.late_percent == pytest.approx(1.0)
    assert found.mixed_percent == pytest.approx(50.0)


def test_a_row_says_how_a_subject_mixes_and_what_spoilt_its_runs() -> None:
    samples = [Sample(heard(is_limit=is_limit), 1.0, 2.0, 0.5) for is_limit in (True, False)]
    (note,) = {row.note for row in rows("asterisk", 50, samples)}
    assert note == "all are mixed; generator late itself in 1 of 2 runs; 0.5 cores busy with other work"


def test_subjects_take_turns_and_stand_side_by_side(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[tuple[str, int]] = []

    def sample(subject: str, count: int, **options: float) -> Sample:
        if subject == "asterisk":
            raise Missing("asterisk", "make peers")
        taken.append((subject, count))
        return Sample(heard(), 1.0, 2.0, 0.0)

    monkeypatch.setattr(conference, "sample", sample)
    found = conference.measure([50], runs=2)
    assert taken[2:] == [("ours", 50), ("floor", 50)] * 2  # behind a trial of each
    assert [str(gap) for gap in found if isinstance(gap, Missing)] == ["asterisk is missing: make peers"]
    told = [row for row in found if isinstance(row, Row)]
    assert [row.subject for row in told[:2]] == ["ours", "floor"]
    assert {row.work for row in told} == {"conference-g711-50"}


def test_the_work_picks_the_module() -> None:
    assert list(modules(["conference-g711-50"])) == ["bench.media.conference"]


def test_asterisks_room_is_entered_by_whoever_calls(tmp_path: Path) -> None:
    write_files(tmp_path, ROOM, allow="ulaw")
    assert "ConfBridge(bench,room,member)" in (tmp_path / "extensions.conf").read_text()
    assert "[room]\ntype = bridge\n" in (tmp_path / "confbridge.conf").read_text()
    assert "identify" in (tmp_path / "pjsip.conf").read_text()
