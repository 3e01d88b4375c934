"""Ours in the signalling benches: `pbx serve` with its web process, on a data folder of its own, all as it comes.

Two things are said otherwise: the limits on calls and registrations for each second, which are there to refuse just
such a load from one address, and the log, which tells of mistakes alone, as the peers' do.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.media.generator import Address
from bench.media.processes import running
from bench.sip.users import DOMAIN, NUMBERS, password
from pbx.sip.auth import ha1

PBX = Path(sys.executable).with_name("pbx")
TENANT = "bench"
RTP_PORTS = (28_000, 32_999)

SERVER = """\
default_tenant = "bench"

[rtp]
address = "127.0.0.1"
ports = [{first}, {last}]

[limits]
calls_per_s = 100000
registrations_per_s = 100000

[log]
level = "error"
"""


def configure(folder: Path) -> None:
    """Writes the data folder."""
    tenants = folder / "tenants"
    tenants.mkdir(parents=True)
    first, last = RTP_PORTS
    files = {folder / "pbx.toml": SERVER.format(first=first, last=last), tenants / f"{TENANT}.toml": tenant_text()}
    for path, text in files.items():
        path.write_text(text, encoding="utf-8")
        path.chmod(0o600)


def tenant_text() -> str:
    """Digests for MD5 alone: what all subjects and SIPp have in common."""
    extensions = (f'[extensions.{number}]\nha1.MD5 = "{_digest(number)}"\n' for number in NUMBERS)
    patterns = sorted({f"{str(number)[0]}xxx" for number in NUMBERS})
    numbers = "".join(f'"{pattern}" = "extension"\n' for pattern in patterns)
    return f'domains = ["{DOMAIN}"]\n\n{"".join(extensions)}\n[numbers]\n{numbers}'


@contextmanager
def our_server(folder: Path) -> Iterator[tuple[int, Address]]:
    """The number of the process that leads its session, and where it speaks SIP."""
    configure(folder / "data")
    command: list[str | Path] = [PBX, "serve", "--data", folder / "data", "--json"]
    command += ["--sip", "127.0.0.1:0", "--web", "127.0.0.1:0"]
    with running(command, folder / "ours.log") as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        if (
            not line or not process.stdout.readline()
        ):  # the second says that the web process, which is measured too, is up
            raise RuntimeError(f"`pbx serve` did not start:\n{(folder / 'ours.log').read_text()}")
        host, _, port = json.loads(line)["sip"].rpartition(":")
        yield process.pid, (host, int(port))


def _digest(number: int) -> str:
    return ha1(str(number), DOMAIN, password(number), "MD5")
