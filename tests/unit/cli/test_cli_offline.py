"""`pbx init`, `check` and `route`: what they print, where, and with which exit code."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from pbx.cli.main import COMMANDS, main
from pbx.config.load import load
from pbx.security.pin import verify_pin
from tests.support.data_folder import DEMO, data_folder, demo_and, demo_with


@dataclass
class Ran:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        (line,) = self.out.splitlines()
        return json.loads(line)


Run = Callable[..., Ran]


@pytest.fixture
def pbx(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Runs a command line in a folder of its own, with `pbx-data` there as its data folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PBX_DATA", raising=False)
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments: str) -> Ran:
        code = main(arguments)
        out, err = capsys.readouterr()
        return Ran(code, out, err)

    return run


@pytest.fixture
def demo(tmp_path: Path) -> Path:
    return data_folder(tmp_path / "pbx-data")


def test_init_check_and_route_work_one_after_the_other(pbx: Run) -> None:
    made = pbx("init")
    assert made.code == 0
    assert "wrote pbx-data/tenants/demo.toml" in made.out
    assert "pbx check --data pbx-data" in made.out
    checked = pbx("check")
    assert (checked.code, checked.err) == (0, "")
    assert checked.out == "no mistakes: 1 tenant(s), 2 extension(s), 9 plan test(s) held\n"
    assert "→ run echo" in pbx("route", "101", "600").out


def test_init_prints_its_passwords_once_and_as_json_where_asked(pbx: Run, tmp_path: Path) -> None:
    made = pbx("init", "here", "--tenant", "herons", "--domain", "herons.example", "--json").json
    assert made["folder"] == "here"
    assert made["files"] == ["here/pbx.toml", "here/tenants/herons.toml"]
    assert (made["tenant"], made["domain"]) == ("herons", "herons.example")
    assert [(e["number"], e["name"], len(e["password"])) for e in made["extensions"]] == [
        ("101", "Ada", 16),
        ("102", "Grace", 16),
    ]
    assert (tmp_path / "here/tenants/herons.toml").is_file()


AN_OFFICE = """
[nodes.reception]
kind = "schedule"
hours = "Mon-Fri 09:00-17:30"
dates.12-25 = "closed"
open = "sales"
closed = "sales-box"

[[tests]]
call = { from = "101", to = "300", at = "2026-11-28T19:00" }
expect = ["reception: closed", "sales-box", "reject 480"]

[[tests]]
call = { from = "101", to = "300", at = "2026-11-27T12:00", registered = ["101"] }
expect = ["reception: open", "sales", "ring 101"]

