"""The server half of the stack: who is told what, what is absorbed, what the stack answers by itself."""

import pytest

from pbx.sip.errors import LocalProtocolError
from pbx.sip.flow import Flow
from pbx.sip.stack import AckTimedOut, CancelReceived, RequestReceived
from tests.support.sip_messages import BOB, answer, sip_request
from tests.support.sip_table import TO_ALICE_BY_TCP, Table


def received(events) -> RequestReceived:
    (event,) = events
    assert isinstance(event, RequestReceived)
    return event


def ack_to(response, *, branch: str = "z9hG4bKack"):
    """The ACK of a 2xx: a branch of its own."""
    to = response.headers.first("To")
    return sip_request("ACK", via=f"SIP/2.0/UDP 192.0.2.1:5060;rport;branch={branch}", to=to)


# -- one request, one event --------------------------------------------------------------------------------------------


def test_a_request_is_shown_once_however_often_it_comes():
    table = Table()
    options = sip_request("OPTIONS")
    event = received(table.receive(options))
    assert event.request.method == "OPTIONS"
    assert table.receive(options) == []
    table.respond(event.transaction, answer(event.request, 200))
    assert table.receive(options) == []
    assert table.take_lines() == ["SIP/2.0 200 OK"] * 2
    assert table.stack.stats().retransmissions_absorbed == 2
    assert table.stack.stats().retransmissions_sent == 1


def test_the_same_branch_with_another_method_or_another_sender_is_another_transaction():
    table = Table()
    received(table.receive(sip_request("OPTIONS")))
    received(table.receive(sip_request("INFO", cseq=2)))
    received(table.receive(sip_request("OPTIONS", via="SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKone", call_id="other")))


def test_a_branch_of_rfc_2543_is_matched_by_the_headers():
    table = Table()
    old = {"via": "SIP/2.0/UDP 192.0.2.1:5060;branch=1"}
    invite = received(table.receive(sip_request("INVITE", **old)))
    assert table.receive(sip_request("INVITE", **old)) == []
    received(table.receive(sip_request("INVITE", **old, cseq=2)))
    table.respond(invite.transaction, answer(invite.request, 486))
    table.take()
    assert table.receive(sip_request("ACK", **old, to="<sip:bob@example.org>;tag=b1")) == []
    assert table.advance(10.0) == []
    assert "486" not in " ".join(table.take_lines())  # the ACK was taken: no resend


def test_a_branch_that_is_the_cookie_alone_is_matched_by_the_headers():
    table = Table()
    via = "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK"
    received(table.receive(sip_request("OPTIONS", via=via)))
    received(table.receive(sip_request("OPTIONS", via=via, call_id="other")))


def test_requests_of_rfc_2543_to_two_forks_are_two():
    table = Table()
    via = "SIP/2.0/UDP 192.0.2.1:5060"
    received(table.receive(sip_request("BYE", via=via, to="<sip:bob@example.org>;tag=one")))
    received(table.receive(sip_request("BYE", via=via, to="<sip:bob@example.org>;tag=two")))


def test_a_copy_by_another_way_is_answered_482():
    table = Table()
    received(table.receive(sip_request("INVITE")))
    assert table.receive(sip_request("INVITE", via="SIP/2.0/UDP 192.0.2.7;branch=z9hG4bKother")) == []
    assert table.take_lines() == ["SIP/2.0 482 Loop Detected"]
    assert table.stack.stats().merged == 1


def test_inside_a_dialog_nothing_is_merged():
    table = Table()
    to = "<sip:bob@example.org>;tag=b1"
    received(table.receive(sip_request("INFO", to=to)))
    received(table.receive(sip_request("INFO", to=to, via="SIP/2.0/UDP 192.0.2.7;branch=z9hG4bKother")))


def test_a_second_try_with_credentials_that_forgot_to_raise_cseq_is_let_through():
    table = Table()
    first = received(table.receive(sip_request("REGISTER")))
    table.respond(first.transaction, answer(first.request, 401))
    received(table.receive(sip_request("REGISTER", via="SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKsecond")))


# -- answers -----------------------------------------------------------------------------------------------------------


def test_every_response_but_100_gets_a_to_tag_and_always_the_same():
    table = Table()
    event = received(table.receive(sip_request("INVITE")))
    for status in (100, 180, 404):
        table.respond(event.transaction, event.request.response(status))
    trying, ringing, gone = table.take()
    assert trying.to.tag is None
    assert ringing.to.tag == gone.to.tag
    assert ringing.to.tag


def test_a_response_that_comes_too_late_is_dropped_and_counted():
    table = Table()
    event = received(table.receive(sip_request("OPTIONS")))
    table.respond(event.transaction, answer(event.request, 200))
    table.respond(event.transaction, answer(event.request, 500))
    table.respond("no such transaction", answer(event.request, 500))
    assert table.take_lines() == ["SIP/2.0 200 OK"]
    assert table.stack.stats().late_responses == 2


def test_a_request_that_nobody_answers_is_forgotten_and_counted():
    table = Table()
    received(table.receive(sip_request("OPTIONS")))
    assert table.advance(32.0) == []
    assert table.stack.stats().transactions == 0
    assert table.stack.stats().unanswered == 1


