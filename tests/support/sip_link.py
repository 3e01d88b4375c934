"""Two SIP stacks with a simulated link between them: delay, loss, duplication and so reordering, all from one seed.

Alice registers and calls; Bob answers by a small script. Time jumps from one event to the next; the ladder says what
went over the link and when.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from heapq import heappop, heappush
from math import inf
from random import Random

from pbx.sip.dialog import Dialog
from pbx.sip.errors import LocalProtocolError
from pbx.sip.flow import Flow
from pbx.sip.message import Response
from pbx.sip.stack import (
    AckTimedOut,
    CancelReceived,
    RequestReceived,
    ResponseReceived,
    SipStack,
    TimedOut,
    Transmit,
)
from tests.support.sip_messages import ALICE, BOB, answer, sip_request

PATIENCE_S = 60.0


@dataclass(frozen=True)
class Weather:
    """What the link does to each message."""

    loss: float = 0.0
    duplication: float = 0.0
    delay_s: float = 0.01
    jitter_s: float = 0.0


@dataclass
class Attempt:
    """One request of Alice's that wants an end: a REGISTER, or a call from INVITE to BYE."""

    method: str
    bob_rings_s: float = 0.5
    bob_says: int = 200
    cancel_at: float = inf
    talk_s: float = 2.0
    ends: list[str] = field(default_factory=list)  # "200", "timed out" …: of the INVITE or REGISTER
    bye_ends: list[str] = field(default_factory=list)
    acks_heard: int = 0


