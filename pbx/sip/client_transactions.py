"""The client half of a stack: requests of ours, their responses, CANCEL, ACKs to 2xx (RFC 3261 17.1, 9.1, 13.2)."""

from __future__ import annotations

from collections.abc import Callable

from pbx.sip.accepted_invites import Acknowledgements
from pbx.sip.errors import LocalProtocolError
from pbx.sip.events import ResponseReceived, TimedOut
from pbx.sip.flow import Flow
from pbx.sip.matching import MAGIC_COOKIE, check_readable, client_key, response_key
from pbx.sip.message import Request, Response
from pbx.sip.outbox import Outbox
from pbx.sip.return_path import is_reliable
from pbx.sip.timer_heap import Timed, TimerHeap
from pbx.sip.transaction.client_invite import ClientInvite
from pbx.sip.transaction.client_other import ClientOther
from pbx.sip.transaction.derived_requests import cancel_of
from pbx.sip.transaction.outputs import CancelDue, Deliver, GaveUp, Send
from pbx.sip.transaction.state import State
from pbx.sip.transaction.timers import Timers
from pbx.sip.uri import write_hostport


class ClientTransaction:
    """One machine, where its messages go, and, for an INVITE, the answers that it got."""

    __slots__ = ("acknowledgements", "cancel_reason", "flow", "id", "machine", "table")

    def __init__(self, id: str, machine: ClientInvite | ClientOther, flow: Flow, table: ClientTransactions) -> None:
        self.id = id
        self.machine = machine
        self.flow = flow
        self.table = table
        self.acknowledgements = Acknowledgements() if isinstance(machine, ClientInvite) else None
        self.cancel_reason = ""  # for the CANCEL, which may have to wait

    def handle_timeout(self, now: float) -> None:
        """Called by the heap's owner."""
        self.machine.handle_timeout(now)
        self.table.settle(self, now)

    @property
    def is_cancel(self) -> bool:
        """A CANCEL is the stack's own: its responses tell nobody anything, the INVITE's does (9.1)."""
        return self.machine.request.method == "CANCEL"


