"""The client half of the stack: Via, matching, forks, ACK and CANCEL."""

import pytest

from pbx.sip.accepted_invites import FORKS_MAX
from pbx.sip.dialog import Dialog
from pbx.sip.errors import LocalProtocolError
from pbx.sip.flow import Flow
from pbx.sip.message import Request
from pbx.sip.stack import ResponseReceived, TimedOut
from tests.support.sip_messages import answer, sip_request
from tests.support.sip_table import TO_ALICE, TO_ALICE_BY_TCP, Table


def send(table: Table, method: str = "INVITE", flow: Flow = TO_ALICE, **parts) -> tuple[str, Request]:
    transaction = table.stack.send_request(sip_request(method, via=None, **parts), flow, table.now)
    assert table.events() == []
    (request,) = table.take()
    assert isinstance(request, Request)
    return transaction, request


def responses(events) -> list[int]:
    assert all(isinstance(event, ResponseReceived) for event in events)
    return [event.response.status for event in events]


def acknowledge(table: Table, transaction: str, request: Request, response) -> Request:
    dialog = Dialog.from_response(request, response, TO_ALICE)
    table.stack.acknowledge(transaction, dialog.make_ack(1), TO_ALICE, table.now)
    assert table.events() == []
    (ack,) = table.take()
    return ack


def test_our_via_names_us_asks_for_rport_and_names_the_transaction():
    table = Table()
    transaction, request = send(table)
    assert request.headers.all("Via") == [f"SIP/2.0/UDP 192.0.2.2:5060;rport;branch={transaction}"]


def test_our_via_on_other_transports_and_addresses():
    table = Table()
    _, request = send(table, flow=Flow("tls", ("2001:db8::5", 5061), ("2001:db8::6", 5061), "c1"))
    assert request.top_via.transport == "TLS"
    assert request.top_via.sent_by == "[2001:db8::5]:5061"


def test_the_via_is_put_on_the_request_itself():
    table = Table()
    request = sip_request("INVITE", via=None)
    transaction = table.stack.send_request(request, TO_ALICE, 0.0)
    assert request.top_via.branch == transaction
    assert table.stack.client_request(transaction) is request


def test_two_requests_have_two_branches():
    table = Table()
    assert send(table)[0] != send(table)[0]


def test_a_response_is_shown_to_its_request_and_a_repeated_final_one_only_once():
    table = Table()
    transaction, request = send(table, "REGISTER")
    (event,) = table.receive(answer(request, 200))
    assert (event.transaction, event.response.status, event.flow) == (transaction, 200, TO_ALICE)
    assert table.receive(answer(request, 200)) == []
    assert table.stack.stats().retransmissions_absorbed == 1


def test_a_response_to_nothing_is_dropped_and_counted():
    table = Table()
    assert table.receive(answer(sip_request("INVITE"), 200)) == []
    assert table.stack.stats().dropped == {"response to nothing that is open": 1}


def test_a_response_to_another_method_is_dropped():
    table = Table()
    _, request = send(table, "REGISTER")
    other = answer(request, 200)
    other.headers.set("CSeq", "1 OPTIONS")
    assert table.receive(other) == []
    assert table.stack.stats().dropped == {"response to nothing that is open": 1}


@pytest.mark.parametrize("as_one_line", [True, False])
def test_a_response_that_somebody_behind_us_was_to_have_is_dropped(as_one_line):
    table = Table()
    _, request = send(table, "REGISTER")
    response = answer(request, 200)
    ours = response.headers.first("Via")
    if as_one_line:
        response.headers.set("Via", f"{ours}, SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKx")
    else:
        response.headers.remove("Via")
        response.headers.prepend("Via", "SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKx")
        response.headers.prepend("Via", ours)
    assert table.receive(response) == []
    assert table.stack.stats().dropped == {"response with several Vias": 1}


def test_no_answer_is_a_time_out():
    table = Table()
    transaction, _ = send(table, "REGISTER")
    assert table.advance(32.0) == [TimedOut(transaction)]
    assert len(table.take()) == 10
    assert table.stack.stats().transactions == 0
    assert table.stack.stats().retransmissions_sent == 10


# -- the 2xx and its ACK -----------------------------------------------------------------------------------------------


def test_the_ack_to_a_2xx_has_a_branch_of_its_own():
    table = Table()
    transaction, request = send(table)
    ok = answer(request, 200)
    assert responses(table.receive(ok)) == [200]
    ack = acknowledge(table, transaction, request, ok)
    assert ack.start_line() == "ACK sip:bob@192.0.2.2:5060 SIP/2.0"
    assert ack.top_via.branch not in (None, transaction)
    assert table.advance(100.0) == []
    assert table.take() == []


def test_the_same_ack_is_sent_again_for_each_2xx_that_comes_again():
    table = Table()
    transaction, request = send(table)
    ok = answer(request, 200)
    table.receive(ok)
    ack = acknowledge(table, transaction, request, ok)
    assert table.receive(ok) == []
    assert table.receive(ok) == []
    assert [again.encode() for again in table.take()] == [ack.encode()] * 2


