"""Group commit: whoever waits is answered after the disk, together with those who came meanwhile."""

import sqlite3
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest
import trio

from pbx.spool import EndCall, PutBinding, PutCall, Spool, SpoolClosed, SpoolFailed, SpoolFull
from tests.support.sample_cdr import HERONS, sample_cdr


def binding(n: int) -> PutBinding:
    return PutBinding(HERONS, str(n), "sip:phone@192.0.2.7", 100.0, b"{}")


class Gate:
    """Holds the writer thread inside its next transaction until it is opened: a disk that takes its time."""

    def __init__(self, spool: Spool) -> None:
        self._entered = threading.Event()
        self._opened = threading.Event()
        spool._connection.create_function("gate", 0, self._pass)
        spool._connection.execute("CREATE TEMP TRIGGER hold AFTER INSERT ON calls BEGIN SELECT gate(); END")

    def _pass(self) -> None:
        self._entered.set()
        self._opened.wait()

    async def wait_held(self) -> None:
        await trio.to_thread.run_sync(self._entered.wait)

    def open(self) -> None:
        self._opened.set()


HOLD = PutCall("held", HERONS, b"", 1)  # the change whose trigger waits at the gate


async def test_what_queues_up_behind_a_slow_disk_is_written_in_one_batch(tmp_path):
    with Spool(tmp_path / "spool.sqlite") as spool:
        gate = Gate(spool)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(spool.commit, HOLD)
            await gate.wait_held()
            for n in range(100):
                nursery.start_soon(spool.commit, binding(n))
            await trio.testing.wait_all_tasks_blocked()
            assert spool.stats().queued == 101
            gate.open()
        stats = spool.stats()
        assert (stats.batches, stats.largest_batch, stats.commits, stats.queued) == (2, 100, 101, 0)


async def test_a_batch_is_bounded(tmp_path):
    with Spool(tmp_path / "spool.sqlite", batch_max=10) as spool:
        gate = Gate(spool)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(spool.commit, HOLD)
            await gate.wait_held()
            for n in range(100):
                nursery.start_soon(spool.commit, binding(n))
            await trio.testing.wait_all_tasks_blocked()
            gate.open()
        assert (spool.stats().batches, spool.stats().largest_batch) == (11, 10)


async def test_a_commit_is_never_split_even_if_it_is_larger_than_a_batch(tmp_path):
    with Spool(tmp_path / "spool.sqlite", batch_max=10, queue_max=20) as spool:
        await spool.commit(*map(binding, range(50)))
        assert (spool.stats().batches, spool.stats().largest_batch) == (1, 50)


async def test_a_full_queue_turns_the_next_one_away_and_keeps_those_it_took(tmp_path):
    with Spool(tmp_path / "spool.sqlite", queue_max=5) as spool:
        gate = Gate(spool)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(spool.commit, HOLD)
            await gate.wait_held()
            for n in range(4):
                nursery.start_soon(spool.commit, binding(n))
            await trio.testing.wait_all_tasks_blocked()
            with pytest.raises(SpoolFull, match="5 changes of at most 5"):
                await spool.commit(binding(9))
            gate.open()
        assert sorted(saved.aor for saved in spool.load_bindings()) == ["0", "1", "2", "3"]
        assert spool.stats().rejected_full == 1
        await spool.commit(binding(9))


async def test_one_commit_that_cannot_be_written_does_not_fail_its_neighbours(tmp_path):
    with Spool(tmp_path / "spool.sqlite") as spool:
        gate = Gate(spool)
        failed: list[SpoolFailed] = []

        async def expect_failure() -> None:
            try:
                await spool.commit(PutBinding(HERONS, "\udcff", "", 0.0, b""))
            except SpoolFailed as error:
                failed.append(error)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(spool.commit, HOLD)
            await gate.wait_held()
            nursery.start_soon(spool.commit, binding(1))
            nursery.start_soon(expect_failure)
            nursery.start_soon(spool.commit, binding(2))
            await trio.testing.wait_all_tasks_blocked()
            gate.open()
        assert len(failed) == 1
        assert sorted(saved.aor for saved in spool.load_bindings()) == ["1", "2"]
        assert spool.stats().failed == 1


