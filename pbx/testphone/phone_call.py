"""One call of a phone, either way. Everything happens as messages come; a person, or a test, waits for its events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal
from zlib import crc32

import trio

from mediacore import sdp
from pbx.sip.dialog import Dialog
from pbx.sip.errors import BadMessage
from pbx.sip.events import AckTimedOut, CancelReceived, Event, RequestReceived, ResponseReceived, TimedOut
from pbx.sip.message import Request, Response

if TYPE_CHECKING:
    from pbx.testphone.phone import Phone
    from pbx.transport.endpoint import Receiver

ALLOW = "INVITE, ACK, CANCEL, BYE, OPTIONS, NOTIFY"
SDP = "application/sdp"
EndedBy = Literal["us", "them", "refused", "cancelled", "lost"]


class PhoneCall:
    """`ringing`, `answered` and `ended` are set once each; `status` is the INVITE's final response."""

    def __init__(self, phone: Phone, *, remote_number: str, is_outgoing: bool) -> None:
        self.remote_number = remote_number
        self.is_outgoing = is_outgoing
        self.ringing, self.answered, self.ended = trio.Event(), trio.Event(), trio.Event()
        self.acknowledged = trio.Event()
        self.provisional: list[int] = []
        self.status: int | None = None
        self.reason = ""
        self.ended_by: EndedBy | None = None
        self.audio = phone.audio.open_leg()
        self.agreed: sdp.AgreedMedia | None = None
        self._phone = phone
        self._tag = phone.token()
        self._session_id = crc32(self._tag.encode())
        self._dialog: Dialog | None = None
        self._invite: Request | None = None
        self._invite_transaction = ""
        self._has_authorized = self._has_cancelled = False
        self._has_renegotiated = trio.Event()
        self._local_sdp: sdp.SessionDescription | None = None
        self._remote_sdp = b""

    @property
    def own_number(self) -> str:
        """The extension that this end of the call is."""
        return self._phone.account.number

    @property
    def dialog(self) -> Dialog:
        """What this end remembers of the other; there is one once the call was answered."""
        assert self._dialog is not None, "no dialog yet"
        return self._dialog

    # -- what a person does --------------------------------------------------------------------------------------------

    async def wait_answered(self) -> bool:
        """Whether it was answered; returns when that is known."""
        async with trio.open_nursery() as nursery:
            for event in (self.answered, self.ended):
                nursery.start_soon(_wait_then_cancel, event, nursery.cancel_scope)
        return self.answered.is_set()

    def ring(self, *, status: int = 180, with_audio: bool = False) -> None:
        """Tells the caller that it rings; `with_audio` sends our answer, and early audio, with it."""
        self._respond_invite(status, with_sdp=with_audio)

    def answer(self) -> None:
        """Picks up; an offer that cannot be used is refused with 488."""
        try:
            self._respond_invite(200, with_sdp=True)
        except sdp.SdpError:
            self.refuse(488)
        else:
            self.answered.set()

    def refuse(self, status: int = 486) -> None:
        """Does not pick up, and says so."""
        self._respond_invite(status)
        self.status = status
        self._end("us")

    def cancel(self) -> None:
        """Gives up before the answer; `ended` follows with the final response, or with the end of a late answer."""
        self._has_cancelled = True
        self._phone.endpoint.cancel(self._invite_transaction)

    def hang_up(self) -> None:
        """Ends the answered call; `ended` follows with the switch's answer to our BYE."""
        self._request_in_dialog("BYE", self._hear_bye_response)

    def hold(self) -> None:
        """Asks the other side to stop sending: `agreed` tells when that is so."""
        self._reinvite(sdp.Direction.SENDONLY)

    def resume(self) -> None:
        """Takes the other side back."""
        self._reinvite(sdp.Direction.SENDRECV)

    async def renegotiated(self, *, is_holding: bool) -> None:
        """Returns once the other side agreed to `hold` or `resume`."""
        while self.agreed is None or (self.agreed.direction is sdp.Direction.SENDONLY) != is_holding:
            await self._has_renegotiated.wait()

    # -- calling out ---------------------------------------------------------------------------------------------------

    def dial(self, uri: str) -> None:
        """Sends the first INVITE."""
        phone = self._phone
        offer = sdp.make_offer(self._capabilities(), session_id=self._session_id)
        self._local_sdp = offer
        headers = phone.base_headers(to=uri, call_id=phone.token(), cseq="1 INVITE", tag=self._tag)
        headers.add("Content-Type", SDP)
        self._send_invite(Request("INVITE", uri, headers, sdp.write(offer).encode()))

    def _send_invite(self, invite: Request) -> None:
        phone = self._phone
        flow = phone.endpoint.flow_to(phone.account.server)
        phone.endpoint.dialogs[invite.call_id, self._tag] = self._hear_request
        self._invite = invite
        self._invite_transaction = phone.endpoint.request(invite, flow, self._hear_invite_response)

    def _hear_invite_response(self, event: Event) -> None:
        match event:
            case TimedOut():
                self.status, self.reason = 408, "no response to our INVITE"
                self._end("lost")
            case ResponseReceived(_, response):
                self._hear_response(event, response)

    def _hear_response(self, event: ResponseReceived, response: Response) -> None:
        assert self._invite is not None, "a response follows an INVITE"
        if response.status < 200:
            self.provisional.append(response.status)
            if response.status > 100:
                self._take_answer(response.body)
                self.ringing.set()
            return
        if response.status == 401 and not self._has_authorized:
            self._has_authorized = True
            again = self._phone.authorize(self._without_via(self._invite), response)
            if again is not None:
                again.headers.set("CSeq", f"{self._invite.cseq.number + 1} INVITE")
                self._send_invite(again)
                return
        self.status, self.reason = response.status, response.reason
        if response.status >= 300:
            self._end("cancelled" if response.status == 487 else "refused")
            return
        try:
            self._dialog = Dialog.from_response(self._invite, response, event.flow)
        except BadMessage:
            self._end("lost")  # no ACK can be made of it: the other side gives up by itself
            return
        ack = self._dialog.make_ack(self._invite.cseq.number)
        self._phone.endpoint.acknowledge(event.transaction, ack, event.flow)
        if self._has_cancelled:  # the answer crossed our CANCEL
            self.hang_up()
            return
        self._take_answer(response.body)
        self.answered.set()

    def _without_via(self, request: Request) -> Request:
        headers = request.headers.copy()
        headers.remove("Via")
        return Request(request.method, request.uri, headers, request.body)

    def _take_answer(self, body: bytes) -> None:
        if not body or self._local_sdp is None:
            return
        try:
            self.agreed = sdp.accept_answer(self._local_sdp, sdp.parse(body)).audio
        except sdp.SdpError:
            return  # as if there were none: nothing is heard, and `agreed` says so
        if self.agreed is not None:
            self.audio.connect(self.agreed)

    # -- being called --------------------------------------------------------------------------------------------------

    def receive_invite(self, event: RequestReceived) -> None:
        """A call comes in; it rings when `ring()` says so."""
        assert event.transaction is not None, "an INVITE always has a transaction"
        self.remote_number = event.request.from_.sip_uri.user or ""
        self._invite, self._invite_transaction = event.request, event.transaction
        self._dialog = Dialog.from_request(
            event.request, event.flow, local_tag=self._tag, local_contact=self._phone.contact
        )
        self._remote_sdp = event.request.body
        self._phone.endpoint.dialogs[event.request.call_id, self._tag] = self._hear_request
        self._phone.endpoint.watch(event.transaction, self._hear_invite_end)

    def give_up(self) -> None:
        """The INVITE could not be read: there is no call."""
        self._end("refused")

    def _respond_invite(self, status: int, *, with_sdp: bool = False) -> None:
        assert self._invite is not None, "only a received INVITE can be answered"
        body = self._answer_sdp() if with_sdp else ""
        self._phone.endpoint.respond(
            self._invite_transaction,
            self._invite.response(
                status,
                to_tag=self._tag,
                headers=[("Contact", self._phone.contact), ("Allow", ALLOW)],
                body=body.encode(),
                content_type=SDP if body else None,
            ),
        )

    def _answer_sdp(self) -> str:
        if self._local_sdp is None:
            answer = sdp.answer(sdp.parse(self._remote_sdp), self._capabilities())
            self._local_sdp, self.agreed = answer.description, answer.audio
            self.audio.connect(answer.audio)
        return sdp.write(self._local_sdp)

    def _hear_invite_end(self, event: Event) -> None:
        match event:
            case CancelReceived() if not self.answered.is_set():
                self._respond_invite(487)
                self._end("cancelled")
            case AckTimedOut():
                self.hang_up()

    # -- in the dialog -------------------------------------------------------------------------------------------------

    def _hear_request(self, event: Event) -> None:
        assert isinstance(event, RequestReceived), "a dialog receives requests"
        request = event.request
        if event.transaction is None:
            self.acknowledged.set()
            return
        status = 200 if request.method in ("BYE", "OPTIONS") else 405
        self._phone.endpoint.respond(
            event.transaction, request.response(status, to_tag=self._tag, headers=[("Allow", ALLOW)])
        )
        if request.method == "BYE":
            self._end("them")

    def _reinvite(self, direction: sdp.Direction) -> None:
        assert self._local_sdp is not None, "a re-INVITE follows a negotiation"
        self._local_sdp = sdp.make_offer(
            self._capabilities(direction), session_id=self._session_id, previous=self._local_sdp
        )
        self._request_in_dialog("INVITE", self._hear_reinvite_response, sdp.write(self._local_sdp))

    def _hear_reinvite_response(self, event: Event) -> None:
        match event:
            case ResponseReceived(transaction, response) if 200 <= response.status < 300:
                assert self._dialog is not None, "a re-INVITE has a dialog"
                ack = self._dialog.make_ack(response.cseq.number)
                self._phone.endpoint.acknowledge(transaction, ack, event.flow)
                self._take_answer(response.body)
                self._has_renegotiated.set()
                self._has_renegotiated = trio.Event()

    def _hear_bye_response(self, event: Event) -> None:
        match event:
            case ResponseReceived(_, response) if response.status >= 200:
                self._end("us")
            case TimedOut():
                self._end("lost")

    def _request_in_dialog(self, method: str, hear: Receiver, body: str = "") -> None:
        assert self._dialog is not None, f"{method} needs a dialog"
        request = self._dialog.make_request(method, body=body.encode(), content_type=SDP if body else None)
        self._phone.endpoint.request(request, self._dialog.flow, hear)

    def _end(self, by: EndedBy) -> None:
        if self.ended.is_set():
            return
        self.ended_by = by
        self.audio.close()
        if self._invite is not None:
            self._phone.endpoint.dialogs.pop((self._invite.call_id, self._tag), None)
            self._phone.endpoint.forget(self._invite_transaction)
        self.ended.set()

    def _capabilities(self, direction: sdp.Direction = sdp.Direction.SENDRECV) -> sdp.Capabilities:
        address, port = self.audio.local
        return sdp.Capabilities(address=address, port=port, codecs=self._phone.codecs, direction=direction)


async def _wait_then_cancel(event: trio.Event, scope: trio.CancelScope) -> None:
    await event.wait()
    scope.cancel()
