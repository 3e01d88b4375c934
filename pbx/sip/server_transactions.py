"""The server half of a stack: requests received, our responses, their ACKs (RFC 3261 17.2, 8.2, 9.2, 13.3)."""

from __future__ import annotations

from pbx.sip.accepted_invites import UnacknowledgedAnswer
from pbx.sip.errors import LocalProtocolError
from pbx.sip.events import AckTimedOut, CancelReceived, RequestReceived
from pbx.sip.flow import Flow
from pbx.sip.matching import AckKey, MergeKey, ack_key, check_readable, merge_key, server_key
from pbx.sip.message import Request, Response
from pbx.sip.outbox import Outbox
from pbx.sip.return_path import is_reliable, reply_flow
from pbx.sip.stateless_replies import StatelessReplies
from pbx.sip.timer_heap import Timed, TimerHeap
from pbx.sip.transaction.outputs import GaveUp, Send
from pbx.sip.transaction.server_invite import ServerInvite
from pbx.sip.transaction.server_other import ServerOther
from pbx.sip.transaction.state import State
from pbx.sip.transaction.timers import Timers

RETRY_AFTER_S = 10  # said with a 503 when full: by then a third of the transactions of a flood are over
RESERVE = 8  # one part in eight on top of the limit is kept for requests inside dialogs: a full house can still hang up


class ServerTransaction:
    """One machine, where its responses go, and, for an accepted INVITE, the 2xx that waits for its ACK."""

    __slots__ = (
        "answer",
        "answer_key",
        "flow",
        "id",
        "is_cancelled",
        "machine",
        "merge_key",
        "reply_flow",
        "table",
        "to",
    )

    def __init__(self, id: str, machine: ServerInvite | ServerOther, flow: Flow, table: ServerTransactions) -> None:
        self.id = id
        self.machine = machine
        self.flow = flow
        self.reply_flow = reply_flow(machine.request, flow)
        self.table = table
        self.merge_key: MergeKey | None = None
        self.to = machine.request.headers.first("To") or ""  # with our tag, once a response had it
        self.is_cancelled = False
        self.answer: UnacknowledgedAnswer | None = None
        self.answer_key: AckKey | None = None

    def handle_timeout(self, now: float) -> None:
        """Called by the heap's owner."""
        if self.answer is not None:
            self.table.resend_answer(self, self.answer, now)
        self.machine.handle_timeout(now)
        self.table.settle(self)

    def next_timeout(self) -> float:
        """The machine's or the answer's, whichever is first."""
        at = self.machine.next_timeout()
        return at if self.answer is None else min(at, self.answer.next_timeout())


