"""Two engines on ports of their own: the one that is tested, and one for the phones that it talks to."""

from collections.abc import Iterator

import pytest

import mediacore as mc
from tests.support.media_bench import port_range


@pytest.fixture
def ports() -> range:
    return port_range(40)


@pytest.fixture
def engine(ports: range) -> Iterator[mc.Engine]:
    with mc.Engine(ports=ports, threads=1) as engine:
        yield engine


@pytest.fixture
def phones() -> Iterator[mc.Engine]:
    with mc.Engine(ports=port_range(40), threads=1) as engine:
        yield engine
