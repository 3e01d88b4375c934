"""Which tone is in a recording, how loud, and for how much of it: by numpy, not by the code under test."""

from dataclasses import dataclass

import numpy as np

RATE = 8000
WINDOW_S = 0.25  # so a bin is 4 Hz wide
SILENT_DBFS = -60.0
NOTCH_HZ = 15.0
LEAK_BINS = 2  # on each side: a Hann window spreads a tone over four bins


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


def level_of(samples: np.ndarray, hz: float) -> float:
    """How loud one tone is among whatever else `samples` hold: dBFS, as in `Heard`. They take a second at least."""
    power, window = _power(samples)
    bin_ = round(hz * len(samples) / RATE)
    return _dbfs(float(power[bin_ - LEAK_BINS : bin_ + LEAK_BINS + 1].sum()), window)


def seconds_of(samples: np.ndarray, hz: float) -> float:
    """For how long that tone was there, and was all there was; in steps of WINDOW_S."""
    size = RATE * WINDOW_S  # so a bin is RATE / size wide
    return sum(abs(h.peak_hz - hz) <= RATE / size and h.purity_db > 10 for h in windows(samples)) * WINDOW_S


def without_tones(samples: np.ndarray, *tones_hz: float) -> np.ndarray:
    """What is left for the ear behind steady tones: NOTCH_HZ on each side of each is taken away."""
    if not len(samples):
        return samples
    spectrum = np.fft.rfft(samples)
    bins_hz = np.fft.rfftfreq(len(samples), 1 / RATE)
    for hz in tones_hz:
        spectrum[np.abs(bins_hz - hz) < NOTCH_HZ] = 0.0
    return np.fft.irfft(spectrum, len(samples))


def hear(samples: np.ndarray) -> Heard:
    """The strongest tone of all of `samples`."""
    power, window = _power(samples)
    peak = int(power.argmax())
    tone = float(power[max(0, peak - LEAK_BINS) : peak + LEAK_BINS + 1].sum())
    rest = float(power.sum()) - tone
    return Heard(
        peak * RATE / len(samples), _dbfs(tone, window), 10 * float(np.log10(max(tone, 1e-12) / max(rest, 1e-12)))
    )


def _power(samples: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The power in each bin but the first, and the window that it was seen through."""
    window = np.hanning(len(samples))
    power = np.abs(np.fft.rfft(samples * window)) ** 2
    power[0] = 0.0
    return power, window


def _dbfs(power: float, window: np.ndarray) -> float:
    amplitude = 2 * np.sqrt(power / (len(window) * np.sum(window**2)))
    return 20 * float(np.log10(max(amplitude, 1e-9)))
