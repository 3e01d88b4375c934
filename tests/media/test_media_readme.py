"""The examples of mediacore's README run as they stand, each in a process of its own."""

import re
import subprocess
import sys
import wave
from pathlib import Path

import pytest

README = Path(__file__).parents[2] / "mediacore" / "README.md"
EXAMPLES = re.findall(r"^```python\n(.*?)^```", README.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


def run(example: str, folder: Path) -> str:
    with wave.open(str(folder / "welcome.wav"), "wb") as welcome:  # what a reader has of their own
        welcome.setparams((1, 2, 16_000, 8000, "NONE", ""))
        welcome.writeframes(bytes(16_000))
    command = [sys.executable, "-W", "error", "-c", example]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True, timeout=60).stdout


def test_the_readme_has_four_examples():
    assert len(EXAMPLES) == 4


@pytest.mark.parametrize(
    ("example", "said"),
    [
        (EXAMPLES[0], ["1 pressed 1", "1 says nothing any more", "2 says nothing any more"]),
        (EXAMPLES[1], ["16 octets of tag"]),
        (EXAMPLES[2], ["Bob hears 440 Hz at -10 dBFS", "ms recorded", "played to its end"]),
        (EXAMPLES[3], ["hz=1000", "dialled 217", "max-duration"]),
    ],
)
def test_an_example_does_what_it_says(example, said, tmp_path):
    heard = run(example, tmp_path)
    assert all(words in heard for words in said), heard


def test_the_first_example_ends_with_figures_of_a_leg_that_is_closed(tmp_path):
    lost_ratio, mos = map(float, run(EXAMPLES[0], tmp_path).splitlines()[-1].split())
    assert lost_ratio == 0.0
    assert 1 <= mos <= 4.5


def test_the_two_legs_of_the_second_example_were_transcoded(tmp_path):
    last_figures = run(EXAMPLES[2], tmp_path).splitlines()[-1].split()
    assert float(last_figures[0]) == 0.0
    assert int(last_figures[2]) == 0
    assert int(last_figures[3]) > 0
