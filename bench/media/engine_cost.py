"""What a packet costs the engine: processor time of its media thread, between calls of phones in another process.

One call is 100 packets a second, one member of a conference 50. `python -m bench.media.engine_cost` prints the table.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from bench.row import Row, show
from mediacore import Engine, Leg, RtpParams

COMMAND = "python -m bench.media.engine_cost"
CALLS = (20, 100, 400)
MEMBERS = (50, 200)
FEW_TALKERS = 3
TALK_DBFS = -20.0
RUNS = 3
SETTLE_S, MEASURE_S = 1.0, 2.0
PHONE_PORTS, ENGINE_PORTS = range(30_000, 32_000), range(28_000, 30_000)

Address = tuple[str, int]
Phone = tuple[list[str], float | None]  # its codecs, and the tone that it speaks


@contextmanager
def phones(wanted: Sequence[Phone]) -> Iterator[tuple[list[Address], Callable[[list[Address]], None]]]:
    """Phones in a process of their own: where they are, and how to tell them where to send."""
    command = [sys.executable, "-m", "bench.media.engine_cost", "phones"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        stdin = process.stdin
        print(json.dumps(wanted), file=stdin, flush=True)
        addresses = [(host, port) for host, port in json.loads(process.stdout.readline())]
        yield addresses, lambda remotes: print(json.dumps(remotes), file=stdin, flush=True)
        process.kill()


def be_phones() -> None:
    """The other process: each phone sends its tone, or silence, 50 packets a second."""
    with Engine(ports=PHONE_PORTS, threads=1) as engine:
        wanted = json.loads(sys.stdin.readline())
        legs = [engine.leg(RtpParams(codecs=codecs, rtcp_mux=True)) for codecs, _ in wanted]
        for leg, (_, hz) in zip(legs, wanted, strict=True):
            if hz is not None:
                leg.play_tone(hz, level_dbfs=TALK_DBFS)
        print(json.dumps([leg.local for leg in legs]), flush=True)
        for leg, (host, port) in zip(legs, json.loads(sys.stdin.readline()), strict=True):
            leg.update(RtpParams(remote=(host, port), codecs=leg.params.codecs, rtcp_mux=True))
        sys.stdin.readline()


def packet_cost_us(wanted: Sequence[Phone], join: Callable[[Engine, list[Leg]], None]) -> float:
    """Processor time of the engine's one media thread for each packet that it took."""
    with phones(wanted) as (addresses, connect), Engine(ports=ENGINE_PORTS, threads=1) as engine:
        legs = [
            engine.leg(RtpParams(remote=address, codecs=codecs, rtcp_mux=True))
            for address, (codecs, _) in zip(addresses, wanted, strict=True)
        ]
        join(engine, legs)
        connect([leg.local for leg in legs])
        time.sleep(SETTLE_S)
        busy_s, packets = engine.stats().busy_s, received(engine, legs)
        time.sleep(MEASURE_S)
        return (engine.stats().busy_s - busy_s) / (received(engine, legs) - packets) * 1e6


def received(engine: Engine, legs: list[Leg]) -> int:
    """Packets that all legs have taken."""
    table = engine.leg_stats()
    return sum(table[leg.id].receive.packets for leg in legs)


def call_in_pairs(engine: Engine, legs: list[Leg]) -> None:
    """Each with the next one."""
    for a, b in zip(legs[::2], legs[1::2], strict=True):
        engine.bridge(a, b)


def confer(engine: Engine, legs: list[Leg]) -> None:
    """All in one room."""
    room = engine.conference(max_members=len(legs))
    for leg in legs:
        room.add(leg)


def members(count: int, talkers: int) -> list[Phone]:
    """Phones for a room, of which the first ones talk; each its own tone, so that no two mixes are alike."""
    return [(pcmu(index), 300.0 + 10 * index if index < talkers else None) for index in range(count)]


def pcmu(_: int) -> list[str]:
    """Everybody speaks the same: nothing has to be decoded."""
    return ["PCMU/8000"]


def pcmu_or_pcma(index: int) -> list[str]:
    """The two ends of a call differ."""
    return ["PCMA/8000"] if index % 2 else ["PCMU/8000"]


def commands_us(rounds: int = 500) -> float:
    """From asking for something to its being in force."""
    with Engine(ports=ENGINE_PORTS, threads=1) as engine, engine.leg() as leg:
        started_at = time.perf_counter()
        for _ in range(rounds):
            leg.update(leg.params)
        return (time.perf_counter() - started_at) / rounds * 1e6


def stats_ms(legs: int = 900) -> float:
    """One snapshot of all legs, scaled to 5,000."""
    with Engine(ports=ENGINE_PORTS, threads=1) as engine:
        for _ in range(legs):
            engine.leg(RtpParams(rtcp_mux=True))
        started_at = time.perf_counter()
        engine.leg_stats()
        return (time.perf_counter() - started_at) * 1e3 * 5000 / legs


def run() -> list[Row]:
    """The rows of this module."""
    rows = []
    for work, codecs in (("relay G.711", pcmu), ("PCMU to PCMA", pcmu_or_pcma)):
        for calls in CALLS:
            silent: list[Phone] = [(codecs(index), None) for index in range(2 * calls)]
            samples = [packet_cost_us(silent, call_in_pairs) for _ in range(RUNS)]
            rows.append(row(samples, f"{work}, {calls} calls", "µs CPU/packet"))
    for count in MEMBERS:
        for talkers in (count, FEW_TALKERS):
            samples = [packet_cost_us(members(count, talkers), confer) for _ in range(RUNS)]
            rows.append(row(samples, f"conference G.711, {count} members, {talkers} talk", "µs CPU/member and 20 ms"))
    rows.append(row([commands_us() for _ in range(RUNS)], "one command, answered", "µs"))
    rows.append(row([stats_ms() for _ in range(RUNS)], "figures of 5,000 legs in one call", "ms"))
    return rows


def row(samples: list[float], work: str, unit: str) -> Row:
    """Ours, in the words of the table."""
    return Row.of(samples, work=work, subject="mediacore", unit=unit, command=COMMAND)


if __name__ == "__main__":
    if "phones" in sys.argv:
        be_phones()
    else:
        show(run())
