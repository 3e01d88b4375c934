"""`scripts/check-tools` names what is missing, with the command that installs it."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SHELL_TOOLS = ["bash", "cut", "dirname", "head", "sed", "sort", "env"]  # what the script itself is made of


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """A folder with everything that the build needs; a test takes something away, or puts another version there."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for tool in SHELL_TOOLS:
        (folder / tool).symlink_to(str(shutil.which(tool)))
    for tool in ("cc", "cmake", "cargo", "npm"):
        answers(folder / tool, "")
    answers(folder / "rustc", "rustc 1.200.0 (0123abcd 2030-01-01)")
    answers(folder / "node", "v90.0.0")
    return folder


def answers(program: Path, text: str, status: int = 0) -> None:
    """Makes `program` one that prints `text`."""
    program.write_text(f"#!/bin/sh\necho '{text}'\nexit {status}\n")
    program.chmod(0o755)


def check(tools: Path, python: str = sys.executable) -> tuple[int, str]:
    environment = {"PATH": str(tools), "PYTHON": python}
    done = subprocess.run([ROOT / "scripts" / "check-tools"], env=environment, capture_output=True, text=True)
    return done.returncode, done.stderr


def test_nothing_is_said_where_nothing_is_missing(tools: Path) -> None:
    assert check(tools) == (0, "")


@pytest.mark.parametrize(
    ("program", "named", "remedy"),
    [
        ("cc", "missing: a C compiler", "apt-get install gcc libc6-dev"),
        ("cmake", "missing: cmake", "apt-get install cmake"),
        ("cargo", "missing: Rust", "rustup toolchain install stable"),
        ("node", "missing: Node.js", "apt-get install nodejs npm"),
        ("npm", "missing: npm", "apt-get install npm"),
    ],
)
def test_a_missing_program_is_named_with_what_installs_it(tools: Path, program: str, named: str, remedy: str) -> None:
    (tools / program).unlink()
    status, said = check(tools)
    assert status == 1
    assert named in said
    assert remedy in said


def test_everything_that_is_missing_is_named_at_once(tools: Path) -> None:
    (tools / "cc").unlink()
    (tools / "cmake").unlink()
    status, said = check(tools, python=str(tools / "python3"))
    assert status == 1
    assert said.count("missing: ") == 3


def test_an_old_rust_is_named_with_the_version_that_the_workspace_states(tools: Path) -> None:
    answers(tools / "rustc", "rustc 1.63.0 (Debian)")
    stated = re.search(r'^rust-version = "(.*)"', (ROOT / "Cargo.toml").read_text(), re.MULTILINE)
    assert stated is not None
    status, said = check(tools)
    assert status == 1
    assert f"missing: Rust {stated[1]} or newer (1.63.0 found)" in said
    assert "rustup update stable" in said


def test_an_old_node_is_named_with_the_version_that_the_portal_states(tools: Path) -> None:
    answers(tools / "node", "v18.19.0")
    stated = json.loads((ROOT / "pbx" / "web" / "portal" / "package.json").read_text())["engines"]["node"]
    status, said = check(tools)
    assert status == 1
    assert f"missing: Node.js {stated.removeprefix('>=')} or newer (18.19.0 found)" in said


def test_rustup_without_a_toolchain_is_told_apart_from_no_rust(tools: Path) -> None:
    answers(tools / "rustc", "no default is configured", status=1)
    status, said = check(tools)
    assert status == 1
    assert "rustup default stable" in said


def test_an_old_python_is_named(tools: Path) -> None:
    # The version check is the first thing that the script runs with -c; this python fails every such check.
    answers(tools / "python3.9", "Python 3.9.18", status=1)
    status, said = check(tools, python=str(tools / "python3.9"))
    assert status == 1
    assert "CPython 3.11 or newer (Python 3.9.18 found)" in said


def test_a_python_without_headers_or_venv_is_named(tools: Path, tmp_path: Path) -> None:
    bare = tools / "python3.11"
    bare.write_text(
        f'#!/bin/sh\ncase "$2" in *ensurepip*) exit 1;; *include*) echo {tmp_path}/include;; *) exit 0;; esac\n'
    )
    bare.chmod(0o755)
    status, said = check(tools, python=str(bare))
    assert status == 1
    assert "apt-get install python3-venv" in said
    assert "apt-get install python3-dev" in said
