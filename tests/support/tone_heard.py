"""Which tone is in a recording, how loud, and for how much of it: by numpy, not by the code under test."""

from dataclasses import dataclass

import numpy as np

RATE = 8000
WINDOW_S = 0.25  # so a bin is 4 Hz wide
SILENT_DBFS = -60.0


@dataclass(frozen=True)
class Heard:
    """The strongest tone of a stretch."""

    peak_hz: float
    level_dbfs: float  # of that tone's peak; a sine that fills the range has 0
    purity_db: float  # that tone's power over all the rest


def windows(samples: np.ndarray) -> list[Heard]:
    """What each WINDOW_S of a recording holds, from the first that is not silent on."""
    size = int(WINDOW_S * RATE)
    heard = [hear(samples[start : start + size]) for start in range(0, len(samples) - size + 1, size)]
    first = next((i for i, each in enumerate(heard) if each.level_dbfs > SILENT_DBFS), len(heard))
    return heard[first:]


def hear(samples: np.ndarray) -> Heard:
    """The strongest tone of all of `samples`."""
    window = np.hanning(len(samples))
    power = np.abs(np.fft.rfft(samples * window)) ** 2
    power[0] = 0.0
    peak = int(power.argmax())
    # A Hann window spreads a tone over four bins.
    tone = float(power[max(0, peak - 2) : peak + 3].sum())
    rest = float(power.sum()) - tone
    amplitude = 2 * np.sqrt(tone / (len(samples) * np.sum(window**2)))
    return Heard(
        peak * RATE / len(samples),
        20 * float(np.log10(max(amplitude, 1e-9))),
        10 * float(np.log10(max(tone, 1e-12) / max(rest, 1e-12))),
    )
