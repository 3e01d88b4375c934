"""SIP requests and responses for tests, and the times at which a machine on its own would act."""

from __future__ import annotations

from math import inf
from typing import Any, Protocol

from pbx.sip.message import Headers, Request, Response

ALICE = ("192.0.2.1", 5060)
BOB = ("192.0.2.2", 5060)


def sip_request(
    method: str = "INVITE",
    *,
    uri: str = "sip:bob@192.0.2.2",
    via: str | None = "SIP/2.0/UDP 192.0.2.1:5060;rport;branch=z9hG4bKone",
    from_: str = "<sip:alice@example.org>;tag=a1",
    to: str = "<sip:bob@example.org>",
    call_id: str = "call-1",
    cseq: int = 1,
    contact: str | None = "<sip:alice@192.0.2.1:5060>",
    headers: tuple[tuple[str, str], ...] = (),
    body: bytes = b"",
) -> Request:
    """A request with what RFC 3261 8.1.1 asks for. `via=None` for one that a stack is to send."""
    fields = [("Via", via)] if via is not None else []
    fields += [("Max-Forwards", "70"), ("From", from_), ("To", to), ("Call-ID", call_id), ("CSeq", f"{cseq} {method}")]
    if contact is not None:
        fields.append(("Contact", contact))
    return Request(method, uri, Headers([*fields, *headers]), body)


def answer(
    request: Request, status: int, *, tag: str = "b1", contact: str | None = "<sip:bob@192.0.2.2:5060>"
) -> Response:
    """Bob's response."""
    headers = [("Contact", contact)] if contact is not None and 100 < status < 300 else []
    return request.response(status, to_tag=tag if status > 100 else None, headers=headers)


class Machine(Protocol):
    """The verbs that everything without a clock has."""

    def handle_timeout(self, now: float) -> None: ...
    def next_timeout(self) -> float: ...
    def poll(self) -> Any: ...


def drain(machine: Machine) -> list[Any]:
    """All that `poll()` has to say now."""
    said = []
    while (output := machine.poll()) is not None:
        said.append(output)
    return said


def run_until_idle(machine: Machine, *, now: float = 0.0, until: float = inf) -> list[tuple[float, Any]]:
    """What the machine says and when, left alone from `now` to `until`; whole milliseconds."""
    log = [(now, output) for output in drain(machine)]
    while (at := machine.next_timeout()) != inf and at <= until:
        machine.handle_timeout(at)
        log += [(round(at, 3), output) for output in drain(machine)]
    return log
