"""Header values that have structure: name-addr, Via, CSeq, parameters, challenges (RFC 3261 25.1).

Pure values. Parameters keep their values as they came, quotes included, so that what is written is what was read;
`.param()` takes the quotes off. Liberal where nothing is ambiguous (a display name such as `John (Sales)`), strict
where a guess could be wrong (an unquoted comma). The patterns are possessive, so that their time is linear in the text
(on single characters only: CPython before 3.11.5 gets possessive groups wrong).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from pbx.sip.errors import BadMessage
from pbx.sip.uri import SipUri, parse_hostport, write_hostport

Params = tuple[tuple[str, str | None], ...]

CSEQ_MAX = 2**32 - 1  # RFC 3261 8.1.1.5 asks for less than 2**31; RFC 4475 3.1.2.4 refuses from 2**32

_TOKEN = r"[A-Za-z0-9\-.!%*_+`'~]++"
_QUOTED = r'"[^"\\]*+(?:\\.[^"\\]*+)*"'
_ONLY_TOKEN = re.compile(_TOKEN)
_PAIR = re.compile(r"\\(.)", re.DOTALL)

# One `;name` or `;name=value`. A value may be more than a token or host: tags with "=" and bare IPv6 addresses exist.
_PARAM = re.compile(rf'\s*+;\s*+([^\s;=,"<>]++)\s*+(?:=\s*+({_QUOTED}|[^\s;,"<>]++)\s*+)?', re.DOTALL)
_DISPLAY_AND_URI = re.compile(rf'\s*+(?:({_QUOTED})\s*+|([^"<>,;:\\]*+))<([^\s<>"]++)>\s*+', re.DOTALL)
_ADDR_SPEC = re.compile(r'\s*+([A-Za-z][A-Za-z0-9+.\-]*+:[^\s<>",;?]++|\*)\s*+')
_SENT_BY = r"(\[[^\s\]]*+\]|[^\s;,:\[]++)(?:\s*+:\s*+([^\s;,]++))?"
_VIA = re.compile(rf"\s*+({_TOKEN})\s*+/\s*+({_TOKEN})\s*+/\s*+({_TOKEN})\s++{_SENT_BY}\s*+")
_CSEQ = re.compile(rf"([0-9]++)\s++({_TOKEN})")
_AUTH = re.compile(rf"({_TOKEN})(?:\s++|$)")
_TOKEN68 = re.compile(r"[A-Za-z0-9\-._~+/]++=*+")
_AUTH_PARAM = re.compile(rf"\s*+({_TOKEN})\s*+=\s*+({_QUOTED}|[^\s,\"]++)\s*+(?:,|$)", re.DOTALL)


def is_token(text: str) -> bool:
    """Whether the text may stand unquoted as a token."""
    return _ONLY_TOKEN.fullmatch(text) is not None


def quote(text: str) -> str:
    """The text as a quoted-string."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def unquote(text: str) -> str:
    """The text of a quoted-string; text that is not quoted as it is."""
    if not text.startswith('"'):
        return text
    return _PAIR.sub(r"\1", text[1:-1]) if "\\" in text else text[1:-1]


def parse_params(text: str) -> Params:
    """Parses `;a=b;c` to the end of the text, values as they came. Raises BadMessage."""
    params, end = _params_at(text, 0)
    if end != len(text):
        raise BadMessage(f"bad parameters {text[end : end + 80]!r}")
    return params


def write_params(params: Params) -> str:
    """The inverse of `parse_params`."""
    return "".join(f";{name}" if value is None else f";{name}={value}" for name, value in params)


def _params_at(text: str, at: int) -> tuple[Params, int]:
    params: list[tuple[str, str | None]] = []
    while (match := _PARAM.match(text, at)) is not None:
        params.append((match[1], match[2]))
        at = match.end()
    return tuple(params), at


def _find_param(params: Params, name: str) -> str | None:
    lowered = name.lower()
    for own, value in params:
        if own == name or own.lower() == lowered:
            return unquote(value) if value is not None else ""
    return None


def _comes_next(text: str, at: int, what: str) -> int:
    """Where the next value of a comma-separated list starts; the text's length at its end."""
    if at >= len(text):
        return at
    if text[at] != ",":
        raise BadMessage(f"{what}: {text[at : at + 80]!r} cannot be read")
    if not text[at + 1 :].strip():
        raise BadMessage(f"{what}: nothing behind the last comma")
    return at + 1


