"""What is SQLite's own: the file, its migrations, its locks, and callers who give up."""

import sqlite3

import alembic.autogenerate
import alembic.config
import alembic.migration
import alembic.script
import msgspec
import pytest
import trio
from sqlalchemy import create_engine

from pbx.store.interface import StoreUnavailable
from pbx.store.migrate import FOLDER, HEAD, StoreVersionError, current_version, migrate
from pbx.store.sqlite import SqliteStore
from pbx.store.tables import METADATA
from tests.support.sample_cdr import HERONS, sample_cdr


async def test_what_was_kept_is_there_when_the_file_is_opened_again(tmp_path):
    with SqliteStore(tmp_path / "store.sqlite") as store:
        await store.add_cdrs(HERONS, [sample_cdr()])
    with SqliteStore(tmp_path / "store.sqlite") as store:
        assert await store.cdr(HERONS, "call-1") == sample_cdr()


def test_the_file_is_readable_by_its_owner_alone(tmp_path):
    with SqliteStore(tmp_path / "store.sqlite"):
        modes = {path.name: path.stat().st_mode & 0o077 for path in tmp_path.iterdir()}
    assert modes
    assert not any(modes.values()), modes


def test_the_migrations_make_the_tables_that_the_code_uses(tmp_path):
    engine = create_engine(f"sqlite:///{tmp_path / 'store.sqlite'}")
    with engine.begin() as connection:
        assert current_version(connection) is None
        migrate(connection)
        assert current_version(connection) == HEAD
        context = alembic.migration.MigrationContext.configure(connection, opts={"compare_type": True})
        assert alembic.autogenerate.compare_metadata(context, METADATA) == []
    engine.dispose()


def test_the_newest_migration_is_the_one_that_the_code_names():
    config = alembic.config.Config()
    config.set_main_option("script_location", str(FOLDER))
    config.set_main_option("path_separator", "os")
    assert alembic.script.ScriptDirectory.from_config(config).get_heads() == [HEAD]


def test_a_database_of_a_later_release_is_refused_and_left_alone(tmp_path):
    path = tmp_path / "store.sqlite"
    SqliteStore(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(StoreVersionError, match="9999"):
        SqliteStore(path)
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == ("9999",)
    connection.close()


def test_a_file_that_is_no_database_is_unavailable(tmp_path):
    (tmp_path / "store.sqlite").write_bytes(b"once upon a time" * 100)
    with pytest.raises(StoreUnavailable, match="not a database"):
        SqliteStore(tmp_path / "store.sqlite")


async def test_a_database_that_somebody_else_holds_is_unavailable(tmp_path, monkeypatch):
    monkeypatch.setattr("pbx.store.sqlite_file.BUSY_S", 0.0)
    with SqliteStore(tmp_path / "store.sqlite") as store:
        other = sqlite3.connect(tmp_path / "store.sqlite", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable, match="locked"):
            await store.add_cdrs(HERONS, [sample_cdr()])
        assert (await store.cdrs(HERONS)).cdrs == (), "reading waits for no writer"
        other.execute("ROLLBACK")
        other.close()
        await store.add_cdrs(HERONS, [sample_cdr()])


async def test_a_full_disk_is_unavailable_and_what_was_kept_stays(tmp_path):
    with SqliteStore(tmp_path / "store.sqlite", inline=True) as store:
        await store.add_cdrs(HERONS, [sample_cdr()])
        with store._file.engine.connect() as connection:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
            connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
        large = msgspec.structs.replace(sample_cdr("call-2"), reason="x" * 100_000)
        with pytest.raises(StoreUnavailable, match="full"):
            await store.add_cdrs(HERONS, [large])
        assert await store.cdr(HERONS, "call-1") == sample_cdr()


async def test_a_caller_who_gives_up_is_let_go_although_the_disk_hangs(tmp_path, monkeypatch):
    monkeypatch.setattr("pbx.store.sqlite_file.BUSY_S", 60.0)
    with SqliteStore(tmp_path / "store.sqlite") as store:
        other = sqlite3.connect(tmp_path / "store.sqlite", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with trio.move_on_after(0.05) as scope:
            await store.add_cdrs(HERONS, [sample_cdr()])
        assert scope.cancelled_caught
        other.execute("ROLLBACK")
        other.close()
        await store.add_cdrs(HERONS, [sample_cdr()])
        assert (await store.cdrs(HERONS)).cdrs == (sample_cdr(),)
