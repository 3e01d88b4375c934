"""The examples of docs/routing.md, each run by the commands that the page names."""

import re
from pathlib import Path

import pytest

from pbx.cli.main import main
from tests.support.data_folder import data_folder

PAGE = (Path(__file__).resolve().parents[3] / "docs/routing.md").read_text(encoding="utf-8")
PLANS = re.findall(r"^```toml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
OFFICE = next(plan for plan in PLANS if 'kind    = "schedule"' in plan)
BEFORE = 'time_zone = "Europe/London"\n'
# After the plan, so that the page's line numbers are those of a file that begins with it.
EXTENSIONS = "".join(f"\n[extensions.{number}]\nha1.MD5 = '{'0' * 32}'\n" for number in (101, 102, 103))


@pytest.fixture
def pbx_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("PBX_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


def block(kind: str) -> str:
    """The one block of this kind that the page has."""
    (text,) = re.findall(rf"^```{kind}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    return str(text)


@pytest.mark.parametrize("plan", PLANS, ids=range(len(PLANS)))
def test_every_example_is_sound_and_its_tests_hold(
    plan: str, pbx_data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data_folder(pbx_data, demo=BEFORE + plan + EXTENSIONS)
    assert main(["check"]) == 0
    said, complaints = capsys.readouterr()
    tests = plan.count("[[tests]]")
    assert tests
    assert (said, complaints) == (f"no mistakes: 1 tenant(s), 3 extension(s), {tests} plan test(s) held\n", "")


def test_the_page_shows_what_route_prints(pbx_data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data_folder(pbx_data, demo=BEFORE + OFFICE + EXTENSIONS)
    command, shown = block("console").split("\n", 1)
    assert main(command.removeprefix("$ pbx ").split()) == 0
    printed = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert printed == shown.splitlines()


def test_the_page_shows_what_check_says_of_a_mistake(pbx_data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data_folder(pbx_data, demo=BEFORE + OFFICE.replace("Mon-Fri", "Mon-Fir") + EXTENSIONS)
    assert main(["check"]) != 0
    assert block("text") in capsys.readouterr().err
