"""A phone with one line: registers, dials, rings, answers.

Sockets and audio are handed in, so it runs over real ones, and over simulated ones under a virtual clock, alike.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import trio

from mediacore import sdp
from pbx.sip.auth import DigestClient
from pbx.sip.errors import BadMessage
from pbx.sip.events import Event, RequestReceived, ResponseReceived, TimedOut
from pbx.sip.message import Headers, Request, Response
from pbx.sip.stack import SipStack
from pbx.sip.uri import write_hostport
from pbx.testphone.audio import Audio
from pbx.testphone.phone_call import ALLOW, PhoneCall
from pbx.transport.endpoint import DatagramSocket, Endpoint

CALLS_MAX = 16  # at once; the next one is told 486
NOTIFIED_MAX = 64  # NOTIFYs kept; then the oldest is forgotten
MAX_FORWARDS = "70"


@dataclass(frozen=True)
class Account:
    """Who the phone is, and where its switch is."""

    number: str
    password: str
    domain: str
    server: tuple[str, int]
    name: str = ""

    @property
    def aor(self) -> str:
        """The address of record."""
        return f"sip:{self.number}@{self.domain}"


class Refused(Exception):
    """The switch said no to a REGISTER, or nothing at all (status 408)."""

    def __init__(self, method: str, status: int, reason: str) -> None:
        super().__init__(f"{method} was answered {status} {reason}")
        self.status = status
        self.reason = reason


class Phone:
    """Run `run()` in a nursery; calls that come in arrive at `incoming`."""

    def __init__(
        self,
        account: Account,
        socket: DatagramSocket,
        audio: Audio,
        token: Callable[[], str],
        *,
        codecs: tuple[sdp.Codec, ...] = (sdp.PCMU, sdp.PCMA, sdp.TELEPHONE_EVENT),
    ) -> None:
        self.account = account
        self.audio = audio
        self.token = token
        self.codecs = codecs
        self.endpoint = Endpoint(SipStack(token=token), socket, self._receive_request)
        self.calls: list[PhoneCall] = []
        self.notified: deque[Request] = deque(maxlen=NOTIFIED_MAX)  # what came without a subscription: waiting messages
        self.notify_status = 200  # the answer to a NOTIFY
        self._ring, self.incoming = trio.open_memory_channel[PhoneCall](CALLS_MAX)
        self._client = DigestClient(account.number, account.password)
        self._register_call_id = token()
        self._register_seq = 0

    async def run(self) -> None:
        """Serves the socket until cancelled."""
        await self.endpoint.run()

    @property
    def contact(self) -> str:
        """Where this phone wants its requests."""
        local = self.endpoint.flow_to(self.account.server).local
        return f"<sip:{self.account.number}@{write_hostport(*local)}>"

    async def register(self, *, expires_s: int = 300) -> None:
        """Returns once the binding is confirmed; 0 seconds removes it. Raises Refused."""
        response = await self._transact(self._register_request(expires_s))
        if response is not None and response.status == 401:
            authorized = self._client.authorize(self._register_request(expires_s), response)
            response = await self._transact(authorized) if authorized is not None else response
        if response is None:
            raise Refused("REGISTER", 408, "Request Timeout")
        if response.status != 200:
            raise Refused("REGISTER", response.status, response.reason)

    def dial(self, number: str) -> PhoneCall:
        """Sends an INVITE and returns at once: wait for `ringing`, `answered` or `ended` of the call."""
        call = PhoneCall(self, remote_number=number, is_outgoing=True)
        self._keep(call)
        call.dial(f"sip:{number}@{self.account.domain}")
        return call

    def authorize(self, request: Request, challenge: Response) -> Request | None:
        """The request again, with credentials; None where the challenge can't be met."""
        return self._client.authorize(request, challenge)

    def base_headers(self, *, to: str, call_id: str, cseq: str, tag: str) -> Headers:
        """What every request outside a dialog carries."""
        return Headers(
            [
                ("Max-Forwards", MAX_FORWARDS),
                ("From", f'"{self.account.name}" <{self.account.aor}>;tag={tag}'),
                ("To", f"<{to}>"),
                ("Call-ID", call_id),
                ("CSeq", cseq),
                ("Contact", self.contact),
                ("Allow", ALLOW),
                ("User-Agent", "mediacore-testphone"),
            ]
        )

    def _register_request(self, expires_s: int) -> Request:
        self._register_seq += 1
        headers = self.base_headers(
            to=self.account.aor, call_id=self._register_call_id, cseq=f"{self._register_seq} REGISTER", tag=self.token()
        )
        headers.add("Expires", str(expires_s))
        return Request("REGISTER", f"sip:{self.account.domain}", headers)

    async def _transact(self, request: Request) -> Response | None:
        """The final response; None where none came."""
        done = trio.Event()
        final: list[Response] = []

        def hear(event: Event) -> None:
            match event:
                case ResponseReceived(_, response) if response.status >= 200:
                    final.append(response)
                    done.set()
                case TimedOut():
                    done.set()

        self.endpoint.request(request, self.endpoint.flow_to(self.account.server), hear)
        await done.wait()
        return final[0] if final else None

    def _receive_request(self, event: RequestReceived) -> None:
        request = event.request
        if event.transaction is None:
            return
        if request.method == "INVITE" and request.to.tag is None:
            self._ring_in(event)
        elif request.method == "OPTIONS":
            self.endpoint.respond(event.transaction, request.response(200, to_tag=self.token()))
        elif request.method == "NOTIFY":
            self.notified.append(request)
            self.endpoint.respond(event.transaction, request.response(self.notify_status, to_tag=self.token()))
        else:
            self.endpoint.respond(event.transaction, request.response(481, to_tag=self.token()))

    def _ring_in(self, event: RequestReceived) -> None:
        assert event.transaction is not None, "an INVITE always has a transaction"
        if sum(not call.ended.is_set() for call in self.calls) >= CALLS_MAX:
            self.endpoint.respond(event.transaction, event.request.response(486, to_tag=self.token()))
            return
        call = PhoneCall(self, remote_number="", is_outgoing=False)
        try:
            call.receive_invite(event)
            self._ring.send_nowait(call)
        except (BadMessage, trio.WouldBlock) as error:
            status = error.status_hint if isinstance(error, BadMessage) else 486  # nobody takes what came before
            self.endpoint.respond(event.transaction, event.request.response(status, to_tag=self.token()))
            call.give_up()
        else:
            self._keep(call)

    def _keep(self, call: PhoneCall) -> None:
        """Those that ended are forgotten: a phone under load makes many."""
        self.calls = [kept for kept in self.calls if not kept.ended.is_set()] + [call]
