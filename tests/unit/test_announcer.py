"""Telling others of changes: never waits, never grows, never doubles what waits."""

import msgspec
import pytest
import trio
import trio.testing

from pbx import announcer as module
from pbx.announcer import Announcer
from pbx.bus.interface import BusUnavailable
from pbx.bus.memory import MemoryBus
from tests.support.sample_cdr import HERONS, OTTERS, sample_cdr


async def test_changes_in_quick_succession_are_told_as_they_are_a_moment_later(autojump_clock):
    announcer, bus, heard = Announcer(), MemoryBus(), []
    async with trio.open_nursery() as nursery, bus.subscribe(HERONS, ">") as signals:
        nursery.start_soon(announcer.run, bus)
        for new in range(10):
            announcer.messages_changed(HERONS, "101", new, 0)
            await trio.testing.wait_all_tasks_blocked()
        while len(heard) < 2:
            heard.append((msgspec.json.decode((await anext(aiter(signals))).payload)["new"], trio.current_time()))
        nursery.cancel_scope.cancel()
    (first, at), (last, later) = heard
    assert (first, last) == (0, 9)
    assert later - at == pytest.approx(module.PAUSE_S)


async def test_a_flood_of_changes_leaves_in_bursts_that_a_subscriber_can_take(autojump_clock):
    announcer, bus = Announcer(), MemoryBus()
    for number in range(3 * module.BURST_MAX):
        announcer.registrations_changed(HERONS, str(number))
    async with trio.open_nursery() as nursery, bus.subscribe(HERONS, ">") as signals:
        nursery.start_soon(announcer.run, bus)
        for number in range(3 * module.BURST_MAX):
            assert msgspec.json.decode((await anext(aiter(signals))).payload) == {"extension": str(number)}
        assert trio.current_time() == pytest.approx(2 * module.PAUSE_S, abs=0.01)
        assert signals.dropped == 0
        nursery.cancel_scope.cancel()


async def heard_from(announcer: Announcer) -> list[tuple[str, str, object]]:
    """What those who listen to everybody hear by the time that nothing waits."""
    heard = []
    bus = MemoryBus()
    async with trio.open_nursery() as nursery:
        async with bus.subscribe(HERONS, ">") as herons, bus.subscribe(OTTERS, ">") as otters:

            async def listen(signals) -> None:
                async for signal in signals:
                    heard.append((signal.scope.tenant, signal.subject, msgspec.json.decode(signal.payload)))

            nursery.start_soon(listen, herons)
            nursery.start_soon(listen, otters)
            nursery.start_soon(announcer.run, bus)
            await trio.testing.wait_all_tasks_blocked()
            nursery.cancel_scope.cancel()
    return heard


async def test_changes_are_told_in_order_to_their_own_tenant():
    announcer = Announcer()
    announcer.registrations_changed(HERONS, "101")
    announcer.cdrs_added(OTTERS, [sample_cdr("c1", scope=OTTERS), sample_cdr("c2", scope=OTTERS)])
    announcer.messages_changed(HERONS, "101", 2, 1)
    assert sorted(await heard_from(announcer), key=lambda each: each[0]) == [
        ("herons", "registrations.changed", {"extension": "101"}),
        ("herons", "voicemail.changed", {"box": "101", "new": 2, "old": 1}),
        ("otters", "cdrs.added", {"id": "c1"}),
        ("otters", "cdrs.added", {"id": "c2"}),
    ]
    assert announcer.stats().published == 4


async def test_what_changes_again_before_it_was_told_is_told_once_as_it_is_then():
    announcer = Announcer()
    for new in range(10):
        announcer.messages_changed(HERONS, "101", new, 0)
    assert await heard_from(announcer) == [("herons", "voicemail.changed", {"box": "101", "new": 9, "old": 0})]


async def test_too_many_changes_drop_the_oldest_and_count_it(monkeypatch):
    monkeypatch.setattr(module, "WAITING_MAX", 3)
    announcer = Announcer()
    for number in range(5):
        announcer.registrations_changed(HERONS, str(number))
    assert (announcer.stats().waiting, announcer.stats().dropped) == (3, 2)
    assert [said["extension"] for _, _, said in await heard_from(announcer)] == ["2", "3", "4"]


async def test_a_bus_that_carries_nothing_ends_nothing(autojump_clock):
    class Deaf:
        async def publish(self, *_: object) -> None:
            await trio.lowlevel.checkpoint()
            raise BusUnavailable("nobody there")

    announcer = Announcer()
    announcer.registrations_changed(HERONS, "101")
    with pytest.raises(trio.TooSlowError), trio.fail_after(1):
        await announcer.run(Deaf())
    assert announcer.stats().failed == 1


async def test_a_change_that_cannot_be_told_of_costs_its_own_signal_and_ends_nothing():
    announcer = Announcer()
    announcer.messages_changed(HERONS, "101", object(), 0)
    announcer.registrations_changed(HERONS, "102")
    assert await heard_from(announcer) == [("herons", "registrations.changed", {"extension": "102"})]
    assert (announcer.stats().mistakes, announcer.stats().published) == (1, 1)
