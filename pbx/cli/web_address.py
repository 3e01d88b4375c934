"""Where the portal is to listen: `--web`, or else [web] in pbx.toml."""

from typing import Annotated, TypeAlias

from cyclopts import Parameter

from pbx.cli.trouble import MISUSED, Trouble
from pbx.config.server import Web, is_host, is_loopback

OFF = "off"

WebOption: TypeAlias = Annotated[
    str | None,
    Parameter(name="--web", help="HOST:PORT of the portal; port 0 asks for a free one, `off` for no portal."),
]


def web_address(option: str | None, settings: Web) -> tuple[str, int] | None:
    """Host and port; None: no portal. Raises Trouble."""
    if option is None:
        return settings.host, settings.port
    if option == OFF:
        return None
    host, colon, port = option.rpartition(":")
    host = host.strip("[]")
    if not colon or not is_host(host) or not port.isdecimal() or int(port) > 65_535:
        raise Trouble(
            f"no address: {option!r}", "write --web HOST:PORT, such as --web 127.0.0.1:8080", exit_code=MISUSED
        )
    if not is_loopback(host) and not settings.allow_plain_http:
        raise Trouble(
            f"--web {option}: passwords would travel unencrypted to where others can reach",
            "write --web 127.0.0.1:PORT, or allow_plain_http = true under [web] where a proxy speaks HTTPS",
            exit_code=MISUSED,
        )
    return host, int(port)
