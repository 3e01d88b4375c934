"""SIP and SIPS URIs (RFC 3261 19.1, RFC 5118 for IPv6). Pure values; other schemes stay text with whoever holds them.

User, password and parameters are held *unescaped*, once and never again (RFC 4475 3.1.1.3), and written escaped; so
equal users compare equal however they were spelled. The part after `?` is held as it came: nothing here turns it into
headers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import quote, unquote

import msgspec

from pbx.sip import _values
from pbx.sip.errors import BadMessage

SCHEMES = ("sip", "sips")
PARSED_MAX = (
    2048  # URIs kept parsed; then the one unused for longest is dropped. Values are immutable, so sharing is safe.
)
PARSED_LENGTH_MAX = 256  # characters; longer ones are parsed each time, so that the table stays below a megabyte or two

# Parameters that make two URIs differ even when only one of them has it (RFC 3261 19.1.4; transport by its examples).
_ALWAYS_COMPARED = ("user", "ttl", "method", "maddr", "transport")

# Safe beyond letters, digits and "_.-~", which `quote` always leaves alone.
_USER_SAFE = "!*'()&=+$,;?/"
_PASSWORD_SAFE = "!*'()&=+$,"
_PARAM_SAFE = "!*'()[]/:&+$"

_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_NEVER = re.compile(r'[\x00-\x20\x7f<>"]')


def parse_hostport(text: str) -> tuple[str, int | None]:
    """`host`, `host:port`, `[v6]` or `[v6]:port`; the IPv6 host comes back without its brackets. Raises BadMessage."""
    return _values.hostport(text)


def write_hostport(host: str, port: int | None) -> str:
    """The inverse of `parse_hostport`."""
    bracketed = f"[{host}]" if ":" in host else host
    return bracketed if port is None else f"{bracketed}:{port}"


class SipUri(msgspec.Struct, frozen=True):
    """A `sip:` or `sips:` URI. `same_as` compares as the RFC says; `==` compares the fields."""

    scheme: str
    user: str | None
    password: str | None
    host: str  # an IPv6 address stands without its brackets
    port: int | None = None
    params: tuple[tuple[str, str | None], ...] = ()
    headers: str = ""

    @classmethod
    def parse(cls, text: str) -> SipUri:
        """Raises BadMessage: 400, or 416 where the scheme is another."""
        return _parse_kept(text) if len(text) <= PARSED_LENGTH_MAX else _parse(text)

    def __str__(self) -> str:
        parts = [self.scheme, ":"]
        if self.user is not None:
            parts.append(_escape(self.user, _USER_SAFE))
            if self.password is not None:
                parts += (":", _escape(self.password, _PASSWORD_SAFE))
            parts.append("@")
        parts.append(self.hostport)
        for name, value in self.params:
            parts += (";", _escape(name, _PARAM_SAFE))
            if value is not None:
                parts += ("=", _escape(value, _PARAM_SAFE))
        if self.headers:
            parts += ("?", self.headers)
        return "".join(parts)

    @property
    def hostport(self) -> str:
        """`host` or `host:port` as it stands in the URI, IPv6 in brackets."""
        return write_hostport(self.host, self.port)

    def param(self, name: str) -> str | None:
        """The parameter's value, `""` for one without a value (`;lr`), None where it is absent."""
        for own, value in self.params:
            if own.lower() == name.lower():
                return value or ""
        return None

    def same_as(self, other: SipUri) -> bool:
        """Whether both name the same resource by RFC 3261 19.1.4 (which is not transitive)."""
        return (
            self.scheme == other.scheme
            and self.user == other.user
            and self.password == other.password
            and self.host.lower() == other.host.lower()
            and self.port == other.port
            and self._params_agree(other)
            and _header_set(self.headers) == _header_set(other.headers)
        )

    def _params_agree(self, other: SipUri) -> bool:
        mine, theirs = _param_table(self.params), _param_table(other.params)
        if any((name in mine) != (name in theirs) for name in _ALWAYS_COMPARED):
            return False
        return all(mine[name] == theirs[name] for name in mine.keys() & theirs.keys())


def _parse(text: str) -> SipUri:
    scheme, colon, rest = text.partition(":")
    scheme = scheme.lower()
    if not colon:
        raise BadMessage(f"no scheme in URI {text[:80]!r}")
    if scheme not in SCHEMES:
        raise BadMessage(f"URI scheme {scheme[:40]!r} is not supported", status_hint=416)
    if _NEVER.search(rest):
        raise BadMessage(f"character not allowed in URI {text[:80]!r}")
    # ";" and "?" are legal in a user part, so they are looked for behind the first "@" (RFC 4475 3.1.1.9).
    userinfo, at, behind = rest.partition("@")
    address, _, headers = (behind if at else rest).partition("?")
    hostport, semicolon, params = address.partition(";")
    host, port = parse_hostport(hostport)
    user, password = _split_userinfo(userinfo) if at else (None, None)
    return SipUri(scheme, user, password, host, port, _split_params(params) if semicolon else (), headers)


_parse_kept = lru_cache(PARSED_MAX)(_parse)


def _split_userinfo(text: str) -> tuple[str, str | None]:
    # Phones send "#" and other characters that should have been escaped: the "@" leaves no doubt where the user ends.
    if not text:
        raise BadMessage("empty user part in URI")
    user, colon, password = text.partition(":")
    return _unescape(user), _unescape(password) if colon else None


def _split_params(text: str) -> tuple[tuple[str, str | None], ...]:
    params: list[tuple[str, str | None]] = []
    for part in text.split(";"):
        name, equals, value = part.partition("=")
        if not name:
            raise BadMessage(f"empty parameter in URI parameters {text[:80]!r}")
        params.append((_unescape(name), _unescape(value) if equals else None))
    return tuple(params)


def _unescape(text: str) -> str:
    if "%" not in text:
        return text
    if _BROKEN_ESCAPE.search(text):
        raise BadMessage(f"broken escape in URI part {text[:80]!r}")
    return unquote(text, errors="surrogateescape")


def _escape(text: str, safe: str) -> str:
    return quote(text, safe=safe, errors="surrogateescape")


def _param_table(params: Iterable[tuple[str, str | None]]) -> dict[str, str]:
    return {name.lower(): (value or "").lower() for name, value in params}


def _header_set(text: str) -> list[tuple[str, str]]:
    """Names are compared without case, values as they are; the order says nothing."""
    pairs = (part.partition("=") for part in text.split("&") if part)
    return sorted((unquote(name).lower(), unquote(value)) for name, _, value in pairs)
