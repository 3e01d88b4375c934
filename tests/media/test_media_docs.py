"""The examples of docs/mediacore run as they stand, each in a process and a folder of its own."""

import re
import subprocess
import sys
import wave
from pathlib import Path

import pytest

PAGES = Path(__file__).parents[2] / "docs" / "mediacore"

SAID = {
    "engine": ["hears ('127.0.0.1', ", "2 legs; Alice is at ('127.0.0.1', ", "refused so far: 0"],
    "leg": ["Bob was dialled 42#", "True 0.0 ()"],
    "bridge": ["what comes back: True", "True 0"],
    "conference": ["all have heard it: True", "True ()"],
    "player": ["played to its end: True"],
    "recorder": ["ended by max-duration", "2 channels at 8000 Hz"],
    "source": ["4000 samples found room, 4000 did not", "played so far: "],
    "tap": ["1000 Hz, 0 frames dropped"],
    "sdp": ["PCMA/8000 to 192.0.2.1 20000", "v=0", "refused: line 2: "],
    "testing": ["1000 Hz at ", "True"],
    "shell": [],
    "README": [],
}


def examples(page: str) -> list[str]:
    text = (PAGES / f"{page}.md").read_text(encoding="utf-8")
    return re.findall(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def test_every_page_is_run_and_stands_in_the_index():
    pages = {path.stem for path in PAGES.glob("*.md")}
    assert pages == SAID.keys()
    index = (PAGES / "README.md").read_text(encoding="utf-8")
    assert [page for page in pages - {"README"} if f"({page}.md)" not in index] == []


@pytest.mark.parametrize("page", sorted(page for page in SAID if examples(page)))
def test_the_example_of_a_page_says_what_it_should(page, tmp_path):
    with wave.open(str(tmp_path / "welcome.wav"), "wb") as welcome:  # what a reader has of their own
        welcome.setparams((1, 2, 16_000, 8000, "NONE", ""))
        welcome.writeframes(bytes(16_000))
    (example,) = examples(page)
    command = [sys.executable, "-W", "error", "-c", example]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert [words for words in SAID[page] if words not in done.stdout] == [], done.stdout


def test_every_page_but_the_index_and_the_shell_has_an_example():
    assert sorted(page for page in SAID if not examples(page)) == ["README", "shell"]
