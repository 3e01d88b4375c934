"""Who holds a conference: ourselves and Asterisk; and the floor, which only passes on what it gets."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bench.media.asterisk_conference import asterisk_conference
from bench.media.generator import Address
from bench.media.processes import cores, running
from bench.media.subjects import LIMIT, PEERS, ROOT, Relaying, Start, ask, floor, require_peers


@contextmanager
def ours(phones: Sequence[Address], folder: Path) -> Iterator[Relaying]:
    """A process with a mediacore Engine, one room in it, and nothing else."""
    command = [sys.executable, "-m", "bench.media.our_conference", str(len(cores()[0]))]
    with running(command, folder / "ours.log", cwd=ROOT) as process:
        yield Relaying(process.pid, ask(process, json.dumps(phones)))


@contextmanager
def asterisk(phones: Sequence[Address], folder: Path) -> Iterator[Relaying]:
    """ConfBridge, called by every phone."""
    require_peers()
    with asterisk_conference(phones, [*LIMIT, PEERS, "exec"], folder) as (leader, targets):
        yield Relaying(leader, targets)


ROOMS: dict[str, Start] = {"ours": ours, "asterisk": asterisk, "floor": floor}
