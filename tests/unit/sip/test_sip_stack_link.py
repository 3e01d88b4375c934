"""Two stacks over a link that loses, doubles and reorders: everything ends, once, and nothing is left behind."""

import os

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.sip_link import Attempt, SipLink, Weather

CALLS = int(os.environ.get("SIP_LINK_CALLS", "300"))


def assert_idle(link: SipLink) -> None:
    for stack in (link.alice, link.bob):
        stats = stack.stats()
        assert stats.transactions == 0, link.ladder
        assert stats.unacknowledged == 0
        assert len(stack._heap) == 0
        assert not stack._servers._answered
        assert not stack._servers._merging


def story(link: SipLink) -> str:
    return "\n".join(link.ladder)


def mixed(link: SipLink, count: int) -> None:
    """Registrations, answered calls, refused calls and cancelled calls, spread over time."""
    for i in range(count):
        at = i * 0.25
        match i % 4:
            case 0:
                link.add(Attempt("REGISTER"), at=at)
            case 1:
                link.add(Attempt("INVITE"), at=at)
            case 2:
                link.add(Attempt("INVITE", bob_says=486), at=at)
            case _:
                cancel_at = at + link.random.random() * 2
                link.add(Attempt("INVITE", bob_rings_s=1.0, cancel_at=cancel_at), at=at)


def test_on_a_perfect_link_nothing_is_sent_twice():
    link = SipLink(1, Weather())
    mixed(link, 100)
    link.run()
    for stack in (link.alice, link.bob):
        stats = stack.stats()
        assert (stats.retransmissions_sent, stats.retransmissions_absorbed) == (0, 0), story(link)
        assert stats.dropped == {}
    assert {tuple(attempt.ends) for attempt in link.attempts.values()} == {("200",), ("486",), ("487",)}
    assert_idle(link)


def test_a_call_on_a_perfect_link_is_this_ladder():
    link = SipLink(1, Weather())
    link.add(Attempt("INVITE"), at=0.0)
    link.run()
    assert link.ladder == [
        "   0.000 alice x1 INVITE sip:bob@192.0.2.2 SIP/2.0",
        "   0.010   bob x1 SIP/2.0 180 Ringing",
        "   0.510   bob x1 SIP/2.0 200 OK",
        "   0.520 alice x1 ACK sip:bob@192.0.2.2:5060 SIP/2.0",
        "   2.520 alice x1 BYE sip:bob@192.0.2.2:5060 SIP/2.0",
        "   2.530   bob x1 SIP/2.0 200 OK",
    ]


def test_a_cancelled_call_on_a_perfect_link_is_this_ladder():
    link = SipLink(1, Weather())
    link.add(Attempt("INVITE", bob_rings_s=9.0, cancel_at=0.0), at=0.0)
    link.run()
    assert link.ladder == [
        "   0.000 alice x1 INVITE sip:bob@192.0.2.2 SIP/2.0",
        "   0.010   bob x1 SIP/2.0 180 Ringing",
        "   0.020 alice x1 CANCEL sip:bob@192.0.2.2 SIP/2.0",
        "   0.030   bob x1 SIP/2.0 200 OK",
        "   0.030   bob x1 SIP/2.0 487 Request Terminated",
        "   0.040 alice x1 ACK sip:bob@192.0.2.2 SIP/2.0",
    ]


def test_a_dead_link_ends_everything_with_a_time_out():
    link = SipLink(1, Weather(loss=1.0))
    mixed(link, 40)
    link.run()
    assert all(attempt.ends == ["timed out"] for attempt in link.attempts.values()), story(link)
    assert_idle(link)


def test_at_20_percent_loss_nearly_every_call_completes():
    link = SipLink(7, Weather(loss=0.2, delay_s=0.02, jitter_s=0.02))
    for i in range(CALLS):
        link.add(Attempt("INVITE"), at=i * 0.1)
    link.run()
    incomplete = [a for a in link.attempts.values() if a.ends != ["200"] or a.bye_ends != ["200"]]
    assert len(incomplete) <= CALLS // 1000, story(link)
    assert_idle(link)


def test_a_2xx_whose_ack_is_always_lost_is_told_to_the_one_who_answered():
    link = SipLink(3, Weather())
    link.add(Attempt("INVITE", talk_s=60), at=0.0)
    link.alice.acknowledge = lambda *args: None  # type: ignore[method-assign]
    link.run()
    assert link.unacknowledged == ["invite-0"], story(link)
    assert sum("200 OK" in line for line in link.ladder[:-1]) == 11
    assert_idle(link)


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    loss=st.sampled_from([0.0, 0.05, 0.2, 0.5, 0.8]),
    duplication=st.sampled_from([0.0, 0.1, 0.5]),
    delay_s=st.sampled_from([0.0, 0.02, 0.3, 2.0]),
    jitter_s=st.sampled_from([0.0, 0.05, 1.0]),
)
def test_whatever_the_weather_everything_ends_once_and_nothing_is_left(seed, loss, duplication, delay_s, jitter_s):
    link = SipLink(seed, Weather(loss=loss, duplication=duplication, delay_s=delay_s, jitter_s=jitter_s))
    mixed(link, 24)
    link.run()
    for call_id, attempt in link.attempts.items():
        assert len(attempt.ends) == 1, f"{call_id}: {attempt}\n{story(link)}"
        assert len(attempt.bye_ends) == (attempt.ends == ["200"] and attempt.method == "INVITE"), story(link)
    assert_idle(link)


@given(seed=st.integers(0, 2**32), duplication=st.sampled_from([0.0, 0.5, 1.0]))
@settings(max_examples=20, deadline=None)
def test_without_loss_every_request_gets_the_answer_that_was_meant(seed, duplication):
    link = SipLink(seed, Weather(duplication=duplication, jitter_s=0.2))
    for i in range(12):
        link.add(Attempt("INVITE", bob_says=(200, 486, 603)[i % 3]), at=i * 0.1)
    link.run()
    for attempt in link.attempts.values():
        assert attempt.ends == [str(attempt.bob_says)], story(link)
        assert attempt.acks_heard == (attempt.bob_says == 200), story(link)  # however often it came
    assert_idle(link)
