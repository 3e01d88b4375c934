"""Whose fault it was decides the class: ours (LocalProtocolError) or the peer's (RemoteProtocolError)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pbx.sip.message import Request, Response


class SipError(Exception):
    """Anything that went wrong in `pbx.sip`."""


class LocalProtocolError(SipError):
    """We asked for nonsense: a header value with a line break, a response to no request."""


class RemoteProtocolError(SipError):
    """They sent nonsense. `status_hint` is the SIP status that says so, `reason` the words to say it with."""

    def __init__(self, reason: str, *, status_hint: int = 400) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status_hint = status_hint


class BadMessage(RemoteProtocolError):
    """A message, or a part of one, that breaks the grammar.

    `message` is what could be read of it, for an answer; None where an answer is not possible (it is no SIP at all) or
    the part was read on its own.
    """

    def __init__(self, reason: str, *, status_hint: int = 400, message: Request | Response | None = None) -> None:
        super().__init__(reason, status_hint=status_hint)
        self.message = message
