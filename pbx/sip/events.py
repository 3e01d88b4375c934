"""What a `SipStack` tells its user, one by one, through `poll()`."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from pbx.sip.flow import Flow
from pbx.sip.message import Request, Response


class Transmit(msgspec.Struct, frozen=True):
    """Bytes to send to `flow.remote` from `flow.local`."""

    flow: Flow
    data: bytes


class RequestReceived(msgspec.Struct, frozen=True):
    """A request that nobody has seen. An ACK to a 2xx has no transaction: it is not answered."""

    transaction: str | None
    request: Request
    flow: Flow


class CancelReceived(msgspec.Struct, frozen=True):
    """The INVITE `transaction` is taken back. The CANCEL has its 200; the INVITE still wants its 487."""

    transaction: str
    request: Request


class ResponseReceived(msgspec.Struct, frozen=True):
    """A response to a request of ours; a final one is shown once. A 2xx to an INVITE wants its ACK."""

    transaction: str
    response: Response
    flow: Flow


class TimedOut(msgspec.Struct, frozen=True):
    """No response in time to a request of ours: as a 408 (RFC 3261 8.1.3.1)."""

    transaction: str


class AckTimedOut(msgspec.Struct, frozen=True):
    """Our 2xx was resent until the end and no ACK came: the call is up at our side alone and wants a BYE (13.3.1.4)."""

    transaction: str


Event: TypeAlias = Transmit | RequestReceived | CancelReceived | ResponseReceived | TimedOut | AckTimedOut
