"""Nonces and their counts: nothing is accepted twice, and what is forgotten is stale."""

from hypothesis import given
from hypothesis import strategies as st

from pbx.sip.auth.nonces import NONCE_CHARS, WINDOW, Issued, NonceCounts, NonceMint, Use

DAY_S = 86_400.0


def counts(limit: int = 100, lifetime_s: float = 300.0) -> NonceCounts:
    return NonceCounts(lifetime_s=lifetime_s, limit=limit)


def issued(number: int, at: float = 0.0) -> Issued:
    return Issued(number, int(at * 1000))


# -- the mint ----------------------------------------------------------------------------------------------------------


def test_a_nonce_is_recognised_for_its_realm_and_source_only():
    mint = NonceMint(b"secret")
    nonce = mint.mint("example.org", "192.0.2.1", 100.0)
    assert mint.recognise(nonce, "example.org", "192.0.2.1") == Issued(1, 100_000)
    assert mint.recognise(nonce, "example.com", "192.0.2.1") is None
    assert mint.recognise(nonce, "example.org", "192.0.2.2") is None
    assert NonceMint(b"another").recognise(nonce, "example.org", "192.0.2.1") is None


def test_no_two_nonces_are_equal_even_at_one_moment():
    mint = NonceMint(b"secret")
    assert len({mint.mint("r", "s", 1.0) for _ in range(1000)}) == 1000


def test_no_character_of_a_nonce_can_be_changed():
    mint = NonceMint(b"secret")
    nonce = mint.mint("r", "s", 1.0)
    for at, char in enumerate(nonce):
        other = "A" if char != "A" else "B"
        assert mint.recognise(nonce[:at] + other + nonce[at + 1 :], "r", "s") is None


@given(st.text(min_size=NONCE_CHARS, max_size=NONCE_CHARS) | st.text(max_size=64))
def test_any_text_is_no_nonce_of_ours(text):
    assert NonceMint(b"secret").recognise(text, "r", "s") is None


@given(st.floats(-1e12, 1e12))
def test_no_clock_breaks_the_mint(now):
    mint = NonceMint(b"secret")
    assert mint.recognise(mint.mint("r", "s", now), "r", "s") is not None


# -- the counts --------------------------------------------------------------------------------------------------------


def test_a_count_is_taken_once():
    table = counts()
    assert table.use(issued(1), 1, 0.0) is Use.FRESH
    assert table.use(issued(1), 1, 0.0) is Use.REPLAYED
    assert table.use(issued(1), 2, 0.0) is Use.FRESH
    assert table.use(issued(2), 1, 0.0) is Use.FRESH


def test_counts_may_overtake_each_other():
    table = counts()
    assert [table.use(issued(1), count, 0.0) for count in (3, 1, 2, 5, 4)] == [Use.FRESH] * 5
    assert [table.use(issued(1), count, 0.0) for count in (3, 1, 2, 5, 4)] == [Use.REPLAYED] * 5


def test_a_count_far_behind_is_not_believed():
    table = counts()
    table.use(issued(1), 1000, 0.0)
    assert table.use(issued(1), 1000 - WINDOW + 1, 0.0) is Use.FRESH
    assert table.use(issued(1), 1000 - WINDOW, 0.0) is Use.REPLAYED


@given(st.lists(st.integers(-3, 200), max_size=200))
def test_no_count_is_ever_fresh_twice(sequence):
    table = counts()
    fresh = [count for count in sequence if table.use(issued(1), count, 0.0) is Use.FRESH]
    assert len(fresh) == len(set(fresh))
    assert all(count >= 1 for count in fresh)


def test_an_old_nonce_is_stale_used_or_not():
    table = counts(lifetime_s=300)
    assert table.use(issued(1), 1, 300.0) is Use.FRESH
    assert table.use(issued(1), 2, 300.1) is Use.STALE
    assert table.use(issued(2), 1, 301.0) is Use.STALE


def test_an_evicted_nonce_is_stale_and_cannot_be_replayed():
    table = counts(limit=2)
    for number in (1, 2, 3):
        assert table.use(issued(number), 1, 0.0) is Use.FRESH
    assert table.evicted == 1
    assert len(table) == 2
    assert table.use(issued(1), 1, 0.0) is Use.STALE
    assert table.use(issued(1), 2, 0.0) is Use.STALE
    assert table.use(issued(2), 1, 0.0) is Use.REPLAYED


def test_expired_nonces_make_room_without_counting_as_evicted():
    table = counts(limit=2, lifetime_s=10)
    table.use(issued(1, at=0.0), 1, 0.0)
    table.use(issued(2, at=0.0), 1, 0.0)
    assert table.use(issued(3, at=20.0), 1, 20.0) is Use.FRESH
    assert table.evicted == 0
    assert len(table) == 1


def test_a_clock_that_is_set_back_locks_nobody_out():
    table = counts(limit=2)
    for number in (1, 2, 3):
        table.use(issued(number, at=DAY_S), 1, DAY_S)
    assert table.use(issued(4, at=0.0), 1, 0.0) is Use.FRESH
    assert table.use(issued(3, at=DAY_S), 2, 0.0) is Use.STALE


@given(
    st.lists(st.tuples(st.integers(1, 12), st.integers(1, 4), st.floats(0, 30)), max_size=150),
    st.integers(1, 4),
)
def test_nothing_is_accepted_twice_however_small_the_table(uses, limit):
    table = counts(limit=limit, lifetime_s=20)
    accepted = set()
    now = 0.0
    for number, count, pause in uses:
        now += pause
        if table.use(issued(number, at=0.0), count, now) is Use.FRESH:
            assert (number, count) not in accepted
            accepted.add((number, count))
        assert len(table) <= limit
