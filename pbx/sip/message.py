"""Requests and responses: headers in order, a body, and typed views that are parsed when first touched (RFC 3261 7).

A message from the wire keeps the scanner's index and the bytes; a header becomes text when it is asked for, and a list
of fields only when the headers are changed. Holds no socket and decides nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from pbx.sip import _values
from pbx.sip._headers import Headers, Typed
from pbx.sip.errors import BadMessage, LocalProtocolError
from pbx.sip.headers import CSeq, NameAddr, Via
from pbx.sip.uri import SipUri

__all__ = ["EXPIRES_MAX_S", "MAX_FORWARDS_MAX", "REASONS", "Headers", "Message", "Request", "Response"]

REASONS: dict[int, str] = {
    100: "Trying",
    180: "Ringing",
    181: "Call Is Being Forwarded",
    182: "Queued",
    183: "Session Progress",
    199: "Early Dialog Terminated",
    200: "OK",
    202: "Accepted",
    204: "No Notification",
    300: "Multiple Choices",
    301: "Moved Permanently",
    302: "Moved Temporarily",
    305: "Use Proxy",
    380: "Alternative Service",
    400: "Bad Request",
    401: "Unauthorized",
    402: "Payment Required",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    406: "Not Acceptable",
    407: "Proxy Authentication Required",
    408: "Request Timeout",
    410: "Gone",
    412: "Conditional Request Failed",
    413: "Request Entity Too Large",
    414: "Request-URI Too Long",
    415: "Unsupported Media Type",
    416: "Unsupported URI Scheme",
    420: "Bad Extension",
    421: "Extension Required",
    422: "Session Interval Too Small",
    423: "Interval Too Brief",
    428: "Use Identity Header",
    430: "Flow Failed",
    433: "Anonymity Disallowed",
    439: "First Hop Lacks Outbound Support",
    440: "Max-Breadth Exceeded",
    469: "Bad Info Package",
    480: "Temporarily Unavailable",
    481: "Call/Transaction Does Not Exist",
    482: "Loop Detected",
    483: "Too Many Hops",
    484: "Address Incomplete",
    485: "Ambiguous",
    486: "Busy Here",
    487: "Request Terminated",
    488: "Not Acceptable Here",
    489: "Bad Event",
    491: "Request Pending",
    493: "Undecipherable",
    494: "Security Agreement Required",
    500: "Server Internal Error",
    501: "Not Implemented",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Server Time-out",
    505: "Version Not Supported",
    513: "Message Too Large",
    555: "Push Notification Service Not Supported",
    580: "Precondition Failure",
    600: "Busy Everywhere",
    603: "Decline",
    604: "Does Not Exist Anywhere",
    606: "Not Acceptable",
    607: "Unwanted",
    608: "Rejected",
}

MAX_FORWARDS_MAX = 255
EXPIRES_MAX_S = 2**32 - 1

# RFC 3261 8.2.6: what a response takes from its request, next to Via and Record-Route.
_COPIED = ("From", "To", "Call-ID", "CSeq")
_COPIED_INTO_100 = (*_COPIED, "Timestamp")


def _expires(text: str) -> int | None:
    # RFC 3261 10.2.1.1: what cannot be read counts as absent, so that the default applies.
    number = _values.number(text)
    return number if number is not None and number <= EXPIRES_MAX_S else None


def _max_forwards(text: str) -> int | None:
    number = _values.number(text)
    if number is None and not (text.isascii() and text.isdigit()):
        raise BadMessage(f"{text[:80]!r} is no number")
    # Above the limit is as if absent: RFC 4475 3.1.2.4.
    return number if number is not None and number <= MAX_FORWARDS_MAX else None


class Message:
    """What requests and responses share. The typed views raise BadMessage (400) with the header's name."""

    __slots__ = ("body", "headers")

    headers: Headers
    body: bytes

    call_id = Typed("Call-ID", first=_values.call_id)
    cseq = Typed("CSeq", first=partial(_values.cseq, CSeq))
    top_via = Typed("Via", first=partial(_values.first_via, Via))
    vias = Typed("Via", each=partial(_values.vias, Via))
    from_ = Typed("From", first=partial(_values.address, NameAddr))
    to = Typed("To", first=partial(_values.address, NameAddr))
    contacts = Typed("Contact", each=partial(_values.addresses, NameAddr))
    routes = Typed("Route", each=partial(_values.addresses, NameAddr))
    record_routes = Typed("Record-Route", each=partial(_values.addresses, NameAddr))
    expires = Typed("Expires", optional=_expires)  # seconds; None where absent or not to be read
    max_forwards = Typed("Max-Forwards", optional=_max_forwards)  # None where absent or above 255

    @property
    def content_type(self) -> str | None:
        """The body's type as written, with its parameters."""
        return self.headers.first("Content-Type")

    def start_line(self) -> str:
        """The first line, without its end."""
        raise NotImplementedError

    def encode(self) -> bytes:
        """The bytes for the wire, with the Content-Length that the body has. Raises LocalProtocolError."""
        start = self.start_line()
        if "\r" in start or "\n" in start:
            raise LocalProtocolError(f"line break in {start[:80]!r}")
        lines = [start, *self.headers.lines(), f"Content-Length: {len(self.body)}\r\n\r\n"]
        return "\r\n".join(lines).encode("utf-8", "surrogateescape") + self.body


