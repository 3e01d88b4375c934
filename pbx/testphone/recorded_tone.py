"""Which tone is in a recording, how loud, and for how long. Pure."""

import io
import wave
from dataclasses import dataclass
from math import inf

import numpy as np
import numpy.typing as npt

WINDOW_S = 0.05  # so a line of its spectrum is 20 Hz wide, and a tone's length is right to two windows
TONE_SHARE_MIN = 0.9  # of a window's power: the rest may be what G.711 adds, 30 dB below, and the tone's own edges
SILENT_DBFS = -60.0
FULL_SCALE = 32_768


class NotAudio(Exception):
    """No WAV file of 16-bit samples, mono."""


@dataclass(frozen=True)
class RecordedTone:
    """The tone as it was found in a recording."""

    hz: float
    level_dbfs: float  # of the sine's peak: 0 fills the range
    duration_s: float


@dataclass(frozen=True)
class Recording:
    """A recording's samples, from -1 to 1."""

    samples: npt.NDArray[np.float64]
    rate_hz: int

    @property
    def duration_s(self) -> float:
        """Seconds."""
        return len(self.samples) / self.rate_hz

    @property
    def level_dbfs(self) -> float:
        """Of the whole, as that of a sine with as much power; -inf where there is nothing but zeros."""
        return _level_dbfs(self.samples)


def read_wav(audio: bytes) -> Recording:
    """What a WAV file holds. Raises NotAudio."""
    try:
        with wave.open(io.BytesIO(audio)) as file:
            if (file.getnchannels(), file.getsampwidth()) != (1, 2):
                raise NotAudio(f"{file.getnchannels()} channels of {8 * file.getsampwidth()} bits")
            samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
            return Recording(samples / FULL_SCALE, file.getframerate())
    except (wave.Error, EOFError, ValueError) as error:
        raise NotAudio(f"{len(audio)} bytes are no WAV file: {error}") from error


def find_tone(recording: Recording, hz: float) -> RecordedTone | None:
    """The tone of about `hz` in a recording; None where it is in no window."""
    size = round(WINDOW_S * recording.rate_hz)
    starts = range(0, len(recording.samples) - size + 1, size)
    windows = [recording.samples[start : start + size] for start in starts]
    with_tone = [window for window in windows if _has_tone(window, hz, recording.rate_hz)]
    if not with_tone:
        return None
    return RecordedTone(
        hz=_strongest_hz(np.concatenate(with_tone), recording.rate_hz),
        level_dbfs=float(np.median([_level_dbfs(window) for window in with_tone])),
        duration_s=len(with_tone) * WINDOW_S,
    )


def _has_tone(window: npt.NDArray[np.float64], hz: float, rate_hz: int) -> bool:
    if _level_dbfs(window) < SILENT_DBFS:
        return False
    power = _power(window)
    line = round(hz * len(window) / rate_hz)
    # A Hann window spreads a tone over the two lines to each side of its own.
    return bool(power[max(0, line - 2) : line + 3].sum() >= TONE_SHARE_MIN * power.sum())


def _strongest_hz(samples: npt.NDArray[np.float64], rate_hz: int) -> float:
    return int(_power(samples).argmax()) * rate_hz / len(samples)


def _power(samples: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    spectrum: npt.NDArray[np.float64] = np.abs(np.fft.rfft(samples * np.hanning(len(samples)))) ** 2
    return spectrum


def _level_dbfs(samples: npt.NDArray[np.float64]) -> float:
    power = float(np.mean(samples**2)) if len(samples) else 0.0
    return 10 * float(np.log10(2 * power)) if power else -inf
