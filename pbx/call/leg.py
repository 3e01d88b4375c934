"""One party of a running call: its saved state, its media leg, and the SIP verbs of its dialog.

Holds no decision about the call: it says things to one phone and tells the call's inbox what that phone says.
"""

from collections.abc import Callable

from pbx.call.state import LegState, PendingInvite
from pbx.media.interface import MediaLeg
from pbx.sip.dialog import Dialog
from pbx.sip.errors import BadMessage
from pbx.sip.events import Event, RequestReceived, ResponseReceived, TimedOut
from pbx.sip.message import Request, Response
from pbx.sip.parse import parse_message
from pbx.sip.uri import write_hostport
from pbx.transport.address import WILDCARDS
from pbx.transport.endpoint import DialogKey, Endpoint

ALLOW = "INVITE, ACK, CANCEL, BYE, OPTIONS"
SDP = "application/sdp"


class Leg:
    """Wraps a `LegState`; whatever must survive this process is in there and nowhere else."""

    def __init__(
        self, state: LegState, media: MediaLeg, endpoint: Endpoint, post: Callable[[str, Event], None]
    ) -> None:
        self.state = state
        self.media = media
        self._endpoint = endpoint
        self._post = post
        self._bye: str | None = None
        self._dialog_key: DialogKey | None = None
        self._transactions: set[str] = set()  # those whose events come to us
        self._unanswered: str | None = None  # our INVITE, while it has no final response

    @property
    def id(self) -> str:
        """Unique within the call."""
        return self.state.id

    @property
    def is_up(self) -> bool:
        """Answered and not ended."""
        return self.state.phase == "answered"

    def hear(self, event: Event) -> None:
        """What the endpoint calls with everything that concerns this leg."""
        match event:
            case ResponseReceived(transaction, response) if transaction == self._unanswered and response.status >= 200:
                self._unanswered = None
            case TimedOut(transaction) if transaction == self._unanswered:
                self._unanswered = None
        self._post(self.state.id, event)

    @property
    def contact(self) -> str:
        """Our Contact in this dialog: the address that the peer sees, and a user part that names the leg."""
        return f"<sip:{self.state.token}@{write_hostport(*self.state.flow.local)}>"

    @property
    def sdp_address(self) -> tuple[str, int]:
        """Where our SDP asks for media: the leg's own address, or the one that its signalling is sent from."""
        host, port = self.media.local
        return (self.state.flow.local[0] if host in WILDCARDS else host), port

    def pending_request(self) -> Request:
        """The INVITE that is neither acknowledged (received) nor finally answered (sent) yet."""
        assert self.state.invite is not None, "no INVITE is pending"
        return parse_request(self.state.invite.message)

    @property
    def pending_transaction(self) -> str:
        """Its name in the stack."""
        assert self.state.invite is not None, "no INVITE is pending"
        return self.state.invite.transaction

    # -- an INVITE that we received ------------------------------------------------------------------------------------

    def receive_invite(self, event: RequestReceived) -> None:
        """Takes over a new call's INVITE: from here the dialog exists, early."""
        request, flow = event.request, event.flow
        assert event.transaction is not None, "an INVITE always has a transaction"
        self.state.invite = PendingInvite(request.encode(), flow, event.transaction)
        self.state.dialog = Dialog.from_request(request, flow, local_tag=self.state.token, local_contact=self.contact)
        self.listen(request.call_id)
        self._watch(event.transaction)

    def respond_invite(self, status: int, *, reason: str | None = None, sdp: str = "") -> None:
        """Answers the pending INVITE. A final response other than 2xx ends it at once, a 2xx with its ACK."""
        pending = self.state.invite
        assert pending is not None, "only a pending INVITE can be answered"
        if 200 <= status < 300 and self.state.dialog is not None:
            self.state.dialog.confirm()
            pending.is_answered = True
        response = self._response(self.pending_request(), status, reason=reason, sdp=sdp)
        self._endpoint.respond(pending.transaction, response)
        if status >= 300:
            self.state.invite = None

    @property
    def awaits_ack(self) -> bool:
        """Our 2xx is out, and whether it arrived is not known."""
        return self.state.invite is not None and self.state.invite.is_answered

    def receive_ack(self, ack: Request) -> bool:
        """Whether it is the one that our 2xx waits for; any other changes nothing."""
        if not self.awaits_ack or ack.cseq.number != self.pending_request().cseq.number:
            return False
        self.give_up_ack()
        return True

    def give_up_ack(self) -> None:
        """The INVITE is over, acknowledged or not."""
        assert self.state.invite is not None, "no INVITE is pending"
        self._endpoint.forget(self.state.invite.transaction)
        self._transactions.discard(self.state.invite.transaction)
        self.state.invite = None

    # -- an INVITE that we send ----------------------------------------------------------------------------------------

    def prepare_invite(self, request: Request) -> None:
        """Takes the first INVITE of this leg, to be saved with the call before it is sent."""
        self._endpoint.stamp(request, self.state.flow)
        self.state.invite = PendingInvite(request.encode(), self.state.flow, "", is_ours=True)

    def send_invite(self) -> None:
        """Sends what was prepared."""
        pending, request = self.state.invite, self.pending_request()
        assert pending is not None, "prepare_invite() comes first"
        self.listen(request.call_id)
        pending.transaction = self._unanswered = self._endpoint.request(request, pending.flow, self.hear)
        self._transactions.add(pending.transaction)

    def receive_response(self, response: Response) -> None:
        """A 1xx with a tag makes the dialog, early; a 2xx confirms it (RFC 3261 12.1.2)."""
        assert self.state.invite is not None, "a response without an INVITE"
        if response.to.tag or response.status >= 200:  # a phone of RFC 2543 may have none
            self.state.dialog = Dialog.from_response(self.pending_request(), response, self.state.invite.flow)

    def acknowledge(self) -> None:
        """Sends the ACK to the 2xx and lets the INVITE go."""
        pending, dialog = self.state.invite, self.state.dialog
        assert pending is not None, "an ACK needs an INVITE"
        assert dialog is not None, "an ACK needs a 2xx"
        ack = dialog.make_ack(self.pending_request().cseq.number)
        self._endpoint.acknowledge(pending.transaction, ack, dialog.flow)
        pending.ack = ack.encode()
        self.state.answered_invite, self.state.invite = pending, None

    def refuses_fork(self, event: Event) -> bool:
        """Whether it is a 2xx by a second phone behind the same binding (13.2.2.4), which is settled here."""
        dialog, answered = self.state.dialog, self.state.answered_invite
        if dialog is None or answered is None or not isinstance(event, ResponseReceived):
            return False
        response = event.response
        is_answer = 200 <= response.status < 300 and response.cseq.method == "INVITE"
        if not is_answer or (response.to.tag or "") == dialog.remote_tag:
            return False
        self._refuse_answer(answered, event.transaction, response)
        return True

    def _refuse_answer(self, invite: PendingInvite, transaction: str, response: Response) -> None:
        """An answer that nobody wants any more is acknowledged, as it must be, and hung up on."""
        try:
            other = Dialog.from_response(parse_request(invite.message), response, invite.flow)
        except BadMessage:
            return  # nobody to send an ACK to
        self._endpoint.acknowledge(transaction, other.make_ack(other.local_seq), other.flow)
        self._endpoint.request(other.make_request("BYE"), other.flow, lambda event: None)

    def cancel(self) -> None:
        """Takes the INVITE back; its final response is still to come."""
        assert self.state.invite is not None, "nothing to cancel"
        self.state.phase = "cancelling"
        self._endpoint.cancel(self.state.invite.transaction)

    # -- inside the dialog ---------------------------------------------------------------------------------------------

    def respond(self, event: RequestReceived, status: int, *, reason: str | None = None, sdp: str = "") -> None:
        """Answers any request within the dialog."""
        if event.transaction is not None:
            self._endpoint.respond(event.transaction, self._response(event.request, status, reason=reason, sdp=sdp))

    def receive_reinvite(self, event: RequestReceived) -> None:
        """A re-INVITE is pending until its ACK, so that a lost 2xx is resent.

        Its Contact is the new target, and where it came from the new way: a phone that moved says so like this.
        """
        assert event.transaction is not None, "an INVITE always has a transaction"
        assert self.state.dialog is not None, "a re-INVITE has a dialog"
        self.state.flow = self.state.dialog.flow = event.flow
        self.state.invite = PendingInvite(event.request.encode(), event.flow, event.transaction)
        self._watch(event.transaction)

    def send_bye(self) -> None:
        """Ends the dialog; the answer to it comes to the inbox."""
        dialog = self.state.dialog
        assert dialog is not None, "a BYE needs a dialog"
        self._bye = self._endpoint.request(dialog.make_request("BYE"), dialog.flow, self.hear)
        self._transactions.add(self._bye)

    def is_answer_to_bye(self, transaction: str) -> bool:
        """Whether `transaction` is the BYE that we sent."""
        return transaction == self._bye

    def resume(self) -> None:
        """Takes up, in this process, what another one left: the dialog, and an INVITE that had no end yet."""
        pending, dialog = self.state.invite, self.state.dialog
        if dialog is not None:
            self.listen(dialog.call_id)
        if (answered := self.state.answered_invite) is not None:
            request, ack = parse_request(answered.message), parse_request(answered.ack)
            self._transactions.add(self._endpoint.resume_request(request, answered.flow, self.hear, ack=ack))
        if pending is None:
            return
        request = self.pending_request()
        if pending.is_ours:
            self.listen(request.call_id)
            pending.transaction = self._endpoint.resume_request(request, pending.flow, self.hear)
            self._transactions.add(pending.transaction)
            self._unanswered = pending.transaction
            if self.is_up:
                self.acknowledge()
            elif self.state.phase == "cancelling":
                self.cancel()  # the CANCEL may not have left; a second one is a copy of the first
            return
        pending.transaction = self._endpoint.resume_received(request, pending.flow, self.hear)
        self._transactions.add(pending.transaction)
        if self.is_up:  # our 2xx may be lost, and its ACK has not come: it is resent until then
            self.respond_invite(200, sdp=self.state.description.local)

    # -- bookkeeping ---------------------------------------------------------------------------------------------------

    def listen(self, call_id: str) -> None:
        """Has the endpoint hand this leg's requests, CANCEL and time-outs to the call."""
        self._dialog_key = (call_id, self.state.token)
        self._endpoint.dialogs[self._dialog_key] = self.hear

    def _watch(self, transaction: str) -> None:
        self._transactions.add(transaction)
        self._endpoint.watch(transaction, self.hear)

    def close(self) -> None:
        """Gives back the port and every place where somebody could still reach this leg; a second call does nothing."""
        if self._dialog_key is not None:
            self._endpoint.dialogs.pop(self._dialog_key, None)
        for transaction in self._transactions:
            self._endpoint.forget(transaction)
        self._transactions.clear()
        if self.awaits_ack:
            self._endpoint.stop_answering(self.pending_transaction)
        if self._unanswered is not None:
            self._endpoint.watch(self._unanswered, self._hear_too_late)
        self.media.close()

    def _hear_too_late(self, event: Event) -> None:
        """The call is over, and an INVITE that was taken back gets its final response only now."""
        match event:
            case ResponseReceived(transaction, response) if 200 <= response.status < 300:
                assert self.state.invite is not None, "it has had no final response"
                self._endpoint.forget(transaction)
                self._refuse_answer(self.state.invite, transaction, response)

    def _response(self, request: Request, status: int, *, reason: str | None, sdp: str) -> Response:
        headers = [("Allow", ALLOW)]
        if 100 < status < 300 and self.state.dialog is not None:
            headers.append(("Contact", self.state.dialog.local_contact))
        return request.response(
            status,
            reason,
            to_tag=self.state.token,
            headers=headers,
            body=sdp.encode(),
            content_type=SDP if sdp else None,
        )


def parse_request(data: bytes) -> Request:
    """A request that we wrote ourselves."""
    request = parse_message(data)
    assert isinstance(request, Request), "only requests are kept"
    return request
