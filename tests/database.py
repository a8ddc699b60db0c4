"""A fresh, migrated database for every test, of the kind this run is about.

`MSX_TEST_DATABASE` is `sqlite` (default) or `postgresql`. The schema is made once a process. On SQLite each test
gets a copy of the file; on PostgreSQL a copy made with `CREATE DATABASE … TEMPLATE` on the server that
`tests.plugin` started, emptied afterwards for the next test: copying a database costs more than most tests.
"""

import atexit
import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo
from sqlalchemy import make_url

from intake.core import schema
from intake.core.db import Database

KIND = "MSX_TEST_DATABASE"
SERVER = "MSX_TEST_DATABASE_URL"
_numbers = itertools.count(1)
_free: list[str] = []  # migrated, empty, nobody's: PostgreSQL databases of this process

_OTHERS_OUT = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
_SHAPE = """
    SELECT relname, attname, atttypid, attnotnull FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
    WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND attnum > 0 AND NOT attisdropped
    ORDER BY relname, attnum
"""


def kind() -> str:
    """`sqlite` or `postgresql`."""
    chosen = os.environ.get(KIND, "sqlite")
    if chosen not in ("sqlite", "postgresql"):
        raise ValueError(f"{KIND} is sqlite or postgresql, not {chosen!r}")
    return chosen


@contextmanager
def fresh_database(folder: Path) -> Iterator[str]:
    """The address of an empty database at the newest schema; on SQLite a file in `folder`."""
    if kind() == "sqlite":
        file = folder / "msx.db"
        shutil.copyfile(_sqlite_template(), file)
        yield f"sqlite:///{file}"
    else:
        with _migrated_database() as url:
            yield url


@contextmanager
def bare_database(folder: Path) -> Iterator[str]:
    """The address of a database without any table, for tests of migrations."""
    if kind() == "sqlite":
        yield f"sqlite:///{folder / 'bare.db'}"
    else:
        name = _new_name()
        _create(name, template="template0")
        try:
            yield _address_of(name)
        finally:
            _drop(name)


@cache
def _sqlite_template() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="msx-template-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    file = folder / "template.db"
    _migrate(f"sqlite:///{file}")
    return file


@cache
def _postgresql_template() -> str:
    name = f"template_{os.getpid()}"
    _create(name, template="template0")
    _migrate(_address_of(name))
    return name


@contextmanager
def _migrated_database() -> Iterator[str]:
    template = _postgresql_template()
    if _free:
        name = _free.pop()
    else:
        name = _new_name()
        _create(name, template=template)
    try:
        yield _address_of(name)
    finally:
        if _emptied(name):
            _free.append(name)
        else:
            _drop(name)


def _emptied(name: str) -> bool:
    """Delete every row; False for a database whose shape a test has changed, which nobody else should get."""
    with psycopg.connect(make_conninfo(_server(), dbname=name), autocommit=True) as connection:
        connection.execute(_OTHERS_OUT)  # a process that a test killed may still hold a lock
        shape = connection.execute(_SHAPE).fetchall()
        if shape != _shape_of_template():
            return False
        tables = {str(row[0]) for row in shape}
        connection.execute("SET session_replication_role = replica")  # rows go in any order, whoever refers to them
        deletions = [
            sql.SQL("DELETE FROM {};").format(sql.Identifier(table)) for table in tables - {"alembic_version"}
        ]
        connection.execute(sql.SQL("").join(deletions))
    return True


@cache
def _shape_of_template() -> list[tuple[object, ...]]:
    with psycopg.connect(make_conninfo(_server(), dbname=_postgresql_template())) as connection:
        return connection.execute(_SHAPE).fetchall()


def _new_name() -> str:
    return f"test_{os.getpid()}_{next(_numbers)}"


def _migrate(url: str) -> None:
    database = Database(url)
    try:
        schema.upgrade(database)
        database.checkpoint()
    finally:
        database.close()


def _create(name: str, *, template: str) -> None:
    statement = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy")
    _administer(statement.format(sql.Identifier(name), sql.Identifier(template)))


def _drop(name: str) -> None:
    _administer(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _administer(statement: sql.Composed) -> None:
    with psycopg.connect(_server(), autocommit=True) as connection:
        connection.execute(statement)


def _server() -> str:
    try:
        return os.environ[SERVER]
    except KeyError:
        raise RuntimeError(f"{SERVER} is not set: run through pytest or tools/with_postgres.py") from None


def _address_of(name: str) -> str:
    return make_url(_server()).set(database=name).render_as_string(hide_password=False)
