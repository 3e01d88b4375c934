"""Header values that have structure: name-addr, Via, CSeq, parameters, challenges (RFC 3261 25.1).

Pure values; `_values.pyx` reads them. Parameters keep their values as they came, quotes included, so that what is
written is what was read; `.param()` takes the quotes off. Liberal where nothing is ambiguous (a display name such as
`John (Sales)`), strict where a guess could be wrong (an unquoted comma). Every `parse` raises BadMessage.
"""

from __future__ import annotations

import re

import msgspec

from pbx.sip import _values
from pbx.sip.uri import SipUri, write_hostport

Params = tuple[tuple[str, str | None], ...]

_TOKEN = re.compile(r"[A-Za-z0-9\-.!%*_+`'~]+")


def is_token(text: str) -> bool:
    """Whether the text may stand unquoted as a token."""
    return _TOKEN.fullmatch(text) is not None


def quote(text: str) -> str:
    """The text as a quoted-string."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def unquote(text: str) -> str:
    """The text of a quoted-string; text that is not quoted as it is."""
    return _values.unquote(text)


def parse_params(text: str) -> Params:
    """Parses `;a=b;c` to the end of the text, values as they came."""
    return _values.params(text)


def write_params(params: Params) -> str:
    """The inverse of `parse_params`."""
    return "".join([f";{name}" if value is None else f";{name}={value}" for name, value in params])


class NameAddr(msgspec.Struct, frozen=True):
    """`"Display" <uri>;params`, or an addr-spec, whose parameters are the header's (RFC 3261 20).

    The `*` of `Contact: *` is the URI `*`.
    """

    display: str
    uri: str
    params: Params = ()

    @classmethod
    def parse(cls, text: str) -> NameAddr:
        """One value, to the end of the text."""
        return _values.address(cls, text)

    @classmethod
    def parse_many(cls, text: str) -> list[NameAddr]:
        """A comma-separated list of one value or more."""
        return _values.addresses(cls, text)

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
        return _values.find_param(self.params, "tag")

    def param(self, name: str) -> str | None:
        """The parameter's value without quotes, `""` for one without a value, None where it is absent."""
        return _values.find_param(self.params, name)


class Via(msgspec.Struct, frozen=True):
    """One hop of the way back (RFC 3261 20.42). `transport` is as written, in capitals by custom."""

    transport: str
    host: str  # an IPv6 address stands without its brackets
    port: int | None = None
    params: Params = ()
    protocol: str = "SIP/2.0"

    @classmethod
    def parse(cls, text: str) -> Via:
        """One value, to the end of the text."""
        return _values.via(cls, text)

    @classmethod
    def parse_many(cls, text: str) -> list[Via]:
        """A comma-separated list of one value or more."""
        return _values.vias(cls, text)

    @classmethod
    def parse_first(cls, text: str) -> Via:
        """The first value of a list; the others are not looked at."""
        return _values.first_via(cls, text)

    def __str__(self) -> str:
        return f"{self.protocol}/{self.transport} {self.sent_by}{write_params(self.params)}"

    @property
    def sent_by(self) -> str:
        """`host` or `host:port`, IPv6 in brackets."""
        return write_hostport(self.host, self.port)

    @property
    def branch(self) -> str | None:
        """The transaction's name, if its first seven characters are `z9hG4bK`."""
        return _values.find_param(self.params, "branch")

    def param(self, name: str) -> str | None:
        """The parameter's value without quotes, `""` for one without a value (`;rport`), None where it is absent."""
        return _values.find_param(self.params, name)


class CSeq(msgspec.Struct, frozen=True):
    """A request's number in its dialog, and its method."""

    number: int
    method: str

    @classmethod
    def parse(cls, text: str) -> CSeq:
        """A number below 2**32 and a method."""
        return _values.cseq(cls, text)

    def __str__(self) -> str:
        return f"{self.number} {self.method}"


def parse_auth(text: str) -> tuple[str, dict[str, str]]:
    """A challenge or credentials: the scheme as written, and the parameters, names lower-cased, values unquoted.

    Credentials that are no list of parameters (`Bearer abc==`) come as the one parameter `""`.
    """
    return _values.auth(text)