class ClientTransactions:
    """All requests of ours that still wait for something, by name."""

    def __init__(self, *, timers: Timers, token: Callable[[], str], heap: TimerHeap[Timed], outbox: Outbox) -> None:
        self._timers = timers
        self._token = token
        self._heap = heap
        self._outbox = outbox
        self._live: dict[str, ClientTransaction] = {}

    def __len__(self) -> int:
        return len(self._live)

    def request(self, transaction: str) -> Request | None:
        """The request as it was sent, None when the transaction is over."""
        live = self._live.get(transaction)
        return None if live is None else live.machine.request

    def send(self, request: Request, flow: Flow, now: float) -> str:
        """Puts our Via on the request (the object itself), unless it is stamped already, and sends it."""
        if request.method in ("ACK", "CANCEL"):
            raise LocalProtocolError(f"{request.method} has a verb of its own: acknowledge() or cancel()")
        if "Via" not in request.headers:
            self.stamp(request, flow)
        branch = request.top_via.branch
        assert branch is not None, "our Via has a branch"
        kind = ClientInvite if request.method == "INVITE" else ClientOther
        machine = kind(request, timers=self._timers, is_reliable=is_reliable(flow), now=now)
        return self._start(branch, machine, flow, now).id

    def stamp(self, request: Request, flow: Flow) -> None:
        """Puts our Via on the request, with the branch that its transaction will have."""
        sent_by = write_hostport(*flow.local)
        branch = f"{MAGIC_COOKIE}{self._token()}"
        request.headers.prepend("Via", f"SIP/2.0/{flow.transport.upper()} {sent_by};rport;branch={branch}")

    def restore_invite(self, request: Request, flow: Flow, now: float, ack: Request | None) -> str:
        """Takes over an INVITE that another process sent; with `ack`, one that was answered and acknowledged."""
        branch = request.top_via.branch
        if request.method != "INVITE" or branch is None:
            raise LocalProtocolError(f"{request.method} with branch {branch!r} is no INVITE that was sent")
        machine = ClientInvite.restored(
            request, is_answered=ack is not None, timers=self._timers, is_reliable=is_reliable(flow), now=now
        )
        live = self._start(branch, machine, flow, now)
        if ack is not None and live.acknowledgements is not None:
            live.acknowledgements.give(ack.to.tag, flow, ack.encode())
        return live.id

    def acknowledge(self, transaction: str, ack: Request, flow: Flow) -> None:
        """Sends the ACK to a 2xx, and again whenever that 2xx comes again."""
        if ack.method != "ACK":
            raise LocalProtocolError(f"{ack.method} is no ACK")
        self.stamp(ack, flow)  # a branch of its own: it is a request inside the dialog (17.1.1.3)
        data = ack.encode()
        self._outbox.transmit(flow, data)
        live = self._live.get(transaction)
        if live is not None and live.acknowledgements is not None:
            live.acknowledgements.give(ack.to.tag, flow, data)

    def cancel(self, transaction: str, now: float, *, reason: str = "") -> None:
        """Takes an INVITE back, with a Reason header if one is given; nothing happens if it is over."""
        live = self._live.get(transaction)
        if live is None:
            return
        if not isinstance(live.machine, ClientInvite):
            raise LocalProtocolError(
                f"only an INVITE can be cancelled, not {live.machine.request.method} (RFC 3261 9.1)"
            )
        live.cancel_reason = reason
        live.machine.cancel(now)
        self.settle(live, now)

    def receive_response(self, response: Response, flow: Flow, now: float) -> None:
        """Raises BadMessage, and then has changed nothing."""
        # The sent-by is not compared with ours (18.1.2): nobody guesses a branch, and behind NAT ours looks different.
        check_readable(response)
        live = self._live.get(response_key(response))
        if live is None or live.machine.request.method != response.cseq.method:
            self._outbox.dropped["response to nothing that is open"] += 1
            return
        vias = response.headers.all("Via")
        if len(vias) > 1 or "," in vias[0]:
            self._outbox.dropped["response with several Vias"] += 1  # meant for somebody behind us (8.1.3.3)
            return
        live.machine.receive_response(response, now)
        if not self.settle(live, now, flow):
            self._outbox.retransmissions_absorbed += 1

    def settle(self, live: ClientTransaction, now: float, flow: Flow | None = None) -> bool:
        """Does what the machine asks for; whether a response was new. `flow`: where the response came from."""
        machine = live.machine
        is_new = False
        while (output := machine.poll()) is not None:
            match output:
                case Send(data, is_resend):
                    self._outbox.transmit(live.flow, data, is_resend=is_resend)
                case Deliver(response):
                    is_new |= self._deliver(live, response, flow or live.flow)
                case CancelDue():
                    self._send_cancel(live, now)
                case GaveUp():
                    if not live.is_cancel:
                        self._outbox.events.append(TimedOut(live.id))
        if machine.state is State.TERMINATED:
            self._heap.cancel(live)
            self._live.pop(live.id, None)
        else:
            self._heap.set(live, machine.next_timeout())
        return is_new

    def _start(self, branch: str, machine: ClientInvite | ClientOther, flow: Flow, now: float) -> ClientTransaction:
        key = client_key(branch, machine.request.method)
        live = self._live[key] = ClientTransaction(key, machine, flow, self)
        self.settle(live, now)
        return live

    def _deliver(self, live: ClientTransaction, response: Response, flow: Flow) -> bool:
        if live.is_cancel:
            return True
        if live.acknowledgements is not None and 200 <= response.status < 300:
            to_tag = response.to.tag
            if to_tag in live.acknowledgements:
                self._acknowledge_again(live.acknowledgements.ack(to_tag))
                return False
            if live.acknowledgements.is_full:
                self._outbox.dropped["2xx beyond the limit of forks"] += 1
                return True
            live.acknowledgements.expect(to_tag)
        self._outbox.events.append(ResponseReceived(live.id, response, flow))
        return True

    def _acknowledge_again(self, ack: tuple[Flow, bytes] | None) -> None:
        if ack is not None:
            self._outbox.transmit(*ack, is_resend=True)

    def _send_cancel(self, live: ClientTransaction, now: float) -> None:
        cancel = cancel_of(live.machine.request, reason=live.cancel_reason)
        machine = ClientOther(cancel, timers=self._timers, is_reliable=is_reliable(live.flow), now=now)
        self._start(live.id, machine, live.flow, now)