def test_the_request_of_a_transaction_can_be_had_while_it_lives():
    table = Table()
    event = received(table.receive(sip_request("OPTIONS")))
    assert table.stack.server_request(event.transaction) is event.request
    table.advance(32.0)
    with pytest.raises(LocalProtocolError):
        table.stack.server_request(event.transaction)


# -- INVITE: refusals --------------------------------------------------------------------------------------------------


def test_the_ack_to_a_refusal_is_absorbed():
    table = Table()
    event = received(table.receive(sip_request("INVITE")))
    table.respond(event.transaction, answer(event.request, 486))
    ack = sip_request("ACK", to="<sip:bob@example.org>;tag=b1")
    assert table.receive(ack) == []
    assert table.receive(ack) == []
    assert table.advance(60.0) == []
    assert table.take_lines() == ["SIP/2.0 486 Busy Here"]
    assert table.stack.stats().transactions == 0


def test_a_refusal_without_ack_is_resent_and_then_counted():
    table = Table()
    event = received(table.receive(sip_request("INVITE")))
    table.respond(event.transaction, answer(event.request, 486))
    assert table.advance(60.0) == []
    assert table.take_lines() == ["SIP/2.0 486 Busy Here"] * 11
    assert table.stack.stats().refusals_unacknowledged == 1


def test_an_invite_that_is_thought_about_gets_100_after_200_ms():
    table = Table()
    received(table.receive(sip_request("INVITE")))
    table.advance(0.199)
    assert table.take_lines() == []
    table.advance(0.2)
    assert table.take_lines() == ["SIP/2.0 100 Trying"]


# -- INVITE: the 2xx and its ACK ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("flow", [None, TO_ALICE_BY_TCP])
def test_a_2xx_is_resent_on_any_transport_until_its_ack_comes(flow):
    table = Table()
    event = received(table.receive(sip_request("INVITE"), flow=flow))
    ok = answer(event.request, 200)
    table.respond(event.transaction, ok)
    assert table.advance(4.0) == []
    assert table.take_lines() == ["SIP/2.0 200 OK"] * 4  # 0, 0.5, 1.5, 3.5
    assert table.stack.stats().unacknowledged == 1
    ack = received(table.receive(ack_to(ok), flow=flow))
    assert (ack.transaction, ack.request.method) == (None, "ACK")
    assert table.advance(100.0) == []
    assert table.take() == []
    assert table.stack.stats().unacknowledged == 0


def test_the_moments_of_a_2xx_without_ack():
    table = Table()
    event = received(table.receive(sip_request("INVITE")))
    table.respond(event.transaction, answer(event.request, 200))
    at = []
    while table.stack.next_timeout() < 32.0:
        at.append(table.stack.next_timeout())
        assert table.advance(at[-1]) == []
    assert at == [0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]
    assert table.advance(32.0) == [AckTimedOut(event.transaction)]
    assert table.stack.stats().transactions == 0
    assert table.advance(1000.0) == []


def test_a_repeated_ack_is_absorbed():
    table = Table()
    event = received(table.receive(sip_request("INVITE")))
    ok = answer(event.request, 200)
    table.respond(event.transaction, ok)
    received(table.receive(ack_to(ok)))
    assert table.receive(ack_to(ok)) == []
    assert table.receive(ack_to(ok, branch="z9hG4bKack2")) == []


def test_an_ack_to_a_2xx_with_the_branch_of_the_invite_is_heard_too():
    table = Table()
    event = received(table.receive(sip_request("INVITE")))
    ok = answer(event.request, 200)
    table.respond(event.transaction, ok)
    received(table.receive(ack_to(ok, branch="z9hG4bKone")))
    assert table.stack.stats().unacknowledged == 0


def test_the_invite_of_an_answered_call_is_absorbed():
    table = Table()
    event = received(table.receive(sip_request("INVITE")))
    table.respond(event.transaction, answer(event.request, 200))
    table.take()
    assert table.receive(sip_request("INVITE")) == []
    assert table.take() == []


def test_an_ack_of_another_dialog_stops_nothing_and_is_shown():
    table = Table()
    event = received(table.receive(sip_request("INVITE")))
    ok = answer(event.request, 200)
    table.respond(event.transaction, ok)
    other = sip_request("ACK", via="SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKack", to="<sip:bob@example.org>;tag=other")
    received(table.receive(other))
    assert table.stack.stats().unacknowledged == 1


# -- CANCEL ------------------------------------------------------------------------------------------------------------


def test_a_cancel_is_answered_and_shown_and_the_invite_wants_its_487():
    table = Table()
    invite = received(table.receive(sip_request("INVITE")))
    table.respond(invite.transaction, answer(invite.request, 180))
    (cancelled,) = table.receive(sip_request("CANCEL"))
    assert isinstance(cancelled, CancelReceived)
    assert cancelled.transaction == invite.transaction
    ringing, ok = table.take()
    assert (ok.status, ok.cseq.method, ok.to.tag) == (200, "CANCEL", ringing.to.tag)
    table.respond(invite.transaction, answer(invite.request, 487))
    assert table.receive(sip_request("ACK", to="<sip:bob@example.org>;tag=b1")) == []
    assert table.advance(60.0) == []
    assert table.stack.stats().transactions == 0


