"""The outbox reaches the Store: all of it, once, whatever the Store and the process go through."""

from itertools import pairwise
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from pbx.spool import AddToOutbox, EndCall, PutCall, Spool, SpoolFull
from pbx.spool.shipper import BATCH_MAX, LINGER_S, RETRY_MAX_S, STORE_TIMEOUT_S, Shipper
from pbx.store.interface import StoreRefused, StoreUnavailable
from pbx.store.sqlite import SqliteStore
from pbx.tenants.scope import TenantScope
from tests.support.hostile import Hostile, Weather
from tests.support.sample_cdr import HERONS, OTTERS, sample_cdr


class FakeStore:
    """Keeps what it is given, unless told to fail first."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.calls: list[tuple[float, TenantScope, list[str]]] = []
        self.kept: list[str] = []

    async def add_cdrs(self, scope, cdrs) -> None:
        self.calls.append((trio.current_time(), scope, [cdr.id for cdr in cdrs]))
        await trio.lowlevel.checkpoint()
        if self.failures:
            raise self.failures.pop(0)
        self.kept += [cdr.id for cdr in cdrs]


class HangingStore:
    async def add_cdrs(self, scope, cdrs) -> None:
        await trio.sleep_forever()


@pytest.fixture
def spool():
    with Spool(None) as spool:
        yield spool


async def end_call(spool: Spool, call_id: str, scope=HERONS) -> None:
    await spool.commit(PutCall(call_id, scope, b"state"))
    await spool.commit(EndCall(call_id, sample_cdr(call_id, scope=scope)))


async def test_a_cdr_is_shipped_and_leaves_the_outbox(spool, autojump_clock: MockClock):
    store = FakeStore()
    shipper = Shipper(spool, store)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(shipper.run)
        await end_call(spool, "call-1")
        await trio.sleep(2 * LINGER_S)
        assert store.kept == ["call-1"]
        assert await spool.read_outbox(10) == []
        assert (shipper.stats().shipped, shipper.stats().waiting) == (1, 0)
        nursery.cancel_scope.cancel()


async def test_calls_that_end_within_a_moment_are_shipped_together(spool, autojump_clock: MockClock):
    store = FakeStore()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(Shipper(spool, store).run)
        for n in range(100):
            await end_call(spool, f"call-{n}", HERONS if n % 2 else OTTERS)
        await trio.sleep(10)
        assert [(scope, len(ids)) for _, scope, ids in store.calls] == [(OTTERS, 50), (HERONS, 50)]
        nursery.cancel_scope.cancel()


async def test_what_an_earlier_process_left_is_shipped_in_rounds(spool, autojump_clock: MockClock):
    for n in range(BATCH_MAX + 1):
        await end_call(spool, f"call-{n}")
    store = FakeStore()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(Shipper(spool, store).run)
        await trio.sleep(10)
        assert [len(ids) for _, _, ids in store.calls] == [BATCH_MAX, 1]
        nursery.cancel_scope.cancel()


async def test_a_store_that_is_gone_is_tried_again_ever_more_rarely(spool, autojump_clock: MockClock):
    store = FakeStore(*[StoreUnavailable("gone")] * 10)
    shipper = Shipper(spool, store)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(shipper.run)
        await end_call(spool, "call-1")
        await trio.sleep(60)
        assert (shipper.stats().waiting, shipper.stats().last_failure) == (1, "gone")
        await trio.sleep(600)
        nursery.cancel_scope.cancel()
    times = [at for at, _, _ in store.calls]
    waits = [later - earlier for earlier, later in pairwise(times)]
    assert waits == pytest.approx([0.5, 1, 2, 4, 8, 16, RETRY_MAX_S, RETRY_MAX_S, RETRY_MAX_S, RETRY_MAX_S])
    assert store.kept == ["call-1"]
    assert (shipper.stats().retry_s, shipper.stats().failures) == (0.0, 10)


async def test_a_store_that_hangs_counts_as_gone(spool, autojump_clock: MockClock):
    shipper = Shipper(spool, HangingStore())
    await end_call(spool, "call-1")
    assert await shipper.ship() is False
    assert trio.current_time() == pytest.approx(STORE_TIMEOUT_S)
    assert len(await spool.read_outbox(10)) == 1


async def test_a_spool_that_cannot_note_the_delivery_leads_to_a_second_one(
    spool, monkeypatch, autojump_clock: MockClock
):
    store = FakeStore()
    shipper = Shipper(spool, store)
    await end_call(spool, "call-1")
    with monkeypatch.context() as patch:

        async def full(*changes) -> None:
            raise SpoolFull(1, 1)

        patch.setattr(spool, "commit", full)
        assert await shipper.ship() is False
    assert await shipper.ship() is True
    assert store.kept == ["call-1", "call-1"], "the Store knows it by its id"


async def test_one_cdr_that_is_refused_for_good_does_not_hold_up_the_others(spool):
    class Choosy(FakeStore):
        async def add_cdrs(self, scope, cdrs) -> None:
            if any(cdr.id == "call-1" for cdr in cdrs):
                raise StoreRefused("no such tenant")
            await super().add_cdrs(scope, cdrs)

    for n in range(100):
        await end_call(spool, f"call-{n}")
    store = Choosy()
    shipper = Shipper(spool, store)
    assert await shipper.ship() is True
    assert sorted(store.kept) == sorted(f"call-{n}" for n in range(100) if n != 1)
    assert len(store.calls) < 20
    assert [(item.id, reason) for item, reason in spool.refused()] == [("call-1", "no such tenant")]
    assert (shipper.stats().shipped, shipper.stats().refused, shipper.stats().waiting) == (99, 1, 0)


async def test_what_cannot_be_read_is_set_aside_with_the_reason(spool):
    await spool.commit(AddToOutbox(HERONS, "cdr", "torn", b"{"), AddToOutbox(HERONS, "cdr", "bytes", b'{"id": "\xff"}'))
    await spool.commit(AddToOutbox(HERONS, "hologram", "1", b"{}"))
    await end_call(spool, "call-1")
    store = FakeStore()
    assert await Shipper(spool, store).ship() is True
    assert store.kept == ["call-1"]
    reasons = {item.id: reason for item, reason in spool.refused()}
    assert reasons["torn"].startswith("not a CDR")
    assert reasons["bytes"].startswith("not a CDR")
    assert reasons["1"] == "this release ships no 'hologram'"


async def test_whoever_waits_is_not_woken_by_what_was_set_aside(spool):
    await spool.commit(AddToOutbox(HERONS, "hologram", "1", b"{}"))
    await Shipper(spool, FakeStore()).ship()
    woken = []
    async with trio.open_nursery() as nursery:

        async def wait() -> None:
            await spool.wait_outbox()
            woken.append(True)

        nursery.start_soon(wait)
        await wait_all_tasks_blocked()
        assert woken == []
        await end_call(spool, "call-1")


@pytest.mark.parametrize("seed", range(6))
async def test_in_any_weather_and_over_restarts_every_call_leaves_exactly_one_cdr(
    tmp_path: Path, seed: int, autojump_clock: MockClock
):
    weather = Weather(seed, delay_max_s=2.0, request_lost_ratio=0.3, reply_lost_ratio=0.3, stall_ratio=0.2)
    ended = 0
    with SqliteStore(tmp_path / "store.sqlite", inline=True) as store:
        hostile = Hostile(store, weather, StoreUnavailable, late_duplicates=True)
        for restart in range(4):
            with Spool(tmp_path / "spool.sqlite", inline=True, synchronous="NORMAL") as spool:
                shipper = Shipper(spool, hostile)
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(shipper.run)
                    for _ in range(25):
                        await trio.sleep(weather.random.uniform(0, 3))
                        await end_call(spool, f"call-{ended}")
                        await end_call(spool, f"call-{ended}")
                        ended += 1
                    if restart == 3:
                        weather.calm()
                        await trio.sleep(STORE_TIMEOUT_S + RETRY_MAX_S + 1)
                        assert shipper.stats().waiting == 0, f"seed {seed}"
                    nursery.cancel_scope.cancel()
        kept = [cdr.id for cdr in (await store.cdrs(HERONS, limit=1000)).cdrs]
    assert sorted(kept) == sorted(f"call-{n}" for n in range(ended)), f"seed {seed}"
    assert weather.befallen > 0
