"""One contact of an address-of-record: what a phone registered, and the flow to reach it by.

A value that can be written down: the same JSON is what the spool keeps. Whose it is (tenant, address-of-record) stands
with whoever holds it.
"""

import msgspec
from msgspec import Struct

from pbx.sip.flow import Flow
from pbx.sip.headers import Params, write_params
from pbx.sip.uri import SipUri


class Binding(Struct, frozen=True):
    """`contact` is the URI as the phone gave it; requests to it travel over `flow`, where its REGISTER came from.

    Behind a NAT the address in `contact` leads nowhere, and a Request-URI other than its own makes some phones answer
    404: so the one is the Request-URI and the other the way. Fields are only added, with defaults.
    """

    contact: str
    flow: Flow
    call_id: str
    cseq: int
    expires_at: float  # unix seconds
    registered_at: float  # unix seconds of the REGISTER that made or last refreshed it
    params: Params = ()  # the Contact's own parameters as they came, without `expires`
    q: float = 1.0  # preference, 0 to 1
    path: tuple[str, ...] = ()  # RFC 3327: the Route of requests to it, the first hop first
    user_agent: str = ""

    @property
    def request_uri(self) -> str:
        """The Request-URI for requests to it: the contact without a `?headers` part, which none may have (19.1.1)."""
        uri = SipUri.parse(self.contact)
        return str(msgspec.structs.replace(uri, headers="")) if uri.headers else self.contact

    def same_contact(self, uri: SipUri, text: str) -> bool:
        """Whether a Contact with this URI means this binding (RFC 3261 19.1.4). `text` is the URI as written."""
        return text == self.contact or SipUri.parse(self.contact).same_as(uri)

    def as_contact(self, wall_now: float) -> str:
        """The Contact value that tells a phone of it."""
        left_s = max(0, round(self.expires_at - wall_now))
        return f"<{self.contact}>{write_params(self.params)};expires={left_s}"


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Binding)


def encode_binding(binding: Binding) -> bytes:
    """As JSON, so that a person can read what the spool holds."""
    return _encoder.encode(binding)


def decode_binding(record: bytes) -> Binding:
    """The inverse. Raises msgspec.MsgspecError for what no release wrote."""
    return _decoder.decode(record)
