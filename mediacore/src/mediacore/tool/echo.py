"""`echo`: returns what anybody sends."""

from __future__ import annotations

import argparse
import sys
from contextlib import suppress
from time import monotonic

from mediacore import Engine, Latched, RtpParams
from mediacore.tool.table import show

LOOK_EVERY_S = 0.5


def run(arguments: argparse.Namespace) -> int:
    """Takes the first one who sends, whoever it is; tells at its end what came."""
    ends_at = float("inf") if arguments.seconds is None else monotonic() + arguments.seconds
    params = RtpParams(codecs=[arguments.codec], accept_any_source=True, rtcp_mux=True, media_timeout_s=None)
    with Engine(address=arguments.address, threads=1) as engine, engine.leg(params, port=arguments.port) as leg:
        engine.echo(leg)
        host, port = leg.local
        shown = f"[{host}]" if ":" in host else host
        tell(f"echo of {arguments.codec} at {shown}:{port}; try: python -m mediacore play FILE --to {shown}:{port}")
        with suppress(KeyboardInterrupt):  # the way in which it is ended
            while (left_s := ends_at - monotonic()) > 0:
                for event in engine.events(timeout_s=min(LOOK_EVERY_S, left_s)):
                    if isinstance(event, Latched):
                        tell(f"somebody speaks at {event.remote[0]}:{event.remote[1]}")
        stats = leg.stats()
    show(
        {
            "packets in": stats.receive.packets,
            "packets out": stats.send.packets,
            "lost": stats.receive.lost,
            "jitter ms": stats.receive.jitter_ms,
            "refused": stats.receive.rejected.port + stats.receive.rejected.payload_type,
        },
        as_json=arguments.json,
    )
    return 0


def tell(words: str) -> None:
    """What is going on: apart from the result."""
    print(words, file=sys.stderr, flush=True)
