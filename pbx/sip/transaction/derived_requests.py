"""The two requests that are made from an INVITE of ours and share its branch: the ACK to a refusal, and CANCEL."""

from __future__ import annotations

from pbx.sip.message import Request, Response


def ack_to_refusal(invite: Request, response: Response) -> Request:
    """The ACK to a final response other than 2xx (RFC 3261 17.1.1.3)."""
    ack = _same_branch(invite, "ACK")
    ack.headers.set("To", response.headers.first("To") or "")  # with the tag that the refusal brought
    return ack


def cancel_of(invite: Request, *, reason: str = "") -> Request:
    """The CANCEL of an INVITE of ours (RFC 3261 9.1), with a Reason (RFC 3326) where there is one to tell.

    Its Via is the INVITE's, whole: some peers compare it all.
    """
    cancel = _same_branch(invite, "CANCEL")
    if reason:
        cancel.headers.add("Reason", reason)
    return cancel


def _same_branch(invite: Request, method: str) -> Request:
    request = Request(method, invite.uri)
    headers = request.headers
    headers.add("Via", str(invite.top_via))
    for route in invite.headers.all("Route"):
        headers.add("Route", route)
    headers.add("Max-Forwards", "70")
    for name in ("From", "To", "Call-ID"):
        headers.add(name, invite.headers.first(name) or "")
    headers.add("CSeq", f"{invite.cseq.number} {method}")
    return request
