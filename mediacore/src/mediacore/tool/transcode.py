"""`transcode`: a file as a phone hears it, through a codec, RTP on loopback and the jitter buffer, in its own time."""

from __future__ import annotations

import argparse
import wave

import numpy as np

from mediacore import SAMPLE_RATE_HZ, Engine, PlayFinished, RtpParams
from mediacore.sound import Samples, Tap
from mediacore.tool.table import show

# What is still in the jitter buffer when the last packet has left; its longest delay is 400 ms.
TAIL_S = 0.5
LOOK_EVERY_S = 0.5


def run(arguments: argparse.Namespace) -> int:
    """A status of 1 when the file could not be played to its end: what was heard until then is written."""
    with Engine(threads=1) as engine:
        heard, completed, lost = listen(engine, arguments.file, arguments.codec)
    with wave.open(arguments.out, "wb") as out:
        out.setparams((1, 2, SAMPLE_RATE_HZ, len(heard), "NONE", ""))
        out.writeframes(heard.astype("<i2").tobytes())
    facts: dict[str, object] = {
        "codec": arguments.codec,
        "seconds": len(heard) / SAMPLE_RATE_HZ,
        "packets lost": lost,
        "completed": completed,
        "written": arguments.out,
    }
    show(facts, as_json=arguments.json)
    return 0 if completed else 1


def listen(engine: Engine, path: str, codec: str) -> tuple[Samples, bool, int]:
    """What the far end hears, whether the file came to its end, and how many packets were lost."""
    params = RtpParams(codecs=[codec], rtcp_mux=True)
    with engine.leg(params) as speaker, engine.leg(params, near=speaker) as hearer:
        speaker.update(RtpParams(remote=hearer.local, codecs=[codec], rtcp_mux=True))
        hearer.update(RtpParams(remote=speaker.local, codecs=[codec], rtcp_mux=True))
        with hearer.tap("received", buffer_ms=10_000) as tap:
            player = engine.play(path, to=speaker)
            pieces: list[Samples] = []
            completed = wait_finished(engine, player.id, pieces, tap)
            pieces.append(tap.read_exactly(round(TAIL_S * SAMPLE_RATE_HZ), timeout_s=2 * TAIL_S))
            return np.concatenate(pieces), completed, hearer.stats().receive.lost


def wait_finished(engine: Engine, player: int, pieces: list[Samples], tap: Tap) -> bool:
    """Gathers what is heard until the file has ended; whether it came to its end."""
    while True:
        for event in engine.events(timeout_s=LOOK_EVERY_S):
            if isinstance(event, PlayFinished) and event.player == player:
                return event.completed
        pieces.append(tap.read())
