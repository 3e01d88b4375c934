"""What `poll()` of a transaction hands out. The stack adds the flow and the transaction's name."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from pbx.sip.message import Response


class Send(msgspec.Struct, frozen=True):
    """Bytes for the peer. A resend is counted: on a link that loses nothing there is none."""

    data: bytes
    is_resend: bool = False


class Deliver(msgspec.Struct, frozen=True):
    """A response that the transaction's user has not seen."""

    response: Response


class CancelDue(msgspec.Struct, frozen=True):
    """The CANCEL that was asked for may go now (RFC 3261 9.1)."""


class GaveUp(msgspec.Struct, frozen=True):
    """The peer did not answer in time."""


Output: TypeAlias = Send | Deliver | CancelDue | GaveUp
