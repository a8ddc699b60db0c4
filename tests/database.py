"""A fresh, migrated database for every test, of the kind this run is about.

`MSX_TEST_DATABASE` is `sqlite` (default) or `postgresql`. The schema is made once a process, each test gets a
copy of it: a copied file, or `CREATE DATABASE … TEMPLATE` on the server that `tests.plugin` started.
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
from sqlalchemy import make_url

from intake.core import schema
from intake.core.db import Database

KIND = "MSX_TEST_DATABASE"
SERVER = "MSX_TEST_DATABASE_URL"
_numbers = itertools.count(1)


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
        with _postgresql_database(template=_postgresql_template()) as url:
            yield url


@contextmanager
def bare_database(folder: Path) -> Iterator[str]:
    """The address of a database without any table, for tests of migrations."""
    if kind() == "sqlite":
        yield f"sqlite:///{folder / 'bare.db'}"
    else:
        with _postgresql_database(template="template0") as url:
            yield url


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
def _postgresql_database(*, template: str) -> Iterator[str]:
    name = f"test_{os.getpid()}_{next(_numbers)}"
    _create(name, template=template)
    try:
        yield _address_of(name)
    finally:
        # A killed process of the test may still be connected.
        _administer(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


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
