"""INVITE client transaction: RFC 3261 17.1.1 as tables of moments."""

from math import inf

import pytest

from pbx.sip.message import Request
from pbx.sip.transaction import CancelDue, ClientInvite, Deliver, GaveUp, Send, State, Timers
from tests.support.sip_messages import answer, drain, run_until_idle, sip_request

INVITE = sip_request("INVITE", headers=(("Route", "<sip:p1.example.org;lr>"), ("Route", "<sip:p2.example.org;lr>")))


def client(*, is_reliable: bool = False, timers: Timers | None = None) -> ClientInvite:
    return ClientInvite(INVITE, timers=timers or Timers(), is_reliable=is_reliable, now=0.0)


def sends(log):
    return [at for at, output in log if isinstance(output, Send)]


def first_line(output) -> bytes:
    return output.data.partition(b"\r\n")[0]


def test_unanswered_invite_is_resent_then_given_up():
    log = run_until_idle(client())
    assert sends(log) == [0, 0.5, 1.5, 3.5, 7.5, 15.5, 31.5]
    assert log[-1] == (32.0, GaveUp())


def test_only_the_first_sending_is_no_resend():
    assert [output.is_resend for _, output in run_until_idle(client())[:-1]] == [False] + [True] * 6


def test_on_a_reliable_transport_an_invite_is_sent_once_and_given_up_as_late():
    log = run_until_idle(client(is_reliable=True))
    assert sends(log) == [0]
    assert log[-1] == (32.0, GaveUp())


def test_the_times_scale_with_t1():
    log = run_until_idle(client(timers=Timers(t1=0.1)))
    assert sends(log) == [0, 0.1, 0.3, 0.7, 1.5, 3.1, 6.3]
    assert log[-1] == (6.4, GaveUp())


def test_ringing_stops_the_resends():
    transaction = client()
    drain(transaction)
    ringing = answer(INVITE, 180)
    transaction.receive_response(ringing, 0.3)
    assert drain(transaction) == [Deliver(ringing)]
    assert transaction.state is State.PROCEEDING
    assert transaction.next_timeout() == inf


def test_a_late_wake_up_makes_one_resend_not_a_burst():
    transaction = client()
    drain(transaction)
    transaction.handle_timeout(10.0)
    assert len(drain(transaction)) == 1
    assert transaction.next_timeout() == 11.0


@pytest.mark.parametrize("status", [300, 404, 486, 487, 503, 603])
def test_a_refusal_is_acknowledged_and_delivered_once(status):
    transaction = client()
    drain(transaction)
    refusal = answer(INVITE, status)
    transaction.receive_response(refusal, 0.3)
    delivered, ack = drain(transaction)
    assert delivered == Deliver(refusal)
    assert first_line(ack) == b"ACK sip:bob@192.0.2.2 SIP/2.0"
    transaction.receive_response(refusal, 0.8)
    assert drain(transaction) == [Send(ack.data, is_resend=True)]


def test_timer_d_ends_a_refused_invite_after_32_s():
    transaction = client()
    drain(transaction)
    transaction.receive_response(answer(INVITE, 486), 1.0)
    drain(transaction)
    assert transaction.next_timeout() == 33.0
    assert run_until_idle(transaction, now=1.0) == []
    assert transaction.state is State.TERMINATED


def test_on_a_reliable_transport_a_refused_invite_is_over_at_once():
    transaction = client(is_reliable=True)
    transaction.receive_response(answer(INVITE, 486), 1.0)
    assert transaction.state is State.TERMINATED
    assert [type(output) for output in drain(transaction)] == [Send, Deliver, Send]


def test_the_ack_to_a_refusal_is_made_as_the_rfc_says():
    transaction = client()
    drain(transaction)
    transaction.receive_response(answer(INVITE, 486, tag="busy"), 1.0)
    ack = drain(transaction)[1].data.decode().split("\r\n")
    assert ack == [
        "ACK sip:bob@192.0.2.2 SIP/2.0",
        "Via: SIP/2.0/UDP 192.0.2.1:5060;rport;branch=z9hG4bKone",
        "Route: <sip:p1.example.org;lr>",
        "Route: <sip:p2.example.org;lr>",
        "Max-Forwards: 70",
        "From: <sip:alice@example.org>;tag=a1",
        "To: <sip:bob@example.org>;tag=busy",
        "Call-ID: call-1",
        "CSeq: 1 ACK",
        "Content-Length: 0",
        "",
        "",
    ]


