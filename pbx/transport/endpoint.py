"""Runs one SIP stack on one socket and hands each of its events to whoever waits for it. Decides nothing about SIP.

Who hears what:

| event                                  | goes to                                              |
|----------------------------------------|------------------------------------------------------|
| response, time-out of a request of ours| the receiver given to `request()`                    |
| CANCEL, missing ACK                    | the receiver given to `watch()`                      |
| request or ACK inside a dialog         | the receiver of `dialogs[call_id, local_tag]`        |
| any other request                      | `on_request`                                         |
"""

from collections.abc import Callable, Iterator
from typing import Protocol

import structlog
import trio

from pbx.sip.errors import BadMessage
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
from pbx.sip.message import Request, Response
from pbx.sip.stack import SipStack
from pbx.transport.address import local_address_towards

log = structlog.get_logger()

Receiver = Callable[[Event], None]
DialogKey = tuple[str, str]  # Call-ID and our tag


class DatagramSocket(Protocol):
    """What the endpoint needs of a socket: `UdpSocket`, or a simulated one under a virtual clock."""

    local: tuple[str, int]
    send_failures: int
    receive_failures: int

    async def wait_readable(self) -> None: ...
    def drain(self) -> Iterator[tuple[bytes, tuple[str, int]]]: ...
    def send(self, data: bytes, remote: tuple[str, int]) -> None: ...
    def close(self) -> None: ...


