"""`pbx demo` as somebody starts it: the process, its output, its exit code, and what it keeps."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.free_ports import free_port_range

PATIENCE_S = 60
PBX = str(Path(sys.executable).with_name("pbx"))  # the script that the distribution installs


def demo(folder: Path, *options: str, sip: str = "127.0.0.1:0") -> subprocess.CompletedProcess[str]:
    """Runs it to its end after the self-test."""
    command = [PBX, "demo", "--data", str(folder), "--sip", sip, "--web", "127.0.0.1:0", "--self-test-only", *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)


def init(folder: Path) -> None:
    """The configuration alone, without a self-test."""
    subprocess.run([PBX, "init", str(folder)], stdout=subprocess.DEVNULL, timeout=PATIENCE_S, check=True)


def use_free_rtp_ports(folder: Path) -> None:
    """So that suites run side by side."""
    ports = free_port_range(64)
    file = folder / "pbx.toml"
    file.write_text(file.read_text().replace("#ports = [20000, 39999]", f"ports = [{ports.start}, {ports.stop - 1}]"))


def facts(done: subprocess.CompletedProcess[str]) -> dict:
    """The first line of `--json`."""
    assert done.stdout, done.stderr
    return json.loads(done.stdout.splitlines()[0])


def messages(folder: Path, tenant: str) -> list[dict]:
    """The voicemail messages of all boxes, each of which has its audio."""
    records = sorted(folder.glob(f"blobs/*/{tenant}/voicemail+/*/*.json"))
    assert all(record.with_suffix(".wav").exists() for record in records)
    return [json.loads(record.read_text()) for record in records]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that does not exist yet, below a long name: a Unix socket's path is short."""
    return tmp_path / ("a-name-as-long-as-people-make-them-" * 3)


def test_the_first_start_tells_all_and_the_second_keeps_it(folder: Path):
    first = demo(folder, "--json")
    assert first.returncode == 0, first.stdout + first.stderr
    told = facts(first)
    assert set(told) == {"portal", "tenant", "domain", "extensions", "numbers", "sip", "web", "self_test"}
    assert told["portal"].startswith(f"{told['web']}/sign-in#demo.")
    assert told["web"].startswith("http://127.0.0.1:")
    assert (told["tenant"], told["domain"]) == ("demo", "demo.localhost")
    assert [extension["number"] for extension in told["extensions"]] == ["101", "102"]
    passwords = [extension["password"] for extension in told["extensions"]]
    assert all(len(word) >= 16 for word in passwords)
    assert len(set(passwords)) == 2
    assert told["numbers"]["600"] == "echo"
    assert told["sip"].startswith("127.0.0.1:")
    assert not told["sip"].endswith(":0")
    assert told["self_test"]["ok"]
    calls = told["self_test"]["calls"]
    assert [(call["from_number"], call["to_number"]) for call in calls] == [
        ("101", "102"),
        ("102", "101"),
        ("101", "600"),
    ]
    for call in calls:
        for leg in call["legs"]:
            assert leg["found_hz"] in (800, 1300)
            assert leg["lost_ratio"] == 0
            assert leg["mos"] > 4
            assert leg["delay_ms"] > 0
    left = told["self_test"]["voicemail"]
    assert (left["from_number"], left["ok"], left["found_hz"]) == ("101", True, 800)
    assert left["found_s"] > 1.3
    assert len(messages(folder, "demo")) == 1
    for word in (*passwords, told["portal"].partition("#")[2]):
        assert word not in first.stderr
    again = demo(folder, "--json")
    assert [extension["password"] for extension in facts(again)["extensions"]] == passwords
    assert len(messages(folder, "demo")) == 1
    assert messages(folder, "self-test") == []


def test_what_it_writes_is_its_owners_alone(folder: Path):
    demo(folder)
    for path in [folder, *folder.rglob("*")]:
        assert not path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO), path


def test_people_get_tables(folder: Path):
    done = demo(folder)
    assert "101" in done.stdout
    assert "the self-test passed" in done.stdout


def test_a_self_test_that_fails_names_the_call_and_exits_with_1(folder: Path):
    init(folder)
    plan = folder / "tenants" / "demo.toml"
    plan.write_text(
        plan.read_text().partition("# Calls that must go")[0].replace('"1xx" = "extension"', '"1xx" = "reject"')
    )
    done = demo(folder, "--json")
    assert done.returncode == 1
    causes = [call["cause"] for call in facts(done)["self_test"]["calls"]]
    assert causes[0] == "101 calls 102: answered 403 Forbidden"
    assert causes[2] == ""
    assert messages(folder, "demo") == []  # a folder of `pbx init` is no demo's


def test_the_message_of_the_self_test_can_be_heard_in_the_first_box_until_somebody_deletes_it(folder: Path):
    demo(folder)
    (sample,) = messages(folder, "demo")
    assert (sample["box"], sample["from_name"], sample["heard"]) == ("101", "self-test", False)
    assert sample["duration_s"] > 1.3
    for path in folder.glob("blobs/*/demo/voicemail+/*/*"):
        path.unlink()
    assert demo(folder).returncode == 0
    assert messages(folder, "demo") == []


def test_it_goes_on_until_it_is_told_to_stop(folder: Path):
    init(folder)
    use_free_rtp_ports(folder)
    command = [PBX, "demo", "--data", str(folder), "--sip", "127.0.0.1:0", "--web", "off", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert json.loads(process.stdout.readline())["self_test"]["ok"]
            assert process.poll() is None
            calls = subprocess.run(
                [PBX, "calls", "--data", str(folder), "--json"],
                capture_output=True,
                text=True,
                timeout=PATIENCE_S,
                check=True,
            )
            assert calls.stdout == ""
            os.kill(process.pid, signal.SIGTERM)
            assert process.wait(PATIENCE_S) == 0
        finally:
            process.kill()


def test_an_address_that_is_taken_is_named_with_what_would_do(folder: Path, udp_port_in_use: int):
    init(folder)
    done = demo(folder, sip=f"127.0.0.1:{udp_port_in_use}")
    assert done.returncode == 1
    assert f"SIP cannot listen on UDP 127.0.0.1:{udp_port_in_use}" in done.stderr
    assert "--sip HOST:PORT" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.fixture
def udp_port_in_use():
    """A port that somebody else has."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]
