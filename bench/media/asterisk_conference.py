"""Asterisk as a conference: every phone calls ConfBridge over SIP, all in one room.

Mixing as it comes (every 20 ms, at the rate of its members); no prompts and no music, which would be something else.
"""

from __future__ import annotations

import select
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bench.media.asterisk import (
    CALL_S,
    CONFIGURATION,
    LOOK_S,
    SipEnd,
    accepted,
    invitation,
    udp_socket,
    wait_booted,
    write_files,
)
from bench.media.generator import Address
from bench.media.processes import running
from pbx.sip.stack import ResponseReceived

ROOM = CONFIGURATION | {
    "extensions.conf": "[bench]\nexten => _X.,1,Answer()\nsame => n,ConfBridge(bench,room,member)\n",
    "confbridge.conf": "[general]\n[room]\ntype = bridge\n[member]\ntype = user\nquiet = yes\n",
}


@contextmanager
def asterisk_conference(
    phones: Sequence[Address], launcher: Sequence[str | Path], folder: Path
) -> Iterator[tuple[int, list[Address]]]:
    """The process that leads its session, and where each phone is to send."""
    write_files(folder, ROOM, allow="ulaw")
    settings = folder / "asterisk.conf"
    with (
        udp_socket() as wire,
        running([*launcher, "asterisk", "-f", "-C", settings], folder / "asterisk.log") as process,
    ):
        wait_booted(launcher, settings)
        end = SipEnd(wire)
        yield process.pid, [join(end, place, phone) for place, phone in enumerate(phones)]


def join(end: SipEnd, place: int, phone: Address) -> Address:
    """Calls the room for `phone`; where it is to send."""
    invite = invitation(end, place, phone)
    end.stack.send_request(invite, end.flow, time.monotonic())
    ends_at = time.monotonic() + CALL_S
    while time.monotonic() < ends_at:
        answers = [accepted(end, event, invite) for event in end.look() if isinstance(event, ResponseReceived)]
        for target in filter(None, answers):
            return target
        select.select([end.wire], [], [], LOOK_S)
    raise TimeoutError(f"a call to Asterisk's room took more than {CALL_S} s")
