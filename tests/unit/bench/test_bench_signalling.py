"""The signalling benches without a server: what they reckon, whom they tell what, in which order."""

import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.__main__ import modules
from bench.media.processes import Usage, members, running, session_s
from bench.row import Missing, Row
from bench.sip import asterisk_server, call_setup, kamailio, our_server, register_digest
from bench.sip.signalling import Sample, reckon, rows
from bench.sip.sipp import Totals, milliseconds, totals
from bench.sip.users import CALLEE, CALLER, DOMAIN, NUMBERS, password, write_users
from bench.turns import in_turns, present
from pbx.config.load import load
from pbx.sip.auth import ha1

STATISTICS = (
    "StartTime;SuccessfulCall(C);FailedCall(C);Retransmissions(C);ResponseTime1(C);\n"
    "now;10;0;0;00:00:00:001000;\n"
    "later;498;2;3;00:01:02:003500;\n"
)


def sample(*, wanted: int = 100, succeeded: int = 100, held_kb: float | None = None) -> Sample:
    return Sample(wanted, Totals(succeeded, wanted - succeeded, 0, 4.0), 2.0, 3.0, 0.0, held_kb)


def test_the_last_line_of_sipps_statistics_is_what_a_run_came_to() -> None:
    assert totals(STATISTICS) == Totals(succeeded=498, failed=2, retransmissions=3, response_ms=62_003.5)


@given(st.integers(0, 99 * 3600 * 1_000_000))
def test_sipps_way_to_write_a_time_is_read_back(microseconds: int) -> None:
    seconds, rest = divmod(microseconds, 1_000_000)
    told = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}:{rest:06}"
    assert milliseconds(told) == pytest.approx(microseconds / 1000)


def test_a_call_costs_what_the_session_used_for_those_that_succeeded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    before = Usage(at=10.0, subject_s=1.0, generator_s=0.5, idle_s=100.0)
    after = Usage(at=20.0, subject_s=2.0, generator_s=2.5, idle_s=116.0)
    found = reckon(500, Totals(400, 100, 0, 4.0), before, after)
    assert found.subject_ms == pytest.approx(2.5)
    assert found.machine_ms == pytest.approx(5.0)  # 20 s of two cores, 16 idle, 2 the generator's
    assert found.others_cores == pytest.approx(0.1)


def test_a_row_says_how_many_calls_did_not_complete() -> None:
    found = rows("call-setup", "call", "ours", [sample(), sample(succeeded=97)], command="…", told="a proxy")
    assert {row.note for row in found} == {"a proxy; 3 of 200 calls did not complete"}


def test_memory_is_told_of_where_it_was_looked_at() -> None:
    with_memory = rows("call-setup", "call", "ours", [sample(held_kb=40.0)], command="…")
    assert [row.unit for row in with_memory] == [
        "ms CPU per call",
        "ms machine per call",
        "ms to the 200, mean",
        "kB per held call",
    ]
    assert len(rows("register-digest", "registration", "ours", [sample()], command="…")) == 3


def test_subjects_take_turns(capsys: pytest.CaptureFixture[str]) -> None:
    taken: list[str] = []
    in_turns("call-setup", ["ours", "asterisk"], 2, taken.append)
    assert taken == ["ours", "asterisk"] * 2
    assert "call-setup: asterisk, turn 2 of 2" in capsys.readouterr().err


def test_who_is_not_here_is_told_and_the_others_are_measured() -> None:
    def trial(subject: str) -> None:
        if subject == "kamailio":
            raise Missing("kamailio", "make peers")

    here, gaps = present(["ours", "kamailio"], trial)
    assert here == ["ours"]
    assert [str(gap) for gap in gaps] == ["kamailio is missing: make peers"]


@pytest.mark.parametrize("module", [call_setup, register_digest])
def test_rows_of_a_series_stand_by_unit(module: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "require", lambda subject: None)
    monkeypatch.setattr(module, "sample", lambda *args, **options: sample())
    found = [row for row in module.measure(runs=2) if isinstance(row, Row)]  # type: ignore[attr-defined]
    assert [row.subject for row in found[:3]] == ["ours", "asterisk", "kamailio"]
    assert len({row.unit for row in found[:3]}) == 1
    assert {(row.work, row.runs) for row in found} == {(module.WORKS[0], 2)}  # type: ignore[attr-defined]


def test_each_work_picks_its_module() -> None:
    assert list(modules(["call-setup"])) == ["bench.sip.call_setup"]
    assert list(modules(["register-digest"])) == ["bench.sip.register_digest"]
    assert "bench.sip.call_setup" in modules(["bench.sip"])


def test_our_configuration_is_sound_and_knows_every_user(tmp_path: Path) -> None:
    our_server.configure(tmp_path)
    config = load(tmp_path)
    tenant = config.tenants[our_server.TENANT]
    assert tenant.ha1(str(CALLER), "MD5") == ha1(str(CALLER), DOMAIN, password(CALLER), "MD5")
    assert len(tenant.extensions) == len(NUMBERS)
    assert not config.advice


def test_asterisk_has_an_endpoint_for_every_user_and_writes_records(tmp_path: Path) -> None:
    asterisk_server.configure(tmp_path)
    text = (tmp_path / "pjsip.conf").read_text()
    assert text.count("(phone)") == len(NUMBERS)
    assert f"password = {password(CALLEE)}\n" in text
    assert "Dial(PJSIP/${EXTEN})" in (tmp_path / "extensions.conf").read_text()
    assert (tmp_path / "cdr-csv").is_dir()


def test_kamailio_gets_its_passwords_by_a_rule_and_every_brace_is_closed(tmp_path: Path) -> None:
    text = kamailio.configure(tmp_path).read_text()
    assert f"$var(number) < {NUMBERS.stop}" in text
    assert '"secret-" + $var(number)' in text
    assert password(7) == "secret-7"
    assert text.count("{") == text.count("}")


def test_sipp_takes_its_users_in_order(tmp_path: Path) -> None:
    lines = write_users(tmp_path / "users.csv", range(1000, 1002)).read_text().splitlines()
    assert lines == [
        "SEQUENTIAL",
        "1000;[authentication username=1000 password=secret-1000]",
        "1001;[authentication username=1001 password=secret-1001]",
    ]


BUSY = """\
import threading, time
def work():
    while time.thread_time() < 0.1:
        pass
thread = threading.Thread(target=work)
thread.start()
thread.join()
print("done", flush=True)
input()
"""


def test_what_a_thread_used_counts_after_its_end(tmp_path: Path) -> None:
    with running([sys.executable, "-c", BUSY], tmp_path / "log") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "done\n"
        assert session_s(process.pid) >= 0.1 - 0.02  # the kernel's sum has steps of 10 ms, twice
    assert not list(members(process.pid))
