"""The audio in the repository: made from the texts that stand beside it, 16 kHz, mono, small, whole.

How it sounds once it is decoded is told by tests/media/test_media_prompts.py.
"""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
HOME = ROOT / "pbx" / "prompts"
FILES = sorted(HOME.glob("*/*.flac"))


@dataclass(frozen=True)
class StreamInfo:
    """What a FLAC file says of itself (RFC 9639, 8.2)."""

    rate_hz: int
    channels: int
    bits: int
    samples: int


def stream_info(path: Path) -> StreamInfo:
    octets = path.read_bytes()[:42]
    assert octets[:4] == b"fLaC"
    shape = int.from_bytes(octets[18:26], "big")  # 20 bits rate, 3 channels - 1, 5 bits - 1, 36 samples
    return StreamInfo(shape >> 44, (shape >> 41 & 7) + 1, (shape >> 36 & 31) + 1, shape & (1 << 36) - 1)


def run_check() -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, ROOT / "scripts" / "prompts", "--check"], capture_output=True, text=True, check=False
    )


def test_the_audio_was_made_from_the_texts():
    told = run_check()
    assert (told.returncode, told.stderr) == (0, "")


def test_every_prompt_is_16_khz_mono_and_of_a_length_to_be_listened_to():
    assert len(FILES) > 250
    for path in FILES:
        told = stream_info(path)
        assert (told.rate_hz, told.channels, told.bits) == (16_000, 1, 16), path.name
        assert 0.15 <= told.samples / told.rate_hz <= 20, path.name


def test_all_prompts_together_stay_small():
    assert sum(path.stat().st_size for path in FILES) < 3_500_000


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """The script with texts and audio of its own, to be spoiled."""
    command = ["cp", "--parents", "-r", "scripts/prompts", "pbx/prompts", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True)
    return tmp_path


def complaints(folder: Path) -> str:
    told = subprocess.run(
        [sys.executable, folder / "scripts" / "prompts", "--check"], capture_output=True, text=True, check=False
    )
    assert told.returncode == 1
    return told.stderr


def test_a_changed_text_and_changed_or_needless_audio_are_complained_of(copied):
    home = copied / "pbx" / "prompts"
    texts = home / "texts.toml"
    texts.write_text(texts.read_text().replace('"Goodbye."', '"Farewell."'))
    (home / "pl" / "goodbye.flac").write_bytes(b"fLaC")
    (home / "en" / "star.flac").unlink()
    (home / "en" / "orphan.flac").write_bytes(b"fLaC")
    told = complaints(copied)
    for name in ("en/goodbye: not", "pl/goodbye: not", "en/star: not", "en/orphan.flac: has no text"):
        assert name in told
    assert len(told.splitlines()) == 5
