"""What a call costs below the dialog: INVITE, 180, 200, ACK, BYE, 200 through two stacks, parsed and written for real.

Both ends run in this process and their cost is one figure: halve it for one end. No socket, no digest, no application.
"""

import gc
import time
from collections.abc import Callable

from bench.row import Row, show
from pbx.sip.dialog import Dialog
from pbx.sip.flow import Flow
from pbx.sip.message import Headers, Request, Response
from pbx.sip.stack import RequestReceived, ResponseReceived, SipStack, Transmit

ALICE, BOB = ("192.0.2.1", 5060), ("192.0.2.2", 5060)
TO_BOB, TO_ALICE = Flow("udp", ALICE, BOB), Flow("udp", BOB, ALICE)
PIECES = 3_000
RUNS = 7
PACE_S = 0.01  # of virtual time between two pieces: timers end while others start, as under load
COMMAND = "python -m bench.sip.transactions"
SDP = (
    b"v=0\r\no=- 3790000000 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
    b"m=audio 40000 RTP/AVP 0 8 9 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:9 G722/8000\r\n"
    b"a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\na=ptime:20\r\na=sendrecv\r\n"
)


class Pair:
    """Alice's and Bob's stacks with a wire of no length between them."""

    def __init__(self) -> None:
        self.alice, self.bob = SipStack(), SipStack()
        self.now = 0.0
        self.number = 0

    def call(self) -> None:
        """A whole call, answered at once and hung up at once."""
        invite = self._request("INVITE", SDP)
        transaction = self.alice.send_request(invite, TO_BOB, self.now)
        received = self._bob_hears()
        self._bob_says(received, 180)
        assert self._alice_hears().status == 180
        self._bob_says(received, 200, SDP)
        dialog = Dialog.from_response(invite, self._alice_hears(), TO_BOB)
        self.alice.acknowledge(transaction, dialog.make_ack(1), TO_BOB, self.now)
        assert self._bob_hears().transaction is None
        self.alice.send_request(dialog.make_request("BYE"), TO_BOB, self.now)
        self._bob_says(self._bob_hears(), 200)
        assert self._alice_hears().status == 200
        self.pass_time()

    def register(self) -> None:
        """A REGISTER and its 200."""
        self.alice.send_request(self._request("REGISTER"), TO_BOB, self.now)
        self._bob_says(self._bob_hears(), 200)
        assert self._alice_hears().status == 200
        self.pass_time()

    def pass_time(self) -> None:
        """Lets what is due end."""
        self.now += PACE_S
        self.alice.handle_timeout(self.now)
        self.bob.handle_timeout(self.now)

    def _request(self, method: str, body: bytes = b"") -> Request:
        self.number += 1
        fields = [
            ("Max-Forwards", "70"),
            ("From", '"Alice Liddell" <sip:101@example.org>;tag=as58f4201b'),
            ("To", "<sip:102@example.org>"),
            ("Call-ID", f"{self.number:08d}-5abd-4b8e@192.0.2.1"),
            ("CSeq", f"1 {method}"),
            ("Contact", "<sip:101-0x55d0c7a0@192.0.2.1:5060>"),
            ("Allow", "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, REFER, NOTIFY, MESSAGE"),
            ("Supported", "replaces, norefersub, 100rel"),
            ("User-Agent", "A phone of some make 1.2.3"),
        ]
        if body:
            fields.append(("Content-Type", "application/sdp"))
        return Request(method, "sip:102@example.org", Headers(fields), body)

    def _bob_says(self, received: RequestReceived, status: int, body: bytes = b"") -> None:
        assert received.transaction is not None, "an ACK is not answered"
        response = received.request.response(
            status,
            to_tag="b0b7a9",
            headers=[("Contact", "<sip:102@192.0.2.2:5060>")],
            body=body,
            content_type="application/sdp" if body else None,
        )
        self.bob.respond(received.transaction, response, self.now)

    def _bob_hears(self) -> RequestReceived:
        self._carry(self.alice, self.bob, TO_ALICE)
        event = self.bob.poll()
        assert isinstance(event, RequestReceived), event
        return event

    def _alice_hears(self) -> Response:
        self._carry(self.bob, self.alice, TO_BOB)
        event = self.alice.poll()
        assert isinstance(event, ResponseReceived), event
        return event.response

    def _carry(self, sender: SipStack, receiver: SipStack, flow: Flow) -> None:
        while (event := sender.poll()) is not None:
            assert isinstance(event, Transmit), event
            receiver.receive(flow, event.data, self.now)


def run() -> list[Row]:
    """Rows for a call and for a registration."""
    kinds: list[tuple[str, Callable[[Pair], None]]] = [
        ("INVITE, 180, 200, ACK, BYE, 200: both ends", Pair.call),
        ("REGISTER, 200: both ends", Pair.register),
    ]
    return [
        Row.of(
            [_piece_us(piece) for _ in range(RUNS)], work=work, subject="mediacore-pbx", unit="µs CPU", command=COMMAND
        )
        for work, piece in kinds
    ]


def _piece_us(piece: Callable[[Pair], None]) -> float:
    """CPU of one piece, timers and their ends included."""
    pair = Pair()
    for _ in range(PIECES):  # until as many transactions end as begin
        piece(pair)
    gc.collect()
    started = time.process_time()
    for _ in range(PIECES):
        piece(pair)
    return (time.process_time() - started) / PIECES * 1e6


if __name__ == "__main__":
    show(run())
