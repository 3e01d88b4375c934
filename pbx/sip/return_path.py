"""Where a response goes: the top Via, marked with where the request came from (RFC 3261 18.2, RFC 3581)."""

from __future__ import annotations

from pbx.sip.errors import BadMessage
from pbx.sip.flow import Flow
from pbx.sip.headers import Via
from pbx.sip.message import Request

SIP_PORT = 5060
DATAGRAM = "udp"


def is_reliable(flow: Flow) -> bool:
    """Whether the transport itself resends what is lost."""
    return flow.transport != DATAGRAM


def mark_source(request: Request, source: tuple[str, int]) -> None:
    """Writes `received` and `rport` into the request's top Via, as its responses will carry it. Raises BadMessage."""
    via = request.top_via
    marked = marked_via(via, source)
    if marked is via:
        return
    headers = request.headers
    lines = headers.all("Via")
    if len(lines) == 1 and "," not in lines[0]:
        headers.set("Via", str(marked))
        return
    first = [str(marked), *(str(other) for other in Via.parse_many(lines[0])[1:])]
    headers.remove("Via")
    for line in reversed([", ".join(first), *lines[1:]]):
        headers.prepend("Via", line)


def marked_via(via: Via, source: tuple[str, int]) -> Via:
    """The Via with `source` in it, the same object where nothing is to be said."""
    host, port = source
    asks_rport = via.param("rport") is not None
    # What the sender wrote into `received` is removed: only we know where it came from.
    kept = tuple(param for param in via.params if param[0].lower() not in ("received", "rport"))
    if asks_rport:
        # RFC 3581 4: with rport, received is always there.
        return Via(via.transport, via.host, via.port, (*kept, ("received", host), ("rport", str(port))), via.protocol)
    if via.host.lower() != host:
        return Via(via.transport, via.host, via.port, (*kept, ("received", host)), via.protocol)
    return via if len(kept) == len(via.params) else Via(via.transport, via.host, via.port, kept, via.protocol)


def reply_flow(request: Request, flow: Flow) -> Flow:
    """The flow for the responses to a request that came by `flow`; that one, where its Via cannot be read.

    A maddr is deliberately not followed: multicast is not offered, and answers would go wherever a stranger says.
    """
    if is_reliable(flow):
        return flow
    try:
        via = request.top_via
    except BadMessage:
        return flow
    if via.param("rport") is not None:
        return flow
    port = via.port or SIP_PORT
    host = flow.remote[0]
    return flow if port == flow.remote[1] else Flow(flow.transport, flow.local, (host, port), flow.connection)
