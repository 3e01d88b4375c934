"""What is left of a minute of speech behind bad paths: our play-out buffer, and Asterisk's adaptive one.

Ours runs in simulated time (`mediacore-sim`, its example `playout`): the engine's core, from packets to packets.
Asterisk has the same arrivals in real time, all paths at once. For each path and subject: the delay from a packet's
being full to its sound's coming out (median), the part of the time in which something was made up, silent or left out,
and the score of the speech. docs/jitter.md has the table.

`python -m bench.media.jitter [--traces NAME …] [--seconds S] [--out FOLDER]` prints the tables alone; FOLDER gets the
figures as JSON, the pictures, and what was heard as WAV.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import tempfile
import wave
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.media.heard_speech import (
    PACKET,
    PACKET_S,
    PCMU,
    RATE,
    Datagram,
    Samples,
    as_sent,
    captured,
    delays_ms,
    heard,
    scores,
    speech,
    to_mulaw,
)
from bench.media.jitter_asterisk import Sending, send_through
from bench.media.jitter_plot import plot_delays, plot_trades
from bench.row import Missing, Row, show_all

TRACES = (
    *("perfect", "jitter-10", "jitter-30", "jitter-60", "loss-1", "loss-5", "loss-20", "wifi", "reordering"),
    *("drift-fast-200", "drift-slow-200", "drift-fast-500", "drift-slow-500", "route-up", "route-down", "dtx"),
)
WORKS = ("jitter-perfect", "jitter-jitter-30", "jitter-loss-5", "jitter-wifi", "jitter-route-up", "jitter-dtx")
DRIFTS_PPM = {"drift-fast-200": 200, "drift-slow-200": -200, "drift-fast-500": 500, "drift-slow-500": -500}
COMMAND = "python -m bench.media.jitter --traces {trace}"
ROOT = Path(__file__).parents[2]
PROMPTS = ROOT / "pbx" / "prompts" / "en"
PLAYOUT = ("cargo", "run", "--quiet", "--release", "-p", "mediacore-sim", "--example", "playout", "--")
SECONDS = 60.0
SEED = "1"
CALLEE_PORT = 4000  # of every phone in a scene
ENGINE_PORT = 20_000  # of a scene's first leg
CUSHION_S = 0.06  # of the listener behind Asterisk, whose packets come in real time


@dataclass(frozen=True, slots=True)
class Outcome:
    """One subject behind one path."""

    trace: str
    subject: str
    delay_ms: float
    """From a packet's being full to its sound, median over windows of speech."""
    delays: list[tuple[float, float]]
    """Moment in seconds, and delay in ms."""
    missing_percent: float
    """Made up, silent or left out, of all that was sent."""
    stretched_percent: float
    """Taken out or put in, of all that was sent."""
    scores: dict[str, float]


@dataclass(frozen=True, slots=True)
class Passed:
    """What the simulation left of one path."""

    outcome: Outcome
    arrivals: list[Datagram]
    begins_at_s: float
    line: Samples


def ours(trace: str, said: Samples, folder: Path) -> Passed:
    """The engine's core behind the simulated path."""
    spoken, capture = folder / "speech.ulaw", folder / f"{trace}.pcap"
    spoken.write_bytes(to_mulaw(said))
    command = [*PLAYOUT, spoken, trace, SEED, capture]
    told = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=True, cwd=ROOT)
    figures = json.loads(told.stdout)
    packets = list(captured(capture))
    begins_at_s = figures["begins_at_s"]
    came_out = [packet for packet in packets if packet.port == CALLEE_PORT and packet.payload_type != PCMU]
    line = heard(came_out, begins_at_s, len(said) / RATE, cushion_s=0.0)
    delays = delays_ms(said, line, drift_ppm=DRIFTS_PPM.get(trace, 0))
    sent_ms = figures["sent"] * PACKET_S * 1000
    stretched_ms = figures["shortened_ms"] + figures["lengthened_ms"]
    delay_ms = statistics.median(delay for _, delay in delays)
    outcome = Outcome(
        trace,
        "mediacore",
        delay_ms,
        delays,
        figures["concealed_ms"] / sent_ms * 100,
        stretched_ms / sent_ms * 100,
        scores(as_sent(said), line, delay_ms),
    )
    arrivals = [packet for packet in packets if packet.port == ENGINE_PORT]
    return Passed(outcome, arrivals, begins_at_s, line)


