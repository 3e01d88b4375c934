"""INVITE server transaction: RFC 3261 17.2.1 and RFC 6026 as tables of moments."""

from math import inf

import pytest

from pbx.sip.transaction import GaveUp, Send, ServerInvite, State, Timers
from tests.support.sip_messages import drain, run_until_idle, sip_request

INVITE = sip_request("INVITE", headers=(("Timestamp", "54"),))


def server(*, is_reliable: bool = False) -> ServerInvite:
    return ServerInvite(INVITE, timers=Timers(), is_reliable=is_reliable, now=0.0)


def test_an_invite_that_is_thought_about_gets_its_100_after_200_ms():
    ((at, trying),) = run_until_idle(server())
    assert at == 0.2
    assert trying.data.startswith(b"SIP/2.0 100 Trying\r\n")
    assert b"To: <sip:bob@example.org>\r\n" in trying.data  # without a tag
    assert b"Timestamp: 54\r\n" in trying.data


def test_a_quick_answer_needs_no_100():
    transaction = server()
    transaction.respond(180, b"ringing", 0.1)
    assert run_until_idle(transaction, now=0.1) == [(0.1, Send(b"ringing"))]


def test_the_same_invite_again_gets_the_last_provisional_again():
    transaction = server()
    transaction.respond(180, b"ringing", 0.1)
    transaction.respond(183, b"progress", 0.2)
    drain(transaction)
    transaction.receive_request(0.5)
    assert drain(transaction) == [Send(b"progress", is_resend=True)]


def test_the_same_invite_again_before_any_answer_gets_the_100():
    transaction = server()
    transaction.receive_request(0.1)
    (trying,) = drain(transaction)
    assert trying.data.startswith(b"SIP/2.0 100")
    assert transaction.next_timeout() == inf


def test_a_person_may_think_for_ever():
    transaction = server()
    transaction.respond(180, b"ringing", 0.1)
    drain(transaction)
    assert transaction.next_timeout() == inf


def test_a_refusal_is_resent_up_to_every_t2_until_timer_h():
    transaction = server()
    transaction.respond(486, b"busy", 0.0)
    log = run_until_idle(transaction)
    assert [at for at, output in log if output != GaveUp()] == [
        0, 0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5,
    ]  # fmt: skip
    assert log[-1] == (32.0, GaveUp())
    assert transaction.state is State.TERMINATED


def test_on_a_reliable_transport_a_refusal_is_sent_once_and_still_wants_its_ack():
    transaction = server(is_reliable=True)
    transaction.respond(486, b"busy", 0.0)
    assert run_until_idle(transaction) == [(0.0, Send(b"busy")), (32.0, GaveUp())]


def test_the_ack_stops_the_refusal_and_more_acks_are_absorbed_for_t4():
    transaction = server()
    transaction.respond(486, b"busy", 0.0)
    drain(transaction)
    transaction.receive_ack(0.3)
    assert transaction.state is State.CONFIRMED
    transaction.receive_ack(0.4)
    transaction.receive_request(0.5)
    assert transaction.next_timeout() == 5.3
    assert run_until_idle(transaction, now=0.3) == []
    assert transaction.state is State.TERMINATED


def test_on_a_reliable_transport_the_ack_ends_it_at_once():
    transaction = server(is_reliable=True)
    transaction.respond(486, b"busy", 0.0)
    transaction.receive_ack(0.1)
    assert transaction.state is State.TERMINATED


def test_a_refusal_is_sent_again_when_the_invite_comes_again():
    transaction = server()
    transaction.respond(486, b"busy", 0.0)
    drain(transaction)
    transaction.receive_request(0.2)
    assert drain(transaction) == [Send(b"busy", is_resend=True)]


def test_after_a_2xx_the_invite_is_absorbed_for_timer_l():
    transaction = server()
    transaction.respond(200, b"ok", 1.0)
    drain(transaction)
    transaction.receive_request(1.5)
    assert drain(transaction) == []
    assert transaction.state is State.ACCEPTED
    assert transaction.next_timeout() == 33.0
    assert run_until_idle(transaction, now=1.0) == []
    assert transaction.state is State.TERMINATED


@pytest.mark.parametrize("first", [200, 486])
@pytest.mark.parametrize("second", [180, 200, 487])
def test_nothing_follows_a_final_response(first, second):
    transaction = server()
    assert transaction.respond(first, b"first", 0.0)
    drain(transaction)
    assert not transaction.respond(second, b"second", 0.1)
    assert drain(transaction) == []


def test_an_ack_before_any_final_response_says_nothing():
    transaction = server()
    transaction.receive_ack(0.1)
    assert transaction.state is State.PROCEEDING


def test_a_restored_invite_sends_nothing_by_itself():
    transaction = ServerInvite.restored(INVITE, timers=Timers(), is_reliable=False, now=9.0)
    assert run_until_idle(transaction, now=9.0) == []
    assert transaction.respond(200, b"ok", 10.0)
