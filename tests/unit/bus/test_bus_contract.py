"""What every Bus does. A new backend is one more line in CASES, and passes this in good weather and in bad."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from pbx.bus.interface import (
    EVERY_TENANT,
    PAYLOAD_MAX_BYTES,
    Bus,
    BusRefused,
    BusUnavailable,
    CommandFailed,
    CommandTimedOut,
    Entry,
    NoHandler,
    RevisionConflict,
    Signal,
)
from pbx.bus.memory import MemoryBus
from pbx.bus.unix_client import connect_bus
from pbx.bus.unix_server import serve_bus
from pbx.tenants.scope import TenantScope
from tests.support.hostile import Hostile, Patient, Weather
from tests.support.sample_cdr import HERONS, OTTERS

CASES = ["memory", "unix", *(f"hostile-{seed}" for seed in range(5)), "hostile-unix-5"]
EVERYONE = TenantScope(EVERY_TENANT)


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def clock() -> MockClock:
    return MockClock(autojump_threshold=0)


@pytest.fixture
async def bus(case: str, clock: MockClock, tmp_path: Path) -> AsyncIterator[Bus]:
    memory = MemoryBus()
    if "unix" not in case:
        yield with_weather(case, memory)
        return
    async with trio.open_nursery() as nursery:
        await nursery.start(serve_bus, memory, tmp_path / "bus.sock", "token")
        async with connect_bus(tmp_path / "bus.sock", "token") as client:
            yield with_weather(case, client)
        nursery.cancel_scope.cancel()


def with_weather(case: str, bus: Bus) -> Bus:
    if not case.startswith("hostile"):
        return bus
    return Patient(Hostile(bus, Weather(int(case.rpartition("-")[2])), BusUnavailable), BusUnavailable)


async def distinct(subscription, count: int) -> list[Signal]:
    """The first `count` signals that differ: any may come twice."""
    seen: list[Signal] = []
    async for signal in subscription:
        if signal not in seen:
            seen.append(signal)
        if len(seen) == count:
            return seen
    return seen


async def until(subscription, last: bytes) -> AsyncIterator[Signal]:
    """What comes up to `last`: one waited for, then those that waited behind it."""
    while True:
        signal = await anext(aiter(subscription))
        while signal is not None:
            yield signal
            if signal.payload == last:
                return
            signal = subscription.poll_nowait()


# -- signals -----------------------------------------------------------------------------------------------------------


async def test_who_listens_hears_what_is_published_in_order(bus, clock):
    async with bus.subscribe(HERONS, "calls.started") as subscription:
        for n in range(5):
            await bus.publish(HERONS, "calls.started", bytes([n]))
        heard = await distinct(subscription, 5)
    assert heard == [Signal(HERONS, "calls.started", bytes([n])) for n in range(5)]


async def test_everybody_who_listens_hears_it(bus, clock):
    async with bus.subscribe(HERONS, ">") as first, bus.subscribe(HERONS, ">") as second:
        await bus.publish(HERONS, "calls.started", b"1")
        assert await distinct(first, 1) == await distinct(second, 1)


@pytest.mark.parametrize(
    ("pattern", "heard"),
    [
        ("calls.started", ["calls.started"]),
        ("calls.>", ["calls.started", "calls.ended.late"]),
        ("calls.ended.>", ["calls.ended.late"]),
        ("callsx.>", ["callsx.started"]),
        (">", ["calls.started", "calls", "calls.ended.late", "callsx.started"]),
    ],
)
async def test_a_pattern_picks_subjects(bus, clock, pattern, heard):
    async with bus.subscribe(HERONS, pattern) as subscription:
        for subject in ("calls.started", "calls", "calls.ended.late", "callsx.started"):
            await bus.publish(HERONS, subject, b"")
        assert [signal.subject for signal in await distinct(subscription, len(heard))] == heard


async def test_a_slow_subscriber_loses_the_oldest_and_is_told_how_many(bus, clock, case):
    async with bus.subscribe(HERONS, ">", queue_max=3) as subscription:
        for n in range(100):
            await bus.publish(HERONS, "calls.started", bytes([n]))
        await bus.publish(HERONS, "calls.started", b"last")
        heard = []
        async for signal in subscription:
            heard.append(signal.payload)
            if signal.payload == b"last":
                break
        if "unix" not in case:  # where a process boundary adds queues of its own, the numbers are its own
            assert len(heard) <= 3
            assert subscription.dropped >= 98
        assert heard == sorted(heard, key=lambda payload: (payload == b"last", payload))


async def test_who_was_woken_for_one_signal_may_take_along_what_waits_behind_it(bus, clock):
    async with bus.subscribe(HERONS, ">") as subscription:
        assert subscription.poll_nowait() is None
        for n in range(3):
            await bus.publish(HERONS, "calls.started", bytes([n]))
        heard = [signal.payload async for signal in until(subscription, bytes([2]))]
        assert heard == sorted(heard)
        assert heard[-1] == bytes([2])


async def test_who_has_left_hears_nothing_and_disturbs_nobody(bus, clock):
    async with bus.subscribe(HERONS, ">"):
        pass
    await bus.publish(HERONS, "calls.started", b"")
    async with bus.subscribe(HERONS, ">") as subscription:
        await bus.publish(HERONS, "calls.ended", b"")
        assert [signal.subject for signal in await distinct(subscription, 1)] == ["calls.ended"]


async def test_signals_stay_with_their_tenant_and_region(bus, clock):
    async with bus.subscribe(HERONS, ">") as herons, bus.subscribe(EVERYONE, ">") as everyone:
        for scope in (OTTERS, TenantScope("herons", "north"), HERONS):
            await bus.publish(scope, "calls.started", b"")
        assert [signal.scope for signal in await distinct(herons, 1)] == [HERONS]
        assert [signal.scope for signal in await distinct(everyone, 2)] == [OTTERS, HERONS]


# -- commands ----------------------------------------------------------------------------------------------------------


async def test_a_command_gets_its_reply_and_the_handler_the_callers_scope(bus, clock):
    async def greet(scope: TenantScope, payload: bytes) -> bytes:
        return f"{scope}: {payload.decode()}".encode()

    async with bus.handle("greet", greet):
        assert await bus.request(HERONS, "greet", b"hello", timeout_s=100) == b"herons@local: hello"
        assert await bus.request(EVERYONE, "greet", timeout_s=100) == b"*@local: "


async def test_a_command_that_nobody_handles_says_so(bus, clock):
    with pytest.raises(NoHandler, match=r"calls\.list"):
        await bus.request(HERONS, "calls.list", timeout_s=100)


async def free(bus: Bus, name: str) -> None:
    """Returns when nobody handles `name`: that somebody has left may reach the other end a moment later."""
    while True:
        try:
            await bus.request(HERONS, name, timeout_s=100)
        except NoHandler:
            return


async def test_a_name_can_be_handled_again_once_it_is_free(bus, clock):
    async def one(scope, payload):
        return b"one"

    async def two(scope, payload):
        return b"two"

    async with bus.handle("count", one):
        with pytest.raises(BusRefused):
            async with bus.handle("count", two):
                pass
        assert await bus.request(HERONS, "count", timeout_s=100) == b"one"
    await free(bus, "count")
    async with bus.handle("count", two):
        assert await bus.request(HERONS, "count", timeout_s=100) == b"two"


async def test_a_handlers_refusal_reaches_the_caller_in_its_words(bus, clock):
    async def refuse(scope, payload):
        raise CommandFailed("there is no call 7")

    async with bus.handle("hang-up", refuse):
        with pytest.raises(CommandFailed, match="there is no call 7"):
            await bus.request(HERONS, "hang-up", timeout_s=100)


async def test_a_handlers_mistake_reaches_the_caller_without_its_secrets(bus, clock):
    async def broken(scope, payload):
        raise KeyError("the password is swordfish")

    async with bus.handle("broken", broken):
        with pytest.raises(CommandFailed, match="KeyError") as failure:
            await bus.request(HERONS, "broken", timeout_s=100)
    assert "swordfish" not in str(failure.value)


async def test_a_command_that_takes_too_long_is_given_up_on_time(bus, clock, case):
    async def sleep(scope, payload):
        await trio.sleep_forever()

    async with bus.handle("sleep", sleep):
        started = trio.current_time()
        with pytest.raises(CommandTimedOut):
            await bus.request(HERONS, "sleep", timeout_s=3)
        if "hostile" not in case:
            assert trio.current_time() - started == pytest.approx(3)


async def test_commands_do_not_wait_for_each_other(bus, clock, case):
    async def slow(scope, payload):
        await trio.sleep(float(payload))
        return payload

    replies = []

    async def request(payload: bytes) -> None:
        replies.append(await bus.request(HERONS, "slow", payload, timeout_s=100))

    async with bus.handle("slow", slow), trio.open_nursery() as nursery:
        for payload in (b"3", b"2", b"1"):
            nursery.start_soon(request, payload)
    assert sorted(replies) == [b"1", b"2", b"3"]
    if "hostile" not in case:
        assert replies == [b"1", b"2", b"3"]


async def test_a_handler_is_cancelled_when_its_caller_is(bus, clock):
    begun, cancelled = trio.Event(), trio.Event()

    async def sleep(scope, payload):
        begun.set()
        try:
            await trio.sleep(1000)
        finally:
            cancelled.set()
        return b""

    async with bus.handle("sleep", sleep):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(lambda: bus.request(HERONS, "sleep", timeout_s=20))
            await begun.wait()
            nursery.cancel_scope.cancel()
        with trio.fail_after(100):  # at the latest by the command's deadline
            await cancelled.wait()


# -- state -------------------------------------------------------------------------------------------------------------


async def test_a_value_comes_back_with_its_revision(bus, clock):
    assert await bus.get(HERONS, "agent.101") is None
    revision = await bus.put(HERONS, "agent.101", b"ready")
    assert await bus.get(HERONS, "agent.101") == Entry("agent.101", b"ready", revision)


async def test_every_change_raises_the_revision(bus, clock):
    revisions = [await bus.put(HERONS, key, value) for key, value in (("a", b"1"), ("b", b"1"), ("a", b"2"))]
    assert revisions == sorted(set(revisions))


async def test_a_deleted_value_is_gone_and_deleting_it_again_is_no_error(bus, clock):
    await bus.put(HERONS, "a", b"1")
    await bus.delete(HERONS, "a")
    await bus.delete(HERONS, "a")
    assert await bus.get(HERONS, "a") is None


async def test_a_value_runs_out_after_its_time(bus, clock, case):
    await bus.put(HERONS, "a", b"1", ttl_s=1000)
    if "hostile" not in case:
        await trio.sleep(999)
        assert (await bus.get(HERONS, "a")).value == b"1"
    await trio.sleep(10_000)
    assert await bus.get(HERONS, "a") is None


async def test_putting_the_same_value_renews_its_time_and_keeps_its_revision(bus, clock):
    first = await bus.put(HERONS, "a", b"1", ttl_s=10_000)
    await trio.sleep(5_000)
    assert await bus.put(HERONS, "a", b"1", ttl_s=10_000) == first
    await trio.sleep(7_000)
    assert (await bus.get(HERONS, "a")).revision == first


async def test_only_one_claimant_gets_what_was_free(bus, clock):
    won = []

    async def claim(name: bytes) -> None:
        try:
            await bus.put(HERONS, "slot", name, expected_revision=0)
        except RevisionConflict:
            return
        won.append(name)

    async with trio.open_nursery() as nursery:
        for name in (b"ada", b"bob", b"eve"):
            nursery.start_soon(claim, name)
    assert [(await bus.get(HERONS, "slot")).value] == won


async def test_a_change_against_an_old_revision_is_refused(bus, clock):
    old = await bus.put(HERONS, "a", b"1")
    new = await bus.put(HERONS, "a", b"2", expected_revision=old)
    with pytest.raises(RevisionConflict) as conflict:
        await bus.put(HERONS, "a", b"3", expected_revision=old)
    assert conflict.value.found == new
    with pytest.raises(RevisionConflict):
        await bus.delete(HERONS, "a", expected_revision=old)
    await bus.delete(HERONS, "a", expected_revision=new)
    assert await bus.get(HERONS, "a") is None


async def test_the_same_change_made_again_is_one_change(bus, clock):
    old = await bus.put(HERONS, "a", b"1")
    new = await bus.put(HERONS, "a", b"2", expected_revision=old)
    assert await bus.put(HERONS, "a", b"2", expected_revision=old) == new


async def test_who_watches_sees_what_is_there_and_then_what_changes(bus, clock):
    await bus.put(HERONS, "agent.101", b"ready")
    await bus.put(HERONS, "queue.1", b"not watched")
    async with bus.watch(HERONS, "agent.") as changes:
        assert (await anext(changes)).value == b"ready"
        revision = await bus.put(HERONS, "agent.102", b"busy")
        assert await anext(changes) == Entry("agent.102", b"busy", revision)
        await bus.delete(HERONS, "agent.101")
        entry = await anext(changes)
        assert (entry.key, entry.value) == ("agent.101", None)


async def test_who_watches_sees_a_value_run_out(bus, clock):
    async with bus.watch(HERONS) as changes:
        revision = await bus.put(HERONS, "a", b"1", ttl_s=500)
        assert await anext(changes) == Entry("a", b"1", revision)
        started = trio.current_time()
        last = await anext(changes)
        assert (last.key, last.value) == ("a", None)
        assert trio.current_time() - started <= 500


async def test_who_watches_slowly_misses_changes_but_never_the_last(bus, clock):
    async with bus.watch(HERONS) as changes:
        for n in range(50):
            await bus.put(HERONS, "a", b"%d" % n)
            await bus.put(HERONS, "b", b"%d" % n)
        last: dict[str, Entry] = {}
        async for entry in changes:
            assert entry.revision > last[entry.key].revision if entry.key in last else True
            last[entry.key] = entry
            if [e.value for e in last.values()] == [b"49", b"49"]:
                break


async def test_state_stays_with_its_tenant_and_region(bus, clock):
    await bus.put(HERONS, "a", b"1")
    async with bus.watch(OTTERS) as changes:
        for other in (OTTERS, TenantScope("herons", "north")):
            assert await bus.get(other, "a") is None
            await bus.delete(other, "a")
            await bus.put(other, "a", b"other", expected_revision=0)
        assert (await anext(changes)).value == b"other"
    assert (await bus.get(HERONS, "a")).value == b"1"


# -- what cannot be ----------------------------------------------------------------------------------------------------


async def test_names_and_payloads_that_cannot_be_are_refused(bus, clock):
    for name in ("", ".", "a..b", ".a", "a.", "a b", "a.>", "*", ">", "ä", "a\n", "x" * 300):
        for call in (
            bus.publish(HERONS, name, b""),
            bus.request(HERONS, name, timeout_s=1),
            bus.put(HERONS, name, b""),
            bus.get(HERONS, name),
            bus.delete(HERONS, name),
        ):
            with pytest.raises(BusRefused):
                await call
    for pattern in ("", "a.*", "*.>", "a.>.b", ">.a"):
        with pytest.raises(BusRefused):
            async with bus.subscribe(HERONS, pattern):
                pass
    large = bytes(PAYLOAD_MAX_BYTES + 1)
    for call in (
        bus.publish(HERONS, "a", large),
        bus.put(HERONS, "a", large),
        bus.request(HERONS, "a", large, timeout_s=1),
    ):
        with pytest.raises(BusRefused):
            await call


async def test_the_operators_scope_has_no_signals_and_no_state(bus, clock):
    for call in (
        bus.publish(EVERYONE, "a", b""),
        bus.put(EVERYONE, "a", b""),
        bus.get(EVERYONE, "a"),
        bus.delete(EVERYONE, "a"),
    ):
        with pytest.raises(BusRefused):
            await call
    with pytest.raises(BusRefused):
        async with bus.watch(EVERYONE):
            pass


async def test_a_payload_as_large_as_may_be_is_carried(bus, clock):
    async def back(scope, payload):
        return payload

    large = bytes(PAYLOAD_MAX_BYTES)
    async with bus.handle("back", back):
        assert await bus.request(HERONS, "back", large, timeout_s=100) == large
    await bus.put(HERONS, "a", large)
    assert (await bus.get(HERONS, "a")).value == large
