"""The examples of mediacore's README run as they stand, each in a process of its own."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

README = Path(__file__).parents[2] / "mediacore" / "README.md"
EXAMPLES = re.findall(r"^```python\n(.*?)^```", README.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


def run(example: str) -> str:
    command = [sys.executable, "-W", "error", "-c", example]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout


def test_the_readme_has_two_examples():
    assert len(EXAMPLES) == 2


@pytest.mark.parametrize(
    ("example", "said"), list(zip(EXAMPLES, ["Bob hears 440 Hz at -10 dBFS", "dialled 217"], strict=True))
)
def test_an_example_does_what_it_says(example, said):
    assert said in run(example)


def test_two_legs_of_the_first_example_were_transcoded():
    last_figures = run(EXAMPLES[0]).splitlines()[-1].split()
    assert float(last_figures[0]) == 0.0
    assert int(last_figures[2]) == 0
    assert int(last_figures[3]) > 0
