"""Who relays: ourselves, the floor, and the peers. Each is started for one measurement, its calls already set up."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from bench.media.asterisk import asterisk_calls
from bench.media.generator import FIRST_PORT, Address, binary
from bench.media.processes import cores, member, running
from bench.media.rtpengine import rtpengine_calls, rtpengine_options
from bench.row import Missing

ROOT = Path(__file__).parents[2]
PEERS = ROOT / "bench" / "peers" / "peers.sh"
LIFE_S = 300  # the floor and the peers are over then, even if nobody is left to end them
LIMIT = ("timeout", str(LIFE_S))


@dataclass(frozen=True, slots=True)
class Relaying:
    """A relay with its calls up."""

    pid: int  # whose processor time counts
    targets: Sequence[Address]  # where each phone sends to


Start = Callable[[Sequence[Address], Path], AbstractContextManager[Relaying]]
"""Of the phones' addresses (two in turn are a call) and a folder for files and logs."""


@contextmanager
def ours(phones: Sequence[Address], folder: Path) -> Iterator[Relaying]:
    """A process with a mediacore Engine and nothing else."""
    command = [sys.executable, "-m", "bench.media.our_relay", str(len(cores()[0]))]
    with running(command, folder / "ours.log", cwd=ROOT) as process:
        yield Relaying(process.pid, ask(process, json.dumps(phones)))


@contextmanager
def floor(phones: Sequence[Address], folder: Path) -> Iterator[Relaying]:
    """The relay that does nothing else."""
    command: list[str | Path] = [binary(), "relay", "--calls", str(len(phones) // 2)]
    command += ["--phones-from", str(FIRST_PORT), "--seconds", str(LIFE_S)]
    with running(command, folder / "floor.log") as process:
        assert process.stdout is not None
        ports = json.loads(process.stdout.readline())["ports"]
        yield Relaying(process.pid, [("127.0.0.1", port) for port in ports])


@contextmanager
def rtpengine(phones: Sequence[Address], folder: Path) -> Iterator[Relaying]:
    """rtpengine forwarding in user space: no kernel module is asked for."""
    require_peers()
    command: list[str | Path] = [*LIMIT, PEERS, "exec", "rtpengine", *rtpengine_options(threads=len(cores()[0]))]
    with running(command, folder / "rtpengine.log") as process:
        pid = member(process.pid, "rtpengine")
        yield Relaying(pid, rtpengine_calls(phones))


@contextmanager
def asterisk(phones: Sequence[Address], folder: Path) -> Iterator[Relaying]:
    """Asterisk between two SIP phones for each call, its media path its own choice (bridge_native_rtp)."""
    require_peers()
    with asterisk_calls(phones, [*LIMIT, PEERS, "exec"], folder) as (pid, targets):
        yield Relaying(pid, targets)


SUBJECTS: dict[str, Start] = {"ours": ours, "floor": floor, "rtpengine": rtpengine, "asterisk": asterisk}


def require_peers() -> None:
    """Raises Missing where `make peers` has not been."""
    if not peer_versions():
        raise Missing("the peers' root folder", "make peers (root)")


@cache
def peer_versions() -> dict[str, str]:
    """Name to version; empty where there are no peers."""
    told = subprocess.run([PEERS, "versions"], capture_output=True, text=True)
    lines = told.stdout.splitlines() if told.returncode == 0 else []
    return dict(line.split(maxsplit=1) for line in lines)


def ask(process: subprocess.Popen[str], line: str) -> list[Address]:
    """Tells a process the phones, and reads where they are to send."""
    assert process.stdin is not None
    assert process.stdout is not None
    print(line, file=process.stdin, flush=True)
    return [(host, port) for host, port in json.loads(process.stdout.readline())]
