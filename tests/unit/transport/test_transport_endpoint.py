"""The loop that drives a stack: who hears what, and what a mistake costs."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import trio
from structlog.testing import capture_logs

from pbx.sip.events import CancelReceived, Event, RequestReceived, ResponseReceived, TimedOut
from pbx.sip.flow import Flow
from pbx.sip.message import Headers, Request
from pbx.sip.stack import SipStack
from pbx.transport.endpoint import Endpoint
from tests.support.network import SimNetwork

OURS, THEIRS = ("192.0.2.10", 5060), ("198.51.100.1", 5060)
FLOW = Flow("udp", THEIRS, OURS)


def request(method: str, *, to_tag: str = "", call_id: str = "c1", number: int = 1) -> Request:
    fields = [
        ("Max-Forwards", "70"),
        ("From", "<sip:101@x>;tag=them"),
        ("To", "<sip:102@x>" + (f";tag={to_tag}" if to_tag else "")),
        ("Call-ID", call_id),
        ("CSeq", f"{number} {method}"),
        ("Contact", "<sip:101@198.51.100.1>"),
    ]
    return Request(method, "sip:102@x", Headers(fields))


class Pair:
    """Ours, and a peer that keeps what it hears."""

    def __init__(self, network: SimNetwork) -> None:
        self.network = network
        self.requests: list[RequestReceived] = []
        self.heard: list[Event] = []
        self.ours = Endpoint(SipStack(), network.socket(*OURS), self.requests.append)
        self.peer = Endpoint(SipStack(), network.socket(*THEIRS), lambda event: None)

    async def ask(self, asked: Request) -> str:
        transaction = self.peer.request(asked, FLOW, self.heard.append)
        await trio.sleep(0.01)
        return transaction


@asynccontextmanager
async def pair() -> AsyncIterator[Pair]:
    async with trio.open_nursery() as nursery:
        made = Pair(SimNetwork())
        nursery.start_soon(made.ours.run)
        nursery.start_soon(made.peer.run)
        yield made
        nursery.cancel_scope.cancel()


async def test_a_new_request_goes_to_whoever_takes_requests_and_its_answer_to_whoever_asked(autojump_clock):
    async with pair() as both:
        await both.ask(request("OPTIONS"))
        (event,) = both.requests
        both.ours.respond(event.transaction, event.request.response(200, to_tag="us"))
        await trio.sleep(0.01)
        (answer,) = both.heard
        assert isinstance(answer, ResponseReceived)
        assert both.peer.receivers_open() == 0


async def test_a_request_in_a_dialog_goes_to_its_receiver_alone(autojump_clock):
    async with pair() as both:
        inside: list[Event] = []
        both.ours.dialogs["c1", "us"] = inside.append
        for tag in ("us", "", "somebody"):
            await both.ask(request("OPTIONS", to_tag=tag))
        assert (len(inside), len(both.requests)) == (1, 2)


async def test_a_cancel_goes_to_whoever_watches_the_invite(autojump_clock):
    async with pair() as both:
        transaction = await both.ask(request("INVITE"))
        (event,) = both.requests
        watched: list[Event] = []
        both.ours.watch(event.transaction, watched.append)
        both.ours.respond(event.transaction, event.request.response(180, to_tag="us"))
        await trio.sleep(0.01)
        both.peer.cancel(transaction)
        await trio.sleep(0.01)
        assert [type(heard) for heard in watched] == [CancelReceived]


async def test_silence_is_a_time_out_after_32_seconds_to_the_millisecond(autojump_clock):
    async with pair() as both:
        both.network.remove(OURS)
        both.peer.request(request("OPTIONS"), FLOW, both.heard.append)
        await trio.sleep(31.999)
        assert both.heard == []
        await trio.sleep(0.002)
        assert [type(heard) for heard in both.heard] == [TimedOut]
        assert both.peer.receivers_open() == 0


async def test_what_is_forgotten_is_told_to_nobody(autojump_clock):
    async with pair() as both:
        transaction = both.peer.request(request("OPTIONS"), FLOW, both.heard.append)
        both.peer.forget(transaction)
        await trio.sleep(40)
        assert both.heard == []


async def test_a_mistake_over_one_message_is_logged_and_counted_and_the_next_one_is_answered(autojump_clock):
    with capture_logs() as logs:
        async with pair() as both:

            def broken(event: Event) -> None:
                raise RuntimeError("a mistake of ours")

            both.ours.dialogs["c1", "us"] = broken
            await both.ask(request("OPTIONS", to_tag="us"))
            await both.ask(request("OPTIONS", call_id="c2"))
            assert (both.ours.mistakes, len(both.requests)) == (1, 1)
    assert [entry["event"] for entry in logs] == ["message failed"]


async def test_a_mistake_in_the_stack_is_one_message_too(autojump_clock, monkeypatch):
    with capture_logs() as logs:
        async with pair() as both:
            with monkeypatch.context() as patched:
                patched.setattr(both.ours.stack, "receive", None)
                await both.ask(request("OPTIONS"))
            await both.ask(request("OPTIONS", call_id="c2"))
            assert (both.ours.mistakes, len(both.requests)) == (1, 1)
    assert logs[0]["source"] == THEIRS


async def test_an_earlier_timer_wakes_a_loop_that_sleeps_on_a_later_one(autojump_clock):
    async with pair() as both:
        await trio.sleep(5)
        both.network.remove(OURS)
        both.peer.request(request("OPTIONS"), FLOW, both.heard.append)
        await trio.sleep(0.6)
        assert len(both.network.ladder) == 2  # T1 after the first
