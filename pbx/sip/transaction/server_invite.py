"""INVITE server transaction (RFC 3261 17.2.1 with RFC 6026 8.5). Holds no socket and reads no clock.

| state      | until                           | sends again                                |
|------------|---------------------------------|--------------------------------------------|
| PROCEEDING | we answer; no time limit        | the last provisional, when the INVITE comes|
| ACCEPTED   | timer L                         | nothing: see `pbx.sip.accepted_invites`    |
| COMPLETED  | the ACK, or timer H             | the refusal, timer G and when asked        |
| CONFIRMED  | timer I                         | nothing                                    |
"""

from __future__ import annotations

from collections import deque
from math import inf

from pbx.sip.message import Request
from pbx.sip.transaction.outputs import GaveUp, Output, Send
from pbx.sip.transaction.state import State
from pbx.sip.transaction.timers import Timers


class ServerInvite:
    """Sends the 100 itself when its user has said nothing for a while."""

    def __init__(self, request: Request, *, timers: Timers, is_reliable: bool, now: float) -> None:
        self.request = request
        self.state = State.PROCEEDING
        self._timers = timers
        self._is_reliable = is_reliable
        self._response = b""  # the last one sent
        self._interval_s = timers.t1
        self._resend_at = inf  # timer G
        self._trying_at = now + timers.trying_s
        self._end_at = inf  # timers H, I and L
        self._out: deque[Output] = deque()

    @classmethod
    def restored(cls, request: Request, *, timers: Timers, is_reliable: bool, now: float) -> ServerInvite:
        """One that an earlier process received and answered provisionally, if at all."""
        transaction = cls(request, timers=timers, is_reliable=is_reliable, now=now)
        transaction._trying_at = inf
        return transaction

    def receive_request(self, now: float) -> None:
        """The same INVITE again."""
        if self.state is State.PROCEEDING and not self._response:
            self._send_trying()
        elif self.state in (State.PROCEEDING, State.COMPLETED):
            self._out.append(Send(self._response, is_resend=True))

    def receive_ack(self, now: float) -> None:
        """The ACK to a refusal."""
        if self.state is not State.COMPLETED:
            return
        self._resend_at = inf
        if self._is_reliable:
            self._terminate()
        else:
            self.state = State.CONFIRMED
            self._end_at = now + self._timers.drain_s  # timer I

    def respond(self, status: int, data: bytes, now: float) -> bool:
        """Sends a response; False, and nothing sent, if the transaction already has its final one."""
        if self.state is not State.PROCEEDING:
            return False
        self._trying_at = inf
        self._response = data
        self._out.append(Send(data))
        if status >= 300:
            self.state = State.COMPLETED
            self._resend_at = inf if self._is_reliable else now + self._timers.t1
            self._end_at = now + self._timers.give_up_s  # timer H
        elif status >= 200:
            self.state = State.ACCEPTED
            self._end_at = now + self._timers.give_up_s  # timer L
        return True

    def handle_timeout(self, now: float) -> None:
        """Call at `next_timeout()` or later."""
        if now >= self._end_at:
            if self.state is State.COMPLETED:
                self._out.append(GaveUp())
            self._terminate()
        elif now >= self._resend_at:
            self._interval_s = min(2 * self._interval_s, self._timers.t2)
            self._resend_at = now + self._interval_s
            self._out.append(Send(self._response, is_resend=True))
        elif now >= self._trying_at:
            self._send_trying()

    def next_timeout(self) -> float:
        """Infinity while a person is thinking."""
        return min(self._resend_at, self._trying_at, self._end_at)

    def poll(self) -> Output | None:
        """What to do next; None when there is nothing left."""
        return self._out.popleft() if self._out else None

    def _send_trying(self) -> None:
        self._trying_at = inf
        self._response = self.request.response(100).encode()
        self._out.append(Send(self._response))

    def _terminate(self) -> None:
        self.state = State.TERMINATED
        self._resend_at = self._trying_at = self._end_at = inf
