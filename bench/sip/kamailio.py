"""Kamailio in the signalling benches: a stateful proxy with digests and a user location in memory.

It does less than a PBX by design: it hands one call on instead of holding two, it anchors no media, it keeps no
records, and it forgets its registrations when it ends. It stands here as what SIP itself costs. The routes are those of
its sample configuration, without what that has for NAT, presence and databases; eight workers, its default.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bench.media.generator import Address
from bench.media.processes import running
from bench.sip.users import DOMAIN, NUMBERS, password

SIP = ("127.0.0.1", 22_766)
START_S = 20.0

# `max_while_loops` is for the loop that fills the table of passwords.
CONFIGURATION = """\
#!KAMAILIO
debug=-1
log_stderror=yes
children=8
disable_tcp=yes
auto_aliases=no
alias="{domain}"
listen=udp:{sip}
max_while_loops=100000

loadmodule "kex.so"
loadmodule "tm.so"
loadmodule "tmx.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "maxfwd.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "auth.so"
loadmodule "htable.so"

modparam("htable", "htable", "passwords=>size=12;")
modparam("auth", "qop", "auth")

event_route[htable:mod-init] {{
    $var(number) = {first};
    while ($var(number) < {end}) {{
        $sht(passwords=>$var(number)) = "{password}" + $var(number);
        $var(number) = $var(number) + 1;
    }}
}}

request_route {{
    if (!mf_process_maxfwd_header("10")) {{
        sl_send_reply("483", "Too Many Hops");
        exit;
    }}
    if (is_method("CANCEL")) {{
        if (t_check_trans()) t_relay();
        exit;
    }}
    if (!is_method("ACK") && t_precheck_trans()) {{
        t_check_trans();
        exit;
    }}
    t_check_trans();
    if (has_totag()) {{
        if (loose_route()) t_relay();
        else if (!is_method("ACK")) sl_send_reply("404", "Not Here");
        exit;
    }}
    if ($au == $null || $sht(passwords=>$au) == $null
            || !pv_www_authenticate("{domain}", "$sht(passwords=>$au)", "0")) {{
        www_challenge("{domain}", "1");
        exit;
    }}
    consume_credentials();
    if (is_method("REGISTER")) {{
        save("location");
        exit;
    }}
    record_route();
    if (!lookup("location")) {{
        sl_send_reply("404", "Not Found");
        exit;
    }}
    t_relay();
}}
"""


def configure(folder: Path) -> Path:
    """Writes its configuration; returns the file."""
    path = folder / "kamailio.cfg"
    text = CONFIGURATION.format(
        domain=DOMAIN,
        sip=f"{SIP[0]}:{SIP[1]}",
        first=NUMBERS.start,
        end=NUMBERS.stop,
        password=password(0).removesuffix("0"),
    )
    path.write_text(text, encoding="utf-8")
    return path


@contextmanager
def kamailio(launcher: Sequence[str | Path], folder: Path) -> Iterator[tuple[int, Address]]:
    """The number of the process that leads its session, and where it speaks SIP."""
    command: list[str | Path] = [*launcher, "kamailio", "-DD", "-E", "-Y", folder, "-f", configure(folder)]
    with running(command, folder / "kamailio.log") as process:
        wait_answering(SIP)
        yield process.pid, SIP


def wait_answering(server: Address) -> None:
    """Until it says something to an OPTIONS, whatever it is."""
    ends_at = time.monotonic() + START_S
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
        wire.bind(("127.0.0.1", 0))
        wire.settimeout(0.2)
        host, port = wire.getsockname()
        asked = (
            f"OPTIONS sip:{DOMAIN} SIP/2.0\r\nVia: SIP/2.0/UDP {host}:{port};branch=z9hG4bKalive;rport\r\n"
            f"From: <sip:{DOMAIN}>;tag=alive\r\nTo: <sip:{DOMAIN}>\r\nCall-ID: alive@{host}:{port}\r\n"
            "CSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
        )
        while time.monotonic() < ends_at:
            wire.sendto(asked.encode(), server)
            try:
                wire.recv(65_535)
            except (TimeoutError, ConnectionRefusedError):
                time.sleep(0.1)
            else:
                return
    raise TimeoutError(f"nobody answers on {server[0]}:{server[1]} within {START_S} s")
