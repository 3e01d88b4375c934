"""Asterisk as a relay: a configuration of its own in a folder, and SIP calls through it between two ends that we play.

Configured as its documentation has it for phones that must not find each other (`direct_media=no`); the media path
between the two channels is then its own choice: bridge_native_rtp, which forwards without decoding.
"""

from __future__ import annotations

import select
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench.media.generator import Address
from bench.media.phone_sdp import PCMA, PCMU, media_address, phone_sdp
from bench.media.processes import member, running
from pbx.sip.dialog import Dialog
from pbx.sip.flow import Flow
from pbx.sip.message import Headers, Request
from pbx.sip.stack import AckTimedOut, RequestReceived, ResponseReceived, SipStack, TimedOut, Transmit
from pbx.sip.uri import SipUri

SIP = ("127.0.0.1", 22_760)
START_S = 60.0
CALL_S = 10.0  # to set one up
LOOK_S = 0.02  # between two looks at the timers

COMMON = {
    "asterisk.conf": "[directories]\nastetcdir => {folder}\nastrundir => {folder}\nastlogdir => {folder}\n"
    "astspooldir => {folder}\nastdbdir => {folder}\n[options]\nnocolor = yes\n",
    # Without these, each call of chan_pjsip is all the same; they want files, databases or devices that are not there.
    "modules.conf": "[modules]\nautoload = yes\nnoload => chan_iax2.so\nnoload => res_hep.so\nnoload => pbx_dundi.so\n"
    "noload => res_phoneprov.so\nnoload => chan_unistim.so\nnoload => pbx_ael.so\nnoload => pbx_lua.so\n",
    "logger.conf": "[general]\n[logfiles]\nconsole => error\n",
    "rtp.conf": "[general]\nrtpstart = 28000\nrtpend = 33000\n",
}
CONFIGURATION = COMMON | {
    "extensions.conf": "[bench]\nexten => _X.,1,Dial(PJSIP/phones/sip:${{EXTEN}}@{callee})\n",
    "pjsip.conf": "[udp]\ntype = transport\nprotocol = udp\nbind = {sip}\n"
    "[phones]\ntype = endpoint\ncontext = bench\ndisallow = all\nallow = {allow}\ndirect_media = no\ntimers = no\n"
    "[phones]\ntype = identify\nendpoint = phones\nmatch = 127.0.0.1\n",
}


@contextmanager
def asterisk_calls(
    phones: Sequence[Address],
    launcher: Sequence[str | Path],
    folder: Path,
    *,
    codecs: tuple[str, str] = (PCMU, PCMU),
    allow: str = "ulaw",
) -> Iterator[tuple[int, list[Address]]]:
    """Two phones in turn are a call; the process that relays, and where each phone is to send.

    `launcher` stands before the name of a peer's program to run it; `codecs` are those of callers and callees, `allow`
    is both in Asterisk's own names.
    """
    with ExitStack() as stack:
        callers, callees = (SipEnd(stack.enter_context(udp_socket())) for _ in range(2))
        configure(folder, callee=callees.local, allow=allow)
        settings = folder / "asterisk.conf"
        command: list[str | Path] = [*launcher, "asterisk", "-f", "-C", settings]
        process = stack.enter_context(running(command, folder / "asterisk.log"))
        pid = member(process.pid, "asterisk")
        wait_booted(launcher, settings)
        yield pid, Calls(callers, callees, phones, codecs).set_up()


def configure(folder: Path, *, callee: Address, allow: str = "ulaw") -> None:
    """Writes the files of an Asterisk that sends every call on to `callee`."""
    write_files(folder, CONFIGURATION, callee=f"{callee[0]}:{callee[1]}", allow=allow)


def write_files(folder: Path, files: Mapping[str, str], **words: str) -> None:
    """Writes the files, with `words`, the folder and Asterisk's address in their places."""
    for name, text in files.items():
        written = text.format(folder=folder, sip=f"{SIP[0]}:{SIP[1]}", **words)
        (folder / name).write_text(written, encoding="utf-8")


def wait_booted(launcher: Sequence[str | Path], settings: Path) -> None:
    """Until it takes calls."""
    command: list[str | Path] = [*launcher, "asterisk", "-C", settings, "-rx", "core waitfullybooted"]
    ends_at = time.monotonic() + START_S
    while "fully booted" not in subprocess.run(command, capture_output=True, text=True, timeout=START_S).stdout:
        if time.monotonic() > ends_at:
            raise TimeoutError(f"Asterisk did not start within {START_S} s")
        time.sleep(0.2)


