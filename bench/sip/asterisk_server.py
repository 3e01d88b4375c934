"""Asterisk in the signalling benches: chan_pjsip on both sides, media anchored, a CDR for each call.

Beyond what the relay bench says to it (bench/media/asterisk.py): an endpoint, an auth and an aor for each user, as its
documentation has phones configured, and `cdr_csv`, which its sample configuration turns on: ours keeps records too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bench.media.asterisk import COMMON, SIP, wait_booted, write_files
from bench.media.generator import Address
from bench.media.processes import running
from bench.sip.users import DOMAIN, NUMBERS, password

PHONES = """\
[udp]
type = transport
protocol = udp
bind = {sip}

[phone](!)
type = endpoint
context = bench
disallow = all
allow = ulaw
direct_media = no
timers = no

[credentials](!)
type = auth
auth_type = userpass
realm = {domain}

[place](!)
type = aor
max_contacts = 1
"""
PHONE = """
[{number}](phone)
auth = {number}
aors = {number}

[{number}](credentials)
username = {number}
password = {password}

[{number}](place)
"""
CONFIGURATION = COMMON | {
    "cdr.conf": "[general]\nenable = yes\n[csv]\nusegmtime = yes\n",
    "extensions.conf": "[bench]\nexten => _XXXX,1,Dial(PJSIP/${{EXTEN}})\n",
    "pjsip.conf": "{phones}",
}


def configure(folder: Path) -> None:
    """Writes its files, and makes the folder that cdr_csv wants."""
    phones = (PHONE.format(number=number, password=password(number)) for number in NUMBERS)
    top = PHONES.format(sip=f"{SIP[0]}:{SIP[1]}", domain=DOMAIN)
    write_files(folder, CONFIGURATION, phones=top + "".join(phones))
    (folder / "cdr-csv").mkdir()


@contextmanager
def asterisk_server(launcher: Sequence[str | Path], folder: Path) -> Iterator[tuple[int, Address]]:
    """The number of the process that leads its session, and where it speaks SIP."""
    configure(folder)
    settings = folder / "asterisk.conf"
    with running([*launcher, "asterisk", "-f", "-C", settings], folder / "asterisk.log") as process:
        wait_booted(launcher, settings)
        yield process.pid, SIP
