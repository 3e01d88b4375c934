"""Handing events to tasks: nobody misses one, whoever of them reads."""

from collections.abc import Awaitable
from typing import TypeVar

import pytest
import trio
import trio.testing
from mediacore.events import Event, RemoteBye, Report
from mediacore.waiting import WAITING_MAX, Mailroom, Subscription

T = TypeVar("T")


class FakeEngine:
    """Events that a test puts in."""

    def __init__(self) -> None:
        self.is_closed = False
        self.pending: list[Event] = []
        self.arrived = trio.Event()

    def put(self, event: Event) -> None:
        self.pending.append(event)
        self.arrived.set()

    def fileno(self) -> int:
        return 3

    def poll_events(self) -> list[Event]:
        found, self.pending, self.arrived = self.pending, [], trio.Event()
        return found


class FakeLoop:
    """trio, with the fake engine in place of a descriptor."""

    def __init__(self, engine: FakeEngine) -> None:
        self.engine = engine
        self.readers = 0

    async def wait_readable(self, descriptor: int) -> None:
        assert self.readers == 0, "one task reads at a time"
        self.readers += 1
        try:
            await self.engine.arrived.wait()
        finally:
            self.readers -= 1

    def signal(self) -> trio.Event:
        return trio.Event()

    async def within(self, timeout_s: float | None, waiting: Awaitable[T]) -> T:
        return await waiting


@pytest.fixture
async def engine():
    return FakeEngine()


@pytest.fixture
async def mailroom(engine):
    return Mailroom(engine, FakeLoop(engine))


async def collect(mailroom, leg, found):
    with mailroom.subscribe(lambda event: event.leg == leg) as subscription:
        found.append(await mailroom.next_event(subscription))


async def test_each_task_gets_its_own_whoever_reads(engine, mailroom, nursery):
    found = []
    for leg in ("a", "b", "c"):
        nursery.start_soon(collect, mailroom, leg, found)
    await trio.testing.wait_all_tasks_blocked()
    for leg in ("c", "a", "b"):
        engine.put(RemoteBye(leg))
        await trio.testing.wait_all_tasks_blocked()
    assert [event.leg for event in found] == ["c", "a", "b"]


async def test_when_the_reader_is_cancelled_another_takes_its_place(engine, mailroom, nursery):
    found = []
    with trio.CancelScope() as scope:
        async with trio.open_nursery() as readers:
            readers.start_soon(collect, mailroom, "a", found)
            await trio.testing.wait_all_tasks_blocked()
            nursery.start_soon(collect, mailroom, "b", found)
            await trio.testing.wait_all_tasks_blocked()
            scope.cancel()
    engine.put(RemoteBye("b"))
    await trio.testing.wait_all_tasks_blocked()
    assert [event.leg for event in found] == ["b"]


async def test_a_closed_engine_ends_every_wait(engine, mailroom, nursery):
    found = []
    nursery.start_soon(collect, mailroom, "a", found)
    nursery.start_soon(collect, mailroom, "b", found)
    await trio.testing.wait_all_tasks_blocked()
    engine.is_closed = True
    engine.arrived.set()
    mailroom.close()
    await trio.testing.wait_all_tasks_blocked()
    assert found == [None, None]


def test_at_its_limit_a_subscription_drops_the_oldest_report_and_nothing_else():
    subscription = Subscription(lambda event: True)
    subscription.add(RemoteBye("first"))
    subscription.add(Report("old"))
    for number in range(WAITING_MAX):
        subscription.add(RemoteBye(number))
    assert subscription.dropped == 1
    assert Report("old") not in subscription.waiting
    assert len(subscription.waiting) == WAITING_MAX + 1