[[tests]]
call = { from = "101", to = "300" }
expect = ["reception: unknown", "sales-box"]
"""


@pytest.fixture
def office(tmp_path: Path) -> Path:
    text = demo_with('"600" = "echo"\n', '"600" = "echo"\n"300" = "reception"\n')
    return data_folder(tmp_path / "pbx-data", demo=text + AN_OFFICE)


def test_route_says_what_a_schedule_decides_and_when_it_changes(pbx: Run, office: Path) -> None:
    weekend = pbx("route", "101", "300", "--at", "2026-11-28T19:00").out
    assert "Sat 19:00 is outside the hours; opens Mon 09:00: on to sales-box" in weekend
    assert "→ reject 480" in weekend
    holiday = pbx("route", "101", "300", "--at", "2026-12-25T12:00", "--json").json
    assert holiday["steps"][1] == {
        "node": "reception",
        "outcome": "closed",
        "reason": "Fri 2026-12-25 12:00 is on a date listed as closed; opens Mon 09:00: on to sales-box",
    }
    assert "→ ring 101, 102" in pbx("route", "101", "300", "--at", "2026-11-27T12:00").out


def test_check_runs_a_plans_tests_at_their_times(pbx: Run, office: Path) -> None:
    assert pbx("check").out == "no mistakes: 1 tenant(s), 2 extension(s), 3 plan test(s) held\n"


def test_init_leaves_what_is_there(pbx: Run, demo: Path) -> None:
    again = pbx("init")
    assert (again.code, again.out) == (1, "")
    assert again.err == (
        "pbx: pbx-data/pbx.toml exists already\nchoose another folder, or edit what is there and run `pbx check`\n"
    )


def test_init_refuses_a_name_that_it_could_not_load(pbx: Run) -> None:
    assert pbx("init", "--tenant", "De mo").code == 2
    assert pbx("init", "--domain", "sip:x").err.startswith("pbx: no domain: 'sip:x' (")


def test_init_says_that_a_folder_cannot_be_written(pbx: Run, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    refused = pbx("init", "file/data")
    assert refused.code == 1
    assert refused.err == "pbx: file/data cannot be written: Not a directory\nchoose another folder with --data DIR\n"


def test_check_names_every_mistake_on_stderr(pbx: Run, tmp_path: Path) -> None:
    data_folder(tmp_path / "pbx-data", demo=demo_with("sales-box]", "box]").replace("London", "Londn"))
    checked = pbx("check")
    assert (checked.code, checked.out) == (1, "")
    assert checked.err == (
        "tenants/demo.toml:2: time_zone: no time zone named 'Europe/Londn' (did you mean 'Europe/London'?)\n"
        "tenants/demo.toml:22: nodes.sales.busy: no node named 'sales-box' (did you mean 'sales'?)\n"
        "2 mistakes: mend them, then `pbx check` again\n"
    )


def test_check_names_them_as_json_where_asked(pbx: Run, tmp_path: Path) -> None:
    data_folder(tmp_path / "pbx-data", demo=demo_with("London", "Londn"))
    checked = pbx("check", "--json")
    assert checked.code == 1
    assert checked.json == {
        "ok": False,
        "mistakes": [
            {
                "file": "tenants/demo.toml",
                "line": 2,
                "path": "time_zone",
                "read": "no time zone named 'Europe/Londn'",
                "remedy": "did you mean 'Europe/London'?",
            }
        ],
        "advice": [],
        "tenants": [],
    }


def test_check_gives_advice_without_failing(pbx: Run, tmp_path: Path) -> None:
    data_folder(tmp_path / "pbx-data", demo=demo_and('[nodes.lost]\nkind = "echo"\n'))
    assert pbx("check").out.startswith("advice: tenants/demo.toml:27: nodes.lost: nothing leads to 'lost' (")
    checked = pbx("check", "--json")
    assert (checked.code, checked.json["ok"], checked.json["tenants"]) == (0, True, ["demo"])
    assert [advice["line"] for advice in checked.json["advice"]] == [27]


def test_route_says_every_step_with_its_reason(pbx: Run, demo: Path) -> None:
    ran = pbx("route", "9", "200", "--registered", "102", "--outcomes", "busy", "--at", "2026-07-04T19:00")
    assert (ran.code, ran.err) == (0, "")
    assert [line.rstrip() for line in ran.out.splitlines()] == [
        "9 dials 200 in demo, Sat 2026-07-04 19:00 BST",
        "",
        "node       outcome  reason",
        "numbers    sales    200 is listed",
        "sales      ring     rings 102 for 15 s; no phone registered: 101",
        "sales      busy     busy: on to sales-box",
        "sales-box  reject   480 Temporarily Unavailable",
        "",
        "→ reject 480 Temporarily Unavailable",
    ]


def test_route_says_unknown_where_registrations_were_not_given(pbx: Run, demo: Path) -> None:
    ran = pbx("route", "101", "102", "--at", "2026-11-28T19:00", "--json")
    assert ran.json == {
        "tenant": "demo",
        "from": "101",
        "to": "102",
        "at": "2026-11-28T19:00:00+00:00",
        "steps": [
            {"node": "numbers", "outcome": "extension", "reason": "102 matches '1xx'"},
            {
                "node": "extension",
                "outcome": "unknown",
                "reason": "rings 102 for 20 s; whether a phone is registered is not recorded",
            },
        ],
        "result": {"action": "ring", "targets": ["102"], "ring_s": 20, "text": "ring 102 for 20 s"},
    }


@pytest.mark.parametrize(
    ("to", "more", "result"),
    [
        ("102", ["--registered", ""], {"action": "reject", "status": 480}),
        ("102", ["--registered", "101, 102"], {"action": "ring", "targets": ["102"]}),
        ("102", ["--outcomes", "busy"], {"action": "reject", "status": 486}),
        ("102", ["--outcomes", "603"], {"action": "reject", "status": 603}),
        ("999", [], {"action": "reject", "status": 404}),
        ("600", [], {"action": "run_app", "name": "echo"}),
    ],
)
def test_route_answers_what_if(pbx: Run, demo: Path, to: str, more: list[str], result: dict[str, Any]) -> None:
    said = pbx("route", "101", to, "--json", *more).json["result"]
    assert said == {**said, **result}


def test_route_looks_in_the_tenant_that_was_named(pbx: Run, tmp_path: Path) -> None:
    herons = demo_with('"demo.example"', '"herons.example"').replace('"600"', '"700"')
    data_folder(tmp_path / "pbx-data", demo=DEMO, herons=herons)
    assert pbx("route", "101", "600", "--json").json["result"]["action"] == "run_app"
    assert pbx("route", "101", "600", "--tenant", "herons", "--json").json["result"]["action"] == "reject"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--tenant", "dmo"], "pbx: no tenant named 'dmo'\ndid you mean 'demo'?\n"),
        (["--at", "noon"], "pbx: no time: 'noon'\nwrite it as 2026-11-28T19:00\n"),
        (
            ["--outcomes", "bsy"],
            "pbx: no outcome named 'bsy'\nuse unregistered, busy, no_answer, "
            "declined, failed, timeout, invalid, done, full, next, press DIGITS, or a SIP status\n",
        ),
    ],
)
def test_route_says_what_to_ask_instead(pbx: Run, demo: Path, arguments: list[str], said: str) -> None:
    ran = pbx("route", "101", "102", *arguments)
    assert (ran.code, ran.out, ran.err) == (2, "", said)


def test_route_tells_of_outcomes_that_nothing_asked_for(pbx: Run, demo: Path) -> None:
    assert "1 of the outcomes given were never asked for" in pbx("route", "101", "600", "--outcomes", "busy").out


@pytest.mark.parametrize("command", ["check", "route"])
def test_a_missing_data_folder_is_named_with_the_command_that_makes_one(pbx: Run, command: str) -> None:
    ran = pbx(command, *(["1", "2"] if command == "route" else []), "--data", "nowhere")
    assert (ran.code, ran.out) == (1, "")
    assert "pbx.toml: there is no such file (`pbx init nowhere` makes one)" in ran.err


def test_the_data_folder_may_come_from_the_environment(
    pbx: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data_folder(tmp_path / "elsewhere")
    monkeypatch.setenv("PBX_DATA", str(tmp_path / "elsewhere"))
    assert pbx("check").code == 0


@pytest.mark.parametrize("arguments", [["rout"], ["route", "101"], ["check", "--jsn"], ["route", "1", "2", "3"]])
def test_a_command_line_that_cannot_be_read_is_2_on_stderr(pbx: Run, arguments: list[str]) -> None:
    ran = pbx(*arguments)
    assert (ran.code, ran.out) == (2, "")
    assert "`pbx --help` lists the commands" in ran.err


def test_help_lists_every_command_with_a_line(pbx: Run) -> None:
    said = pbx("--help").out
    assert all(line in said for line in COMMANDS.values())


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_takes_a_data_folder_and_json(pbx: Run, command: str) -> None:
    said = pbx(command, "--help").out
    assert "--data" in said or command == "pin"  # which reads no file
    assert "--json" in said


def test_pin_prints_the_line_for_the_tenants_file(pbx: Run, tmp_path: Path) -> None:
    line = pbx("pin", "2580").out
    data_folder(tmp_path / "pbx-data", demo=DEMO + "[extensions.101.voicemail]\n" + line)
    assert pbx("check").code == 0
    box = load(tmp_path / "pbx-data").default_tenant.extensions["101"].voicemail
    assert box is not None
    assert verify_pin(box.pin_hash, "2580")
    assert verify_pin(pbx("pin", "1234", "--json").json["pin_hash"], "1234")


def test_pin_reads_the_pin_from_a_pipe(pbx: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", StringIO("2580\n"))
    assert verify_pin(pbx("pin", "--json").json["pin_hash"], "2580")


@pytest.mark.parametrize("digits", ["", "123", "12a4", "1234567890123", "٣٣٣٣"])
def test_what_is_no_pin_is_refused(pbx: Run, digits: str) -> None:
    refused = pbx("pin", digits)
    assert (refused.code, refused.out) == (2, "")
    assert refused.err == "pbx: that is no PIN\nuse 4 to 12 digits and nothing else\n"


def test_checking_waits_for_nothing_that_only_a_server_needs(demo: Path) -> None:
    program = "import sys; from pbx.cli.main import main; main(['check', '--json']); print(*sys.modules)"
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=demo.parent, timeout=60
    )
    loaded = set(ran.stdout.splitlines()[-1].split())
    assert "pbx.config.load" in loaded
    assert not loaded & {"trio", "sqlalchemy", "mediacore", "anyio", "pbx.server", "pbx.sip.message"}
