"""The stage that each test with real programs plays on, and the report of one that failed."""

import os
import secrets
from collections.abc import AsyncIterator, Callable, Generator
from pathlib import Path
from random import Random

import pytest
import trio

from tests.support.capture import require_capture
from tests.support.peers import require
from tests.support.stage import Stage

STAGE = pytest.StashKey[Stage]()


@pytest.fixture(autouse=True)
def programs(request: pytest.FixtureRequest) -> None:
    """Skips the tests of a module where one of its `PROGRAMS` is missing. Not left to the test: a skip inside trio's
    nursery would be a failure.
    """
    for program in request.module.PROGRAMS:
        require(program)
    if "tshark" in request.module.PROGRAMS:
        require_capture()


@pytest.fixture
async def stage(request: pytest.FixtureRequest, nursery: trio.Nursery, tmp_path: Path) -> AsyncIterator[Stage]:
    """Ends whatever the test started."""
    stage = request.node.stash[STAGE] = Stage(nursery, tmp_path)
    try:
        yield stage
    finally:
        with trio.CancelScope(shield=True):
            await stage.close()


@pytest.fixture
def random(record_property: Callable[[str, object], None]) -> Random:
    """A new seed for each run, told so that a run can be repeated."""
    seed = int(os.environ.get("PBX_TEST_SEED", secrets.randbelow(1_000_000)))
    print(f"PBX_TEST_SEED={seed} repeats the moments")
    record_property("seed", seed)
    return Random(seed)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Adds to a failed test's report what its programs said and what went over the wire."""
    report = yield
    stage = item.stash.get(STAGE, None)
    if report.failed and stage is not None:
        report.sections += stage.story()
    return report
