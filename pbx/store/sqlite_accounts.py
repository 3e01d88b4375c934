"""Accounts in the Store's SQLite file; see `accounts.py` for what each call does."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, delete, select, update
from sqlalchemy.dialects.sqlite import insert

from pbx.store.accounts import LINKS_MAX, SESSIONS_MAX, Session, SignInLink, User
from pbx.store.interface import StoreRefused
from pbx.store.sqlite_file import SqliteFile, check_tenant, in_scope, key
from pbx.store.tables import SESSIONS, SIGN_IN_LINKS, USERS
from pbx.tenants.scope import TenantScope

ENDED_UNUSED = ""  # `used_by` of a link that is no longer good, and that nobody used


class SqliteAccounts:
    """The `accounts` of a SqliteStore."""

    def __init__(self, file: SqliteFile) -> None:
        self._file = file

    # -- users ---------------------------------------------------------------------------------------------------------

    async def users(self, scope: TenantScope) -> Sequence[User]:
        """See Accounts."""
        check_tenant(scope)
        query = in_scope(select(USERS), USERS, scope).order_by(USERS.c.name)
        return await self._file.reading(lambda connection: [_user(row) for row in connection.execute(query)])

    async def user(self, scope: TenantScope, name: str) -> User | None:
        """See Accounts."""
        check_tenant(scope)
        query = in_scope(select(USERS), USERS, scope).where(USERS.c.name == name)
        row = await self._file.reading(lambda connection: connection.execute(query).first())
        return None if row is None else _user(row)

    async def add_user(self, scope: TenantScope, user: User) -> None:
        """See Accounts."""
        check_tenant(scope)
        values = {**key(scope), **msgspec.structs.asdict(user)}
        await self._file.writing(
            lambda connection: connection.execute(insert(USERS).on_conflict_do_nothing().values(values))
        )

    async def set_password(
        self, scope: TenantScope, name: str, password_hash: str, *, at: float, keep: str | None = None
    ) -> None:
        """See Accounts."""
        check_tenant(scope)

        def write(connection: Connection) -> None:
            set_at = connection.execute(
                in_scope(select(USERS.c.password_set_at), USERS, scope).where(USERS.c.name == name)
            ).scalar()
            if set_at is None:
                raise StoreRefused(f"there is no user {name!r} in {scope}")
            if set_at >= at:
                return  # made again, or overtaken by a later one
            changed = in_scope(update(USERS), USERS, scope).where(USERS.c.name == name)
            connection.execute(changed.values(password_hash=password_hash, password_set_at=at))
            _end_sessions(connection, scope, SESSIONS.c.user == name, SESSIONS.c.token_hash != (keep or ""))
            _end_links(connection, scope, SIGN_IN_LINKS.c.user == name)
            kept = in_scope(update(SESSIONS), SESSIONS, scope).where(SESSIONS.c.token_hash == keep)
            connection.execute(kept.values(came_by="password"))

        await self._file.writing(write)

    # -- links ---------------------------------------------------------------------------------------------------------

    async def add_link(self, scope: TenantScope, link: SignInLink) -> None:
        """See Accounts."""
        check_tenant(scope)
        unused = (SIGN_IN_LINKS.c.user == link.user, SIGN_IN_LINKS.c.used_by.is_(None))

        def write(connection: Connection) -> None:
            _check_user(connection, scope, link.user)
            values = {**key(scope), **msgspec.structs.asdict(link)}
            connection.execute(insert(SIGN_IN_LINKS).on_conflict_do_nothing().values(values))
            newest_first = in_scope(select(SIGN_IN_LINKS.c.token_hash), SIGN_IN_LINKS, scope).where(*unused)
            newest_first = newest_first.order_by(SIGN_IN_LINKS.c.expires_at.desc(), SIGN_IN_LINKS.c.token_hash)
            excess = connection.execute(newest_first.offset(LINKS_MAX)).scalars().all()
            _end_links(connection, scope, SIGN_IN_LINKS.c.token_hash.in_(excess))

        await self._file.writing(write)

    async def use_link(self, scope: TenantScope, token_hash: str, session: Session) -> bool:
        """See Accounts."""
        check_tenant(scope)
        wanted = in_scope(select(SIGN_IN_LINKS), SIGN_IN_LINKS, scope).where(SIGN_IN_LINKS.c.token_hash == token_hash)

        def write(connection: Connection) -> bool:
            # The transaction has the write lock from its beginning: of two that ask at once, one comes second.
            link = connection.execute(wanted).first()
            if link is None:
                return False
            if link.used_by is not None:
                return bool(link.used_by == session.token_hash)
            if link.expires_at <= session.signed_in_at:
                return False
            used = in_scope(update(SIGN_IN_LINKS), SIGN_IN_LINKS, scope).where(SIGN_IN_LINKS.c.token_hash == token_hash)
            connection.execute(used.values(used_by=session.token_hash))
            _add_session(connection, scope, msgspec.structs.replace(session, user=link.user))
            return True

        return await self._file.writing(write)

    # -- sessions ------------------------------------------------------------------------------------------------------

    async def add_session(self, scope: TenantScope, session: Session) -> None:
        """See Accounts."""
        check_tenant(scope)

        def write(connection: Connection) -> None:
            _check_user(connection, scope, session.user)
            _add_session(connection, scope, session)

        await self._file.writing(write)

    async def session(self, scope: TenantScope, token_hash: str, *, at: float) -> Session | None:
        """See Accounts."""
        check_tenant(scope)
        query = _live_sessions(scope, at).where(SESSIONS.c.token_hash == token_hash)
        row = await self._file.reading(lambda connection: connection.execute(query).first())
        return None if row is None else _session(row)

    async def sessions(self, scope: TenantScope, name: str, *, at: float) -> Sequence[Session]:
        """See Accounts."""
        check_tenant(scope)
        query = _live_sessions(scope, at).where(SESSIONS.c.user == name)
        query = query.order_by(SESSIONS.c.seen_at.desc(), SESSIONS.c.token_hash)
        return await self._file.reading(lambda connection: [_session(row) for row in connection.execute(query)])

    async def see_session(self, scope: TenantScope, token_hash: str, *, at: float) -> None:
        """See Accounts."""
        check_tenant(scope)
        seen = in_scope(update(SESSIONS), SESSIONS, scope).where(
            SESSIONS.c.token_hash == token_hash, SESSIONS.c.seen_at < at
        )
        await self._file.writing(lambda connection: connection.execute(seen.values(seen_at=at)))

    async def end_session(self, scope: TenantScope, token_hash: str) -> None:
        """See Accounts."""
        check_tenant(scope)
        await self._file.writing(
            lambda connection: _end_sessions(connection, scope, SESSIONS.c.token_hash == token_hash)
        )


def _add_session(connection: Connection, scope: TenantScope, session: Session) -> None:
    # What is over by now goes, of whichever user: sessions are added rarely, and so the tables stay small.
    for table, over_at in ((SESSIONS, SESSIONS.c.ends_at), (SIGN_IN_LINKS, SIGN_IN_LINKS.c.expires_at)):
        is_over = in_scope(delete(table), table, scope).where(over_at <= session.signed_in_at)
        connection.execute(is_over)
    values = {**key(scope), **msgspec.structs.asdict(session), "is_ended": False}
    connection.execute(insert(SESSIONS).on_conflict_do_nothing().values(values))
    live = _live_sessions(scope, session.signed_in_at).where(SESSIONS.c.user == session.user)
    oldest_last = live.order_by(SESSIONS.c.seen_at.desc(), SESSIONS.c.token_hash).with_only_columns(
        SESSIONS.c.token_hash
    )
    excess = connection.execute(oldest_last.offset(SESSIONS_MAX)).scalars().all()
    _end_sessions(connection, scope, SESSIONS.c.token_hash.in_(excess))


def _end_sessions(connection: Connection, scope: TenantScope, *which: Any) -> None:
    connection.execute(in_scope(update(SESSIONS), SESSIONS, scope).where(*which).values(is_ended=True))


def _end_links(connection: Connection, scope: TenantScope, *which: Any) -> None:
    unused = in_scope(update(SIGN_IN_LINKS), SIGN_IN_LINKS, scope).where(SIGN_IN_LINKS.c.used_by.is_(None), *which)
    connection.execute(unused.values(used_by=ENDED_UNUSED))


def _live_sessions(scope: TenantScope, at: float) -> Any:
    return in_scope(select(SESSIONS), SESSIONS, scope).where(SESSIONS.c.is_ended.is_(False), SESSIONS.c.ends_at > at)


def _check_user(connection: Connection, scope: TenantScope, name: str) -> None:
    if connection.execute(in_scope(select(USERS.c.name), USERS, scope).where(USERS.c.name == name)).first() is None:
        raise StoreRefused(f"there is no user {name!r} in {scope}")


def _user(row: Any) -> User:
    return User(row.name, row.role, row.created_at, row.password_hash, row.password_set_at)


def _session(row: Any) -> Session:
    return Session(row.token_hash, row.user, row.came_by, row.signed_in_at, row.seen_at, row.ends_at)
