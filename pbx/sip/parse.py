"""Bytes to messages: the scan of `_scan.pyx`, and the exception where it found a fault."""

from __future__ import annotations

from pbx.sip._scan import Scanned, scan
from pbx.sip.errors import BadMessage
from pbx.sip.message import Headers, Request, Response


def parse_message(data: bytes, *, stream: bool = False) -> Request | Response:
    """Parses one message; header values are parsed when they are touched.

    As a datagram (RFC 3261 18.3): octets behind Content-Length are ignored, fewer are a fault, and without the header
    the body is the rest. With `stream` the header is required. Raises BadMessage, its `message` what can be answered.
    """
    scanned = scan(data, stream)
    if scanned.fault is None:
        return _built(scanned)
    message = _built(scanned) if scanned.is_sip else None
    raise BadMessage(scanned.fault, status_hint=scanned.status_hint, message=message)


def _built(scanned: Scanned) -> Request | Response:
    headers = Headers.scanned(scanned)
    if scanned.is_request:
        return Request(scanned.method, scanned.uri, headers, scanned.body)
    return Response(scanned.status, scanned.reason, headers, scanned.body)
