"""The numbered migrations: one line of them, exactly the models' tables at its end, and a way back with data."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Connection,
    Date,
    DateTime,
    Integer,
    LargeBinary,
    String,
    Table,
    delete,
    func,
    insert,
    inspect,
    select,
    text,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.types import TypeDecorator, TypeEngine

import intake.boards.models
import intake.people.models
import intake.reports.models
import intake.routing.models
import intake.triage.models  # noqa: F401 - importing is what registers the tables
from intake.core import schema
from intake.core.db import Database
from intake.core.tables import CITIZEN, Base
from tests.database import bare_database

TABLES = Base.metadata.sorted_tables
REVISIONS = [script.revision for script in ScriptDirectory(str(schema.MIGRATIONS)).walk_revisions()][::-1]


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[Database]:
    with bare_database(tmp_path) as url:
        database = Database(url)
        yield database
        database.close()


def test_there_is_one_line_of_migrations_with_one_head() -> None:
    script = ScriptDirectory(str(schema.MIGRATIONS))
    assert script.get_heads() == [schema.head()]
    assert script.get_bases() == [REVISIONS[0]]
    for number, revision in enumerate(REVISIONS, start=1):
        assert revision.startswith(f"{number:04}_")
        assert (schema.MIGRATIONS / "versions" / f"{revision}.py").is_file()


def test_a_database_says_where_it_is(bare: Database) -> None:
    assert schema.current(bare) is None
    schema.upgrade(bare)
    assert schema.current(bare) == schema.head()
    schema.upgrade(bare)
    assert schema.current(bare) == schema.head()
    schema.downgrade(bare, "base")
    assert schema.current(bare) is None


def test_migrating_makes_exactly_the_tables_of_the_models(bare: Database) -> None:
    schema.upgrade(bare)
    with bare.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, Base.metadata) == []


def test_migrating_makes_what_creating_from_the_models_makes(tmp_path: Path, bare: Database) -> None:
    """Autogenerate overlooks table options, checks and conditions of indexes; the catalogue does not."""
    schema.upgrade(bare)
    folder = tmp_path / "created"
    folder.mkdir()
    with bare_database(folder) as url, bare.engine.connect() as migrated:
        created = Database(url)
        with created.engine.begin() as connection:
            Base.metadata.create_all(connection)
            assert catalogue(migrated) == catalogue(connection)
        created.close()


def catalogue(connection: Connection) -> dict[str, Any]:
    """What the database itself says of every table: columns, keys, references, checks, indexes, options."""
    inspector = inspect(connection)
    return {
        name: {
            "columns": {
                column["name"]: (str(column["type"]), column["nullable"], column["default"])
                for column in inspector.get_columns(name)
            },
            "key": inspector.get_pk_constraint(name),
            "references": _by_name(inspector.get_foreign_keys(name)),
            "unique": _by_name(inspector.get_unique_constraints(name)),
            "checks": _by_name(inspector.get_check_constraints(name)),
            "indexes": _by_name(inspector.get_indexes(name)),
            "options": inspector.get_table_options(name),
        }
        for name in inspector.get_table_names()
        if name != "alembic_version"
    }


def _by_name(found: list[Any]) -> list[str]:
    return sorted(_plain(item) for item in found)


def _plain(item: Any) -> str:
    """Text that is the same for the same thing: SQL expressions differ as objects."""
    if isinstance(item, dict):
        return "; ".join(f"{key}={_plain(item[key])}" for key in sorted(item))
    return str(item)


@pytest.mark.sqlite
def test_no_table_with_citizens_rows_has_a_hidden_row_number(bare: Database) -> None:
    schema.upgrade(bare)
    with bare.read() as session:
        made: dict[str, str] = dict(
            session.execute(text("SELECT name, sql FROM sqlite_master WHERE type = 'table'")).all()
        )
    citizens = {table.name for table in TABLES if table.kwargs.get("sqlite_with_rowid") is False}
    assert CITIZEN == {"sqlite_with_rowid": False}
    assert {"report", "placement", "report_grant", "spent", "citizen_event"} <= citizens
    assert {name for name, statement in made.items() if "WITHOUT ROWID" in statement} == citizens


def test_every_table_that_hangs_on_a_report_counts_as_a_citizens(bare: Database) -> None:
    """A table that a later session adds below a report and forgets to mark would be a clock."""
    for table in TABLES:
        parents = {key.column.table.name for key in table.foreign_keys}
        if parents & {"report", "placement"} or table.name in {"report", "placement", "spent"}:
            assert table.kwargs.get("sqlite_with_rowid") is False, table.name


def test_no_reference_waits_for_the_commit() -> None:
    """One found broken at COMMIT would spoil a group commit for everyone in it."""
    for table in TABLES:
        for key in table.foreign_keys:
            assert not key.deferrable, f"{table.name}: {key}"
            assert not key.initially, f"{table.name}: {key}"


def test_down_and_up_again_with_rows_in_every_table(bare: Database) -> None:
    schema.upgrade(bare)
    for revision in reversed(REVISIONS):
        with bare.engine.begin() as connection:
            for table in reversed(TABLES):
                connection.execute(delete(table))
            fill(connection)
        script = ScriptDirectory(str(schema.MIGRATIONS)).get_revision(revision)
        assert script is not None
        before = str(script.down_revision) if script.down_revision else "base"
        schema.downgrade(bare, before)
        schema.upgrade(bare)
        with bare.engine.connect() as connection:
            context = MigrationContext.configure(connection)
            assert compare_metadata(context, Base.metadata) == []
        with bare.engine.connect() as connection:
            kept = {table.name: _count(connection, table) for table in TABLES}
        assert {count for name, count in kept.items() if name in _TABLES_BEFORE.get(revision, ())} <= {2}
    with bare.engine.begin() as connection:
        fill(connection)


# What a step down and up again must leave as it was: the tables that the version before has too.
_TABLES_BEFORE = {
    "0001_the_line": set[str](),
    "0002_recusal": {"report", "placement", "report_grant", "addition", "staff_event", "citizen_event", "person"},
}


def test_upgrading_again_keeps_every_row(bare: Database) -> None:
    schema.upgrade(bare)
    with bare.engine.begin() as connection:
        fill(connection)
        before = {table.name: _count(connection, table) for table in TABLES}
    schema.upgrade(bare)
    with bare.engine.connect() as connection:
        assert {table.name: _count(connection, table) for table in TABLES} == before
    assert min(before.values()) >= 2


def test_a_migration_that_fails_leaves_the_database_as_it_was(bare: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    schema.upgrade(bare)

    def half_way(config: Config) -> None:
        context = MigrationContext.configure(config.attributes["connection"])
        Operations(context).add_column("team", Column("half", String()))
        raise RuntimeError("power cut")

    with pytest.raises(RuntimeError, match="power cut"):
        schema._run(bare, half_way)
    with bare.engine.connect() as connection:
        assert "half" not in {column["name"] for column in inspect(connection).get_columns("team")}
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []


@pytest.mark.sqlite
def test_a_migration_that_would_break_references_is_undone(bare: Database) -> None:
    schema.upgrade(bare)
    with bare.engine.begin() as connection:
        fill(connection)

    def forgetful(config: Config) -> None:
        config.attributes["connection"].execute(text("DELETE FROM team"))

    with pytest.raises(schema.BrokenReferenceError, match="person"):
        schema._run(bare, forgetful)
    with bare.engine.connect() as connection:
        assert _count(connection, Base.metadata.tables["team"]) == 2


@pytest.mark.sqlite
def test_references_are_checked_again_after_migrating(bare: Database) -> None:
    schema.upgrade(bare)
    person = Base.metadata.tables["person"]
    row = {column.name: value(column, 1, {}) for column in person.columns} | {"team_id": "nobody"}
    for _ in range(3):
        with pytest.raises(IntegrityError), bare.engine.begin() as connection:
            connection.execute(insert(person).values(row))


def fill(connection: Connection) -> None:
    """Two rows in every table, with references that hold."""
    made: dict[str, dict[int, dict[str, Any]]] = {}
    for table in TABLES:
        made[table.name] = {}
        for number in (1, 2):
            row = {column.name: value(column, number, made) for column in table.columns}
            connection.execute(insert(table).values(row))
            made[table.name][number] = row


def value(column: Column[Any], number: int, made: dict[str, dict[int, dict[str, Any]]]) -> object:
    """Something of the column's type; for a reference what the row of the same number is known by."""
    for key in column.foreign_keys:
        rows = made.get(key.column.table.name, {})
        if number in rows:
            return rows[number][key.column.name]
        return None if column.nullable else f"{key.column.table.name}-{number}"
    return _of_type(column.type, f"{column.table.name}-{column.name}-{number}", number)


def _of_type(kind: TypeEngine[Any], name: str, number: int) -> object:
    match kind.impl if isinstance(kind, TypeDecorator) else kind:
        case Boolean():
            return number == 1
        case Integer():
            return number
        case LargeBinary():
            return name.encode()
        case DateTime():
            return datetime(2026, 11, 22, number, tzinfo=UTC)
        case Date():
            return date(2026, 11, number)
        case JSON():
            return {"number": number}
        case String():
            return name
    raise AssertionError(f"no example of {kind!r} yet: add one")


def _count(connection: Connection, table: Table) -> int:
    return connection.execute(select(func.count()).select_from(table)).scalar_one()