class ServerTransactions:
    """All requests that we still remember, by name."""

    def __init__(
        self,
        *,
        timers: Timers,
        limit: int,
        replies: StatelessReplies,
        heap: TimerHeap[Timed],
        outbox: Outbox,
    ) -> None:
        self.merged = 0
        self.refused_full = 0
        self.refused_and_forgotten = 0
        self.late_responses = 0
        self.unanswered = 0
        self.refusals_unacknowledged = 0
        self._timers = timers
        self._limit = limit
        self._replies = replies
        self._heap = heap
        self._outbox = outbox
        self._live: dict[str, ServerTransaction] = {}
        self._merging: dict[MergeKey, ServerTransaction] = {}
        self._answered: dict[AckKey, ServerTransaction] = {}

    def __len__(self) -> int:
        return len(self._live)

    @property
    def unacknowledged(self) -> int:
        """2xx to INVITEs that still wait for their ACK."""
        return sum(live.answer is not None and not live.answer.is_acknowledged for live in self._answered.values())

    def request(self, transaction: str) -> Request | None:
        """The request as it was received, None when the transaction is over."""
        live = self._live.get(transaction)
        return None if live is None else live.machine.request

    # -- what comes in -------------------------------------------------------------------------------------------------

    def receive_request(self, request: Request, flow: Flow, now: float) -> None:
        """The top Via is already marked with the source. Raises BadMessage, and then has changed nothing."""
        check_readable(request)
        if request.method == "ACK":
            self._receive_ack(request, flow, now)
            return
        key = server_key(request, request.method)
        live = self._live.get(key)
        if live is not None:
            self._outbox.retransmissions_absorbed += 1
            live.machine.receive_request(now)
            self.settle(live)
        elif request.method == "CANCEL":
            self._receive_cancel(key, request, flow, now)
        else:
            self._receive_new(key, request, flow, now)

    def _receive_new(self, key: str, request: Request, flow: Flow, now: float) -> None:
        merging = merge_key(request)
        if merging is not None and merging in self._merging:
            self.merged += 1
            self._replies.answer(request, flow, 482)
        elif len(self._live) >= (self._limit if merging is not None else self._limit + self._limit // RESERVE):
            self.refused_full += 1
            self._replies.answer(request, flow, 503, headers=[("Retry-After", str(RETRY_AFTER_S))])
        else:
            live = self._start(key, request, flow, now)
            if merging is not None:
                live.merge_key = merging
                self._merging[merging] = live
            self._outbox.events.append(RequestReceived(key, request, flow))

    def _receive_ack(self, ack: Request, flow: Flow, now: float) -> None:
        invite = self._live.get(server_key(ack, "INVITE"))
        if invite is not None and isinstance(invite.machine, ServerInvite) and invite.answer is None:
            invite.machine.receive_ack(now)
            self.settle(invite)
            return
        accepted = self._answered.get(ack_key(ack))
        if accepted is not None and accepted.answer is not None:
            if accepted.answer.is_acknowledged:
                self._outbox.retransmissions_absorbed += 1
                return
            accepted.answer.receive_ack()
            self.settle(accepted)
        elif self._replies.is_ack_to_one(ack):
            return
        self._outbox.events.append(RequestReceived(None, ack, flow))

    def _receive_cancel(self, key: str, cancel: Request, flow: Flow, now: float) -> None:
        invite = self._live.get(server_key(cancel, "INVITE"))
        # A CANCEL cannot be challenged, so it must come from where the INVITE came from (22.1).
        if invite is None or invite.flow.remote[0] != flow.remote[0]:
            self._replies.answer(cancel, flow, 481)
            return
        live = self._start(key, cancel, flow, now)
        # 9.2: with the tag that the INVITE's responses have, or will have if nobody says another.
        response = cancel.response(200, to_tag=self._replies.to_tag(invite.machine.request))
        if _has_tag(invite.to):
            response.headers.set("To", invite.to)
        live.machine.respond(200, response.encode(), now)
        self.settle(live)
        if invite.machine.state is State.PROCEEDING and not invite.is_cancelled:
            invite.is_cancelled = True
            self._outbox.events.append(CancelReceived(invite.id, cancel))

    # -- what goes out -------------------------------------------------------------------------------------------------

    def respond(self, transaction: str, response: Response, now: float) -> None:
        """Sends a response; one that comes too late is counted and dropped (17.2.1: "MUST be discarded")."""
        live = self._live.get(transaction)
        if live is None:
            self.late_responses += 1
            return
        self._complete_to(live, response)
        data = response.encode()
        if not live.machine.respond(response.status, data, now):
            self.late_responses += 1
            return
        if response.status in (401, 407):
            self._forget_merging(live)  # phones that do not raise CSeq for the second try are not turned away
        if isinstance(live.machine, ServerInvite) and 200 <= response.status < 300:
            live.answer = UnacknowledgedAnswer(data, timers=self._timers, now=now)
            live.answer_key = ack_key_of_answer(response)
            self._answered[live.answer_key] = live
        self.settle(live)

    def refuse(self, transaction: str, response: Response) -> None:
        """Sends a final response once and forgets the request: what comes again is a new one (8.2.7)."""
        live = self._live.get(transaction)
        if live is None or live.machine.state not in (State.TRYING, State.PROCEEDING) or response.status < 300:
            raise LocalProtocolError(f"{response.status} refuses nothing that is open")
        request = live.machine.request
        if request.to.tag is None:
            # The tag by which the ACK will be known, and the same in every copy of the answer.
            response.headers.set("To", f"{request.headers.first('To')};tag={self._replies.to_tag(request)}")
        self._outbox.transmit(live.reply_flow, response.encode())
        self.refused_and_forgotten += 1
        self._forget(live)

    def stop_answering(self, transaction: str) -> None:
        """Ends the resending of a 2xx as its ACK would: the dialog is over, and nobody waits for it."""
        live = self._live.get(transaction)
        if live is not None and live.answer is not None:
            live.answer.receive_ack()
            self.settle(live)

    def restore_invite(self, request: Request, flow: Flow, now: float) -> str:
        """Takes over an INVITE that another process received and did not answer finally; its name stays the same."""
        if request.method != "INVITE":
            raise LocalProtocolError(f"{request.method} is no INVITE")
        key = server_key(request, "INVITE")
        machine = ServerInvite.restored(request, timers=self._timers, is_reliable=is_reliable(flow), now=now)
        self._live[key] = ServerTransaction(key, machine, flow, self)
        return key

    def resend_answer(self, live: ServerTransaction, answer: UnacknowledgedAnswer, now: float) -> None:
        """Sends a 2xx again, or says that its ACK never came."""
        if answer.next_timeout() > now:
            return
        data = answer.handle_timeout(now)
        if data is not None:
            self._outbox.transmit(live.reply_flow, data, is_resend=True)
        else:
            self._outbox.events.append(AckTimedOut(live.id))

    def settle(self, live: ServerTransaction) -> None:
        """Does what the machine asks for, and sets the timer."""
        machine = live.machine
        while (output := machine.poll()) is not None:
            match output:
                case Send(data, is_resend):
                    self._outbox.transmit(live.reply_flow, data, is_resend=is_resend)
                case GaveUp() if isinstance(machine, ServerInvite):
                    self.refusals_unacknowledged += 1  # the caller is gone, and so is the call: nobody needs to be told
                case GaveUp():
                    self.unanswered += 1
        if machine.state is State.TERMINATED:
            self._forget(live)
        else:
            self._heap.set(live, live.next_timeout())

    def _start(self, key: str, request: Request, flow: Flow, now: float) -> ServerTransaction:
        kind = ServerInvite if request.method == "INVITE" else ServerOther
        machine = kind(request, timers=self._timers, is_reliable=is_reliable(flow), now=now)
        live = self._live[key] = ServerTransaction(key, machine, flow, self)
        self._heap.set(live, live.next_timeout())
        return live

    def _complete_to(self, live: ServerTransaction, response: Response) -> None:
        """Every response but 100 has a To tag (8.2.6.2); where the caller gave none, one that is always the same."""
        if response.status == 100:
            return
        to = response.headers.first("To") or ""
        if not _has_tag(to) and response.to.tag is None:
            to = f"{to};tag={self._replies.to_tag(live.machine.request)}"
            response.headers.set("To", to)
        live.to = to

    def _forget(self, live: ServerTransaction) -> None:
        self._heap.cancel(live)
        self._live.pop(live.id, None)
        self._forget_merging(live)
        if live.answer_key is not None and self._answered.get(live.answer_key) is live:
            del self._answered[live.answer_key]

    def _forget_merging(self, live: ServerTransaction) -> None:
        if live.merge_key is not None:
            self._merging.pop(live.merge_key, None)
            live.merge_key = None


def ack_key_of_answer(response: Response) -> AckKey:
    """The key of the ACK that a 2xx will get."""
    return response.call_id, response.to.tag, response.from_.tag, response.cseq.number


def _has_tag(to: str) -> bool:
    """Quick and sure where it says yes: behind the URI only parameters of the header follow."""
    return to.rfind(";tag=") > to.rfind(">")
