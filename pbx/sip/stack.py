"""SIP below the dialog: bytes and `now` come in; transmissions, events and the next timeout come out.

Holds no socket, clock, thread or randomness (names come from the token factory), and decides nothing that a person
could want otherwise: whether a request is welcome is its user's to say. What it answers by itself:

| received                                    | answer                                                  |
|---------------------------------------------|---------------------------------------------------------|
| CRLF or STUN keepalive                      | CRLF on streams, a binding response on UDP              |
| a request seen before                       | the last response again                                 |
| a malformed request with a way back         | 400, or what the parser says                            |
| CANCEL                                      | 200, and `CancelReceived`; 481 if it cancels nothing    |
| a copy of a request by another way          | 482                                                     |
| a new request when `transactions_max` live  | 503 with Retry-After                                    |
| an INVITE that its user thinks about        | 100 after 200 ms                                        |
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from pbx.sip.client_transactions import ClientTransactions
from pbx.sip.errors import BadMessage, LocalProtocolError
from pbx.sip.events import (
    AckTimedOut,
    CancelReceived,
    Event,
    RequestReceived,
    ResponseReceived,
    TimedOut,
    Transmit,
)
from pbx.sip.flow import Flow
from pbx.sip.keepalive import answer_keepalive, is_keepalive
from pbx.sip.message import Request, Response
from pbx.sip.outbox import Outbox, StackStats
from pbx.sip.parse import parse_message
from pbx.sip.return_path import is_reliable, mark_source
from pbx.sip.server_transactions import ServerTransactions
from pbx.sip.stateless_replies import StatelessReplies
from pbx.sip.timer_heap import Timed, TimerHeap
from pbx.sip.tokens import random_token
from pbx.sip.transaction.timers import Timers

__all__ = [
    "AckTimedOut",
    "CancelReceived",
    "Event",
    "RequestReceived",
    "ResponseReceived",
    "SipStack",
    "StackStats",
    "TimedOut",
    "Timers",
    "Transmit",
]

TRANSACTIONS_MAX = 32_768  # server transactions; then 503. About 5 kB each, and 1,000 requests/s for 32 s


class SipStack:
    """One per transport address, or one for many: the flow goes with every message."""

    def __init__(
        self,
        *,
        timers: Timers | None = None,
        token: Callable[[], str] = random_token,
        transactions_max: int = TRANSACTIONS_MAX,
    ) -> None:
        timers = timers or Timers()
        self._heap: TimerHeap[Timed] = TimerHeap()
        self._outbox = Outbox()
        self._replies = StatelessReplies(token().encode()[:32], self._outbox)
        self._clients = ClientTransactions(timers=timers, token=token, heap=self._heap, outbox=self._outbox)
        self._servers = ServerTransactions(
            timers=timers, limit=transactions_max, replies=self._replies, heap=self._heap, outbox=self._outbox
        )
        self._messages_received = 0
        self._answered_bad = 0
        self._keepalives = 0

    # -- what comes in -------------------------------------------------------------------------------------------------

    def receive(self, flow: Flow, data: bytes, now: float) -> None:
        """One datagram, or one framed message of a stream. Never raises for what a peer sent."""
        if is_keepalive(data):
            self._keepalives += 1
            answer = answer_keepalive(flow, data)
            if answer is not None:
                self._outbox.events.append(Transmit(flow, answer))
            return
        self._messages_received += 1
        try:
            message = parse_message(data, stream=is_reliable(flow))
        except BadMessage as bad:
            self._answer_bad(bad, bad.message, flow)
            return
        try:
            if isinstance(message, Request):
                mark_source(message, flow.remote)
                self._servers.receive_request(message, flow, now)
            else:
                self._clients.receive_response(message, flow, now)
        except BadMessage as bad:
            self._answer_bad(bad, message, flow)

    def handle_timeout(self, now: float) -> None:
        """Call at `next_timeout()` or later; earlier does nothing."""
        while (transaction := self._heap.pop_due(now)) is not None:
            transaction.handle_timeout(now)

    # -- what our side wants -------------------------------------------------------------------------------------------

    def stamp(self, request: Request, flow: Flow) -> None:
        """Puts our Via on `request` (the object itself), so that it can be written down before it is sent."""
        self._clients.stamp(request, flow)

    def send_request(self, request: Request, flow: Flow, now: float) -> str:
        """Puts our Via on `request` (the object itself) unless it was stamped, sends it, and names the transaction."""
        return self._clients.send(request, flow, now)

    def respond(self, transaction: str, response: Response, now: float) -> None:
        """Answers a request. A 2xx to an INVITE is resent until its ACK comes (13.3.1.4), or `AckTimedOut`.

        A To without a tag gets one, the object itself. A second final response is dropped and counted: a CANCEL may
        have crossed the first.
        """
        self._servers.respond(transaction, response, now)

    def refuse(self, transaction: str, response: Response, now: float) -> None:
        """Answers a request that was just received with 3xx–6xx, once, and keeps nothing of it.

        For challenges and for floods: a refusal by `respond()` takes a place for 32 s. A lost one costs the peer a
        resend, which is shown as a new request; the ACK is absorbed. A To tag is put on the response, whatever it had.
        """
        self._servers.refuse(transaction, response)

    def stop_answering(self, transaction: str) -> None:
        """Sends the 2xx to a received INVITE no more, though its ACK has not come: a BYE ended the dialog."""
        self._servers.stop_answering(transaction)

    def acknowledge(self, transaction: str, ack: Request, flow: Flow, now: float) -> None:
        """Sends the ACK to the 2xx of our INVITE `transaction`, and again whenever that 2xx comes again."""
        self._clients.acknowledge(transaction, ack, flow)

    def cancel(self, transaction: str, now: float, *, reason: str = "") -> None:
        """Takes our INVITE back (9.1); its final response is still to come, a 2xx perhaps.

        `reason` is the value of a Reason header (RFC 3326), which tells the called phone why.
        """
        self._clients.cancel(transaction, now, reason=reason)

    def server_request(self, transaction: str) -> Request:
        """The request that was received, with its Via marked."""
        request = self._servers.request(transaction)
        if request is None:
            raise LocalProtocolError(f"no request {transaction!r} is open")
        return request

    def client_request(self, transaction: str) -> Request:
        """The request that was sent, with our Via."""
        request = self._clients.request(transaction)
        if request is None:
            raise LocalProtocolError(f"no request {transaction!r} of ours is open")
        return request

    # -- another process's calls ---------------------------------------------------------------------------------------

    def restore_server_invite(self, request: Request, flow: Flow, now: float) -> str:
        """Goes on with an INVITE that another process received and did not refuse; its name stays the same.

        For one that was answered and not acknowledged, `respond()` with the same 2xx comes next.
        """
        return self._servers.restore_invite(request, flow, now)

    def restore_client_invite(self, request: Request, flow: Flow, now: float, *, ack: Request | None = None) -> str:
        """Goes on with an INVITE that another process sent, Via and all; its name stays the same.

        Without `ack` it rings. With it (as it was sent) it is answered, and a 2xx that comes again gets it again.
        """
        return self._clients.restore_invite(request, flow, now, ack)

    # -- what comes out ------------------------------------------------------------------------------------------------

    def next_timeout(self) -> float:
        """When `handle_timeout()` has something to do; infinity when there is nothing to wait for."""
        return self._heap.next_timeout()

    def poll(self) -> Event | None:
        """The next event, None when there is none."""
        events = self._outbox.events
        return events.popleft() if events else None

    def stats(self) -> StackStats:
        """One moment of it all."""
        outbox, servers = self._outbox, self._servers
        return StackStats(
            client_transactions=len(self._clients),
            server_transactions=len(servers),
            unacknowledged=servers.unacknowledged,
            messages_received=self._messages_received,
            messages_sent=outbox.messages_sent,
            retransmissions_sent=outbox.retransmissions_sent,
            retransmissions_absorbed=outbox.retransmissions_absorbed,
            answered_bad=self._answered_bad,
            refused_full=servers.refused_full,
            refused_and_forgotten=servers.refused_and_forgotten,
            merged=servers.merged,
            keepalives=self._keepalives,
            late_responses=servers.late_responses,
            unanswered=servers.unanswered,
            refusals_unacknowledged=servers.refusals_unacknowledged,
            dropped=dict(outbox.dropped),
        )

    def _answer_bad(self, bad: BadMessage, message: Request | Response | None, flow: Flow) -> None:
        match message:
            case None:
                self._outbox.dropped["no SIP"] += 1
            case Response():
                self._outbox.dropped["malformed response"] += 1
            case Request(method="ACK"):
                self._outbox.dropped["malformed ACK"] += 1
            case Request() if "Via" not in message.headers:
                self._outbox.dropped["malformed request without a way back"] += 1
            case Request():
                self._answer_bad_request(message, bad, flow)

    def _answer_bad_request(self, request: Request, bad: BadMessage, flow: Flow) -> None:
        with suppress(BadMessage):  # a Via that cannot be read goes back as it came, to where it came from
            mark_source(request, flow.remote)
        self._replies.answer(request, flow, bad.status_hint, bad.reason)
        self._answered_bad += 1