class NameAddr(msgspec.Struct, frozen=True):
    """`"Display" <uri>;params`, or an addr-spec, whose parameters are the header's (RFC 3261 20).

    The `*` of `Contact: *` is the URI `*`.
    """

    display: str
    uri: str
    params: Params = ()

    @classmethod
    def parse(cls, text: str) -> NameAddr:
        """One value, to the end of the text. Raises BadMessage."""
        value, end = cls._parse_at(text, 0)
        if end != len(text):
            raise BadMessage(f"{text[end : end + 80]!r} cannot be read as part of an address")
        return value

    @classmethod
    def parse_many(cls, text: str) -> list[NameAddr]:
        """A comma-separated list of one value or more. Raises BadMessage."""
        values: list[NameAddr] = []
        at = 0
        while at < len(text) or not values:
            value, at = cls._parse_at(text, at)
            values.append(value)
            at = _comes_next(text, at, "address")
        return values

    @classmethod
    def _parse_at(cls, text: str, at: int) -> tuple[NameAddr, int]:
        if (match := _DISPLAY_AND_URI.match(text, at)) is not None:
            display = unquote(match[1]) if match[1] is not None else " ".join(match[2].split())
            uri = match[3]
        elif (match := _ADDR_SPEC.match(text, at)) is not None:
            display, uri = "", match[1]
        else:
            raise BadMessage(f"{text[at : at + 80]!r} is no address")
        params, end = _params_at(text, match.end())
        return cls(display, uri, params), end

    def __str__(self) -> str:
        if self.uri == "*":
            return f"*{write_params(self.params)}"
        display = f"{quote(self.display)} " if self.display else ""
        return f"{display}<{self.uri}>{write_params(self.params)}"

    @property
    def sip_uri(self) -> SipUri:
        """The URI, parsed. Raises BadMessage: 400, or 416 for another scheme."""
        return SipUri.parse(self.uri)

    @property
    def tag(self) -> str | None:
        """The tag of a From or To."""
        return _find_param(self.params, "tag")

    def param(self, name: str) -> str | None:
        """The parameter's value without quotes, `""` for one without a value, None where it is absent."""
        return _find_param(self.params, name)


class Via(msgspec.Struct, frozen=True):
    """One hop of the way back (RFC 3261 20.42). `transport` is as written, in capitals by custom."""

    transport: str
    host: str  # an IPv6 address stands without its brackets
    port: int | None = None
    params: Params = ()
    protocol: str = "SIP/2.0"

    @classmethod
    def parse(cls, text: str) -> Via:
        """One value, to the end of the text. Raises BadMessage."""
        value, end = cls._parse_at(text, 0)
        if end != len(text):
            raise BadMessage(f"{text[end : end + 80]!r} cannot be read as part of a Via")
        return value

    @classmethod
    def parse_many(cls, text: str) -> list[Via]:
        """A comma-separated list of one value or more. Raises BadMessage."""
        values: list[Via] = []
        at = 0
        while at < len(text) or not values:
            value, at = cls._parse_at(text, at)
            values.append(value)
            at = _comes_next(text, at, "Via")
        return values

    @classmethod
    def parse_first(cls, text: str) -> Via:
        """The first value of a list; the others are not looked at. Raises BadMessage."""
        value, end = cls._parse_at(text, 0)
        _comes_next(text, end, "Via")
        return value

    @classmethod
    def _parse_at(cls, text: str, at: int) -> tuple[Via, int]:
        if (match := _VIA.match(text, at)) is None:
            raise BadMessage(f"{text[at : at + 80]!r} is no Via")
        host, port = parse_hostport(match[4] if match[5] is None else f"{match[4]}:{match[5]}")
        params, end = _params_at(text, match.end())
        return cls(match[3], host, port, params, f"{match[1]}/{match[2]}"), end

    def __str__(self) -> str:
        return f"{self.protocol}/{self.transport} {self.sent_by}{write_params(self.params)}"

    @property
    def sent_by(self) -> str:
        """`host` or `host:port`, IPv6 in brackets."""
        return write_hostport(self.host, self.port)

    @property
    def branch(self) -> str | None:
        """The transaction's name, if its first seven characters are `z9hG4bK`."""
        return _find_param(self.params, "branch")

    def param(self, name: str) -> str | None:
        """The parameter's value without quotes, `""` for one without a value (`;rport`), None where it is absent."""
        return _find_param(self.params, name)


class CSeq(msgspec.Struct, frozen=True):
    """A request's number in its dialog, and its method."""

    number: int
    method: str

    @classmethod
    def parse(cls, text: str) -> CSeq:
        """Raises BadMessage."""
        match = _CSEQ.fullmatch(text)
        # Counted before converted: a million digits must not cost a second.
        if match is None or len(match[1]) > 20 or int(match[1]) > CSEQ_MAX:
            raise BadMessage(f"{text[:80]!r} is no sequence number below 2**32 and method")
        return cls(int(match[1]), match[2])

    def __str__(self) -> str:
        return f"{self.number} {self.method}"


def parse_auth(text: str) -> tuple[str, dict[str, str]]:
    """A challenge or credentials: the scheme as written, and the parameters, names lower-cased, values unquoted.

    Credentials that are no list of parameters (`Bearer abc==`) come as the one parameter `""`. Raises BadMessage.
    """
    text = text.strip()
    if (match := _AUTH.match(text)) is None:
        raise BadMessage(f"{text[:80]!r} has no authentication scheme")
    if _TOKEN68.fullmatch(text, match.end()):
        return match[1], {"": text[match.end() :]}
    params: dict[str, str] = {}
    for name, value in _auth_params(text, match.end()):
        # RFC 7616 3.4: a parameter must not come twice; taking one of them would be a guess.
        if name in params:
            raise BadMessage(f"authentication parameter {name[:40]!r} comes twice")
        params[name] = value
    return match[1], params


def _auth_params(text: str, at: int) -> Iterator[tuple[str, str]]:
    while at < len(text):
        if (match := _AUTH_PARAM.match(text, at)) is None:
            raise BadMessage(f"bad authentication parameters {text[at : at + 80]!r}")
        yield match[1].lower(), unquote(match[2])
        at = match.end()
