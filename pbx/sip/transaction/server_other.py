"""Server transaction of any method but INVITE and ACK (RFC 3261 17.2.2). Holds no socket and reads no clock.

| state      | until                            | sends again, when asked   |
|------------|----------------------------------|---------------------------|
| TRYING     | we answer, or the peer gave up   | nothing                   |
| PROCEEDING | we answer finally, or the same   | the last provisional      |
| COMPLETED  | timer J                          | the final response        |
"""

from __future__ import annotations

from collections import deque
from math import inf

from pbx.sip.message import Request
from pbx.sip.transaction.outputs import GaveUp, Output, Send
from pbx.sip.transaction.state import State
from pbx.sip.transaction.timers import Timers


class ServerOther:
    """Ends on its own if its user forgets to answer: after timer F the peer would not listen (RFC 4320 4.2)."""

    def __init__(self, request: Request, *, timers: Timers, is_reliable: bool, now: float) -> None:
        self.request = request
        self.state = State.TRYING
        self._timers = timers
        self._is_reliable = is_reliable
        self._response = b""  # the last one sent
        self._end_at = now + timers.give_up_s  # the peer's timer F; then timer J
        self._out: deque[Output] = deque()

    def receive_request(self, now: float) -> None:
        """The same request again."""
        if self._response:
            self._out.append(Send(self._response, is_resend=True))

    def respond(self, status: int, data: bytes, now: float) -> bool:
        """Sends a response; False, and nothing sent, if the transaction already has its final one."""
        if self.state not in (State.TRYING, State.PROCEEDING):
            return False
        self._response = data
        self._out.append(Send(data))
        if status < 200:
            self.state = State.PROCEEDING
        elif self._is_reliable:
            self._terminate()
        else:
            self.state = State.COMPLETED
            self._end_at = now + self._timers.absorb_s  # timer J
        return True

    def handle_timeout(self, now: float) -> None:
        """Call at `next_timeout()` or later."""
        if now >= self._end_at:
            if self.state is not State.COMPLETED:
                self._out.append(GaveUp())
            self._terminate()

    def next_timeout(self) -> float:
        """Never infinite before the end."""
        return self._end_at

    def poll(self) -> Output | None:
        """What to do next; None when there is nothing left."""
        return self._out.popleft() if self._out else None

    def _terminate(self) -> None:
        self.state = State.TERMINATED
        self._end_at = inf
