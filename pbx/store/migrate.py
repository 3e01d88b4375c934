"""Brings a database to the newest schema, with the migrations that are packaged beside this file."""

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from pbx.store.interface import StoreError

FOLDER = Path(__file__).parent / "migrations"
HEAD = "0002"  # the newest migration; known here so that an everyday start need not import alembic (a test compares)


class StoreVersionError(StoreError):
    """The database was written by a later release."""


def migrate(connection: Connection) -> None:
    """Applies what is missing, in the caller's transaction. Raises StoreVersionError."""
    found = current_version(connection)
    if found == HEAD:
        return
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if found is not None and found not in known:
        raise StoreVersionError(f"the database has schema {found}; this release understands up to {HEAD}")
    command.upgrade(config, HEAD)


def current_version(connection: Connection) -> str | None:
    """The schema that the database has; None for a new one."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
