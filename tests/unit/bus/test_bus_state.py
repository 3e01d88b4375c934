"""Keyed state with time to live against a naive model, at explicit times."""

from math import inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pbx.bus.interface import BusRefused, Entry, RevisionConflict
from pbx.bus.state import KeyedState
from pbx.bus.subscription import ChangeQueue
from tests.support.sample_cdr import HERONS, OTTERS


class Watcher(ChangeQueue):
    def __init__(self, scope=HERONS, prefix="") -> None:
        super().__init__()
        self.scope = scope
        self.prefix = prefix

    def seen(self) -> list[Entry]:
        entries = []
        while (entry := self.poll_nowait()) is not None:
            entries.append(entry)
        return entries


def test_it_says_when_something_may_run_out():
    state = KeyedState()
    assert state.next_timeout() == inf
    state.put(HERONS, "a", b"1", 100.0, ttl_s=30)
    state.put(HERONS, "b", b"1", 100.0, ttl_s=10)
    assert state.next_timeout() == 110
    state.handle_timeout(110)
    assert state.get(HERONS, "b", 110) is None
    assert state.next_timeout() == 130


def test_renewing_leaves_one_timer_each():
    state = KeyedState()
    for now in range(1000):
        state.put(HERONS, "a", b"1", float(now), ttl_s=3600)
    assert len(state._timers) == 1
    assert state.get(HERONS, "a", 4000.0) is not None
    assert state.get(HERONS, "a", 999.0 + 3600) is None


def test_a_renewal_may_shorten_the_time_and_wakes_those_who_watch():
    state, watcher = KeyedState(), Watcher()
    state.put(HERONS, "a", b"1", 0.0)
    state.watch(watcher, 0.0)
    watcher.seen()
    state.put(HERONS, "a", b"1", 0.0, ttl_s=5)
    assert state.next_timeout() == 5
    state.handle_timeout(5)
    assert [entry.value for entry in watcher.seen()] == [None]


def test_what_was_deleted_and_put_again_does_not_run_out_with_its_former_time():
    state = KeyedState()
    state.put(HERONS, "a", b"1", 0.0, ttl_s=5)
    state.delete(HERONS, "a", 0.0)
    state.put(HERONS, "a", b"1", 0.0)
    assert state.get(HERONS, "a", 5.0) is not None


def test_the_number_of_values_is_bounded():
    state = KeyedState(keys_max=1)
    state.put(HERONS, "a", b"1", 0.0)
    state.put(HERONS, "a", b"2", 0.0)
    with pytest.raises(BusRefused):
        state.put(OTTERS, "a", b"1", 0.0)


actions = st.tuples(
    st.sampled_from(["put", "put", "delete", "get"]),
    st.sampled_from(["a.1", "a.2", "b.1"]),
    st.sampled_from([b"x", b"y"]),
    st.sampled_from([None, 1.0, 3.0]),
    st.sampled_from([None, None, "right", "zero", "old"]),
    st.sampled_from([0.0, 0.5, 1.0, 2.0]),
)


@given(st.lists(actions, max_size=40))
@settings(max_examples=300, deadline=None)
def test_any_history_ends_as_in_the_model(history):
    state, watcher = KeyedState(), Watcher(prefix="a.")
    state.watch(watcher, 0.0)
    model: dict[str, tuple[bytes, int, float, int]] = {}  # value, revision, runs out, replaced
    watched: dict[str, bytes | None] = {}
    now, top = 0.0, 0
    for verb, key, value, ttl_s, expected, wait_s in history:
        now += wait_s
        model = {k: v for k, v in model.items() if v[2] > now}
        old = model.get(key)
        found = old[1] if old else 0
        expected_revision = {"right": found, "zero": 0, "old": old[3] if old else 7}.get(expected)
        try:
            if verb == "put":
                revision = state.put(HERONS, key, value, now, ttl_s=ttl_s, expected_revision=expected_revision)
                same = old is not None and old[0] == value and expected_revision in (None, found, old[3])
                assert same or expected_revision in (None, found)
                assert revision == found if same else revision > top
                top = max(top, revision)
                model[key] = (value, revision, inf if ttl_s is None else now + ttl_s, old[3] if same else found)
            elif verb == "delete":
                state.delete(HERONS, key, now, expected_revision=expected_revision)
                assert old is None or expected_revision in (None, found)
                model.pop(key, None)
        except RevisionConflict as conflict:
            conflicted_with = conflict.found
        else:
            conflicted_with = None
        assert conflicted_with is None or conflicted_with == found != expected_revision
        for each in ("a.1", "a.2", "b.1"):
            entry = state.get(HERONS, each, now)
            assert (entry.value if entry else None) == (model[each][0] if each in model else None)
            assert state.get(OTTERS, each, now) is None
        watched.update({entry.key: entry.value for entry in watcher.seen()})
        assert {k: v for k, v in watched.items() if v is not None} == {
            k: v[0] for k, v in model.items() if k.startswith("a.")
        }
