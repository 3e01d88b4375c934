"""`info`: what this wheel and this machine give."""

from __future__ import annotations

import argparse
import os
import platform
import resource

from mediacore import Engine, __version__, sdp
from mediacore.engine import DEFAULT_PORTS
from mediacore.tool.table import show

DESCRIPTORS_KEPT = 64  # for the program itself, the engine's threads and files


def run(arguments: argparse.Namespace) -> int:
    """Opens an engine for a moment: what cannot be opened is better known now."""
    with Engine() as engine:
        stats = engine.stats()
    descriptors, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    room = max(0, descriptors - DESCRIPTORS_KEPT)
    facts: dict[str, object] = {
        "version": __version__,
        "python": platform.python_version(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, {platform.system()} {platform.release()}",
        "media threads": stats.threads,
        "codecs": [codec.text for codec in sdp.CODECS],
        "srtp suites": list(sdp.DEFAULT_SUITES),
        "ports": f"{DEFAULT_PORTS.start}-{DEFAULT_PORTS.stop - 1}, {stats.port_pairs} pairs",
        "descriptors": f"{descriptors}: {room // 2} legs, {room} with RTCP on the same port (more: ulimit -n)",
    }
    show(facts, as_json=arguments.json)
    return 0
