"""The timer heap keeps one moment per key, whatever was set, moved and cancelled before."""

from math import inf

from hypothesis import given
from hypothesis import strategies as st

from pbx.sip.timer_heap import STALE_MIN, TimerHeap


def pop_all(heap: TimerHeap[str], now: float) -> list[str]:
    keys = []
    while (key := heap.pop_due(now)) is not None:
        keys.append(key)
    return keys


def test_timers_come_in_order_of_their_moments():
    heap: TimerHeap[str] = TimerHeap()
    heap.set("late", 3.0)
    heap.set("early", 1.0)
    heap.set("middle", 2.0)
    assert heap.next_timeout() == 1.0
    assert pop_all(heap, now=2.0) == ["early", "middle"]
    assert heap.next_timeout() == 3.0


def test_equal_moments_come_in_the_order_in_which_they_were_set():
    heap: TimerHeap[str] = TimerHeap()
    for key in "cab":
        heap.set(key, 1.0)
    assert pop_all(heap, now=1.0) == ["c", "a", "b"]


def test_nothing_is_due_before_its_moment():
    heap: TimerHeap[str] = TimerHeap()
    heap.set("a", 1.0)
    assert heap.pop_due(0.999) is None
    assert heap.pop_due(1.0) == "a"


def test_a_moved_timer_fires_once_at_its_new_moment():
    heap: TimerHeap[str] = TimerHeap()
    heap.set("a", 1.0)
    heap.set("a", 5.0)
    assert heap.next_timeout() == 5.0
    heap.set("a", 2.0)
    assert pop_all(heap, now=10.0) == ["a"]


def test_a_cancelled_timer_never_fires():
    heap: TimerHeap[str] = TimerHeap()
    heap.set("a", 1.0)
    heap.set("b", 1.0)
    heap.cancel("a")
    heap.set("b", inf)
    heap.cancel("never set")
    assert heap.next_timeout() == inf
    assert pop_all(heap, now=inf) == []
    assert len(heap) == 0


def test_a_timer_that_is_moved_for_ever_does_not_fill_the_heap():
    heap: TimerHeap[str] = TimerHeap()
    heap.set("still", 0.5)
    for i in range(100_000):
        heap.set("moved", 1.0 + i)
    assert len(heap._heap) <= STALE_MIN + 2 * len(heap) + 1
    assert pop_all(heap, now=inf) == ["still", "moved"]


moments = st.integers(0, 5).map(float)
operations = st.lists(
    st.one_of(
        st.tuples(st.just("set"), st.sampled_from("abcd"), moments | st.just(inf)),
        st.tuples(st.just("cancel"), st.sampled_from("abcd"), st.just(0.0)),
        st.tuples(st.just("pop"), st.just(""), moments),
    )
)


@given(operations)
def test_the_heap_agrees_with_a_plain_dictionary(steps):
    heap: TimerHeap[str] = TimerHeap()
    model: dict[str, float] = {}
    for verb, key, at in steps:
        if verb == "set":
            heap.set(key, at)
            model[key] = at
            if at == inf:
                del model[key]
        elif verb == "cancel":
            heap.cancel(key)
            model.pop(key, None)
        else:
            due = heap.pop_due(at)
            assert (due is None) == all(moment > at for moment in model.values())
            if due is not None:
                assert model[due] == min(model.values())
                del model[due]
        assert heap.next_timeout() == min(model.values(), default=inf)
        assert len(heap) == len(model)
