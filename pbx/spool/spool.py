"""The spool as its users see it: commit changes, load what was saved, read the outbox.

    with Spool(data / "spool.sqlite") as spool:
        await spool.commit(PutBinding(…))         # returns when it is on the disk

`inline=True` writes in the caller instead of the thread: a virtual clock jumps ahead of real threads, so tests that use
one must not wait for any. Reading never waits for the writer (WAL).
"""

import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import trio
from msgspec import Struct

from pbx.spool.change import Change, Statement
from pbx.spool.errors import SpoolBusy, SpoolClosed, SpoolFailed, SpoolFull
from pbx.spool.schema import Synchronous, connect
from pbx.spool.writer import BATCH_CHANGES_MAX, QUEUE_CHANGES_MAX, Counters, GroupWriter, write
from pbx.tenants.scope import TenantScope


class SavedBinding(Struct, frozen=True):
    """A binding as `PutBinding` left it."""

    scope: TenantScope
    aor: str
    contact: str
    expires_at: float
    record: bytes


class SavedCall(Struct, frozen=True):
    """A call as the last `PutCall` left it."""

    call_id: str
    scope: TenantScope
    state: bytes
    epoch: int


class OutboxItem(Struct, frozen=True):
    """Something that has yet to be shipped; `position` orders them and is never used twice."""

    position: int
    scope: TenantScope
    kind: str
    id: str
    payload: bytes


class SpoolStats(Struct, frozen=True):
    """One snapshot. Counts are since the spool was opened, `queued` and `outbox` are of now."""

    queued: int  # statements that wait for the disk
    queue_max: int
    commits: int
    statements: int
    batches: int
    largest_batch: int  # statements
    rejected_full: int  # commits turned away because the queue was full
    failed: int  # commits that the disk refused
    outbox: int  # items that wait to be shipped


