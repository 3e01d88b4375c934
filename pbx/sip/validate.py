"""Whether a request may be worked on at all, and with which answer it may not (RFC 3261 8.2 and 16.3). Pure.

| what is wrong | answer |
|---|---|
| a header that a decision needs cannot be read; CSeq has another method; headers in the Request-URI | 400 |
| a method that SIP has and we do not; one that nobody knows | 405; 501, both with Allow |
| the Request-URI's scheme | 416 |
| Require or Proxy-Require something that we lack | 420 with Unsupported |
| a body that we cannot read; only answers wanted that we cannot write | 415; 406 |
| Max-Forwards used up by a request that would be forwarded | 483 |

An ACK is never answered, so the caller drops one that is rejected. A wrong SIP version (505) is found by the parser.
"""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from pbx.sip.errors import BadMessage
from pbx.sip.message import REASONS, Message, Request, Response
from pbx.sip.uri import SCHEMES

_CORE_METHODS = frozenset(("INVITE", "ACK", "BYE", "CANCEL", "OPTIONS", "REGISTER"))
# RFC 3262, 3311, 6086, 6665 (two), 3515, 3428, 3903
_ADDED_METHODS = frozenset(("PRACK", "UPDATE", "INFO", "SUBSCRIBE", "NOTIFY", "REFER", "MESSAGE", "PUBLISH"))
METHODS = _CORE_METHODS | _ADDED_METHODS

_READ_ALWAYS = ("top_via", "call_id", "from_", "to", "contacts", "routes", "record_routes", "max_forwards")
_NEVER_FORWARDED = frozenset(("OPTIONS", "REGISTER", "ACK", "CANCEL"))


class Rejection(msgspec.Struct, frozen=True):
    """The answer to a request that goes no further; `reason` says in words what was wrong."""

    status: int
    reason: str
    headers: tuple[tuple[str, str], ...] = ()

    def respond(self, request: Request, *, to_tag: str | None = None) -> Response:
        """The response to send; the words stand in a Warning, the reason phrase is the usual one."""
        headers = [*self.headers, ("Warning", f'399 pbx "{_in_quotes(self.reason)}"')]
        return request.response(self.status, REASONS[self.status], to_tag=to_tag, headers=headers)


def validate_request(
    request: Request,
    *,
    methods: Collection[str],
    extensions: Collection[str],
    schemes: Collection[str] = SCHEMES,
    bodies: Collection[str] | None = None,
) -> Rejection | None:
    """None where the request may go on.

    `methods`, `extensions` (option tags) and `schemes` (lower case) are what we support; so are `bodies` (media types,
    lower case), where bodies are ours to judge.
    """
    try:
        _read(request)
        return (
            _method_fault(request, methods)
            or _uri_fault(request, schemes)
            or _extension_fault(request, extensions)
            or _hops_fault(request)
            or (_body_fault(request, bodies) if bodies is not None else None)
        )
    except BadMessage as bad:
        return Rejection(bad.status_hint, bad.reason)


def discard_reason(response: Response) -> str | None:
    """Why a response must be dropped (RFC 3261 8.1.3.3), None where it need not be. Nothing answers a response."""
    try:
        _read(response)
        _ = response.cseq
        hops = len(response.vias)
    except BadMessage as bad:
        return bad.reason
    return None if hops == 1 else f"{hops} Vias: it was meant for somebody behind us"


def _read(message: Message) -> None:
    """Raises BadMessage for the first header that cannot be read."""
    for header in _READ_ALWAYS:
        getattr(message, header)


def _method_fault(request: Request, methods: Collection[str]) -> Rejection | None:
    if request.method not in methods:
        # Before CSeq is compared: RFC 4475 3.1.2.18 asks for 501 where both are wrong.
        status = 405 if request.method in METHODS else 501
        return Rejection(status, f"method {request.method[:40]} is not supported", (("Allow", _listed(methods)),))
    if request.cseq.method != request.method:
        return Rejection(400, f"CSeq says {request.cseq.method[:40]}, the request {request.method}")
    return None


def _uri_fault(request: Request, schemes: Collection[str]) -> Rejection | None:
    scheme = _scheme(request.uri)
    if scheme not in schemes:
        return Rejection(416, f"URI scheme {scheme[:40]!r} is not supported")
    if scheme in SCHEMES and request.sip_uri.headers:
        return Rejection(400, "headers in the Request-URI")
    if request.method == "REGISTER":
        # RFC 3261 10.3: the address of record is a SIP or SIPS URI. Elsewhere any scheme may stand there (8.2.2.1).
        for name, address in (("To", request.to), ("From", request.from_)):
            if _scheme(address.uri) not in schemes:
                return Rejection(400, f"URI scheme of {name} is not supported")
    return None


def _extension_fault(request: Request, extensions: Collection[str]) -> Rejection | None:
    if request.method in ("ACK", "CANCEL"):  # RFC 3261 8.2.2.3: ignored there
        return None
    required = _items(request, "Require") + _items(request, "Proxy-Require")
    unsupported = [tag for tag in required if tag not in extensions]
    if not unsupported:
        return None
    return Rejection(420, "extension is not supported", (("Unsupported", ", ".join(unsupported)),))


def _hops_fault(request: Request) -> Rejection | None:
    # Within a dialog we are the end of the way; so we are for those methods that we answer ourselves.
    is_forwarded = request.method not in _NEVER_FORWARDED and request.to.tag is None
    return Rejection(483, "Max-Forwards is 0") if is_forwarded and request.max_forwards == 0 else None


def _body_fault(request: Request, bodies: Collection[str]) -> Rejection | None:
    if request.body and (fault := _type_fault(request, bodies)) is not None and not _body_is_optional(request):
        return fault
    # An empty Accept accepts nothing; its absence stands for application/sdp (RFC 3261 20.1).
    is_choosy = request.method == "INVITE" and "Accept" in request.headers
    if is_choosy and not any(_accepts(wanted, bodies) for wanted in _items(request, "Accept")):
        return Rejection(406, "no body that we write is accepted", (("Accept", _listed(bodies)),))
    return None


def _type_fault(request: Request, bodies: Collection[str]) -> Rejection | None:
    if (request.content_type or "").partition(";")[0].strip().lower() not in bodies:
        return Rejection(415, "body of this type is not supported", (("Accept", _listed(bodies)),))
    if (request.headers.first("Content-Encoding") or "identity").lower() != "identity":
        return Rejection(415, "encoded body is not supported", (("Accept-Encoding", "identity"),))
    return None


def _body_is_optional(request: Request) -> bool:
    disposition = request.headers.first("Content-Disposition") or ""
    return "handling=optional" in "".join(disposition.lower().split())


def _accepts(wanted: str, bodies: Collection[str]) -> bool:
    media_range = wanted.partition(";")[0].strip().lower()
    major, _, minor = media_range.partition("/")
    if minor == "*":
        return major == "*" or any(body.startswith(f"{major}/") for body in bodies)
    return media_range in bodies


def _items(request: Request, name: str) -> list[str]:
    """The members of a comma-separated list of tokens, over all its lines."""
    return [item for line in request.headers.all(name) for part in line.split(",") if (item := part.strip())]


def _scheme(uri: str) -> str:
    return uri.partition(":")[0].lower()


def _listed(words: Collection[str]) -> str:
    return ", ".join(sorted(words))


def _in_quotes(text: str) -> str:
    printable = "".join(c if c.isprintable() else "?" for c in text)
    return printable.replace("\\", "\\\\").replace('"', '\\"')
