"""A dialog: what two ends remember of each other between requests (RFC 3261 12). A value that can be written and read.

Makes the requests that go out in it and judges the ones that come in. Sends nothing and knows no transaction; an INVITE
that forks has one dialog for each To tag that answers.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

import msgspec

from pbx.sip.errors import BadMessage, LocalProtocolError, RemoteProtocolError
from pbx.sip.flow import Flow
from pbx.sip.headers import NameAddr
from pbx.sip.message import Headers, Request, Response
from pbx.sip.uri import SipUri

MAX_FORWARDS = 70

# Their Contact moves the remote target (RFC 3261 12.2, RFC 3311, RFC 6665, RFC 5057 5).
TARGET_REFRESH = frozenset({"INVITE", "UPDATE", "SUBSCRIBE", "NOTIFY", "REFER"})

DialogId: TypeAlias = tuple[str, str, str]  # Call-ID, our tag, their tag


class Dialog(msgspec.Struct):
    """`local` is us, whoever began. A tag that an RFC 2543 peer leaves out is the empty string."""

    call_id: str
    local_tag: str
    remote_tag: str
    local_uri: str  # name-addr without tag, as From or To had it
    remote_uri: str
    local_contact: str  # a Contact value
    remote_target: str  # a URI
    route_set: list[str]  # name-addrs, the next hop first
    local_seq: int
    remote_seq: int | None
    flow: Flow
    early: bool

    @classmethod
    def from_request(cls, request: Request, flow: Flow, *, local_tag: str, local_contact: str) -> Dialog:
        """The dialog that our response with `local_tag` makes of a request received (12.1.1), early until `confirm()`.

        Raises BadMessage where the request has no Contact, or one that cannot be read.
        """
        return cls(
            call_id=request.call_id,
            local_tag=local_tag,
            remote_tag=request.from_.tag or "",
            local_uri=_without_tag(request.to),
            remote_uri=_without_tag(request.from_),
            local_contact=local_contact,
            remote_target=_contact_uri(request),
            route_set=_routes_of(request),
            local_seq=0,
            remote_seq=request.cseq.number,
            flow=flow,
            early=True,
        )

    @classmethod
    def from_response(cls, request: Request, response: Response, flow: Flow) -> Dialog:
        """The dialog that a response to our request makes (12.1.2): early from a 1xx, confirmed from a 2xx.

        Raises BadMessage where a header cannot be read.
        """
        contacts = request.contacts
        return cls(
            call_id=request.call_id,
            local_tag=request.from_.tag or "",
            remote_tag=response.to.tag or "",
            local_uri=_without_tag(request.from_),
            remote_uri=_without_tag(request.to),
            local_contact=str(contacts[0]) if contacts else "",
            # Gateways leave the Contact out of a 180 that has a tag; until the 2xx the Request-URI is as good.
            remote_target=_contact_uri(response) if response.contacts else request.uri,
            route_set=_routes_of(response)[::-1],
            local_seq=request.cseq.number,
            remote_seq=None,
            flow=flow,
            early=response.status < 200,
        )

    @property
    def id(self) -> DialogId:
        """Equal to `dialog_id_of(message)` of every request received in it."""
        return self.call_id, self.local_tag, self.remote_tag

    # -- what we send --------------------------------------------------------------------------------------------------

    def make_request(
        self,
        method: str,
        *,
        body: bytes = b"",
        content_type: str | None = None,
        headers: Iterable[tuple[str, str]] = (),
    ) -> Request:
        """The next request in this dialog, its CSeq raised (12.2.1.1). The stack adds the Via."""
        if method in ("ACK", "CANCEL"):
            raise LocalProtocolError(f"{method} has its INVITE's CSeq: use make_ack(), or the stack's cancel()")
        self.local_seq += 1
        request = self._request(method, self.local_seq)
        if method in TARGET_REFRESH and self.local_contact:
            request.headers.add("Contact", self.local_contact)
        for name, value in headers:
            request.headers.add(name, value)
        if content_type is not None:
            request.headers.add("Content-Type", content_type)
        request.body = body
        return request

    def make_ack(self, cseq_number: int, *, body: bytes = b"", content_type: str | None = None) -> Request:
        """The ACK to the 2xx of the INVITE with that number (13.2.2.4); its body answers an offer that the 2xx made."""
        ack = self._request("ACK", cseq_number)
        if content_type is not None:
            ack.headers.add("Content-Type", content_type)
        ack.body = body
        return ack

    def confirm(self) -> None:
        """We answered with a 2xx."""
        self.early = False

    # -- what they send ------------------------------------------------------------------------------------------------

    def receive_request(self, request: Request) -> None:
        """Takes note of a request in this dialog (12.2.2).

        Raises RemoteProtocolError (500) for one that comes after a later one, BadMessage for a Contact that cannot be
        read; either way nothing has changed.
        """
        number = request.cseq.number
        if request.method in ("ACK", "CANCEL"):
            return  # they carry their INVITE's number
        if self.remote_seq is not None and number < self.remote_seq:
            raise RemoteProtocolError(f"CSeq {number} after {self.remote_seq}", status_hint=500)
        if request.method in TARGET_REFRESH and request.contacts:
            self.remote_target = _contact_uri(request)
        self.remote_seq = number

    def receive_response(self, response: Response) -> None:
        """Takes note of a response to a request that we sent in this dialog, or to the INVITE that made it.

        The first 2xx confirms an early dialog and says its route set anew (13.2.2.4); any 2xx to a request that
        refreshes the target moves it. Raises BadMessage where a header cannot be read; then nothing has changed.
        """
        if not 200 <= response.status < 300:
            return
        is_refresh = response.cseq.method in TARGET_REFRESH and bool(response.contacts)
        target = _contact_uri(response) if is_refresh else self.remote_target
        if self.early and response.cseq.method == "INVITE":
            self.route_set = _routes_of(response)[::-1]
            self.early = False
        self.remote_target = target

    # -- how a request is made -----------------------------------------------------------------------------------------

    def _request(self, method: str, number: int) -> Request:
        uri, routes = self._uri_and_routes()
        fields = [("Route", route) for route in routes]
        fields += [
            ("Max-Forwards", str(MAX_FORWARDS)),
            ("From", _with_tag(self.local_uri, self.local_tag)),
            ("To", _with_tag(self.remote_uri, self.remote_tag)),
            ("Call-ID", self.call_id),
            ("CSeq", f"{number} {method}"),
        ]
        return Request(method, uri, Headers(fields))

    def _uri_and_routes(self) -> tuple[str, list[str]]:
        """Request-URI and Route (12.2.1.1): a first proxy without `;lr` is a strict router and is itself the target."""
        if not self.route_set:
            return self.remote_target, []
        first = NameAddr.parse(self.route_set[0])
        if first.sip_uri.param("lr") is not None:
            return self.remote_target, self.route_set
        return _as_request_uri(first.sip_uri), [*self.route_set[1:], f"<{self.remote_target}>"]


def dialog_id_of(request: Request) -> DialogId:
    """The id of the dialog that a request received belongs to, if there is such a one. Raises BadMessage."""
    return request.call_id, request.to.tag or "", request.from_.tag or ""


def _without_tag(address: NameAddr) -> str:
    kept = tuple(param for param in address.params if param[0].lower() != "tag")
    return str(NameAddr(address.display, address.uri, kept))


def _with_tag(address: str, tag: str) -> str:
    return f"{address};tag={tag}" if tag else address


def _contact_uri(message: Request | Response) -> str:
    contacts = message.contacts
    if len(contacts) != 1:
        raise BadMessage(f"Contact: one is wanted, {len(contacts)} came", message=message)
    _check_sip_uri(contacts[0], "Contact", message)
    return contacts[0].uri


def _routes_of(message: Request | Response) -> list[str]:
    for route in message.record_routes:
        _check_sip_uri(route, "Record-Route", message)
    return [str(route) for route in message.record_routes]


def _check_sip_uri(address: NameAddr, name: str, message: Request | Response) -> None:
    """Now, while there is somebody to tell: `make_request()` must not fail over what the peer said."""
    try:
        _ = address.sip_uri
    except BadMessage as bad:
        raise BadMessage(f"{name}: {bad.reason}", message=message) from None


def _as_request_uri(uri: SipUri) -> str:
    """Without what may not stand in a Request-URI (19.1.1): the method parameter and headers."""
    params = tuple(param for param in uri.params if param[0].lower() != "method")
    return str(msgspec.structs.replace(uri, params=params, headers=""))
