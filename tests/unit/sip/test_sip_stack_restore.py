"""A call goes on in a stack that has never seen its INVITE: the message as it was, read again, is enough."""

from pbx.sip.message import Request
from pbx.sip.parse import parse_message
from pbx.sip.stack import AckTimedOut, CancelReceived, RequestReceived, TimedOut
from tests.support.sip_messages import answer, sip_request
from tests.support.sip_table import TO_ALICE, Table


def saved(request: Request) -> Request:
    """Written down and read in another process."""
    again = parse_message(request.encode())
    assert isinstance(again, Request)
    return again


def ringing_in() -> tuple[str, Request]:
    table = Table()
    (event,) = table.receive(sip_request("INVITE"))
    table.respond(event.transaction, answer(event.request, 180))
    return event.transaction, saved(event.request)


def ringing_out() -> tuple[str, Request]:
    table = Table()
    transaction = table.stack.send_request(sip_request("INVITE", via=None), TO_ALICE, 0.0)
    return transaction, saved(table.stack.client_request(transaction))


def test_a_ringing_call_can_be_answered_after_a_restart():
    name, invite = ringing_in()
    table = Table()
    transaction = table.stack.restore_server_invite(invite, TO_ALICE, 0.0)
    assert transaction == name
    assert table.advance(5.0) == []
    assert table.take() == []
    ok = answer(invite, 200)
    table.respond(transaction, ok)
    assert table.advance(6.0) == []
    assert table.take_lines() == ["SIP/2.0 200 OK"] * 2
    assert [flow for flow, _ in table.sent] == []
    (ack,) = table.receive(
        sip_request("ACK", via="SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKack", to="<sip:bob@example.org>;tag=b1")
    )
    assert ack.transaction is None
    assert table.stack.stats().unacknowledged == 0


def test_the_answer_after_a_restart_goes_where_the_invite_came_from():
    _, invite = ringing_in()
    table = Table()
    table.respond(table.stack.restore_server_invite(invite, TO_ALICE, 0.0), answer(invite, 200))
    assert [flow for flow, _ in table.sent] == [TO_ALICE]


def test_the_invite_that_comes_again_after_a_restart_is_no_new_call():
    _, invite = ringing_in()
    table = Table()
    table.stack.restore_server_invite(invite, TO_ALICE, 0.0)
    assert table.receive(sip_request("INVITE")) == []


def test_a_call_can_be_cancelled_after_a_restart():
    _, invite = ringing_in()
    table = Table()
    transaction = table.stack.restore_server_invite(invite, TO_ALICE, 0.0)
    (event,) = table.receive(sip_request("CANCEL"))
    assert isinstance(event, CancelReceived)
    assert event.transaction == transaction


def test_an_answered_call_whose_ack_never_comes_after_a_restart_is_told():
    _, invite = ringing_in()
    table = Table()
    transaction = table.stack.restore_server_invite(invite, TO_ALICE, 0.0)
    table.respond(transaction, answer(invite, 200))
    assert table.advance(32.0) == [AckTimedOut(transaction)]


def test_a_call_out_that_rang_hears_its_answer_after_a_restart():
    name, invite = ringing_out()
    table = Table()
    transaction = table.stack.restore_client_invite(invite, TO_ALICE, 0.0)
    assert transaction == name
    assert table.advance(100.0) == []
    assert table.take() == []
    (event,) = table.receive(answer(invite, 200))
    assert (event.transaction, event.response.status) == (name, 200)


def test_a_call_out_can_be_cancelled_after_a_restart():
    _, invite = ringing_out()
    table = Table()
    transaction = table.stack.restore_client_invite(invite, TO_ALICE, 0.0)
    table.stack.cancel(transaction, 0.0)
    assert table.events() == []
    assert table.take_lines() == ["CANCEL sip:bob@192.0.2.2 SIP/2.0"]
    assert table.advance(32.0) == [TimedOut(transaction)]


def test_a_2xx_that_comes_again_after_a_restart_gets_the_ack_that_it_had():
    before = Table()
    transaction = before.stack.send_request(sip_request("INVITE", via=None), TO_ALICE, 0.0)
    invite = before.stack.client_request(transaction)
    ok = answer(invite, 200)
    before.receive(ok)
    before.take()
    ack = sip_request("ACK", via=None, to="<sip:bob@example.org>;tag=b1")
    before.stack.acknowledge(transaction, ack, TO_ALICE, 0.0)
    before.events()
    (sent,) = before.take()

    after = Table()
    after.stack.restore_client_invite(saved(invite), TO_ALICE, 0.0, ack=saved(ack))
    assert after.receive(ok) == []
    assert [message.encode() for message in after.take()] == [sent.encode()]
    assert after.advance(32.0) == []
    assert after.stack.stats().transactions == 0


def test_requests_in_the_dialog_are_shown_after_a_restart():
    table = Table()
    (event,) = table.receive(sip_request("BYE", to="<sip:bob@example.org>;tag=b1", cseq=2))
    assert isinstance(event, RequestReceived)