def test_a_2xx_that_comes_again_before_our_ack_is_absorbed():
    table = Table()
    _, request = send(table)
    ok = answer(request, 200)
    assert responses(table.receive(ok)) == [200]
    assert table.receive(ok) == []
    assert table.take() == []
    assert table.stack.stats().retransmissions_absorbed == 1


def test_each_fork_that_answers_is_shown_and_acknowledged_apart():
    table = Table()
    transaction, request = send(table)
    one, two = answer(request, 200, tag="one"), answer(request, 200, tag="two")
    assert responses(table.receive(one)) == [200]
    assert responses(table.receive(two)) == [200]
    first = acknowledge(table, transaction, request, one)
    second = acknowledge(table, transaction, request, two)
    table.receive(two)
    table.receive(one)
    assert [ack.to.tag for ack in table.take()] == ["two", "one"]
    assert (first.to.tag, second.to.tag) == ("one", "two")


def test_more_forks_than_are_believable_are_dropped_and_counted():
    table = Table()
    _, request = send(table)
    for n in range(FORKS_MAX):
        assert responses(table.receive(answer(request, 200, tag=f"fork{n}"))) == [200]
    assert table.receive(answer(request, 200, tag="one-too-many")) == []
    assert table.stack.stats().dropped == {"2xx beyond the limit of forks": 1}


def test_an_ack_is_sent_even_when_the_transaction_is_long_gone():
    table = Table()
    transaction, request = send(table)
    ok = answer(request, 200)
    table.receive(ok)
    table.advance(40.0)
    assert acknowledge(table, transaction, request, ok).method == "ACK"


def test_a_refusal_is_acknowledged_by_the_stack():
    table = Table()
    transaction, request = send(table)
    assert responses(table.receive(answer(request, 486))) == [486]
    (ack,) = table.take()
    assert (ack.method, ack.top_via.branch, ack.to.tag) == ("ACK", transaction, "b1")


@pytest.mark.parametrize("method", ["ACK", "CANCEL"])
def test_ack_and_cancel_are_no_requests_to_send(method):
    with pytest.raises(LocalProtocolError):
        Table().stack.send_request(sip_request(method, via=None), TO_ALICE, 0.0)


def test_only_an_ack_acknowledges():
    with pytest.raises(LocalProtocolError):
        Table().stack.acknowledge("any", sip_request("BYE", via=None), TO_ALICE, 0.0)


# -- CANCEL ------------------------------------------------------------------------------------------------------------


def test_a_cancel_waits_for_the_first_provisional_response():
    table = Table()
    transaction, request = send(table)
    table.stack.cancel(transaction, table.now)
    table.events()
    assert table.take() == []
    assert responses(table.receive(answer(request, 180))) == [180]
    (cancel,) = table.take()
    assert cancel.start_line() == "CANCEL sip:bob@192.0.2.2 SIP/2.0"
    assert cancel.headers.all("Via") == request.headers.all("Via")
    assert (cancel.cseq.number, cancel.cseq.method) == (1, "CANCEL")
    assert cancel.to.tag is None
    assert "Reason" not in cancel.headers


def test_a_cancel_that_waits_still_says_why():
    table = Table()
    transaction, request = send(table)
    table.stack.cancel(transaction, table.now, reason="SIP;cause=200")
    table.receive(answer(request, 180))
    (cancel,) = table.take()
    assert cancel.headers.all("Reason") == ["SIP;cause=200"]


def test_the_answer_to_a_cancel_is_not_shown_the_487_is():
    table = Table()
    transaction, request = send(table)
    table.receive(answer(request, 180))
    table.stack.cancel(transaction, table.now)
    table.events()
    (cancel,) = table.take()
    assert table.receive(answer(cancel, 200)) == []
    assert responses(table.receive(answer(request, 487))) == [487]
    assert [message.method for message in table.take()] == ["ACK"]
    assert table.advance(100.0) == []
    assert table.stack.stats().transactions == 0


def test_a_lost_cancel_is_resent_and_its_end_is_not_shown():
    table = Table()
    transaction, request = send(table)
    table.receive(answer(request, 180))
    table.stack.cancel(transaction, table.now)
    assert table.advance(100.0) == [TimedOut(transaction)]
    assert table.take_lines().count("CANCEL sip:bob@192.0.2.2 SIP/2.0") == 11


def test_a_call_that_was_answered_while_the_cancel_went_is_shown_as_answered():
    table = Table()
    transaction, request = send(table)
    table.receive(answer(request, 180))
    table.stack.cancel(transaction, table.now)
    assert responses(table.receive(answer(request, 200))) == [200]


def test_cancelling_what_is_over_does_nothing():
    table = Table()
    transaction, _ = send(table)
    table.advance(32.0)
    table.take()
    table.stack.cancel(transaction, table.now)
    assert table.events() == []
    assert table.take() == []


def test_only_an_invite_can_be_cancelled():
    table = Table()
    transaction, _ = send(table, "REGISTER")
    with pytest.raises(LocalProtocolError):
        table.stack.cancel(transaction, 0.0)


def test_on_a_stream_nothing_is_resent():
    table = Table(flow=TO_ALICE_BY_TCP)
    transaction, _ = send(table, flow=TO_ALICE_BY_TCP)
    assert table.advance(32.0) == [TimedOut(transaction)]
    assert table.take() == []
