"""A SQLite file in WAL mode through SQLAlchemy Core: transactions in worker threads, one writer and some readers.

`inline=True` works in the caller instead: a virtual clock jumps ahead of real threads. Writes wait for the disk
(synchronous FULL): whoever was told that something is kept may forget it.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import anyio
import anyio.lowlevel
import anyio.to_thread
from sqlalchemy import Connection, Engine, StaticPool, create_engine, event
from sqlalchemy.exc import DBAPIError

from pbx.store.interface import EVERY_TENANT, StoreRefused, StoreUnavailable
from pbx.store.migrate import migrate
from pbx.tenants.scope import TenantScope

T = TypeVar("T")

BUSY_S = 5.0  # how long a write waits for another process's (the web process, a backup, a shell); then unavailable
READERS_MAX = 4  # reports at once; the next one waits its turn, which delays no write

_writing = {"pbx_writes": True}  # execution option: take SQLite's write lock when the transaction begins


class SqliteFile:
    """Opened, and brought to the newest schema. Several processes may have the same file open."""

    def __init__(self, path: Path | None, *, inline: bool = False) -> None:
        """Opens, creates or migrates `path`; None keeps it in memory, and works inline. Raises StoreUnavailable."""
        self.inline = inline or path is None
        self.engine = _engine(path)
        self._writer = anyio.CapacityLimiter(1)
        self._readers = anyio.CapacityLimiter(READERS_MAX)
        try:
            self._write(migrate)
        except BaseException:
            self.engine.dispose()
            raise

    def close(self) -> None:
        """Closes the file. Harmless a second time."""
        self.engine.dispose()

    async def reading(self, work: Callable[[Connection], T]) -> T:
        """What `work` returns, in a transaction that only reads. Raises StoreUnavailable."""
        return await self._run(self._read, work, self._readers)

    async def writing(self, work: Callable[[Connection], T]) -> T:
        """What `work` returns, all of its changes made or none. Raises StoreUnavailable."""
        return await self._run(self._write, work, self._writer)

    # -- insides -------------------------------------------------------------------------------------------------------

    async def _run(
        self, transaction: Callable[[Callable[[Connection], T]], T], work: Callable[[Connection], T], limiter: Any
    ) -> T:
        if self.inline:
            await anyio.lowlevel.checkpoint()
            return transaction(work)
        # Abandoned when cancelled: a disk that hangs must not hold whoever has given up on it.
        return await anyio.to_thread.run_sync(transaction, work, limiter=limiter, abandon_on_cancel=True)

    def _read(self, work: Callable[[Connection], T]) -> T:
        try:
            with self.engine.begin() as connection:
                return work(connection)
        except DBAPIError as error:
            raise StoreUnavailable(str(error.orig)) from error

    def _write(self, work: Callable[[Connection], T]) -> T:
        try:
            with self.engine.execution_options(**_writing).begin() as connection:
                return work(connection)
        except DBAPIError as error:
            raise StoreUnavailable(str(error.orig)) from error


def key(scope: TenantScope) -> dict[str, str]:
    """The columns that every row of `scope` has."""
    return {"region": scope.region, "tenant": scope.tenant}


def in_scope(query: Any, table: Any, scope: TenantScope) -> Any:
    """The query, held to the rows of `scope`."""
    return query.where(table.c.region == scope.region, table.c.tenant == scope.tenant)


def check_tenant(scope: TenantScope) -> None:
    """Raises StoreRefused for the operator's scope."""
    if scope.tenant == EVERY_TENANT:
        raise StoreRefused("this is asked of one tenant, not of all")


def _engine(path: Path | None) -> Engine:
    if path is None:
        engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
    else:
        path.touch(mode=0o600)  # the owner's alone: who called whom
        engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": BUSY_S})
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _prepare(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # sqlite3 would begin transactions of its own, and later than we need them
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")


def _begin(connection: Connection) -> None:
    # A transaction that reads and then writes fails at once if another wrote in between, unless it had the lock first.
    writes = connection.get_execution_options().get("pbx_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
