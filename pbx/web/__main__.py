"""`python -m pbx.web`: the web process of a data folder. `pbx serve` starts it, and starts it anew when it ends."""

import argparse
import json
import signal
import sys
from pathlib import Path

import anyio

from pbx.config.load import load
from pbx.config.mistake import ConfigMistakes
from pbx.config.server import is_loopback
from pbx.observe.logs import set_up_logs

FAILED = 1
MISUSED = 2


def main() -> int:
    """Returns the exit code."""
    options = _options()
    if options.openapi:
        from pbx.web.app import build_api

        sys.stdout.write(json.dumps(build_api().openapi(), indent=2) + "\n")
        return 0
    try:
        config = load(options.data)
    except ConfigMistakes as mistakes:
        print(f"the portal cannot start: {mistakes}", file=sys.stderr)
        return FAILED
    settings = config.server.web
    host, _, port = (options.web or f"{settings.host}:{settings.port}").rpartition(":")
    host = host.strip("[]")
    if not is_loopback(host) and not settings.allow_plain_http:
        print(f"{host} is not this machine alone: set allow_plain_http under [web] to allow it", file=sys.stderr)
        return MISUSED
    set_up_logs(level=options.log_level or config.server.log.level, format=config.server.log.format)
    # uvicorn stops in good order at these signals, and then raises them once more for whoever handled them before.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    from pbx.web.server import listen, serve  # after the checks: what it imports takes most of the start

    try:
        listener = listen(host, int(port))
    except (OSError, ValueError) as error:
        print(f"the portal cannot listen on {host}:{port}: {error}", file=sys.stderr)
        return FAILED
    with listener:
        anyio.run(serve, config, host, listener)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m pbx.web", description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("pbx-data"), help="the data folder")
    parser.add_argument("--web", metavar="HOST:PORT", help="where to listen; port 0 is any that is free")
    parser.add_argument("--log-level", choices=("debug", "info", "warning", "error"), help="instead of pbx.toml's")
    parser.add_argument("--openapi", action="store_true", help="print the description of the API, and end")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