class SipEnd:
    """A SIP stack on a socket, looked at when somebody waits for it."""

    def __init__(self, wire: socket.socket) -> None:
        self.wire = wire
        self.local: Address = wire.getsockname()
        self.stack = SipStack()
        self.flow = Flow("udp", self.local, SIP)

    @property
    def contact(self) -> tuple[str, str]:
        return "Contact", f"<sip:bench@{self.local[0]}:{self.local[1]}>"

    def look(self) -> Iterator[RequestReceived | ResponseReceived]:
        """What came meanwhile, one by one; what the stack says to that, and has said before, leaves."""
        now = time.monotonic()
        while select.select([self.wire], [], [], 0)[0]:
            self.stack.receive(self.flow, self.wire.recv(65_535), now)
        self.stack.handle_timeout(now)
        while (event := self.stack.poll()) is not None:
            match event:
                case Transmit(_, data):
                    self.wire.sendto(data, SIP)
                case RequestReceived() | ResponseReceived():
                    yield event
                case TimedOut() | AckTimedOut():
                    raise TimeoutError("Asterisk does not answer")


class Calls:
    """Sets calls up one after another."""

    def __init__(
        self,
        callers: SipEnd,
        callees: SipEnd,
        phones: Sequence[Address],
        codecs: tuple[str, str] = (PCMU, PCMU),
        *,
        pcma: Set[int] = frozenset(),
    ) -> None:
        self._callers, self._callees, self._phones, self._codecs = callers, callees, phones, codecs
        self._pcma = pcma  # the callees of these calls take PCMA, whatever `codecs` says
        self._targets: dict[int, Address] = {}
        self._accepted = 0  # calls whose callee has its ACK

    def set_up(self) -> list[Address]:
        """Where each phone is to send."""
        for call in range(len(self._phones) // 2):
            invite = invitation(self._callers, call, self._phones[2 * call], self._codecs[0])
            self._callers.stack.send_request(invite, self._callers.flow, time.monotonic())
            self._wait_up(call, invite)
        return [self._targets[phone] for phone in range(len(self._phones))]

    def _wait_up(self, call: int, invite: Request) -> None:
        ends_at = time.monotonic() + CALL_S
        while True:
            for event in self._callers.look():
                if isinstance(event, ResponseReceived):
                    self._take_response(event, invite)
            for event in self._callees.look():
                if isinstance(event, RequestReceived):
                    self._take_request(event)
            if 2 * call in self._targets and self._accepted > call:
                return
            if time.monotonic() > ends_at:
                raise TimeoutError(f"a call through Asterisk took more than {CALL_S} s")
            select.select([self._callers.wire, self._callees.wire], [], [], LOOK_S)

    def _take_response(self, event: ResponseReceived, invite: Request) -> None:
        target = accepted(self._callers, event, invite)
        if target is not None:
            self._targets[2 * dialled_call(invite)] = target

    def _take_request(self, event: RequestReceived) -> None:
        if event.request.method == "ACK":
            self._accepted += 1
            return
        assert event.transaction is not None, "only an ACK has none"
        if event.request.method != "INVITE":
            raise RuntimeError(f"Asterisk sent {event.request.method} in the middle of a measurement")
        call = dialled_call(event.request)
        callee = 2 * call + 1
        self._targets[callee] = media_address(event.request.body)
        response = event.request.response(
            200,
            to_tag=f"callee{call}",
            headers=[self._callees.contact],
            body=phone_sdp(self._phones[callee], PCMA if call in self._pcma else self._codecs[1]),
            content_type="application/sdp",
        )
        self._callees.stack.respond(event.transaction, response, time.monotonic())


def invitation(end: SipEnd, call: int, phone: Address, codec: str = PCMU) -> Request:
    """An INVITE that gives `phone` as the place for media, and dials the number of `call`."""
    fields = [
        ("Max-Forwards", "70"),
        ("From", f"<sip:bench@127.0.0.1>;tag=caller{call}"),
        ("To", f"<sip:{number(call)}@127.0.0.1>"),
        ("Call-ID", f"bench-{call}"),
        ("CSeq", "1 INVITE"),
        end.contact,
        ("Content-Type", "application/sdp"),
    ]
    return Request("INVITE", f"sip:{number(call)}@{SIP[0]}:{SIP[1]}", Headers(fields), phone_sdp(phone, codec))


def accepted(end: SipEnd, event: ResponseReceived, invite: Request) -> Address | None:
    """Where the phone is to send, once the answer is there, whose ACK leaves with the rest of `look()`; None before."""
    response = event.response
    if response.status >= 300:
        raise RuntimeError(f"Asterisk answered {response.status} {response.reason}")
    if response.status < 200:
        return None
    dialog = Dialog.from_response(invite, response, end.flow)
    end.stack.acknowledge(event.transaction, dialog.make_ack(1), end.flow, time.monotonic())
    return media_address(response.body)


def number(call: int) -> int:
    """What is dialled for a call."""
    return 1_000_000 + call


def dialled_call(invite: Request) -> int:
    """The inverse, from an INVITE before or behind Asterisk."""
    return int(SipUri.parse(invite.uri).user or "") - number(0)


@contextmanager
def udp_socket() -> Iterator[socket.socket]:
    """A socket on a port that nobody has."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
        wire.bind(("127.0.0.1", 0))
        yield wire
