"""One stack on a table: what goes in is a message, what comes out is parsed, time is said."""

from __future__ import annotations

from itertools import count

from pbx.sip.flow import Flow
from pbx.sip.message import Request, Response
from pbx.sip.parse import parse_message
from pbx.sip.stack import Event, SipStack, Timers, Transmit
from tests.support.sip_messages import ALICE, BOB

TO_ALICE = Flow("udp", BOB, ALICE)  # Bob's stack is on the table
TO_ALICE_BY_TCP = Flow("tcp", BOB, ALICE, "tcp-1")


class Table:
    """Bob's stack. `receive` and `advance` return what was not sent; what was sent is in `sent` until `take()`."""

    def __init__(self, *, transactions_max: int = 1000, flow: Flow = TO_ALICE, timers: Timers | None = None) -> None:
        numbers = count(1)
        self.stack = SipStack(timers=timers, token=lambda: f"token{next(numbers)}", transactions_max=transactions_max)
        self.flow = flow
        self.now = 0.0
        self.sent: list[tuple[Flow, bytes]] = []

    def receive(self, message: Request | Response | bytes, *, flow: Flow | None = None) -> list[Event]:
        """One message from Alice, now."""
        data = message if isinstance(message, bytes) else message.encode()
        self.stack.receive(flow or self.flow, data, self.now)
        return self.events()

    def respond(self, transaction: str, response: Response) -> list[Event]:
        """Bob's response, now."""
        self.stack.respond(transaction, response, self.now)
        return self.events()

    def advance(self, to: float) -> list[Event]:
        """Lets every timer up to that moment fire at its own moment."""
        events: list[Event] = []
        while self.stack.next_timeout() <= to:
            self.now = self.stack.next_timeout()
            self.stack.handle_timeout(self.now)
            events += self.events()
        self.now = to
        return events

    def events(self) -> list[Event]:
        """What the stack says now, but for what it sends."""
        events: list[Event] = []
        while (event := self.stack.poll()) is not None:
            if isinstance(event, Transmit):
                self.sent.append((event.flow, event.data))
            else:
                events.append(event)
        return events

    def take(self) -> list[Request | Response]:
        """What was sent since the last time, parsed."""
        sent, self.sent = self.sent, []
        return [parse_message(data) for _, data in sent]

    def take_lines(self) -> list[str]:
        """The first lines of what was sent since the last time."""
        sent, self.sent = self.sent, []
        return [data.split(b"\r\n", 1)[0].decode(errors="replace") for _, data in sent]
