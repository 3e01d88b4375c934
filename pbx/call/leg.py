"""One party of a running call: its saved state, its media leg, its INVITEs, and the SIP verbs of its dialog.

Holds no decision about the call: it says things to one phone and tells the call's inbox what that phone says.
"""

from collections.abc import Callable
from contextlib import suppress

from pbx.call import digit_info
from pbx.call.digit_info import InfoDigit
from pbx.call.received_invite import ReceivedInvite
from pbx.call.sent_invite import SentInvite
from pbx.call.state import LegState
from pbx.media.interface import MediaLeg
from pbx.sip.dialog import Dialog
from pbx.sip.errors import BadMessage
from pbx.sip.events import Event, RequestReceived
from pbx.sip.message import Request, Response
from pbx.sip.uri import write_hostport
from pbx.transport.address import WILDCARDS
from pbx.transport.endpoint import DialogKey, Endpoint

ALLOW = "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO"
SDP = "application/sdp"


class Leg:
    """Wraps a `LegState`; whatever must survive this process is in there and nowhere else.

    A verb about an INVITE that is not there does nothing: what a phone sends, and when, is not ours to rely on.
    """

    def __init__(
        self, state: LegState, media: MediaLeg, endpoint: Endpoint, post: Callable[[str, Event], None]
    ) -> None:
        self.state = state
        self.media = media
        self.received: ReceivedInvite | None = None  # until it is refused, or acknowledged
        self.sent: SentInvite | None = None
        self._endpoint = endpoint
        self._post = post
        self._bye: str | None = None
        self._dialog_key: DialogKey | None = None

    @property
    def id(self) -> str:
        """Unique within the call."""
        return self.state.id

    @property
    def is_up(self) -> bool:
        """Answered and not ended."""
        return self.state.phase == "answered"

    @property
    def contact(self) -> str:
        """Our Contact in this dialog: the address that the peer sees, and a user part that names the leg."""
        return f"<sip:{self.state.token}@{write_hostport(*self.state.flow.local)}>"

    @property
    def sdp_address(self) -> tuple[str, int]:
        """Where our SDP asks for media: the leg's own address, or the one that its signalling is sent from."""
        host, port = self.media.local
        return (self.state.flow.local[0] if host in WILDCARDS else host), port

    def hear(self, event: Event) -> None:
        """What everything that concerns this leg comes to."""
        self._post(self.state.id, event)

    # -- an INVITE that we received ------------------------------------------------------------------------------------

    def receive_invite(self, event: RequestReceived) -> None:
        """Takes over a new call's INVITE: from here the dialog exists, early. Raises BadMessage."""
        request, flow = event.request, event.flow
        self.state.dialog = Dialog.from_request(request, flow, local_tag=self.state.token, local_contact=self.contact)
        self._listen(request.call_id)
        self._take_invite(event)

    def receive_reinvite(self, event: RequestReceived) -> None:
        """A re-INVITE is pending until its ACK, so that a lost 2xx is resent.

        Its Contact is the new target, and where it came from the new way: a phone that moved says so like this.
        """
        self.state.flow = event.flow
        if self.state.dialog is not None:
            self.state.dialog.flow = event.flow
        self._take_invite(event)

    def respond_invite(self, status: int, *, reason: str | None = None, sdp: str = "") -> None:
        """Answers the received INVITE. A final response other than 2xx ends it at once, a 2xx with its ACK."""
        if self.received is None:
            return
        if 200 <= status < 300 and self.state.dialog is not None:
            self.state.dialog.confirm()
        self.received.respond(self._response(self.received.request, status, reason=reason, sdp=sdp))
        if status >= 300:
            self.let_go_invite()

    @property
    def awaits_ack(self) -> bool:
        """Our 2xx is out, and whether it arrived is not known."""
        return self.received is not None and self.received.awaits_ack

    def receive_ack(self, ack: Request) -> bool:
        """Whether it is the one that our 2xx waits for; any other changes nothing."""
        if self.received is None or not self.received.is_acknowledged_by(ack):
            return False
        self.let_go_invite()
        return True

    def let_go_invite(self) -> None:
        """The received INVITE is over, acknowledged or not."""
        if self.received is not None:
            self.received.let_go()
        self.received = self.state.received = None

    def _take_invite(self, event: RequestReceived) -> None:
        self.received = ReceivedInvite.take(event, self._endpoint, self.hear)
        self.state.received = self.received.saved

    # -- the INVITE that we send ---------------------------------------------------------------------------------------

    def prepare_invite(self, request: Request) -> None:
        """Takes the first INVITE of this leg, to be saved with the call before it is sent."""
        self.sent = SentInvite.prepare(request, self.state.flow, self._endpoint, self.hear)
        self.state.sent = self.sent.saved

    def send_invite(self) -> None:
        """Sends what was prepared."""
        if self.sent is not None:
            self._listen(self.sent.request.call_id)
            self.sent.send()

    def receive_response(self, response: Response) -> None:
        """A 1xx with a tag makes the dialog, early; a 2xx confirms it (RFC 3261 12.1.2). Raises BadMessage."""
        if self.sent is not None and (response.to.tag or response.status >= 200):  # a phone of RFC 2543 may have none
            self.state.dialog = self.sent.dialog_of(response)

    def acknowledge(self) -> None:
        """Sends the ACK to the 2xx, if that has had none; the stack repeats it when the 2xx comes again."""
        if self.sent is not None and not self.sent.is_acknowledged and self.state.dialog is not None:
            self.sent.acknowledge(self.state.dialog)

    def refuses_fork(self, event: Event) -> bool:
        """Whether it is a 2xx by a second phone behind the same binding, which needs no more attention."""
        dialog = self.state.dialog
        return self.sent is not None and dialog is not None and self.sent.refuses_fork(event, dialog)

    def cancel(self, reason: str = "") -> None:
        """Takes the INVITE back; its final response is still to come. `reason` is a Reason header for the phone."""
        self.state.phase = "cancelling"
        if self.sent is not None:
            self.sent.cancel(reason)

    # -- inside the dialog ---------------------------------------------------------------------------------------------

    def respond(self, event: RequestReceived, status: int, *, reason: str | None = None, sdp: str = "") -> None:
        """Answers any request within the dialog."""
        if event.transaction is not None:
            self._endpoint.respond(event.transaction, self._response(event.request, status, reason=reason, sdp=sdp))

    def send_bye(self) -> None:
        """Ends the dialog; the answer to it comes to the inbox."""
        dialog = self.state.dialog
        assert dialog is not None, "a BYE needs a dialog"
        self._bye = self._endpoint.request(dialog.make_request("BYE"), dialog.flow, self.hear)

    def send_digit(self, digit: InfoDigit) -> None:
        """Tells the phone of a digit by INFO. A phone that refuses it changes nothing: its answer is not looked at."""
        dialog = self.state.dialog
        if dialog is not None and self.is_up:
            body = digit_info.write_digit(digit)
            info = dialog.make_request("INFO", body=body, content_type=digit_info.RELAY)
            self._endpoint.request(info, dialog.flow, lambda event: None)

    def is_answer_to_bye(self, transaction: str) -> bool:
        """Whether `transaction` is the BYE that we sent."""
        return transaction == self._bye

    # -- bookkeeping ---------------------------------------------------------------------------------------------------

    def resume(self) -> None:
        """Takes up, in this process, what another one left: the dialog, and the INVITEs that had no end yet."""
        state = self.state
        if state.dialog is not None:
            self._listen(state.dialog.call_id)
        if state.sent is not None:
            self.sent = SentInvite.resume(state.sent, self._endpoint, self.hear)
            self._listen(self.sent.request.call_id)
            if self.is_up and not self.sent.is_acknowledged:
                self.acknowledge()
            elif state.phase == "cancelling":
                # The CANCEL may not have left; a second one is a copy of the first.
                self.cancel(state.sent.cancel_reason)
        if state.received is not None:
            with suppress(BadMessage):  # nobody to answer, then; the rest of the call can be ended all the same
                self.received = ReceivedInvite.resume(state.received, self._endpoint, self.hear)
            if self.is_up:  # our 2xx may be lost, and its ACK has not come: it is resent until then
                self.respond_invite(200, sdp=state.description.local)

    def close(self) -> None:
        """Gives back the port and every place where somebody could still reach this leg; a second call does nothing."""
        if self._dialog_key is not None:
            self._endpoint.dialogs.pop(self._dialog_key, None)
        for invite in (self.received, self.sent):
            if invite is not None:
                invite.close()
        if self._bye is not None:
            self._endpoint.forget(self._bye)
        self.media.close()

    def _listen(self, call_id: str) -> None:
        """Has the endpoint hand the requests of this leg's dialog to the call."""
        self._dialog_key = (call_id, self.state.token)
        self._endpoint.dialogs[self._dialog_key] = self.hear

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