class Spool:
    """One node's file. Open it once; `close` it, or leave its `with`, to write what is queued and let go of it."""

    def __init__(
        self,
        path: Path | None,
        *,
        inline: bool = False,
        synchronous: Synchronous = "FULL",
        queue_max: int = QUEUE_CHANGES_MAX,
        batch_max: int = BATCH_CHANGES_MAX,
    ) -> None:
        """Opens or creates `path`; None keeps it in memory, which only `inline` can do.

        "FULL" costs a wait for the disk per *batch*, so it is dear only to those who commit one at a time; what it buys
        is that a confirmed binding and a CDR also survive a power cut (see `schema.connect`).
        """
        self.inline = inline or path is None
        self._queue_max = queue_max
        self._rejected_full = 0
        self._lock = None if path is None else _lock(path)
        try:
            self._connection = connect(path, synchronous=synchronous)
            # A connection of its own, so that reading waits for no batch; in memory there can only be the one.
            self._reader = self._connection if path is None else connect(path, synchronous=synchronous)
        except BaseException:
            self._unlock()
            raise
        self._counters = Counters()
        self._counters.outbox = self._count_outbox()
        self._outbox_grew = trio.Event()
        self._writer: GroupWriter | None = None
        if not self.inline:
            self._writer = GroupWriter(
                self._connection, self._counters, self._wake_shipper, queue_max=queue_max, batch_max=batch_max
            )
        self._is_open = True

    def close(self) -> None:
        """Writes what is queued and closes the file. Harmless a second time."""
        if not self._is_open:
            return
        self._is_open = False
        if self._writer is not None:
            self._writer.close()
        self._reader.close()
        self._connection.close()
        self._unlock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    async def commit(self, *changes: Change) -> None:
        """Returns once all `changes` are on the disk, in one transaction.

        Raises SpoolFull (nothing queued), SpoolFailed (nothing kept) or SpoolClosed. Cancelled, it leaves open whether
        they are written: every change may safely be committed again.
        """
        if not self._is_open:
            raise SpoolClosed("the spool is closed")
        try:
            statements = [statement for change in changes for statement in change.statements()]
        except UnicodeEncodeError as error:  # as SQLite would say of a text column: this can never be written
            self._counters.failed += 1
            raise SpoolFailed(str(error)) from error
        if self._writer is None:
            self._write_inline(statements)
            await trio.lowlevel.checkpoint()
            return
        try:
            await self._writer.commit(statements)
        except SpoolFull:
            self._rejected_full += 1
            raise

    def load_bindings(self) -> Iterator[SavedBinding]:
        """All bindings, expired ones too. For the start: reads in the caller."""
        scopes: dict[tuple[str, str], TenantScope] = {}  # shared: 100,000 bindings have few tenants
        for tenant, region, aor, contact, expires_at, record in self._reader.execute(
            "SELECT tenant, region, aor, contact, expires_at, record FROM bindings"
        ):
            scope = scopes.setdefault((tenant, region), TenantScope(tenant, region))
            yield SavedBinding(scope, aor, contact, expires_at, record)

    def load_calls(self) -> list[SavedCall]:
        """All calls that had not ended, the oldest first. For the start: reads in the caller."""
        rows = self._reader.execute("SELECT call_id, tenant, region, state, epoch FROM calls ORDER BY rowid").fetchall()
        return [
            SavedCall(call_id, TenantScope(tenant, region), state, epoch)
            for call_id, tenant, region, state, epoch in rows
        ]

    async def read_outbox(self, limit: int) -> list[OutboxItem]:
        """The oldest items that wait to be shipped, at most `limit`."""
        if self.inline:
            await trio.lowlevel.checkpoint()
            return self._read_outbox(limit)
        return await trio.to_thread.run_sync(self._read_outbox, limit)

    def refused(self) -> list[tuple[OutboxItem, str]]:
        """Items that were set aside for good, each with the reason; they stay until a person deals with them."""
        rows = self._reader.execute(f"SELECT {OUTBOX_COLUMNS}, refused FROM outbox WHERE refused IS NOT NULL")
        return [(_outbox_item(*row), reason) for *row, reason in rows]

    async def wait_outbox(self) -> None:
        """Returns once something waits to be shipped."""
        while not self._counters.outbox:
            if self._outbox_grew.is_set():
                self._outbox_grew = trio.Event()
            await self._outbox_grew.wait()

    def stats(self) -> SpoolStats:
        """What it did so far, and what waits."""
        counters = self._counters
        return SpoolStats(
            queued=0 if self._writer is None else self._writer.queued,
            queue_max=self._queue_max,
            commits=counters.commits,
            statements=counters.statements,
            batches=counters.batches,
            largest_batch=counters.largest_batch,
            rejected_full=self._rejected_full,
            failed=counters.failed,
            outbox=counters.outbox,
        )

    # -- insides -------------------------------------------------------------------------------------------------------

    def _write_inline(self, statements: list[Statement]) -> None:
        try:
            write(self._connection, [statements], self._counters)
        except Exception as error:
            self._counters.failed += 1
            raise SpoolFailed(str(error)) from error
        self._wake_shipper()

    def _wake_shipper(self) -> None:
        if self._counters.outbox:
            self._outbox_grew.set()

    def _read_outbox(self, limit: int) -> list[OutboxItem]:
        sql = f"SELECT {OUTBOX_COLUMNS} FROM outbox WHERE refused IS NULL ORDER BY position LIMIT ?"
        return [_outbox_item(*row) for row in self._reader.execute(sql, (limit,))]

    def _count_outbox(self) -> int:
        return int(self._reader.execute("SELECT count(*) FROM outbox WHERE refused IS NULL").fetchone()[0])

    def _unlock(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


OUTBOX_COLUMNS = "position, tenant, region, kind, id, payload"


def _outbox_item(position: int, tenant: str, region: str, kind: str, item_id: str, payload: bytes) -> OutboxItem:
    return OutboxItem(position, TenantScope(tenant, region), kind, item_id, payload)


def _lock(path: Path) -> int:
    """Takes the spool for this process. The kernel gives it back however the process ends, kill -9 included."""
    # A file beside it: SQLite drops its own locks on a file when any descriptor of that file is closed.
    lock = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        raise SpoolBusy(path) from None
    return lock
