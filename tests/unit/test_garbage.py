"""How often Python looks for cycles: rarely, and never through what was there at the start."""

import gc

import pytest

from pbx.garbage import search_rarely


@pytest.fixture
def as_before():
    before = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*before)


def test_what_is_there_at_the_start_is_not_searched_again(as_before):
    here_already = [[]]
    search_rarely()
    assert gc.get_freeze_count() > 0
    assert not any(each is here_already for each in gc.get_objects())


def test_later_cycles_are_found_all_the_same(as_before):
    search_rarely()
    new_objects, *_ = gc.get_threshold()
    for _ in range(3 * new_objects):
        cycle = []
        cycle.append(cycle)
    left = sum(isinstance(each, list) and each[:1] == [each] for each in gc.get_objects())
    assert left < 2 * new_objects
