"""The INVITE verbs of a leg that has none, and what a leg saves of those it has."""

import pytest

from pbx.call.leg import Leg
from pbx.call.state import LegState, read_request
from pbx.media.fake import FakeEngine
from pbx.sip.flow import Flow
from pbx.sip.message import Headers, Request
from pbx.sip.stack import SipStack
from pbx.transport.endpoint import Endpoint
from tests.support.network import SimNetwork

OURS, THEIRS = ("192.0.2.10", 5060), ("198.51.100.1", 5060)
FLOW = Flow("udp", OURS, THEIRS)


@pytest.fixture
def network() -> SimNetwork:
    return SimNetwork()


@pytest.fixture
def leg(network: SimNetwork) -> Leg:
    endpoint = Endpoint(SipStack(token=lambda: "t1"), network.socket(*OURS), lambda event: None)
    state = LegState("b1", "callee", "102", "sip:102@x", "tag1", FLOW)
    return Leg(state, FakeEngine(address="192.0.2.10").open_leg(), endpoint, lambda leg, event: None)


def request(method: str) -> Request:
    return Request(
        method,
        "sip:102@198.51.100.1",
        Headers([("From", "<sip:101@x>;tag=tag1"), ("To", "<sip:102@x>"), ("Call-ID", "c1"), ("CSeq", f"1 {method}")]),
    )


async def test_verbs_about_an_invite_that_is_not_there_say_nothing(leg, network):
    leg.respond_invite(200)
    leg.send_invite()
    leg.acknowledge()
    leg.cancel()
    leg.let_go_invite()
    assert not leg.receive_ack(request("ACK"))
    assert not leg.awaits_ack
    leg.close()
    assert network.ladder == []


async def test_an_invite_is_saved_as_it_will_be_sent(leg, network):
    leg.prepare_invite(request("INVITE"))
    assert network.ladder == []
    saved = leg.state.sent.message
    leg.send_invite()
    assert [sent.data for sent in network.ladder] == [saved]
    assert read_request(saved).encode() == saved


async def test_an_invite_that_was_never_sent_needs_no_cancel(leg, network):
    leg.prepare_invite(request("INVITE"))
    leg.cancel()
    leg.close()
    leg.close()
    assert leg.state.phase == "cancelling"
    assert network.ladder == []
