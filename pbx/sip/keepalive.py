"""What phones send to keep a NAT open, told from SIP before the parser (RFC 5626 3.5, 4.4; STUN: RFC 8489).

A STUN binding request on UDP is answered with the address that it came from; nothing else of STUN is spoken. Empty
datagrams of CR, LF, NUL or spaces are older habits: on UDP they do their work by arriving.
"""

from __future__ import annotations

from ipaddress import ip_address
from struct import Struct

from pbx.sip.flow import Flow
from pbx.sip.return_path import is_reliable

PING = b"\r\n\r\n"
PONG = b"\r\n"
EMPTY = b"\r\n\0 "

_HEADER = Struct("!HHI12s")  # type, length of what follows, magic cookie, transaction
_ATTRIBUTE = Struct("!HH")
_COOKIE = 0x2112A442
_COOKIE_BYTES = _COOKIE.to_bytes(4, "big")
_BINDING_REQUEST = 0x0001
_BINDING_RESPONSE = 0x0101
_BINDING_ERROR = 0x0111
_XOR_MAPPED_ADDRESS = 0x0020
_ERROR_CODE = 0x0009
_UNKNOWN_ATTRIBUTES = 0x000A
_OPTIONAL_FROM = 0x8000  # attributes from here on may be ignored; of those below we understand none


def is_keepalive(data: bytes) -> bool:
    """Whether this is no SIP and wants no parser. The first byte of SIP is a letter; STUN's is 0 or 1."""
    return not data or data[0] < 4 or (data[0] in EMPTY and not data.strip(EMPTY))


def answer_keepalive(flow: Flow, data: bytes) -> bytes | None:
    """The bytes to send back, if any."""
    if is_reliable(flow):
        return PONG if data == PING else None
    return _answer_binding_request(flow.remote, data)


def _answer_binding_request(source: tuple[str, int], data: bytes) -> bytes | None:
    if len(data) < _HEADER.size:
        return None
    kind, length, cookie, transaction = _HEADER.unpack_from(data)
    if kind != _BINDING_REQUEST or cookie != _COOKIE or length != len(data) - _HEADER.size or length % 4:
        return None
    unknown = _unknown_attributes(data)
    if unknown:
        kind, body = _BINDING_ERROR, _refusal(unknown)
    else:
        kind, body = _BINDING_RESPONSE, _xor_mapped_address(source, transaction)
    return _HEADER.pack(kind, len(body), _COOKIE, transaction) + body


def _unknown_attributes(data: bytes) -> list[int]:
    unknown = []
    at = _HEADER.size
    while at + _ATTRIBUTE.size <= len(data):
        kind, length = _ATTRIBUTE.unpack_from(data, at)
        if kind < _OPTIONAL_FROM:
            unknown.append(kind)
        at += _ATTRIBUTE.size + (length + 3) // 4 * 4
    return unknown


def _refusal(unknown: list[int]) -> bytes:
    """420 Unknown Attribute, with the list of them (RFC 8489 14.8, 14.9)."""
    listed = b"".join(kind.to_bytes(2, "big") for kind in unknown)
    padding = bytes(-len(listed) % 4)
    reason = b"Unknown Attribute..."
    return (
        _ATTRIBUTE.pack(_ERROR_CODE, 4 + len(reason))
        + bytes((0, 0, 4, 20))
        + reason
        + _ATTRIBUTE.pack(_UNKNOWN_ATTRIBUTES, len(listed))
        + listed
        + padding
    )


def _xor_mapped_address(source: tuple[str, int], transaction: bytes) -> bytes:
    address = ip_address(source[0].partition("%")[0])
    mask = _COOKIE_BYTES if address.version == 4 else _COOKIE_BYTES + transaction
    host = bytes(a ^ b for a, b in zip(address.packed, mask, strict=True))
    family = 1 if address.version == 4 else 2
    value = bytes((0, family)) + (source[1] ^ (_COOKIE >> 16)).to_bytes(2, "big") + host
    return _ATTRIBUTE.pack(_XOR_MAPPED_ADDRESS, len(value)) + value
