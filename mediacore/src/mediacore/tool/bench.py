"""`bench`: what a relayed packet costs this machine, between phones in another process, on loopback.

Not for comparing products: for that the repository has `make bench`, with a generator that does nothing else.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from mediacore import Engine, RtpParams
from mediacore.params import Address
from mediacore.tool.table import show

SETTLE_S = 1.0
ENDS_IN_S = 10.0


def run(arguments: argparse.Namespace) -> int:
    """A status of 1 when the figures say less than they seem to: packets were lost, or the phones were late."""
    if arguments.calls < 1 or arguments.seconds <= 0:
        raise ValueError("--calls and --seconds have to be above 0")
    facts, is_sound = measure(arguments.calls, arguments.seconds, arguments.codec)
    show(facts, as_json=arguments.json)
    return 0 if is_sound else 1


def measure(calls: int, seconds: float, codec: str) -> tuple[dict[str, object], bool]:
    """The facts, and whether neither side was at its limit."""
    with Engine(threads=1) as engine, phones([codec] * (2 * calls)) as group:
        legs = [engine.leg(RtpParams(remote=address, codecs=[codec], rtcp_mux=True)) for address in group.addresses]
        for a, b in zip(legs[::2], legs[1::2], strict=True):
            engine.bridge(a, b)
        group.send_to([leg.local for leg in legs])
        time.sleep(SETTLE_S)
        begin = engine.stats(), relayed(engine)
        time.sleep(seconds)
        end = engine.stats(), relayed(engine)
        there = group.finish()
    packets = end[1] - begin[1]
    late_ticks = end[0].late_ticks - begin[0].late_ticks
    facts: dict[str, object] = {
        "calls": calls,
        "codec": codec,
        "packets": packets,
        "us cpu per packet": (end[0].busy_s - begin[0].busy_s) / packets * 1e6 if packets else None,
        "wakes per second": (end[0].wakes - begin[0].wakes) / seconds,
        "lost ratio": there["lost"] / max(1, there["packets"] + there["lost"]),
        "worst jitter ms": there["jitter_ms"],
        "late ticks": late_ticks,
        "late ticks of phones": there["late_ticks"],
        "limit": limit(packets, there, late_ticks),
    }
    return facts, packets > 0 and not there["lost"] and not there["late_ticks"] and not late_ticks


def limit(packets: int, there: dict[str, Any], late_ticks: int) -> str:
    """Who was at the limit, in words."""
    if not packets:
        return "nothing came: is loopback filtered?"
    if there["late_ticks"]:
        return "the phones: they were late themselves, so loss and jitter are theirs; try fewer calls"
    if late_ticks or there["lost"]:
        return "the relay, or the machine: try fewer calls"
    return "none was reached"


def relayed(engine: Engine) -> int:
    """Packets that all legs have handed on."""
    return int(engine.leg_stats().array["forwarded_packets"].sum())


@dataclass(frozen=True)
class Phones:
    """Phones in another process."""

    addresses: list[Address]
    process: subprocess.Popen[str]

    def send_to(self, addresses: Sequence[Address]) -> None:
        """Each to its own; they begin at once."""
        assert self.process.stdin is not None  # it was asked for
        print(json.dumps(addresses), file=self.process.stdin, flush=True)

    def finish(self) -> dict[str, Any]:
        """They end, and say what they counted."""
        counted, _ = self.process.communicate(timeout=ENDS_IN_S)
        facts: dict[str, Any] = json.loads(counted)
        return facts


@contextmanager
def phones(codecs: Sequence[str]) -> Iterator[Phones]:
    """So many phones, each with its codec; gone when this is left, however it is."""
    command = [sys.executable, "-m", "mediacore.tool.phones"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None  # both were asked for
        assert process.stdout is not None
        try:
            print(json.dumps(codecs), file=process.stdin, flush=True)
            if not (line := process.stdout.readline()):
                raise OSError("the phones' process ended at once; what it said is above")
            yield Phones([(host, port) for host, port in json.loads(line)], process)
        finally:
            process.kill()
