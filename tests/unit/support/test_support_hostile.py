"""The bad weather is bad: a caller who does not repeat, or a backend that counts twice, is found out."""

import pytest
from trio.testing import MockClock

from tests.support.hostile import STALL_S, Hostile, Patient, Weather


class Gone(Exception):
    pass


class Counter:
    def __init__(self) -> None:
        self.count = 0

    async def add(self) -> int:
        self.count += 1
        return self.count


@pytest.mark.parametrize("seed", range(5))
async def test_a_caller_who_does_not_repeat_fails(seed, autojump_clock: MockClock):
    hostile = Hostile(Counter(), Weather(seed), Gone)
    assert not all([await _goes_through(hostile) for _ in range(100)])


@pytest.mark.parametrize("late", [False, True])
async def test_a_backend_that_counts_calls_is_found_out(late, autojump_clock: MockClock):
    counter = Counter()
    patient = Patient(Hostile(counter, Weather(1), Gone, late_duplicates=late), Gone)
    for _ in range(100):
        await patient.add()
    assert counter.count > 110


async def test_a_stall_takes_its_nine_seconds_of_virtual_time(autojump_clock: MockClock):
    weather = Weather(1, delay_max_s=0.0, stall_ratio=1.0)
    before = autojump_clock.current_time()
    await weather.blow()
    assert autojump_clock.current_time() - before == STALL_S


async def test_when_it_is_calm_every_call_goes_through_once(autojump_clock: MockClock):
    counter = Counter()
    weather = Weather(1)
    weather.calm()
    hostile = Hostile(counter, weather, Gone)
    assert [await hostile.add() for _ in range(100)] == list(range(1, 101))
    assert weather.befallen == 0


async def test_one_seed_is_one_weather(autojump_clock: MockClock):
    async def history(seed: int) -> list[bool]:
        hostile = Hostile(Counter(), Weather(seed, partition_every_s=1e9), Gone)
        return [await _goes_through(hostile) for _ in range(100)]

    assert await history(3) == await history(3)
    assert await history(3) != await history(4)


async def _goes_through(hostile: Hostile) -> bool:
    try:
        await hostile.add()
    except Gone:
        return False
    return True
