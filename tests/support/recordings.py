"""What recordings hold."""

import wave
from pathlib import Path

import numpy as np

import mediacore as mc
from tests.support.media_bench import Samples


def read_wav(path: Path) -> Samples:
    """All samples of a recording, a column for each channel."""
    with wave.open(str(path), "rb") as file:
        assert (file.getframerate(), file.getsampwidth()) == (mc.SAMPLE_RATE_HZ, 2)
        octets = file.readframes(file.getnframes())
        assert len(octets) == file.getnframes() * file.getnchannels() * 2, "the header tells the truth"
        return np.frombuffer(octets, dtype="<i2").reshape(-1, file.getnchannels())
