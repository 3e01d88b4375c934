"""What every test shares: which tests need the machine to themselves."""

from pathlib import Path

import pytest

HERE = Path(__file__).parent

# Real sockets and real time: beside a busy second worker they would measure the worker, not the engine.
ALONE = [HERE / "media", HERE / "peers"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks what `scripts/test` keeps out of its parallel pass."""
    for item in items:
        if item.get_closest_marker("peers") or any(folder in item.path.parents for folder in ALONE):
            item.add_marker(pytest.mark.alone)
