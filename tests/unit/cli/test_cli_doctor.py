"""`pbx doctor` as somebody types it: its table, its JSON, its exit code."""

import json
import re
import socket
from pathlib import Path

import pytest

from pbx.cli.doctor import _summary
from pbx.cli.main import main
from pbx.doctor.finding import Finding
from pbx.doctor.judge import judge
from tests.support.data_folder import data_folder
from tests.support.doctor_facts import WELL, facts_with

# The RTP ports lie below those that the kernel picks: a SIP port among them would be a mistake.
FREE = 'default_tenant = "demo"\n[sip]\nhost = "127.0.0.1"\nport = {port}\n[rtp]\nports = [10000, 10003]\n'
PAGE = Path(__file__).resolve().parents[3] / "docs" / "doctor.md"


def run(folder: Path, *options: str) -> int:
    return main(["doctor", "--data", str(folder), *options])


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")


def test_the_table_says_level_topic_and_what_to_do(tmp_path, capsys):
    run(data_folder(tmp_path / "data", server=FREE.format(port=0)))
    told = capsys.readouterr().out
    assert "SIP listens on 127.0.0.1 alone" in told
    assert '→ write host = "0.0.0.0" under [sip]' in told
    assert "advice" in told.splitlines()[-1]


def test_a_problem_fails_the_command_and_json_tells_facts_and_findings(tmp_path, capsys):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        folder = data_folder(tmp_path / "data", server=FREE.format(port=taken.getsockname()[1]))
        assert run(folder, "--json") == 1
    (line,) = capsys.readouterr().out.splitlines()
    told = json.loads(line)
    assert told["ok"] is False
    (finding,) = [each for each in told["findings"] if each["topic"] == "SIP port"]
    assert finding["level"] == "problem"
    assert told["facts"]["sip_port"]["state"] == "taken"


def test_a_configuration_with_mistakes_is_told_as_check_tells_it(tmp_path, capsys):
    assert run(data_folder(tmp_path / "data", server="default_tenant = 3\n")) == 1
    assert "pbx.toml:1" in capsys.readouterr().err
    assert run(tmp_path / "nowhere") == 1
    assert "pbx init" in capsys.readouterr().err


def test_the_last_line_counts():
    assert _summary(judge(WELL)) == "all is well"
    assert _summary(judge(facts_with("machine", cpus=1))) == "no problems, 1 advice"
    problem = Finding("disk", "problem", "full", "make room")
    assert _summary([problem]) == "1 problem, no advice"
    assert _summary([problem, problem]) == "2 problems, no advice"


def test_the_page_has_a_row_for_every_topic():
    rows = re.findall(r"^\| ([^|]+?) \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    topics = {finding.topic for finding in judge(WELL)}
    assert topics <= set(rows), topics - set(rows)
