"""Non-INVITE server transaction: RFC 3261 17.2.2 as tables of moments."""

from pbx.sip.transaction import GaveUp, Send, ServerOther, State, Timers
from tests.support.sip_messages import drain, run_until_idle, sip_request

OPTIONS = sip_request("OPTIONS")


def server(*, is_reliable: bool = False) -> ServerOther:
    return ServerOther(OPTIONS, timers=Timers(), is_reliable=is_reliable, now=0.0)


def test_before_an_answer_the_same_request_is_absorbed():
    transaction = server()
    transaction.receive_request(0.5)
    assert drain(transaction) == []


def test_the_final_response_is_sent_again_when_asked_until_timer_j():
    transaction = server()
    transaction.respond(200, b"ok", 1.0)
    assert drain(transaction) == [Send(b"ok")]
    transaction.receive_request(20.0)
    assert drain(transaction) == [Send(b"ok", is_resend=True)]
    assert transaction.next_timeout() == 33.0
    assert run_until_idle(transaction, now=20.0) == []
    assert transaction.state is State.TERMINATED


def test_a_provisional_response_is_sent_again_when_asked():
    transaction = server()
    transaction.respond(100, b"trying", 1.0)
    assert transaction.state is State.PROCEEDING
    drain(transaction)
    transaction.receive_request(1.5)
    assert drain(transaction) == [Send(b"trying", is_resend=True)]


def test_on_a_reliable_transport_the_final_response_ends_it_at_once():
    transaction = server(is_reliable=True)
    transaction.respond(200, b"ok", 1.0)
    assert transaction.state is State.TERMINATED


def test_only_the_first_final_response_counts():
    transaction = server()
    assert transaction.respond(200, b"ok", 1.0)
    assert not transaction.respond(500, b"no", 1.1)
    assert drain(transaction) == [Send(b"ok")]


def test_a_request_that_nobody_answers_is_forgotten_when_its_sender_has_given_up():
    transaction = server()
    transaction.respond(100, b"trying", 1.0)
    assert run_until_idle(transaction)[-1] == (32.0, GaveUp())
    assert transaction.state is State.TERMINATED
