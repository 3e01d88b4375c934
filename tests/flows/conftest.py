"""What whole calls share: the weather that they have to bear."""

import os
from collections.abc import Iterator
from zlib import crc32

import pytest

from tests.support.bad_weather import weather_of


@pytest.fixture(params=["fair", "bad"])
def weather(request: pytest.FixtureRequest) -> Iterator[None]:
    """Each test that uses it once in fair weather, and once with a hostile Bus and Store: see `bad_weather`.

    Every test has weather of its own, the same in every run. PBX_TEST_SEED gives it another one.
    """
    if request.param == "fair":
        yield
        return
    seed = int(os.environ.get("PBX_TEST_SEED") or crc32(request.node.nodeid.encode()))
    print(f"PBX_TEST_SEED={seed} repeats the weather")
    with weather_of(seed):
        yield
