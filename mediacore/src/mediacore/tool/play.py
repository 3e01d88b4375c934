"""`play`: sends a file as RTP, in its own time."""

from __future__ import annotations

import argparse

from mediacore import Engine, PlayFinished, RtpParams
from mediacore.tool.table import show


def run(arguments: argparse.Namespace) -> int:
    """Ends with the file; a status of 1 when it could not be played to its end."""
    host, _ = arguments.to
    anywhere = "::" if ":" in host else "0.0.0.0"
    params = RtpParams(remote=arguments.to, codecs=[arguments.codec], rtcp_mux=True, media_timeout_s=None)
    with Engine(address=arguments.address or anywhere, threads=1) as engine, engine.leg(params) as leg:
        player = engine.play(arguments.file, to=leg)
        completed = False
        for event in engine.events():
            if isinstance(event, PlayFinished) and event.player == player.id:
                completed = event.completed
                break
        stats = leg.stats()
    show(
        {
            "packets": stats.send.packets,
            "errors": stats.send.errors,
            "lost there": stats.send.lost,
            "completed": completed,
        },
        as_json=arguments.json,
    )
    return 0 if completed and not stats.send.errors else 1
