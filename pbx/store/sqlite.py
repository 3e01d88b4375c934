"""The Store of one machine: a SQLite file (WAL) through SQLAlchemy Core, in worker threads.

    with SqliteStore(data / "store.sqlite") as store:
        await store.add_cdrs(scope, [cdr])

`inline=True` works in the caller instead: a virtual clock jumps ahead of real threads. Writes wait for the disk
(synchronous FULL): the shipper forgets a CDR once it was told that it is here.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Self, TypeVar

import anyio
import anyio.lowlevel
import anyio.to_thread
import msgspec
from sqlalchemy import Connection, Engine, StaticPool, create_engine, event, insert, select, tuple_
from sqlalchemy.dialects.sqlite import insert as insert_or_ignore
from sqlalchemy.exc import DBAPIError

from pbx.cdr.cdr import Cdr
from pbx.store.interface import (
    EVERY_TENANT,
    PAGE_MAX,
    CdrPage,
    Cursor,
    StoreRefused,
    StoreUnavailable,
    TenantVersion,
    VersionConflict,
)
from pbx.store.migrate import migrate
from pbx.store.tables import CDRS, TENANT_VERSIONS
from pbx.tenants.scope import TenantScope
from pbx.tenants.tenant import Tenant

T = TypeVar("T")

BUSY_S = 5.0  # how long a write waits for another process's (a backup, a person with a SQLite shell); then unavailable
READERS_MAX = 4  # reports at once; the next one waits its turn, which delays no write

_writing = {"pbx_writes": True}  # execution option: take SQLite's write lock when the transaction begins


class SqliteStore:
    """A Store; see `interface.py` for what each call does. Open it once, `close` it or leave its `with`."""

    def __init__(self, path: Path | None, *, inline: bool = False) -> None:
        """Opens, creates or migrates `path`; None keeps it in memory, and works inline. Raises StoreUnavailable."""
        self.inline = inline or path is None
        self._engine = _engine(path)
        self._writer = anyio.CapacityLimiter(1)
        self._readers = anyio.CapacityLimiter(READERS_MAX)
        try:
            self._write(migrate)
        except BaseException:
            self._engine.dispose()
            raise

    def close(self) -> None:
        """Closes the file. Harmless a second time."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- tenants -------------------------------------------------------------------------------------------------------

    async def tenants(self, scope: TenantScope) -> Sequence[TenantScope]:
        """See Store."""
        query = select(TENANT_VERSIONS.c.tenant).distinct().where(TENANT_VERSIONS.c.region == scope.region)
        if scope.tenant != EVERY_TENANT:
            query = query.where(TENANT_VERSIONS.c.tenant == scope.tenant)

        def read(connection: Connection) -> list[TenantScope]:
            names = connection.execute(query.order_by(TENANT_VERSIONS.c.tenant)).scalars()
            return [TenantScope(name, scope.region) for name in names]

        return await self._reading(read)

    async def tenant(self, scope: TenantScope, *, version: int | None = None) -> TenantVersion | None:
        """See Store."""
        if version is None:
            newest = await self.tenant_versions(scope, limit=1)
        else:
            newest = await self.tenant_versions(scope, limit=1, before=version + 1)
        return newest[0] if newest and version in (None, newest[0].version) else None

    async def tenant_versions(
        self, scope: TenantScope, *, limit: int = 50, before: int | None = None
    ) -> Sequence[TenantVersion]:
        """See Store."""
        _check(scope, limit)
        query = _in_scope(select(TENANT_VERSIONS), TENANT_VERSIONS, scope)
        if before is not None:
            query = query.where(TENANT_VERSIONS.c.version < before)
        query = query.order_by(TENANT_VERSIONS.c.version.desc()).limit(limit)
        return await self._reading(lambda connection: [_tenant_version(row) for row in connection.execute(query)])

    async def put_tenant(
        self, scope: TenantScope, tenant: Tenant, *, expected_version: int, who: str, why: str, at: float
    ) -> int:
        """See Store."""
        _check(scope)
        if tenant.name != scope.tenant:
            raise StoreRefused(f"the tenant {tenant.name!r} cannot be saved for {scope}")
        version = expected_version + 1
        new = TenantVersion(msgspec.structs.replace(tenant, version=version), version, who, why, at)
        newest = _in_scope(select(TENANT_VERSIONS), TENANT_VERSIONS, scope).order_by(TENANT_VERSIONS.c.version.desc())

        def write(connection: Connection) -> None:
            row = connection.execute(newest.limit(1)).first()
            found = None if row is None else _tenant_version(row)
            if found == new:
                return  # made again by a caller who heard no answer
            found_version = 0 if found is None else found.version
            if found_version != expected_version:
                raise VersionConflict(scope, expected=expected_version, found=found_version)
            document = msgspec.json.encode(new.tenant).decode()
            values = {"version": version, "document": document, "who": who, "why": why, "at": at}
            connection.execute(insert(TENANT_VERSIONS).values(**_key(scope), **values))

        await self._writing(write)
        return version

    # -- CDRs ----------------------------------------------------------------------------------------------------------

    async def add_cdrs(self, scope: TenantScope, cdrs: Sequence[Cdr]) -> None:
        """See Store."""
        if not cdrs:
            return
        _check(scope, len(cdrs))
        if strangers := [cdr for cdr in cdrs if cdr.scope != scope]:
            raise StoreRefused(f"the CDR {strangers[0].id} of {strangers[0].scope} cannot be kept for {scope}")
        rows = [
            {**_key(scope), "id": cdr.id, "started_at": cdr.started_at, "record": msgspec.json.encode(cdr).decode()}
            for cdr in cdrs
        ]
        await self._writing(
            lambda connection: connection.execute(insert_or_ignore(CDRS).on_conflict_do_nothing(), rows)
        )

    async def cdr(self, scope: TenantScope, cdr_id: str) -> Cdr | None:
        """See Store."""
        _check(scope)
        query = _in_scope(select(CDRS.c.record), CDRS, scope).where(CDRS.c.id == cdr_id)
        record = await self._reading(lambda connection: connection.execute(query).scalar())
        return None if record is None else msgspec.json.decode(record, type=Cdr)

    async def cdrs(self, scope: TenantScope, *, limit: int = 50, after: Cursor | None = None) -> CdrPage:
        """See Store."""
        _check(scope, limit)
        query = _in_scope(select(CDRS.c.record), CDRS, scope)
        if after is not None:
            query = query.where(tuple_(CDRS.c.started_at, CDRS.c.id) < _read_cursor(after))
        query = query.order_by(CDRS.c.started_at.desc(), CDRS.c.id.desc()).limit(limit + 1)
        records = await self._reading(lambda connection: connection.execute(query).scalars().all())
        cdrs = tuple(msgspec.json.decode(record, type=Cdr) for record in records[:limit])
        return CdrPage(cdrs, _write_cursor(cdrs[-1]) if len(records) > limit else None)

    # -- insides -------------------------------------------------------------------------------------------------------

    async def _reading(self, work: Callable[[Connection], T]) -> T:
        return await self._run(self._read, work, self._readers)

    async def _writing(self, work: Callable[[Connection], object]) -> None:
        await self._run(self._write, work, self._writer)

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
            with self._engine.begin() as connection:
                return work(connection)
        except DBAPIError as error:
            raise StoreUnavailable(str(error.orig)) from error

    def _write(self, work: Callable[[Connection], T]) -> T:
        try:
            with self._engine.execution_options(**_writing).begin() as connection:
                return work(connection)
        except DBAPIError as error:
            raise StoreUnavailable(str(error.orig)) from error


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


def _key(scope: TenantScope) -> dict[str, str]:
    return {"region": scope.region, "tenant": scope.tenant}


def _in_scope(query: Any, table: Any, scope: TenantScope) -> Any:
    return query.where(table.c.region == scope.region, table.c.tenant == scope.tenant)


def _check(scope: TenantScope, limit: int = 1) -> None:
    if scope.tenant == EVERY_TENANT:
        raise StoreRefused("this is asked of one tenant, not of all")
    if not 1 <= limit <= PAGE_MAX:
        raise StoreRefused(f"it must be from 1 to {PAGE_MAX} records at once, not {limit}")


def _tenant_version(row: Any) -> TenantVersion:
    tenant = msgspec.json.decode(row.document, type=Tenant)
    return TenantVersion(tenant, row.version, row.who, row.why, row.at)


def _write_cursor(cdr: Cdr) -> Cursor:
    return f"{cdr.started_at!r} {cdr.id}"


def _read_cursor(cursor: Cursor) -> tuple[float, str]:
    started_at, _, cdr_id = cursor.partition(" ")
    try:
        return float(started_at), cdr_id
    except ValueError:
        raise StoreRefused(f"{cursor!r} is no place in the list of CDRs") from None