def asterisks(passed: Sequence[Passed], said: Samples, folder: Path) -> Iterator[tuple[Outcome, Samples]]:
    """Asterisk behind the same arrivals."""
    sendings = [Sending(one.arrivals, one.begins_at_s, is_numbered) for one in passed for is_numbered in (False, True)]
    send_through(sendings, folder)
    for one, (spoken, numbered) in zip(passed, zip(sendings[::2], sendings[1::2], strict=True), strict=True):
        trace = one.outcome.trace
        line = heard(spoken.came_out, 0.0, len(said) / RATE, cushion_s=CUSHION_S)
        drift_ppm = DRIFTS_PPM.get(trace, 0)
        played = numbered.played()
        drift = 1 - drift_ppm * 1e-6
        delays = sorted((at_s, (at_s - stamp / RATE * drift) * 1000) for stamp, at_s in played.items())
        delay_ms = statistics.median(delay for _, delay in delays)
        sent = sum(1 for _ in speech_packets(one))
        yield (
            Outcome(
                trace,
                "asterisk",
                delay_ms,
                delays[:: round(1 / PACKET_S)],
                (1 - len(played) / sent) * 100,
                0.0,
                scores(as_sent(said), line, delay_ms),
            ),
            line,
        )


def speech_packets(passed: Passed) -> Iterator[int]:
    """What was sent with sound, lost ones too: between two that follow each other in number none is missing."""
    last: Datagram | None = None
    for packet in sorted(passed.arrivals, key=lambda packet: packet.sequence):
        lost = 0 if last is None else packet.sequence - last.sequence - 1
        yield from range(lost)
        if len(packet.payload) == PACKET:
            yield packet.timestamp
        last = packet


def measure(traces: Sequence[str], seconds: float, folder: Path) -> tuple[list[Outcome], list[Missing]]:
    """Every path, ours first."""
    said = speech(PROMPTS, seconds)
    passed = [ours(trace, said, folder) for trace in traces]
    keep(folder, "said", said)
    for one in passed:
        keep(folder, f"{one.outcome.trace}-mediacore", one.line)
    found, missing = [one.outcome for one in passed], []
    try:
        for outcome, line in asterisks(passed, said, folder):
            keep(folder, f"{outcome.trace}-asterisk", line)
            found.append(outcome)
    except Missing as gap:
        missing.append(gap)
    return sorted(found, key=lambda outcome: traces.index(outcome.trace)), missing


def keep(folder: Path, name: str, line: Samples) -> None:
    """Writes it for whoever wants to hear it."""
    with wave.open(str(folder / f"{name}.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(line.tobytes())


def rows(outcomes: Sequence[Outcome]) -> Iterator[Row]:
    """The tables."""
    for outcome in outcomes:
        figures = {
            "ms delay": outcome.delay_ms,
            "% missing": outcome.missing_percent,
            "% stretched": outcome.stretched_percent,
        } | {f"{name} MOS": score for name, score in outcome.scores.items()}
        for unit, figure in figures.items():
            yield Row.of(
                [figure],
                work=f"jitter-{outcome.trace}",
                subject=outcome.subject,
                unit=unit,
                command=COMMAND.format(trace=outcome.trace),
            )


def run() -> list[Row | Missing]:
    """For `python -m bench`."""
    with tempfile.TemporaryDirectory(prefix="bench-jitter-") as name:
        outcomes, missing = measure(TRACES, SECONDS, Path(name))
    return [*rows(outcomes), *missing]


def main() -> None:
    """The tables alone, and on request what they were made of."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--traces", nargs="+", choices=TRACES, default=TRACES, metavar="NAME")
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-jitter-") as name:
        folder = arguments.out or Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        outcomes, missing = measure(arguments.traces, arguments.seconds, folder)
        (folder / "jitter.json").write_text(json.dumps([asdict(outcome) for outcome in outcomes]), encoding="utf-8")
        (folder / "jitter-trades.svg").write_text(plot_trades(outcomes), encoding="utf-8")
        (folder / "jitter-delays.svg").write_text(plot_delays(outcomes), encoding="utf-8")
    show_all([*rows(outcomes), *missing])


if __name__ == "__main__":
    main()