class Endpoint:
    """A SIP stack at work on a socket. Every verb acts at once: nothing waits for the loop's next turn."""

    def __init__(
        self,
        stack: SipStack,
        socket: DatagramSocket,
        on_request: Callable[[RequestReceived], None],
        *,
        advertised_host: str | None = None,
    ) -> None:
        """`advertised_host` is what peers see us at where a NAT stands between."""
        self.stack = stack
        self.dialogs: dict[DialogKey, Receiver] = {}
        self.mistakes = 0  # exceptions of ours that one message caused
        self._socket = socket
        self._advertised_host = advertised_host
        self._on_request = on_request
        self._receivers: dict[str, Receiver] = {}
        self._wait = trio.CancelScope()

    @property
    def local(self) -> tuple[str, int]:
        """Host and port that the socket is bound to."""
        return self._socket.local

    def flow_to(self, remote: tuple[str, int]) -> Flow:
        """The flow from this endpoint's socket to `remote`, with the address that `remote` sees us at."""
        host, port = self._socket.local
        return Flow("udp", (self._advertised_host or local_address_towards(remote[0], bound=host), port), remote)

    async def run(self) -> None:
        """Serves until cancelled."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._run_timers)
            while True:
                await self._socket.wait_readable()
                now = trio.current_time()
                for data, source in self._socket.drain():
                    self._receive(data, source, now)
                    self._perform()

    async def _run_timers(self) -> None:
        # Beside the socket, not around it: a deadline is then set where it comes sooner, instead of at each datagram.
        while True:
            with trio.CancelScope(deadline=self.stack.next_timeout()) as self._wait:
                await trio.sleep_forever()
            self.stack.handle_timeout(trio.current_time())
            self._perform()

    # -- verbs ---------------------------------------------------------------------------------------------------------

    def request(self, request: Request, flow: Flow, receiver: Receiver) -> str:
        """Sends `request` and returns its transaction, whose responses and time-out go to `receiver`."""
        transaction = self.stack.send_request(request, flow, trio.current_time())
        self._receivers[transaction] = receiver
        self._perform()
        return transaction

    def stamp(self, request: Request, flow: Flow) -> None:
        """Gives a request its Via, so that it can be written down before `request()` sends it."""
        self.stack.stamp(request, flow)

    def respond(self, transaction: str, response: Response) -> None:
        """Answers a request that was received."""
        self.stack.respond(transaction, response, trio.current_time())
        self._perform()

    def refuse(self, transaction: str, response: Response) -> None:
        """Answers 3xx to 6xx once and keeps nothing of it: for floods, and for challenges."""
        self.stack.refuse(transaction, response, trio.current_time())
        self._perform()

    def stop_answering(self, transaction: str) -> None:
        """Waits no longer for the ACK to our 2xx: a BYE ended the dialog."""
        self.stack.stop_answering(transaction)

    def acknowledge(self, transaction: str, ack: Request, flow: Flow) -> None:
        """Sends the ACK to a 2xx of the INVITE that `transaction` sent."""
        self.stack.acknowledge(transaction, ack, flow, trio.current_time())
        self._perform()

    def cancel(self, transaction: str, *, reason: str = "") -> None:
        """Asks for the end of an INVITE of ours that has no final response yet; `reason` is for the called phone."""
        self.stack.cancel(transaction, trio.current_time(), reason=reason)
        self._perform()

    def watch(self, transaction: str, receiver: Receiver) -> None:
        """Hands a received INVITE's CANCEL and missing ACK to `receiver`."""
        self._receivers[transaction] = receiver

    def forget(self, transaction: str) -> None:
        """Stops handing on what still comes for `transaction`."""
        self._receivers.pop(transaction, None)

    def resume_request(self, request: Request, flow: Flow, receiver: Receiver, *, ack: Request | None = None) -> str:
        """Goes on with an INVITE that another process sent: it rings, or with `ack` it is answered.

        One that rings is sent once more: that process may have died before it could.
        """
        transaction = self.stack.restore_client_invite(request, flow, trio.current_time(), ack=ack)
        if ack is None:
            self._socket.send(request.encode(), flow.remote)
        self._receivers[transaction] = receiver
        self._perform()
        return transaction

    def resume_received(self, request: Request, flow: Flow, receiver: Receiver) -> str:
        """Goes on with an INVITE that another process received and that has no final response."""
        transaction = self.stack.restore_server_invite(request, flow, trio.current_time())
        self._receivers[transaction] = receiver
        self._perform()
        return transaction

    @property
    def socket_failures(self) -> int:
        """Datagrams that the kernel would not send, or said were refused."""
        return self._socket.send_failures + self._socket.receive_failures

    def receivers_open(self) -> int:
        """How many transactions somebody still listens to; 0 when all is over."""
        return len(self._receivers)

    # -- the loop's insides --------------------------------------------------------------------------------------------

    def _receive(self, data: bytes, source: tuple[str, int], now: float) -> None:
        try:
            self.stack.receive(self.flow_to(source), data, now)
        except Exception:
            self._note_mistake(source)

    def _perform(self) -> None:
        while (event := self.stack.poll()) is not None:
            try:
                self._tell(event)
            except Exception:
                self._note_mistake(None)
        if (next_timeout := self.stack.next_timeout()) < self._wait.deadline:
            self._wait.deadline = next_timeout

    def _tell(self, event: Event) -> None:
        match event:
            case Transmit(flow, data):
                self._socket.send(data, flow.remote)
            case RequestReceived():
                self._receive_request(event)
            case CancelReceived(transaction):
                self._hand_on(transaction, event)
            case ResponseReceived(transaction, response):
                self._hand_on(transaction, event)
                # A 2xx to an INVITE may be followed by another fork's, so that transaction is its user's to forget.
                if response.status >= 300 or (response.status >= 200 and response.cseq.method != "INVITE"):
                    self.forget(transaction)
            case TimedOut(transaction) | AckTimedOut(transaction):
                self._hand_on(transaction, event)
                self.forget(transaction)

    def _note_mistake(self, source: tuple[str, int] | None) -> None:
        """Ours, over one message: it costs that one its answer, and not everybody the socket."""
        self.mistakes += 1
        log.exception("message failed", source=source)

    def _receive_request(self, event: RequestReceived) -> None:
        receiver = self.dialogs.get(dialog_key(event.request))
        if receiver is not None:
            receiver(event)
        else:
            self._on_request(event)

    def _hand_on(self, transaction: str, event: Event) -> None:
        receiver = self._receivers.get(transaction)
        if receiver is not None:
            receiver(event)


def dialog_key(request: Request) -> DialogKey:
    """The key in `Endpoint.dialogs` of the dialog that a received request belongs to; an empty tag matches none."""
    try:
        return request.call_id, request.to.tag or ""
    except BadMessage:
        return "", ""