class Request(Message):
    """A request; `uri` is the Request-URI as text, of any scheme."""

    __slots__ = ("method", "uri")

    def __init__(self, method: str, uri: str, headers: Headers | None = None, body: bytes = b"") -> None:
        self.method = method
        self.uri = uri
        self.headers = Headers() if headers is None else headers
        self.body = body

    @property
    def sip_uri(self) -> SipUri:
        """The Request-URI, parsed. Raises BadMessage: 400, or 416 for another scheme."""
        try:
            return SipUri.parse(self.uri)
        except BadMessage as bad:
            raise BadMessage(f"Request-URI: {bad.reason}", status_hint=bad.status_hint, message=self) from None

    def start_line(self) -> str:
        """The Request-Line."""
        return f"{self.method} {self.uri} SIP/2.0"

    def response(
        self,
        status: int,
        reason: str | None = None,
        *,
        to_tag: str | None = None,
        headers: Iterable[tuple[str, str]] = (),
        body: bytes = b"",
        content_type: str | None = None,
    ) -> Response:
        """The response to this request (RFC 3261 8.2.6), with what of the copied headers there is.

        `to_tag` is added where the To has no tag yet. `reason` defaults to the one of REASONS.
        """
        every = ("Via", "Record-Route") if 100 < status < 300 else ("Via",)
        # Of a header that came twice the first only: a request that is refused for a second To gets one To back.
        copied = self.headers.picked(every, _COPIED_INTO_100 if status == 100 else _COPIED)
        if to_tag and (to := copied.first("To")) is not None:
            copied.set("To", self._tagged(to, to_tag))
        for name, value in headers:
            copied.add(name, value)
        if content_type is not None:
            copied.add("Content-Type", content_type)
        return Response(status, REASONS.get(status, "") if reason is None else reason, copied, body)

    def _tagged(self, to: str, tag: str) -> str:
        try:
            has_tag = self.to.tag is not None
        except BadMessage:
            has_tag = False  # a 400 to an unreadable To: the peer compares what it sent, our tag behind it
        return to if has_tag else f"{to};tag={tag}"

    def __repr__(self) -> str:
        return f"<Request {self.method} {self.uri[:80]}>"


class Response(Message):
    """A response; `reason` is for people only."""

    __slots__ = ("reason", "status")

    def __init__(self, status: int, reason: str, headers: Headers | None = None, body: bytes = b"") -> None:
        self.status = status
        self.reason = reason
        self.headers = Headers() if headers is None else headers
        self.body = body

    def start_line(self) -> str:
        """The Status-Line."""
        return f"SIP/2.0 {self.status} {self.reason}"

    def __repr__(self) -> str:
        return f"<Response {self.status} {self.reason[:80]}>"
