"""Where the parts of a stack put what they have to say, and where it is counted."""

from __future__ import annotations

from collections import Counter, deque

import msgspec

from pbx.sip.events import Event, Transmit
from pbx.sip.flow import Flow


class StackStats(msgspec.Struct, frozen=True):
    """One moment of a stack; all but the first three only ever rise."""

    client_transactions: int
    server_transactions: int
    unacknowledged: int  # 2xx of ours that still wait for their ACK
    messages_received: int
    messages_sent: int
    retransmissions_sent: int
    retransmissions_absorbed: int
    answered_bad: int  # malformed requests that got their 400, 505 …
    refused_full: int  # requests answered 503 because there were too many transactions
    refused_and_forgotten: int  # by `refuse()`
    merged: int  # requests that came by two ways, answered 482
    keepalives: int  # CRLF, NUL and STUN
    late_responses: int  # given to `respond()` when the transaction had its final response or was gone
    unanswered: int  # requests that our side never answered
    refusals_unacknowledged: int  # refused INVITEs whose ACK never came
    dropped: dict[str, int]  # by reason, in words

    @property
    def transactions(self) -> int:
        """Live transactions of both kinds."""
        return self.client_transactions + self.server_transactions


class Outbox:
    """Events in order, and the counters."""

    def __init__(self) -> None:
        self.events: deque[Event] = deque()
        self.messages_sent = 0
        self.retransmissions_sent = 0
        self.retransmissions_absorbed = 0
        self.dropped: Counter[str] = Counter()

    def transmit(self, flow: Flow, data: bytes, *, is_resend: bool = False) -> None:
        """Sends one message."""
        self.messages_sent += 1
        self.retransmissions_sent += is_resend
        self.events.append(Transmit(flow, data))