def test_a_repeated_cancel_is_answered_again_and_shown_once():
    table = Table()
    received(table.receive(sip_request("INVITE")))
    assert len(table.receive(sip_request("CANCEL"))) == 1
    assert table.receive(sip_request("CANCEL")) == []
    assert table.take_lines() == ["SIP/2.0 200 OK"] * 2


def test_a_cancel_after_the_answer_is_answered_and_changes_nothing():
    table = Table()
    invite = received(table.receive(sip_request("INVITE")))
    table.respond(invite.transaction, answer(invite.request, 200))
    assert table.receive(sip_request("CANCEL")) == []
    assert table.take_lines() == ["SIP/2.0 200 OK"] * 2


def test_a_cancel_of_nothing_is_answered_481():
    table = Table()
    assert table.receive(sip_request("CANCEL")) == []
    assert table.take_lines() == ["SIP/2.0 481 Call/Transaction Does Not Exist"]
    assert table.stack.stats().transactions == 0


def test_nobody_else_can_cancel_a_call():
    table = Table()
    received(table.receive(sip_request("INVITE")))
    assert table.receive(sip_request("CANCEL"), flow=Flow("udp", BOB, ("203.0.113.66", 5060))) == []
    assert table.take_lines() == ["SIP/2.0 481 Call/Transaction Does Not Exist"]


def test_a_cancel_before_any_response_gets_the_tag_that_our_other_answers_get():
    table = Table()
    invite = received(table.receive(sip_request("INVITE")))
    table.receive(sip_request("CANCEL"))
    table.respond(invite.transaction, invite.request.response(487))
    ok, terminated = table.take()
    assert ok.to.tag == terminated.to.tag


# -- when it is too much -----------------------------------------------------------------------------------------------


def via(n: int) -> str:
    return f"SIP/2.0/UDP 192.0.2.1:5060;rport;branch=z9hG4bK{n}"


def test_a_full_house_answers_503_with_retry_after_and_remembers_nothing():
    table = Table(transactions_max=8)
    for n in range(8):
        received(table.receive(sip_request("INVITE", via=via(n), call_id=f"call-{n}")))
    refused = sip_request("INVITE", via=via(99), call_id="call-99")
    assert table.receive(refused) == []
    (response,) = table.take()
    assert response.status == 503
    assert response.headers.first("Retry-After") == "10"
    assert table.stack.stats().server_transactions == 8
    assert table.stack.stats().refused_full == 1
    # Its ACK is nobody's business.
    assert table.receive(sip_request("ACK", via=via(99), call_id="call-99", to=str(response.to))) == []
    assert table.take() == []


@pytest.mark.parametrize("method", ["INVITE", "REGISTER"])
def test_a_refusal_may_leave_nothing_behind(method):
    table = Table(transactions_max=1)
    first = received(table.receive(sip_request(method)))
    table.stack.refuse(first.transaction, answer(first.request, 401, tag="random1"), 0.0)
    again = received(table.receive(sip_request(method)))  # its answer was lost
    table.stack.refuse(again.transaction, answer(again.request, 401, tag="random2"), 0.0)
    assert table.events() == []
    one, two = table.take()
    assert one.encode() == two.encode()
    assert table.receive(sip_request("ACK", to=str(one.to))) == []
    assert table.advance(100.0) == []
    assert table.take() == []
    stats = table.stack.stats()
    assert (stats.transactions, stats.refused_and_forgotten, stats.merged) == (0, 2, 0)


def test_only_a_refusal_of_an_open_request_can_be_forgotten():
    table = Table()
    event = received(table.receive(sip_request("INVITE")))
    with pytest.raises(LocalProtocolError):
        table.stack.refuse(event.transaction, answer(event.request, 200), 0.0)
    table.stack.refuse(event.transaction, answer(event.request, 503), 0.0)
    with pytest.raises(LocalProtocolError):
        table.stack.refuse(event.transaction, answer(event.request, 503), 0.0)


def test_a_full_house_can_still_hang_up():
    table = Table(transactions_max=8)
    for n in range(8):
        received(table.receive(sip_request("INVITE", via=via(n), call_id=f"call-{n}")))
    received(table.receive(sip_request("BYE", via=via(20), to="<sip:bob@example.org>;tag=b1")))
    assert table.receive(sip_request("BYE", via=via(21), to="<sip:bob@example.org>;tag=b1")) == []
    assert table.take_lines() == ["SIP/2.0 503 Service Unavailable"]


def test_the_house_empties_by_itself():
    table = Table(transactions_max=8)
    for n in range(8):
        received(table.receive(sip_request("OPTIONS", via=via(n), call_id=f"call-{n}")))
    table.advance(32.0)
    received(table.receive(sip_request("OPTIONS", via=via(9), call_id="call-9")))
