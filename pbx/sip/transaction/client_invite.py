"""INVITE client transaction (RFC 3261 17.1.1 with RFC 6026 8.4). Holds no socket and reads no clock.

| state      | until                                      | resends            |
|------------|--------------------------------------------|--------------------|
| CALLING    | a response, or timer B                     | INVITE, timer A    |
| PROCEEDING | a final response: a person may be thinking | nothing            |
| ACCEPTED   | timer M after the first 2xx                | nothing            |
| COMPLETED  | timer D after the first other final        | ACK, when asked    |

The ACK to a 2xx is not here: it belongs to whoever owns the dialog (RFC 3261 13.2.2.4).
"""

from __future__ import annotations

from collections import deque
from math import inf

from pbx.sip.message import Request, Response
from pbx.sip.transaction.derived_requests import ack_to_refusal
from pbx.sip.transaction.outputs import CancelDue, Deliver, GaveUp, Output, Send
from pbx.sip.transaction.state import State
from pbx.sip.transaction.timers import Timers


class ClientInvite:
    """`request` carries its Via; it is sent with the first `poll()`."""

    def __init__(self, request: Request, *, timers: Timers, is_reliable: bool, now: float) -> None:
        self.request = request
        self.state = State.CALLING
        self._timers = timers
        self._is_reliable = is_reliable
        self._data = request.encode()
        self._ack = b""
        self._is_cancelled = False
        self._interval_s = timers.t1
        self._resend_at = inf if is_reliable else now + timers.t1  # timer A
        self._give_up_at = now + timers.give_up_s  # timers B, D and M
        self._out: deque[Output] = deque([Send(self._data)])

    @classmethod
    def restored(
        cls, request: Request, *, is_answered: bool, timers: Timers, is_reliable: bool, now: float
    ) -> ClientInvite:
        """One that an earlier process sent. Unless it had its 2xx, it is taken to have had a provisional response."""
        transaction = cls(request, timers=timers, is_reliable=is_reliable, now=now)
        transaction._out.clear()
        if is_answered:
            transaction._accept(now)
        else:
            transaction._proceed(now)
        return transaction

    def receive_response(self, response: Response, now: float) -> None:
        """Any response whose branch and CSeq method are this transaction's."""
        match self.state:
            case State.CALLING | State.PROCEEDING:
                self._out.append(Deliver(response))
                self._advance(response, now)
            case State.ACCEPTED if 200 <= response.status < 300:
                self._out.append(Deliver(response))  # a resend or another fork: only the dialog's owner can tell
            case State.COMPLETED if response.status >= 300:
                self._out.append(Send(self._ack, is_resend=True))

    def cancel(self, now: float) -> None:
        """Asks for a CANCEL. It waits for a provisional response: before that it could overtake the INVITE (9.1)."""
        if self._is_cancelled:
            return
        self._is_cancelled = True
        if self.state is State.PROCEEDING:
            self._send_cancel(now)

    def handle_timeout(self, now: float) -> None:
        """Call at `next_timeout()` or later."""
        if now >= self._give_up_at:
            if self.state in (State.CALLING, State.PROCEEDING):
                self._out.append(GaveUp())
            self._terminate()
        elif now >= self._resend_at:
            self._interval_s *= 2
            self._resend_at = now + self._interval_s
            self._out.append(Send(self._data, is_resend=True))

    def next_timeout(self) -> float:
        """Infinity when nothing is awaited but a response."""
        return min(self._resend_at, self._give_up_at)

    def poll(self) -> Output | None:
        """What to do next; None when there is nothing left."""
        return self._out.popleft() if self._out else None

    def _advance(self, response: Response, now: float) -> None:
        if response.status < 200:
            self._proceed(now)
        elif response.status < 300:
            self._accept(now)
        else:
            self._complete(response, now)

    def _proceed(self, now: float) -> None:
        if self.state is State.PROCEEDING:
            return
        self.state = State.PROCEEDING
        self._resend_at = self._give_up_at = inf
        if self._is_cancelled:
            self._send_cancel(now)

    def _accept(self, now: float) -> None:
        self.state = State.ACCEPTED
        self._resend_at = inf
        self._give_up_at = now + self._timers.give_up_s  # timer M

    def _complete(self, response: Response, now: float) -> None:
        self._ack = ack_to_refusal(self.request, response).encode()
        self._out.append(Send(self._ack))
        if self._is_reliable:
            self._terminate()
            return
        self.state = State.COMPLETED
        self._resend_at = inf
        self._give_up_at = now + self._timers.absorb_s  # timer D

    def _send_cancel(self, now: float) -> None:
        self._out.append(CancelDue())
        # A server of RFC 2543 may never answer the INVITE itself, so the wait is bounded from here on (9.1).
        self._give_up_at = now + self._timers.give_up_s

    def _terminate(self) -> None:
        self.state = State.TERMINATED
        self._resend_at = self._give_up_at = inf