def test_a_2xx_and_every_later_one_is_delivered_until_timer_m():
    transaction = client()
    drain(transaction)
    first, fork = answer(INVITE, 200, tag="b1"), answer(INVITE, 200, tag="b2")
    transaction.receive_response(first, 2.0)
    assert transaction.state is State.ACCEPTED
    transaction.receive_response(first, 2.5)
    transaction.receive_response(fork, 3.0)
    assert drain(transaction) == [Deliver(first), Deliver(first), Deliver(fork)]
    assert transaction.next_timeout() == 34.0
    transaction.handle_timeout(34.0)
    assert drain(transaction) == []
    assert transaction.state is State.TERMINATED


def test_after_a_2xx_nothing_else_is_heard():
    transaction = client()
    transaction.receive_response(answer(INVITE, 200), 1.0)
    drain(transaction)
    for status in (100, 180, 486):
        transaction.receive_response(answer(INVITE, status), 1.1)
    assert drain(transaction) == []


def test_after_a_refusal_neither_ringing_nor_a_2xx_is_heard():
    transaction = client()
    transaction.receive_response(answer(INVITE, 486), 1.0)
    drain(transaction)
    transaction.receive_response(answer(INVITE, 180), 1.1)
    transaction.receive_response(answer(INVITE, 200), 1.1)
    assert drain(transaction) == []


def test_a_cancel_waits_for_a_provisional_response():
    transaction = client()
    drain(transaction)
    transaction.cancel(0.1)
    assert drain(transaction) == []
    transaction.receive_response(answer(INVITE, 100), 0.2)
    assert [type(output) for output in drain(transaction)] == [Deliver, CancelDue]


def test_a_cancel_goes_at_once_when_it_rings_and_only_once():
    transaction = client()
    transaction.receive_response(answer(INVITE, 180), 0.2)
    drain(transaction)
    transaction.cancel(1.0)
    transaction.cancel(1.1)
    assert drain(transaction) == [CancelDue()]


def test_a_cancelled_invite_without_an_answer_is_given_up_after_64_t1():
    transaction = client()
    transaction.receive_response(answer(INVITE, 180), 0.2)
    transaction.cancel(5.0)
    drain(transaction)
    transaction.receive_response(answer(INVITE, 180), 6.0)  # ringing on does not make it wait for ever again
    drain(transaction)
    assert run_until_idle(transaction, now=6.0) == [(37.0, GaveUp())]


def test_no_cancel_follows_a_final_response():
    transaction = client()
    transaction.cancel(0.1)
    transaction.receive_response(answer(INVITE, 200), 0.2)
    transaction.cancel(0.3)
    assert CancelDue() not in drain(transaction)


def test_a_restored_invite_rings_on_without_sending_anything():
    transaction = ClientInvite.restored(INVITE, is_answered=False, timers=Timers(), is_reliable=False, now=100.0)
    assert run_until_idle(transaction, now=100.0) == []
    transaction.receive_response(answer(INVITE, 486), 101.0)
    assert [type(output) for output in drain(transaction)] == [Deliver, Send]


def test_a_restored_answered_invite_hears_its_2xx_again():
    transaction = ClientInvite.restored(INVITE, is_answered=True, timers=Timers(), is_reliable=False, now=100.0)
    again = answer(INVITE, 200)
    transaction.receive_response(again, 101.0)
    assert drain(transaction) == [Deliver(again)]
    assert transaction.next_timeout() == 132.0


def test_a_via_with_several_parameters_comes_back_whole_in_the_ack():
    via = "SIP/2.0/UDP [2001:db8::1]:5070;branch=z9hG4bKx;rport;alias"
    invite: Request = sip_request("INVITE", via=via)
    transaction = ClientInvite(invite, timers=Timers(), is_reliable=False, now=0.0)
    drain(transaction)
    transaction.receive_response(answer(invite, 404), 0.1)
    assert f"Via: {via}\r\n".encode() in drain(transaction)[1].data
