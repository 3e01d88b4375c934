"""What may be typed, and what is said when it was wrong: on standard error, with what would do."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from contextlib import suppress

from mediacore import MediaError, __version__
from mediacore.params import Address, address_of
from mediacore.tool import bench, echo, info, play, transcode

FAILED = 1


def main(words: Sequence[str] | None = None) -> int:
    """Runs one command, and returns the status of the process: 0, or 1 when it could not be done (2: mistyped)."""
    arguments = _parser().parse_args(words)
    try:
        status: int = arguments.run(arguments)
    except (MediaError, ValueError, OSError) as error:
        print(f"mediacore {arguments.command}: {error}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        with suppress(BrokenPipeError):
            print(file=sys.stderr)
        return FAILED
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m mediacore", description="RTP legs and audio on native threads, from a shell."
    )
    parser.add_argument("--version", action="version", version=f"mediacore {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    told = commands.add_parser("info", help="what this wheel and this machine give")
    told.set_defaults(run=info.run)

    echoed = commands.add_parser("echo", help="return what anybody sends, until Ctrl-C")
    echoed.add_argument("--address", default="127.0.0.1", help="where to take RTP (default: %(default)s)")
    echoed.add_argument("--port", type=int, help="an even port (default: a free one)")
    echoed.add_argument("--seconds", type=float, help="how long (default: until Ctrl-C)")
    echoed.set_defaults(run=echo.run)

    played = commands.add_parser("play", help="send a WAV or FLAC file as RTP")
    played.add_argument("file", help="WAV or FLAC")
    played.add_argument("--to", required=True, type=_destination, metavar="HOST:PORT", help="where RTP goes")
    played.add_argument("--address", default=None, help="where to send from (default: fits the destination)")
    played.set_defaults(run=play.run)

    transcoded = commands.add_parser(
        "transcode", help="write a file as a phone hears it: through a codec, RTP and the jitter buffer"
    )
    transcoded.add_argument("file", help="WAV or FLAC; it takes as long as it lasts")
    transcoded.add_argument("out", help="a WAV file, replaced if it exists")
    transcoded.set_defaults(run=transcode.run)

    measured = commands.add_parser("bench", help="what a relayed packet costs here")
    measured.add_argument("--calls", type=int, default=50, help="two legs each (default: %(default)s)")
    measured.add_argument("--seconds", type=float, default=5.0, help="how long is measured (default: %(default)s)")
    measured.set_defaults(run=bench.run)

    for command in (echoed, played, transcoded, measured):
        command.add_argument("--codec", default="PCMU/8000", help="of RTP, as SDP writes it (default: %(default)s)")
    for command in commands.choices.values():
        command.add_argument("--json", action="store_true", help="one JSON document instead of a table")
    return parser


def _destination(text: str) -> Address | None:
    try:
        return address_of(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
