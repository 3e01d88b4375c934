"""The records of a session description (RFC 8866 5). Values only: nothing here parses, writes or decides.

Every line of a valid description has its place in these records, so writing them gives the text back. Numbers that
nobody computes with (session id, times, bandwidth) stay text, as they came.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address

_IP_TEXT_MAX = 45  # characters: ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255

# A host name (RFC 1123 2.1); one that ends in a number was meant as an address, and is a wrong one.
_LABEL = r"[A-Za-z0-9_][A-Za-z0-9_-]{0,62}"
_HOST_NAME_MAX = 253  # characters
_HOST_NAME = re.compile(rf"(?=.{{1,{_HOST_NAME_MAX}}}$)(?!.*(?:^|\.)\d+\.?$){_LABEL}(?:\.{_LABEL})*\.?", re.ASCII)


class Direction(StrEnum):
    """Who sends, seen from the side that says it (RFC 8866 6.7)."""

    SENDRECV = "sendrecv"
    SENDONLY = "sendonly"
    RECVONLY = "recvonly"
    INACTIVE = "inactive"

    @classmethod
    def of(cls, *, sends: bool, receives: bool) -> Direction:
        """The direction with these two halves."""
        if sends:
            return cls.SENDRECV if receives else cls.SENDONLY
        return cls.RECVONLY if receives else cls.INACTIVE

    @property
    def sends(self) -> bool:
        """Whether the side that says it sends."""
        return self in (Direction.SENDRECV, Direction.SENDONLY)

    @property
    def receives(self) -> bool:
        """Whether the side that says it receives."""
        return self in (Direction.SENDRECV, Direction.RECVONLY)

    @property
    def reversed(self) -> Direction:
        """The same stream seen from the other end."""
        return Direction.of(sends=self.receives, receives=self.sends)

    def within(self, other: Direction) -> Direction:
        """What is left of it where only `other` is allowed."""
        return Direction.of(sends=self.sends and other.sends, receives=self.receives and other.receives)


@dataclass(frozen=True, slots=True)
class Attribute:
    """An a= line: `a=name` has no value, `a=name:` has an empty one."""

    name: str
    value: str | None = None

    def __repr__(self) -> str:
        # Keys stand in SDP in clear (RFC 4568 4); they must not stand in logs and tracebacks too.
        value = self.value if self.name != "crypto" else "(hidden)"
        return f"Attribute({self.name!r}, {value!r})"


@dataclass(frozen=True, slots=True)
class Origin:
    """The o= line: who made the description, and which version of it this is. The peer's numbers are opaque to us."""

    username: str
    session_id: str
    version: str
    network_type: str
    address_type: str
    address: str


@dataclass(frozen=True, slots=True)
class Connection:
    """A c= line. `address` may carry a TTL and a count, as multicast does: 224.2.36.42/127/3."""

    network_type: str
    address_type: str
    address: str

    @classmethod
    def of(cls, address: str) -> Connection:
        """The c= line for an IPv4 or IPv6 address or a host name."""
        return cls("IN", "IP6" if ":" in address else "IP4", address)

    @property
    def host(self) -> str | None:
        """The address alone, in its canonical form, or the host name; None where it is neither.

        An IPv4-mapped IPv6 address names an IPv4 host (RFC 4291 2.5.5.2) and is given as IPv4.
        """
        text = self.address.partition("/")[0]
        return _host(text) if len(text) <= _HOST_NAME_MAX else None

    @property
    def ip(self) -> IPv4Address | IPv6Address | None:
        """The address as a number; None for a host name."""
        text = self.address.partition("/")[0]
        return _ip(text) if len(text) <= _IP_TEXT_MAX else None


@lru_cache(maxsize=1024)  # as below
def _host(text: str) -> str | None:
    ip = _ip(text) if len(text) <= _IP_TEXT_MAX else None
    if ip is not None:
        return str(ip)
    return text if _HOST_NAME.fullmatch(text) else None


@lru_cache(maxsize=1024)  # one negotiation asks a dozen times for one address: half of its time, before this
def _ip(text: str) -> IPv4Address | IPv6Address | None:
    try:
        ip = ip_address(text)
    except ValueError:
        return None
    if isinstance(ip, IPv6Address):
        if ip.scope_id is not None:  # a zone means something on the machine that said it, and only there
            return None
        return ip.ipv4_mapped or ip
    return ip


@dataclass(frozen=True, slots=True)
class Bandwidth:
    """A b= line: `AS` in kbit/s, `TIAS`, `RS`, `RR` in bit/s; types starting with `X-` as their makers wish."""

    kind: str
    value: str


@dataclass(frozen=True, slots=True)
class TimeDescription:
    """A t= line with its r= and z= lines; `0 0` is a session without bounds, and all that telephony uses."""

    active: str = "0 0"
    repeats: tuple[str, ...] = ()
    zone: str | None = None


class _Attributed:
    """Look-up of attributes by name; names are case-sensitive (RFC 8866 6)."""

    __slots__ = ()
    attributes: tuple[Attribute, ...]

    def first(self, name: str) -> str | None:
        """The value of the first attribute of that name; None where there is none or it has no value."""
        return next((a.value for a in self.attributes if a.name == name and a.value is not None), None)

    def all(self, name: str) -> tuple[str, ...]:
        """The values of every attribute of that name, in order (`crypto`, `candidate`, `rtpmap` …)."""
        return tuple(a.value for a in self.attributes if a.name == name and a.value is not None)

    def has(self, name: str) -> bool:
        """Whether the attribute is there, with a value or without one (`rtcp-mux`)."""
        return any(a.name == name for a in self.attributes)


@dataclass(frozen=True, slots=True)
class MediaDescription(_Attributed):
    """An m= line and the lines under it. Port 0 is a stream refused or switched off (RFC 3264 6, 8.2)."""

    kind: str
    port: int
    protocol: str
    formats: tuple[str, ...]
    port_count: int | None = None
    information: str | None = None
    connections: tuple[Connection, ...] = ()
    bandwidths: tuple[Bandwidth, ...] = ()
    key: str | None = None
    attributes: tuple[Attribute, ...] = ()

    @property
    def is_rtp(self) -> bool:
        """Whether its formats are RTP payload types."""
        return "RTP/" in self.protocol


@dataclass(frozen=True, slots=True)
class SessionDescription(_Attributed):
    """A whole description; `name` is None and `times` empty where the peer left out these mandatory lines."""

    origin: Origin
    name: str | None = "-"
    information: str | None = None
    uri: str | None = None
    emails: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    connection: Connection | None = None
    bandwidths: tuple[Bandwidth, ...] = ()
    times: tuple[TimeDescription, ...] = (TimeDescription(),)
    key: str | None = None
    attributes: tuple[Attribute, ...] = ()
    media: tuple[MediaDescription, ...] = ()
