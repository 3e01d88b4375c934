"""Sound files for tests."""

import wave
from pathlib import Path

import numpy as np


def write_tone(
    path: Path, *, hz: float = 1000, rate_hz: int = 8000, channels: int = 1, duration_s: float = 1.0
) -> Path:
    """A WAV file of a sine of -10 dBFS, the same in all channels."""
    moments = np.arange(int(duration_s * rate_hz)) / rate_hz
    samples = (32767 * 10 ** (-10 / 20) * np.sin(2 * np.pi * hz * moments)).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes(np.repeat(samples, channels).tobytes())
    return path
