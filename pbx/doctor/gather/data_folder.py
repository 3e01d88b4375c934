"""The data folder: owner, disk, and the databases in it, which are opened for reading alone."""

import os
import pwd
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from statistics import median

from pbx.doctor.facts import Database, Folder
from pbx.machine import SPOOL_FILE, STORE_FILE
from pbx.spool.schema import APPLICATION_ID, MIGRATIONS
from pbx.store.migrate import HEAD

SYNCS = 9  # their median tells what is usual, one of them may meet a busy disk
SYNC_BYTES = 4096
BUSY_S = 1.0


def see_folder(path: Path) -> Folder:
    """Writes a small file, brings it to the disk a few times, and removes it."""
    status = path.stat()
    sync_ms, write_error = _time_syncs(path)
    return Folder(
        path=str(path),
        owner=_user_name(status.st_uid),
        is_ours=status.st_uid == os.geteuid(),
        mode=status.st_mode & 0o777,
        free_bytes=shutil.disk_usage(path).free,
        sync_ms=sync_ms,
        write_error=write_error,
    )


def see_databases(folder: Path) -> tuple[Database, ...]:
    """Which versions the spool and the store have."""
    return (
        _see_database("spool", folder / SPOOL_FILE, _spool_version),
        _see_database("store", folder / STORE_FILE, _store_version),
    )


def _time_syncs(folder: Path) -> tuple[float | None, str]:
    took_ms: list[float] = []
    try:
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".doctor-", buffering=0) as file:
            for _ in range(SYNCS):
                began = time.perf_counter()
                file.write(bytes(SYNC_BYTES))
                os.fsync(file.fileno())
                took_ms.append((time.perf_counter() - began) * 1000)
    except OSError as error:
        return None, error.strerror or str(error)
    return median(took_ms), ""


def _see_database(name: str, path: Path, judge: Callable[[sqlite3.Connection, set[str]], Database]) -> Database:
    if not path.exists():
        return Database(name, "absent")
    # Without a log beside it nobody has it open, and all is in the file: only then may SQLite leave out its own files,
    # which it would otherwise make here and leave behind.
    is_closed = not path.with_name(f"{path.name}-wal").exists()
    uri = f"{path.resolve().as_uri()}?mode=ro{'&immutable=1' if is_closed else ''}"
    try:
        with closing(sqlite3.connect(uri, uri=True, timeout=BUSY_S)) as connection:
            tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            return judge(connection, tables) if tables else Database(name, "absent")
    except sqlite3.Error as error:
        return Database(name, "unreadable", f"{path.name} cannot be read: {error}")


def _spool_version(connection: sqlite3.Connection, tables: set[str]) -> Database:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    if application != APPLICATION_ID:
        return Database("spool", "foreign", f"{SPOOL_FILE} is another program's SQLite file")
    if version > len(MIGRATIONS):
        said = f"version {version}, written by a later release; this one reads up to {len(MIGRATIONS)}"
        return Database("spool", "foreign", said)
    return Database("spool", "sound", f"version {version}, which this release reads")


def _store_version(connection: sqlite3.Connection, tables: set[str]) -> Database:
    if "alembic_version" not in tables:
        return Database("store", "foreign", f"{STORE_FILE} is another program's SQLite file")
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    version = "nothing" if row is None else str(row[0])
    # Revisions are numbered in order, "0001" on: what sorts after the newest was written by a later release.
    if row is None or version > HEAD:
        return Database("store", "foreign", f"schema {version}, unknown to this release, which reads up to {HEAD}")
    return Database("store", "sound", f"schema {version}, which this release reads")


def _user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"
