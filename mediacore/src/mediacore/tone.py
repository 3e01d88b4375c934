"""Tones in time: what a telephone network says without words. Written as text, or taken from a country's plan."""

from __future__ import annotations

from dataclasses import dataclass
from math import log10
from typing import Self

LEVEL_DBFS = -13.0
"""Of a whole tone, the middle of what ITU-T E.180 allows: -10 dBm0, where 0 dBm0 is 3.1 dB below full scale."""

NativeStep = tuple[list[tuple[float, float]], int | None]


@dataclass(frozen=True, slots=True)
class ToneStep:
    """Sines that sound together, of `level_dbfs` each; none of them: silence. `duration_ms` None: for ever."""

    frequencies_hz: tuple[float, ...]
    duration_ms: int | None
    levels_db: tuple[float, ...] = ()
    """Of each beside the others; empty: all alike."""


@dataclass(frozen=True, slots=True)
class Tone:
    """Steps one after the other; those from `repeat_from` on over and over, None: all once."""

    steps: tuple[ToneStep, ...]
    repeat_from: int | None = 0

    @classmethod
    def parse(cls, text: str) -> Self:
        """Steps between blanks: `425/500 -/500` is 425 Hz for 500 ms, silence for 500 ms, and again.

        `350+440` sounds together, `400*25` is 400 Hz modulated by 25 Hz, a step without `/` lasts for ever. What stands
        before `|` comes once; a `.` at the end: nothing is repeated. Raises ValueError.
        """
        once, _, again = text.rpartition("|")
        is_repeated = not again.rstrip().endswith(".")
        first = [_step(part) for part in once.split()]
        steps = first + [_step(part) for part in again.rstrip().removesuffix(".").split()]
        if not steps:
            raise ValueError(f"no tone: {text!r}; '425/500 -/500' would be one")
        is_endless = steps[-1].duration_ms is None
        return cls(tuple(steps), len(first) if is_repeated and not is_endless else None)

    def native(self, level_dbfs: float) -> list[NativeStep]:
        """For the native module."""
        return [(_partials(step, level_dbfs), step.duration_ms) for step in self.steps]


def _step(text: str) -> ToneStep:
    tones, slash, duration = text.partition("/")
    try:
        duration_ms = int(duration) if slash else None
        if tones == "-":
            return ToneStep((), duration_ms)
        if "*" in tones:
            carrier, by = map(float, tones.split("*"))
            # Fully modulated: each sideband has half of the carrier's amplitude.
            return ToneStep((carrier, carrier - by, carrier + by), duration_ms, (0.0, -6.02, -6.02))
        return ToneStep(tuple(map(float, tones.split("+"))), duration_ms)
    except ValueError:
        raise ValueError(f"no step of a tone: {text!r}; '350+440/500' would be one") from None


def _partials(step: ToneStep, level_dbfs: float) -> list[tuple[float, float]]:
    levels_db = step.levels_db or (0.0,) * len(step.frequencies_hz)
    # Together they are as loud as was wished.
    together_db = 10 * log10(sum(10 ** (level / 10) for level in levels_db)) if levels_db else 0.0
    levels = (level_dbfs + level - together_db for level in levels_db)
    return list(zip(step.frequencies_hz, levels, strict=True))
