"""Group commit: one thread that writes whatever has queued up while the disk was busy with the batch before.

A commit's changes are in one transaction, wholly or not at all; commits are written in the order in which they were
queued. Knows statements only, not what they mean.
"""

import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress

import trio

from pbx.spool.change import Statement
from pbx.spool.errors import SpoolClosed, SpoolFailed, SpoolFull

QUEUE_CHANGES_MAX = 8192  # statements waiting; then SpoolFull, and the phone is told 503. A second's work for the disk.
BATCH_CHANGES_MAX = 1024  # statements in one transaction (10 ms of work); a larger commit still goes whole


class Commit:
    """One caller's statements, and what became of them."""

    __slots__ = ("done", "error", "statements", "token")

    def __init__(self, statements: Sequence[Statement], token: trio.lowlevel.TrioToken) -> None:
        self.statements = statements
        self.token = token
        self.done = trio.Event()
        self.error: Exception | None = None


class Counters:
    """What the writer did; read from any thread, written by the writing one."""

    def __init__(self) -> None:
        self.commits = 0
        self.statements = 0
        self.batches = 0
        self.largest_batch = 0
        self.failed = 0
        self.outbox = 0


def write(connection: sqlite3.Connection, commits: Sequence[Sequence[Statement]], counters: Counters) -> None:
    """Makes `commits` one transaction; raises what SQLite raises, and then nothing was kept."""
    outbox = 0
    connection.execute("BEGIN IMMEDIATE")
    try:
        for statements in commits:
            for sql, parameters, sign in statements:
                cursor = connection.execute(sql, parameters)
                outbox += sign * cursor.rowcount
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # SQLite has rolled back by itself after some errors (disk full, I/O)
            connection.execute("ROLLBACK")
        raise
    size = sum(map(len, commits))
    counters.commits += len(commits)
    counters.statements += size
    counters.batches += 1
    counters.largest_batch = max(counters.largest_batch, size)
    counters.outbox += outbox


class GroupWriter:
    """Owns the connection once started, until `close`."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        counters: Counters,
        on_written: Callable[[], None],
        *,
        queue_max: int = QUEUE_CHANGES_MAX,
        batch_max: int = BATCH_CHANGES_MAX,
    ) -> None:
        """`on_written` is called in the trio thread of a batch's callers, before they go on."""
        self.queued = 0  # statements, those of the batch being written included
        self._connection = connection
        self._counters = counters
        self._on_written = on_written
        self._queue_max = queue_max
        self._batch_max = batch_max
        self._queue: deque[Commit] = deque()
        self._changed = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="spool", daemon=True)
        self._thread.start()

    async def commit(self, statements: Sequence[Statement]) -> None:
        """Returns once `statements` are on the disk. Cancelled, it leaves open whether they will be."""
        commit = Commit(statements, trio.lowlevel.current_trio_token())
        with self._changed:
            if self._closing:
                raise SpoolClosed("the spool is closed")
            # A commit larger than the whole queue is let in alone, or it could never be written.
            if self.queued and self.queued + len(statements) > self._queue_max:
                raise SpoolFull(self.queued, self._queue_max)
            self.queued += len(statements)
            self._queue.append(commit)
            self._changed.notify()
        await commit.done.wait()
        if commit.error is not None:
            raise commit.error

    def close(self) -> None:
        """Writes what is queued, then stops the thread."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join()

    # -- the thread's own ----------------------------------------------------------------------------------------------

    def _run(self) -> None:
        while batch := self._next_batch():
            self._write(batch)
            with self._changed:
                self.queued -= sum(len(commit.statements) for commit in batch)
            self._wake(batch)

    def _next_batch(self) -> list[Commit]:
        """Waits for work. Empty when there will be none."""
        with self._changed:
            while not self._queue and not self._closing:
                self._changed.wait()
            batch: list[Commit] = []
            size = 0
            while self._queue and (not batch or size + len(self._queue[0].statements) <= self._batch_max):
                batch.append(self._queue.popleft())
                size += len(batch[-1].statements)
            return batch

    def _write(self, batch: list[Commit]) -> None:
        try:
            write(self._connection, [commit.statements for commit in batch], self._counters)
        except Exception as error:
            if len(batch) == 1:
                self._counters.failed += 1
                batch[0].error = SpoolFailed(str(error))
            else:  # One commit that cannot be written must not take its neighbours with it.
                for commit in batch:
                    self._write([commit])

    def _wake(self, batch: list[Commit]) -> None:
        for token in dict.fromkeys(commit.token for commit in batch):
            theirs = [commit for commit in batch if commit.token is token]
            with suppress(trio.RunFinishedError):  # nobody is left to tell; what is written is written
                token.run_sync_soon(self._finish, theirs)

    def _finish(self, commits: list[Commit]) -> None:
        self._on_written()
        for commit in commits:
            commit.done.set()
