"""Which prompts were said in a recording, when, and how much of each: by numpy and sox, not by the code under test.

A prompt is cut into pieces, and each piece looked for by its waveform, which G.711 and a resampler keep. Pieces that
were found where they belong to each other make one time that the prompt was said. So a gap of a jitter buffer costs a
piece or two, and a prompt of other words, however alike, has too few.
"""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from math import inf

import numpy as np

from pbx.prompts import library
from tests.support.peers import require
from tests.support.tone_heard import RATE

PIECE_S = 0.25
SILENT_PEAK = 0.02  # of full scale: a piece that gets no louder is a pause between words
ALIKE = 0.8  # correlation of a piece with what was heard: the same sound gives 0.95 and more
APART_S = 0.1  # of pieces that belong together; a jitter buffer may leave out or repeat a frame or two
SHARE_MIN = 0.85  # "your message has been saved" has 0.71 of "your greeting has been saved"


@dataclass(frozen=True)
class Said:
    """One time that a prompt was said."""

    at_s: float  # where in the recording it began, or would have, had its first piece not been lost
    share: float  # of its pieces


def said(
    ear: np.ndarray, prompt: str, *, language: str = "en", first_s: float = inf, share_min: float = SHARE_MIN
) -> list[Said]:
    """Each time that `prompt` was said, or at least its `first_s` seconds."""
    pieces = _pieces(prompt_samples(prompt, language), first_s)
    listened = _Listened(ear, len(pieces[0][1]))
    begins = sorted((at - offset) / RATE for offset, piece in pieces for at in listened.places(piece))
    found = []
    while begins:
        together = [at_s for at_s in begins if at_s - begins[0] <= APART_S]
        del begins[: len(together)]
        found.append(Said(together[len(together) // 2], min(1.0, len(together) / len(pieces))))
    return [each for each in found if each.share >= share_min]


@cache
def prompt_samples(prompt: str, language: str = "en") -> np.ndarray:
    """Our own recording of a prompt, at the rate of a telephone."""
    path = library.Prompts().path(language, prompt)
    raw = ["-r", str(RATE), "-c", "1", "-e", "floating-point", "-b", "32", "-t", "raw", "-"]
    return np.frombuffer(
        subprocess.run([str(require("sox")), str(path), *raw], capture_output=True, check=True).stdout, "<f4"
    )


def _pieces(samples: np.ndarray, first_s: float) -> list[tuple[int, np.ndarray]]:
    """Those that are not silent, all of one length, each with its place in the prompt."""
    size = int(PIECE_S * RATE)
    end = int(min(len(samples), first_s * RATE))
    cut = [(start, samples[start : start + size]) for start in range(0, max(1, end - size + 1), size)]
    return [(start, piece) for start, piece in cut if np.abs(piece).max() > SILENT_PEAK]


class _Listened:
    """A recording, prepared for many pieces of `size` samples to be looked for."""

    def __init__(self, ear: np.ndarray, size: int) -> None:
        self._length = max(0, len(ear) - size + 1)
        self._fft_size = 1 << (len(ear) + size).bit_length()
        self._spectrum = np.fft.rfft(ear, self._fft_size)
        energies = np.cumsum(np.concatenate([[0.0], ear**2]))
        silence = size * SILENT_PEAK**2 / 10  # quieter than any piece: no noise is enlarged to look like one
        self._scale = np.sqrt(np.maximum(energies[size:] - energies[:-size], silence)) if self._length else energies

    def places(self, piece: np.ndarray) -> Iterator[int]:
        """Where it sounds like `piece`: the peaks of the normalised correlation."""
        if not self._length:
            return
        spectrum = self._spectrum * np.conj(np.fft.rfft(piece, self._fft_size))
        alike = np.fft.irfft(spectrum, self._fft_size)[: self._length] / self._scale / np.linalg.norm(piece)
        while alike[at := int(alike.argmax())] >= ALIKE:
            yield at
            alike[max(0, at - len(piece)) : at + len(piece)] = -1.0
