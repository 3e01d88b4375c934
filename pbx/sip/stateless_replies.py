"""Answers that leave nothing behind: to what is malformed, merged, too much, or cancels nothing (RFC 3261 8.2.7)."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2s

from pbx.sip.flow import Flow
from pbx.sip.message import Request
from pbx.sip.outbox import Outbox
from pbx.sip.return_path import reply_flow

TAG_BYTES = 8


class StatelessReplies:
    """Mints To tags that are the same for the same request, without remembering it."""

    def __init__(self, secret: bytes, outbox: Outbox) -> None:
        self._secret = secret
        self._outbox = outbox

    def answer(
        self,
        request: Request,
        flow: Flow,
        status: int,
        reason: str | None = None,
        *,
        headers: Iterable[tuple[str, str]] = (),
    ) -> None:
        """Sends a final response with what there is to copy. An ACK is never answered."""
        if request.method == "ACK":
            return
        # What the parser quotes of a bad message must not end our status line.
        words = None if reason is None else " ".join(reason.split())
        response = request.response(status, words, to_tag=self.to_tag(request), headers=headers)
        self._outbox.transmit(reply_flow(request, flow), response.encode())

    def to_tag(self, request: Request) -> str:
        """Our tag for a request that has none, the same in each copy of it."""
        parts = (request.headers.first("Call-ID"), request.headers.first("From"))
        return blake2s(
            "\n".join(map(str, parts)).encode("utf-8", "surrogateescape"), key=self._secret, digest_size=TAG_BYTES
        ).hexdigest()

    def is_ack_to_one(self, ack: Request) -> bool:
        """Whether an ACK answers one of these: nothing is to be done then."""
        return ack.to.tag == self.to_tag(ack)
