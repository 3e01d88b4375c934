"""Which transaction a message belongs to (RFC 3261 17.1.3, 17.2.3), and which dialog an ACK does.

A key is also the transaction's name: it can be made again from the same message in another process. A server's key has
spaces in it and a client's has none, so the two never meet.
"""

from __future__ import annotations

from pbx.sip.errors import BadMessage
from pbx.sip.message import Request, Response

MAGIC_COOKIE = "z9hG4bK"

AckKey = tuple[str, str | None, str | None, int]
MergeKey = tuple[str | None, str, int, str]


def check_readable(message: Request | Response) -> None:
    """Reads what transactions and dialogs live on, so that later nothing stops half-way. Raises BadMessage."""
    cseq = (message.top_via, message.from_, message.to, message.call_id, message.cseq)[-1]
    if isinstance(message, Request) and cseq.method != message.method:
        raise BadMessage(f"CSeq: method {cseq.method[:40]!r} in a {message.method[:40]}", message=message)


def server_key(request: Request, method: str) -> str:
    """The key of a request received; `method` is INVITE for the one that an ACK or CANCEL means. Raises BadMessage."""
    via = request.top_via
    branch = via.branch
    # The cookie alone names nothing (RFC 4475's message "badbranch"): compared as if there were no branch.
    if branch is not None and branch.startswith(MAGIC_COOKIE) and len(branch) > len(MAGIC_COOKIE):
        return f"{branch} {via.sent_by.lower()} {method}"
    return _rfc2543_key(request, method)


def _rfc2543_key(request: Request, method: str) -> str:
    # The To tag is left out for INVITE: its ACK has one and its CANCEL has none.
    to_tag = "" if method == "INVITE" else request.to.tag
    parts = (request.uri, to_tag, request.from_.tag, request.call_id, request.cseq.number, request.top_via, method)
    return " ".join(map(str, parts))


def client_key(branch: str, method: str) -> str:
    """The key of a request of ours. CANCEL shares its INVITE's branch."""
    return f"{branch}+cancel" if method == "CANCEL" else branch


def response_key(response: Response) -> str:
    """The key of the request that the response answers. Raises BadMessage."""
    return client_key(response.top_via.branch or "", response.cseq.method)


def ack_key(request: Request) -> AckKey:
    """What an ACK to a 2xx and that 2xx have in common. Raises BadMessage."""
    return request.call_id, request.to.tag, request.from_.tag, request.cseq.number


def merge_key(request: Request) -> MergeKey | None:
    """Equal for copies of one request that came by several ways (8.2.2.2); None inside a dialog. Raises BadMessage."""
    if request.to.tag is not None:
        return None
    return request.from_.tag, request.call_id, request.cseq.number, request.method
