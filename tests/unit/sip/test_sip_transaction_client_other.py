"""Non-INVITE client transaction: RFC 3261 17.1.2 as tables of moments."""

import pytest

from pbx.sip.transaction import ClientOther, Deliver, GaveUp, Send, State, Timers
from tests.support.sip_messages import answer, drain, run_until_idle, sip_request

REGISTER = sip_request("REGISTER")


def client(*, is_reliable: bool = False) -> ClientOther:
    return ClientOther(REGISTER, timers=Timers(), is_reliable=is_reliable, now=0.0)


def sends(log):
    return [at for at, output in log if isinstance(output, Send)]


def test_an_unanswered_request_is_resent_up_to_every_t2_then_given_up():
    log = run_until_idle(client())
    assert sends(log) == [0, 0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]
    assert log[-1] == (32.0, GaveUp())


def test_on_a_reliable_transport_it_is_sent_once():
    log = run_until_idle(client(is_reliable=True))
    assert sends(log) == [0]
    assert log[-1] == (32.0, GaveUp())


def test_a_provisional_response_slows_the_resends_to_t2_and_timer_f_goes_on():
    transaction = client()
    drain(transaction)
    transaction.receive_response(answer(REGISTER, 100), 0.2)
    assert transaction.state is State.PROCEEDING
    log = run_until_idle(transaction, now=0.2)
    assert sends(log) == [0.5, 4.5, 8.5, 12.5, 16.5, 20.5, 24.5, 28.5]
    assert log[-1] == (32.0, GaveUp())


@pytest.mark.parametrize("status", [200, 302, 401, 503, 606])
def test_a_final_response_is_delivered_and_its_resends_absorbed_for_t4(status):
    transaction = client()
    drain(transaction)
    final = answer(REGISTER, status)
    transaction.receive_response(final, 1.0)
    transaction.receive_response(final, 1.5)
    assert drain(transaction) == [Deliver(final)]
    assert transaction.next_timeout() == 6.0
    assert run_until_idle(transaction, now=1.0) == []
    assert transaction.state is State.TERMINATED


def test_on_a_reliable_transport_the_final_response_ends_it_at_once():
    transaction = client(is_reliable=True)
    transaction.receive_response(answer(REGISTER, 200), 1.0)
    assert transaction.state is State.TERMINATED


def test_every_provisional_response_is_delivered():
    transaction = client()
    drain(transaction)
    first, second = answer(REGISTER, 100), answer(REGISTER, 183)
    transaction.receive_response(first, 0.1)
    transaction.receive_response(second, 0.2)
    assert drain(transaction) == [Deliver(first), Deliver(second)]
