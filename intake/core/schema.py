"""The database's shape over time: numbered migrations, one head, each run a single transaction."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, MetaData, text

from intake.core.db import Database
from intake.core.revision import MIGRATIONS, current, head

__all__ = ["MIGRATIONS", "BrokenReferenceError", "current", "downgrade", "draft", "head", "upgrade"]

ONE_AT_A_TIME = 7_261_094_402  # PostgreSQL's advisory lock of whoever migrates: any number that is only ours


class BrokenReferenceError(Exception):
    """A migration would have left rows that refer to nothing; all of it was undone."""


def upgrade(database: Database, revision: str = "head") -> None:
    """Bring the database up to `revision`: all of it or, on any error, nothing."""
    _run(database, lambda config: command.upgrade(config, revision))


def downgrade(database: Database, revision: str) -> None:
    """Take the database down to `revision` ("base": no tables), all of it or nothing."""
    _run(database, lambda config: command.downgrade(config, revision))


def draft(database: Database, message: str, metadata: MetaData) -> Path:
    """Write the next numbered migration, from `database` (which is at the head) to `metadata`."""
    number = len(list((MIGRATIONS / "versions").glob("[0-9]*.py"))) + 1
    name = f"{number:04}_{message.lower().replace(' ', '_')}"

    def write(config: Config) -> None:
        config.attributes["metadata"] = metadata
        command.revision(config, message, autogenerate=True, rev_id=name)

    _run(database, write)
    return MIGRATIONS / "versions" / f"{name}.py"


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.set_main_option("file_template", "%%(rev)s")
    return config


def _run(database: Database, act: Callable[[Config], None]) -> None:
    with database.engine.connect() as connection, _references_unchecked(connection), connection.begin():
        if database.dialect == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ONE_AT_A_TIME})
        config = _config()
        config.attributes["connection"] = connection
        act(config)
        _check_references(connection)


@contextmanager
def _references_unchecked(connection: Connection) -> Iterator[None]:
    """SQLite changes a table by building it anew, while others refer to it; checked as a whole at the end."""
    driver = connection.connection.driver_connection
    if not isinstance(driver, sqlite3.Connection):
        yield
        return
    driver.execute("PRAGMA foreign_keys = OFF")
    try:
        yield
    finally:
        driver.execute("PRAGMA foreign_keys = ON")


def _check_references(connection: Connection) -> None:
    if connection.dialect.name != "sqlite":
        return
    broken = connection.execute(text("PRAGMA foreign_key_check")).fetchall()
    if broken:
        tables = ", ".join(sorted({str(row[0]) for row in broken}))
        raise BrokenReferenceError(f"rows without what they refer to in: {tables}")
