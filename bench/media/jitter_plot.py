"""The pictures of docs/jitter.md, as SVG that reads on light and dark pages: what each subject pays in delay for what
is missing, and how delay goes over time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol
from xml.sax.saxutils import escape

COLOURS = {"mediacore": "#2f81f7", "asterisk": "#e0823d"}
GREY = "#848d97"
FONT = f'font-family="system-ui, sans-serif" font-size="11" fill="{GREY}"'


class Measured(Protocol):
    """What is drawn of an outcome."""

    @property
    def trace(self) -> str: ...
    @property
    def subject(self) -> str: ...
    @property
    def delay_ms(self) -> float: ...
    @property
    def delays(self) -> list[tuple[float, float]]: ...
    @property
    def missing_percent(self) -> float: ...
    @property
    def scores(self) -> dict[str, float]: ...


BAR, GAP, NAME, WIDE = 9, 12, 110, 190


def plot_trades(outcomes: Sequence[Measured]) -> str:
    """Three columns of bars: delay, missing, PESQ."""
    columns: tuple[tuple[str, Callable[[Measured], float]], ...] = (
        ("delay, ms", lambda outcome: outcome.delay_ms),
        ("made up, silent or left out, %", lambda outcome: outcome.missing_percent),
        ("PESQ (MOS)", lambda outcome: outcome.scores.get("PESQ", 0.0)),
    )
    traces = list(dict.fromkeys(outcome.trace for outcome in outcomes))
    height = 50 + len(traces) * (2 * BAR + GAP)
    parts = [*legend()]
    for number, (title, figure) in enumerate(columns):
        left = NAME + number * (WIDE + 60)
        most = max(figure(outcome) for outcome in outcomes) or 1
        parts.append(text(left, 38, title))
        for outcome in outcomes:
            row = traces.index(outcome.trace)
            top = 46 + row * (2 * BAR + GAP) + (BAR if outcome.subject != "mediacore" else 0)
            long = figure(outcome) / most * WIDE
            parts.append(f'<rect x="{left}" y="{top}" width="{long:.1f}" height="{BAR - 1}" fill="{colour(outcome)}"/>')
            parts.append(text(left + long + 4, top + BAR - 1, f"{figure(outcome):.3g}"))
    parts += [text(4, 46 + row * (2 * BAR + GAP) + BAR + 3, trace) for row, trace in enumerate(traces)]
    return svg(NAME + 3 * (WIDE + 60), height, parts)


PANE_WIDE, PANE_HIGH, COLUMNS = 230, 110, 4


def plot_delays(outcomes: Sequence[Measured]) -> str:
    """A pane for each trace: delay over time."""
    traces = list(dict.fromkeys(outcome.trace for outcome in outcomes))
    lasts_s = max(at_s for outcome in outcomes for at_s, _ in outcome.delays)
    parts = [*legend()]
    for number, trace in enumerate(traces):
        left = 40 + number % COLUMNS * (PANE_WIDE + 34)
        bottom = 40 + (number // COLUMNS + 1) * (PANE_HIGH + 30) - 10
        shown = [outcome for outcome in outcomes if outcome.trace == trace]
        most = max(50.0, *(delay for outcome in shown for _, delay in outcome.delays)) * 1.05
        parts.append(text(left, bottom - PANE_HIGH - 4, trace))
        parts.append(f'<path d="M{left} {bottom - PANE_HIGH}V{bottom}h{PANE_WIDE}" stroke="{GREY}" fill="none"/>')
        parts += [
            text(left - 4, bottom - PANE_HIGH + 9, f"{most:.0f} ms", anchor="end"),
            text(left - 4, bottom, "0", anchor="end"),
        ]
        for outcome in shown:
            points = " ".join(
                f"{left + at_s / lasts_s * PANE_WIDE:.1f},{bottom - max(0.0, delay) / most * PANE_HIGH:.1f}"
                for at_s, delay in outcome.delays
            )
            parts.append(f'<polyline points="{points}" fill="none" stroke="{colour(outcome)}" stroke-width="1.5"/>')
    lines = -(-len(traces) // COLUMNS)
    return svg(40 + COLUMNS * (PANE_WIDE + 34), 50 + lines * (PANE_HIGH + 30), parts)


def legend() -> Iterator[str]:
    """Who has which colour."""
    for number, (subject, shade) in enumerate(COLOURS.items()):
        yield f'<rect x="{10 + 100 * number}" y="8" width="10" height="10" fill="{shade}"/>'
        yield text(24 + 100 * number, 17, subject)


def colour(outcome: Measured) -> str:
    """Of whoever it was."""
    return COLOURS[outcome.subject]


def text(x: float, y: float, words: str, *, anchor: str = "start") -> str:
    """Words at a place."""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" {FONT}>{escape(words)}</text>'


def svg(width: int, height: int, parts: Sequence[str]) -> str:
    """The whole picture."""
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}">'
    return "\n".join([head, *parts, "</svg>", ""])
