"""The spool's tables, their version, and how a file comes to have the newest.

`PRAGMA user_version` counts the migrations that a file has seen; `application_id` tells a spool from any other SQLite
file. A file of a later release is refused, never guessed at.
"""

import sqlite3
from pathlib import Path
from typing import Literal, TypeAlias

from pbx.spool.errors import SpoolFailed, SpoolVersionError

APPLICATION_ID = 0x5042_5853  # "PBXS"

# One entry a version, applied in order and never edited once released. A column is added by a new entry.
MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """CREATE TABLE bindings (
            tenant TEXT NOT NULL, region TEXT NOT NULL, aor TEXT NOT NULL, contact TEXT NOT NULL,
            expires_at REAL NOT NULL, record BLOB NOT NULL,
            PRIMARY KEY (tenant, region, aor, contact)
        ) STRICT, WITHOUT ROWID""",
        """CREATE TABLE calls (
            call_id TEXT PRIMARY KEY, tenant TEXT NOT NULL, region TEXT NOT NULL,
            epoch INTEGER NOT NULL, state BLOB NOT NULL
        ) STRICT""",
        # AUTOINCREMENT: a position is never used twice, so a late `Shipped` cannot remove another item.
        """CREATE TABLE outbox (
            position INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, kind TEXT NOT NULL,
            tenant TEXT NOT NULL, region TEXT NOT NULL, payload BLOB NOT NULL, refused TEXT,
            UNIQUE (kind, id)
        ) STRICT""",
        "CREATE TABLE ended_calls (position INTEGER PRIMARY KEY AUTOINCREMENT, call_id TEXT NOT NULL UNIQUE) STRICT",
    ),
)

Synchronous: TypeAlias = Literal["FULL", "NORMAL"]


def connect(path: Path | None, *, synchronous: Synchronous) -> sqlite3.Connection:
    """Opens `path` (None: in memory), creates or migrates its tables, and returns the connection.

    In WAL mode "FULL" waits for the disk at every commit: confirmed survives a power cut. "NORMAL" survives the death
    of the process but may lose the last commits when the power goes. Transactions are begun and ended by hand.
    """
    try:
        if path is not None:
            path.touch(mode=0o600)  # the owner's alone: who registered from where; SQLite gives its WAL the same mode
        connection = sqlite3.connect(path or ":memory:", isolation_level=None, check_same_thread=False)
        try:
            _guard(connection, path)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute(f"PRAGMA synchronous = {synchronous}")
            _migrate(connection)
        except BaseException:
            connection.close()
            raise
    except (sqlite3.DatabaseError, OSError) as error:
        if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_NOTADB:
            raise SpoolVersionError(path, "not a SQLite file", _understood()) from None
        raise SpoolFailed(f"{path}: {error}") from error
    return connection


def _guard(connection: sqlite3.Connection, path: Path | None) -> None:
    version = _pragma(connection, "user_version")
    application = _pragma(connection, "application_id")
    is_empty = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0
    if application != APPLICATION_ID and not is_empty:
        raise SpoolVersionError(path, "a SQLite file but not a spool", _understood())
    if version > len(MIGRATIONS):
        raise SpoolVersionError(path, f"a spool of version {version}, written by a later release", _understood())


def _migrate(connection: sqlite3.Connection) -> None:
    version = _pragma(connection, "user_version")
    if version == len(MIGRATIONS):
        return
    connection.execute("BEGIN IMMEDIATE")
    for migration in MIGRATIONS[version:]:
        for statement in migration:
            connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
    connection.execute("COMMIT")


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])


def _understood() -> str:
    return f"versions 1 to {len(MIGRATIONS)}"
