"""A phone that says exactly what a test tells it to, right or wrong: bytes are SIP, everything else is the test's."""

from collections.abc import Callable

import trio

from mediacore import sdp
from pbx.registrar.binding import Binding
from pbx.sip.auth import DigestClient
from pbx.sip.dialog import Dialog
from pbx.sip.events import CancelReceived, Event, RequestReceived, ResponseReceived, TimedOut
from pbx.sip.flow import Flow
from pbx.sip.message import Headers, Request, Response
from pbx.sip.stack import SipStack
from pbx.transport.endpoint import Endpoint
from tests.support.world import World, password, wall

PATIENCE_S = 100.0  # virtual


def offer_text(address: str = "198.51.100.200", *, port: int = 4000, direction: str = "sendrecv") -> bytes:
    """A phone's SDP: G.711, so it serves as an offer and as an answer."""
    codecs = (sdp.PCMU, sdp.PCMA, sdp.TELEPHONE_EVENT)
    ours = sdp.Capabilities(address=address, port=port, codecs=codecs, direction=sdp.Direction(direction))
    return sdp.write(sdp.make_offer(ours, session_id=7)).encode()


class BarePhone:
    """At an address of its own. Nothing is answered, acknowledged or refused unless the test does it."""

    def __init__(self, world: World, number: str, *, is_registered: bool = True) -> None:
        self.number = number
        self.claims = number  # whom its From names
        self.domain = f"{world.tenants[0].name}.example"
        self.extra_headers: list[tuple[str, str]] = []  # of its INVITEs
        self.responses: list[Response] = []
        self.cancelled: list[str] = []  # INVITEs that were taken back
        self.cancel_reasons: list[str | None] = []  # the Reason of each CANCEL that did so
        self.tag = world.token()
        self._world = world
        socket = world.socket()
        self.local = socket.local
        self.endpoint = Endpoint(SipStack(token=world.token), socket, self._receive)
        self._requests_in, self._requests = trio.open_memory_channel[RequestReceived](1000)
        self._changed = trio.Event()
        self._client = DigestClient(number, password(number))
        self._cseq = 0
        self.call_id = world.token()
        world.nursery.start_soon(self.endpoint.run)
        if is_registered:
            self.register(self.local[0])

    @property
    def contact(self) -> str:
        """A URI."""
        return f"sip:{self.number}@{self.local[0]}:{self.local[1]}"

    def register(self, name: str) -> None:
        """Puts a binding where a REGISTER would have; `name` makes it one of several at this address."""
        assert self._world.server is not None
        scope = self._world.server.tenants.scope(self._world.tenants[0])
        flow = Flow("udp", self._world.address, self.local)
        binding = Binding(f"{self.contact};line={name}", flow, f"r-{name}", 1, wall() + 3600, wall())
        self._world.server.registrar.restore([(scope, self.number, binding)])

    def _receive(self, event: RequestReceived) -> None:
        if event.request.method == "INVITE" and event.transaction is not None:
            self.endpoint.watch(event.transaction, self._hear_cancel)
        self._requests_in.send_nowait(event)

    def _hear_cancel(self, event: Event) -> None:
        if isinstance(event, CancelReceived):
            self.cancelled.append(event.transaction)
            self.cancel_reasons.append(event.request.headers.first("Reason"))

    # -- being called --------------------------------------------------------------------------------------------------

    async def request(self, method: str) -> RequestReceived:
        """The next request of that method; others are dropped on the way."""
        with trio.fail_after(PATIENCE_S):
            while True:
                event = await self._requests.receive()
                if event.request.method == method:
                    return event

    def pending(self) -> list[str]:
        """The methods of what came and was not asked for."""
        return [
            self._requests.receive_nowait().request.method
            for _ in range(self._requests.statistics().current_buffer_used)
        ]

    def respond(self, event: RequestReceived, status: int, *, tag: str | None = "", body: bytes = b"") -> None:
        """With the phone's tag, another, or none at all (None)."""
        assert event.transaction is not None
        response = event.request.response(
            status,
            to_tag=None if tag is None else tag or self.tag,
            headers=[("Contact", f"<{self.contact}>")],
            body=body,
            content_type="application/sdp" if body else None,
        )
        if tag is None:  # past the stack, which would put a tag there
            self._world.network.carry(response.encode(), self.local, self._world.address)
        else:
            self.endpoint.respond(event.transaction, response)

    def dialog_of(self, event: RequestReceived, *, tag: str = "") -> Dialog:
        """The dialog that our response to this INVITE makes."""
        return Dialog.from_request(
            event.request, event.flow, local_tag=tag or self.tag, local_contact=f"<{self.contact}>"
        )

    # -- calling -------------------------------------------------------------------------------------------------------

    async def dial(
        self, number: str, *, body: bytes = b"", content_type: str = "application/sdp"
    ) -> tuple[str, Request]:
        """Sends an INVITE, proves who we are, and sends it again: its transaction, and the request as sent."""
        self.send(self._new_invite(number, body, content_type))
        challenge = await self.final()
        assert challenge.status == 401, challenge
        del self.responses[:]
        plain = self._new_invite(number, body, content_type)
        authorized = self._client.authorize(plain, challenge)
        assert authorized is not None
        return self.send(authorized), authorized

    def send(self, request: Request) -> str:
        """Any request, from this phone's own address: its transaction. Its responses are kept."""
        return self.endpoint.request(request, self.flow, self.hear)

    def send_ack(self, dialog: Dialog, number: int, *, body: bytes = b"") -> None:
        """An ACK, whether or not there is something to acknowledge."""
        ack = dialog.make_ack(number, body=body, content_type="application/sdp" if body else None)
        self.endpoint.acknowledge("no transaction", ack, self.flow)

    async def provisional(self, status: int) -> Response:
        """The first response with that status."""
        return await self._wait(lambda response: response.status == status)

    async def final(self) -> Response:
        """The first final response."""
        return await self._wait(lambda response: response.status >= 200)

    def hear(self, event: Event) -> None:
        """Keeps responses; a time-out is a 408."""
        match event:
            case ResponseReceived(_, response):
                self.responses.append(response)
            case TimedOut():
                self.responses.append(Response(408, "no response"))
        self._changed.set()
        self._changed = trio.Event()

    async def _wait(self, is_it: Callable[[Response], bool]) -> Response:
        with trio.fail_after(PATIENCE_S):
            while True:
                found = next((response for response in self.responses if is_it(response)), None)
                if found is not None:
                    return found
                await self._changed.wait()

    @property
    def flow(self) -> Flow:
        """The way to the PBX."""
        return Flow("udp", self.local, self._world.address)

    def _new_invite(self, number: str, body: bytes, content_type: str) -> Request:
        self._cseq += 1
        headers = Headers(
            [
                ("Max-Forwards", "70"),
                ("From", f"<sip:{self.claims}@{self.domain}>;tag={self.tag}"),
                ("To", f"<sip:{number}@{self.domain}>"),
                ("Call-ID", self.call_id),
                ("CSeq", f"{self._cseq} INVITE"),
                ("Contact", f"<{self.contact}>"),
                *self.extra_headers,
            ]
        )
        if body:
            headers.add("Content-Type", content_type)
        return Request("INVITE", f"sip:{number}@{self.domain}", headers, body)