class SipLink:
    """Run it with `run()` until nothing is left to happen."""

    def __init__(self, seed: int, weather: Weather) -> None:
        self.random = Random(seed)
        self.weather = weather
        self.now = 0.0
        self.ladder: list[str] = []
        self.alice = SipStack(token=self._counter("a"))
        self.bob = SipStack(token=self._counter("b"))
        self.attempts: dict[str, Attempt] = {}
        self.unacknowledged: list[str] = []  # Call-IDs of which Bob was told that no ACK came
        self._names = {id(self.alice): "alice", id(self.bob): "bob"}
        self._flows = {id(self.alice): Flow("udp", ALICE, BOB), id(self.bob): Flow("udp", BOB, ALICE)}
        self._agenda: list[tuple[float, int, Callable[..., None], tuple[object, ...]]] = []
        self._order = 0
        self._call_of: dict[str, str] = {}  # transactions of Alice's and Bob's -> Call-ID
        self._byes: set[str] = set()

    # -- what a test asks for ------------------------------------------------------------------------------------------

    def add(self, attempt: Attempt, *, at: float) -> str:
        """Has Alice begin at that moment; the name is the Call-ID."""
        call_id = f"{attempt.method.lower()}-{len(self.attempts)}"
        self.attempts[call_id] = attempt
        self._at(at, self._begin, call_id)
        return call_id

    def run(self) -> None:
        """Until both stacks and the link are idle."""
        while True:
            at = min(self._agenda[0][0] if self._agenda else inf, self.alice.next_timeout(), self.bob.next_timeout())
            if at == inf:
                return
            assert at >= self.now, "a timeout in the past"
            assert at < 3600, "\n".join(["still not idle after an hour", *self.ladder[-40:]])
            self.now = at
            while self._agenda and self._agenda[0][0] <= at:
                _, _, action, arguments = heappop(self._agenda)
                action(*arguments)
                self._pump()
            self.alice.handle_timeout(at)
            self.bob.handle_timeout(at)
            self._pump()

    # -- the link ------------------------------------------------------------------------------------------------------

    def _pump(self) -> None:
        for stack in (self.alice, self.bob):
            while (event := stack.poll()) is not None:
                if isinstance(event, Transmit):
                    self._carry(stack, event)
                elif stack is self.alice:
                    self._alice_hears(event)
                else:
                    self._bob_hears(event)

    def _carry(self, sender: SipStack, event: Transmit) -> None:
        receiver = self.bob if sender is self.alice else self.alice
        assert event.flow == self._flows[id(sender)], f"sent to {event.flow}"
        weather = self.weather
        copies = 0 if self.random.random() < weather.loss else 1
        copies += self.random.random() < weather.duplication
        line = event.data.partition(b"\r\n")[0].decode()
        self.ladder.append(f"{self.now:8.3f} {self._names[id(sender)]:>5} x{copies} {line}")
        for _ in range(copies):
            arrives_at = self.now + weather.delay_s + self.random.random() * weather.jitter_s
            self._at(arrives_at, self._deliver, receiver, event.data)

    def _deliver(self, receiver: SipStack, data: bytes) -> None:
        receiver.receive(self._flows[id(receiver)], data, self.now)

    def _at(self, at: float, action: Callable[..., None], *arguments: object) -> None:
        self._order += 1
        heappush(self._agenda, (at, self._order, action, arguments))

    def _counter(self, prefix: str) -> Callable[[], str]:
        def token() -> str:
            return f"{prefix}{self.random.getrandbits(64):016x}"

        return token

    # -- Alice ---------------------------------------------------------------------------------------------------------

    def _begin(self, call_id: str) -> None:
        attempt = self.attempts[call_id]
        request = sip_request(attempt.method, via=None, call_id=call_id)
        transaction = self.alice.send_request(request, self._flows[id(self.alice)], self.now)
        self._call_of[transaction] = call_id
        if attempt.method == "INVITE":
            # Ringing has no limit in SIP: if all final responses are lost, only the caller's patience ends it.
            self._at(min(attempt.cancel_at, self.now + PATIENCE_S), self._cancel, transaction)

    def _cancel(self, transaction: str) -> None:
        self.alice.cancel(transaction, self.now)

    def _alice_hears(self, event: object) -> None:
        match event:
            case ResponseReceived(transaction, response):
                if response.status >= 200:
                    self._alice_has_final(transaction, self._call_of[transaction], response)
            case TimedOut(transaction):
                call_id = self._call_of[transaction]
                attempt = self.attempts[call_id]
                (attempt.bye_ends if transaction in self._byes else attempt.ends).append("timed out")
            case RequestReceived(transaction, request):  # Bob's BYE after his 2xx was never acknowledged
                assert request.method == "BYE"
                assert transaction is not None
                self.alice.respond(transaction, request.response(200), self.now)

    def _alice_has_final(self, transaction: str, call_id: str, response: Response) -> None:
        attempt = self.attempts[call_id]
        if response.cseq.method == "BYE":
            attempt.bye_ends.append(str(response.status))
            return
        attempt.ends.append(str(response.status))
        if response.cseq.method == "INVITE" and response.status < 300:
            flow = self._flows[id(self.alice)]
            dialog = Dialog.from_response(self.alice.client_request(transaction), response, flow)
            self.alice.acknowledge(transaction, dialog.make_ack(1), flow, self.now)
            self._at(self.now + attempt.talk_s, self._hang_up, dialog)

    def _hang_up(self, dialog: Dialog) -> None:
        transaction = self.alice.send_request(dialog.make_request("BYE"), dialog.flow, self.now)
        self._call_of[transaction] = dialog.call_id
        self._byes.add(transaction)

    # -- Bob -----------------------------------------------------------------------------------------------------------

    def _bob_hears(self, event: object) -> None:
        match event:
            case RequestReceived(None, ack):
                self.attempts[ack.call_id].acks_heard += 1
            case RequestReceived(str(transaction), request) if request.method == "INVITE":
                attempt = self.attempts[request.call_id]
                self._call_of[transaction] = request.call_id
                self.bob.respond(transaction, answer(request, 180, tag=request.call_id), self.now)
                self._at(self.now + attempt.bob_rings_s, self._bob_answers, transaction, attempt.bob_says)
            case RequestReceived(str(transaction), request):
                self.bob.respond(transaction, answer(request, 200, tag="bob"), self.now)
            case CancelReceived(transaction):
                self._bob_answers(transaction, 487)
            case AckTimedOut(transaction):
                self.unacknowledged.append(self._call_of[transaction])

    def _bob_answers(self, transaction: str, status: int) -> None:
        try:
            request = self.bob.server_request(transaction)
        except LocalProtocolError:
            return  # the caller cancelled long ago
        self.bob.respond(transaction, answer(request, status, tag=request.call_id), self.now)
