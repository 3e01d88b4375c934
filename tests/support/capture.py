"""What went over the wire, as tshark saw and dissected it: a witness that shares no line of code with the PBX."""

import os
import re
import signal
import socket
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
import trio

from tests.support.free_ports import free_port
from tests.support.peers import require
from tests.support.stage import WAIT_S, InVain, Program, Stage

PROBE_EVERY_S = 0.2
READ_S = 20.0  # for tshark to read a file of one test
FIELDS = (
    "frame.time_epoch",
    "udp.srcport",
    "udp.dstport",
    "sip.Call-ID",
    "sip.CSeq.method",
    "sip.Method",
    "sip.Status-Code",
    "sip.resend",
    "sip.Reason",
)


@dataclass(frozen=True)
class Captured:
    """One SIP message on the wire."""

    at: float  # unix seconds, by the kernel's clock
    source: int  # UDP port
    destination: int
    call_id: str
    cseq_method: str
    method: str  # "" of a response
    status: int | None  # None of a request
    is_resent: bool
    reason: str  # the header's (RFC 3326), "" where there is none

    def __str__(self) -> str:
        what = self.method or f"{self.status} ({self.cseq_method})"
        mark = "  RESENT" if self.is_resent else ""
        return f"{self.at:.6f}  {self.source:>5} -> {self.destination:<5}  {what:<14}{mark}  {self.call_id}"


class Capture:
    """A capture of the SIP of one port."""

    def __init__(self, program: Program, file: Path, sip_port: int, probe: socket.socket) -> None:
        self._program = program
        self._file = file
        self._sip_port = sip_port
        self._probe = probe
        self._probes_sent = 0

    async def catch_up(self) -> None:
        """Returns once all that was sent before has been seen: tshark has printed a datagram that we send now."""
        self._probes_sent += 1
        mark = b"probe %d" % self._probes_sent
        # The first one may be sent before the capture has begun, so it is sent again until it is seen.
        with trio.move_on_after(WAIT_S):
            while True:
                self._probe.sendto(mark, self._probe.getsockname())
                with trio.move_on_after(PROBE_EVERY_S):
                    await self._program.wait_line(f"^{mark.hex()}$")
                    return
        raise InVain("tshark does not see what is sent over loopback")

    async def finish(self) -> None:
        """Ends the capture once all that was sent before has been seen. A second time does nothing."""
        if self._program.is_running:
            await self.catch_up()
            await self._program.stop(signal.SIGINT)

    def messages(self) -> list[Captured]:
        """What it saw, in order, as far as it is in the file."""
        return read_messages(self._file, self._sip_port)

    def ladder(self) -> str:
        """The same, for people."""
        return "\n".join(map(str, self.messages()))


def require_capture() -> None:
    """Skips the test where tshark is missing or may not listen on loopback; under REQUIRE_PEERS=1 fails it."""
    if is_capture_allowed(require("tshark")):
        return
    trouble = "tshark may not capture on lo: run as root, or let dumpcap capture (Debian: group wireshark)"
    if os.environ.get("REQUIRE_PEERS") == "1":
        pytest.fail(f"REQUIRE_PEERS=1, but {trouble}", pytrace=False)
    pytest.skip(trouble)


@cache
def is_capture_allowed(tshark: Path) -> bool:
    """Whether loopback is among the interfaces that tshark may use."""
    done = subprocess.run([tshark, "-D"], capture_output=True, text=True, timeout=READ_S, check=False)
    return re.search(r"^\d+\. lo\b", done.stdout, re.MULTILINE) is not None


async def start_capture(stage: Stage, *, sip_port: int) -> Capture:
    """Captures from its return on. The ladder is part of the stage's story."""
    file = stage.folder / "sip.pcapng"
    probe = stage.cleanup.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    probe.bind(("127.0.0.1", free_port()))
    probe_port = probe.getsockname()[1]
    wanted = f"udp port {sip_port} or udp port {probe_port}"
    # To the file, and on standard output, line by line, the payload of what is no SIP: our probes.
    command: list[str | Path] = [require("tshark"), "-i", "lo", "-n", "-l", "-f", wanted, "-w", file, "-P"]
    command += ["-d", f"udp.port=={probe_port},data", "-T", "fields", "-e", "data.data"]
    program = await stage.start("tshark", command)
    capture = Capture(program, file, sip_port, probe)
    stage.add_chapter("ladder", capture.ladder)
    await capture.catch_up()
    stage.before_end.append(capture.finish)
    return capture


def read_messages(file: Path, sip_port: int) -> list[Captured]:
    """Dissects a capture file."""
    command: list[str | Path] = [
        require("tshark"),
        "-n",
        "-r",
        file,
        "-d",
        f"udp.port=={sip_port},sip",
        "-Y",
        "sip",
        "-T",
        "fields",
    ]
    command += [word for field in FIELDS for word in ("-e", field)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=READ_S, check=False)
    return [_captured(line.split("\t")) for line in done.stdout.splitlines()]


def _captured(fields: list[str]) -> Captured:
    at, source, destination, call_id, cseq_method, method, status, resent, reason = fields
    return Captured(
        float(at),
        int(source),
        int(destination),
        call_id,
        cseq_method,
        method,
        int(status) if status else None,
        resent in ("1", "True"),
        reason,
    )
