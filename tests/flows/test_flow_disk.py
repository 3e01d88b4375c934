"""Calls while the disk is slow, full or broken: the phones notice nothing, and the record comes when it can."""

import pytest
import trio
from structlog.testing import capture_logs

from pbx.spool import SpoolFailed, SpoolFull
from tests.support.bad_disk import BadDisk
from tests.support.world import open_world


@pytest.mark.parametrize("error", [SpoolFull(8192, 8192), SpoolFailed("disk I/O error")], ids=["full", "broken"])
async def test_a_call_needs_no_disk_and_its_record_waits_for_one(autojump_clock, error):
    async with open_world() as world:
        alice, bob = await world.phone("101"), await world.phone("102")
        disk = BadDisk(world.spool, error=error)
        call = alice.dial("102")
        incoming = await bob.incoming.receive()
        incoming.answer()
        assert await call.wait_answered()
        call.hold()
        await call.renegotiated(is_holding=True)
        call.hang_up()
        await incoming.ended.wait()
        await trio.sleep(20)
        disk.heal()
        assert (await world.only_cdr()).disposition == "answered"
        assert world.server.stats().saves_failed == 3


async def test_a_disk_that_stalls_for_nine_seconds_delays_each_step_by_no_more_than_one(autojump_clock):
    async with open_world() as world:
        alice, bob = await world.phone("101"), await world.phone("102")
        disk = BadDisk(world.spool, delay_s=9)
        call = alice.dial("102")
        incoming = await bob.incoming.receive()
        incoming.answer()
        assert await call.wait_answered()
        assert trio.current_time() <= 3
        assert world.server.stats().saves_late == 2
        disk.heal()
        call.hang_up()
        assert (await world.only_cdr()).disposition == "answered"


async def test_an_answer_in_the_last_moment_of_ringing_is_acknowledged_on_a_slow_disk_too(autojump_clock):
    async with open_world() as world:
        alice, bob = await world.phone("101"), await world.phone("102")
        call = alice.dial("102")
        incoming = await bob.incoming.receive()
        await trio.sleep(29.8)
        disk = BadDisk(world.spool, delay_s=0.5)
        incoming.answer()
        assert await call.wait_answered()
        await trio.sleep(40)
        assert incoming.acknowledged.is_set()
        assert not incoming.ended.is_set()
        disk.heal()
        call.hang_up()
        assert (await world.only_cdr()).disposition == "answered"


async def test_a_caller_of_the_echo_that_hangs_up_while_its_answer_is_written_down_is_let_go(autojump_clock):
    with capture_logs() as logs:
        async with open_world() as world:
            alice = await world.phone("101")
            disk = BadDisk(world.spool, delay_s=0.5)
            call = alice.dial("600")
            await trio.sleep(0.3)
            call.cancel()
            await call.ended.wait()
            disk.heal()
            await world.only_cdr()
    assert not [entry for entry in logs if entry["log_level"] == "error"]


async def test_a_record_that_no_disk_took_for_a_minute_is_counted_and_logged(autojump_clock):
    with capture_logs() as logs:
        async with open_world() as world:
            alice = await world.phone("101")
            BadDisk(world.spool, error=SpoolFailed("disk I/O error"))
            call = alice.dial("999")
            await call.ended.wait()
            await trio.sleep(70)
            assert len(world.server.calls) == 0
            assert world.server.stats().records_lost == 1
    assert [entry["event"] for entry in logs if entry["log_level"] == "error"] == ["record lost"]
