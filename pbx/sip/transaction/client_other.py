"""Client transaction of any method but INVITE and ACK (RFC 3261 17.1.2). Holds no socket and reads no clock.

| state      | until                       | resends                     |
|------------|-----------------------------|-----------------------------|
| TRYING     | a response, or timer F      | timer E: T1, 2 T1 … T2      |
| PROCEEDING | a final response, or F      | timer E: every T2           |
| COMPLETED  | timer K                     | nothing; responses absorbed |
"""

from __future__ import annotations

from collections import deque
from math import inf

from pbx.sip.message import Request, Response
from pbx.sip.transaction.outputs import Deliver, GaveUp, Output, Send
from pbx.sip.transaction.state import State
from pbx.sip.transaction.timers import Timers


class ClientOther:
    """`request` carries its Via; it is sent with the first `poll()`."""

    def __init__(self, request: Request, *, timers: Timers, is_reliable: bool, now: float) -> None:
        self.request = request
        self.state = State.TRYING
        self._timers = timers
        self._is_reliable = is_reliable
        self._data = request.encode()
        self._interval_s = timers.t1
        self._resend_at = inf if is_reliable else now + timers.t1  # timer E
        self._give_up_at = now + timers.give_up_s  # timers F and K
        self._out: deque[Output] = deque([Send(self._data)])

    def receive_response(self, response: Response, now: float) -> None:
        """Any response whose branch and CSeq method are this transaction's."""
        if self.state not in (State.TRYING, State.PROCEEDING):
            return
        self._out.append(Deliver(response))
        if response.status < 200:
            self.state = State.PROCEEDING
        elif self._is_reliable:
            self._terminate()
        else:
            self.state = State.COMPLETED
            self._resend_at = inf
            self._give_up_at = now + self._timers.drain_s  # timer K

    def handle_timeout(self, now: float) -> None:
        """Call at `next_timeout()` or later."""
        if now >= self._give_up_at:
            if self.state is not State.COMPLETED:
                self._out.append(GaveUp())
            self._terminate()
        elif now >= self._resend_at:
            is_trying = self.state is State.TRYING
            self._interval_s = min(2 * self._interval_s, self._timers.t2) if is_trying else self._timers.t2
            self._resend_at = now + self._interval_s
            self._out.append(Send(self._data, is_resend=True))

    def next_timeout(self) -> float:
        """Never infinite before the end: timer F runs in every state that waits."""
        return min(self._resend_at, self._give_up_at)

    def poll(self) -> Output | None:
        """What to do next; None when there is nothing left."""
        return self._out.popleft() if self._out else None

    def _terminate(self) -> None:
        self.state = State.TERMINATED
        self._resend_at = self._give_up_at = inf
