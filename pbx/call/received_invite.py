"""An INVITE that a phone sent us, from its arrival to its ACK (RFC 3261 13.3): a call's first, or a re-INVITE.

Knows nothing of the dialog or of what is answered; says what it is given, and until when it is not over.
"""

from __future__ import annotations

from pbx.call.state import ReceivedInviteState, read_request
from pbx.sip.events import RequestReceived
from pbx.sip.message import Request, Response
from pbx.transport.endpoint import Endpoint, Receiver


class ReceivedInvite:
    """Over once it is refused, or answered and acknowledged. `saved` is what another process goes on with."""

    def __init__(self, request: Request, saved: ReceivedInviteState, transaction: str, endpoint: Endpoint) -> None:
        self.request = request
        self.saved = saved
        self.awaits_ack = False  # our 2xx is out, and whether it arrived is not known
        self._transaction = transaction
        self._endpoint = endpoint

    @classmethod
    def take(cls, event: RequestReceived, endpoint: Endpoint, receiver: Receiver) -> ReceivedInvite:
        """The one that has just come; its CANCEL, or that its ACK does not come, goes to `receiver`."""
        assert event.transaction is not None, "the stack gives every INVITE a transaction"
        endpoint.watch(event.transaction, receiver)
        saved = ReceivedInviteState(event.request.encode(), event.flow)
        return cls(event.request, saved, event.transaction, endpoint)

    @classmethod
    def resume(cls, saved: ReceivedInviteState, endpoint: Endpoint, receiver: Receiver) -> ReceivedInvite:
        """The one that another process left without an end. A 2xx that it may have sent is to be given again.

        Raises BadMessage for one that was at the limit of what we read: written by us, it may be longer than it came.
        """
        request = read_request(saved.message)
        return cls(request, saved, endpoint.resume_received(request, saved.flow, receiver), endpoint)

    def respond(self, response: Response) -> None:
        """Sends a response to it; the stack resends a 2xx until its ACK comes."""
        self.awaits_ack = 200 <= response.status < 300
        self._endpoint.respond(self._transaction, response)

    def is_acknowledged_by(self, ack: Request) -> bool:
        """Whether `ack` is the one that our 2xx waits for."""
        return self.awaits_ack and ack.cseq.number == self.request.cseq.number

    def let_go(self) -> None:
        """It is over: nothing of it is heard any more."""
        self._endpoint.forget(self._transaction)

    def close(self) -> None:
        """Its leg is over, whether or not the ACK came."""
        self.let_go()
        if self.awaits_ack:
            self._endpoint.stop_answering(self._transaction)
