"""Asterisk's adaptive buffer (`JITTERBUFFER(adaptive)`, abstract_jb) under the arrivals that ours had: calls through it
between two ends that we play, where the caller's packets come when a capture says, and what the callee is sent is kept.

Each trace is sent twice at once: as speech to a callee that takes PCMA, so that Asterisk decodes, conceals
(`genericplc`) and encodes; and with the packet's number for a payload to a callee that takes PCMU, where each packet
that comes out can be told.
"""

from __future__ import annotations

import select
import socket
import struct
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from bench.media.asterisk import COMMON, Calls, SipEnd, udp_socket, wait_booted, write_files
from bench.media.heard_speech import PACKET, Datagram, datagram
from bench.media.processes import member, running
from bench.media.subjects import LIMIT, PEERS, require_peers

REST_S = 2.0  # after the last packet
CONFIGURATION = COMMON | {
    "extensions.conf": "[bench]\nexten => _X.,1,Set(JITTERBUFFER(adaptive)=default)\n"
    " same => n,Dial(PJSIP/phones/sip:${{EXTEN}}@{callee})\n",
    "codecs.conf": "[plc]\ngenericplc => true\n",
    "pjsip.conf": "[udp]\ntype = transport\nprotocol = udp\nbind = {sip}\n"
    "[phones]\ntype = endpoint\ncontext = bench\ndisallow = all\nallow = ulaw\nallow = alaw\n"
    "direct_media = no\ntimers = no\n"
    "[phones]\ntype = identify\nendpoint = phones\nmatch = 127.0.0.1\n",
}


@dataclass(slots=True)
class Sending:
    """One call: what its caller sends and when, after the beginning; and what came out at its callee."""

    arrivals: Sequence[Datagram]
    begins_at_s: float  # on the capture's clock
    is_numbered: bool
    came_out: list[Datagram] = field(default_factory=list)

    def schedule(self) -> list[tuple[float, bytes]]:
        """Moments after the beginning, and datagrams."""
        return [(packet.at_s - self.begins_at_s, self._whole(packet)) for packet in self.arrivals]

    def _whole(self, packet: Datagram) -> bytes:
        if not self.is_numbered or len(packet.payload) != PACKET:
            return packet.whole
        return packet.whole[:12] + struct.pack("!I", packet.timestamp) * (PACKET // 4)

    def played(self) -> dict[int, float]:
        """Of a numbered call, when each packet came out, by its timestamp."""
        numbered = [packet for packet in self.came_out if len(packet.payload) == PACKET]
        return {struct.unpack_from("!I", packet.payload)[0]: packet.at_s for packet in numbered}


def send_through(sendings: Sequence[Sending], folder: Path) -> None:
    """Sends all at once through an Asterisk of its own; fills in what came out, in seconds after the beginning."""
    require_peers()
    with ExitStack() as stack:
        ends = [stack.enter_context(udp_socket()) for _ in range(2 * len(sendings))]
        callers, callees = (SipEnd(stack.enter_context(udp_socket())) for _ in range(2))
        write_files(folder, CONFIGURATION, callee=f"{callees.local[0]}:{callees.local[1]}")
        settings = folder / "asterisk.conf"
        launcher: list[str | Path] = [*LIMIT, PEERS, "exec"]
        process = stack.enter_context(running([*launcher, "asterisk", "-f", "-C", settings], folder / "asterisk.log"))
        member(process.pid, "asterisk")
        wait_booted(launcher, settings)
        pcma = frozenset(call for call, sending in enumerate(sendings) if not sending.is_numbered)
        targets = Calls(callers, callees, [end.getsockname() for end in ends], pcma=pcma).set_up()
        replay(sendings, ends, targets)


def replay(sendings: Sequence[Sending], ends: list[socket.socket], targets: list[tuple[str, int]]) -> None:
    """Caller after caller by the clock; callees are read in between."""
    due = sorted((at_s, call, whole) for call, sending in enumerate(sendings) for at_s, whole in sending.schedule())
    callees = {ends[2 * call + 1]: sending for call, sending in enumerate(sendings)}
    begins_at = time.monotonic() + 0.1
    for at_s, call, whole in [*due, (due[-1][0] + REST_S, -1, b"")]:
        while (left_s := begins_at + at_s - time.monotonic()) > 0:
            for end in select.select(callees, [], [], left_s)[0]:
                whole_out = end.recv(2048)
                if len(whole_out) >= 12 and not 64 <= whole_out[1] & 0x7F < 96:
                    callees[end].came_out.append(datagram(time.monotonic() - begins_at, 0, whole_out))
        if call >= 0:
            ends[2 * call].sendto(whole, targets[2 * call])
