"""The Store of one machine: a SQLite file (WAL) through SQLAlchemy Core.

    with SqliteStore(data / "store.sqlite") as store:
        await store.add_cdrs(scope, [cdr])

`store.accounts` keeps who may sign in, in the same file. See `sqlite_file.py` for threads, locks and `inline`.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import msgspec
from sqlalchemy import Connection, insert, select, tuple_
from sqlalchemy.dialects.sqlite import insert as insert_or_ignore

from pbx.cdr.cdr import Cdr
from pbx.store.interface import (
    EVERY_TENANT,
    PAGE_MAX,
    CdrPage,
    Cursor,
    StoreRefused,
    TenantVersion,
    VersionConflict,
)
from pbx.store.sqlite_accounts import SqliteAccounts
from pbx.store.sqlite_file import SqliteFile, check_tenant, in_scope, key
from pbx.store.tables import CDRS, TENANT_VERSIONS
from pbx.tenants.scope import TenantScope
from pbx.tenants.tenant import Tenant


class SqliteStore:
    """A Store; see `interface.py` for what each call does. Open it once, `close` it or leave its `with`."""

    def __init__(self, path: Path | None, *, inline: bool = False) -> None:
        """Opens, creates or migrates `path`; None keeps it in memory, and works inline. Raises StoreUnavailable."""
        self._file = SqliteFile(path, inline=inline)
        self.accounts = SqliteAccounts(self._file)

    def close(self) -> None:
        """Closes the file. Harmless a second time."""
        self._file.close()

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

        return await self._file.reading(read)

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
        query = in_scope(select(TENANT_VERSIONS), TENANT_VERSIONS, scope)
        if before is not None:
            query = query.where(TENANT_VERSIONS.c.version < before)
        query = query.order_by(TENANT_VERSIONS.c.version.desc()).limit(limit)
        return await self._file.reading(lambda connection: [_tenant_version(row) for row in connection.execute(query)])

    async def put_tenant(
        self, scope: TenantScope, tenant: Tenant, *, expected_version: int, who: str, why: str, at: float
    ) -> int:
        """See Store."""
        _check(scope)
        if tenant.name != scope.tenant:
            raise StoreRefused(f"the tenant {tenant.name!r} cannot be saved for {scope}")
        version = expected_version + 1
        new = TenantVersion(msgspec.structs.replace(tenant, version=version), version, who, why, at)
        newest = in_scope(select(TENANT_VERSIONS), TENANT_VERSIONS, scope).order_by(TENANT_VERSIONS.c.version.desc())

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
            connection.execute(insert(TENANT_VERSIONS).values(**key(scope), **values))

        await self._file.writing(write)
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
            {**key(scope), "id": cdr.id, "started_at": cdr.started_at, "record": msgspec.json.encode(cdr).decode()}
            for cdr in cdrs
        ]
        await self._file.writing(
            lambda connection: connection.execute(insert_or_ignore(CDRS).on_conflict_do_nothing(), rows)
        )

    async def cdr(self, scope: TenantScope, cdr_id: str) -> Cdr | None:
        """See Store."""
        _check(scope)
        query = in_scope(select(CDRS.c.record), CDRS, scope).where(CDRS.c.id == cdr_id)
        record = await self._file.reading(lambda connection: connection.execute(query).scalar())
        return None if record is None else msgspec.json.decode(record, type=Cdr)

    async def cdrs(self, scope: TenantScope, *, limit: int = 50, after: Cursor | None = None) -> CdrPage:
        """See Store."""
        _check(scope, limit)
        query = in_scope(select(CDRS.c.record), CDRS, scope)
        if after is not None:
            query = query.where(tuple_(CDRS.c.started_at, CDRS.c.id) < _read_cursor(after))
        query = query.order_by(CDRS.c.started_at.desc(), CDRS.c.id.desc()).limit(limit + 1)
        records = await self._file.reading(lambda connection: connection.execute(query).scalars().all())
        cdrs = tuple(msgspec.json.decode(record, type=Cdr) for record in records[:limit])
        return CdrPage(cdrs, _write_cursor(cdrs[-1]) if len(records) > limit else None)


def _check(scope: TenantScope, limit: int = 1) -> None:
    check_tenant(scope)
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
