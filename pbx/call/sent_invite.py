"""The INVITE that we send to a callee's phone, from before it leaves to the last answer to it (RFC 3261 13.2).

More than one phone may answer it, and one that does so too late is owed an ACK and a BYE all the same: that is settled
here, without the call.
"""

from __future__ import annotations

from pbx.call.state import SentInviteState, read_request
from pbx.sip.dialog import Dialog
from pbx.sip.errors import BadMessage
from pbx.sip.events import Event, ResponseReceived, TimedOut
from pbx.sip.flow import Flow
from pbx.sip.message import Request, Response
from pbx.transport.endpoint import Endpoint, Receiver


class SentInvite:
    """What is heard of it goes to `receiver`. `saved` is what another process goes on with."""

    def __init__(self, request: Request, saved: SentInviteState, endpoint: Endpoint, receiver: Receiver) -> None:
        self.request = request
        self.saved = saved
        self._endpoint = endpoint
        self._receiver = receiver
        self._transaction = ""  # none before it is sent
        self._awaits_final = False

    @classmethod
    def prepare(cls, request: Request, flow: Flow, endpoint: Endpoint, receiver: Receiver) -> SentInvite:
        """One to be saved with the call before `send()`."""
        endpoint.stamp(request, flow)
        return cls(request, SentInviteState(request.encode(), flow), endpoint, receiver)

    @classmethod
    def resume(cls, saved: SentInviteState, endpoint: Endpoint, receiver: Receiver) -> SentInvite:
        """The one that another process prepared or sent, and perhaps acknowledged."""
        invite = cls(read_request(saved.message), saved, endpoint, receiver)
        ack = read_request(saved.ack) if saved.ack else None
        invite._awaits_final = ack is None
        invite._transaction = endpoint.resume_request(invite.request, saved.flow, invite._hear, ack=ack)
        return invite

    @property
    def is_acknowledged(self) -> bool:
        """One phone's 2xx had its ACK, and that phone has the call."""
        return bool(self.saved.ack)

    def send(self) -> None:
        """Sends what was prepared."""
        self._awaits_final = True
        self._transaction = self._endpoint.request(self.request, self.saved.flow, self._hear)

    def dialog_of(self, response: Response) -> Dialog:
        """The dialog that `response` makes. Raises BadMessage."""
        return Dialog.from_response(self.request, response, self.saved.flow)

    def acknowledge(self, dialog: Dialog) -> None:
        """Sends the ACK to the 2xx that made `dialog`, and again whenever that 2xx comes again."""
        ack = dialog.make_ack(self.request.cseq.number)
        self._endpoint.acknowledge(self._transaction, ack, dialog.flow)
        self.saved.ack = ack.encode()

    def cancel(self, reason: str) -> None:
        """Takes it back; its final response is still to come. One that was not sent needs none."""
        self.saved.cancel_reason = reason
        self._endpoint.cancel(self._transaction, reason=reason)

    def refuses_fork(self, event: Event, dialog: Dialog) -> bool:
        """Whether it is a 2xx by another phone behind the binding than the one in `dialog`; that is settled here."""
        if not self.is_acknowledged or not isinstance(event, ResponseReceived):
            return False
        response = event.response
        is_answer = 200 <= response.status < 300 and response.cseq.method == "INVITE"
        if not is_answer or (response.to.tag or "") == dialog.remote_tag:
            return False
        self._refuse(event.transaction, response)
        return True

    def close(self) -> None:
        """Its leg is over. Its final response may still be to come; a second call does nothing."""
        if self._awaits_final:
            self._endpoint.watch(self._transaction, self._hear_too_late)
        else:
            self._endpoint.forget(self._transaction)

    def _hear(self, event: Event) -> None:
        match event:
            case TimedOut():
                self._awaits_final = False
            case ResponseReceived(response=response) if response.status >= 200:
                self._awaits_final = False
        self._receiver(event)

    def _hear_too_late(self, event: Event) -> None:
        match event:
            case ResponseReceived(transaction, response) if 200 <= response.status < 300:
                self._awaits_final = False
                self._endpoint.forget(transaction)
                self._refuse(transaction, response)

    def _refuse(self, transaction: str, response: Response) -> None:
        """An answer that nobody wants any more is acknowledged, as it must be (13.2.2.4), and hung up on."""
        try:
            other = self.dialog_of(response)
        except BadMessage:
            return  # nobody to send an ACK to
        self._endpoint.acknowledge(transaction, other.make_ack(other.local_seq), other.flow)
        self._endpoint.request(other.make_request("BYE"), other.flow, lambda event: None)
