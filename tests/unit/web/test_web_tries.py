"""How often a password may be tried: pure, with the times written down."""

from hypothesis import given
from hypothesis import strategies as st

from pbx.web.auth import tries as module
from pbx.web.auth.sign_in import block_of
from pbx.web.auth.tries import Tries


def test_a_burst_is_free_and_then_one_try_at_a_time():
    tries = Tries(burst=3, every_s=10.0)
    assert [tries.wait_s("eve", 0.0) for _ in range(4)] == [0, 0, 0, 10.0]
    assert tries.wait_s("eve", 4.0) == 6.0
    assert [tries.wait_s("eve", 10.0), tries.wait_s("eve", 10.0)] == [0, 10.0]


def test_one_who_tries_costs_nobody_else_a_try():
    tries = Tries(burst=1, every_s=10.0)
    assert [tries.wait_s(who, 0.0) for who in ("eve", "ada")] == [0, 0]


def test_a_try_that_was_right_counts_for_nothing():
    tries = Tries(burst=1, every_s=10.0)
    for _ in range(5):
        assert tries.wait_s("ada", 0.0) == 0
        tries.give_back("ada")
    tries.give_back("nobody")


def test_who_has_not_tried_for_long_is_forgotten():
    tries = Tries(burst=3, every_s=10.0)
    for n in range(100):
        tries.wait_s(f"source-{n}", float(n))
    assert len(tries) <= 11


def test_too_many_who_try_are_bounded_and_counted(monkeypatch):
    monkeypatch.setattr(module, "BUCKETS_MAX", 10)
    tries = Tries(burst=3, every_s=1e9)
    for n in range(25):
        tries.wait_s(f"source-{n}", 0.0)
    assert (len(tries), tries.forgotten) == (10, 15)


@given(st.lists(st.floats(0, 60), max_size=60))
def test_whatever_the_times_no_more_than_the_burst_and_its_refill_get_through(gaps):
    tries, now, admitted = Tries(burst=5, every_s=10.0), 0.0, 0
    for gap in gaps:
        now += gap
        admitted += tries.wait_s("eve", now) == 0
    assert admitted <= 5 + now / 10.0 + 1e-6


def test_an_ipv6_host_is_one_source_whichever_of_its_addresses_it_uses():
    assert block_of("2001:db8::1") == block_of("2001:db8::ffff:1") != block_of("2001:db8:0:1::1")
    assert block_of("::ffff:192.0.2.1") == block_of("192.0.2.1") != block_of("192.0.2.2")
    assert block_of("no address") == "no address"
