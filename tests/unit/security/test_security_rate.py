"""The token bucket: so many per second, a burst after a pause, nothing saved up beyond it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbx.security.rate import RateLimit, SourceRateLimit


def admitted(limit: RateLimit, at: float, tries: int) -> int:
    return sum(limit.admit(at) for _ in range(tries))


def test_a_burst_of_two_seconds_worth_passes_and_then_as_many_as_it_says():
    limit = RateLimit(5)
    assert admitted(limit, 0.0, 100) == 10
    assert admitted(limit, 1.0, 100) == 5
    assert admitted(limit, 1.1, 100) == 0
    assert limit.refused == 90 + 95 + 100


def test_a_long_pause_saves_up_no_more_than_the_burst():
    limit = RateLimit(5)
    admitted(limit, 0.0, 100)
    assert admitted(limit, 3600.0, 100) == 10


@pytest.mark.parametrize("per_s", [0.01, 0.1, 0.4])
def test_even_a_slow_limit_lets_one_pass(per_s):
    limit = RateLimit(per_s)
    assert limit.admit(0.0)
    assert not limit.admit(0.1)
    assert limit.admit(0.1 + 1 / per_s)


@given(st.floats(0.1, 1000), st.lists(st.floats(0, 10), max_size=50))
def test_never_more_than_the_burst_and_what_came_in_since(per_s, pauses):
    limit, now, passed = RateLimit(per_s), 0.0, 0
    for pause in pauses:
        now += pause
        passed += limit.admit(now)
    assert passed <= max(1, 2 * per_s) + now * per_s + 1e-6
    assert passed + limit.refused == len(pauses)


def test_a_source_that_floods_leaves_the_others_theirs():
    limit = SourceRateLimit(5)
    assert sum(limit.admit("203.0.113.9", 0.0) for _ in range(1000)) == 10
    assert limit.admit("192.0.2.7", 0.0)
    assert limit.refused == 990


def test_the_source_unheard_for_longest_is_forgotten_first():
    limit = SourceRateLimit(0.5, sources_max=2)
    assert limit.admit("a", 0.0)
    assert limit.admit("b", 0.0)
    assert not limit.admit("a", 0.0)
    assert limit.admit("c", 0.0)  # b makes way
    assert not limit.admit("a", 0.0)
    assert limit.admit("b", 0.0)