async def test_closing_writes_what_was_queued(tmp_path):
    path = tmp_path / "spool.sqlite"
    spool = Spool(path)
    gate = Gate(spool)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(spool.commit, HOLD)
        await gate.wait_held()
        nursery.start_soon(spool.commit, binding(1))
        await trio.testing.wait_all_tasks_blocked()
        gate.open()
        spool.close()
    with Spool(path) as spool:
        assert [saved.aor for saved in spool.load_bindings()] == ["1"]
        assert [saved.call_id for saved in spool.load_calls()] == ["held"]


async def test_a_cancelled_commit_may_be_written_but_never_harms_the_next(tmp_path):
    with Spool(tmp_path / "spool.sqlite") as spool:
        gate = Gate(spool)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(spool.commit, HOLD)
            await gate.wait_held()
            nursery.cancel_scope.cancel()
        gate.open()
        await spool.commit(binding(1))
        assert [saved.call_id for saved in spool.load_calls()] == ["held"]


async def test_whoever_waits_for_the_outbox_hears_of_a_cdr_from_the_thread(tmp_path):
    with Spool(tmp_path / "spool.sqlite") as spool:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(spool.wait_outbox)
            await trio.testing.wait_all_tasks_blocked()
            await spool.commit(binding(1))
            await spool.commit(EndCall("call-1", sample_cdr()))
        await spool.wait_outbox()


async def test_a_full_disk_is_reported_and_what_was_confirmed_stays(tmp_path):
    with Spool(tmp_path / "spool.sqlite") as spool:
        await spool.commit(binding(1))
        pages = spool._connection.execute("PRAGMA page_count").fetchone()[0]
        spool._connection.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(SpoolFailed, match="full"):
            await spool.commit(PutCall("call-1", HERONS, bytes(100_000), 1))
        spool._connection.execute(f"PRAGMA max_page_count = {pages + 1000}")
        await spool.commit(PutCall("call-1", HERONS, bytes(100_000), 1))
        assert [saved.aor for saved in spool.load_bindings()] == ["1"]


async def test_a_closed_writer_refuses(tmp_path):
    spool = Spool(tmp_path / "spool.sqlite")
    writer = spool._writer
    spool.close()
    with pytest.raises(SpoolClosed):
        await writer.commit([])


def test_what_was_confirmed_survives_kill_9(tmp_path: Path):
    child = textwrap.dedent("""
        import sys, trio
        from pathlib import Path
        from pbx.spool import PutBinding, Spool
        from pbx.tenants.scope import TenantScope

        async def register_for_ever():
            spool = Spool(Path(sys.argv[1]))
            async def phone(name):
                n = 0
                while True:
                    await spool.commit(PutBinding(TenantScope("herons"), f"{name}-{n}", "sip:x", 1.0, b""))
                    print(f"{name}-{n}", flush=True)
                    n += 1
            async with trio.open_nursery() as nursery:
                for name in "abcdefgh":
                    nursery.start_soon(phone, name)

        trio.run(register_for_ever)
    """)
    path = tmp_path / "spool.sqlite"
    with subprocess.Popen([sys.executable, "-c", child, path], stdout=subprocess.PIPE, text=True) as process:
        confirmed = [process.stdout.readline().strip() for _ in range(200)]
        process.kill()
        *rest, _possibly_cut = process.stdout.read().split("\n")
    with Spool(path) as spool:
        kept = {saved.aor for saved in spool.load_bindings()}
    assert set(confirmed) | set(rest) <= kept


def test_a_hot_journal_of_a_killed_writer_is_no_obstacle(tmp_path):
    path = tmp_path / "spool.sqlite"
    spool = Spool(path, inline=True)
    trio.run(spool.commit, binding(1))
    copy = tmp_path / "copy" / "spool.sqlite"
    copy.parent.mkdir()
    for suffix in ("", "-wal"):  # what the disk holds at this moment, without the closing checkpoint
        copy.with_name(copy.name + suffix).write_bytes(path.with_name(path.name + suffix).read_bytes())
    spool.close()
    with Spool(copy) as reopened:
        assert [saved.aor for saved in reopened.load_bindings()] == ["1"]


def test_sqlite_is_built_for_threads():
    assert sqlite3.threadsafety == 3, "the reader is used from worker threads"
